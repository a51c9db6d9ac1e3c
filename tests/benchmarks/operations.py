"""The four operations, once over HTTP and once as the same SQL from psycopg.

Both sides have rows of their own to update, so that neither meets the other's locks and versions.
"""

import hashlib
import itertools
import random
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Any
from uuid import UUID

import psycopg
import uuid_utils.compat as uuid_utils
from psycopg.types.json import Jsonb

from tests.benchmarks import data

NAMES = ("read", "list", "create", "update")
PAGE = 50
_BODIES = 200  # different ones, made before anything is measured
_OWN = 200  # few, so that updates do not leave the whole table for the counting of lists to visit


@dataclass
class Rows:
    """Incidents of the measured tenant: any may be read, some are this client's to update."""

    readable: list[UUID]
    own: list[UUID]
    versions: dict[UUID, int]
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def any(self) -> UUID:
        """One to read."""
        return self.chance.choice(self.readable)

    def mine(self) -> UUID:
        """One to update."""
        return self.chance.choice(self.own)


def share(connection: psycopg.Connection[Any], clients: int) -> list[Rows]:
    """The largest tenant's incidents, those to update dealt out to the clients."""
    found = connection.execute(
        "SELECT id, occ_lock FROM incidents_incident WHERE tenant_id = %s", [data.LARGEST]
    ).fetchall()
    random.Random(11).shuffle(found)
    readable = [id_ for id_, _ in found]
    return [
        Rows(readable, readable[number::clients][:_OWN], dict(found[number::clients]))
        for number in range(clients)
    ]


class Client(ABC):
    """One closed loop's end: the next request goes out when the answer is in."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.number = itertools.count()

    def call(self, name: str) -> Callable[[], None]:
        """The operation of this name."""
        return {
            "read": self.read,
            "list": self.list,
            "create": self.create,
            "update": self.update,
        }[name]

    @abstractmethod
    def read(self) -> None:
        """One incident."""

    @abstractmethod
    def list(self) -> None:
        """The first page of fifty, and the total."""

    @abstractmethod
    def create(self) -> None:
        """An incident with twelve values."""

    @abstractmethod
    def update(self) -> None:
        """One value of an incident, against its version."""

    @abstractmethod
    def close(self) -> None:
        """Hang up."""


class OverHTTP(Client):
    """A client of the service."""

    def __init__(self, rows: Rows, connection: HTTPConnection, token: str) -> None:
        super().__init__(rows)
        self.connection = connection
        self.headers = {"Authorization": f"Bearer {token}"}
        self.writing = {**self.headers, "Content-Type": "application/json"}
        chance = random.Random(13)
        self.bodies = [
            data.dumps(data.own_fields(chance) | {"attributes": data.values(chance)})
            for _ in range(_BODIES)
        ]

    def _ask(self, method: str, path: str, body: bytes | None, wanted: int) -> None:
        headers = self.headers if body is None else self.writing
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        told = answer.read()
        if answer.status != wanted:
            raise SystemExit(f"{method} {path} answered {answer.status}: {told.decode()[:500]}")

    def read(self) -> None:
        self._ask("GET", f"/v1/incident/{self.rows.any()}", None, 200)

    def list(self) -> None:
        self._ask("GET", f"/v1/incident?size={PAGE}", None, 200)

    def create(self) -> None:
        self._ask("POST", "/v1/incident", self.bodies[next(self.number) % _BODIES], 201)

    def update(self) -> None:
        id_ = self.rows.mine()
        version = self.rows.versions[id_]
        values = {data.COUNTED: 1_000 + next(self.number)}
        body = data.dumps({"occ_lock": version, "attributes": values})
        self._ask("PATCH", f"/v1/incident/{id_}", body, 200)
        self.rows.versions[id_] = version + 1

    def close(self) -> None:
        self.connection.close()


_TOKEN = """
    SELECT token.*
    FROM (SELECT set_config('app.token_digest', %s, true) AS digest) AS presented
    CROSS JOIN LATERAL (
        SELECT * FROM accounts_apitoken WHERE digest = presented.digest OFFSET 0
    ) AS token
"""
_SCOPE = f"SET LOCAL app.tenant_id = '{data.LARGEST}'"
_COLUMNS = (
    "id, name, status, type, date, description, reported_by, attributes, location, severity,"
    " next_update, resolved_date, backdated, created_at, created_by, updated_at, updated_by,"
    " tenant_id, occ_lock"
)
_SELECT = (
    f"SELECT {_COLUMNS}, (SELECT stamp FROM attributes_epoch) FROM incidents_incident"
    " WHERE tenant_id = %s"
)
_PAGE = f"{_SELECT} ORDER BY created_at DESC, id DESC LIMIT %s"
_COUNT = "SELECT count(*) FROM incidents_incident WHERE tenant_id = %s"
_FENCE = "SELECT pg_advisory_xact_lock_shared(7717, 1)"
_EPOCH = "SELECT stamp FROM attributes_epoch"
_INSERT = f"INSERT INTO incidents_incident ({_COLUMNS}) VALUES ({', '.join(['%s'] * 19)})"
_LOCK = f"SELECT {_COLUMNS} FROM incidents_incident WHERE tenant_id = %s AND id = %s FOR UPDATE"
_UPDATE = """
    UPDATE incidents_incident
    SET updated_at = %s, updated_by = %s, occ_lock = %s, attributes = attributes || %s
    WHERE tenant_id = %s AND id = %s
