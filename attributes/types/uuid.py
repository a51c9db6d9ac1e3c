"""UUIDs."""

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from attributes.types.base import AttributeType, Json, wrong_type
from attributes.types.characters import ONE_LINE
from incidents_project.refusals import ValueRefused

_FORM = "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_TEXT = re.compile(_FORM)
_EXAMPLE = "e322ab0e-07b3-49bd-b904-7014512032e3"


@dataclass(frozen=True, kw_only=True)
class UuidType(AttributeType):
    """A UUID of any version, in its form of 36 characters: braces and ``urn:uuid:`` are refused."""

    name: ClassVar[str] = "UUID"
    label: ClassVar[str] = "UUID"
    example: ClassVar[Json] = _EXAMPLE
    widget: ClassVar[str] = "text"

    def clean(self, raw: Json) -> str:
        """The UUID in lower case."""
        if not isinstance(raw, str):
            raise wrong_type(f"a UUID such as {_EXAMPLE}")
        if _TEXT.fullmatch(raw) is None:
            raise ValueRefused("invalid", f"Must be a UUID such as {_EXAMPLE}.")
        return raw.lower()

    def json_schema(self) -> dict[str, Any]:
        """A JSON string of that form."""
        return {"type": "string", "format": "uuid", "pattern": f"^{_FORM}$"} | ONE_LINE
