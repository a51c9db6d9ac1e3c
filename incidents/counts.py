"""How many incidents a tenant has, without counting them."""

from django.db import connection

from accounts import tenancy
from accounts.tenancy import new_id

_SHARDS = 16
_ADD = """
    INSERT INTO incidents_count AS kept (id, tenant_id, shard, incidents)
    VALUES (%s, %s, %s, %s)
    ON CONFLICT (tenant_id, shard) DO UPDATE SET incidents = kept.incidents + excluded.incidents
"""
_TOTAL = tenancy.Select(
    "SELECT coalesce(sum(incidents), 0)::bigint FROM incidents_count"  # noqa: S608 - a constant
    f" WHERE {tenancy.ASKING} OFFSET 0"
)


def add(tenant_id: str, number: int) -> None:
    """Count ``number`` incidents more, or fewer, if this transaction commits.

    The last row that an operation locks, and another one for each connection if it can be: writers
    of one tenant wait here for each other only when there are more of them than parts.
    """
    with connection.cursor() as cursor:
        shard = connection.connection.pgconn.backend_pid % _SHARDS
        cursor.execute(_ADD, [new_id(), tenant_id, shard, number])


def total(tenant_id: str) -> int:
    """How many there are."""
    return int(tenancy.read(tenant_id, _TOTAL)[0][0])
