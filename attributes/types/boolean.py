"""True or false."""

from dataclasses import dataclass
from typing import Any, ClassVar

from attributes.types.base import AttributeType, Json, wrong_type

_TEXTS = {"true": True, "false": False}


@dataclass(frozen=True, kw_only=True)
class BooleanType(AttributeType):
    """``true`` or ``false``; 1, 0 and "yes" would be guesses."""

    name: ClassVar[str] = "BOOLEAN"
    label: ClassVar[str] = "Yes or no"
    example: ClassVar[Json] = True
    widget: ClassVar[str] = "checkbox"
    operators: ClassVar[tuple[str, ...]] = ("exact", "ne", "isnull")

    def clean(self, raw: Json) -> bool:
        """A boolean, or exactly its JSON text."""
        if raw is True or raw is False:
            return raw
        if isinstance(raw, str) and raw in _TEXTS:
            return _TEXTS[raw]
        raise wrong_type("true or false")

    def json_schema(self) -> dict[str, Any]:
        """A JSON boolean."""
        return {"type": "boolean"}
