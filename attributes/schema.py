"""The definitions in force at one epoch, prepared once for every request of that epoch."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import connection

from attributes import types
from attributes.conversions import Converter, converter
from attributes.models import IN_FORCE, AttributeMeta, RequiredWhen, SlotState, State
from attributes.types import clock
from attributes.types.options import Option, clean_options
from incidents_project.database.fields import ExactJSONField

Json = types.Json
T = TypeVar("T")
OptionSets = Mapping[str, tuple[Option, ...]]
# By slot: the name, and how the value is shown; None for one that is shown as it is stored.
Shown = Mapping[str, tuple[str, Callable[[Json], Json] | None]]


@dataclass(frozen=True, slots=True)
class FormerName:
    """A name that an attribute had: since when it is not its name, until when it may be used."""

    name: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Filling:
    """The slot that an attribute is about to read from, while its type changes."""

    slot: str
    type: types.AttributeType
    converter: Converter
    accepts_loss: bool
    claims: str = ""  # what the claims of its values lie under; blank for none


@dataclass(frozen=True, slots=True)
class Claimed:
    """A slot whose values are claimed, so that no two hosts of a tenant have the same one."""

    attribute: str
    slot: str
    type: types.AttributeType
    claims: str  # what their claims lie under


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute, ready for use.

    ``retained`` are slots of types that it had, ``filling`` is that of the type it will have. Of a
    unique one ``claimed`` are all slots that have claims.
    """

    uid: UUID
    name: str
    slot: str
    type: types.AttributeType
    label: str
    description: str
    required: bool
    required_when: str
    required_at: frozenset[str]
    applies_to: frozenset[str]
    unique: bool
    indexed: bool
    default: Json
    group: str
    help_text: str
    missing_value: Json = None
    claim_slot: str = ""
    deprecated: bool = False
    deprecated_at: datetime | None = None
    sunset: date | None = None
    former_names: tuple[FormerName, ...] = ()
    retained: tuple[str, ...] = ()
    filling: Filling | None = None
    claimed: tuple[Claimed, ...] = ()

    @property
    def claims(self) -> str:
        """What the claims of its values lie under."""
        return self.claim_slot or self.slot

    def applies(self, kind: str) -> bool:
        """Whether hosts of this kind have the attribute."""
        return not self.applies_to or kind in self.applies_to

    def needed_by_new(self, stage: str) -> bool:
        """Whether a new host at this stage must have a value."""
        return (
            self.required
            and not self.deprecated
            and (not self.required_at or stage in self.required_at)
        )

    def kept_at(self, stage: str) -> bool:
        """Whether a host at this stage may not lose its value."""
        if self.missing_value is not None:
            return True  # it would have that one again
        return (
            self.required
            and not self.deprecated
            and (self.required_when == RequiredWhen.ALWAYS or stage in self.required_at)
        )


def _presented(type_: types.AttributeType) -> Callable[[Json], Json] | None:
    is_same = type(type_).present is types.AttributeType.present
    return None if is_same else type_.present


class Schema:
    """Every attribute in force, by name and by slot."""

    def __init__(self, stamp: UUID, version: int, attributes: list[Attribute]) -> None:
        self.stamp = stamp
        self.version = version
        self.attributes = tuple(attributes)
        self.by_name: Mapping[str, Attribute] = {a.name: a for a in attributes}
        self.by_slot: Mapping[str, Attribute] = {a.slot: a for a in attributes}
        self.former: Mapping[str, tuple[Attribute, FormerName]] = {
            former.name: (a, former) for a in attributes for former in a.former_names
        }
        self.expected = tuple(
            a for a in attributes if (a.required or a.default is not None) and not a.deprecated
        )
        # Those whose values are written, or kept, in more than one slot.
        self.shadowed: Mapping[str, Attribute] = {
            a.slot: a for a in attributes if a.retained or a.filling
        }
        # What is read where nothing is stored.
        self.virtual: Mapping[str, Json] = {
            a.slot: a.missing_value for a in attributes if a.missing_value is not None
        }
        self.claimed = tuple(claimed for a in attributes for claimed in a.claimed)
        self.referring = tuple(a for a in attributes if a.type.refers)
        self._shown: Shown = {a.slot: (a.name, _presented(a.type)) for a in attributes}

    def named(self, name: str) -> Attribute | None:
        """The attribute of this name, or the one that had it until lately."""
        attribute = self.by_name.get(name)
        if attribute is None and name in self.former:
            attribute, former = self.former[name]
            return attribute if former.until > clock.now() else None
        return attribute

    def shown(self, names: Collection[str]) -> Shown:
        """Which slots to show when only the attributes of these names are asked for."""
        return {a.slot: self._shown[a.slot] for a in self.attributes if a.name in names}

    def known(self, stored: Mapping[str, Json]) -> Mapping[str, Json]:
        """Stored values, and those that are read where there is none."""
        return {**self.virtual, **stored} if self.virtual else stored

    def present(self, stored: Mapping[str, Json], only: Shown | None = None) -> dict[str, Json]:
        """Values by slot, as answered by name; slots that are not in force stay hidden."""
        known = self._shown if only is None else only
        shown: dict[str, Json] = {}
        for slot, value in self.known(stored).items():
            if slot in known:
                name, present = known[slot]
                shown[name] = value if present is None else present(value)
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

    def lately(self) -> T:
        """The value at the epoch that this process saw last: to be compared with what is read."""
        kept = self._kept
        return self.now() if kept is None else kept.value

    def now(self) -> T:
        """The value at the epoch of this moment."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT stamp FROM attributes_epoch")
            return self.at(cursor.fetchone()[0])


_LOAD = """
    SELECT epoch.stamp, epoch.version, meta.id, meta.name, meta.slot, meta.type, meta.rules,
           meta.label, meta.description, meta.required, meta.required_when, meta.applies_to,
           meta."unique", meta.indexed, meta."default", meta."group", meta.help_text,
           meta.missing_value, meta.claim_slot, meta.state, meta.deprecated_at, meta.sunset,
           (SELECT jsonb_agg(jsonb_build_object('name', name, 'since', since, 'until', until))
            FROM attributes_alias AS alias WHERE alias.attribute_id = meta.id),
           (SELECT jsonb_agg(to_jsonb(spare) ORDER BY spare.created_at)
            FROM attributes_spareslot AS spare WHERE spare.attribute_id = meta.id),
           (SELECT jsonb_object_agg(name, options) FROM attributes_optionset) AS option_sets
    FROM attributes_epoch AS epoch
    LEFT JOIN attributes_attributemeta AS meta ON meta.state = ANY(%s)
    ORDER BY meta."order", meta.id
