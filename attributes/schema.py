"""The definitions in force at one epoch, prepared once for every request of that epoch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import connection

from attributes import types
from attributes.models import AttributeMeta, State
from incidents_project.database.fields import ExactJSONField

Json = types.Json
Values = dict[str, Json]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute, ready for use."""

    uid: UUID
    name: str
    slot: str
    type: types.AttributeType
    label: str
    description: str
    required: bool
    default: Json


class Schema:
    """Every attribute in force, by name and by slot."""

    def __init__(self, stamp: UUID, version: int, attributes: list[Attribute]) -> None:
        self.stamp = stamp
        self.version = version
        self.attributes = tuple(attributes)
        self.by_name: Mapping[str, Attribute] = {a.name: a for a in attributes}
        self.by_slot: Mapping[str, Attribute] = {a.slot: a for a in attributes}
        self.expected = tuple(a for a in attributes if a.required or a.default is not None)
        self._present = {a.slot: (a.name, a.type.present) for a in attributes}

    def present(self, stored: Mapping[str, Json]) -> Values:
        """Stored values by slot, as answered by name; slots that are not in force stay hidden."""
        known = self._present
        shown = {}
        for slot, value in stored.items():
            if slot in known:
                name, present = known[slot]
                shown[name] = present(value)
        return shown


@dataclass(frozen=True, slots=True)
class Stamped(Generic[T]):
    """What was true at one epoch."""

    stamp: UUID
    value: T


class PerEpoch(Generic[T]):
    """Something read from the database once per epoch and process.

    ``load`` must read the epoch's stamp and its own rows in one statement, so that the two belong
    together whoever changes the schema meanwhile.
    """

    def __init__(self, load: Callable[[], Stamped[T]]) -> None:
        self._load = load
        self._kept: Stamped[T] | None = None

    def at(self, stamp: UUID) -> T:
        """The value at this epoch, or at a newer one if the epoch has moved on meanwhile."""
        kept = self._kept
        if kept is None or kept.stamp != stamp:
            kept = self._kept = self._load()
        return kept.value

    def now(self) -> T:
        """The value at the epoch of this moment."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT stamp FROM attributes_epoch")
            return self.at(cursor.fetchone()[0])


_LOAD = """
    SELECT epoch.stamp, epoch.version, meta.id, meta.name, meta.slot, meta.type, meta.rules,
           meta.label, meta.description, meta.required, meta."default"
    FROM attributes_epoch AS epoch
    LEFT JOIN attributes_attributemeta AS meta ON meta.state = %s
    ORDER BY meta."order", meta.id
"""


def _load() -> Stamped[Schema]:
    with connection.cursor() as cursor:
        cursor.execute(_LOAD, [State.ACTIVE.value])
        rows = cursor.fetchall()
    stamp, version = rows[0][:2]
    attributes = [_attribute(row[2:]) for row in rows if row[2] is not None]
    return Stamped(stamp, Schema(stamp, version, attributes))


def _attribute(row: tuple[Any, ...]) -> Attribute:
    uid, name, slot, type_name, rules, label, description, required, default = row
    read = _JSON.from_db_value
    return Attribute(
        uid=uid,
        name=name,
        slot=slot,
        type=types.build(type_name, read(rules)),
        label=label,
        description=description,
        required=required,
        default=read(default),
    )


_JSON = ExactJSONField()
schemas: PerEpoch[Schema] = PerEpoch(_load)


def describe(definition: AttributeMeta) -> dict[str, Any]:
    """A definition as history records it and as its differences are found."""
    return {
        "name": definition.name,
        "type": definition.type,
        "label": definition.label,
        "description": definition.description,
        "required": definition.required,
        "default": definition.default,
        "rules": definition.rules,
        "order": definition.order,
        "state": definition.state,
    }
