"""Whether what is stored agrees with the definitions: asked of every value of every tenant.

Nothing is locked. Each survey sees the values and the definitions of one moment: what is written
meanwhile is no finding.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts import tenancy
from attributes import claims, hosts, indexes
from attributes.canonical import Wrong, sure, wrong
from attributes.indexes import IndexState
from attributes.models import Alias, AttributeMeta, Claim, Job, SlotState, SpareSlot, State
from attributes.slots import Slot, Slots, every, is_going
from attributes.storage import COLUMN, directly, expression, quoted
from incidents_project.exact_json import loads

SHOWN = 5  # examples of a kind
_TOGETHER = 50  # slots that one statement looks at
_CLAIMS = Claim._meta.db_table  # noqa: SLF001 - public by documentation


class Kind(StrEnum):
    """What may be found."""

    SHAPE = "incidents whose values are no object"
    SLOT = "values in slots that nobody knows"
    NULL = "values that are null"
    VALUE = "values that are not of their type"
    OPTION = "values whose option does not exist"
    REFERENCE = "references to incidents that are gone"
    UNCLAIMED = "values of unique attributes without a claim"
    CLAIM = "claims without their value"
    COUNT = "tenants whose incidents are counted wrong"
    INDEX = "indexes that are missing, invalid or left over"
    ALIAS = "former names whose time is over"
    IDLE = "slots that wait for a job that is not there"


_OF_WRONG = {Wrong.NULL: Kind.NULL, Wrong.VALUE: Kind.VALUE, Wrong.OPTION: Kind.OPTION}


@dataclass(frozen=True, slots=True)
class Finding:
    """Some of one kind: how many, and where the first of them are."""

    kind: Kind
    count: int
    examples: tuple[str, ...]


@dataclass(slots=True)
class Report:
    """All that was found, by kind."""

    counts: dict[Kind, int] = field(default_factory=dict)
    examples: dict[Kind, list[str]] = field(default_factory=dict)

    def add(self, finding: Finding) -> None:
        """Count it, and keep examples while there are few."""
        self.counts[finding.kind] = self.counts.get(finding.kind, 0) + finding.count
        kept = self.examples.setdefault(finding.kind, [])
        kept += finding.examples[: SHOWN - len(kept)]


def check() -> Iterator[Finding]:
    """Look at everything there is."""
    yield from _values()
    yield from (fault.finding for fault in claim_faults())
    yield from _leftover_claims()
    yield from _counts()
    yield from _indexes()
    yield from _aliases()
    yield from _idle()


# Values


def _values() -> Iterator[Finding]:
    with _survey() as known:
        present = _present_slots()
    if unknown := [slot for slot in present if slot not in known.by_slot]:
        yield from _of_unknown(unknown)
    held = [slot for slot in present if slot in known.by_slot]
    for start in range(0, len(held), _TOGETHER):
        yield from _of_known(held[start : start + _TOGETHER])


_SLOTS = (
    f"CROSS JOIN LATERAL jsonb_object_keys(CASE jsonb_typeof({COLUMN}) WHEN 'object'"
    f""" THEN {COLUMN} ELSE '{{"": 0}}' END) AS slot"""
)


def _present_slots() -> list[str]:
    """The slots that any row has; "" stands for a row that is no object."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT slot FROM {indexes.table()} {_SLOTS} GROUP BY slot")  # noqa: S608
        return [slot for (slot,) in cursor.fetchall()]


def _of_unknown(slots: list[str]) -> Iterator[Finding]:
    rows = f"FROM {indexes.table()} {_SLOTS} WHERE slot = ANY(%s)"
    with _survey() as known:
        for tenant, slot, count, ids in tenancy.stream(_grouped("tenant_id, slot", rows), [slots]):
            if slot not in known.by_slot:
                kind = Kind.SLOT if slot else Kind.SHAPE
                words = f" {slot[:50]}" if slot else ""
                yield Finding(kind, count, tuple(f"{tenant}/{id_}{words}" for id_ in ids))


