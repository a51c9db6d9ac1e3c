"""Values that differ, and would be the same when they are converted.

Where an attribute is unique one of them can be converted: none if one stands in the new slot
already, else the first. The others would be another incident's, and stay behind.
"""

from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection

from accounts import tenancy
from attributes import indexes
from attributes.conversions import Verdict
from attributes.storage import expression
from attributes.types import AttributeType
from attributes.walk import MOST_SAMPLES, Judge
from incidents_project.exact_json import dumps, loads

# Of equal values the one with the least key goes first: a figure, its id, what is said of it.
_LOST = """
    SELECT coalesce(sum(kept - (first = 'kept')::int), 0)::bigint,
           coalesce(sum(lossy - (first = 'lossy')::int), 0)::bigint,
           coalesce((array_agg(last) FILTER (WHERE tenant_id = %s))[1:{samples}], '{{}}')
    FROM (
        SELECT tenant_id,
               count(*) FILTER (WHERE verdict = 'kept') AS kept,
               count(*) FILTER (WHERE verdict = 'lossy') AS lossy,
               substr(min(key), 38) AS first, substr(max(key), 2, 36)::uuid AS last
        FROM (
            SELECT tenant_id, verdict, {compared} AS value,
                   ((verdict <> 'stands')::int || id::text || verdict) COLLATE "C" AS key
            FROM (
                SELECT tenant_id, id,
                       CASE WHEN {stands} IS NULL THEN 'kept' ELSE 'stands' END AS verdict,
                       CASE WHEN {stands} IS NOT NULL THEN {stands}
                            WHEN {sure} THEN {converted} END AS value
                FROM {table}
                UNION ALL
                SELECT tenant_id, id, verdict, value::jsonb
                FROM unnest(%s::text[], %s::uuid[], %s::text[], %s::text[])
                     AS decided (tenant_id, id, verdict, value)
            ) AS would
            WHERE value IS NOT NULL
        ) AS placed
        GROUP BY tenant_id, value HAVING count(*) > 1
    ) AS equal
"""


def apart(judge: Judge, slot: str, target: AttributeType, beside: str = "") -> Judge:
    """The judge of a slot's values that must differ when they are values of ``target``.

    A row that has a value in the slot ``beside`` has that one, and is not judged.
    """
    return replace(judge, twins=partial(_lost, judge, slot, target.compared, beside))


def _lost(
    judge: Judge, slot: str, member: str, beside: str, asking: str
) -> tuple[int, int, list[UUID]]:
    value = expression(slot)
    stands = expression(beside) if beside else "NULL::jsonb"
    sure = f"{value} IS NOT NULL AND {judge.sure(value)}"
    sql = _LOST.format(  # of constants and slots
        samples=MOST_SAMPLES,
        compared=f"value -> '{member}'" if member else "value",
        stands=stands,
        sure=sure,
        converted=judge.shortcut.value.replace("{value}", value) if judge.shortcut else value,
        table=indexes.table(),
    )
    left = f"{value} IS NOT NULL AND {stands} IS NULL AND ({sure}) IS NOT TRUE"
    with tenancy.survey(), connection.cursor() as cursor:
        decided = _decided(judge, value, left)
        # What SQL is sure of comes back as it was, so no two of that become one.
        if not (beside or any(decided)):
            return 0, 0, []
        cursor.execute(sql, [asking, *decided])
        kept, lossy, some = cursor.fetchone()
        return kept, lossy, some


def _decided(judge: Judge, value: str, condition: str) -> tuple[list[Any], ...]:
    """The values that SQL is not sure of: tenants, ids, what is said of each, what it becomes."""
    tenants, ids, verdicts, values = [], [], [], []
    rows = f"SELECT tenant_id, id, {value} FROM {indexes.table()} WHERE {condition}"  # noqa: S608
    for tenant, id_, found in tenancy.stream(rows):
        outcome = judge.decide(loads(found))
        if outcome.verdict is not Verdict.IMPOSSIBLE:
            tenants.append(tenant)
            ids.append(id_)
            verdicts.append(outcome.verdict.value)
            values.append(dumps(outcome.value).decode())
    return tenants, ids, verdicts, values
