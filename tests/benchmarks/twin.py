"""The same incidents with the twelve attributes as columns of their own types, as if built in.

Its tables stand in the same database, in a schema of their own, which ``manage.py migrate`` leaves
alone: they belong to the superuser and have no row-level security.
The SQL here is written by hand. *Raw* runs it from psycopg, and the thin service behind HTTP.
"""

from dataclasses import dataclass
from typing import Any

import psycopg

from tests.benchmarks import data

PAGE = 50
OWN = (
    "id",
    "name",
    "status",
    "type",
    "date",
    "description",
    "reported_by",
    "location",
    "severity",
    "next_update",
    "resolved_date",
    "backdated",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "tenant_id",
    "occ_lock",
)
COLUMNS = (*OWN, *data.ATTRIBUTES)

_LIST = ", ".join(COLUMNS)
_SELECT = f"SELECT {_LIST} FROM bench.incident WHERE tenant_id = %s"
READ = f"{_SELECT} AND id = %s"
LOCK = f"{READ} FOR UPDATE"
INSERT = (
    f"INSERT INTO bench.incident ({_LIST}) VALUES ({', '.join(['%s'] * len(COLUMNS))}) RETURNING *"
)
UPDATE = (
    f"UPDATE bench.incident SET {data.UPDATED} = %s, updated_at = %s, updated_by = %s,"
    " occ_lock = occ_lock + 1 WHERE tenant_id = %s AND id = %s RETURNING *"
)
RECORD = """
    INSERT INTO bench.history (id, tenant_id, at, subject, name, action, object_id,
        occ_lock_before, occ_lock_after, changes, correlation_id, incident_id)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True)
class Search:
    """A list as it is asked for, whoever is asked."""

    category: str | None = None
    count: tuple[int, int] | None = None  # from, below
    ticket: str | None = None
    link: str | None = None
    sort: str | None = None  # an attribute, descending
    total: bool = False


def page(tenant_id: str, search: Search) -> tuple[str, list[Any]]:
    """The statement of a page and one row more, and its parameters."""
    condition, parameters = _conditions(search)
    order = search.sort or "created_at"
    statement = f"{_SELECT}{condition} ORDER BY {order} DESC, id DESC LIMIT %s"
    return statement, [tenant_id, *parameters, PAGE + 1]


def count(tenant_id: str, search: Search) -> tuple[str, list[Any]]:
    """The statement of the exact total."""
    condition, parameters = _conditions(search)
    statement = f"SELECT count(*) FROM bench.incident WHERE tenant_id = %s{condition}"
    return statement, [tenant_id, *parameters]


def _conditions(search: Search) -> tuple[str, list[Any]]:
    condition, parameters = "", []
    for name in ("category", "ticket", "link"):
        wanted = getattr(search, name)
        if wanted is not None:
            condition += f" AND {name} = %s"
            parameters.append(wanted)
    if search.count is not None:
        condition += " AND count >= %s AND count < %s"
        parameters += search.count
    return condition, parameters


def make(connection: psycopg.Connection[Any], slots: dict[str, str]) -> None:
    """Copy the incidents over, and index what is indexed of them."""
    typed = ", ".join(
        f"(attributes ->> '{slots[name]}')::{attribute.column} AS {name}"
        for name, attribute in data.ATTRIBUTES.items()
    )
    with connection.transaction():
        run = connection.execute
        run("CREATE SCHEMA IF NOT EXISTS bench")
        run("DROP TABLE IF EXISTS bench.incident, bench.history")
        run("CREATE TABLE bench.history (LIKE history_tenantevent INCLUDING DEFAULTS)")
        run("ALTER TABLE bench.history ADD PRIMARY KEY (tenant_id, id)")
        run("CREATE INDEX ON bench.history (tenant_id, incident_id, id DESC)")
        run(
            "CREATE TABLE bench.incident AS"
            f" SELECT {', '.join(OWN)}, {typed} FROM incidents_incident ORDER BY created_at"
        )
        for column in COLUMNS:
            if column != "resolved_date":
                run(f"ALTER TABLE bench.incident ALTER {column} SET NOT NULL")
        run("ALTER TABLE bench.incident ADD PRIMARY KEY (tenant_id, id)")
        for column in ("created_at", "date", "status, created_at", *data.INDEXED):
            run(f"CREATE INDEX ON bench.incident (tenant_id, {column}, id)")


def forget_measured(connection: psycopg.Connection[Any]) -> None:
    """Take away what an earlier run created."""
    connection.execute("TRUNCATE bench.history")
    connection.execute("DELETE FROM bench.incident WHERE created_by <> %s", [data.LOADED_BY])
