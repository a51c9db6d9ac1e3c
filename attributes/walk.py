"""Walking over stored values without stopping anybody: for previews, checks and lists.

Values are read in windows of one tenant's incidents, each by short statements of its own. Where SQL
is sure what becomes of a value it is only counted; the others are read, and the one function that
also converts them decides.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from accounts import tenancy
from accounts.models import Tenant
from accounts.tenancy import ASKING, Select
from attributes import hosts, indexes
from attributes.conversions import Outcome, Shortcut, Verdict
from attributes.filters.conditions import NOTHING, Condition
from attributes.plans import Sample, Tally
from attributes.storage import expression
from attributes.types import Json
from incidents_project.exact_json import loads

MOST_SAMPLES = 20
_WINDOW = 100_000  # rows a statement goes through
_SMALL = 50_000  # incidents that are counted rather than estimated
_SAMPLED = 4_000  # rows that an estimate reads for each of the tenants it asks
_TENANTS_SAMPLED = 8
_FIRST = UUID(int=0)  # before every id


_WITHOUT = Outcome(Verdict.IMPOSSIBLE, None, "It has no value.")
_TWIN = Outcome(Verdict.IMPOSSIBLE, None, "Another incident has it.")


@dataclass(frozen=True, slots=True)
class Judge:
    """What becomes of a value: ``decide`` for each one, ``shortcut`` for those SQL is sure of.

    ``without`` becomes of the rows that have no value and ``lack`` one. Where ``distinct`` is the
    member by which values must differ ("" for the whole), one that another has is impossible.
    """

    decide: Callable[[Json], Outcome]
    shortcut: Shortcut | None = None
    lack: Condition = NOTHING
    without: Outcome = _WITHOUT
    distinct: str | None = None

    def sure(self, value: str) -> str:
        """The condition that SQL is sure a value is kept."""
        return "false" if self.shortcut is None else self.shortcut.sure.replace("{value}", value)


def _keep(value: Json) -> Outcome:
    return Outcome(Verdict.KEPT, value)


# What becomes of a value that is left as it is.
KEPT = Judge(_keep, Shortcut(sure="true", value="{value}"))


@dataclass(frozen=True, slots=True)
class Window:
    """Some of a tenant's incidents: those behind one id up to another, or to the end."""

    tenant: str
    after: UUID
    last: UUID | None

    def select(
        self,
        columns: str,
        condition: str = "true",
        most: int | None = None,
        parameters: Sequence[Any] = (),
    ) -> Select:
        """A SELECT over the window; ``columns`` and ``condition`` are constants and slots.

        ``parameters`` are the condition's. With ``most`` it begins with the first ids.
        """
        limit = "ALL" if most is None else f"{most:d}"
        order = "" if most is None else " ORDER BY id"
        until = "" if self.last is None else " AND id <= %s"
        ids = [self.after] if self.last is None else [self.after, self.last]
        sql = (
            f"SELECT {columns} FROM {indexes.table()} WHERE {ASKING} AND id > %s{until}"  # noqa: S608
            f" AND ({condition}){order} LIMIT {limit}"
        )
        return Select(sql, [*ids, *parameters])

    def values(
        self, slot: str, condition: str = "true", most: int | None = None
    ) -> list[tuple[UUID, Json]]:
        """The ids and values of those that have one and meet the condition."""
        value = expression(slot)
        select = self.select(f"id, {value}", f"{value} IS NOT NULL AND ({condition})", most)
        return [(id_, loads(found)) for id_, found in tenancy.read(self.tenant, select)]


def windows(tenant: str, after: UUID = _FIRST) -> Iterator[Window]:
    """All of a tenant's incidents behind an id, in the order of their ids."""
    following: UUID | None = after
    while following is not None:
        begins = following
        select = Select(
            f"SELECT id FROM {indexes.table()} WHERE {ASKING} AND id > %s"  # noqa: S608
            f" ORDER BY id LIMIT 1 OFFSET {_WINDOW - 1}",
            [begins],
        )
        rows = tenancy.read(tenant, select)
        following = rows[0][0] if rows else None
        yield Window(tenant, begins, following)


def tenants() -> list[str]:
    """Every tenant that has, or had, incidents."""
    return list(Tenant.objects.order_by("id").values_list("id", flat=True))


def total() -> int:
    """How many incidents all tenants have."""
    return sum(size for _, size in _sizes())


def tally(slot: str, judge: Judge, where: str = "true", *, asking: str = "") -> Tally:
    """What would become of every value in a slot, of rows that meet a constant condition.

    Samples are of the tenant that is ``asking``.
    """
    counted = Tally()
    for tenant in tenants():
        for window in windows(tenant):
            _count(counted, window, slot, judge, where, show=tenant == asking)
            _count_without(counted, window, slot, judge, show=tenant == asking)
        _count_twins(counted, tenant, slot, judge, show=tenant == asking)
    return counted


