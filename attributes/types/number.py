"""Exact decimals."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
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
from attributes.types.characters import UNIT_SCHEMA, clean_unit
from attributes.types.integer import clean_integer
from incidents_project.refusals import Fault, ValueRefused

LONGEST = 40  # digits, written out plainly
_SHORT = 10**18  # wider integers would not survive a 64-bit JSON writer; a decimal does
MOST_PLACES = 20
_TEXT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?")


def clean_number(raw: Json) -> Decimal | int:
    """An exact decimal in canonical form: whole ones as ``int``, no trailing zeros, no ``-0``."""
    return _counted(raw)[0]


def _counted(raw: Json) -> tuple[Decimal | int, int]:
    """The number in canonical form, and how many decimal places it has."""
    if isinstance(raw, Decimal) and raw.is_finite():
        value = raw
    elif isinstance(raw, int) and not isinstance(raw, bool):
        if -_SHORT < raw < _SHORT:
            return raw, 0
        value = Decimal(raw)
    elif isinstance(raw, str) and len(raw) <= 2 * LONGEST and _TEXT.fullmatch(raw):
        value = Decimal(raw)
    else:
        raise wrong_type("a number")
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)  # noqa: S101 - finite, as was made sure above
    if max(len(digits) + max(exponent, 0), -exponent) > LONGEST:
        raise ValueRefused("too_many_digits", f"Must have at most {LONGEST} digits.")
    if exponent < 0 and digits[-1]:
        return value, -exponent  # nothing to strip, as of most
    canonical = _stripped(value)
    places = 0 if isinstance(canonical, int) else -int(canonical.as_tuple().exponent)
    return canonical, places


def _stripped(value: Decimal) -> Decimal | int:
    plain = format(value, "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    if plain in {"0", "-0"}:
        return 0
    if "." in plain:
        return Decimal(plain)
    whole = int(plain)
    return whole if -_SHORT < whole < _SHORT else Decimal(plain)


def _shown(value: Decimal | int) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def clean_places(raw: Json) -> int:
    """A number of decimal places that can be asked for."""
    value = clean_integer(raw)
    if not 0 <= value <= MOST_PLACES:
        raise ValueRefused("out_of_range", f"Must be from 0 to {MOST_PLACES}.")
    return value


_BOUND = {"type": "number"}
_PLACES = {"type": "integer", "minimum": 0, "maximum": MOST_PLACES}


@dataclass(frozen=True, kw_only=True)
class NumberType(AttributeType):
    """An exact decimal; it never passes through a float.

    It has at most 40 digits, of which ``decimal_places`` are kept for its fraction. A value with
    more places is refused rather than rounded; zeros at the end are no places.
    """

    name: ClassVar[str] = "NUMBER"
    label: ClassVar[str] = "Number"
    example: ClassVar[Json] = Decimal("0.1")
    widget: ClassVar[str] = "number"
    operators: ClassVar[tuple[str, ...]] = (*EQUALITY, *ORDER)
    ordered: ClassVar[bool] = True
    is_number: ClassVar[bool] = True

    min: Decimal | None = rule(None, clean_number, _BOUND, "The smallest value allowed.")
    max: Decimal | None = rule(None, clean_number, _BOUND, "The largest value allowed.")

    decimal_places: int = rule(6, clean_places, _PLACES, "The most decimal places allowed.")
    unit: str | None = rule(None, clean_unit, UNIT_SCHEMA, "What is measured, shown beside it.")

    @cached_property
    def _widest(self) -> tuple[Decimal, Decimal]:
        most = Decimal(f"{'9' * (LONGEST - self.decimal_places)}.{'9' * self.decimal_places}")
        return most.copy_negate(), most

    @property
    def _bounds(self) -> tuple[Decimal | int, Decimal | int]:
        least, most = self._widest
        return (
            least if self.min is None else max(self.min, least),
            most if self.max is None else min(self.max, most),
        )

    def clean(self, raw: Json) -> Decimal | int:
        """The number in canonical form."""
        value, places = _counted(raw)
        if isinstance(value, Decimal):
            self._check_digits(value, places)
        check_bounds(value, self.min, self.max, _shown)
        return value

    def _check_digits(self, value: Decimal, places: int) -> None:
        if places > self.decimal_places:
            raise ValueRefused(
                "too_precise", f"Must have at most {self.decimal_places} decimal places."
            )
        least, most = self._widest
        if not least <= value <= most:
            whole = LONGEST - self.decimal_places
            raise ValueRefused("too_many_digits", f"Must have at most {whole} whole digits.")

    def operand(self, raw: Json, now: datetime) -> Json:
        """Any number, with any number of places."""
        return clean_number(raw)

    def contradictions(self) -> Iterator[Fault]:
        """min above max, or no number between them with so few places."""
        crossed = list(crossed_bounds(self.min, self.max))
        yield from crossed
        scale = 10**self.decimal_places
        least, most = (Fraction(bound) * scale for bound in self._bounds)
        if not crossed and math.ceil(least) > math.floor(most):
            words = "No number with so few places is between min and max."
            yield Fault("rules.decimal_places", "contradiction", words)

    def json_schema(self) -> dict[str, Any]:
        """A JSON number within its bounds."""
        least, most = self._bounds
        places = self.decimal_places
        step = Decimal(f"0.{'0' * (places - 1)}1") if places else 1
        return {"type": "number", "minimum": least, "maximum": most, "multipleOf": step}