"""


def _load() -> Stamped[Schema]:
    with connection.cursor() as cursor:
        cursor.execute(_LOAD, [list(IN_FORCE)])
        rows = cursor.fetchall()
    stamp, version = rows[0][:2]
    sets = options_by_name(_JSON.from_db_value(rows[0][-1]))
    attributes = [_attribute(row[2:-1], sets) for row in rows if row[2] is not None]
    return Stamped(stamp, Schema(stamp, version, attributes))


def options_by_name(stored: dict[str, Json] | None) -> OptionSets:
    """The shared option sets as types take them."""
    return {name: clean_options(options) for name, options in (stored or {}).items()}


_COLUMNS = (
    "uid", "name", "slot", "type", "rules", "label", "description", "required", "required_when",
    "applies_to", "unique", "indexed", "default", "group", "help_text", "missing_value",
    "claim_slot", "state", "deprecated_at", "sunset", "aliases", "spares",
)  # fmt: skip
_JSON_COLUMNS = (
    "rules", "required_when", "applies_to", "default", "missing_value", "aliases", "spares",
)  # fmt: skip


def _attribute(row: tuple[Any, ...], sets: OptionSets) -> Attribute:
    read: dict[str, Any] = dict(zip(_COLUMNS, row, strict=True))
    for column in _JSON_COLUMNS:
        read[column] = _JSON.from_db_value(read[column])
    when = read["required_when"]
    statuses = when if isinstance(when, list) and read["required"] else ()
    read["type"] = types.build(read["type"], read.pop("rules")).resolved(sets)
    read["required_when"] = when if isinstance(when, str) else ""
    read["applies_to"] = frozenset(read["applies_to"])
    spares = read.pop("spares") or ()
    return Attribute(
        required_at=frozenset(statuses),
        deprecated=read.pop("state") == State.DEPRECATED,
        former_names=tuple(
            FormerName(
                alias["name"],
                since=datetime.fromisoformat(alias["since"]),
                until=datetime.fromisoformat(alias["until"]),
            )
            for alias in read.pop("aliases") or ()
        ),
        retained=tuple(s["slot"] for s in spares if s["state"] == SlotState.RETAINED),
        filling=next(
            (_filling(s, read, sets) for s in spares if s["state"] == SlotState.FILLING), None
        ),
        claimed=tuple(_claimed(read, spares)) if read["unique"] else (),
        **read,
    )


def _claimed(read: dict[str, Any], spares: Sequence[dict[str, Json]]) -> Iterator[Claimed]:
    name, slot = read["name"], read["slot"]
    yield Claimed(name, slot, read["type"], read["claim_slot"] or slot)
    for spare in spares:
        if spare["claim_slot"] and spare["state"] != SlotState.PURGING:
            type_ = types.BY_NAME[spare["type"]]()  # the rules of one that it had may be outdated
            yield Claimed(name, spare["slot"], type_, spare["claim_slot"])


def _filling(spare: dict[str, Json], read: dict[str, Any], sets: OptionSets) -> Filling:
    target = types.build(spare["type"], spare["rules"]).resolved(sets)
    return Filling(
        slot=spare["slot"],
        type=target,
        converter=converter(read["type"], target, spare["using"]),
        accepts_loss=spare["accepts_loss"],
        claims=spare["claim_slot"] if read["unique"] else "",
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
        "required_when": definition.required_when,
        "applies_to": definition.applies_to,
        "unique": definition.unique,
        "indexed": definition.indexed,
        "group": definition.group,
        "help_text": definition.help_text,
        "default": definition.default,
        "missing_value": definition.missing_value,
        "rules": definition.rules,
        "order": definition.order,
        "state": definition.state,
        "sunset": None if definition.sunset is None else definition.sunset.isoformat(),
    }
