"""Issuing and revoking tokens, and creating the people who may enter the admin."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from accounts import recent, tenancy
from accounts.models import ApiToken, Tenant, User, digest_of, new_secret
from accounts.principal import Role
from incidents_project.refusals import Conflict, Fault, Invalid, NotFound

USE_IS_RECORDED_EVERY = timedelta(minutes=5)


def create_token(
    *,
    tenant_id: str,
    roles: Collection[Role],
    name: str,
    actor: str,
    subject: str = "",
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """Issue a token; the second of the pair is its text, which cannot be had again.

    Raises ``Invalid`` when the tenant, a role, the name or the expiry cannot be.
    """
    faults = list(_token_faults(tenant_id, roles, name, expires_at))
    if faults:
        raise Invalid.because(faults)
    secret = new_secret()
    digest = digest_of(secret)
    with tenancy.scope(tenant_id):
        _, token_is_first = Tenant.objects.get_or_create(id=tenant_id)
        token = ApiToken(
            tenant_id=tenant_id,
            digest=digest,
            prefix=secret[:12],
            name=name,
            roles=sorted(roles),
            created_by=actor,
            expires_at=expires_at,
        )
        token.subject = subject or f"token:{token.id}"
        token.save(force_insert=True)
    token.made_tenant = token_is_first
    return token, secret


def _token_faults(
    tenant_id: str, roles: Collection[Role], name: str, expires_at: datetime | None
) -> list[Fault]:
    faults = []
    if not 1 <= len(tenant_id) <= tenancy.TENANT_LENGTH or not tenant_id.isprintable():
        faults.append(Fault("tenant", "invalid", "Must be 1 to 64 printable characters."))
    if not roles:
        faults.append(Fault("role", "required", f"Must be one or more of {', '.join(Role)}."))
    if not 1 <= len(name) <= 150 or not name.isprintable():
        faults.append(Fault("name", "invalid", "Must be 1 to 150 printable characters."))
    if expires_at is not None and expires_at <= timezone.now():
        faults.append(Fault("expires", "past", "Must lie in the future."))
    return faults


def revoke_token(*, tenant_id: str, prefix: str) -> ApiToken:
    """Refuse a token from now on; other processes may trust it for a second more.

    ``prefix`` is its text, or as much of it as is listed.

    Raises ``NotFound`` when no token of the tenant starts so, ``Conflict`` when several do.
    """
    prefix = prefix[:12]  # less of it might name a token that nobody meant
    with tenancy.scope(tenant_id):
        found = list(ApiToken.objects.filter(tenant_id=tenant_id, prefix=prefix)[:2])
        if not found:
            raise NotFound(f"No token of {tenant_id} has {prefix!r} for its first 12 characters.")
        if len(found) > 1:
            raise Conflict(f"Several tokens start with {prefix!r}.")
        token = found[0]
        if token.revoked_at is None:
            token.revoked_at = timezone.now()
            ApiToken.objects.filter(tenant_id=tenant_id, id=token.id).update(
                revoked_at=token.revoked_at
            )
    recent.forget(token.digest)
    return token


def note_use(tenant_id: str, token_id: UUID, last: datetime | None, now: datetime) -> None:
    """Remember that a token was used, at most once in a while: reading must not cost a write."""
    if last is not None and now - last < USE_IS_RECORDED_EVERY:
        return
    with tenancy.scope(tenant_id):
        ApiToken.objects.filter(tenant_id=tenant_id, id=token_id).update(last_used_at=now)


def create_first_deployer(username: str) -> str | None:
    """Create the admin's first user; returns its one-time password, None if the user exists."""
    if User.objects.filter(username=username).exists():
        return None
    password = secrets.token_urlsafe(12)
    User.objects.create_superuser(username, password=password, password_is_one_time=True)
    return password
