"""One of the deployer's options."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from attributes.types.base import EQUALITY, Json, wrong_type
from attributes.types.options import ChoosingType


@dataclass(frozen=True, kw_only=True)
class SelectType(ChoosingType):
    """The code of one option; a label is for people and not a value."""

    name: ClassVar[str] = "SELECT"
    label: ClassVar[str] = "One of several options"
    example: ClassVar[Json] = "EU"
    example_rules: ClassVar[Mapping[str, Json]] = {
        "options": [{"code": "EU", "label": "Europe"}, {"code": "US", "label": "United States"}]
    }
    widget: ClassVar[str] = "select"
    operators: ClassVar[tuple[str, ...]] = EQUALITY

    def clean(self, raw: Json) -> str:
        """The code, exactly as it was defined."""
        if not isinstance(raw, str):
            raise wrong_type("the code of an option")
        if raw not in self.choices.position:
            raise self.choices.refusal(raw)
        return raw

    def settled(self, stored: Json) -> Json:
        """The code of the option that replaced it, if one did."""
        return self.choices.replaced.get(stored, stored)

    present = settled

    def operand(self, raw: Json, now: datetime) -> Json:
        """The code of an option that values may have, as they are read."""
        return self.known_code(raw)

    def json_schema(self) -> dict[str, Any]:
        """The codes that may be chosen."""
        return self._code_schema()
