"""Reading incidents: one statement from the table to plain dictionaries.

The statements are made of constants and slots; whatever a client sent is a parameter. Each also
says whether the epoch is still that of the definitions it was made with.
"""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from accounts import tenancy
from accounts.tenancy import Select
from attributes import fence, usage
from attributes.filters.conditions import EVERYTHING, Condition, all_of
from attributes.filters.targets import AttributeTarget, Target
from attributes.schema import Schema, schemas
from incidents import selection, sorting, totals
from incidents.models import Incident
from incidents.presenter import Row
from incidents.selection import Selection
from incidents.sorting import Keys, Position, Run
from incidents.targets import ID
from incidents.totals import Total
from incidents_project.exact_json import dumps, loads
from incidents_project.refusals import Fault, Invalid, NotFound, Unavailable

_TRIES = 3
_OF_TENANT = f" FROM incidents_incident WHERE {tenancy.ASKING}"
_ONE = f"{_OF_TENANT} AND id = %s OFFSET 0"
_LONGEST_POSITION = 2_000  # bytes of JSON: a cursor is a part of a request's first line

Record = tuple[Any, ...]
Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Query:
    """A question about a tenant's incidents."""

    condition: Condition = EVERYTHING
    keys: Keys = sorting.DEFAULT
    selection: Selection = selection.EVERYTHING
    used: tuple[Target, ...] = ()

    @property
    def targets(self) -> Iterator[Target]:
        """What it filters and sorts by."""
        yield from self.used
        yield from (key.target for key in self.keys)


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of the answer: so many, from ``offset`` or behind ``position``."""

    size: int
    offset: int = 0
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Rows as answered, where the last one stands if more are behind it, and how many in all."""

    rows: list[Row]
    position: Position | None
    total: Total | None
    keys: Keys


def no_such_incident() -> NotFound:
    """The one answer for an id that is nobody's and for one that is another tenant's."""
    return NotFound("There is no such incident.")


def read_one(tenant_id: str, incident_id: UUID) -> Row:
    """One incident as answered; raises ``NotFound``."""
    return read_some(tenant_id, incident_id, lambda _: selection.EVERYTHING)[0]


def read_some(
    tenant_id: str, incident_id: UUID, choose: Callable[[Schema], Selection]
) -> tuple[Row, int]:
    """What is chosen of one incident, and its version; raises ``NotFound``."""

    def read(schema: Schema, chosen: Selection) -> tuple[tuple[Row, int], bool]:
        sql = f"{_select(chosen.columns)}, occ_lock AS version{_ONE}"
        records = tenancy.read(tenant_id, Select(sql, [incident_id], [schema.stamp]))
        if not records:
            raise no_such_incident()
        in_force, *record, version = records[0]
        return (chosen.presenter(schema).present(record), version), in_force

    return _in_force(choose, read)


def read_page(
    tenant_id: str,
    ask: Callable[[Schema], Query],
    part: Part,
    *,
    total: totals.Wanted = totals.Wanted.USUAL,
) -> Found:
    """A page of what ``ask`` makes of the schema in force.

    Raises what ``ask`` raises, and ``Unavailable`` (``too_slow``) where the database took
    longer than a statement may.
    """

    def read(schema: Schema, query: Query) -> tuple[Found, bool]:
        with _watched(query):
            return _read_page(tenant_id, schema, query, part, total)

    return _in_force(ask, read)


def _in_force(
    ask: Callable[[Schema], Asked], read: Callable[[Schema, Asked], tuple[Answer, bool]]
) -> Answer:
    """What is read under the schema in force.

    It is asked with the schema that this process saw last, and again if what was read says that
    another is in force by now; nor is anything refused before that is known. Where changes come
    faster than answers, the last attempt keeps them out.
    """
    schema = schemas.lately()
    for _ in range(_TRIES):
        try:
            asked = ask(schema)
        except Invalid:
            newest = schemas.now()
            if newest.stamp == schema.stamp:
                raise
            schema = newest
            continue
        answer, in_force = read(schema, asked)
        if in_force:
            return answer
        schema = schemas.now()
    with transaction.atomic():
        schema = fence.enter()
        return read(schema, ask(schema))[0]


def _read_page(
    tenant_id: str, schema: Schema, query: Query, part: Part, wanted: totals.Wanted
) -> tuple[Found, bool]:
    with _planned_by_value(query.condition):
        records = _records(tenant_id, schema, query, part)
        in_force = records[0][0] if records else schemas.now().stamp == schema.stamp
        total = totals.of(tenant_id, query.condition, wanted, _all_seen(part, records))
    write = query.selection.presenter(schema).write
    rows = [write(record[1:]) for record in records[: part.size]]
    more = len(records) > part.size
    position = _position(query, records[part.size - 1]) if more else None
    return Found(rows, position, total, query.keys), in_force


def _all_seen(part: Part, records: list[Record]) -> int | None:
    """How many there are in all, where a page by number shows their end."""
    ends_here = part.position is None and len(records) <= part.size
    return part.offset + len(records) if ends_here and (records or not part.offset) else None


