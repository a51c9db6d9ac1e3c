"""Why an attribute's index is of use to the service's role at all.

Behind row-level security PostgreSQL looks into an index only with functions that are marked as
leaking nothing; else a condition is asked after the wall, of each of the tenant's rows. Those of
JSONB and of numbers leak nothing: what they raise does not depend on a value, but for the cast of
one to the other on what is no number, of which it would say just that. PostgreSQL does not mark
them, and only a superuser may, in each database. Without the mark answers are the same, and slower.
"""

from typing import Any

import psycopg
from psycopg import sql

FUNCTIONS = (
    "jsonb_object_field(jsonb, text)",
    "jsonb_eq(jsonb, jsonb)",
    "jsonb_ne(jsonb, jsonb)",
    "jsonb_lt(jsonb, jsonb)",
    "jsonb_gt(jsonb, jsonb)",
    "jsonb_le(jsonb, jsonb)",
    "jsonb_ge(jsonb, jsonb)",
    "jsonb_contains(jsonb, jsonb)",
    "jsonb_typeof(jsonb)",
    '"numeric"(jsonb)',
    "numeric_eq(numeric, numeric)",
    "numeric_ne(numeric, numeric)",
    "numeric_lt(numeric, numeric)",
    "numeric_gt(numeric, numeric)",
    "numeric_le(numeric, numeric)",
    "numeric_ge(numeric, numeric)",
)
REMEDY = (
    "This database cannot use indexes of attributes for the service: run 'manage.py setup_database'"
    " as a superuser, once."
)
_UNMARKED = """
    SELECT name FROM unnest(%s::text[]) AS name
    JOIN pg_proc ON pg_proc.oid = ('pg_catalog.' || name)::regprocedure
    WHERE NOT proleakproof
"""

Connection = psycopg.Connection[Any]


def indexes_usable(connection: Connection) -> bool:
    """Whether indexes of attributes serve the service's role in this database."""
    return not _unmarked(connection)


def mark(connection: Connection) -> None:
    """Mark what is not marked yet; for a superuser, inside the database."""
    for name in _unmarked(connection):
        statement = sql.SQL("ALTER FUNCTION pg_catalog.{} LEAKPROOF")
        connection.execute(statement.format(sql.SQL(name)))  # one of FUNCTIONS


def _unmarked(connection: Connection) -> list[Any]:
    rows = connection.execute(_UNMARKED, [list(FUNCTIONS)], prepare=False)
    return [name for (name,) in rows]
