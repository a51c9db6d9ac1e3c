"""Whether what is stored agrees with the definitions: asked of every value of every tenant.

Nothing is locked. Each statement sees the values and the epoch of one moment, and where that is not
the epoch it was made for it is made anew: what is written meanwhile is no finding.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts import tenancy
from accounts.tenancy import ASKING, Select
from attributes import claims, hosts, indexes, walk
from attributes.canonical import Wrong, sure, wrong
from attributes.indexes import IndexState
from attributes.models import Alias, AttributeMeta, Claim, Job, SlotState, SpareSlot, State
from attributes.slots import Slot, Slots, every, is_going
from attributes.storage import COLUMN, expression, quoted
from attributes.walk import Window
from incidents_project.exact_json import loads
from incidents_project.refusals import Unavailable

SHOWN = 5  # examples of a kind
_TOGETHER = 50  # slots that one statement looks at
_TRIES = 5
_STAMP = "(SELECT stamp FROM attributes_epoch)"
_FIRST_IDS = f"(array_agg(id ORDER BY id))[1:{SHOWN}]"
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
    for tenant in walk.tenants():
        for window in walk.windows(tenant):
            yield from _values(window)
            yield from (fault.finding for fault in claim_faults(window))
        yield from _leftover_claims(tenant)
        yield from _counts(tenant)
    yield from _indexes()
    yield from _aliases()
    yield from _idle()


# Values


def _values(window: Window) -> Iterator[Finding]:
    known, rows = _consistent(window.tenant, lambda _: _present_slots(window))
    present = [slot for (slot,) in rows]
    if unknown := [slot for slot in present if slot not in known.by_slot]:
        yield from _of_unknown(window, unknown)
    held = [slot for slot in present if slot in known.by_slot]
    for start in range(0, len(held), _TOGETHER):
        yield from _of_known(window, held[start : start + _TOGETHER])


_SLOTS = (
    f"CROSS JOIN LATERAL jsonb_object_keys(CASE jsonb_typeof({COLUMN}) WHEN 'object'"
    f""" THEN {COLUMN} ELSE '{{"": 0}}' END) AS slot"""
)


def _present_slots(window: Window) -> Select:
    """The slots that any row has; "" stands for a row that is no object."""
    within, bounds = _within(window)
    return Select(
        f"SELECT {_STAMP}, slot FROM {indexes.table()} {_SLOTS}"  # noqa: S608
        f" WHERE {ASKING} AND {within} GROUP BY slot OFFSET 0",
        bounds,
    )


def _of_unknown(window: Window, slots: list[str]) -> Iterator[Finding]:
    within, bounds = _within(window)
    select = Select(
        f"SELECT {_STAMP}, slot, count(*), {_FIRST_IDS} FROM {indexes.table()} {_SLOTS}"  # noqa: S608
        f" WHERE {ASKING} AND {within} AND slot = ANY(%s) GROUP BY slot OFFSET 0",
        [*bounds, slots],
    )
    known, rows = _consistent(window.tenant, lambda _: select)
    for slot, count, ids in rows:
        if slot not in known.by_slot:
            kind = Kind.SLOT if slot else Kind.SHAPE
            words = f" {slot[:50]}" if slot else ""
            yield Finding(kind, count, tuple(f"{window.tenant}/{id_}{words}" for id_ in ids))


def _of_known(window: Window, names: list[str]) -> Iterator[Finding]:
    """What is wrong with the values of which SQL is not sure; equal ones are judged once."""

    def ask(known: Slots) -> Select:
        slots = [known.by_slot[name] for name in names if name in known.by_slot]
        return _suspects(window, [slot for slot in slots if not is_going(slot)])

    known, rows = _consistent(window.tenant, ask)
    referring: dict[UUID, list[Finding]] = {}
    for name, text, count, ids in rows:
        slot, value = known.by_slot[name], loads(text)
        found = wrong(slot.type, value)
        if found is not None:
            yield _found(_OF_WRONG[found[0]], window.tenant, slot, count, ids, found[1])
            continue
        for id_ in slot.type.references(value):
            dangling = _found(Kind.REFERENCE, window.tenant, slot, count, ids, f"names {id_}")
            referring.setdefault(id_, []).append(dangling)
    for gone in _missing(window.tenant, list(referring)):
        yield from referring[gone]


def _missing(tenant: str, ids: list[UUID]) -> set[UUID]:
    with tenancy.scope(tenant):
        return {id_ for host in hosts.all_hosts() for id_ in host.missing(tenant, ids)}


def _suspects(window: Window, slots: list[Slot]) -> Select:
    within, bounds = _within(window)
    suspects = {slot.slot: _is_suspect(slot) for slot in slots}
    listed = ", ".join(
        f"({quoted(slot)}, CASE WHEN {suspect} THEN {expression(slot)}::text END)"
        for slot, suspect in suspects.items()
    )
    any_of_them = " OR ".join(suspects.values()) or "false"
    return Select(
        f"SELECT {_STAMP}, slot, value, count(*), {_FIRST_IDS} FROM {indexes.table()}"  # noqa: S608
        f" CROSS JOIN LATERAL (VALUES {listed or '(NULL, NULL)'}) AS found (slot, value)"
        f" WHERE {ASKING} AND {within} AND ({any_of_them}) AND value IS NOT NULL"
        " GROUP BY slot, value OFFSET 0",
        bounds,
    )


def _is_suspect(slot: Slot) -> str:
    """The condition that there is a value of which SQL is not sure."""
    value = expression(slot.slot)
    # A quarter of the time: a member's text is had at once.
    holds = sure(slot.type, value).replace(
        f"({value} #>> ARRAY[]::text[])", f"({COLUMN} ->> {quoted(slot.slot)})"
    )
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


def claim_faults(window: Window) -> Iterator[ClaimFault]:
    """Where values of unique attributes and claims do not agree."""
    for name in [slot.slot for slot in every.now().by_slot.values() if slot.claims]:
        known, rows = _consistent(window.tenant, partial(_claims, window, name))
        slot = known.by_slot.get(name)
        if slot is None or not slot.claims:
            continue
        for host_id, text, digest in rows:
            if text is None:
                yield ClaimFault(window.tenant, slot, host_id, is_claim=True)
            elif digest != claims.digest(slot, loads(text)):
                yield ClaimFault(window.tenant, slot, host_id, is_claim=digest is not None)


def _claims(window: Window, name: str, known: Slots) -> Select:
    """Values and claims that do not agree at first sight."""
    slot = known.by_slot.get(name)
    within, bounds = _within(window)
    claimed = within.replace("id", "host_id")
    value = expression(name)
    identity = f"(value -> '{slot.type.compared}')" if slot and slot.type.compared else "value"
    digest = f"encode(sha256(convert_to({identity}::text, 'UTF8')), 'hex')"
    return Select(
        f"SELECT {_STAMP}, coalesce(host.id, claim.host_id), value::text, claim.digest"  # noqa: S608
        f" FROM (SELECT id, {value} AS value FROM {indexes.table()}"
        f" WHERE {ASKING} AND {within} AND {value} IS NOT NULL OFFSET 0) AS host"
        f" FULL JOIN (SELECT host_id, digest FROM {_CLAIMS}"
        f" WHERE {ASKING} AND {claimed} AND slot = %s OFFSET 0) AS claim"
        f" ON claim.host_id = host.id WHERE claim.digest IS DISTINCT FROM {digest} OFFSET 0",
        [*bounds, window.tenant, *bounds, slot.claims if slot else ""],
    )


def _leftover_claims(tenant: str) -> Iterator[Finding]:
    def ask(known: Slots) -> Select:
        return Select(
            f"SELECT {_STAMP}, slot, count(*), (array_agg(host_id))[1:{SHOWN}] FROM {_CLAIMS}"  # noqa: S608
            f" WHERE {ASKING} AND slot <> ALL(%s) GROUP BY slot OFFSET 0",
            [list(known.claims)],
        )

    _, rows = _consistent(tenant, ask)
    for slot, count, ids in rows:
        yield Finding(Kind.CLAIM, count, tuple(f"{tenant}/{id_} {slot}" for id_ in ids))


# What is not of one incident


def _counts(tenant: str) -> Iterator[Finding]:
    for host in hosts.all_hosts():
        error = host.recount(tenant)
        if error:
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


def _within(window: Window) -> tuple[str, list[UUID]]:
    if window.last is None:
        return "id > %s", [window.after]
    return "id > %s AND id <= %s", [window.after, window.last]


Rows = list[tuple[Any, ...]]


def _consistent(tenant: str, ask: Callable[[Slots], Select]) -> tuple[Slots, Rows]:
    """What is asked with the slots of the moment at which it is answered, and those slots."""
    known = every.now()
    for _ in range(_TRIES):
        rows = _at_leisure(tenant, ask(known))
        if not rows or rows[0][0] == known.stamp:
            return known, [row[1:] for row in rows]
        known = every.at(rows[0][0])
    raise Unavailable("The definitions changed all the time.", code="schema_busy")


def _at_leisure(tenant: str, select: Select) -> Rows:
    with transaction.atomic(), connection.cursor() as cursor:
        # Compiling a statement of so many conditions takes longer than it saves.
        cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL jit = off")
        return tenancy.read(tenant, select)
