"""Incidents to measure on: twelve attributes, twenty tenants of Zipf sizes."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import psycopg

TENANTS = tuple(f"tenant-{number:02}" for number in range(1, 21))
LARGEST = TENANTS[0]
LOADED_BY = "loader"
VERSION = 4  # of what is loaded; a kept data directory of another one is loaded anew

CATEGORIES = ("NETWORK", "STORAGE", "COMPUTE", "DATABASE", "QUEUE", "CERTIFICATE", "DNS", "OTHER")
COUNTS = 10_000  # as many different values has "count"
COUNT_RANGE = COUNTS // 100


@dataclass(frozen=True)
class Attribute:
    """An attribute, and the type of the column that a built-in field would be."""

    type: str
    column: str
    indexed: bool = False
    rules: dict[str, Any] = field(default_factory=dict)


ATTRIBUTES = {
    "pending": Attribute("BOOLEAN", "boolean"),
    "customer_facing": Attribute("BOOLEAN", "boolean"),
    "count": Attribute("INTEGER", "bigint", indexed=True),
    "users_affected": Attribute("INTEGER", "bigint"),
    "loss": Attribute("NUMBER", "numeric", indexed=True),
    "region": Attribute("STRING", "text"),
    "team": Attribute("STRING", "text"),
    "ticket": Attribute("STRING", "text", indexed=True, rules={"max_length": 40}),
    "category": Attribute(
        "SELECT", "text", indexed=True, rules={"options": [{"code": code} for code in CATEGORIES]}
    ),
    "day": Attribute("DATE", "date"),
    "detected_at": Attribute("DATETIME", "timestamptz"),
    "link": Attribute("URL", "text"),
}
INDEXED = tuple(name for name, attribute in ATTRIBUTES.items() if attribute.indexed)
# What updates change: without an index, so that a built-in field is updated as cheaply as can be.
UPDATED = "users_affected"

Values = dict[str, Any]

_COLUMNS = (
    "id, tenant_id, name, status, type, date, description, reported_by, attributes, location,"
    " severity, next_update, resolved_date, backdated, created_at, created_by, updated_at,"
    " updated_by, occ_lock"
)
_STATUSES = ("NEW", "OPEN", "IN_PROGRESS", "RESOLVED", "CLOSED")
_TYPES = ("SECURITY", "PERFORMANCE", "MAINTENANCE", "SYSTEM_FAILURE", "OTHERS")
_SEVERITIES = ("LOW", "MEDIUM", "MAJOR", "HIGH", "CRITICAL")
_REGIONS = ("eu-west-1", "eu-central-1", "us-east-1", "us-west-2", "ap-southeast-1")
_WORDS = "disk full latency rising after deploy rollback began customers see errors on checkout"
_FIRST = datetime(2024, 1, 1, tzinfo=UTC)
_SPAN = timedelta(days=700)
_TICKETS = 1_000_000


def values(chance: random.Random, tickets: int = _TICKETS) -> Values:
    """A value of every attribute, as they are stored."""
    number = chance.randrange(tickets)
    return {
        "pending": chance.random() < 0.5,
        "customer_facing": chance.random() < 0.1,
        "count": chance.randrange(COUNTS),
        "users_affected": chance.randrange(1_000_000),
        "loss": Decimal(chance.randrange(100, 10_000_000) * 10 + 1).scaleb(-3),
        "region": chance.choice(_REGIONS),
        "team": f"team-{chance.randrange(200)}",
        "ticket": f"INC-{number}",
        "category": chance.choice(CATEGORIES),
        "day": _moment(chance).date().isoformat(),
        "detected_at": _stored(_moment(chance)),
        "link": f"https://status.example.com/incidents/{chance.getrandbits(48)}",
    }


def own_fields(chance: random.Random) -> dict[str, str]:
    """What every incident must have, as a client sends it."""
    words = _WORDS.split()
    return {
        "name": " ".join(chance.sample(words, 4)).capitalize(),
        "status": chance.choice(_STATUSES),
        "type": chance.choice(_TYPES),
        "date": _moment(chance).isoformat().replace("+00:00", "Z"),
        "description": " ".join(chance.choices(words, k=30)),
        "reported_by": f"Reporter {chance.randrange(1_000)}",
        "severity": chance.choice(_SEVERITIES),
    }


def dumps(value: Any) -> bytes:
    """JSON with decimals as they are."""
    return orjson.dumps(value, default=lambda number: orjson.Fragment(format(number, "f")))


def zipf_sizes(incidents: int) -> list[int]:
    """How many incidents each tenant has: the second half as many as the first, and so on."""
    whole = sum(1 / rank for rank in range(1, len(TENANTS) + 1))
    sizes = [int(incidents / rank / whole) for rank in range(1, len(TENANTS) + 1)]
    sizes[0] += incidents - sum(sizes)
    return sizes


def load(connection: psycopg.Connection[Any], slots: dict[str, str], incidents: int) -> None:
    """Replace what is there by ``incidents`` incidents.

    As the superuser: PostgreSQL does not COPY into a table with row-level security for anyone else.
    Loaded incidents have no history, which nothing here reads.
    """
    with connection.transaction():
        connection.execute("TRUNCATE incidents_incident, incidents_comment, history_tenantevent")
        with connection.cursor().copy(f"COPY incidents_incident ({_COLUMNS}) FROM STDIN") as copy:
            for row in _rows(slots, incidents):
                copy.write_row(row)
        recount(connection)


def forget_measured(connection: psycopg.Connection[Any]) -> None:
    """Take away what an earlier run created."""
    with connection.transaction():
        connection.execute("TRUNCATE history_tenantevent")
        connection.execute("DELETE FROM incidents_incident WHERE created_by <> %s", [LOADED_BY])
        recount(connection)


def recount(connection: psycopg.Connection[Any]) -> None:
    """Tell the service's own counts what was stored behind its back."""
    connection.execute("TRUNCATE incidents_count")
    connection.execute(
        "INSERT INTO incidents_count (id, tenant_id, shard, incidents)"
        " SELECT gen_random_uuid(), tenant_id, 0, count(*) FROM incidents_incident"
        " GROUP BY tenant_id"
    )
    connection.execute(
        "INSERT INTO accounts_tenant (id, created_at)"
        " SELECT DISTINCT tenant_id, now() FROM incidents_count ON CONFLICT DO NOTHING"
    )


