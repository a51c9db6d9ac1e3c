"""Walking over the stored values of all tenants without stopping anybody, for previews and jobs.

All is counted in one survey. Where SQL is sure what becomes of a value it is only counted; the
others are read, and the one function that also converts them decides.
"""

import random
from collections.abc import Callable
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
from attributes.storage import directly, expression
from attributes.types import Json
from incidents_project.exact_json import loads

MOST_SAMPLES = 20
_SMALL = 50_000  # incidents that are counted rather than estimated
_SAMPLED = 8_000  # rows that an estimate looks at

_WITHOUT = Outcome(Verdict.IMPOSSIBLE, None, "It has no value.")
_TWIN = Outcome(Verdict.IMPOSSIBLE, None, "Another incident has it.")


@dataclass(frozen=True, slots=True)
class Judge:
    """What becomes of a value: ``decide`` for each one, ``shortcut`` for those SQL is sure of.

    ``without`` becomes of the rows that have no value and ``lack`` one. Where ``distinct`` is the
    member by which values must differ ("" for the whole), one that another has is impossible;
    ``twins`` finds those that another would have when they are converted: how many that are kept,
    how many lossy ones, and ids of some of the asking tenant's.
    """

    decide: Callable[[Json], Outcome]
    shortcut: Shortcut | None = None
    lack: Condition = NOTHING
    without: Outcome = _WITHOUT
    distinct: str | None = None
    twins: Callable[[str], tuple[int, int, list[UUID]]] | None = None

    def sure(self, value: str) -> str:
        """The condition that SQL is sure a value is kept."""
        return "false" if self.shortcut is None else self.shortcut.sure.replace("{value}", value)


def _keep(value: Json) -> Outcome:
    return Outcome(Verdict.KEPT, value)


# What becomes of a value that is left as it is.
KEPT = Judge(_keep, Shortcut(sure="true", value="{value}"))


def tenants() -> list[str]:
    """Every tenant that has, or had, incidents."""
    return list(Tenant.objects.order_by("id").values_list("id", flat=True))


def total() -> int:
    """How many incidents all tenants have."""
    return sum(host.count() for host in hosts.all_hosts())


def count(condition: str) -> int:
    """How many incidents of all tenants meet a condition of constants and slots."""
    with tenancy.survey(), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {indexes.table()} WHERE {condition}")  # noqa: S608
        return int(cursor.fetchone()[0])


def tally(slot: str, judge: Judge, where: str = "true", *, asking: str = "") -> Tally:
    """What would become of every value in a slot, of rows that meet a constant condition.

    Samples are of the tenant that is ``asking``.
    """
    counted = Tally()
    _Question(slot, judge, where, asking, indexes.table()).answer(counted)
    _count_twins(counted, slot, judge, asking)
    return counted


def estimate(slot: str, judge: Judge, where: str = "true", *, asking: str = "") -> Tally:
    """The same in milliseconds, from a sample of the table's pages; exact where there is little.

    Which values differ no sample says, so that this is always counted.
    """
    everything = total()
    if everything <= _SMALL:
        return tally(slot, judge, where, asking=asking)
    sampled = Tally(exact=False)
    _Question(slot, judge, where, asking, _some_of(everything)).answer(sampled)
    scale = everything / max(1, sampled.incidents)
    sampled.incidents = everything
    sampled.holders = round(sampled.holders * scale)
    sampled.counts = {v: round(number * scale) for v, number in sampled.counts.items()}
    _count_twins(sampled, slot, judge, asking)
    return sampled


def _some_of(everything: int) -> str:
    """Rows of some pages of the table, and the same ones however often they are read."""
    percent, seed = min(100.0, 100.0 * _SAMPLED / everything), random.getrandbits(31)
    return f"{indexes.table()} TABLESAMPLE SYSTEM ({percent:.6f}) REPEATABLE ({seed:d})"


