"""What the types of text have in common: what a line is, and how long a text may be."""

import re
from typing import Any

from attributes.types.base import Json, clean_text
from incidents_project.refusals import ValueRefused

_LINE_BREAKS = r"\n\u000b\f\r\u0085\u2028\u2029"
_LINE_BREAK = re.compile(f"[{_LINE_BREAKS}]")

# Schemas say what text cannot hold with `not`, because `$` of some engines lets a last \n pass.
MANY_LINES: dict[str, Any] = {"not": {"pattern": r"\u0000"}}
ONE_LINE: dict[str, Any] = {"not": {"pattern": rf"[\u0000{_LINE_BREAKS}]"}}

LONGEST_UNIT = 20


def clean_line(raw: Json) -> str:
    """Text without a line break."""
    # Printable text has neither breaks nor anything that cannot be stored, and is nearly all text.
    if isinstance(raw, str) and raw.isprintable():
        return raw
    value = clean_text(raw)
    if _LINE_BREAK.search(value):
        raise ValueRefused("line_break", "Must be one line.")
    return value


def check_length(value: str, least: int, most: int) -> None:
    """Refuse text that is shorter or longer than it may be, in characters."""
    length = len(value)
    if length > most:
        raise ValueRefused("too_long", f"Must have at most {most} characters.")
    if length < least:
        raise ValueRefused("too_short", f"Must have at least {least} characters.")


def length_schema(least: int, most: int) -> dict[str, Any]:
    """The same as JSON Schema."""
    shortest = {"minLength": least} if least else {}
    return {"type": "string", **shortest, "maxLength": most}


def clean_unit(raw: Json) -> str:
    """What a number counts, as shown beside it: "ms", "people", "€"."""
    value = clean_line(raw)
    check_length(value, 1, LONGEST_UNIT)
    if not value.strip():
        raise ValueRefused("blank", "Must not be empty.")
    return value


UNIT_SCHEMA: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": LONGEST_UNIT}


def clean_choice(*choices: str) -> Any:
    """The check of a rule that is one of ``choices``."""

    def check(raw: Json) -> str:
        if not isinstance(raw, str) or raw not in choices:
            raise ValueRefused("unknown_option", f"Must be one of {', '.join(choices)}.")
        return raw

    return check