def _of_known(names: list[str]) -> Iterator[Finding]:
    """What is wrong with the values of which SQL is not sure; equal ones are judged once."""
    with _survey() as known:
        slots = [known.by_slot[name] for name in names if name in known.by_slot]
        suspects = _suspects([slot for slot in slots if not is_going(slot)])
        for tenant, name, text, count, ids in tenancy.stream(suspects):
            slot, value = known.by_slot[name], loads(text)
            found = wrong(slot.type, value)
            if found is not None:
                yield _found(_OF_WRONG[found[0]], tenant, slot, count, ids, found[1])
                continue
            # Of the form of references SQL is always sure: it did not find what these refer to.
            for id_ in slot.type.references(value):
                yield _found(Kind.REFERENCE, tenant, slot, count, ids, f"names {id_}")


def _suspects(slots: list[Slot]) -> str:
    suspects = {slot.slot: _is_suspect(slot) for slot in slots}
    listed = ", ".join(
        f"({quoted(slot)}, CASE WHEN {suspect} THEN {expression(slot)}::text END)"
        for slot, suspect in suspects.items()
    )
    any_of_them = " OR ".join(suspects.values()) or "false"
    return _grouped(
        "tenant_id, slot, value",
        f"FROM {indexes.table()}"
        f" CROSS JOIN LATERAL (VALUES {listed or '(NULL, NULL)'}) AS found (slot, value)"
        f" WHERE ({any_of_them}) AND value IS NOT NULL",
    )


def _is_suspect(slot: Slot) -> str:
    """The condition that there is a value of which SQL is not sure."""
    value = expression(slot.slot)
    holds = directly(sure(slot.type, value), slot.slot)
    if slot.type.refers:
        table = indexes.table()
        # Under other names, so that those of the value mean the row that refers.
        others = f"(SELECT tenant_id AS of_tenant, id AS other FROM {table}) AS others"  # noqa: S608
        holds += (
            f" AND EXISTS (SELECT 1 FROM {others} WHERE of_tenant = {table}.tenant_id"  # noqa: S608
            f" AND other = CASE WHEN {holds} THEN ({value} #>> ARRAY[]::text[])::uuid END)"
        )
    return f"({value} IS NOT NULL AND ({holds}) IS NOT TRUE)"


def _found(kind: Kind, tenant: str, slot: Slot, count: int, ids: list[UUID], words: str) -> Finding:
    return Finding(kind, count, tuple(f"{tenant}/{id_} {_name(slot)}: {words}" for id_ in ids))


def _name(slot: Slot) -> str:
    return f"{slot.attribute} ({slot.slot})"


# Claims


@dataclass(frozen=True, slots=True)
class ClaimFault:
    """A value without its claim, or a claim without its value."""

    tenant: str
    slot: Slot
    host_id: UUID
    is_claim: bool

    @property
    def finding(self) -> Finding:
        """As it is reported."""
        kind = Kind.CLAIM if self.is_claim else Kind.UNCLAIMED
        return Finding(kind, 1, (f"{self.tenant}/{self.host_id} {_name(self.slot)}",))


def claim_faults(tenant: str | None = None) -> Iterator[ClaimFault]:
    """Where values of unique attributes and claims do not agree; of one tenant, or of all."""
    for name in [slot.slot for slot in every.now().by_slot.values() if slot.claims]:
        with _survey() as known:
            slot = known.by_slot.get(name)
            if slot is not None and slot.claims:
                yield from _claim_faults(slot, tenant)


def _claim_faults(slot: Slot, tenant: str | None) -> Iterator[ClaimFault]:
    whose, named = ("true", []) if tenant is None else ("tenant_id = %s", [tenant])
    parameters = [*named, *named, slot.claims]
    for tenant_id, host_id, text, digest in tenancy.stream(_unlike(slot, whose), parameters):
        if text is None:
            yield ClaimFault(tenant_id, slot, host_id, is_claim=True)
        elif digest != claims.digest(slot, loads(text)):
            yield ClaimFault(tenant_id, slot, host_id, is_claim=digest is not None)


