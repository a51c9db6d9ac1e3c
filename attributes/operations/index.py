"""Bringing the database's indexes to what the definitions ask for.

An index is built and dropped without stopping writers (CONCURRENTLY), on a connection of the
owner's and by one process at a time. What is to be done is found out anew before each step, so that
whoever died half-way is continued by the next to come.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.db import DatabaseError, close_old_connections, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from accounts.principal import Principal, Role
from attributes import indexes, storage
from attributes.indexes import Index, IndexState, Listed
from attributes.models import AttributeMeta, IndexBuild, UnindexedUse
from attributes.operations.members import unindexable
from history import record
from history.record import Versions
from incidents_project.database.owner import OWNER

BUILDER = Principal("attribute_index", "attribute_index", "", frozenset({Role.DEPLOYER}))
MOST_FAILURES = 3  # after which a build waits for a person
_FIRST_PAUSE = timedelta(seconds=30)  # before the second attempt; each later one waits longer
_FAREWELL = 20  # seconds
_KEY = "7717, 2"  # PostgreSQL's two-number advisory lock; the fence has 1


class Done(StrEnum):
    """What became of an index."""

    BUILT = "built"
    FAILED = "failed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One step that was taken."""

    name: str  # the attribute's, or the index's where there is no attribute
    done: Done
    error: str = ""


def reconcile(
    *, only: str | None = None, insist: bool = False, waiting: Callable[[], None] = lambda: None
) -> Iterator[Outcome]:
    """Drop what is not wanted and build what is missing, one step at a time.

    ``only`` names one slot. A build that failed is tried again after a pause, and after the third
    failure only for who can ``insist``. ``waiting`` is called when somebody else is building.
    """
    if _next(set(), only, insist=insist) is None:
        return
    with _alone(waiting) as database:
        tried: set[str] = set()
        while (listed := _next(tried, only, insist=insist)) is not None:
            tried.add(listed.index.slot)
            yield _step(database, listed)


def _next(tried: set[str], only: str | None, *, insist: bool) -> Listed | None:
    for listed in indexes.read().listed(indexes.definitions()):
        slot = listed.index.slot
        if slot not in tried and only in {None, slot} and _has_work(listed, insist=insist):
            return listed
    return None


def _has_work(listed: Listed, *, insist: bool) -> bool:
    index = listed.index
    if listed.state is IndexState.READY:
        return index.finished_at is None  # its builder died before it could say so
    if index.exists:
        return True  # it is not wanted, or a dead builder's: it costs writes and serves nobody
    if listed.state is IndexState.BUILDING or index.finished_at is None or insist:
        return True
    pause = _FIRST_PAUSE * 4 ** (index.failures - 1)
    return index.failures < MOST_FAILURES and timezone.now() > index.finished_at + pause


def _step(database: BaseDatabaseWrapper, listed: Listed) -> Outcome:
    definition, index = listed.definition, listed.index
    if definition is not None and listed.state is IndexState.READY:
        return _finish(database, definition, index, "")
    if index.exists:
        _drop(database, index.slot)
    if definition is None or listed.state is IndexState.DROPPING:
        IndexBuild.objects.filter(slot=index.slot).delete()
        name = indexes.name_of(index.slot) if definition is None else definition.name
        return Outcome(name, Done.DROPPED)
    return _build(database, definition, index)


def _build(database: BaseDatabaseWrapper, definition: AttributeMeta, index: Index) -> Outcome:
    begun = {"started_at": timezone.now(), "finished_at": None}
    IndexBuild.objects.update_or_create(slot=definition.slot, defaults=begun)
    try:
        error = _create(database, definition)
    except DatabaseError as refused:
        error = _words(refused)
    except BaseException:  # interrupted
        with suppress(DatabaseError), database.cursor() as cursor:
            # Dropping waits for whoever uses the table; who wants to end waits only so long.
            cursor.execute(f"SET statement_timeout = '{_FAREWELL}s'")
            _drop(database, definition.slot)
        raise
    close_old_connections()  # building may have taken longer than a connection lives
    return _finish(database, definition, index, error)


