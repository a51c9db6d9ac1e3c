"""What is measured, as each side is asked for it.

*ours* is the service, *thin* the thin one, *raw* the SQL from psycopg. All update rows of their
own, so that none meets another's locks and versions.
"""

import itertools
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
import psycopg
import uuid_utils.compat as uuid_utils
from psycopg.types.json import Jsonb

from incidents_project.database import cluster
from tests.benchmarks import data, twin
from tests.benchmarks.twin import PAGE, Search
from tests.benchmarks.wire import Wire, request

OURS, THIN, RAW = SIDES = ("ours", "thin", "raw")
DEEP = 1_000  # the page that a cursor leads to
_VARIANTS = 100  # different requests of each kind, made before anything is measured
_OWN = 50  # of each side and connection, to update
_READABLE = 5_000

Call = Callable[[], Any]


@dataclass(frozen=True)
class Known:
    """What is stored, as far as the requests have to know; all of the largest tenant."""

    readable: list[UUID]
    own: list[tuple[UUID, int, int]]  # to update, with their versions: ours, the twin's
    tickets: list[str]  # those of one to three incidents
    links: list[str]
    deep: dict[str, str] = field(default_factory=dict)  # sort -> the cursor of page DEEP


def known(connection: psycopg.Connection[Any]) -> Known:
    """Look it up."""

    def column(query: str) -> list[Any]:
        rows = connection.execute(query, {"tenant": data.LARGEST, "most": _READABLE})
        return [row[0] for row in rows]

    of_tenant = "FROM bench.incident WHERE tenant_id = %(tenant)s"
    ids = column(f"SELECT id {of_tenant} ORDER BY md5(id::text) LIMIT %(most)s")
    own = connection.execute(
        "SELECT id, i.occ_lock, b.occ_lock FROM incidents_incident i"
        " JOIN bench.incident b USING (tenant_id, id) WHERE tenant_id = %s AND id = ANY(%s)",
        [data.LARGEST, ids],
    )
    return Known(
        readable=ids,
        own=own.fetchall(),
        tickets=column(
            f"SELECT ticket {of_tenant} GROUP BY ticket HAVING count(*) < 4"
            " ORDER BY md5(ticket) LIMIT 500"
        ),
        links=column(f"SELECT link {of_tenant} ORDER BY md5(link) LIMIT 100"),
    )


LIST, SELECT, RANGE, RANGE_IN_ORDER = "list", "select", "range", "range in order"
SORT, RARE, UNINDEXED = "sort", "rare text", "unindexed"
TOTAL, EXACT = "default total", "exact total"
READ, CREATE, UPDATE = "read", "create", "update"
LISTS = (LIST, TOTAL, EXACT, SELECT, RANGE, RANGE_IN_ORDER, SORT, RARE, UNINDEXED)
WRITES = (CREATE, UPDATE)
DEEP_SORTS = {"": "default order", "attributes.loss,DESC": "loss"}
FIRST_PAGES = {sort: f"first, {name}" for sort, name in DEEP_SORTS.items()}
DEEP_PAGES = {sort: f"deep, {name}" for sort, name in DEEP_SORTS.items()}
PAGES = tuple(name for sort in DEEP_SORTS for name in (FIRST_PAGES[sort], DEEP_PAGES[sort]))
NAMES = (*LISTS, *PAGES, READ, *WRITES)


def searches(name: str, found: Known) -> list[Search]:
    """The lists that the operation asks for, the same on every side."""
    chance = random.Random(name)

    def one() -> Search:
        first = chance.randrange(data.COUNTS - data.COUNT_RANGE)
        counts = (first, first + data.COUNT_RANGE)
        return {
            LIST: Search(),
            TOTAL: Search(total=True),
            EXACT: Search(total=True),
            SELECT: Search(category=chance.choice(data.CATEGORIES)),
            RANGE: Search(count=counts),
            RANGE_IN_ORDER: Search(count=counts, sort="count"),
            SORT: Search(sort="loss"),
            RARE: Search(ticket=chance.choice(found.tickets)),
            UNINDEXED: Search(link=chance.choice(found.links)),
        }[name]

    return [one() for _ in range(_VARIANTS)]


