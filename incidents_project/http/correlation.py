"""The id that ties a request, its log lines and its history entries together."""

import re
from contextvars import ContextVar, Token

import uuid_utils

_SANE = re.compile(r"[A-Za-z0-9._-]{1,128}").fullmatch
_current: ContextVar[str] = ContextVar("correlation_id", default="")


def current() -> str:
    """The id of the work at hand. Outside a request (a command) one is made at the first call."""
    known = _current.get()
    if not known:
        known = str(uuid_utils.uuid7())
        _current.set(known)
    return known


def known() -> str:
    """The id of the work at hand, or nothing; never makes one."""
    return _current.get()


def enter(*offered: str | None) -> Token[str]:
    """Start a piece of work under the first sane id that was ``offered``, else a new one."""
    for candidate in offered:
        if candidate and _SANE(candidate):
            return _current.set(candidate)
    return _current.set(str(uuid_utils.uuid7()))


def leave(token: Token[str]) -> None:
    """End the piece of work that ``enter`` started."""
    _current.reset(token)