def _finish(
    database: BaseDatabaseWrapper, definition: AttributeMeta, index: Index, error: str
) -> Outcome:
    # A leftover is dropped by the next to come; without counts plans are worse, not wrong.
    with suppress(DatabaseError):
        if error:
            _drop(database, definition.slot)
        else:
            _count_values(database, definition)
    _note(definition, index, error)
    return Outcome(definition.name, Done.FAILED if error else Done.BUILT, error)


def _create(database: BaseDatabaseWrapper, definition: AttributeMeta) -> str:
    """Build; answers what is wrong, if anything is."""
    typed, slot = definition.typed(), definition.slot
    if typed.index_method is None:
        return unindexable(typed)
    quote = database.ops.quote_name
    value = storage.indexed(slot, typed)
    # Behind the order by it, its last column tells old hosts from new ones without their rows.
    form = f"(tenant_id, {value}, id, created_at)"
    if typed.index_method == "gin":
        form = f"USING gin ({value} jsonb_path_ops)"
    with database.cursor() as cursor:
        cursor.execute(
            f"CREATE INDEX CONCURRENTLY {quote(indexes.name_of(slot))}"
            f" ON {quote(indexes.table())} {form} WHERE {value} IS NOT NULL"
        )
    return "" if indexes.read().of(slot).valid else "PostgreSQL has left the index invalid."


def _count_values(database: BaseDatabaseWrapper, definition: AttributeMeta) -> None:
    """Let the planner know how often which value occurs.

    What is counted for a partial index is not used for that: it would not speak of the whole table.
    Without it a filter that finds little would be taken for one that finds much, and be looked for
    along another index.
    """
    quote, slot = database.ops.quote_name, definition.slot
    value = storage.indexed(slot, definition.typed())
    table = quote(indexes.table())
    with database.cursor() as cursor:
        cursor.execute(f"DROP STATISTICS IF EXISTS {quote(indexes.statistics_of(slot))}")
        cursor.execute(
            f"CREATE STATISTICS {quote(indexes.statistics_of(slot))} ON {value} FROM {table}"
        )
        cursor.execute(f"ANALYZE {table}")


def _drop(database: BaseDatabaseWrapper, slot: str) -> None:
    quote = database.ops.quote_name
    with database.cursor() as cursor:
        cursor.execute(f"DROP STATISTICS IF EXISTS {quote(indexes.statistics_of(slot))}")
        cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {quote(indexes.name_of(slot))}")


def _words(error: DatabaseError) -> str:
    """PostgreSQL's message without its details, which may quote a tenant's value."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "message_primary", None) or str(error)


def _note(definition: AttributeMeta, index: Index, error: str) -> None:
    """How it ended, for the deployer to see and in the history."""
    failures = index.failures + 1 if error else 0
    changes = [{"field": "index_state", "slot": definition.slot, "old": IndexState.BUILDING}]
    changes[0]["new"] = IndexState.FAILED if error else IndexState.READY
    if error:
        changes.append({"field": "index_error", "slot": definition.slot, "new": error})
    with transaction.atomic():
        ended = {"finished_at": timezone.now(), "error": error, "failures": failures}
        IndexBuild.objects.update_or_create(slot=definition.slot, defaults=ended)
        if not error:
            UnindexedUse.objects.filter(slot=definition.slot).delete()
        record.instance_event(
            BUILDER,
            "attribute.index_failed" if error else "attribute.index_built",
            object_id=definition.id,
            subject_name=definition.name,
            changes=changes,
            versions=Versions(),
        )


@contextmanager
def _alone(waiting: Callable[[], None]) -> Iterator[BaseDatabaseWrapper]:
    """A connection of the owner's, while no other process builds or drops."""
    database = connections.create_connection(OWNER)
    try:
        with database.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
            cursor.execute("SET lock_timeout = 0")
            told = False
            # Asked again and again: who waits inside a statement would be waited for by the build.
            while not _is_ours(cursor):
                if not told:
                    waiting()
                told = True
                time.sleep(0.5)
        yield database
    finally:
        database.close()  # and with it the lock


def _is_ours(cursor: object) -> bool:
    cursor.execute(f"SELECT pg_try_advisory_lock({_KEY})")  # type: ignore[attr-defined]
    return bool(cursor.fetchone()[0])  # type: ignore[attr-defined]
