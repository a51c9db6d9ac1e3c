"""Closed loops, the CPU they cost, and the table of it all."""

import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.benchmarks.running import cpu_seconds

TARGETS = {"read": 1.5, "list": 4.0, "create": 3.0}  # milliseconds of the service's CPU


@dataclass
class Measured:
    """What one operation cost on one side, over all rounds."""

    latencies: list[float] = field(default_factory=list)  # seconds
    elapsed: float = 0.0
    service_cpu: float = 0.0
    database_cpu: float = 0.0

    @property
    def count(self) -> int:
        return len(self.latencies)

    @property
    def per_second(self) -> float:
        return self.count / self.elapsed

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


@dataclass(frozen=True)
class Meter:
    """The processes whose CPU time is counted."""

    service: int
    postmaster: int

    def add(self, measured: Measured, calls: Sequence[Callable[[], None]], seconds: float) -> None:
        """Run each call in a closed loop of its own for a while, at least once."""
        service, database = cpu_seconds(self.service), cpu_seconds(self.postmaster)
        started = time.perf_counter()
        measured.latencies += _loop_together(calls, started + seconds)
        measured.elapsed += time.perf_counter() - started
        measured.service_cpu += cpu_seconds(self.service) - service
        measured.database_cpu += cpu_seconds(self.postmaster) - database


def _loop_together(calls: Sequence[Callable[[], None]], until: float) -> list[float]:
    if len(calls) == 1:
        return _loop(calls[0], until)
    found: list[float] = []
    failed: list[BaseException] = []

    def run(call: Callable[[], None]) -> None:
        try:
            found.extend(_loop(call, until))
        except BaseException as error:  # raised again below
            failed.append(error)

    threads = [threading.Thread(target=run, args=[call], daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return found


def _loop(call: Callable[[], None], until: float) -> list[float]:
    latencies = []
    ended = time.perf_counter()
    while True:
        started = ended
        call()
        ended = time.perf_counter()
        latencies.append(ended - started)
        if ended >= until:
            return latencies


_HEAD = (
    ("operation", "<10"),
    ("req/s", ">7"),
    ("median", ">7"),
    ("p95", ">7"),
    ("CPU", ">6"),
    ("target", ">13"),
    ("PG CPU", ">7"),
    ("raw/s", ">8"),
    ("median", ">7"),
    ("p95", ">7"),
    ("PG CPU", ">7"),
    ("ratio", ">6"),
)


def table(results: dict[str, tuple[Measured, Measured]]) -> str:
    """One line per operation: the service, then psycopg, then how they compare."""
    head = "  ".join(format(name, width) for name, width in _HEAD)
    lines = [head, "-" * len(head)]
    for name, (service, raw) in results.items():
        cells = [
            name,
            f"{service.per_second:.0f}",
            f"{service.median:.2f}",
            f"{service.p95:.2f}",
            f"{service.each(service.service_cpu):.2f}",
            _against_target(name, service.each(service.service_cpu)),
            f"{service.each(service.database_cpu):.2f}",
            f"{raw.per_second:.0f}",
            f"{raw.median:.2f}",
            f"{raw.p95:.2f}",
            f"{raw.each(raw.database_cpu):.2f}",
            f"{service.per_second / raw.per_second:.2f}",
        ]
        pairs = zip(cells, _HEAD, strict=True)
        lines.append("  ".join(format(cell, width) for cell, (_, width) in pairs))
    return "\n".join(lines)


def _against_target(name: str, milliseconds: float) -> str:
    if name not in TARGETS:
        return "-"
    return f"{TARGETS[name]:.1f} {'met' if milliseconds <= TARGETS[name] else 'missed'}"
