"""A thin service over the twin tables: FastAPI, pydantic, psycopg and orjson, and nothing more.

No tokens, no tenancy checks, no definitions: what one would write if the twelve attributes were
built in. Its answers are declared as models, so that they are documented as ours are, unless
``THIN_ANSWERS`` is ``bare``: then rows go to orjson as they are. ``running.thin`` starts it.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
import uuid_utils.compat as uuid_utils
from fastapi import FastAPI, HTTPException, Query, Response
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool
from pydantic import AnyHttpUrl, AwareDatetime, BaseModel

from tests.benchmarks import twin

_WHO = "thin"
_DECLARED = os.environ.get("THIN_ANSWERS") != "bare"
_pool = AsyncConnectionPool(
    os.environ["THIN_DATABASE"],
    min_size=4,
    max_size=8,
    open=False,
    kwargs={"autocommit": True, "row_factory": dict_row, "prepare_threshold": 1},
)


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with _pool:
        yield


app = FastAPI(lifespan=_lifespan, openapi_url=None)


class NewIncident(BaseModel):
    """What creating one takes."""

    name: str
    status: str
    type: str
    date: AwareDatetime
    description: str
    reported_by: str
    location: str = ""
    severity: str = ""
    next_update: int = 0
    resolved_date: AwareDatetime | None = None
    backdated: bool = False
    pending: bool
    customer_facing: bool
    count: int
    users_affected: int
    loss: Decimal
    region: str
    team: str
    ticket: str
    category: Literal[
        "NETWORK", "STORAGE", "COMPUTE", "DATABASE", "QUEUE", "CERTIFICATE", "DNS", "OTHER"
    ]
    day: date
    detected_at: AwareDatetime
    link: AnyHttpUrl


class Incident(BaseModel):
    """One as it is answered."""

    id: UUID
    name: str
    status: str
    type: str
    date: datetime
    description: str
    reported_by: str
    location: str
    severity: str
    next_update: int
    resolved_date: datetime | None
    backdated: bool
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    tenant_id: str
    occ_lock: int
    pending: bool
    customer_facing: bool
    count: int
    users_affected: int
    loss: Decimal
    region: str
    team: str
    ticket: str
    category: str
    day: date
    detected_at: datetime
    link: str


class Page(BaseModel):
    """Incidents, and their number if it was wanted."""

    incidents: list[Incident]
    more: bool
    total: int | None = None


_PAGE, _INCIDENT = (Page, Incident) if _DECLARED else (None, None)


class Change(BaseModel):
    """What changing one takes."""

    occ_lock: int
    users_affected: int


def _dumps(value: Any) -> bytes:
    return orjson.dumps(value, default=str, option=orjson.OPT_UTC_Z)  # numeric as text: exactly


def _answer(value: Any, status: int = 200) -> Any:
    if _DECLARED:
        return value  # for FastAPI to check and to write
    return Response(_dumps(value), status, media_type="application/json")


@app.get("/{tenant_id}/incidents", response_model=_PAGE)
async def list_incidents(
    tenant_id: str,
    category: str | None = None,
    count_from: int | None = None,
    count_below: int | None = None,
    ticket: str | None = None,
    link: str | None = None,
    sort: Annotated[Literal["count", "loss"] | None, Query()] = None,
    total: bool = False,
) -> Any:
    """A page of incidents, and their number if it is wanted."""
    counts = None if count_from is None or count_below is None else (count_from, count_below)
    search = twin.Search(category, counts, ticket, link, sort, total)
    async with _pool.connection() as connection:
        rows = await (await connection.execute(*twin.page(tenant_id, search))).fetchall()
        answer = {"incidents": rows[: twin.PAGE], "more": len(rows) > twin.PAGE}
        if total:
            found = await (await connection.execute(*twin.count(tenant_id, search))).fetchone()
            answer["total"] = found["count"]
    return _answer(answer)


@app.get("/{tenant_id}/incidents/{incident_id}", response_model=_INCIDENT)
async def read_incident(tenant_id: str, incident_id: UUID) -> Any:
    """One incident."""
    async with _pool.connection() as connection:
        cursor = await connection.execute(twin.READ, [tenant_id, incident_id])
        row = await cursor.fetchone()
    if row is None:
        raise HTTPException(404)
    return _answer(row)


@app.post("/{tenant_id}/incidents", status_code=201, response_model=_INCIDENT)
async def create_incident(tenant_id: str, incident: NewIncident) -> Any:
    """Record an incident."""
    id_, now = uuid_utils.uuid7(), datetime.now(UTC)
    columns = incident.model_dump() | {"link": str(incident.link)}
    changes = [{"field": name, "old": None, "new": value} for name, value in columns.items()]
    columns |= {"id": id_, "tenant_id": tenant_id, "occ_lock": 0, "created_at": now}
    columns |= {"created_by": _WHO, "updated_at": now, "updated_by": _WHO}
    async with _pool.connection() as connection, connection.transaction():
        cursor = await connection.execute(twin.INSERT, [columns[name] for name in twin.COLUMNS])
        row = await cursor.fetchone()
        entry = _entry(tenant_id, id_, "incident.created", changes, None, 0)
        await connection.execute(twin.RECORD, entry)
    return _answer(row, 201)


@app.patch("/{tenant_id}/incidents/{incident_id}", response_model=_INCIDENT)
async def update_incident(tenant_id: str, incident_id: UUID, change: Change) -> Any:
    """Change one value, against the version that the client has seen."""
    async with _pool.connection() as connection, connection.transaction():
        before = await (await connection.execute(twin.LOCK, [tenant_id, incident_id])).fetchone()
        if before is None:
            raise HTTPException(404)
        if before["occ_lock"] != change.occ_lock:
            raise HTTPException(409)
        values = [change.users_affected, datetime.now(UTC), _WHO, tenant_id, incident_id]
        row = await (await connection.execute(twin.UPDATE, values)).fetchone()
        old, new = before["users_affected"], change.users_affected
        changes = [{"field": "users_affected", "old": old, "new": new}]
        versions = before["occ_lock"], before["occ_lock"] + 1
        entry = _entry(tenant_id, incident_id, "incident.updated", changes, *versions)
        await connection.execute(twin.RECORD, entry)
    return _answer(row)


def _entry(
    tenant_id: str,
    incident_id: UUID,
    action: str,
    changes: list[dict[str, Any]],
    before: int | None,
    after: int,
) -> list[Any]:
    now, correlation_id = datetime.now(UTC), str(uuid_utils.uuid7())
    told = Jsonb(changes, dumps=_dumps)
    known = [uuid_utils.uuid7(), tenant_id, now, _WHO, _WHO, action, incident_id]
    return [*known, before, after, told, correlation_id, incident_id]
