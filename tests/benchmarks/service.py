"""``python -m tests.benchmarks.service``: the service under load, beside the same SQL without it.

Makes everything it needs and stops everything it started. README.md, beside this, says how to read
what it prints.
"""

import argparse
import platform
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import psutil
import psycopg

from incidents_project.database import cluster
from tests.benchmarks import data, measuring, operations, running
from tests.benchmarks.measuring import Measured, Meter
from tests.benchmarks.operations import Client, OverHTTP, OverPsycopg

_ROUNDS = 5  # the two sides and the operations take turns, so that a slow minute meets them all
_WARMING = 60  # requests of each kind and connection: caches fill, statements get prepared


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.service", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--incidents", type=_positive, default=20_000, help="default 20000")
    parser.add_argument(
        "--seconds", type=float, default=5.0, help="for each operation and side; default 5"
    )
    parser.add_argument("--connections", type=_positive, default=1, help="default 1")
    parser.add_argument("--workers", type=_positive, default=2, help="of gunicorn; default 2")
    parser.add_argument("--data-dir", type=Path, help="keep the data there for the next run")
    parser.add_argument(
        "--only",
        action="append",
        choices=operations.NAMES,
        help="this operation alone; may be given more than once",
    )
    parser.add_argument(
        "--log-level", default="INFO", help="of the service; default INFO, a line for each request"
    )
    return parser.parse_args(given)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def main() -> None:
    """Prepare, measure, print."""
    options = arguments()
    signal.signal(signal.SIGTERM, _leave)
    try:
        with running.place(options.data_dir, options.log_level) as place:
            _say(f"Preparing {options.incidents:,} incidents in {place.data_dir} ...")
            started = time.monotonic()
            prepared = running.prepare(place, options.incidents)
            _say(f"Ready after {time.monotonic() - started:.0f} s.")
            with running.service(place, options.workers) as service:
                _say(f"The service runs as process {service.process.pid}; measuring ...")
                results = _measure(options, place, service, prepared)
                _say(_report(options, place, results))
    except KeyboardInterrupt:
        raise SystemExit("Stopped.") from None


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit("Stopped.")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _measure(
    options: argparse.Namespace,
    place: running.Place,
    service: running.Service,
    prepared: running.Prepared,
) -> dict[str, tuple[Measured, Measured]]:
    postmaster = place.server.postmaster()
    if postmaster is None:
        raise SystemExit("PostgreSQL has stopped.")
    meter = Meter(service.process.pid, postmaster)
    names = [name for name in operations.NAMES if not options.only or name in options.only]
    results = {name: (Measured(), Measured()) for name in names}
    with _clients(options.connections, place, service, prepared) as sides:
        for name in names:
            for client in (client for side in sides for client in side):
                call = client.call(name)
                for _ in range(_WARMING):
                    call()
        for _ in range(_ROUNDS):
            for name in names:
                for side, measured in zip(sides, results[name], strict=True):
                    calls = [client.call(name) for client in side]
                    meter.add(measured, calls, options.seconds / _ROUNDS)
    return results


@contextmanager
def _clients(
    connections: int, place: running.Place, service: running.Service, prepared: running.Prepared
) -> Iterator[tuple[list[Client], list[Client]]]:
    """Clients over HTTP, and as many over psycopg."""
    with place.connect() as connection:
        rows = operations.share(connection, 2 * connections)
    with ExitStack() as stack:
        over_http: list[Client] = []
        over_psycopg: list[Client] = []
        for ours, theirs in zip(rows[::2], rows[1::2], strict=True):
            over_http.append(OverHTTP(ours, service.connect(), prepared.token))
            direct: psycopg.Connection[Any] = place.connect(cluster.APP)
            over_psycopg.append(OverPsycopg(theirs, direct, prepared.token, prepared.slots))
        for client in (*over_http, *over_psycopg):
            stack.callback(client.close)
        yield over_http, over_psycopg


def _report(
    options: argparse.Namespace,
    place: running.Place,
    results: dict[str, tuple[Measured, Measured]],
) -> str:
    with place.connect() as connection:
        version, fsync = connection.execute(
            "SELECT current_setting('server_version'), current_setting('fsync')"
        ).fetchone() or ("", "")
    largest = data.zipf_sizes(options.incidents)[0]
    return f"""
{options.incidents:,} incidents, {len(data.ATTRIBUTES)} attributes, {len(data.TENANTS)} tenants; \
measured as the largest ({largest:,} incidents)
{options.connections} connection(s), {options.workers} worker(s), {options.seconds:g} s an \
operation and side in {_ROUNDS} turns; log level {options.log_level}, no throttle
Python {platform.python_version()}, PostgreSQL {version.split(" ")[0]} (fsync {fsync}), \
{psutil.cpu_count()} CPUs

{measuring.table(results)}

Times are milliseconds. CPU: the service's processes, per request, beside the target. PG CPU: the \
database server's.
raw: the same SQL from psycopg, in turns with the service. ratio: the service's req/s by raw's.
"""


if __name__ == "__main__":
    main()
