"""Exact decimals."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from attributes.types.base import (
    EQUALITY,
    ORDER,
    AttributeType,
    Json,
    check_bounds,
    crossed_bounds,
    rule,
    without_none,
    wrong_type,
)
from incidents_project.refusals import Fault, ValueRefused

LONGEST = 40  # digits, written out plainly
_TEXT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?")


def clean_number(raw: Json) -> Decimal | int:
    """An exact decimal in canonical form: whole ones as ``int``, no trailing zeros, no ``-0``."""
    if isinstance(raw, bool):
        raise wrong_type("a number")
    if isinstance(raw, int):
        value = Decimal(raw)
    elif isinstance(raw, Decimal) and raw.is_finite():
        value = raw
    elif isinstance(raw, str) and len(raw) <= 2 * LONGEST and _TEXT.fullmatch(raw):
        value = Decimal(raw)
    else:
        raise wrong_type("a number")
    return _canonical(value)


def _canonical(value: Decimal) -> Decimal | int:
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)  # noqa: S101 - finite, as the caller made sure
    if max(len(digits) + max(exponent, 0), -exponent) > LONGEST:
        raise ValueRefused("too_many_digits", f"Must have at most {LONGEST} digits.")
    plain = format(value, "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    if plain in {"0", "-0"}:
        return 0
    # Wider integers would not survive a 64-bit JSON writer; a decimal does.
    return Decimal(plain) if "." in plain or len(plain) > 18 else int(plain)


def _shown(value: Decimal | int) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


_BOUND = {"type": "number"}


@dataclass(frozen=True, kw_only=True)
class NumberType(AttributeType):
    """An exact decimal of at most 40 digits; it never passes through a float."""

    name: ClassVar[str] = "NUMBER"
    label: ClassVar[str] = "Number"
    example: ClassVar[Json] = Decimal("0.1")
    widget: ClassVar[str] = "number"
    operators: ClassVar[tuple[str, ...]] = (*EQUALITY, *ORDER)
    ordered: ClassVar[bool] = True

    min: Decimal | None = rule(None, clean_number, _BOUND, "The smallest value allowed.")
    max: Decimal | None = rule(None, clean_number, _BOUND, "The largest value allowed.")

    def clean(self, raw: Json) -> Decimal | int:
        """The number in canonical form."""
        value = clean_number(raw)
        check_bounds(value, self.min, self.max, _shown)
        return value

    def contradictions(self) -> Iterator[Fault]:
        """min above max."""
        yield from crossed_bounds(self.min, self.max)

    def json_schema(self) -> dict[str, Any]:
        """A JSON number within its bounds."""
        return {"type": "number"} | without_none(minimum=self.min, maximum=self.max)