def our_query(name: str, search: Search) -> str:
    """The query of our list."""
    said: dict[str, Any] = {"size": PAGE}
    if name != TOTAL:
        said["total"] = "exact" if search.total else "none"
    for attribute in ("category", "ticket", "link"):
        if (wanted := getattr(search, attribute)) is not None:
            said[f"attributes.{attribute}"] = wanted
    if search.count is not None:
        said["attributes.count__gte"], said["attributes.count__lt"] = search.count
    if search.sort is not None:
        said["sort"] = f"attributes.{search.sort},DESC"
    return urlencode(said, safe=",")


def our_list(name: str, search: Search) -> str:
    """The path of our list."""
    return f"/v1/incident?{our_query(name, search)}"


def our_page(sort: str, cursor: str = "") -> str:
    """The path of a page in an order: the first, or the one that the cursor leads to."""
    said = {"size": str(PAGE), "total": "none"}
    if sort:
        said["sort"] = sort
    if cursor:
        said["cursor"] = cursor
    return f"/v1/incident?{urlencode(said, safe=',')}"


def walk(ours: "Ours", pages: int) -> dict[str, str]:
    """The cursors of a page far down each order, found as a client finds them."""
    return {sort: _walked(ours, sort, pages) for sort in DEEP_SORTS}


def _walked(ours: "Ours", sort: str, pages: int) -> str:
    cursor = ""
    for _ in range(pages - 1):
        asked = request("GET", our_page(sort, cursor), ours.token)
        cursor = orjson.loads(ours.wire.ask(asked, 200))["page"]["next_cursor"]
    return cursor


@dataclass(frozen=True)
class Where:
    """Where the sides are found; it goes to the processes of the clients."""

    ours: int  # port
    token: str
    slots: dict[str, str]
    database: str  # directory of the socket
    thin: int | None = None


