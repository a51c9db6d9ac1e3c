"""Lengths of time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

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
from attributes.types.characters import ONE_LINE
from incidents_project.refusals import Fault, ValueRefused

_SECOND, _MINUTE, _HOUR, _DAY, _WEEK = (
    1_000_000 * seconds for seconds in (1, 60, 3_600, 86_400, 604_800)
)
LONGEST = 3_652_500 * _DAY  # ten thousand years
_EXAMPLE = "PT1H30M"

_TEXT = re.compile(
    r"P(?:([0-9]{1,18})W|(?=[0-9T])(?:([0-9]{1,18})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,18})H)?(?:([0-9]{1,18})M)?(?:([0-9]{1,18})(?:\.([0-9]+))?S)?)?)"
)
_VARYING = re.compile(r"P[0-9WD.]*[0-9][YM]")
_NUMBER = "[0-9]{1,18}"
_SECONDS = rf"{_NUMBER}(?:\.[0-9]{{1,6}}0*)?S"
_TIME = f"T(?:{_NUMBER}H(?:{_NUMBER}M)?(?:{_SECONDS})?|{_NUMBER}M(?:{_SECONDS})?|{_SECONDS})"
_PATTERN = f"^P(?:{_NUMBER}W|{_NUMBER}D(?:{_TIME})?|{_TIME})$"


def parse_duration(raw: Json) -> int:
    """An ISO 8601 duration of a fixed length, in microseconds."""
    if not isinstance(raw, str):
        raise wrong_type(f"a duration such as {_EXAMPLE}")
    match = _TEXT.fullmatch(raw)
    if match is None:
        raise ValueRefused("invalid", _what_is_wrong(raw))
    weeks, days, hours, minutes, seconds, fraction = match.groups(default="0")
    digits = fraction.rstrip("0")
    if len(digits) > 6:
        raise ValueRefused("too_precise", "Must not be finer than microseconds.")
    length = (
        int(weeks) * _WEEK
        + int(days) * _DAY
        + int(hours) * _HOUR
        + int(minutes) * _MINUTE
        + int(seconds) * _SECOND
        + int(digits.ljust(6, "0"))
    )
    if length > LONGEST:
        raise ValueRefused("out_of_range", f"Must be at most {shown_duration(LONGEST)}.")
    return length


def _what_is_wrong(raw: str) -> str:
    if _VARYING.match(raw):
        return "Must not have years or months, whose lengths vary: say weeks or days."
    if raw.startswith("-") or "-" in raw[:3]:
        return "Must not be negative."
    return f"Must be an ISO 8601 duration such as {_EXAMPLE}, P1DT12H, P2W or PT0.5S."


def shown_duration(length: int) -> str:
    """The ISO 8601 text of a length: days, hours, minutes and seconds, none of them zero."""
    days, rest = divmod(length, _DAY)
    hours, rest = divmod(rest, _HOUR)
    minutes, rest = divmod(rest, _MINUTE)
    seconds, rest = divmod(rest, _SECOND)
    fraction = f".{rest:06}".rstrip("0") if rest else ""
    date = f"{days}D" if days else ""
    time = f"{hours}H" if hours else ""
    time += f"{minutes}M" if minutes else ""
    time += f"{seconds}{fraction}S" if seconds or fraction else ""
    return f"P{date}T{time}" if time else f"P{date or 'T0S'}"


def clean_bound(raw: Json) -> str:
    """A bound, as canonical text."""
    return shown_duration(parse_duration(raw))


_BOUND = {"type": "string", "pattern": _PATTERN}


@dataclass(frozen=True, kw_only=True)
class DurationType(AttributeType):
    """A length of time, kept to the microsecond: a number is stored, so that it sorts as length."""

    name: ClassVar[str] = "DURATION"
    label: ClassVar[str] = "Duration"
    example: ClassVar[Json] = _EXAMPLE
    widget: ClassVar[str] = "duration"
    operators: ClassVar[tuple[str, ...]] = (*EQUALITY, *ORDER)
    ordered: ClassVar[bool] = True

    min: str | None = rule(None, clean_bound, _BOUND, "The shortest duration allowed.")
    max: str | None = rule(None, clean_bound, _BOUND, "The longest duration allowed.")

    @cached_property
    def _bounds(self) -> tuple[int | None, int | None]:
        least = None if self.min is None else parse_duration(self.min)
        return least, None if self.max is None else parse_duration(self.max)

    def clean(self, raw: Json) -> int:
        """The length in microseconds."""
        value = parse_duration(raw)
        check_bounds(value, *self._bounds, shown_duration)
        return value

    def present(self, stored: Json) -> str:
        """The length as ISO 8601 text."""
        return shown_duration(stored)

    def contradictions(self) -> Iterator[Fault]:
        """min longer than max."""
        yield from crossed_bounds(*self._bounds)

    def json_schema(self) -> dict[str, Any]:
        """An ISO 8601 string; the pattern also knows fractions, which some formats leave out."""
        return {
            "type": "string",
            "format": "duration",
            "pattern": _PATTERN,
            "formatMinimum": self.min or "PT0S",
            "formatMaximum": self.max or shown_duration(LONGEST),
        } | ONE_LINE
