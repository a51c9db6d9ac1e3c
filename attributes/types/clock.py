"""The one clock of the types; a test that needs another time replaces ``now``."""

from datetime import UTC, datetime

from attributes.types.base import Json
from attributes.types.characters import clean_choice
from incidents_project.refusals import ValueRefused

ONLY = {"type": "string", "enum": ["past", "future"]}
clean_only = clean_choice("past", "future")


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def check_only(value: Json, only: str, earliest: Json, latest: Json) -> None:
    """Refuse what is after ``latest`` where only the past will do, or before ``earliest``.

    A rule about the clock never contradicts ``min`` or ``max`` when it is defined: what holds
    together today would not hold together tomorrow, and definitions are checked when loaded too.
    """
    if only == "past" and value > latest:
        raise ValueRefused("past_only", "Must not be in the future.")
    if only == "future" and value < earliest:
        raise ValueRefused("future_only", "Must not be in the past.")
