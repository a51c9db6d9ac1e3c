"""The rows of incidents as plain dictionaries: every statement that writes one.

The statements are made of this module's own constants; whatever a client sent is a parameter.
"""

from typing import Any
from uuid import UUID

from django.db import connection
from psycopg.types.json import Jsonb

from attributes.storage import COLUMN, Delta
from incidents.presenter import COLUMNS, Row
from incidents.queries import no_such_incident
from incidents_project.database.together import Change
from incidents_project.exact_json import dumps, loads

_VALUES = COLUMNS.index(COLUMN)
_NAMES = ", ".join(f'"{column}"' for column in COLUMNS)
_PLACES = ", ".join("%s" for _ in COLUMNS)
_INSERT = f"INSERT INTO incidents_incident ({_NAMES}) VALUES ({_PLACES})"  # noqa: S608 - constants
_LOCKED = (
    f"SELECT {_NAMES} FROM incidents_incident"  # noqa: S608
    " WHERE tenant_id = %s AND id = %s FOR UPDATE"
)
_DELETE = "DELETE FROM incidents_incident WHERE tenant_id = %s AND id = %s"


def insert(row: Row) -> Change:
    """Store a new row, which has every column."""
    parameters = [row[column] for column in COLUMNS]
    parameters[_VALUES] = Jsonb(row[COLUMN], dumps=dumps)
    return Change(_INSERT, parameters)


def locked(tenant_id: str, incident_id: UUID) -> Row:
    """The row, held against other writers until this transaction ends; or ``NotFound``."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCKED, [tenant_id, incident_id])
        record = cursor.fetchone()
    if record is None:
        raise no_such_incident()
    row = dict(zip(COLUMNS, record, strict=True))
    row[COLUMN] = loads(row[COLUMN])
    return row


def update(tenant_id: str, incident_id: UUID, columns: dict[str, Any], delta: Delta) -> Change:
    """Store some columns and merge values into those that are there, in one statement."""
    assignments = [f'"{column}" = %s' for column in columns]
    parameters = [*columns.values()]
    if delta:
        merged, merging = delta.merge(COLUMN)
        assignments.append(f'"{COLUMN}" = {merged}')
        parameters += merging
    return Change(
        f"UPDATE incidents_incident SET {', '.join(assignments)}"  # noqa: S608 - constants
        " WHERE tenant_id = %s AND id = %s",
        [*parameters, tenant_id, incident_id],
    )


def delete(tenant_id: str, incident_id: UUID) -> Change:
    """Take a row away; its comments go with it, by their foreign key."""
    return Change(_DELETE, [tenant_id, incident_id])
