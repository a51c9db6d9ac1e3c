"""Reading incidents: one statement from the table to plain dictionaries.

The statements are made of this module's own constants; whatever a client sent is a parameter. Each
also reads the epoch's stamp, so that rows are shown with the definitions they were read under.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from psycopg.types.datetime import TimestamptzLoader

from accounts import tenancy
from attributes.schema import Schema, schemas
from incidents.models import Incident
from incidents.presenter import COLUMNS, Row, present
from incidents.sorting import Key, after, order_by
from incidents_project.database.fields import ExactJSONField
from incidents_project.refusals import NotFound, Unavailable

_LIST = ", ".join(f'"{column}"' for column in COLUMNS)
_SELECT = (
    f"SELECT {_LIST}, (SELECT stamp FROM attributes_epoch)"  # noqa: S608 - of our constants
    " FROM incidents_incident WHERE tenant_id = %s"
)
_ATTRIBUTES = COLUMNS.index("attributes")
_decode = ExactJSONField().from_db_value
_TRIES = 5

Position = list[Any]


@dataclass(frozen=True, slots=True)
class Found:
    """Rows as answered, whether there are more behind them, and how many there are in all."""

    rows: list[Row]
    more: bool
    total: int


def no_such_incident() -> NotFound:
    """The one answer for an id that is nobody's and for one that is another tenant's."""
    return NotFound("There is no such incident.")


def read_one(tenant_id: str, incident_id: UUID) -> Row:
    """One incident as answered; raises ``NotFound``."""
    with tenancy.scope(tenant_id):
        rows = _read(_SELECT + " AND id = %s", [tenant_id, incident_id])
    if not rows:
        raise no_such_incident()
    return rows[0]


def read_page(
    tenant_id: str,
    keys: tuple[Key, ...],
    *,
    size: int,
    offset: int = 0,
    position: Position | None = None,
) -> Found:
    """A page in the order of ``keys``, from ``offset`` or behind ``position``."""
    statement = _SELECT
    parameters: list[Any] = [tenant_id]
    if position is not None:
        condition, values = after(keys, position)
        statement, parameters = f"{statement} AND {condition}", [*parameters, *values]
    statement += f" ORDER BY {order_by(keys)} LIMIT %s"
    parameters.append(size + 1)
    if offset:
        statement += " OFFSET %s"
        parameters.append(offset)
    with tenancy.scope(tenant_id):
        rows = _read(statement, parameters)
        total = _count(tenant_id)
    return Found(rows[:size], more=len(rows) > size, total=total)


def missing(tenant_id: str, ids: Collection[UUID]) -> set[UUID]:
    """Those of ``ids`` that are no incident of the tenant's."""
    found = Incident.objects.for_tenant(tenant_id).filter(id__in=ids).values_list("id", flat=True)
    return set(ids).difference(found)


def _count(tenant_id: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM incidents_incident WHERE tenant_id = %s", [tenant_id])
        return int(cursor.fetchone()[0])


def _read(statement: str, parameters: list[Any]) -> list[Row]:
    for _ in range(_TRIES):
        with connection.cursor() as cursor:
            # The driver's own loader: Django's gives the same times, each through Python.
            cursor.cursor.adapters.register_loader("timestamptz", TimestamptzLoader)
            cursor.execute(statement, parameters)
            records = cursor.fetchall()
        if not records:
            return []
        stamp = records[0][-1]
        schema = schemas.at(stamp)
        if schema.stamp == stamp:
            return [_row(record, schema) for record in records]
    raise Unavailable("The attributes are being changed. Try again.", code="schema_busy")


def _row(record: tuple[Any, ...], schema: Schema) -> Row:
    row = dict(zip(COLUMNS, record, strict=False))
    row["attributes"] = _decode(record[_ATTRIBUTES])
    return present(row, schema)