class Side(ABC):
    """One closed loop's end: the next request goes out when the answer is in."""

    def __init__(self, found: Known) -> None:
        self.found = found
        self.chance = random.Random(7)
        version = 1 if isinstance(self, Ours) else 2
        self.versions = {row[0]: row[version] for row in found.own}
        self.number = itertools.count(time.time_ns() // 1_000)  # none is stored already

    def any(self) -> UUID:
        """One to read."""
        return self.chance.choice(self.found.readable)

    def call(self, name: str) -> Call:
        """The operation of this name."""
        if name == READ:
            return self.read
        if name == CREATE:
            return self.create
        if name == UPDATE:
            return self.update
        return self.listing(name)

    def renew(self) -> None:  # noqa: B027 - a database connection stays what it is
        """Connect anew before a turn."""

    @abstractmethod
    def listing(self, name: str) -> Call:
        """What asks for a page; it answers the ids."""

    @abstractmethod
    def read(self) -> None:
        """One incident."""

    @abstractmethod
    def create(self) -> None:
        """An incident with twelve values."""

    def update(self) -> None:
        """One value of an incident, against its version."""
        id_ = self.chance.choice(self.found.own)[0]
        version = self.versions[id_]
        self.store(id_, version, next(self.number))
        self.versions[id_] = version + 1

    @abstractmethod
    def store(self, id_: UUID, version: int, value: int) -> None:
        """Change the one value."""

    @abstractmethod
    def ids(self, name: str, number: int) -> list[str]:
        """What the side finds: all must find the same."""

    @abstractmethod
    def close(self) -> None:
        """Hang up."""


class OverHTTP(Side):
    """A client of a service."""

    home = ""

    def __init__(self, found: Known, port: int, token: str = "") -> None:
        super().__init__(found)
        self.wire = Wire(port)
        self.token = token
        self.lists: dict[str, list[bytes]] = {}
        chance = random.Random(13)
        bodies = [self.body(chance) for _ in range(_VARIANTS)]
        made = [request("POST", self.home, token, data.dumps(body)) for body in bodies]
        self.creations = itertools.cycle(made)

    def renew(self) -> None:
        self.wire.renew()

    def close(self) -> None:
        self.wire.close()

    def requests(self, name: str) -> list[bytes]:
        """Those of a list, made once."""
        if name not in self.lists:
            self.lists[name] = [request("GET", path, self.token) for path in self.paths(name)]
        return self.lists[name]

    @abstractmethod
    def paths(self, name: str) -> list[str]:
        """Those of a list."""

    @abstractmethod
    def body(self, chance: random.Random) -> dict[str, Any]:
        """A new incident."""

    @abstractmethod
    def change(self, value: int) -> dict[str, Any]:
        """A change of one value."""

    @abstractmethod
    def rows(self, answer: Any) -> list[dict[str, Any]]:
        """The incidents in the answer of a list."""

    def listing(self, name: str) -> Call:
        ask, following = self.wire.ask, itertools.cycle(self.requests(name)).__next__
        return lambda: ask(following(), 200)

    def ids(self, name: str, number: int) -> list[str]:
        answer = orjson.loads(self.wire.ask(self.requests(name)[number], 200))
        return [row["id"] for row in self.rows(answer)]

    def read(self) -> None:
        self.wire.ask(request("GET", f"{self.home}/{self.any()}", self.token), 200)

    def create(self) -> None:
        self.wire.ask(next(self.creations), 201)

    def store(self, id_: UUID, version: int, value: int) -> None:
        body = data.dumps({"occ_lock": version, **self.change(value)})
        self.wire.ask(request("PATCH", f"{self.home}/{id_}", self.token, body), 200)


class Ours(OverHTTP):
    """A client of the service."""

    home = "/v1/incident"

    def paths(self, name: str) -> list[str]:
        for sort in DEEP_SORTS:
            if name == FIRST_PAGES[sort]:
                return [our_page(sort)]
            if name == DEEP_PAGES[sort]:
                return [our_page(sort, self.found.deep[sort])]
        return [our_list(name, search) for search in searches(name, self.found)]

    def body(self, chance: random.Random) -> dict[str, Any]:
        return {**data.own_fields(chance), "attributes": data.values(chance)}

    def change(self, value: int) -> dict[str, Any]:
        return {"attributes": {data.UPDATED: value}}

    def rows(self, answer: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = answer["data"]["incidents"]
        return found


class Thin(OverHTTP):
    """A client of the thin service."""

    home = f"/{data.LARGEST}/incidents"

    def paths(self, name: str) -> list[str]:
        return [self.path(search) for search in searches(name, self.found)]

    def path(self, search: Search) -> str:
        """Of a list."""
        said = {name: getattr(search, name) for name in ("category", "ticket", "link", "sort")}
        if search.count is not None:
            said["count_from"], said["count_below"] = search.count
        if search.total:
            said["total"] = "true"
        return f"{self.home}?{urlencode({k: v for k, v in said.items() if v is not None})}"

    def body(self, chance: random.Random) -> dict[str, Any]:
        return {**data.own_fields(chance), **data.values(chance)}

    def change(self, value: int) -> dict[str, Any]:
        return {data.UPDATED: value}

    def rows(self, answer: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = answer["incidents"]
        return found


class Raw(Side):
    """The SQL of the twin from psycopg: prepared, in a transaction, without HTTP."""

    def __init__(
        self, found: Known, connection: psycopg.Connection[Any], slots: dict[str, str]
    ) -> None:
        super().__init__(found)
        connection.prepare_threshold = 1
        self.connection = connection
        self.cursor = connection.cursor()
        self.slots = slots
        chance = random.Random(13)
        self.bodies = itertools.cycle([_row(chance) for _ in range(_VARIANTS)])

    def listing(self, name: str) -> Call:
        statements = [self.statements(name, search) for search in searches(name, self.found)]
        following = itertools.cycle(statements).__next__
        return lambda: self._all(following())

    def statements(self, name: str, search: Search) -> list[tuple[str, list[Any]]]:
        """What answers the list."""
        if name == UNINDEXED:
            return [scan(self.slots["link"], search.link)]
        page = twin.page(data.LARGEST, search)
        return [page, twin.count(data.LARGEST, search)] if search.total else [page]

    def _all(self, statements: list[tuple[str, list[Any]]]) -> list[Any]:
        self.cursor.execute("BEGIN")
        found = [self.cursor.execute(*statement).fetchall() for statement in statements]
        self.cursor.execute("COMMIT")
        return found[0]

    def ids(self, name: str, number: int) -> list[str]:
        search = searches(name, self.found)[number]
        return [str(row[0]) for row in self._all(self.statements(name, search))][:PAGE]

    def read(self) -> None:
        self._all([(twin.READ, [data.LARGEST, self.any()])])

    def create(self) -> None:
        columns = next(self.bodies)
        id_, now = uuid_utils.uuid7(), datetime.now(UTC)
        changes = [{"field": name, "old": None, "new": value} for name, value in columns.items()]
        row = columns | {"id": id_, "tenant_id": data.LARGEST, "occ_lock": 0, "created_at": now}
        row |= {"created_by": "raw", "updated_at": now, "updated_by": "raw"}
        self.cursor.execute("BEGIN")
        self.cursor.execute(twin.INSERT, [row[name] for name in twin.COLUMNS]).fetchone()
        self._record(id_, now, "incident.created", changes, None)
        self.cursor.execute("COMMIT")

    def store(self, id_: UUID, version: int, value: int) -> None:
        run, now = self.cursor.execute, datetime.now(UTC)
        run("BEGIN")
        before = run(twin.LOCK, [data.LARGEST, id_]).fetchone()
        run(twin.UPDATE, [value, now, "raw", data.LARGEST, id_]).fetchone()
        old = before[twin.COLUMNS.index(data.UPDATED)]
        change = {"field": data.UPDATED, "old": old, "new": value}
        self._record(id_, now, "incident.updated", [change], version)
        run("COMMIT")

    def _record(
        self, id_: UUID, now: datetime, action: str, changes: list[Any], before: int | None
    ) -> None:
        told = Jsonb(changes, dumps=lambda value: orjson.dumps(value, default=str))
        entry = [uuid_utils.uuid7(), data.LARGEST, now, "raw", "raw", action, id_, before]
        entry += [0 if before is None else before + 1, told, str(uuid_utils.uuid7()), id_]
        self.cursor.execute(twin.RECORD, entry)

    def close(self) -> None:
        self.connection.close()


def scan(slot: str, value: str | None) -> tuple[str, list[Any]]:
    """A filter that no index serves, on the service's own table."""
    columns = ", ".join((*twin.OWN, "attributes"))
    statement = (
        f"SELECT {columns} FROM incidents_incident WHERE tenant_id = %s"
        f" AND (attributes -> '{slot}') = %s ORDER BY created_at DESC, id DESC LIMIT %s"
    )
    return statement, [data.LARGEST, Jsonb(value), PAGE + 1]


def _row(chance: random.Random) -> dict[str, Any]:
    """A new incident's columns, but for those that the writer sets."""
    own: dict[str, Any] = data.own_fields(chance)
    own["date"] = datetime.fromisoformat(own["date"])
    values = data.values(chance)
    values["day"] = date.fromisoformat(values["day"])
    values["detected_at"] = datetime.fromisoformat(values["detected_at"])
    rest = {"location": "", "next_update": 0, "resolved_date": None, "backdated": False}
    return {**own, **rest, **values}


def open_side(name: str, where: Where, found: Known, *, number: int, of: int) -> Side:
    """A client of the side for one connection of many, with rows of its own to update."""
    place = SIDES.index(name) + len(SIDES) * number
    found = replace(found, own=found.own[place :: len(SIDES) * of][:_OWN])
    if name == OURS:
        return Ours(found, where.ours, where.token)
    if name == THIN:
        assert where.thin is not None
        return Thin(found, where.thin)
    return Raw(found, connect(where), where.slots)


def connect(where: Where, user: str = cluster.SUPERUSER) -> psycopg.Connection[Any]:
    """A connection of our own, in autocommit mode."""
    return psycopg.connect(
        host=where.database,
        port=cluster.PORT,
        user=user,
        dbname=cluster.DATABASE,
        autocommit=True,
    )
