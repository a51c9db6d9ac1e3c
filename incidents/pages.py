"""One page of a list of incidents: which ones they are, and what is shown of them.

The statements are made of constants and slots; whatever a client sent is a parameter.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection
from orjson import Fragment

from accounts import tenancy
from accounts.tenancy import Select
from attributes.filters.conditions import (
    EVERYTHING,
    Condition,
    all_of,
    planned_by_value,
    planned_once,
)
from attributes.filters.targets import AttributeTarget, Target
from attributes.schema import Schema, schemas
from incidents import memory, selection, sorting, totals, ways
from incidents.memory import Memory, Version
from incidents.presenter import Row
from incidents.selection import Presenter, Selection
from incidents.sorting import Keys, Position, Run
from incidents.targets import ID
from incidents.totals import Total
from incidents.ways import WALKED, Question, Way
from incidents_project.exact_json import dumps, loads
from incidents_project.refusals import Fault, Invalid

OF_TENANT = f" FROM incidents_incident WHERE {tenancy.ASKING}"
_VERSION = '"id"::text AS row_id, xmin'
_LONGEST_POSITION = 2_000  # bytes of JSON: a cursor is a part of a request's first line

# Whether the schema is in force, the row's id and ``xmin``, its values of the keys, and columns.
Record = tuple[Any, ...]
_KEYS_AT = 3


@dataclass(frozen=True, slots=True)
class Query:
    """A question about a tenant's incidents."""

    condition: Condition = EVERYTHING
    keys: Keys = sorting.DEFAULT
    selection: Selection = selection.EVERYTHING
    used: tuple[Target, ...] = ()

    @property
    def where(self) -> Condition:
        """The condition, as the database is asked for it where nothing else is known."""
        return planned_by_value(self.condition)

    @property
    def in_order_of_index(self) -> bool:
        """Whether the index that finds them has them in the order of the list."""
        return [key.target.sql for key in self.keys] == [self.condition.found_by]

    @property
    def targets(self) -> Iterator[Target]:
        """What it filters and sorts by."""
        yield from self.used
        yield from (key.target for key in self.keys)

    @property
    def order(self) -> Keys:
        """By what its rows are told apart."""
        return sorting.with_tie_break(self.keys)

    @property
    def read(self) -> Keys:
        """What is read of a row to tell it apart, beside its id."""
        return tuple(key for key in self.order if key.target.name != ID.name)


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of the answer: so many, from ``offset`` or behind ``position``."""

    size: int
    offset: int = 0
    position: Position | None = None

    @property
    def is_first(self) -> bool:
        """Whether the answer begins with it."""
        return not self.offset and self.position is None


@dataclass(frozen=True, slots=True)
class Found:
    """Rows as answered, where the last one stands if more are behind it, and how many in all."""

    rows: Sequence[Row | Fragment]
    position: Position | None
    total: Total | None
    keys: Keys


def select(columns: str) -> str:
    """A SELECT of columns behind whether a schema, the first parameter, is in force."""
    return f"{stamped(columns)}{OF_TENANT}"


def stamped(columns: str) -> str:
    """The same without what it selects from."""
    return f"SELECT (SELECT stamp = %s FROM attributes_epoch) AS in_force{columns}"  # noqa: S608


def listed(columns: Collection[str]) -> str:
    """Columns as they follow others."""
    return "".join(f', "{column}"' for column in columns)


def read(
    tenant_id: str, schema: Schema, query: Query, part: Part, wanted: totals.Wanted
) -> tuple[Found, bool]:
    """The page, and whether the schema is in force; if it is not, it has to be read again."""
    records, rows = _answered(tenant_id, schema, query, part)
    in_force = records[0][0] if records else schemas.now().stamp == schema.stamp
    total = totals.of(tenant_id, query.condition, wanted, _all_seen(part, records))
    position = _position(query, records[part.size - 1]) if len(records) > part.size else None
    return Found(rows, position, total, query.keys), in_force


def _all_seen(part: Part, records: list[Record]) -> int | None:
    """How many there are in all, where a page by number shows their end."""
    ends_here = part.position is None and len(records) <= part.size
    return part.offset + len(records) if ends_here and (records or not part.offset) else None


# What is shown


def _answered(
    tenant_id: str, schema: Schema, query: Query, part: Part
) -> tuple[list[Record], Sequence[Row | Fragment]]:
    """The records, one more than the page has where there is one; and its rows as answered."""
    presenter = query.selection.presenter(schema)
    known = _memory(schema, query)
    if known is not None and known.is_likely:
        records = _records(tenant_id, schema, query, part, ())
        rows = _recalled(known, tenant_id, presenter, records[: part.size])
        if rows is not None:
            return records, rows
    records = _records(tenant_id, schema, query, part, presenter.columns)
    shown = _KEYS_AT + len(query.read)
    page = [(_version(tenant_id, each), each[shown:]) for each in records[: part.size]]
    if known is None:
        return records, [presenter.present(row) for _, row in page]
    texts = known.recall([version for version, _ in page])
    unknown = [(version, row) for version, row in page if version not in texts]
    texts |= _written(known, presenter, unknown)
    return records, [texts[version] for version, _ in page]


def _memory(schema: Schema, query: Query) -> Memory | None:
    """Where such answers are remembered. A transaction may see rows that it wrote itself."""
    if query.selection is not selection.EVERYTHING or connection.in_atomic_block:
        return None
    return memory.under(schema.stamp)


def _recalled(
    known: Memory, tenant_id: str, presenter: Presenter, page: list[Record]
) -> list[Fragment] | None:
    """The rows, read only where they are not remembered; None if one was written meanwhile."""
    versions = [_version(tenant_id, record) for record in page]
    texts = known.recall(versions)
    unknown = [id_ for tenant, id_, xmin in versions if (tenant, id_, xmin) not in texts]
    if unknown:
        sql = f"SELECT {_VERSION}{listed(presenter.columns)}{OF_TENANT} AND id = ANY(%s) OFFSET 0"
        found = tenancy.read(tenant_id, Select(sql, [unknown]))
        read = [((tenant_id, id_, xmin), row) for id_, xmin, *row in found]
        texts |= _written(known, presenter, read)
    # What was read a moment later may be another version, which the page might not have.
    return [texts[version] for version in versions] if texts.keys() >= set(versions) else None


def _written(
    known: Memory, presenter: Presenter, records: Iterable[tuple[Version, Sequence[Any]]]
) -> dict[Version, Fragment]:
    """The texts of what was read, remembered."""
    return {
        version: known.keep(version, dumps(presenter.present(record)))
        for version, record in records
    }


def _version(tenant_id: str, record: Record) -> Version:
    return tenant_id, record[1], record[2]


# Which they are


def _records(
    tenant_id: str, schema: Schema, query: Query, part: Part, columns: Collection[str]
) -> list[Record]:
    """The page, and one record more where there is one."""
    runs = sorting.runs(query.keys, _whole(tenant_id, query, part.position))
    bounded = _bounded_ways(query, part, runs)
    if not bounded:
        return _run_by_run(tenant_id, schema, query, part, columns, runs)
    question, limit = _question(tenant_id, query), part.size + 1
    tried: list[Way] = []
    for way in ways.lately.to_try(question):
        if way not in bounded:
            continue
        statement = page_select(schema, query, runs[0], limit, 0, columns, way)
        records = tenancy.read(tenant_id, statement)
        is_full = len(records) == limit
        if is_full and way is Way.WALK:
            ways.lately.note(question, way, tried)
        if is_full == (way is Way.WALK):
            return records
        tried.append(way)
    lately = _lately_created(query, part, runs[0], question)
    records = _run_by_run(tenant_id, schema, query, part, columns, lately)
    if len(records) < limit:
        records = _run_by_run(tenant_id, schema, query, part, columns, runs)
    if len(records) < limit and Way.FEW in bounded:
        ways.lately.note_few(question)
    elif len(records) == limit or part.is_first:  # on the last of many pages no way fills one
        ways.lately.note(question, Way.PLANNED, tried)
    if len(records) == limit and _is_by_age(query):
        middle, oldest = records[limit // 2][_KEYS_AT], records[-1][_KEYS_AT]
        ways.lately.note_page(question, middle, oldest, is_first=part.position is None)
    return records


def _question(tenant_id: str, query: Query) -> Question:
    """What is asked, whichever page of it."""
    form = hash((tenant_id, query.condition.sql, *map(str, query.keys)))
    return Question(hash((form, repr(query.condition.parameters))), form)


def _bounded_ways(query: Query, part: Part, runs: Sequence[Run]) -> set[Way]:
    """Which of the bounded ways would show whether what they find is the page."""
    bounded: set[Way] = set()
    if not query.condition or part.offset or len(runs) > 1 or query.in_order_of_index:
        return bounded
    if query.condition.found_by and part.is_first:
        bounded.add(Way.FEW)
    of_attributes = any(isinstance(target, AttributeTarget) for target in query.used)
    if of_attributes and [key.target for key in query.keys] == [sorting.DEFAULT[0].target]:
        bounded.add(Way.WALK)
    return bounded


def _is_by_age(query: Query) -> bool:
    """Whether the newest are wanted of what an index finds, which can tell their age."""
    return bool(query.condition.found_by) and query.keys == sorting.DEFAULT


def _stood_at(part: Part) -> datetime | None:
    """When the incident was created that a part of the newest begins behind."""
    return None if part.position is None else datetime.fromisoformat(part.position[0])


def _lately_created(query: Query, part: Part, run: Run, question: Question) -> list[Run]:
    """The beginning of a run that is expected to have the page; none where nothing is known."""
    since = ways.lately.since(question, _stood_at(part)) if _is_by_age(query) else None
    if since is None:
        return []
    return [replace(run, condition=all_of([_created_since(since), run.condition]))]


def _created_since(moment: datetime) -> Condition:
    return Condition('"created_at" >= %s', (moment,))


def _run_by_run(
    tenant_id: str,
    schema: Schema,
    query: Query,
    part: Part,
    columns: Collection[str],
    runs: Sequence[Run],
) -> list[Record]:
    records: list[Record] = []
    offset = part.offset
    for run in runs:
        limit = part.size + 1 - len(records)
        statement = page_select(schema, query, run, limit, offset, columns)
        found = tenancy.read(tenant_id, statement)
        records += found
        if len(records) > part.size:
            break
        if found:
            offset = 0
        elif offset:  # it lies beyond this run
            passed = all_of([query.where, run.condition])
            offset -= totals.count(tenant_id, passed, most=offset)
    return records


def page_select(
    schema: Schema,
    query: Query,
    run: Run,
    limit: int,
    offset: int = 0,
    columns: Collection[str] = (),
    way: Way = Way.PLANNED,
) -> Select:
    """The SELECT of one run of a page: a record of each row, with these columns."""
    order = run.order_by
    if way is Way.FEW:
        by_index = Condition(f"{query.condition.found_by}, id")
        rows = _first_rows(query.condition, by_index, limit, run.condition)
    elif way is Way.WALK:
        rows = _first_rows(run.condition, order, WALKED, query.condition)
    elif query.in_order_of_index:
        rows = _rows(all_of([planned_once(query.condition), run.condition]))
    else:
        rows = _rows(all_of([query.where, run.condition]))
    keys = "".join(f", {key.target.sql} AS key{n}" for n, key in enumerate(query.read))
    shown = f", {_VERSION}{keys}{listed(columns)}"
    head = f"{stamped(shown)}{rows.sql}"
    sql = f"{head} ORDER BY {order.sql} LIMIT {limit:d} OFFSET {offset:d}"
    return Select(sql, (*rows.parameters, *order.parameters), [schema.stamp])


def _rows(condition: Condition) -> Condition:
    """The tenant's rows that meet the condition."""
    return Condition(f"{OF_TENANT} AND {condition.sql}", condition.parameters)


