"""People."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from attributes.types.base import AttributeType, Json, clean_text, wrong_type
from incidents_project.refusals import ValueRefused

LONGEST = 150  # characters of a subject, and of a name

# Controls, separators of lines and paragraphs, and what turns the direction of text around: a name
# that holds one of them could pass for another.
_UNPRINTABLE = r"[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]"
_unprintable = re.compile(_UNPRINTABLE).search
_MEMBERS = frozenset({"subject", "name"})


def _clean_printable(raw: Json, name: str, least: int) -> str:
    if not isinstance(raw, str):
        raise wrong_type(f"an object with a subject and a name; {name} must be text")
    if len(raw) > LONGEST:
        raise ValueRefused("too_long", f"{name} must have at most {LONGEST} characters.")
    if len(raw) < least:
        raise ValueRefused("too_short", f"{name} must not be empty.")
    if not raw.isprintable():  # stricter than we are, and fast
        clean_text(raw)
        if _unprintable(raw):
            raise ValueRefused("invalid_text", f"{name} must be printable, on one line.")
    return raw


def _text(least: int) -> dict[str, Any]:
    return {
        "type": "string",
        "maxLength": LONGEST,
        "not": {"pattern": _UNPRINTABLE},
    } | ({"minLength": least} if least else {})


@dataclass(frozen=True, kw_only=True)
class UserType(AttributeType):
    """A person by their subject, as tokens name it, with the name they had when it was written.

    The person need not be known here: subjects come from outside, and people leave.
    """

    name: ClassVar[str] = "USER"
    label: ClassVar[str] = "Person"
    example: ClassVar[Json] = {"subject": "8f14e45f-ceea-467f-a9c8-2b1d", "name": "Jo Doe"}
    widget: ClassVar[str] = "user"
    compared: ClassVar[str] = "subject"

    def clean(self, raw: Json) -> dict[str, Json]:
        """Subject and name; plain text is a subject without a name."""
        if isinstance(raw, str):
            raw = {"subject": raw}
        elif not isinstance(raw, dict):
            raise wrong_type("an object with a subject and a name")
        if "subject" not in raw or not raw.keys() <= _MEMBERS:
            raise ValueRefused("invalid", "Must have a subject, may have a name, and nothing else.")
        return {
            "subject": _clean_printable(raw["subject"], "subject", 1),
            "name": _clean_printable(raw.get("name", ""), "name", 0),
        }

    def identity(self, stored: Json) -> Json:
        """The subject: the same person may be called by several names."""
        return stored[self.compared]

    def operand(self, raw: Json, now: datetime) -> Json:
        """The subject, alone or in an object."""
        return self.identity(self.clean(raw))

    def json_schema(self) -> dict[str, Any]:
        """An object of two texts; the name may be left out."""
        return {
            "type": "object",
            "properties": {"subject": _text(1), "name": _text(0)},
            "required": ["subject"],
            "additionalProperties": False,
        }
