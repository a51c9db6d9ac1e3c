"""What a query may name: every field of an incident but its tenant, and every attribute."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from attributes.filters.targets import ColumnTarget, Target, Targets
from attributes.schema import Schema
from attributes.types.base import EQUALITY, AttributeType, Json, wrong_type
from attributes.types.boolean import BooleanType
from attributes.types.datetime import DateTimeType
from attributes.types.integer import IntegerType
from attributes.types.string import StringType
from attributes.types.uuid import UuidType
from incidents.codes import Codes, codes
from incidents.fields import FIELDS, Field, UnixTimeType
from incidents.presenter import COLUMNS
from incidents_project.refusals import ValueRefused, did_you_mean


@dataclass(frozen=True, kw_only=True)
class CodeType(AttributeType):
    """A code of one of the deployer's tables, also one that is retired."""

    name: ClassVar[str] = "CODE"
    label: ClassVar[str] = "Code"
    example: ClassVar[Json] = "NEW"
    widget: ClassVar[str] = "select"
    operators: ClassVar[tuple[str, ...]] = EQUALITY

    codes: tuple[str, ...] = ()

    def clean(self, raw: Json) -> str:
        """The code."""
        if not isinstance(raw, str):
            raise wrong_type("a code")
        if raw not in self.codes:
            hint = did_you_mean(raw, self.codes)
            raise ValueRefused("unknown_code", f"Must be one of {', '.join(self.codes)}.{hint}")
        return raw

    def operand(self, raw: Json, now: datetime) -> Json:
        """The code."""
        return self.clean(raw)

    def json_schema(self) -> dict[str, Any]:
        """The codes."""
        return {"type": "string", "enum": list(self.codes)}


@dataclass(frozen=True, slots=True)
class _Stored:
    """How PostgreSQL holds the values of a type."""

    array: str
    to_column: Callable[[Json], Any]


_TEXT = _Stored("text[]", str)
_STORED: Mapping[type[AttributeType], _Stored] = {
    DateTimeType: _Stored("timestamptz[]", datetime.fromisoformat),
    UuidType: _Stored("uuid[]", UUID),
    IntegerType: _Stored("bigint[]", int),
    UnixTimeType: _Stored("bigint[]", int),
    BooleanType: _Stored("boolean[]", bool),
}
_SERVER_MADE: Mapping[str, AttributeType] = {
    "id": UuidType(),
    "created_at": DateTimeType(),
    "created_by": StringType(),
    "updated_at": DateTimeType(),
    "updated_by": StringType(),
    "occ_lock": IntegerType(),
}
_OWN: Mapping[str, Field | AttributeType] = {**{own.name: own for own in FIELDS}, **_SERVER_MADE}


def _target(name: str, type_: AttributeType, *, nullable: bool) -> ColumnTarget:
    stored = _STORED.get(type(type_), _TEXT)
    return ColumnTarget(
        name=name,
        type=type_,
        sql=f'"{name}"',
        nullable=nullable,
        sortable=True,
        array=stored.array,
        to_column=stored.to_column,
    )


def _own() -> dict[str, ColumnTarget]:
    targets = {}
    for column in COLUMNS:
        described = _OWN.get(column)
        if isinstance(described, Field):
            nullable = described.default is None and not described.required
            targets[column] = _target(column, described.type, nullable=nullable)
        elif described is not None:
            targets[column] = _target(column, described, nullable=False)
    return targets


OWN: Mapping[str, ColumnTarget] = _own()
ID = OWN["id"]


def _with_codes(in_force: Codes) -> dict[str, Target]:
    targets: dict[str, Target] = dict(OWN)
    for own in FIELDS:
        if own.codes is not None:
            empty = () if own.required else ("",)
            type_ = CodeType(codes=(*in_force.ever_of(own.codes), *empty))
            targets[own.name] = replace(OWN[own.name], type=type_)
    return targets


_kept: tuple[UUID, Targets] | None = None


def targets_at(schema: Schema) -> Targets:
    """Every target by its name, as this schema and its codes have it."""
    global _kept  # noqa: PLW0603 - prepared once per epoch and process
    kept = _kept
    if kept is None or kept[0] != schema.stamp:
        own = _with_codes(codes.at(schema.stamp))
        kept = _kept = (schema.stamp, Targets(schema, own))
    return kept[1]