def _first_rows(
    condition: Condition, order: Condition, most: int, condition_then: Condition
) -> Condition:
    """The first rows that meet the condition, and of those the ones that meet the other one."""
    first = _rows(planned_once(condition))
    sql = (
        f" FROM (SELECT xmin, incidents_incident.*{first.sql} ORDER BY {order.sql}"
        f" LIMIT {most:d}) AS first_rows WHERE {condition_then.sql}"
    )
    return Condition(sql, (*first.parameters, *order.parameters, *condition_then.parameters))


def _position(query: Query, record: Record) -> Position:
    """Where a row stands in the order, as JSON; its id alone if its values are long."""
    read = zip(query.read, record[_KEYS_AT:], strict=False)
    known = {ID.name: record[1]} | {key.target.name: _read(key, value) for key, value in read}
    values = [known[key.target.name] for key in query.order]
    return values if len(dumps(values)) <= _LONGEST_POSITION else [record[1]]


def _whole(tenant_id: str, query: Query, position: Position | None) -> Position | None:
    """The position, with its row's values if it is an id alone; ``Invalid`` if the row is gone."""
    keys = query.order
    if position is None or len(position) == len(keys):
        return position
    read = ", ".join(f"{key.target.sql} AS key{n}" for n, key in enumerate(keys))
    records = tenancy.read(
        tenant_id, Select(f"SELECT {read}{OF_TENANT} AND id = %s OFFSET 0", position)
    )
    if not records:
        fault = Fault("cursor", "bad_cursor", "Where it stood is gone. Start without one.")
        raise Invalid.because([fault])
    values = [_read(key, value) for key, value in zip(keys, records[0], strict=False)]
    return list(loads(dumps(values).decode()))  # as a cursor would have them


def _read(key: sorting.Key, value: Any) -> Any:
    if not isinstance(key.target, AttributeTarget):
        return value
    if value is None:
        return key.target.missing
    return loads(value) if key.target.compared_as == "jsonb" else value
