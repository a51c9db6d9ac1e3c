"""What can be compared: an attribute of a host, or one of its own columns.

Values of an attribute are JSONB and are compared as JSONB: PostgreSQL orders numbers as numbers and
text as text there, no cast can fail, and one form of index serves every type.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from attributes.schema import Attribute, Schema
from attributes.storage import expression
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

    @abstractmethod
    def parameter(self, value: Json) -> Any:
        """A canonical value as the driver takes it."""

    def parameters(self, values: Sequence[Json]) -> list[Any]:
        """The parameter of a list of values."""
        return [self.parameter(value) for value in values]


@dataclass(frozen=True, slots=True)
class AttributeTarget(Target):
    """An attribute. ``indexed`` says whether the deployer has asked for an index."""

    slot: str
    indexed: bool

    @property
    def mark(self) -> str:
        """A JSONB parameter."""
        return "%s::jsonb"

    @property
    def marks(self) -> str:
        """Several of them."""
        return "%s::text[]::jsonb[]"

    @property
    def text(self) -> str:
        """The text, without the quotes of JSON."""
        return f"({self.sql} #>> '{{}}')"

    def parameter(self, value: Json) -> str:
        """Its JSON."""
        return dumps(value).decode()


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
    return AttributeTarget(
        name=f"{PREFIX}{attribute.name}",
        type=attribute.type,
        sql=expression(attribute.slot, attribute.type.compared),
        nullable=True,
        sortable=attribute.type.ordered,
        slot=attribute.slot,
        indexed=attribute.indexed,
    )


def nearest(name: str, known: Collection[str], faults: Sequence[Fault]) -> str:
    """The ``known`` name that was meant, as a sentence; most often the prefix was left out."""
    if f"{PREFIX}{name}" in known:
        return f" Did you mean {PREFIX}{name}?"
    return did_you_mean(name, known, faults)


def of_schema(schema: Schema) -> dict[str, Target]:
    """Every attribute in force, by the name that a query gives it."""
    targets = (of_attribute(attribute) for attribute in schema.attributes)
    return {target.name: target for target in targets}
