"""What every success looks like from outside."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_OFFSET = len("+00:00")


@dataclass(frozen=True, slots=True)
class Envelope:
    """The data of an answer and, for a collection that pages, its ``page`` member."""

    data: Any
    page: dict[str, Any] | None = None


def now() -> str:
    """This moment as the wire writes it: RFC 3339 in UTC, with microseconds and ``Z``."""
    return f"{datetime.now(UTC).isoformat(timespec='microseconds')[:-_OFFSET]}Z"
