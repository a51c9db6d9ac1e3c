"""Which tenant's rows a transaction may touch.

Two walls, one behind the other: every query names the tenant (``for_tenant``), and row-level
security hides everything else from the service's database role, which sees nothing at all until
``scope`` has named a tenant for the transaction.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self, TypeVar
from uuid import UUID

import uuid_utils.compat as uuid_utils
from django.db import connection, models, transaction
from psycopg import sql

from incidents_project.database.constraints import TenantPrimaryKey

TENANT_LENGTH = 64  # characters


def new_id() -> UUID:
    """A UUID version 7: ordered by time, so that inserts stay together in the index."""
    return uuid_utils.uuid7()


@contextmanager
def scope(tenant_id: str) -> Iterator[None]:
    """One transaction that sees and writes the rows of ``tenant_id`` alone.

    Inside another transaction it is a savepoint, and gives back what was in force before.
    """
    nested = connection.in_atomic_block
    with transaction.atomic():
        outer = _current() if nested else ""
        _enter(tenant_id)
        yield
        if nested:
            _enter(outer)


def _current() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('app.tenant_id', true), '')")
        return str(cursor.fetchone()[0])


def _enter(tenant_id: str) -> None:
    # A literal, not set_config(): a distributed database passes only SET LOCAL on to its workers.
    statement = sql.SQL("SET LOCAL app.tenant_id = {}").format(sql.Literal(tenant_id))
    with connection.cursor() as cursor:
        cursor.execute(statement.as_string(None))


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
