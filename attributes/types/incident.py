"""Links to other incidents."""

import re
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from attributes.types.base import EQUALITY, AttributeType, Json, wrong_type
from incidents_project.refusals import ValueRefused

_FORM = "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
_matches = re.compile(_FORM).fullmatch


@dataclass(frozen=True, kw_only=True)
class IncidentType(AttributeType):
    """The id of an incident; that there is one of this tenant is for the operation to see."""

    name: ClassVar[str] = "INCIDENT"
    label: ClassVar[str] = "Other incident"
    example: ClassVar[Json] = "e322ab0e-07b3-49bd-b904-7014512032e3"
    widget: ClassVar[str] = "incident"
    operators: ClassVar[tuple[str, ...]] = EQUALITY
    refers: ClassVar[str | None] = "incident"

    def clean(self, raw: Json) -> str:
        """The id with hyphens, in lower case."""
        if not isinstance(raw, str):
            raise wrong_type("the id of an incident, as text")
        if not _matches(raw):
            raise ValueRefused("invalid", f"Must be the id of an incident, such as {self.example}.")
        return raw.lower()

    def references(self, stored: Json) -> tuple[UUID, ...]:
        """The incident."""
        return (UUID(stored),)

    def json_schema(self) -> dict[str, Any]:
        """A UUID with hyphens, in either case."""
        return {"type": "string", "format": "uuid", "pattern": f"^{_FORM}$", "maxLength": 36}
