"""Several of the deployer's options."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from attributes.types.base import Json, crossed_bounds, rule, without_none, wrong_type
from attributes.types.integer import clean_integer
from attributes.types.options import MOST, ChoosingType
from incidents_project.refusals import Fault, ValueRefused


def clean_count(raw: Json) -> int:
    """A number of options that can be asked for."""
    value = clean_integer(raw)
    if not 0 <= value <= MOST:
        raise ValueRefused("out_of_range", f"Must be from 0 to {MOST}.")
    return value


_COUNT = {"type": "integer", "minimum": 0, "maximum": MOST}


@dataclass(frozen=True, kw_only=True)
class MultiSelectType(ChoosingType):
    """A set of options: a list of codes without repetition, answered in the options' order.

    It is stored in the order of the codes, which no change of the options can touch.

    An empty list is a value: "none of them", which is not "not said".
    """

    name: ClassVar[str] = "MULTISELECT"
    label: ClassVar[str] = "Any of several options"
    example: ClassVar[Json] = ["api", "web"]
    example_rules: ClassVar[Mapping[str, Json]] = {
        "options": [{"code": "api"}, {"code": "database"}, {"code": "web"}]
    }
    widget: ClassVar[str] = "multiselect"
    operators: ClassVar[tuple[str, ...]] = ("exact", "ne", "has", "has_any", "has_all", "isnull")

    written_as: ClassVar[str] = "list"

    min_chosen: int = rule(0, clean_count, _COUNT, "How many must be chosen at least.")
    max_chosen: int | None = rule(None, clean_count, _COUNT, "How many may be chosen at most.")

    def an_example(self) -> Json:
        """As few of the first options as may be chosen, but one."""
        return self.choices.choosable[: max(1, self.min_chosen)] or None

    def clean(self, raw: Json) -> list[str]:
        """The codes in the order of their text."""
        if not isinstance(raw, list):
            raise wrong_type("a list of codes of options")
        position = self.choices.position
        chosen = set()
        for code in raw:
            if not isinstance(code, str):
                raise wrong_type("a list of codes of options")
            if code not in position:
                raise self.choices.refusal(code)
            if code in chosen:
                raise ValueRefused("duplicate_option", f"{code} must be chosen only once.")
            chosen.add(code)
        if len(chosen) < self.min_chosen:
            raise ValueRefused("too_few", f"At least {self.min_chosen} must be chosen.")
        if self.max_chosen is not None and len(chosen) > self.max_chosen:
            raise ValueRefused("too_many", f"At most {self.max_chosen} may be chosen.")
        return sorted(chosen)

    def settled(self, stored: Json) -> list[str]:
        """The codes of the options that replaced others, where some did, each once."""
        replaced = self.choices.replaced
        if replaced.keys().isdisjoint(stored):
            return list(stored)
        return sorted({replaced.get(code, code) for code in stored})

    def present(self, stored: Json) -> list[str]:
        """The codes in the options' order."""
        places = self.choices.places
        return sorted(self.settled(stored), key=lambda code: places.get(code, len(places)))

    def operand(self, raw: Json, now: datetime) -> Json:
        """A set of codes that values may have, as they are read; in the order of their text."""
        if not isinstance(raw, list):
            raise wrong_type("a list of codes of options")
        return sorted({self.known_code(code) for code in raw})

    @property
    def index_method(self) -> str | None:
        """An index of the codes, not of the list."""
        return "gin"

    def contradictions(self) -> Iterator[Fault]:
        """Options from two places, bounds that cross, more to choose than there is."""
        yield from super().contradictions()
        yield from crossed_bounds(self.min_chosen, self.max_chosen, "min_chosen", "max_chosen")
        choosable = len(self.choices.choosable)
        if self.choices.codes and self.min_chosen > choosable:
            message = f"There are only {choosable} options to choose from."
            yield Fault("rules.min_chosen", "contradiction", message)

    def json_schema(self) -> dict[str, Any]:
        """A list of codes, each at most once."""
        return {
            "type": "array",
            "items": self._code_schema(),
            "uniqueItems": True,
        } | without_none(minItems=self.min_chosen or None, maxItems=self.max_chosen)
