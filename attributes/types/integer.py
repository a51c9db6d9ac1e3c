"""Whole numbers of 64 bits."""

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
    wrong_type,
)
from attributes.types.characters import UNIT_SCHEMA, clean_unit
from incidents_project.refusals import Fault, ValueRefused

SMALLEST, LARGEST = -(2**63), 2**63 - 1
_TEXT = re.compile(r"-?(?:0|[1-9][0-9]{0,18})")


def clean_integer(raw: Json) -> int:
    """A whole number of 64 bits: from a JSON number without a fraction, or its exact text."""
    # bool is an int to Python, but true is not a number to a JSON client.
    if isinstance(raw, bool):
        raise wrong_type("a whole number")
    if isinstance(raw, int):
        value = raw
    elif (isinstance(raw, Decimal) and raw.is_finite() and raw == raw.to_integral_value()) or (
        isinstance(raw, str) and _TEXT.fullmatch(raw)
    ):
        value = int(raw)
    else:
        raise wrong_type("a whole number")
    if not SMALLEST <= value <= LARGEST:
        raise ValueRefused("out_of_range", "Must fit in 64 bits.")
    return value


_BOUND = {"type": "integer"}


@dataclass(frozen=True, kw_only=True)
class IntegerType(AttributeType):
    """A whole number from -2^63 to 2^63 - 1."""

    name: ClassVar[str] = "INTEGER"
    label: ClassVar[str] = "Whole number"
    example: ClassVar[Json] = 5
    widget: ClassVar[str] = "number"
    operators: ClassVar[tuple[str, ...]] = (*EQUALITY, *ORDER)
    ordered: ClassVar[bool] = True
    is_number: ClassVar[bool] = True

    min: int | None = rule(None, clean_integer, _BOUND, "The smallest value allowed.")
    max: int | None = rule(None, clean_integer, _BOUND, "The largest value allowed.")
    unit: str | None = rule(None, clean_unit, UNIT_SCHEMA, "What is counted, shown beside it.")

    def clean(self, raw: Json) -> int:
        """The number itself."""
        value = clean_integer(raw)
        check_bounds(value, self.min, self.max)
        return value

    def contradictions(self) -> Iterator[Fault]:
        """min above max."""
        yield from crossed_bounds(self.min, self.max)

    def json_schema(self) -> dict[str, Any]:
        """A JSON integer within its bounds."""
        return {
            "type": "integer",
            "format": "int64",
            "minimum": SMALLEST if self.min is None else self.min,
            "maximum": LARGEST if self.max is None else self.max,
        }
