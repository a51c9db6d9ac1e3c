"""Short text."""

from dataclasses import dataclass
from typing import Any, ClassVar

from attributes.types.base import EQUALITY, ORDER, TEXT, AttributeType, Json, clean_text, rule
from attributes.types.integer import clean_integer
from incidents_project.refusals import ValueRefused

LONGEST = 100_000  # characters


def clean_length(raw: Json) -> int:
    """A number of characters that can be asked for."""
    value = clean_integer(raw)
    if not 1 <= value <= LONGEST:
        raise ValueRefused("out_of_range", f"Must be from 1 to {LONGEST}.")
    return value


@dataclass(frozen=True, kw_only=True)
class StringType(AttributeType):
    """Text; empty text is a value."""

    name: ClassVar[str] = "STRING"
    label: ClassVar[str] = "Text"
    example: ClassVar[Json] = "eu-west-1"
    widget: ClassVar[str] = "text"
    operators: ClassVar[tuple[str, ...]] = (*EQUALITY, *ORDER, *TEXT)
    ordered: ClassVar[bool] = True

    max_length: int = rule(
        255, clean_length, {"type": "integer", "minimum": 1}, "The most characters allowed."
    )

    def clean(self, raw: Json) -> str:
        """The text, untouched."""
        value = clean_text(raw)
        if len(value) > self.max_length:
            raise ValueRefused("too_long", f"Must have at most {self.max_length} characters.")
        return value

    def json_schema(self) -> dict[str, Any]:
        """A JSON string of bounded length."""
        return {"type": "string", "maxLength": self.max_length}