def _rows(slots: dict[str, str], incidents: int) -> Iterator[tuple[Any, ...]]:
    """Rows in the order of their time, the tenants mixed as they would be."""
    chance = random.Random(incidents)
    sizes = zipf_sizes(incidents)
    owners = [t for t, size in zip(TENANTS, sizes, strict=True) for _ in range(size)]
    chance.shuffle(owners)
    for number, tenant_id in enumerate(owners):
        at = _FIRST + _SPAN * (number / incidents)
        own = own_fields(chance)
        stored = {slots[name]: value for name, value in values(chance, incidents).items()}
        yield (
            _id(at, chance),
            tenant_id,
            own["name"],
            own["status"],
            own["type"],
            own["date"],
            own["description"],
            own["reported_by"],
            dumps(stored).decode(),
            "",
            own["severity"],
            0,
            None,
            False,
            at,
            LOADED_BY,
            at,
            LOADED_BY,
            0,
        )


def _id(at: datetime, chance: random.Random) -> UUID:
    """A UUID of version 7 as it would have been made then."""
    milliseconds = int(at.timestamp() * 1_000)
    return UUID(
        int=milliseconds << 80
        | 7 << 76
        | chance.getrandbits(12) << 64
        | 2 << 62
        | chance.getrandbits(62)
    )


def _moment(chance: random.Random) -> datetime:
    return _FIRST + timedelta(seconds=chance.randrange(int(_SPAN.total_seconds())))


def _stored(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
