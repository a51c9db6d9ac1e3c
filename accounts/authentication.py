"""From a bearer token to a principal."""

from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn
from uuid import UUID

from django.db import connection
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import operations, recent
from accounts.models import digest_of, is_good, looks_like_token
from accounts.principal import Principal, Role

# The tenant is not known before the token is read, so row-level security admits, beside a tenant's
# rows, the one row whose digest was presented. OFFSET 0 keeps the planner from reading the table
# before the digest is set.
_PRESENTED = """
    SELECT token.id, token.tenant_id, token.subject, token.name, token.roles,
           token.expires_at, token.revoked_at, token.last_used_at
    FROM (SELECT set_config('app.token_digest', %s, true) AS digest) AS presented
    CROSS JOIN LATERAL (
        SELECT * FROM accounts_apitoken WHERE digest = presented.digest OFFSET 0
    ) AS token
"""


@dataclass(frozen=True, slots=True)
class Presented:
    """A token that somebody has sent: a plain row, since every request reads one."""

    id: UUID
    principal: Principal
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def is_valid(self, now: datetime) -> bool:
        """Neither revoked nor expired."""
        return is_good(self.expires_at, self.revoked_at, now)


class BearerAuthentication(BaseAuthentication):
    """``Authorization: Bearer <token>``, where the token is one of ours."""

    def authenticate(self, request: Request) -> tuple[Principal, None] | None:
        """The principal, or None where no token was sent."""
        header = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            _refuse("Send the token as 'Authorization: Bearer <token>'.")
        principal = self.principal_of(token.strip())
        # What the request's log line names.
        request._request.principal = principal  # type: ignore[attr-defined]  # noqa: SLF001
        return principal, None

    def principal_of(self, token: str) -> Principal:
        """Who holds ``token``; raises ``AuthenticationFailed`` if it is not good now."""
        digest = digest_of(token) if looks_like_token(token) else ""
        known = recent.recall(digest)
        if known is not None:
            return known
        found = _presented(digest) if digest else None
        now = timezone.now()
        if found is None or not found.is_valid(now):
            # One answer for all: whether a token once existed is nobody's business.
            _refuse("The token is unknown, expired or revoked.")
        operations.note_use(found.principal.tenant_id, found.id, found.last_used_at, now)
        recent.keep(digest, found.principal, found.expires_at)
        return found.principal

    def authenticate_header(self, request: Request) -> str:
        """What a 401 says in WWW-Authenticate; without it the answer would be 403."""
        return "Bearer"


def find(token: str) -> Presented | None:
    """The token with this text, whatever its tenant and state."""
    return _presented(digest_of(token)) if looks_like_token(token) else None


def _presented(digest: str) -> Presented | None:
    with connection.cursor() as cursor:
        cursor.execute(_PRESENTED, [digest])
        row = cursor.fetchone()
    if row is None:
        return None
    id_, tenant_id, subject, name, roles, *times = row
    principal = Principal(subject, name, tenant_id, frozenset(map(Role, roles)))
    return Presented(id_, principal, *times)


def _refuse(detail: str) -> NoReturn:
    raise AuthenticationFailed(detail, code="not_authenticated")
