"""The one clock of the types; a test that needs another time replaces ``now``."""

import re
from datetime import UTC, datetime, timedelta

from attributes.types.base import Json
from attributes.types.characters import clean_choice
from incidents_project.refusals import ValueRefused

ONLY = {"type": "string", "enum": ["past", "future"]}
clean_only = clean_choice("past", "future")


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


_RELATIVE = re.compile(r"(?:now)?(?:([+ -])([0-9]{1,9})([smhdw]))?")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def relative(raw: Json, now: datetime) -> datetime | None:
    """The moment that ``now``, ``-7d`` or ``now+12h`` means; None for what is no such text.

    A plus sign in a URL means a space unless it is written as ``%2B``, so a space is a plus here.
    """
    if not isinstance(raw, str) or not raw:
        return None
    match = _RELATIVE.fullmatch(raw)
    if match is None:
        return None
    sign, count, unit = match.groups()
    if sign is None:
        return now
    try:
        distance = timedelta(**{_UNITS[unit]: int(count)})
        return now - distance if sign == "-" else now + distance
    except OverflowError:
        raise ValueRefused("out_of_range", "Must be a moment of the years 1 to 9999.") from None


def check_only(value: Json, only: str, earliest: Json, latest: Json) -> None:
    """Refuse what is after ``latest`` where only the past will do, or before ``earliest``.

    A rule about the clock never contradicts ``min`` or ``max`` when it is defined: what holds
    together today would not hold together tomorrow, and definitions are checked when loaded too.
    """
    if only == "past" and value > latest:
        raise ValueRefused("past_only", "Must not be in the future.")
    if only == "future" and value < earliest:
        raise ValueRefused("future_only", "Must not be in the past.")
