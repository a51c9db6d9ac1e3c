"""Tenants, the tokens that act for them, and the people who may enter the admin."""

import hashlib
import re
import secrets
from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from accounts.principal import Role
from accounts.tenancy import TENANT_LENGTH, TenantOwned

TOKEN_MARK = "inc_"  # noqa: S105 - lets secret scanners find a leaked token
_TOKEN_SHAPE = re.compile(rf"{TOKEN_MARK}[A-Za-z0-9_-]{{43}}")


class User(AbstractUser):
    """A person who may enter the admin: deployers only."""

    password_is_one_time = models.BooleanField(
        default=False, help_text="The password must be replaced at the next login."
    )

    @property
    def is_deployer(self) -> bool:
        """Whether the admin lets this person in."""
        return self.is_active and self.is_staff


class Tenant(models.Model):
    """A tenant that was named to this instance. A token may carry one that is not listed here."""

    id = models.CharField(primary_key=True, max_length=TENANT_LENGTH)
    created_at = models.DateTimeField(auto_now_add=True, editable=False)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.id


class ApiToken(TenantOwned):
    """A bearer token. Only its digest is stored: it is shown once, when it is made."""

    digest = models.CharField(max_length=64, editable=False)  # SHA-256, hexadecimal
    prefix = models.CharField(max_length=12, editable=False)  # enough to tell two tokens apart
    name = models.CharField(max_length=150)
    subject = models.CharField(max_length=150, editable=False)
    roles = ArrayField(models.CharField(max_length=32, choices=[(r, r) for r in Role]))
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.CharField(max_length=150, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    made_tenant = False  # whether its tenant was unknown when it was made; not stored
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta(TenantOwned.Meta):
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["digest"], name="apitoken_digest")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def is_valid(self, now: datetime) -> bool:
        """Neither revoked nor expired."""
        return is_good(self.expires_at, self.revoked_at, now)


def is_good(expires_at: datetime | None, revoked_at: datetime | None, now: datetime) -> bool:
    """Whether a token of these times may be used."""
    return revoked_at is None and (expires_at is None or now < expires_at)


def new_secret() -> str:
    """A token's text: 256 random bits behind a mark."""
    return TOKEN_MARK + secrets.token_urlsafe(32)


def looks_like_token(text: str) -> bool:
    """Whether ``text`` can be a token at all."""
    return _TOKEN_SHAPE.fullmatch(text) is not None


def digest_of(token: str) -> str:
    """What is stored for ``token``."""
    return hashlib.sha256(token.encode()).hexdigest()
