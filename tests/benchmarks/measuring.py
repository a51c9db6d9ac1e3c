"""Closed loops in processes of their own, by turns, and the CPU they cost."""

import multiprocessing
import signal
import statistics
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from tests.benchmarks.operations import Known, Side, Where, open_side
from tests.benchmarks.running import cpu_seconds

_PATIENCE = 120.0  # seconds beyond a turn until a client is given up


@dataclass
class Measured:
    """What one operation cost on one side, over all turns."""

    latencies: list[float] = field(default_factory=list)  # seconds
    rates: list[float] = field(default_factory=list)  # requests per second, of each turn
    service_cpu: float = 0.0
    database_cpu: float = 0.0

    @property
    def count(self) -> int:
        return len(self.latencies)

    @property
    def per_second(self) -> float:
        return statistics.median(self.rates)

    @property
    def median(self) -> float:
        """Milliseconds."""
        return statistics.median(self.latencies) * 1_000

    @property
    def p95(self) -> float:
        """Milliseconds."""
        return sorted(self.latencies)[int(self.count * 0.95)] * 1_000

    def each(self, seconds: float) -> float:
        """A total in seconds as milliseconds a request."""
        return seconds / self.count * 1_000

    def faster_than(self, other: "Measured") -> float:
        """This side's requests per second by the other's: the median of the turns."""
        return statistics.median(a / b for a, b in zip(self.rates, other.rates, strict=True))

    def time_by(self, other: "Measured") -> float:
        """This one's time of a request by the other's: the median of the turns."""
        return 1 / self.faster_than(other)


@dataclass(frozen=True)
class Meter:
    """The processes whose CPU time is counted."""

    service: int | None
    postmaster: int

    def now(self) -> tuple[float, float]:
        """Seconds so far: the service, the database server."""
        service = 0.0 if self.service is None else cpu_seconds(self.service)
        return service, cpu_seconds(self.postmaster)


class Clients:
    """A process for each connection."""

    def __init__(self, pipes: list[Connection]) -> None:
        self._pipes = pipes

    def turn(self, side: str, name: str, seconds: float) -> list[list[float]]:
        """The latencies of each connection, all in closed loops at once, each at least once."""
        for pipe in self._pipes:
            pipe.send((side, name, seconds))
        found = []
        for pipe in self._pipes:
            if not pipe.poll(seconds + _PATIENCE):
                raise SystemExit(f"{name} ({side}) does not end.")
            told = pipe.recv()
            if isinstance(told, str):
                raise SystemExit(told)
            found.append(told)
        return found

    def measure(
        self, measured: Measured, meter: Meter, side: str, name: str, seconds: float
    ) -> None:
        """Add a turn."""
        service, database = meter.now()
        found = self.turn(side, name, seconds)
        service_after, database_after = meter.now()
        measured.service_cpu += service_after - service
        measured.database_cpu += database_after - database
        measured.rates.append(sum(len(latencies) / sum(latencies) for latencies in found))
        for latencies in found:
            measured.latencies += latencies


@contextmanager
def clients(number: int, where: Where, known: Known) -> Iterator[Clients]:
    """So many connections to every side."""
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    try:
        for place in range(number):
            near, far = context.Pipe()
            arguments = (far, where, known, place, number)
            process = context.Process(target=_client, args=arguments, daemon=True)
            process.start()
            far.close()
            pipes.append(near)
            processes.append(process)
        yield Clients(pipes)
    finally:
        for pipe in pipes:
            pipe.close()  # which tells them to end
        for process in processes:
            process.join(5)
            process.kill()
            process.join()


def _client(pipe: Connection, where: Where, known: Known, number: int, of: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-C is for the one who started us
    sides: dict[str, Side] = {}
    for name, operation, seconds in _orders(pipe):
        try:
            if name not in sides:
                sides[name] = open_side(name, where, known, number=number, of=of)
            told: list[float] | str = _loop(sides[name], operation, seconds)
        except (Exception, SystemExit) as error:
            told = f"{operation} ({name}): {error}"
        with suppress(BrokenPipeError):
            pipe.send(told)


def _orders(pipe: Connection) -> Iterable[tuple[str, str, float]]:
    while True:
        try:
            yield pipe.recv()
        except (EOFError, OSError):
            return


def _loop(side: Side, operation: str, seconds: float) -> list[float]:
    side.renew()
    call = side.call(operation)
    latencies = []
    ended = time.perf_counter()
    until = ended + seconds
    while True:
        started = ended
        call()
        ended = time.perf_counter()
        latencies.append(ended - started)
        if ended >= until:
            return latencies