"""
_RECORD = """
    INSERT INTO history_tenantevent (id, tenant_id, at, subject, name, action, object_id,
        occ_lock_before, occ_lock_after, changes, correlation_id, incident_id)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_WHO = "Benchmark incident_owner"


class OverPsycopg(Client):
    """The service's statements in its order, as its role, without the service."""

    def __init__(
        self, rows: Rows, connection: psycopg.Connection[Any], token: str, slots: dict[str, str]
    ) -> None:
        super().__init__(rows)
        connection.prepare_threshold = 3  # as the service has it
        self.connection = connection
        self.cursor = connection.cursor()
        self.digest = hashlib.sha256(token.encode()).hexdigest()
        self.counted = slots[data.COUNTED]
        chance = random.Random(13)
        self.bodies = [_body(chance, slots) for _ in range(_BODIES)]

    def _enter(self) -> None:
        run = self.cursor.execute
        if run(_TOKEN, [self.digest]).fetchone() is None:
            raise SystemExit("The token is not known.")
        run("BEGIN")
        run(_SCOPE)

    def _fence(self) -> None:
        self.cursor.execute(_FENCE)
        self.cursor.execute(_EPOCH).fetchone()

    def read(self) -> None:
        self._enter()
        rows = self.cursor.execute(f"{_SELECT} AND id = %s", [data.LARGEST, self.rows.any()])
        _require(len(rows.fetchall()) == 1)
        self.cursor.execute("COMMIT")

    def list(self) -> None:
        self._enter()
        self.cursor.execute(_PAGE, [data.LARGEST, PAGE + 1]).fetchall()
        self.cursor.execute(_COUNT, [data.LARGEST]).fetchone()
        self.cursor.execute("COMMIT")

    def create(self) -> None:
        own, stored, changes = self.bodies[next(self.number) % _BODIES]
        self._enter()
        self._fence()
        id_, now = uuid_utils.uuid7(), datetime.now(UTC)
        row = [id_, *own[:6], stored, *own[6:], now, _WHO, now, _WHO, data.LARGEST, 0]
        self.cursor.execute(_INSERT, row)
        self._record("incident.created", id_, now, changes, before=None, after=0)
        self.cursor.execute("COMMIT")

    def update(self) -> None:
        id_, value, now = self.rows.mine(), 1_000 + next(self.number), datetime.now(UTC)
        self._enter()
        self._fence()
        row = self.cursor.execute(_LOCK, [data.LARGEST, id_]).fetchone()
        _require(row is not None)
        version, stored = row[-1], row[7]
        change = {"field": f"attributes.{data.COUNTED}", "slot": self.counted}
        change |= {"old": stored[self.counted], "new": value}
        merged = Jsonb({self.counted: value})
        where = [data.LARGEST, id_]
        self.cursor.execute(_UPDATE, [now, _WHO, version + 1, merged, *where])
        _require(self.cursor.rowcount == 1)
        self._record(
            "incident.updated", id_, now, Jsonb([change]), before=version, after=version + 1
        )
        self.cursor.execute("COMMIT")

    def _record(
        self,
        action: str,
        id_: UUID,
        now: datetime,
        changes: Jsonb,
        *,
        before: int | None,
        after: int,
    ) -> None:
        who = ["token:benchmark", _WHO]
        entry = [uuid_utils.uuid7(), data.LARGEST, now, *who, action, id_, before, after, changes]
        self.cursor.execute(_RECORD, [*entry, str(uuid_utils.uuid7()), id_])

    def close(self) -> None:
        self.connection.close()


def _body(chance: random.Random, slots: dict[str, str]) -> tuple[list[Any], Jsonb, Jsonb]:
    """An incident's own columns, its values and what its history says."""
    own, values = data.own_fields(chance), data.values(chance)
    changes: list[dict[str, Any]] = [
        {"field": name, "old": None, "new": value} for name, value in own.items()
    ]
    changes += [
        {"field": name, "old": None, "new": value}
        for name, value in (("location", ""), ("next_update", 0), ("backdated", False))
    ]
    changes += [
        {"field": f"attributes.{name}", "slot": slots[name], "old": None, "new": value}
        for name, value in values.items()
    ]
    columns = [
        *(own[name] for name in ("name", "status", "type")),
        datetime.fromisoformat(own["date"]),
        own["description"],
        own["reported_by"],
        "",
        own["severity"],
        0,
        None,
        False,
    ]
    stored = {slots[name]: value for name, value in values.items()}
    return columns, Jsonb(stored, dumps=data.dumps), Jsonb(changes, dumps=data.dumps)


def _require(held: bool) -> None:
    if not held:
        raise SystemExit("A statement did not find the incident it was for.")
