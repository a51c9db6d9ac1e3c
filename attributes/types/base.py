"""The contract of a type: what it asks of one value, and nothing about anything else.

A type never touches the request, the model or the database, so its tests need none of them. Its
dataclass fields are the rules a deployer may set; each rule is itself checked by a function.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self
from uuid import UUID

from incidents_project.refusals import MOST_FAULTS, Fault, Invalid, ValueRefused

if TYPE_CHECKING:  # options are themselves checked by types
    from attributes.types.options import Option

Json = Any  # a JSON value: None, bool, int, Decimal, str, list, dict


LARGEST_INDEXED = 2_000  # bytes of a value

# What a filter may ask of a value.
EQUALITY = ("exact", "ne", "in", "nin", "isnull")
ORDER = ("gt", "gte", "lt", "lte", "range")
TEXT = ("icontains", "istartswith", "iexact")


def _as_it_is(value: Any) -> Json:
    return value


def rule(
    default: Any,
    check: Callable[[Json], Any],
    schema: dict[str, Any],
    help_text: str,
    shown: Callable[[Any], Json] = _as_it_is,
) -> Any:
    """A rule of a type: a dataclass field that knows how to check what a deployer sends for it.

    ``check`` refuses with ``ValueRefused``, or, where the rule has parts, with an ``Invalid`` whose
    fields begin with the rule's name (``options[3].code``). ``shown`` is the way back to JSON.
    """
    return field(
        default=default,
        metadata={"check": check, "schema": schema, "help_text": help_text, "shown": shown},
    )


@dataclass(frozen=True, kw_only=True)
class AttributeType(ABC):
    """One type of value, configured with its rules."""

    name: ClassVar[str]
    label: ClassVar[str]
    example: ClassVar[Json]
    example_rules: ClassVar[Mapping[str, Json]] = {}  # under which the example is a value
    widget: ClassVar[str]  # what a front end shows to edit a value
    operators: ClassVar[tuple[str, ...]] = EQUALITY  # what a filter may ask
    ordered: ClassVar[bool] = False
    compared: ClassVar[str] = ""  # of a stored object, the member that comparisons look at
    is_number: ClassVar[bool] = False  # whether what is stored is a JSON number
    written_as: ClassVar[str] = "text"  # in a query parameter: as its text, a "list", or "json"
    refers: ClassVar[str | None] = None  # the kind of thing that ``references`` names

    @abstractmethod
    def clean(self, raw: Json) -> Json:
        """What a client sent, as the canonical JSON that is stored; or ``ValueRefused``."""

    def present(self, stored: Json) -> Json:
        """What is stored, as the API answers it."""
        return stored

    def settled(self, stored: Json) -> Json:
        """What is stored, with what has replaced a part of it since in that part's place."""
        return stored

    @property
    def spellings(self) -> Mapping[str, tuple[str, ...]]:
        """By a code that values are read as, the codes that are stored for it; where it varies."""
        return {}

    @abstractmethod
    def json_schema(self) -> dict[str, Any]:
        """This type with these rules, as JSON Schema."""

    def contradictions(self) -> Iterator[Fault]:
        """Rules that no value could satisfy together."""
        yield from ()

    def an_example(self) -> Json:
        """A value that these rules allow, as the API answers it; None where none comes to mind."""
        for raw in (self.example, getattr(self, "min", None), getattr(self, "max", None)):
            try:
                return self.present(self.clean(raw))
            except ValueRefused:
                continue
        return None

    def identity(self, stored: Json) -> Json:
        """What of a stored value must differ for two values to differ in a unique attribute."""
        return stored

    @property
    def index_method(self) -> str | None:
        """The kind of index that finds values: ``btree``, ``gin``, or None where none can.

        An entry of an index holds about 2,700 bytes; a write of a longer value would fail.
        """
        return "btree"

    @property
    def moves(self) -> bool:
        """Whether what is allowed changes with time, so that a default may stop being a value."""
        return False

    @cached_property
    def loosened(self) -> "AttributeType":
        """The type with no rules but those that make values comparable."""
        return type(self)()

    def operand(self, raw: Json, now: datetime) -> Json:
        """What a filter compares values with, in canonical form; or ``ValueRefused``.

        Whatever the rules allow by now: a value from before a rule was tightened must be found.
        ``now`` is the moment that relative times count from.
        """
        return self.loosened.clean(raw)

    def references(self, stored: Json) -> tuple[UUID, ...]:
        """The ids of other things in a stored value; whether they exist is not for a type."""
        return ()

    def resolved(self, option_sets: Mapping[str, "tuple[Option, ...]"]) -> Self:
        """The type with what its rules only name; ``Invalid`` when there is no such thing."""
        return self

    def rules(self) -> dict[str, Json]:
        """The rules that differ from the type's own, as they stand on the wire."""
        return {
            rule.name: rule.metadata["shown"](getattr(self, rule.name))
            for rule in self.rule_fields()
            if getattr(self, rule.name) != rule.default
        }

    @classmethod
    def rule_fields(cls) -> tuple["Field[Any]", ...]:
        """The rules that the type knows."""
        return tuple(field for field in fields(cls) if "check" in field.metadata)

    @classmethod
    def configured(cls, rules: Json) -> Self:
        """The type with ``rules``; ``Invalid`` lists every rule that is unknown or wrong."""
        if not isinstance(rules, dict):
            raise Invalid.because([Fault("rules", "wrong_type", "Must be an object.")])
        known = {field.name: field for field in cls.rule_fields()}
        faults: list[Fault] = []
        settings: dict[str, Any] = {}
        for name, raw in rules.items():
            if len(faults) > MOST_FAULTS:
                break
            if name not in known:
                faults.append(_unknown_rule(cls.name, name, known))
            elif raw is not None:  # null is "no such rule"
                try:
                    settings[name] = known[name].metadata["check"](raw)
                except ValueRefused as refused:
                    faults.append(refused.at(f"rules.{name}"))
                except Invalid as invalid:  # of a rule that has parts
                    faults.extend(
                        replace(fault, field=f"rules.{fault.field}") for fault in invalid.faults
                    )
        if not faults:
            configured = cls(**settings)
            faults.extend(configured.contradictions())
        if faults:
            raise Invalid.because(faults)
        return configured


