"""``python -m tests.benchmarks.evolution``: changes of the schema while incidents are written.

Beside each other, in one run: what the changes cost here, and what one UPDATE over all rows costs,
which is how a field is renamed or retyped where its name is the key.
"""

import argparse
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import orjson
import psutil

from tests.benchmarks import data, running
from tests.benchmarks.writers import Waits, Writers, writing

_PATIENCE = 900.0  # seconds for a job
_WARMING = 3.0
_IDLE = 5.0  # seconds of writing with nothing else going on
_AROUND = 1.0  # seconds of writing before a change, and after it
_SETTLE = 10.5  # seconds until PostgreSQL's processes have written their counters
_WRITTEN = "users_affected"


@dataclass
class Outcome:
    """What one change cost, and those who wrote meanwhile."""

    name: str
    milliseconds: float  # of the call
    seconds: float = 0.0  # of the job it began
    rows: int = 0  # that the job changed
    updated: int | None = None  # rows of incidents that were updated but not by the writers
    grown: float | None = None  # of the table, percent
    waits: Waits | None = None

    @property
    def per_second(self) -> float:
        return self.rows / self.seconds if self.seconds else 0.0


class Deployer:
    """Changes the schema over HTTP."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = HTTPConnection(running.HOST, port, timeout=120)
        self._token = token

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """What ``/v1/incident/attributes...`` answers."""
        headers = {"Authorization": f"Bearer {self._token}"}
        sent = None
        if body is not None:
            sent = orjson.dumps(body)
            headers["Content-Type"] = "application/json"
        self._connection.request(method, f"/v1/incident/attributes{path}", sent, headers)
        answer = self._connection.getresponse()
        told = answer.read()
        if answer.status >= 400:
            raise SystemExit(f"{method} {path} answered {answer.status}: {told.decode()[:500]}")
        return orjson.loads(told)["data"] if told else None


def main() -> None:
    """Prepare, measure, print."""
    options = _arguments()
    try:
        with ExitStack() as stack:
            _run(options, stack)
    except KeyboardInterrupt:
        raise SystemExit("Stopped.") from None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.evolution")
    parser.add_argument("--size", type=int, default=20_000, help="incidents; default 20000")
    parser.add_argument("--writers", type=int, default=8, help="at once; default 8")
    parser.add_argument(
        "--workers", type=int, help="processes of the service; default one for each CPU"
    )
    parser.add_argument(
        "--no-indexes", action="store_true", help="without the four indexes of attributes"
    )
    parser.add_argument(
        "--data-dir", type=Path, help="keep PostgreSQL's files there; must be empty"
    )
    return parser.parse_args()


def _say(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _run(options: argparse.Namespace, stack: ExitStack) -> None:
    place = stack.enter_context(running.place(options.data_dir, "WARNING"))
    _say(f"Loading {options.size:,} incidents.")
    prepared = running.prepare(place, options.size)
    if options.no_indexes:
        for name in data.INDEXED:
            place.manage("attribute_index", "drop", name)
    running.forget_measured(place)
    service = stack.enter_context(running.service(place, options.workers))
    stack.enter_context(_worker(place))
    deployer = Deployer(service.port, orjson.loads(place.kept.read_text())["deployer"])
    # The names and values of this run are not those of the next.
    place.kept.write_text("{}")
    writers = stack.enter_context(
        writing(service.port, prepared.token, _ids(place), _WRITTEN, options.writers)
    )
    measure = Measure(place, deployer, writers)
    writers.go_on()
    time.sleep(_WARMING)
    writers.rest()
    writers.go_on()
    time.sleep(_IDLE)
    idle = writers.rest()
    outcomes = [
        measure.at_once("rename", "POST", "/region/rename", {"name": "zone"}),
        measure.at_once("archive", "DELETE", "/team"),
        measure.at_once("restore", "POST", "/team/restore", {}),
        measure.preview("preview, exact", exact=True),
        measure.preview("preview, estimate", exact=False),
        measure.job("retype", "POST", f"/{_WRITTEN}/retype", {"type": "STRING"}),
        measure.job("undo", "POST", f"/{_WRITTEN}/undo", {}),
        *measure.purge("link"),
        measure.one_update(prepared.slots["region"]),
    ]
    _print(options, idle, outcomes)


@dataclass(frozen=True)
class Measure:
    """Changes the schema, and looks at what that does to the table and to the writers."""

    place: running.Place
    deployer: Deployer
    writers: Writers

    def at_once(
        self, name: str, method: str, path: str, body: dict[str, Any] | None = None
    ) -> Outcome:
        """A change that is over when it is answered."""
        return self._watched(name, lambda: self.deployer.ask(method, path, body))

    def preview(self, name: str, *, exact: bool) -> Outcome:
        """Counting what a change of type would do."""
        body = {"change": "retype", "type": "STRING", "exact": exact}
        return self._watched(name, lambda: self.deployer.ask("POST", f"/{_WRITTEN}/preview", body))

    def job(self, name: str, method: str, path: str, body: dict[str, Any]) -> Outcome:
        """A change that begins a job, and the job."""
        return self._watched(name, lambda: self.deployer.ask(method, path, body), with_job=True)

    def purge(self, name: str) -> Iterator[Outcome]:
        """Archive, then destroy, confirmed by the plan."""
        self.deployer.ask("DELETE", f"/{name}")
        plan = self.deployer.ask("POST", f"/{name}/preview", {"change": "purge"})["plan"]
        yield self.job("purge", "POST", f"/{name}/purge", {"plan": plan})

    def one_update(self, slot: str) -> Outcome:
        """What others do: all rows in one transaction, under another key."""
        statement = (
            "UPDATE incidents_incident SET attributes = (attributes - %s)"
            " || jsonb_build_object('renamed', attributes -> %s) WHERE attributes ? %s"
        )

        def update() -> None:
            with self.place.connect() as connection:
                connection.execute("SET statement_timeout = 0")
                connection.execute(statement, [slot, slot, slot])

        return self._watched("one UPDATE, as others do", update)

    def _watched(self, name: str, change: Callable[[], Any], *, with_job: bool = False) -> Outcome:
        _say(f"  {name} …")
        size, updated = self._table()
        self.writers.go_on()
        time.sleep(_AROUND)
        started = time.perf_counter()
        change()
        outcome = Outcome(name, (time.perf_counter() - started) * 1_000)
        if with_job:
            job = self._await_job()
            outcome.seconds = time.perf_counter() - started
            outcome.rows = job["progress"]["changed"]
        time.sleep(_AROUND)
        outcome.waits = self.writers.rest()
        grown_to, updated_by_now = self._table()
        outcome.grown = 100.0 * (grown_to - size) / size
        outcome.updated = updated_by_now - updated - outcome.waits.writes
        _say(f"  {outcome.milliseconds:,.0f} ms; writers' worst {outcome.waits.worst:,.0f} ms")
        return outcome

    def _await_job(self) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            job: dict[str, Any] = self.deployer.ask("GET", "/jobs")[0]
            if job["state"] == "DONE":
                return job
            if job["state"] not in {"WAITING", "RUNNING"}:
                raise SystemExit(f"The job is {job['state']}: {job['error']}")
            time.sleep(0.1)
        raise SystemExit("The job does not end.")

    def _table(self) -> tuple[int, int]:
        """Its size in bytes, and how many of its rows were ever updated; while nobody writes."""
        time.sleep(_SETTLE)
        with self.place.connect() as connection:
            row = connection.execute(
                "SELECT pg_table_size('incidents_incident'), pg_stat_get_tuples_updated"
                "('incidents_incident'::regclass)"
            ).fetchone()
        assert row is not None
        return row[0], row[1]


@contextmanager
def _worker(place: running.Place) -> Iterator[None]:
    log = place.data_dir / "worker.log"
    command = [sys.executable, str(running.ROOT / "manage.py"), "attribute_jobs", "run"]
    with log.open("wb") as told:
        process = subprocess.Popen(
            [*command, "--every", "1"],
            cwd=running.ROOT,
            env=place.environment,
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=told,
            start_new_session=True,
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ids(place: running.Place) -> list[str]:
    with place.connect() as connection:
        rows = connection.execute(
            "SELECT id::text FROM incidents_incident WHERE tenant_id = %s"
            " ORDER BY md5(id::text) LIMIT 5000",
            [data.LARGEST],
        ).fetchall()
    return [id_ for (id_,) in rows]


def _print(options: argparse.Namespace, idle: Waits, outcomes: list[Outcome]) -> None:
    _say()
    indexed = 0 if options.no_indexes else len(data.INDEXED)
    _say(
        f"{options.size:,} incidents, {indexed} indexes of attributes;"
        f" {options.writers} writers with rests of 20 ms, over HTTP"
    )
    _say(f"Python {platform.python_version()}, {psutil.cpu_count()} CPUs")
    _say()
    head = f"{'':26}|  call, ms |    job, s |    rows/s | updated | table, % "
    _say(f"{head}| writers: p50 |   p99 | worst, ms")
    _say("-" * 112)
    _say(f"{'nothing':26}|{'':11}|{'':11}|{'':11}|{'':9}|{'':10}|{_times(idle)}")
    for one in outcomes:
        job = f"{one.seconds:10.1f} |{one.per_second:10,.0f} |" if one.seconds else f"{'':11}|" * 2
        _say(
            f"{one.name:26}|{one.milliseconds:10.1f} |{job}{one.updated:8,} |{one.grown:9.1f} |"
            f"{_times(one.waits)}"
        )
    _say()
    for words, value, goal, met in _goals(outcomes):
        _say(f"{words:58}{goal:>12}{value:12.1f} {'met' if met else 'missed'}")


def _times(waits: Waits | None) -> str:
    assert waits is not None
    given_up = f", {waits.timeouts} given up" if waits.timeouts else ""
    return f"{waits.median:13.1f} |{waits.p99:6.1f} |{waits.worst:8.1f}{given_up}"


def _goals(outcomes: list[Outcome]) -> Iterator[tuple[str, float, str, bool]]:
    by_name = {one.name: one for one in outcomes}
    for name in ("rename", "archive", "restore", "retype", "undo"):
        call = by_name[name].milliseconds
        yield f"{name}: the call, milliseconds", call, "< 100", call < 100
    for name in ("rename", "archive", "restore"):
        updated = by_name[name].updated or 0
        yield f"{name}: rows updated", float(updated), "0", updated == 0
    for name in ("retype", "purge"):
        rate = by_name[name].per_second
        yield f"{name}: rows a second", rate, ">= 15000", rate >= 15_000
    exact = by_name["preview, exact"].milliseconds
    yield "exact preview, milliseconds", exact, "<= 2000", exact <= 2_000
    estimate = by_name["preview, estimate"].milliseconds
    yield "estimated preview, milliseconds", estimate, "< 100", estimate < 100
    for name in ("rename", "archive", "restore", "retype", "undo", "purge"):
        waits, grown = by_name[name].waits, by_name[name].grown or 0.0
        assert waits is not None
        yield f"{name}: worst writer, milliseconds", waits.worst, "<= 150", waits.worst <= 150
        yield f"{name}: writers' p99, milliseconds", waits.p99, "<= 40", waits.p99 <= 40
        if name in {"retype", "purge"}:
            yield f"{name}: growth of the table, percent", grown, "<= 15", grown <= 15


if __name__ == "__main__":
    main()