def _records(tenant_id: str, schema: Schema, query: Query, part: Part) -> list[Record]:
    """The page, run by run, and one record more where there is one."""
    records: list[Record] = []
    offset = part.offset
    for run in sorting.runs(query.keys, _whole(tenant_id, query.keys, part.position)):
        limit = part.size + 1 - len(records)
        found = tenancy.read(tenant_id, page_select(schema, query, run, limit, offset))
        records += found
        if len(records) > part.size:
            break
        if found:
            offset = 0
        elif offset:  # it lies beyond this run
            passed = all_of([query.condition, run.condition])
            offset -= totals.count(tenant_id, passed, most=offset)
    return records


def page_select(schema: Schema, query: Query, run: Run, limit: int, offset: int = 0) -> Select:
    """The SELECT of one run of a page: is the schema in force, what is shown, values of keys."""
    where = all_of([query.condition, run.condition])
    keys = _beside(query)
    values = "".join(f", {key.target.sql} AS key{n}" for n, key in enumerate(keys))
    order = run.order_by
    sql = (
        f"{_select(query.selection.columns)}{values}{_OF_TENANT} AND {where.sql}"
        f" ORDER BY {order.sql} LIMIT {limit:d} OFFSET {offset:d}"
    )
    return Select(sql, (*where.parameters, *order.parameters), [schema.stamp])


def _beside(query: Query) -> list[sorting.Key]:
    """The keys whose values are read beside what is shown: of the last row they are kept."""
    keys = sorting.with_tie_break(query.keys)
    return [key for key in keys if key.target.name not in query.selection.columns]


def _position(query: Query, record: Record) -> Position:
    """Where a row stands in the order, as JSON; its id alone if its values are long."""
    values = dict(zip(query.selection.columns, record[1:], strict=False))
    for place, key in enumerate(reversed(_beside(query)), start=1):
        values[key.target.name] = _read(key, record[-place])
    position = [values[key.target.name] for key in sorting.with_tie_break(query.keys)]
    return position if len(dumps(position)) <= _LONGEST_POSITION else [values[ID.name]]


def _whole(tenant_id: str, keys: Keys, position: Position | None) -> Position | None:
    """The position, with its row's values if it is an id alone; ``Invalid`` if the row is gone."""
    keys = sorting.with_tie_break(keys)
    if position is None or len(position) == len(keys):
        return position
    read = ", ".join(f"{key.target.sql} AS key{n}" for n, key in enumerate(keys))
    records = tenancy.read(tenant_id, Select(f"SELECT {read}{_ONE}", position))
    if not records:
        fault = Fault("cursor", "bad_cursor", "Where it stood is gone. Start without one.")
        raise Invalid.because([fault])
    values = [_read(key, value) for key, value in zip(keys, records[0], strict=False)]
    return list(loads(dumps(values).decode()))  # as a cursor would have them


def _read(key: sorting.Key, value: Any) -> Any:
    if not isinstance(key.target, AttributeTarget):
        return value
    return key.target.missing if value is None else loads(value)


def missing(tenant_id: str, ids: Collection[UUID]) -> set[UUID]:
    """Those of ``ids`` that are no incident of the tenant's."""
    found = Incident.objects.for_tenant(tenant_id).filter(id__in=ids).values_list("id", flat=True)
    return set(ids).difference(found)


def _select(columns: Collection[str]) -> str:
    listed = "".join(f', "{column}"' for column in columns)
    return f"SELECT (SELECT stamp = %s FROM attributes_epoch) AS in_force{listed}"  # noqa: S608


@contextmanager
def _planned_by_value(condition: Condition) -> Iterator[None]:
    """Have a filter planned for the values it has: no statement is prepared for all of them.

    A plan that suits the common values of an attribute may read the whole table for a rare one.
    """
    connection.ensure_connection()
    driver = connection.connection
    threshold = driver.prepare_threshold
    if condition:
        driver.prepare_threshold = None
    try:
        yield
    finally:
        driver.prepare_threshold = threshold


@contextmanager
def _watched(query: Query) -> Iterator[None]:
    """Note what was asked of attributes without an index, and how long that took."""
    unindexed = {
        target.slot: target.name
        for target in query.targets
        if isinstance(target, AttributeTarget) and not target.indexed
    }
    started = time.perf_counter()
    try:
        yield
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        usage.note(unindexed, _since(started), timed_out=True)
        raise _too_slow(unindexed.values()) from error
    if unindexed:
        usage.note(unindexed, _since(started))


def _since(started: float) -> float:
    """Milliseconds."""
    return (time.perf_counter() - started) * 1_000


def _too_slow(unindexed: Collection[str]) -> Unavailable:
    advice = "Ask for less: add a filter, or send total=none."
    if unindexed:
        advice = f"{', '.join(unindexed)} has no index; a deployer can set indexed on it. {advice}"
    return Unavailable(f"The database took too long. {advice}", code="too_slow")
