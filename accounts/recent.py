"""Tokens that were good a moment ago: who sends many requests is not looked up for each of them.

What is remembered is short-lived on purpose: a token that was revoked elsewhere is refused within
a second.
"""

import time
from datetime import datetime
from typing import NamedTuple

from django.utils import timezone

from accounts.principal import Principal

TRUSTED_FOR = 1.0  # seconds
_MOST = 10_000


class _Kept(NamedTuple):
    principal: Principal
    until: float  # in monotonic seconds


_kept: dict[str, _Kept] = {}


def recall(digest: str) -> Principal | None:
    """Who holds the token with this digest, if it was found good within the last second."""
    kept = _kept.get(digest)
    return kept.principal if kept is not None and time.monotonic() < kept.until else None


def keep(digest: str, principal: Principal, expires_at: datetime | None) -> None:
    """Remember a good token, no longer than it lasts."""
    if len(_kept) >= _MOST:
        _kept.clear()
    lasts = TRUSTED_FOR
    if expires_at is not None:
        lasts = min(lasts, (expires_at - timezone.now()).total_seconds())
    _kept[digest] = _Kept(principal, time.monotonic() + lasts)


def forget(digest: str) -> None:
    """Look a token up again: it was revoked."""
    _kept.pop(digest, None)
