"""Moments in time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
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
from attributes.types.characters import ONE_LINE
from incidents_project.refusals import Fault, ValueRefused

# RFC 3339, section 5.6. Seconds are mandatory there, and so is the offset here.
_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_TEXT = re.compile(
    rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[Tt]{_CLOCK}:[0-5][0-9](\.[0-9]+)?([Zz]|[+-]{_CLOCK})?"
)
# What the format would allow beyond it: leap seconds, and more than microseconds.
_PATTERN = (
    rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[Tt]{_CLOCK}:[0-5][0-9]"
    rf"(?:\.[0-9]{{1,6}}0*)?(?:[Zz]|[+-]{_CLOCK})$"
)
_EXAMPLE = "2024-11-11T02:57:27Z"


def _parts(raw: Json) -> tuple[str, str, str]:
    """The text, its fraction of a second and its offset; ``ValueRefused`` says what is missing."""
    if not isinstance(raw, str):
        raise wrong_type(f"a time such as {_EXAMPLE}")
    match = _TEXT.fullmatch(raw)
    if match is None:
        raise ValueRefused("invalid", f"Must be an RFC 3339 time such as {_EXAMPLE}.")
    fraction, offset = match.groups()
    if offset is None:
        raise ValueRefused("no_offset", f"Must say its offset from UTC, as {_EXAMPLE} does.")
    if fraction is not None and len(fraction.rstrip("0")) > 7:
        raise ValueRefused("too_precise", "Must not be finer than microseconds.")
    return raw, fraction or ".", offset


def parse_moment(raw: Json) -> datetime:
    """A moment with its offset, as UTC; ``ValueRefused`` says what is missing."""
    text, _, _ = _parts(raw)
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _no_such_moment() from None


def _no_such_moment() -> ValueRefused:
    return ValueRefused("invalid", "Must be a day and a time that exist.")


def stored_moment(moment: datetime) -> str:
    """Fixed width, UTC: text of this form sorts as time."""
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def shown_moment(stored: str) -> str:
    """The shortest text of the same moment."""
    return stored[:-1].rstrip("0").rstrip(".") + "Z"


def clean_moment(raw: Json) -> str:
    """Any moment of the years 1 to 9999, as it is stored."""
    text, fraction, offset = _parts(raw)
    if offset not in "Zz":
        return stored_moment(parse_moment(raw))
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        raise _no_such_moment() from None
    # In UTC already: what is written is kept.
    return f"{text[:10]}T{text[11:19]}{fraction[:7]:0<7}Z"


_BOUND = {"type": "string", "format": "date-time"}


@dataclass(frozen=True, kw_only=True)
class DateTimeType(AttributeType):
    """A moment, kept to the microsecond and answered in UTC.

    Years outside 1970 to 2200 are most often slips of a client's clock or of a finger; a deployer
    who means them sets ``min`` or ``max``.
    """

    name: ClassVar[str] = "DATETIME"
    label: ClassVar[str] = "Date and time"
    example: ClassVar[Json] = _EXAMPLE
    widget: ClassVar[str] = "datetime"
    operators: ClassVar[tuple[str, ...]] = (*EQUALITY, *ORDER)
    ordered: ClassVar[bool] = True

    min: str = rule(
        "1970-01-01T00:00:00.000000Z", clean_moment, _BOUND, "The earliest moment allowed."
    )
    max: str = rule(
        "2200-12-31T23:59:59.999999Z", clean_moment, _BOUND, "The latest moment allowed."
    )
    only: str | None = rule(
        None, clock.clean_only, clock.ONLY, "Only the past, or only the future; now is both."
    )

    def clean(self, raw: Json) -> str:
        """The moment as fixed-width UTC text."""
        value = clean_moment(raw)
        check_bounds(value, self.min, self.max, shown_moment)
        if self.only is not None:
            now = stored_moment(clock.now())
            clock.check_only(value, self.only, earliest=now, latest=now)
        return value

    def present(self, stored: Json) -> str:
        """The moment without the zeros that storage adds."""
        return shown_moment(stored)

    def operand(self, raw: Json, now: datetime) -> Json:
        """A moment, or one relative to now."""
        moment = clock.relative(raw, now)
        return clean_moment(raw) if moment is None else stored_moment(moment)

    @property
    def moves(self) -> bool:
        """The past grows and the future shrinks."""
        return self.only is not None

    def contradictions(self) -> Iterator[Fault]:
        """min after max."""
        yield from crossed_bounds(self.min, self.max)

    def json_schema(self) -> dict[str, Any]:
        """An RFC 3339 string; ``only`` cannot be said, since a schema has no clock."""
        return {
            "type": "string",
            "format": "date-time",
            "pattern": _PATTERN,
            "formatMinimum": shown_moment(self.min),
            "formatMaximum": shown_moment(self.max),
        } | ONE_LINE
