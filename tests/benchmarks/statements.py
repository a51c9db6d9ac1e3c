"""The service's own statements, taken from it as it answers, and what the database takes for them.

As a program it runs inside the service's settings: paths come in, the statements of each go out.
"""

import json
import pickle
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg

from incidents_project.database import cluster
from tests.benchmarks import data, operations, running, twin
from tests.benchmarks.operations import Known, Where, our_list, searches
from tests.benchmarks.running import Place

Statement = tuple[str, list[Any]]

OF = (
    operations.LIST,
    operations.SELECT,
    operations.RANGE,
    operations.RANGE_IN_ORDER,
    operations.SORT,
    operations.RARE,
    operations.UNINDEXED,
)
_VARIANTS = 10
_ROUNDS = 3  # until the service remembers what it has answered, as it does when it is measured


@dataclass
class Times:
    """Of one side: the statements alone, and with the transaction around them; seconds."""

    statement: list[float] = field(default_factory=list)
    transaction: list[float] = field(default_factory=list)

    @property
    def medians(self) -> tuple[float, float]:
        """Milliseconds."""
        of_statement = statistics.median(self.statement)
        return of_statement * 1_000, statistics.median(self.transaction) * 1_000


def measure(
    place: Place, where: Where, known: Known, names: list[str], seconds: float
) -> dict[str, tuple[Times, Times]]:
    """Our page's statements as the service's role, and the raw SQL, by turns."""
    wanted = {name: searches(name, known)[:_VARIANTS] for name in names}
    paths = [our_list(name, search) for name in names for search in wanted[name]]
    taken = iter(_taken(place, where.token, paths))
    results = {}
    with place.connect(cluster.APP) as ours, place.connect() as raw:
        for name, found in wanted.items():
            pairs = [(next(taken), _raw(name, search, where.slots)) for search in found]
            results[name] = _by_turns(ours, raw, pairs, seconds)
    return results


def _raw(name: str, search: twin.Search, slots: dict[str, str]) -> list[Statement]:
    if name == operations.UNINDEXED:
        return [operations.scan(slots["link"], search.link)]
    return [twin.page(data.LARGEST, search)]


def _by_turns(
    ours: psycopg.Connection[Any],
    raw: psycopg.Connection[Any],
    pairs: list[tuple[list[Statement], list[Statement]]],
    seconds: float,
) -> tuple[Times, Times]:
    ours.prepare_threshold, raw.prepare_threshold = 3, 1
    run_ours = _runner(ours, ["BEGIN", f"SET LOCAL app.tenant_id = '{data.LARGEST}'"])
    run_raw = _runner(raw, ["BEGIN"])
    warming, times = (Times(), Times()), (Times(), Times())
    started = time.perf_counter()
    into = warming
    while not times[0].statement or time.perf_counter() - started < seconds:
        for of_ours, of_raw in pairs:
            run_ours(of_ours, into[0])
            run_raw(of_raw, into[1])
        into = times
    return times


def _runner(
    connection: psycopg.Connection[Any], entering: list[str]
) -> Callable[[list[Statement], Times], None]:
    cursor = connection.cursor()

    def run(statements: list[Statement], times: Times) -> None:
        entered = time.perf_counter()
        for statement in entering:
            cursor.execute(statement)
        started = time.perf_counter()
        for statement, parameters in statements:
            cursor.execute(statement, parameters)
        ended = time.perf_counter()
        cursor.execute("COMMIT")
        times.statement.append(ended - started)
        times.transaction.append(time.perf_counter() - entered)

    return run


def _taken(place: Place, token: str, paths: list[str]) -> list[list[Statement]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.statements"],
        cwd=running.ROOT,
        env={**place.environment, "DJANGO_SETTINGS_MODULE": "incidents_project.settings"},
        input=json.dumps({"token": token, "paths": paths}).encode(),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"The statements could not be taken:\n{done.stderr.decode()[-2000:]}")
    found: list[list[Statement]] = pickle.loads(done.stdout)
    return found


def _take() -> None:
    import django  # noqa: PLC0415

    django.setup()
    from django.db import connection  # noqa: PLC0415 - it needs the settings
    from django.test import Client  # noqa: PLC0415

    asked = json.load(sys.stdin)
    client = Client(headers={"authorization": f"Bearer {asked['token']}", "host": "localhost"})
    taken: list[list[Statement]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "incidents_incident" in sql:
            taken[-1].append((sql, list(params or [])))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        for _ in range(_ROUNDS):
            taken.clear()
            for path in asked["paths"]:
                taken.append([])
                answer = client.get(path)
                if answer.status_code != 200:
                    said = answer.content[:500]
                    raise SystemExit(f"{path} answered {answer.status_code}: {said!r}")
    connection.close()
    sys.stdout.buffer.write(pickle.dumps(taken))


if __name__ == "__main__":
    _take()
