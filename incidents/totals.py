"""How many incidents an answer is a page of.

Without a filter the tenant's count is kept by those who create and delete. With one, counting
costs what it finds: it is exact up to 10,000, and beyond that what PostgreSQL's planner expects.
"""

import json
from dataclasses import dataclass
from enum import StrEnum

from django.db import connection

from accounts import tenancy
from accounts.tenancy import Select
from attributes.filters.conditions import Condition, planned_by_value
from incidents import counts

COUNTED = 10_000


class Wanted(StrEnum):
    """What the parameter ``total`` asks for; it need not be sent."""

    USUAL = "usual"
    EXACT = "exact"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Total:
    """A number of incidents, and whether it is an estimate."""

    number: int
    is_estimate: bool = False


def of(
    tenant_id: str, condition: Condition, wanted: Wanted, seen: int | None = None
) -> Total | None:
    """How many incidents of the tenant's meet the condition; None where nobody asked.

    ``seen`` is how many there are if the page showed where they end.
    """
    if wanted is Wanted.NONE:
        return None
    if seen is not None:
        return Total(seen)
    if not condition:
        return Total(counts.total(tenant_id))
    condition = planned_by_value(condition)
    if wanted is Wanted.EXACT:
        return Total(count(tenant_id, condition))
    counted = count(tenant_id, condition, most=COUNTED + 1)
    if counted <= COUNTED:
        return Total(counted)
    likely = min(_expected(tenant_id, condition), counts.total(tenant_id))
    return Total(max(likely, counted), is_estimate=True)


def count(tenant_id: str, condition: Condition, most: int | None = None) -> int:
    """How many there are; counting stops at ``most``."""
    limit = "ALL" if most is None else f"{most:d}"
    select = f"SELECT count(*) FROM ({_matching(condition)} LIMIT {limit}) AS matching OFFSET 0"  # noqa: S608
    return int(tenancy.read(tenant_id, Select(select, condition.parameters))[0][0])


def _expected(tenant_id: str, condition: Condition) -> int:
    select = Select(f"{_matching(condition)} OFFSET 0", condition.parameters)
    statement, parameters = select.of(tenant_id)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
        plan = cursor.fetchone()[0]
    read = json.loads(plan) if isinstance(plan, str) else plan
    return int(read[0]["Plan"]["Plan Rows"])


def _matching(condition: Condition) -> str:
    return f"SELECT 1 FROM incidents_incident WHERE {tenancy.ASKING} AND {condition.sql}"  # noqa: S608
