"""Text of many lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from attributes.types.base import (
    EQUALITY,
    TEXT,
    AttributeType,
    Json,
    clean_text,
    crossed_bounds,
    rule,
)
from attributes.types.characters import MANY_LINES, check_length, length_schema
from attributes.types.integer import clean_integer
from incidents_project.refusals import Fault, ValueRefused

LONGEST = 100_000  # characters


def clean_most(raw: Json) -> int:
    """The most characters that can be asked for."""
    return _clean_length(raw, 1)


def clean_least(raw: Json) -> int:
    """The fewest characters that can be asked for."""
    return _clean_length(raw, 0)


def _clean_length(raw: Json, least: int) -> int:
    value = clean_integer(raw)
    if not least <= value <= LONGEST:
        raise ValueRefused("out_of_range", f"Must be from {least} to {LONGEST}.")
    return value


MOST = {"type": "integer", "minimum": 1, "maximum": LONGEST}
LEAST = {"type": "integer", "minimum": 0, "maximum": LONGEST}


@dataclass(frozen=True, kw_only=True)
class TextType(AttributeType):
    """Text that may have line breaks; empty text is a value."""

    name: ClassVar[str] = "TEXT"
    label: ClassVar[str] = "Long text"
    example: ClassVar[Json] = "First line.\nSecond line."
    widget: ClassVar[str] = "textarea"
    operators: ClassVar[tuple[str, ...]] = (*EQUALITY, *TEXT)

    min_length: int = rule(0, clean_least, LEAST, "The fewest characters allowed.")
    max_length: int = rule(10_000, clean_most, MOST, "The most characters allowed.")

    def clean(self, raw: Json) -> str:
        """The text, untouched."""
        value = clean_text(raw)
        check_length(value, self.min_length, self.max_length)
        return value

    def contradictions(self) -> Iterator[Fault]:
        """min_length above max_length."""
        yield from crossed_bounds(self.min_length, self.max_length, "min_length", "max_length")

    @cached_property
    def loosened(self) -> "TextType":
        """Text of any length."""
        return TextType(max_length=LONGEST)

    @property
    def index_method(self) -> str | None:
        """None: a text may be longer than an index holds."""
        return None

    def json_schema(self) -> dict[str, Any]:
        """A JSON string of bounded length."""
        return length_schema(self.min_length, self.max_length) | MANY_LINES
