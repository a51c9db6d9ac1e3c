"""Days."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from attributes.types import clock
from attributes.types.base import (
    EQUALITY,
    ORDER,
    AttributeType,
    Json,
    check_bounds,
    crossed_bounds,
    rule,
    wrong_type,
)
from incidents_project.refusals import Fault, ValueRefused

_TEXT = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EXAMPLE = "2024-11-11"
_FIRST, _LAST = "0001-01-01", "9999-12-31"
# It is already tomorrow, or still yesterday, somewhere: UTC+14 and UTC-12.
_EASTERNMOST, _WESTERNMOST = timedelta(hours=14), timedelta(hours=-12)


def clean_date(raw: Json) -> str:
    """A day of the years 1 to 9999, which is stored as it is written."""
    if not isinstance(raw, str):
        raise wrong_type(f"a day such as {_EXAMPLE}")
    # Python reads more forms than this one.
    if _TEXT.fullmatch(raw) is None:
        raise ValueRefused("invalid", f"Must be a day such as {_EXAMPLE}.")
    try:
        date.fromisoformat(raw)
    except ValueError:
        raise ValueRefused("invalid", "Must be a day that exists.") from None
    return raw


_BOUND = {"type": "string", "format": "date"}


@dataclass(frozen=True, kw_only=True)
class DateType(AttributeType):
    """A day of the calendar, in no time zone.

    ``only`` refuses what is wrong everywhere: today is past and future, and is today as long as it
    is today somewhere on Earth.
    """

    name: ClassVar[str] = "DATE"
    label: ClassVar[str] = "Date"
    example: ClassVar[Json] = _EXAMPLE
    widget: ClassVar[str] = "date"
    operators: ClassVar[tuple[str, ...]] = (*EQUALITY, *ORDER)
    ordered: ClassVar[bool] = True

    min: str | None = rule(None, clean_date, _BOUND, "The first day allowed.")
    max: str | None = rule(None, clean_date, _BOUND, "The last day allowed.")
    only: str | None = rule(
        None, clock.clean_only, clock.ONLY, "Only the past, or only the future; today is both."
    )

    def clean(self, raw: Json) -> str:
        """The day, as it is written."""
        value = clean_date(raw)
        check_bounds(value, self.min, self.max)
        if self.only is not None:
            now = clock.now()
            clock.check_only(
                value,
                self.only,
                earliest=(now + _WESTERNMOST).date().isoformat(),
                latest=(now + _EASTERNMOST).date().isoformat(),
            )
        return value

    def operand(self, raw: Json, now: datetime) -> Json:
        """A day, or one relative to today in UTC."""
        moment = clock.relative(raw, now)
        return self.loosened.clean(raw) if moment is None else moment.date().isoformat()

    @property
    def moves(self) -> bool:
        """The past grows and the future shrinks."""
        return self.only is not None

    def contradictions(self) -> Iterator[Fault]:
        """min after max."""
        yield from crossed_bounds(self.min, self.max)

    def json_schema(self) -> dict[str, Any]:
        """An RFC 3339 date; ``only`` cannot be said, since a schema has no clock."""
        return {
            "type": "string",
            "format": "date",
            "formatMinimum": self.min or _FIRST,
            "formatMaximum": self.max or _LAST,
        }
