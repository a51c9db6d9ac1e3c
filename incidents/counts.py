"""How many incidents a tenant has, without counting them."""

from django.db import connection

from accounts import tenancy
from accounts.tenancy import new_id
from incidents_project.database.together import Change, carry_out

_SHARDS = 16
_ADD = """
    INSERT INTO incidents_count AS kept (id, tenant_id, shard, incidents)
    VALUES (%s, %s, %s, %s)
    ON CONFLICT (tenant_id, shard) DO UPDATE SET incidents = kept.incidents + excluded.incidents
"""
_KNOW = """
    INSERT INTO accounts_tenant (id, created_at)
    SELECT %s, now() WHERE NOT EXISTS (SELECT FROM accounts_tenant WHERE id = %s)
    ON CONFLICT DO NOTHING
"""
_TOTAL = tenancy.Select(
    "SELECT coalesce(sum(incidents), 0)::bigint FROM incidents_count"  # noqa: S608 - a constant
    f" WHERE {tenancy.ASKING} OFFSET 0"
)


def add(tenant_id: str, number: int) -> Change:
    """Count ``number`` incidents more, or fewer, if this transaction commits.

    The last row that an operation locks, and another one for each connection if it can be: writers
    of one tenant wait here for each other only when there are more of them than parts.
    """
    shard = connection.connection.pgconn.backend_pid % _SHARDS
    return Change(_ADD, [new_id(), tenant_id, shard, number])


def know(tenant_id: str) -> Change:
    """Keep the name of a tenant that has incidents: jobs go through them tenant by tenant."""
    return Change(_KNOW, [tenant_id, tenant_id])


_LOCK = "SELECT pg_advisory_xact_lock(7717, 3)"  # the fence has 1, who builds indexes 2
_ERROR = """
    SELECT (SELECT count(*) FROM incidents_incident WHERE tenant_id = %s)
         - (SELECT coalesce(sum(incidents), 0) FROM incidents_count WHERE tenant_id = %s)
"""
_ERRORS = """
    SELECT tenant_id, sum(number)::bigint FROM (
        SELECT tenant_id, count(*) AS number FROM incidents_incident GROUP BY tenant_id
        UNION ALL SELECT tenant_id, -incidents FROM incidents_count
    ) AS numbers
    GROUP BY tenant_id HAVING sum(number) <> 0 ORDER BY tenant_id
"""


def miscounted() -> dict[str, int]:
    """How many incidents more there are than were counted, of tenants where the two differ.

    All numbers are of one moment.
    """
    with tenancy.survey("0"), connection.cursor() as cursor:
        cursor.execute(_ERRORS)
        return dict(cursor.fetchall())


def recount(tenant_id: str) -> bool:
    """Count a tenant's incidents one by one; whether they were counted wrong.

    Both numbers are of one moment, and whoever writes changes both by the same; so the difference
    may be added later, without keeping anybody out. Only who mends must be alone.
    """
    with tenancy.scope(tenant_id), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(_LOCK)
        cursor.execute(_ERROR, [tenant_id, tenant_id])
        error = int(cursor.fetchone()[0])
        if error:
            carry_out(add(tenant_id, error))
    return error != 0


def total(tenant_id: str) -> int:
    """How many there are."""
    return int(tenancy.read(tenant_id, _TOTAL)[0][0])


def everywhere() -> int:
    """How many all tenants have."""
    with tenancy.survey(), connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(incidents), 0)::bigint FROM incidents_count")
        return int(cursor.fetchone()[0])
