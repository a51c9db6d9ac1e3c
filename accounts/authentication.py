"""From a bearer token to a principal."""

from typing import NoReturn

from django.db import connection
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import operations
from accounts.models import ApiToken, digest_of, looks_like_token
from accounts.principal import Principal

# The tenant is not known before the token is read, so row-level security admits, beside a tenant's
# rows, the one row whose digest was presented. OFFSET 0 keeps the planner from reading the table
# before the digest is set.
_PRESENTED = """
    SELECT token.*
    FROM (SELECT set_config('app.token_digest', %s, true) AS digest) AS presented
    CROSS JOIN LATERAL (
        SELECT * FROM accounts_apitoken WHERE digest = presented.digest OFFSET 0
    ) AS token
"""


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
        found = find(token)
        now = timezone.now()
        if found is None or not found.is_valid(now):
            # One answer for all: whether a token once existed is nobody's business.
            _refuse("The token is unknown, expired or revoked.")
        operations.note_use(found, now)
        return found.principal()

    def authenticate_header(self, request: Request) -> str:
        """What a 401 says in WWW-Authenticate; without it the answer would be 403."""
        return "Bearer"


def find(token: str) -> ApiToken | None:
    """The token with this text, whatever its tenant and state."""
    if not looks_like_token(token):
        return None
    with connection.cursor() as cursor:
        cursor.execute(_PRESENTED, [digest_of(token)])
        row = cursor.fetchone()
        if row is None:
            return None
        columns = [column.name for column in cursor.description]
    return ApiToken.from_db("default", columns, row)


def _refuse(detail: str) -> NoReturn:
    raise AuthenticationFailed(detail, code="not_authenticated")
