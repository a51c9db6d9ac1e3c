"""Indexes of attributes as they are: asked of the database's catalogue, never remembered.

What a deployer wants stands in the definitions; here is what there is. The two are brought together
by ``attributes.operations.index``.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import connection, connections
from django.utils import timezone

from attributes import hosts
from attributes.models import AttributeMeta, IndexBuild, SlotState, SpareSlot, State

ARCHIVED_FOR = timedelta(days=1)  # so long an archived attribute keeps its index


class IndexState(StrEnum):
    """What stands between what is wanted and what there is."""

    NONE = "NONE"
    BUILDING = "BUILDING"
    READY = "READY"
    FAILED = "FAILED"
    DROPPING = "DROPPING"


@dataclass(frozen=True, slots=True)
class Index:
    """What the database knows of one slot's index: there or not, and how the last build went."""

    slot: str
    exists: bool = False
    valid: bool = False
    size: int = 0  # bytes, when it was built or last analyzed: asking anew would wait for locks
    scans: int = 0  # since the server's counters began
    rows: int = 0  # as estimated then
    phase: str | None = None  # what PostgreSQL is at while it builds
    percent: float | None = None  # how much of that is done
    failures: int = 0  # since it was asked for
    error: str = ""  # of the last build
    finished_at: datetime | None = None  # None while it is built

    def state(self, *, wanted: bool) -> IndexState:
        """Where the index stands, given whether a deployer wants it."""
        if not wanted:
            return IndexState.DROPPING if self.exists else IndexState.NONE
        if self.valid:
            return IndexState.READY
        # A build that is under way has not finished; its predecessor's error is history.
        failed = self.error and self.finished_at is not None
        return IndexState.FAILED if failed else IndexState.BUILDING


@dataclass(frozen=True, slots=True)
class Listed:
    """One index as a deployer sees it; without a definition where nobody knows its slot."""

    definition: AttributeMeta | None
    index: Index
    state: IndexState


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All indexes of attributes at one moment."""

    by_slot: dict[str, Index] = field(default_factory=dict)

    def of(self, slot: str) -> Index:
        """What is known of a slot's index; of most there is nothing."""
        return self.by_slot.get(slot) or Index(slot)

    def state(self, definition: AttributeMeta) -> IndexState:
        """Where the index of an attribute stands."""
        return self.of(definition.slot).state(wanted=is_wanted(definition))

    def listed(self, definitions: Iterable[AttributeMeta]) -> list[Listed]:
        """Every index that is wanted or there, those of unknown slots last."""
        known = {definition.slot: definition for definition in definitions}
        listed = [Listed(d, self.of(d.slot), self.state(d)) for d in known.values()]
        listed += [
            Listed(None, index, index.state(wanted=False))
            for slot, index in self.by_slot.items()
            if slot not in known
        ]
        return [one for one in listed if one.state is not IndexState.NONE]


def definitions() -> list[AttributeMeta]:
    """All definitions, and those about to change their type once more as they will be then."""
    known = list(AttributeMeta.objects.all())
    for spare in SpareSlot.objects.filter(state=SlotState.FILLING).select_related("attribute"):
        to_be = spare.attribute
        to_be.slot, to_be.type, to_be.rules = spare.slot, spare.type, spare.rules
        known.append(to_be)
    return known


def is_wanted(definition: AttributeMeta) -> bool:
    """Whether the attribute should have an index; an archived one keeps it for a while."""
    if definition.is_in_force:
        return definition.indexed
    archived = definition.archived_at
    return (
        definition.state == State.ARCHIVED
        and definition.indexed
        and archived is not None
        and archived > timezone.now() - ARCHIVED_FOR
    )


def table() -> str:
    """The table whose rows carry the values. There is one host; the index's name begins with it."""
    (host,) = hosts.all_hosts()
    return host.model._meta.db_table  # noqa: SLF001 - public by documentation


def rows_of_table() -> int:
    """How many rows it has, as last estimated."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(%s)", [table()]
        )
        return max(0, int(cursor.fetchone()[0]))


def name_of(slot: str) -> str:
    """What the index of a slot is called."""
    return f"{table()}_{slot}"


def statistics_of(slot: str) -> str:
    """What the planner's statistics of a slot's values are called."""
    return f"{name_of(slot)}_values"


_READ = f"""
    WITH found AS (
        SELECT substr(class.relname, length(%(table)s) + 2) AS slot, class.oid,
               index.indisvalid AND index.indisready AND index.indislive AS valid,
               class.relpages * current_setting('block_size')::bigint AS size, class.reltuples,
               pg_stat_get_numscans(class.oid) AS scans
        FROM pg_index AS index JOIN pg_class AS class ON class.oid = index.indexrelid
        WHERE index.indrelid = to_regclass('public.' || quote_ident(%(table)s))
          AND class.relname ~ ('^' || %(table)s || '_a[1-9][0-9]*$')
    )
    SELECT slot, found.oid IS NOT NULL, coalesce(valid, false), coalesce(size, 0),
           coalesce(scans, 0), greatest(coalesce(reltuples, 0), 0)::bigint,
           progress.phase, progress.percent,
           coalesce(failures, 0), coalesce(error, ''), finished_at
    FROM found
    FULL JOIN {IndexBuild._meta.db_table} AS build USING (slot)
    LEFT JOIN attributes_index_progress() AS progress ON progress.index = found.oid
    ORDER BY substr(slot, 2)::bigint
"""  # noqa: S608, SLF001 - a model's table


def read(using: str = "default") -> Catalogue:
    """All indexes of attributes, in one statement, however many attributes there are."""
    with connections[using].cursor() as cursor:
        cursor.execute(_READ, {"table": table()})
        return Catalogue({row[0]: Index(*row) for row in cursor.fetchall()})