def _unlike(slot: Slot, whose: str) -> str:
    """Values and claims that do not agree at first sight."""
    value = expression(slot.slot)
    identity = f"(value -> '{slot.type.compared}')" if slot.type.compared else "value"
    digest = f"encode(sha256(convert_to({identity}::text, 'UTF8')), 'hex')"
    return (
        "SELECT coalesce(host.tenant_id, claim.tenant_id), coalesce(host.id, claim.host_id),"  # noqa: S608
        " value::text, claim.digest"
        f" FROM (SELECT tenant_id, id, {value} AS value FROM {indexes.table()}"
        f" WHERE {whose} AND {value} IS NOT NULL) AS host"
        f" FULL JOIN (SELECT tenant_id, host_id, digest FROM {_CLAIMS}"
        f" WHERE {whose} AND slot = %s) AS claim"
        " ON claim.tenant_id = host.tenant_id AND claim.host_id = host.id"
        f" WHERE claim.digest IS DISTINCT FROM {digest}"
    )


def _leftover_claims() -> Iterator[Finding]:
    rows = f"FROM {_CLAIMS} WHERE slot <> ALL(%s)"
    leftover = _grouped("tenant_id, slot", rows, of="host_id")
    with _survey() as known:
        for tenant, slot, count, ids in tenancy.stream(leftover, [list(known.claims)]):
            yield Finding(Kind.CLAIM, count, tuple(f"{tenant}/{id_} {slot}" for id_ in ids))


# What is not of one incident


def _counts() -> Iterator[Finding]:
    for host in hosts.all_hosts():
        for tenant, error in host.miscounted().items():
            yield Finding(Kind.COUNT, 1, (f"{tenant}: {error:+d}",))


def _indexes() -> Iterator[Finding]:
    for listed in indexes.read().listed(indexes.definitions()):
        if listed.state is not IndexState.READY and listed.index.phase is None:
            name = indexes.name_of(listed.index.slot)
            yield Finding(Kind.INDEX, 1, (f"{name}: {listed.state}",))


def _aliases() -> Iterator[Finding]:
    for alias in over().select_related("attribute"):
        yield Finding(Kind.ALIAS, 1, (f"{alias.name} of {alias.attribute.name}",))


def over() -> QuerySet[Alias]:
    """The former names that nobody may use any more."""
    return Alias.objects.filter(until__lte=timezone.now())


def _idle() -> Iterator[Finding]:
    working = Exists(Job.objects.open().filter(attribute_id=OuterRef("attribute_id")))
    spares = SpareSlot.objects.exclude(state=SlotState.RETAINED).exclude(working)
    for spare in spares.select_related("attribute"):
        words = f"{spare.attribute.name} ({spare.slot}): {spare.state}"
        yield Finding(Kind.IDLE, 1, (words,))
    purging = Exists(Job.objects.open().filter(attribute_id=OuterRef("id")))
    for definition in AttributeMeta.objects.filter(state=State.PURGING).exclude(purging):
        words = f"{definition.name} ({definition.slot}): {definition.state}"
        yield Finding(Kind.IDLE, 1, (words,))


# Reading


@contextmanager
def _survey() -> Iterator[Slots]:
    """A survey, and the slots of its moment."""
    with tenancy.survey("0"):
        yield every.now()


def _grouped(columns: str, rows: str, of: str = "id") -> str:
    """Rows by the columns: how many are alike, and the first ids; none but these are kept."""
    return (
        f"SELECT {columns}, count(*), array_agg(id ORDER BY id) FILTER (WHERE place <= {SHOWN})"  # noqa: S608 - constants and slots
        f" FROM (SELECT {columns}, {of} AS id,"
        f" row_number() OVER (PARTITION BY {columns} ORDER BY {of}) AS place {rows}) AS placed"
        f" GROUP BY {columns} ORDER BY {columns}"
    )
