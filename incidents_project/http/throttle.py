"""How many requests a principal may send: a bucket each, in this process."""

import time
from threading import Lock
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

if TYPE_CHECKING:  # the views module imports this one, by its name in the settings
    from rest_framework.views import APIView

_SECOND = 1_000_000_000  # nanoseconds

Key = tuple[str, str]


class Buckets:
    """Token buckets that hold one second's worth of requests.

    A bucket is one number: when it will be full again. A full one need not be remembered, so only
    those who asked within the last second take memory.
    """

    def __init__(self, sweep_at: int = 4_096) -> None:
        self._full_at: dict[Key, int] = {}
        self._lock = Lock()
        self._least_sweep = self._sweep_at = sweep_at

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, key: Key, rate: int, now: int) -> int:
        """Take one token; 0, or the nanoseconds until there is one."""
        with self._lock:
            full_at = max(self._full_at.get(key, 0), now) + _SECOND // rate
            wait = full_at - now - _SECOND
            if wait > 0:
                return wait
            self._full_at[key] = full_at
            if len(self._full_at) > self._sweep_at:
                self._full_at = {key: at for key, at in self._full_at.items() if at > now}
                # Twice what is left: each sweep is paid for by as many new buckets.
                self._sweep_at = max(self._least_sweep, 2 * len(self._full_at))
        return 0


class PrincipalThrottle(BaseThrottle):
    """``settings.THROTTLE_RATE`` requests a second per subject of a tenant; 0 is no limit."""

    buckets: ClassVar[Buckets] = Buckets()
    _wait = 0

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Whether the principal has a token left; who has not said who he is has no bucket."""
        rate: int = settings.THROTTLE_RATE
        principal = getattr(request._request, "principal", None)  # noqa: SLF001
        if not rate or principal is None:
            return True
        key = (principal.tenant_id, principal.subject)
        self._wait = self.buckets.take(key, rate, time.monotonic_ns())
        return not self._wait

    def wait(self) -> float | None:
        """Seconds until the next token, which Retry-After rounds up."""
        return self._wait / _SECOND
