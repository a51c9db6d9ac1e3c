"""Which tenant's rows a transaction may touch.

Two walls, one behind the other: every query names the tenant (``for_tenant``), and row-level
security hides everything else from the service's database role, which sees nothing at all until
``scope`` has named a tenant for the transaction. What concerns the definitions is counted over
every tenant: ``survey`` reads as a role of its own, which writes nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self, TypeVar
from uuid import UUID

import uuid_utils.compat as uuid_utils
from django.db import DEFAULT_DB_ALIAS, connection, connections, models, transaction
from psycopg import sql

from incidents_project.database import roles
from incidents_project.database.backend.base import last_rows
from incidents_project.database.constraints import TenantPrimaryKey

TENANT_LENGTH = 64  # characters


def new_id() -> UUID:
    """A UUID version 7: ordered by time, so that inserts stay together in the index."""
    return uuid_utils.uuid7()


@contextmanager
def scope(tenant_id: str, first: str = "") -> Iterator[list[tuple[Any, ...]]]:
    """One transaction that sees and writes the rows of ``tenant_id`` alone.

    It begins with the statements of ``first``, and yields what the last of them found. Inside
    another transaction it is a savepoint, and gives back what was in force before.
    """
    statements = f"{_naming(tenant_id)}; {first}"
    if connection.in_atomic_block:
        with transaction.atomic():
            outer = _current()
            with connection.cursor() as cursor:
                cursor.execute(statements)
                found = last_rows(cursor)
            yield found
            _enter(outer)
    else:
        # Our own backend's: all of it travels in the message that begins the transaction.
        with connection.opening(statements), transaction.atomic():  # type: ignore[attr-defined]
            yield connection.opened_with  # type: ignore[attr-defined]


# What a ``Select`` must say of the tenant, in its WHERE.
ASKING = "tenant_id = %s AND asking.tenant_id IS NOT NULL"
_READ = """
    SELECT answer.* FROM (SELECT set_config('app.tenant_id', %s, true) AS tenant_id) AS asking
    CROSS JOIN LATERAL ({sql}) AS answer
"""


@dataclass(frozen=True, slots=True)
class Select:
    """A SELECT that ``read`` can carry out for a tenant.

    ``sql`` has ``ASKING`` in its WHERE, and ends with LIMIT or OFFSET: from that it follows that
    PostgreSQL names the tenant before it looks at a row. Were it the other way round, row-level
    security would show none. The parameters of its columns stand before the tenant's.
    """

    sql: str
    parameters: Sequence[Any] = ()
    of_columns: Sequence[Any] = ()

    def of(self, tenant_id: str) -> tuple[str, list[Any]]:
        """The statement, and its parameters.

        It names its tenant itself: ``scope`` takes two messages more.
        """
        parameters = [tenant_id, *self.of_columns, tenant_id, *self.parameters]
        return _READ.format(sql=self.sql), parameters


def read(tenant_id: str, select: Select) -> list[tuple[Any, ...]]:
    """The rows that ``select`` finds of this tenant's."""
    ours: Any = connections[DEFAULT_DB_ALIAS]  # asked for once: there is one for each thread
    nested = ours.in_atomic_block  # a setting lasts as long as the transaction
    with scope(tenant_id) if nested else nullcontext():
        rows: list[tuple[Any, ...]] = ours.fetch(*select.of(tenant_id))
    return rows


_ONE_MOMENT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"


@contextmanager
def survey(longest: str = "10min") -> Iterator[None]:
    """One transaction that reads the rows of every tenant, all as of one moment, and writes none.

    It sees the tables of models that say ``surveyed``; a statement that takes ``longest`` is
    stopped. Inside another transaction it is a savepoint, where each statement sees a moment of its
    own. Either is rolled back in the end, so that what was in force before is given back.
    """
    surveyor = roles.surveyor_of(connection.settings_dict["USER"])
    statements = _surveying(surveyor, longest)
    if connection.in_atomic_block:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statements)
            yield
            transaction.set_rollback(True)
    else:
        begun = f"{_ONE_MOMENT}; {statements}"
        with connection.opening(begun), transaction.atomic():  # type: ignore[attr-defined]
            yield
            transaction.set_rollback(True)


@lru_cache(maxsize=16)
def _surveying(surveyor: str, longest: str) -> str:
    statements = sql.SQL(
        "SET TRANSACTION READ ONLY; SET LOCAL ROLE {}; SET LOCAL statement_timeout = {}"
    ).format(sql.Identifier(surveyor), sql.Literal(longest))
    return statements.as_string(None)


def stream(statement: str, parameters: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
    """The rows that a statement finds, one by one, so that none has to stay in memory.

    Until the last one the connection does nothing else. PostgreSQL can share the work among
    processes, as it cannot for a cursor of its own.
    """
    with connection.cursor() as cursor, connection.wrap_database_errors:
        yield from cursor.cursor.stream(statement, parameters)


def _current() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('app.tenant_id', true), '')")
        return str(cursor.fetchone()[0])


def _enter(tenant_id: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_naming(tenant_id))


@lru_cache(maxsize=4_096)
def _naming(tenant_id: str) -> str:
    # A literal, not set_config(): a distributed database passes only SET LOCAL on to its workers.
    statement = sql.SQL("SET LOCAL app.tenant_id = {}").format(sql.Literal(tenant_id))
    return statement.as_string(None)


Row = TypeVar("Row", bound=models.Model)


class TenantQuerySet(models.QuerySet[Row]):
    """The accessor through which every query of a tenant's rows goes."""

    def for_tenant(self, tenant_id: str) -> Self:
        """Only the rows of this tenant."""
        return self.filter(tenant_id=tenant_id)


class TenantOwned(models.Model):
    """A row that belongs to one tenant: ``(tenant_id, id)`` is its key in the database."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant_id = models.CharField(max_length=TENANT_LENGTH, editable=False)

    class Meta:
        abstract = True
        constraints = [TenantPrimaryKey(name="%(app_label)s_%(class)s_key")]
