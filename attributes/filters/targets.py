"""What can be compared: an attribute of a host, or one of its own columns.

Values of an attribute are JSONB and are compared as JSONB: PostgreSQL orders numbers as numbers and
text as text there, and no cast can fail. Numbers with an index are compared as what it has of them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from attributes import deprecation
from attributes.filters.conditions import Condition
from attributes.schema import Attribute, Schema
from attributes.storage import expression, indexed
from attributes.types import Json
from attributes.types.base import AttributeType
from incidents_project.exact_json import dumps
from incidents_project.refusals import Fault, did_you_mean

PREFIX = "attributes."


@dataclass(frozen=True, slots=True)
class Target(ABC):
    """Something that a filter or an order may name.

    ``sql`` is its value in a statement, ``type`` says what may be asked of it.
    """

    name: str
    type: AttributeType
    sql: str
    nullable: bool
    sortable: bool

    @property
    @abstractmethod
    def mark(self) -> str:
        """What stands for one value in a statement."""

    @property
    @abstractmethod
    def marks(self) -> str:
        """What stands for a list of values."""

    @property
    @abstractmethod
    def text(self) -> str:
        """The SQL of the value as text."""

    @property
    def range_index(self) -> str:
        """The SQL of the value, if an index has it that finds one value or all between two."""
        return ""

    @abstractmethod
    def parameter(self, value: Json) -> Any:
        """A canonical value as the driver takes it."""

    def parameters(self, values: Sequence[Json]) -> list[Any]:
        """The parameter of a list of values."""
        return [self.parameter(value) for value in values]


@dataclass(frozen=True, slots=True)
class AttributeTarget(Target):
    """An attribute. ``indexed`` says whether the deployer has asked for an index.

    ``missing`` is what is compared where there is no value. As a part of a statement it is a
    parameter like any other: ``place`` stands for it until the text around it is written.
    """

    slot: str
    indexed: bool
    deprecated: bool
    missing: Json = None

    @property
    def compared_as(self) -> str:
        """The SQL type of what is compared: that of its index, if it has one."""
        return "numeric" if self.indexed and self.type.is_number else "jsonb"

    @property
    def mark(self) -> str:
        """A parameter of that type."""
        return f"%s::{self.compared_as}"

    @property
    def marks(self) -> str:
        """Several of them."""
        return f"%s::text[]::{self.compared_as}[]"

    @property
    def text(self) -> str:
        """The text, without the quotes of JSON."""
        return f"({self.sql} #>> '{{}}')"

    @property
    def range_index(self) -> str:
        """The SQL of the value where the deployer has asked for an index of such a kind."""
        return self.sql if self.indexed and self.type.index_method == "btree" else ""

    def parameter(self, value: Json) -> str:
        """Its JSON."""
        return dumps(value).decode()

    @property
    def place(self) -> str:
        """What the missing value is called in a text until it is a parameter."""
        return f"{{{self.slot}}}"

    def of_absent(self) -> Self:
        """The missing value itself as a target."""
        return replace(self, sql=self.place, missing=None)

    def filled(self) -> Self:
        """The value, or the missing one where there is none. No index has it."""
        return replace(self, sql=f"coalesce({self.sql}, {self.place})", nullable=False)

    def with_missing(self, condition: Condition) -> Condition:
        """The condition with the missing value as a parameter, where its place is held."""
        return condition.with_parameter(self.place, self.mark, self.parameter(self.missing))


def _same(value: Json) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class ColumnTarget(Target):
    """A column; ``to_column`` makes a canonical value into what the column holds."""

    array: str = "text[]"
    to_column: Callable[[Json], Any] = _same

    @property
    def mark(self) -> str:
        """A parameter of the column's own type."""
        return "%s"

    @property
    def marks(self) -> str:
        """Several of them."""
        return f"%s::{self.array}"

    @property
    def text(self) -> str:
        """The column, which is text where this is asked."""
        return self.sql

    def parameter(self, value: Json) -> Any:
        """What the column holds for it."""
        return None if value is None else self.to_column(value)


def of_attribute(attribute: Attribute) -> AttributeTarget:
    """The attribute as a target."""
    type_, slot = attribute.type, attribute.slot
    return AttributeTarget(
        name=f"{PREFIX}{attribute.name}",
        type=type_,
        sql=indexed(slot, type_) if attribute.indexed else expression(slot, type_.compared),
        nullable=True,
        sortable=type_.ordered,
        slot=slot,
        indexed=attribute.indexed,
        deprecated=attribute.deprecated,
        missing=_compared(attribute, attribute.missing_value),
    )


def _compared(attribute: Attribute, stored: Json) -> Json:
    """What of a stored value is compared."""
    member = attribute.type.compared
    return stored[member] if member and stored is not None else stored


def of_schema(schema: Schema) -> dict[str, Target]:
    """Every attribute in force, by the name that a query gives it."""
    targets = (of_attribute(attribute) for attribute in schema.attributes)
    return {target.name: target for target in targets}


class Targets(dict[str, Target]):
    """All that a query may name, by name: a host's own columns, and the attributes in force."""

    def __init__(self, schema: Schema, own: Mapping[str, Target]) -> None:
        super().__init__(own)
        self.update(of_schema(schema))
        self._schema = schema

    def named(self, name: str) -> Target | None:
        """What a client calls so, perhaps by a name that an attribute had until lately."""
        if not name.startswith(PREFIX):
            return self.get(name)
        attribute = deprecation.named(self._schema, name.removeprefix(PREFIX))
        return None if attribute is None else self[f"{PREFIX}{attribute.name}"]

    def hint(self, name: str, known: Collection[str], faults: Sequence[Fault]) -> str:
        """Which of the ``known`` was meant, as a sentence; most often the prefix was left out."""
        renamed = deprecation.called_now(self._schema, name.removeprefix(PREFIX))
        if renamed is not None:
            return f" It is called {PREFIX}{renamed} now."
        if f"{PREFIX}{name}" in known:
            return f" Did you mean {PREFIX}{name}?"
        return did_you_mean(name, known, faults)