def _unknown_rule(type_name: str, name: str, known: dict[str, Any]) -> Fault:
    allowed = ", ".join(sorted(known)) or "none"
    return Fault(f"rules.{name}", "unknown_rule", f"{type_name} has the rules: {allowed}.")


def wrong_type(expected: str) -> ValueRefused:
    """The refusal of a JSON value of another kind."""
    return ValueRefused("wrong_type", f"Must be {expected}.")


def check_bounds(value: Any, least: Any, most: Any, shown: Callable[[Any], str] = str) -> None:
    """Refuse a value outside its bounds; either bound may be None."""
    if least is not None and value < least:
        raise ValueRefused("minimum", f"Must be at least {shown(least)}.")
    if most is not None and value > most:
        raise ValueRefused("maximum", f"Must be at most {shown(most)}.")


def crossed_bounds(least: Any, most: Any, low: str = "min", high: str = "max") -> Iterator[Fault]:
    """The contradiction of a lower bound above the upper one."""
    if least is not None and most is not None and least > most:
        yield Fault(f"rules.{high}", "contradiction", f"Must not be less than {low}.")


def without_none(**members: Any) -> dict[str, Any]:
    """Only the members that say something."""
    return {name: value for name, value in members.items() if value is not None}


# One character is missing from PostgreSQL's text, and half of a pair is not a character.
_IMPOSSIBLE = re.compile("[\x00\ud800-\udfff]")


def clean_text(raw: Json) -> str:
    """Text that can be stored."""
    if not isinstance(raw, str):
        raise wrong_type("text")
    if _IMPOSSIBLE.search(raw):
        raise ValueRefused("invalid_text", "Must not contain NUL or half a surrogate pair.")
    return raw


__all__ = [
    "EQUALITY",
    "LARGEST_INDEXED",
    "ORDER",
    "TEXT",
    "AttributeType",
    "Json",
    "check_bounds",
    "clean_text",
    "crossed_bounds",
    "rule",
    "without_none",
    "wrong_type",
]