def estimate(slot: str, judge: Judge, where: str = "true", *, asking: str = "") -> Tally:
    """The same in milliseconds, from samples of the largest tenants; exact where there is little.

    Which values differ no sample says, so that this is always counted.
    """
    sizes = sorted(_sizes(), key=lambda each: -each[1])
    everything = sum(size for _, size in sizes)
    if everything <= _SMALL:
        return tally(slot, judge, where, asking=asking)
    sampled = Tally(exact=False)
    percent = 100.0 * _SAMPLED / everything
    for tenant, _ in sizes[:_TENANTS_SAMPLED]:
        rows = tenancy.read(tenant, _sample(slot, judge, where, percent))
        sampled.incidents += len(rows)
        for id_, value, lacks in rows:
            if value is not None:
                _decide(sampled, judge, id_, loads(value), show=tenant == asking)
            elif lacks:
                _note(sampled, judge.without, id_, None, show=tenant == asking)
    scale = everything / max(1, sampled.incidents)
    sampled.incidents = everything
    sampled.holders = round(sampled.holders * scale)
    sampled.counts = {v: round(number * scale) for v, number in sampled.counts.items()}
    for tenant, _ in sizes:
        _count_twins(sampled, tenant, slot, judge, show=tenant == asking)
    return sampled


def _sizes() -> list[tuple[str, int]]:
    return [(tenant, host.count(tenant)) for host in hosts.all_hosts() for tenant in tenants()]


def _sample(slot: str, judge: Judge, where: str, percent: float) -> Select:
    value = expression(slot)
    return Select(
        f"SELECT id, CASE WHEN {where} THEN {value} END,"  # noqa: S608
        f" {value} IS NULL AND ({judge.lack.sql}) FROM {indexes.table()}"
        f" TABLESAMPLE SYSTEM ({percent:.6f}) WHERE {ASKING} OFFSET 0",
        of_columns=judge.lack.parameters,
    )


def _count(
    counted: Tally, window: Window, slot: str, judge: Judge, where: str, *, show: bool
) -> None:
    value = expression(slot)
    sure = judge.sure(value)
    asked = f"{value} IS NOT NULL AND ({where})"
    columns = (
        f"count(*), count(*) FILTER (WHERE {asked}), count(*) FILTER (WHERE {asked} AND {sure})"
    )
    rows, holders, kept = tenancy.read(window.tenant, window.select(columns))[0]
    counted.incidents += rows
    counted.holders += kept
    counted.counts[Verdict.KEPT] += kept
    if holders > kept:
        for id_, found in window.values(slot, f"({where}) AND ({sure}) IS NOT TRUE"):
            _decide(counted, judge, id_, found, show=show)
    if show and kept:
        for id_, found in window.values(slot, f"({where}) AND {sure}", MOST_SAMPLES):
            _show(counted, judge.decide(found), id_, found)


def _count_without(counted: Tally, window: Window, slot: str, judge: Judge, *, show: bool) -> None:
    """The rows that have no value and lack one."""
    if judge.lack == NOTHING:
        return
    lacking = f"{expression(slot)} IS NULL AND ({judge.lack.sql})"
    given = judge.lack.parameters
    rows = tenancy.read(window.tenant, window.select("count(*)", lacking, parameters=given))
    counted.counts[judge.without.verdict] += rows[0][0]
    if show and rows[0][0]:
        found = tenancy.read(window.tenant, window.select("id", lacking, MOST_SAMPLES, given))
        for (id_,) in found:
            _show(counted, judge.without, id_, None)


def _count_twins(counted: Tally, tenant: str, slot: str, judge: Judge, *, show: bool) -> None:
    """The values that another row of the tenant has as well; one of each can stay."""
    if judge.distinct is None:
        return
    value = expression(slot, judge.distinct)
    twins = (
        f"SELECT count(*) - 1 AS number, max(id::text)::uuid AS last FROM {indexes.table()}"  # noqa: S608
        f" WHERE {ASKING} AND {value} IS NOT NULL GROUP BY {value} HAVING count(*) > 1"
    )
    total = f"SELECT coalesce(sum(number), 0)::bigint FROM ({twins}) AS twins OFFSET 0"  # noqa: S608
    number = _read_at_leisure(tenant, Select(total))[0][0]
    counted.counts[Verdict.KEPT] -= min(number, counted.counts[Verdict.KEPT])
    counted.counts[Verdict.IMPOSSIBLE] += number
    if show and number:
        some = _read_at_leisure(tenant, Select(f"{twins} LIMIT {MOST_SAMPLES}"))
        for id_, found in _values_of(tenant, slot, [last for _, last in some]):
            _show(counted, _TWIN, id_, found)


def _values_of(tenant: str, slot: str, ids: list[UUID]) -> list[tuple[UUID, Json]]:
    select = Select(
        f"SELECT id, {expression(slot)} FROM {indexes.table()}"  # noqa: S608
        f" WHERE {ASKING} AND id = ANY(%s) OFFSET 0",
        [ids],
    )
    return [(id_, loads(value)) for id_, value in tenancy.read(tenant, select) if value is not None]


def _read_at_leisure(tenant: str, select: Select) -> list[tuple[Any, ...]]:
    """What takes a second for a million rows, and has to look at all of them at once."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '10min'")
        return tenancy.read(tenant, select)


def _decide(counted: Tally, judge: Judge, id_: UUID, value: Json, *, show: bool) -> None:
    counted.holders += 1
    _note(counted, judge.decide(value), id_, value, show=show)


def _note(counted: Tally, outcome: Outcome, id_: UUID, value: Json, *, show: bool) -> None:
    counted.counts[outcome.verdict] += 1
    if show:
        _show(counted, outcome, id_, value)


def _show(counted: Tally, outcome: Outcome, id_: UUID, value: Json) -> None:
    samples = counted.samples[outcome.verdict]
    if len(samples) < MOST_SAMPLES:
        samples.append(Sample(id_, value, outcome.value, outcome.why))
