"""``python -m tests.benchmarks.service``: the service beside a thin one and the SQL alone.

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
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

import psutil

from tests.benchmarks import data, operations, report, running, statements
from tests.benchmarks.measuring import Clients, Measured, Meter, clients
from tests.benchmarks.operations import OURS, RAW, SIDES, THIN, Known, Ours, Where
from tests.benchmarks.report import Results, Sides
from tests.benchmarks.statements import Times

_TURNS = 7  # sides and operations take turns, so that a slow moment meets them all
_WARMING = 0.3  # seconds of each operation and side: caches fill, statements get prepared
_CHECKED = 3  # searches of each kind in which the sides must find the same


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.service", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--sizes",
        type=_positives,
        default=[20_000],
        help="how many incidents; the largest is measured beside the others; default 20000",
    )
    parser.add_argument(
        "--connections", type=_positives, default=[1, 8], help="at once; default 1,8"
    )
    parser.add_argument(
        "--seconds", type=float, default=3.0, help="for each operation and side; default 3"
    )
    parser.add_argument(
        "--workers", type=_positive, help="processes of gunicorn; default one for each CPU"
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        action="append",
        help="keep the data there for the next run; once for each size",
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=operations.NAMES,
        help="this operation alone; may be given more than once",
    )
    parser.add_argument("--no-thin", action="store_true", help="without the thin service")
    parser.add_argument(
        "--thin-answers",
        choices=("declared", "bare"),
        default="declared",
        help="the thin service's answers: by pydantic's models, or rows as they are",
    )
    parser.add_argument(
        "--log-level", default="INFO", help="of the service; default INFO, a line for each request"
    )
    options = parser.parse_args(given)
    if options.data_dir is not None and len(options.data_dir) != len(options.sizes):
        parser.error("--data-dir is needed once for each of --sizes, or not at all")
    return options


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _positives(text: str) -> list[int]:
    return [_positive(part) for part in text.split(",")]


def main() -> None:
    """Prepare, measure, print."""
    options = arguments()
    signal.signal(signal.SIGTERM, _leave)
    if not options.no_thin:
        running.require_thin()
    try:
        with ExitStack() as stack:
            _say(_run(options, stack))
    except KeyboardInterrupt:
        raise SystemExit("Stopped.") from None


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit("Stopped.")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@dataclass(frozen=True)
class Scene:
    """Incidents, and what serves them."""

    size: int
    place: running.Place
    service: running.Service
    thin: running.Service | None
    where: Where
    known: Known

    def meter(self, side: str) -> Meter:
        """Whose CPU time a side costs."""
        service = {OURS: self.service, THIN: self.thin}.get(side)
        postmaster = self.place.server.postmaster()
        if postmaster is None:
            raise SystemExit("PostgreSQL has stopped.")
        return Meter(None if service is None else service.process.pid, postmaster)


def _run(options: argparse.Namespace, stack: ExitStack) -> str:
    dirs = options.data_dir or [None] * len(options.sizes)
    sized = sorted(zip(options.sizes, dirs, strict=True), key=lambda pair: pair[0], reverse=True)
    scenes = [
        _scene(options, stack, size, place, largest=not n) for n, (size, place) in enumerate(sized)
    ]
    main_scene = scenes[0]
    names = [name for name in operations.NAMES if not options.only or name in options.only]
    _check(main_scene, [name for name in names if name in operations.LISTS])
    results = {}
    for connections in options.connections:
        _say(f"Measuring with {connections} at once ...")
        results[connections] = _measure(options, scenes, names, connections)
    in_database = {}
    if wanted := [name for name in statements.OF if name in names]:
        _say("Measuring in the database ...")
        where = main_scene.where
        in_database = statements.measure(
            main_scene.place, where, main_scene.known, wanted, options.seconds
        )
    return _report(options, main_scene, results, in_database)


def _scene(
    options: argparse.Namespace, stack: ExitStack, size: int, kept: Path | None, *, largest: bool
) -> Scene:
    place = stack.enter_context(running.place(kept, options.log_level))
    _say(f"Preparing {size:,} incidents in {place.data_dir} ...")
    started = time.monotonic()
    prepared = running.prepare(place, size)
    service = stack.enter_context(running.service(place, options.workers))
    thin = None
    if largest and not options.no_thin:
        thin = stack.enter_context(running.thin(place, options.thin_answers))
    where = Where(
        ours=service.port,
        token=prepared.token,
        slots=prepared.slots,
        database=place.socket_dir,
        thin=None if thin is None else thin.port,
    )
    running.forget_measured(place)
    with place.connect() as connection:
        known = operations.known(connection)
    if largest and (not options.only or set(options.only) & set(operations.PAGES)):
        known = replace(
            known, deep=operations.walk(Ours(known, service.port, where.token), _pages(size))
        )
    _say(
        f"Ready after {time.monotonic() - started:.0f} s: the service runs as process"
        f" {service.process.pid}" + (f", the thin one as {thin.process.pid}." if thin else ".")
    )
    return Scene(size, place, service, thin, where, known)


def _pages(size: int) -> int:
    """The number of the deep page: less than DEEP where there are not so many."""
    return max(1, min(operations.DEEP, data.zipf_sizes(size)[0] // operations.PAGE))


def _sides(scene: Scene, name: str) -> list[str]:
    if name in operations.PAGES:
        return [OURS]
    return [side for side in SIDES if side != THIN or scene.thin is not None]


def _check(scene: Scene, names: list[str]) -> None:
    """Refuse to compare sides that find different incidents."""
    opened = {
        side: operations.open_side(side, scene.where, scene.known, number=0, of=1)
        for side in _sides(scene, operations.LIST)
    }
    for name in names:
        for number in range(_CHECKED):
            found = {side: client.ids(name, number) for side, client in opened.items()}
            if any(ids != found[RAW] for ids in found.values()):
                raise SystemExit(f"The sides find different incidents for {name!r}: {found}")
    for client in opened.values():
        client.close()


@dataclass(frozen=True)
class _Turn:
    """What is measured again and again, between the others."""

    clients: Clients
    meter: Meter
    side: str
    name: str
    measured: Measured

    def take(self, seconds: float) -> None:
        self.clients.measure(self.measured, self.meter, self.side, self.name, seconds)


def _measure(
    options: argparse.Namespace, scenes: list[Scene], names: list[str], connections: int
) -> Results:
    largest, *smaller = scenes
    results = Results(pages=_pages(largest.size))
    with ExitStack() as stack:
        turns: list[_Turn] = []
        opened = [stack.enter_context(_connected(scene, connections)) for scene in scenes]
        for name in names:
            sides: Sides = {side: Measured() for side in _sides(largest, name)}
            results.measured[name] = sides
            turns += [
                _Turn(opened[0], largest.meter(side), side, name, of) for side, of in sides.items()
            ]
            if name not in report.SCALING:
                continue
            for scene, of_scene in zip(smaller, opened[1:], strict=True):
                measured = results.smaller.setdefault(scene.size, {}).setdefault(name, Measured())
                turns.append(_Turn(of_scene, scene.meter(OURS), OURS, name, measured))
        for turn in turns:
            turn.clients.turn(turn.side, turn.name, min(_WARMING, options.seconds))
        # What writes comes last: the others are to find what was loaded.
        for writing in (False, True):
            now = [turn for turn in turns if (turn.name in operations.WRITES) is writing]
            for _ in range(_TURNS):
                for turn in now:
                    turn.take(options.seconds / _TURNS)
    return results


@contextmanager
def _connected(scene: Scene, connections: int) -> Iterator[Clients]:
    running.forget_measured(scene.place)
    with scene.place.connect() as connection:
        known = operations.known(connection)  # the versions have risen since the last time
    known = replace(known, deep=scene.known.deep)
    with clients(connections, scene.where, known) as opened:
        yield opened


def _report(
    options: argparse.Namespace,
    scene: Scene,
    results: dict[int, Results],
    in_database: dict[str, tuple[Times, Times]],
) -> str:
    with scene.place.connect() as connection:
        version, fsync = connection.execute(
            "SELECT current_setting('server_version'), current_setting('fsync')"
        ).fetchone() or ("", "")
    largest = data.zipf_sizes(scene.size)[0]
    parts = [
        f"""
{scene.size:,} incidents, {len(data.ATTRIBUTES)} attributes ({len(data.INDEXED)} indexed), \
{len(data.TENANTS)} tenants; measured as the largest ({largest:,} incidents)
processes of gunicorn: {options.workers or "one for each CPU"}; thin answers: \
{options.thin_answers}; {options.seconds:g} s an operation and side in {_TURNS} turns; log level \
{options.log_level}, no throttle
Python {platform.python_version()}, PostgreSQL {version.split(" ")[0]} (fsync {fsync}), \
{psutil.cpu_count()} CPUs"""
    ]
    for connections, found in results.items():
        parts.append(f"{connections} connection(s)\n\n{report.figures_table(found.measured)}")
        parts += [
            f"{size:,} incidents\n\n{report.figures_table(report.as_ours(of_size))}"
            for size, of_size in found.smaller.items()
        ]
    if in_database:
        parts.append(report.database_table(in_database))
    parts.append(report.goals_table(results, in_database))
    parts.append(
        "Times are milliseconds. CPU and PG: the time of the service's processes and of"
        " PostgreSQL's, a request."
    )
    return "\n\n".join(parts)


if __name__ == "__main__":
    main()