@dataclass(frozen=True, slots=True)
class _Question:
    """What becomes of the values in a slot of some ``rows``: of the table, or a sample of it."""

    slot: str
    judge: Judge
    where: str
    asking: str
    rows: str

    def answer(self, counted: Tally) -> None:
        """Count all tenants' values, and show some of the one that is asking."""
        with tenancy.survey():
            kept, without = self._count(counted)
        if self.asking and kept:
            for id_, found in self._first(f"id, {self._value}", Condition(self._sure)):
                stored = loads(found)
                _show(counted, self.judge.decide(stored), id_, stored)
        if self.asking and without:
            for (id_,) in self._first("id", self._lacking):
                _show(counted, self.judge.without, id_, None)

    def _count(self, counted: Tally) -> tuple[int, int]:
        """How many SQL is sure of, and how many rows have none and lack one."""
        lacking = self._lacking
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT count(*), count(*) FILTER (WHERE {self._held}),"  # noqa: S608
                f" count(*) FILTER (WHERE {self._sure}), count(*) FILTER (WHERE {lacking.sql})"
                f" FROM {self.rows}",
                lacking.parameters,
            )
            rows, holders, kept, without = cursor.fetchone()
        counted.incidents += rows
        counted.holders += holders
        counted.counts[Verdict.KEPT] += kept
        counted.counts[self.judge.without.verdict] += without
        if holders > kept:
            self._decide(counted)
        return kept, without

    def _decide(self, counted: Tally) -> None:
        """The values that SQL is not sure of, one by one. Of another tenant's no id is read."""
        values = (
            f"SELECT CASE WHEN tenant_id = %s THEN id END, {self._value} FROM {self.rows}"  # noqa: S608
            f" WHERE {self._held} AND ({self._sure}) IS NOT TRUE"
        )
        for id_, found in tenancy.stream(values, [self.asking]):
            value = loads(found)
            outcome = self.judge.decide(value)
            counted.counts[outcome.verdict] += 1
            if id_ is not None:
                _show(counted, outcome, id_, value)

    @property
    def _value(self) -> str:
        return expression(self.slot)

    @property
    def _held(self) -> str:
        return f"{self._value} IS NOT NULL AND ({self.where})"

    @property
    def _sure(self) -> str:
        return f"{self._held} AND ({directly(self.judge.sure(self._value), self.slot)})"

    @property
    def _lacking(self) -> Condition:
        lack = self.judge.lack
        return Condition(f"{self._value} IS NULL AND ({lack.sql})", lack.parameters)

    def _first(self, columns: str, condition: Condition) -> list[tuple[Any, ...]]:
        """The asking tenant's rows with the first ids that meet the condition."""
        select = (
            f"SELECT {columns} FROM {self.rows} WHERE {ASKING} AND ({condition.sql})"  # noqa: S608
            f" ORDER BY id LIMIT {MOST_SAMPLES}"
        )
        return _read_at_leisure(self.asking, Select(select, condition.parameters))


def _count_twins(counted: Tally, slot: str, judge: Judge, asking: str) -> None:
    """The values that must differ, and do not."""
    if judge.distinct is not None:
        _count_equal(counted, slot, judge.distinct, asking)
    if judge.twins is not None:
        _count_lost(counted, slot, asking, *judge.twins(asking))


def _count_equal(counted: Tally, slot: str, member: str, asking: str) -> None:
    """The values that another row of the tenant has as well; one of each can stay."""
    value = expression(slot, member)
    numbers = (
        f"SELECT count(*) - 1 AS number FROM {indexes.table()}"  # noqa: S608
        f" WHERE {value} IS NOT NULL GROUP BY tenant_id, {value} HAVING count(*) > 1"
    )
    with tenancy.survey(), connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(sum(number), 0)::bigint FROM ({numbers}) AS twins")  # noqa: S608
        number = int(cursor.fetchone()[0])
    counted.counts[Verdict.KEPT] -= min(number, counted.counts[Verdict.KEPT])
    counted.counts[Verdict.IMPOSSIBLE] += number
    if asking and number:
        some = (
            f"SELECT max(id::text)::uuid FROM {indexes.table()} WHERE {ASKING}"  # noqa: S608
            f" AND {value} IS NOT NULL GROUP BY {value} HAVING count(*) > 1 LIMIT {MOST_SAMPLES}"
        )
        rows = _read_at_leisure(asking, Select(some))
        _show_twins(counted, slot, asking, [last for (last,) in rows])


def _count_lost(
    counted: Tally, slot: str, asking: str, kept: int, lossy: int, some: list[UUID]
) -> None:
    """The values that would be another row's as well, once they are converted."""
    for verdict, number in ((Verdict.KEPT, kept), (Verdict.LOSSY, lossy)):
        counted.counts[verdict] -= min(number, counted.counts[verdict])
        counted.counts[Verdict.IMPOSSIBLE] += number
    if some:
        _show_twins(counted, slot, asking, some)


def _show_twins(counted: Tally, slot: str, asking: str, ids: list[UUID]) -> None:
    """These values cannot stay, and are not to be shown as if they could."""
    for verdict in (Verdict.KEPT, Verdict.LOSSY):
        shown = counted.samples[verdict]
        counted.samples[verdict] = [each for each in shown if each.incident_id not in ids]
    for id_, found in _values_of(asking, slot, ids):
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


def _show(counted: Tally, outcome: Outcome, id_: UUID, value: Json) -> None:
    samples = counted.samples[outcome.verdict]
    if len(samples) < MOST_SAMPLES:
        samples.append(Sample(id_, value, outcome.value, outcome.why))
