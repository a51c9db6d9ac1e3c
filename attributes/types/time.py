"""Times of day."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
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

_TEXT = re.compile(r"((?:[01][0-9]|2[0-3]):[0-5][0-9])(?:(:[0-5][0-9])(?:\.([0-9]+))?)?")
_EXAMPLE = "14:30:00"

_FRACTION = r"(?:\.[0-9]{1,6}0*)?"
_SECOND = f"(?::[0-5][0-9]{_FRACTION})?"
_MINUTE = f":[0-5][0-9]{_SECOND}"
_PATTERN = f"^(?:[01][0-9]|2[0-3]){_MINUTE}$"


def clean_time(raw: Json) -> str:
    """Fixed width: text of this form sorts as the time of day."""
    if not isinstance(raw, str):
        raise wrong_type(f"a time of day such as {_EXAMPLE}")
    match = _TEXT.fullmatch(raw)
    if match is None:
        raise ValueRefused("invalid", f"Must be a time of day such as {_EXAMPLE}, without a zone.")
    minutes, seconds, fraction = match.groups()
    digits = (fraction or "").rstrip("0")
    if len(digits) > 6:
        raise ValueRefused("too_precise", "Must not be finer than microseconds.")
    return f"{minutes}{seconds or ':00'}.{digits.ljust(6, '0')}"


def shown_time(stored: str) -> str:
    """The shortest text with seconds."""
    return stored.rstrip("0").rstrip(".")


_BOUND = {"type": "string", "pattern": _PATTERN}


@dataclass(frozen=True, kw_only=True)
class TimeType(AttributeType):
    """A time of day on the clock on the wall, from 00:00:00 to 23:59:59.999999."""

    name: ClassVar[str] = "TIME"
    label: ClassVar[str] = "Time of day"
    example: ClassVar[Json] = _EXAMPLE
    widget: ClassVar[str] = "time"
    operators: ClassVar[tuple[str, ...]] = (*EQUALITY, *ORDER)
    ordered: ClassVar[bool] = True

    min: str | None = rule(None, clean_time, _BOUND, "The earliest time allowed.")
    max: str | None = rule(None, clean_time, _BOUND, "The latest time allowed.")

    def clean(self, raw: Json) -> str:
        """The time with six digits of microseconds."""
        value = clean_time(raw)
        check_bounds(value, self.min, self.max, shown_time)
        return value

    def present(self, stored: Json) -> str:
        """The time without the zeros that storage adds."""
        return shown_time(stored)

    def contradictions(self) -> Iterator[Fault]:
        """min after max."""
        yield from crossed_bounds(self.min, self.max)

    def json_schema(self) -> dict[str, Any]:
        """A JSON string of that form.

        Its bounds are patterns, because the format "time" is a time with its offset from UTC.
        """
        bounds = []
        if self.min is not None:
            bounds.append({"pattern": _from(self.min)})
        if self.max is not None:
            bounds.append({"pattern": _until(self.max)})
        schema: dict[str, Any] = {"type": "string", "pattern": _PATTERN} | ONE_LINE
        return schema | ({"allOf": bounds} if bounds else {})


def _from(stored: str) -> str:
    """A pattern of the times that are not before ``stored``."""
    hour, minute, second, fraction = _parts(stored)
    digits = _fractions(fraction, lambda digit: range(int(digit) + 1, 10))
    equal = fraction.rstrip("0")
    last = rf"\.(?:{'|'.join([*digits, f'{equal}0*'])})" if equal else _FRACTION
    exact = f":{second}{last}"
    if second == "00" and not equal:
        exact = f"(?:{exact})?"  # seconds that are not said are zero
    return _anchored(
        _either(range(int(hour) + 1, 24), _MINUTE),
        _either(range(int(minute) + 1, 60), _SECOND, f"{hour}:"),
        _either(range(int(second) + 1, 60), _FRACTION, f"{hour}:{minute}:"),
        f"{hour}:{minute}{exact}",
    )


def _until(stored: str) -> str:
    """A pattern of the times that are not after ``stored``."""
    hour, minute, second, fraction = _parts(stored)
    digits = _fractions(fraction, lambda digit: range(int(digit)))
    equal = [f"{fraction[:length]}0*" for length in range(1, 7)]
    last = rf"(?:\.(?:{'|'.join([*digits, *equal])}))?"
    return _anchored(
        _either(range(int(hour)), _MINUTE),
        _either(range(int(minute)), _SECOND, f"{hour}:"),
        _either(range(int(second)), _FRACTION, f"{hour}:{minute}:"),
        f"{hour}:{minute}(?::{second}{last})?",
    )


def _parts(stored: str) -> tuple[str, str, str, str]:
    return stored[:2], stored[3:5], stored[6:8], stored[9:]


def _fractions(fraction: str, others: Callable[[str], Iterable[int]]) -> list[str]:
    """Fractions that leave ``fraction`` at one of its digits, for one of the others."""
    found = []
    for place, digit in enumerate(fraction):
        choice = "".join(map(str, others(digit)))
        if choice:
            found.append(f"{fraction[:place]}[{choice}][0-9]{{0,{5 - place}}}0*")
    return found


def _either(numbers: Iterable[int], then: str, first: str = "") -> str:
    choice = "|".join(f"{number:02}" for number in numbers)
    return f"{first}(?:{choice}){then}" if choice else ""


def _anchored(*alternatives: str) -> str:
    return f"^(?:{'|'.join(filter(None, alternatives))})$"
