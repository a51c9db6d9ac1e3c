"""People who write incidents all the while: a process of threads, each with a short rest."""

import multiprocessing
import random
import signal
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import orjson

from tests.benchmarks.wire import Wire, request

_REST = 0.02  # seconds between two writes of one writer
_PATIENCE = 30.0


@dataclass(frozen=True)
class Waits:
    """How long writes took, in seconds."""

    latencies: list[float]
    timeouts: int = 0  # writes that were given up

    @property
    def writes(self) -> int:
        return len(self.latencies) - self.timeouts

    @property
    def worst(self) -> float:
        """Milliseconds."""
        return max(self.latencies, default=0.0) * 1_000

    @property
    def p99(self) -> float:
        """Milliseconds."""
        if not self.latencies:
            return 0.0
        return sorted(self.latencies)[int(len(self.latencies) * 0.99)] * 1_000

    @property
    def median(self) -> float:
        """Milliseconds."""
        return statistics.median(self.latencies) * 1_000 if self.latencies else 0.0


class Writers:
    """Those who write."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def rest(self) -> Waits:
        """Stop them for a while; how long their writes took since they last began."""
        self._pipe.send("rest")
        if not self._pipe.poll(_PATIENCE):
            raise SystemExit("The writers do not answer.")
        told = self._pipe.recv()
        if isinstance(told, str):
            raise SystemExit(told)
        return Waits(*told)

    def go_on(self) -> None:
        """Let them write again."""
        self._pipe.send("go on")


@contextmanager
def writing(port: int, token: str, ids: list[str], name: str, number: int) -> Iterator[Writers]:
    """So many writers, each setting attribute ``name`` of one incident of ``ids`` after another.

    They send numbers as text, which both an INTEGER and a STRING take.
    """
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe()
    process = context.Process(
        target=_write, args=(far, port, token, ids, name, number), daemon=True
    )
    process.start()
    far.close()
    try:
        yield Writers(near)
    finally:
        near.close()
        process.join(5)
        process.kill()
        process.join()


class _Crew:
    """Threads that write until the process ends, as long as they are let."""

    def __init__(self, port: int, token: str, ids: list[str], name: str, number: int) -> None:
        self._port, self._token, self._ids, self._name = port, token, ids, name
        self._going = threading.Event()
        self._at_work = [threading.Lock() for _ in range(number)]
        self._latencies: list[float] = []
        self._timeouts = 0
        self._failure = ""
        for place in range(number):
            threading.Thread(target=self._work, args=(place,), daemon=True).start()

    def go_on(self) -> None:
        self._latencies.clear()
        self._timeouts = 0
        self._going.set()

    def rest(self) -> tuple[list[float], int] | str:
        """What they have to tell, when all have put down their work."""
        self._going.clear()
        time.sleep(2 * _REST)
        for lock in self._at_work:
            with lock:
                pass
        return self._failure or (self._latencies.copy(), self._timeouts)

    def _work(self, place: int) -> None:
        wire, chance = Wire(self._port), random.Random(place)
        try:
            while self._going.wait():
                with self._at_work[place]:
                    self._one(wire, chance)
                time.sleep(_REST)
        except SystemExit as error:
            self._failure = str(error)

    def _one(self, wire: Wire, chance: random.Random) -> None:
        body = orjson.dumps({"name": self._name, "value": str(chance.randrange(1_000_000))})
        path = f"/v1/incident/{chance.choice(self._ids)}/attributes"
        asked = request("PUT", path, self._token, body)
        started = time.perf_counter()
        try:
            wire.ask(asked, 200)
        except SystemExit as refused:
            if " answered 503" not in str(refused):
                raise
            self._timeouts += 1
        self._latencies.append(time.perf_counter() - started)


def _write(pipe: Connection, *of_crew: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-C is for the one who started us
    crew = _Crew(*of_crew)
    try:
        while order := pipe.recv():
            if order == "go on":
                crew.go_on()
            else:
                pipe.send(crew.rest())
    except (EOFError, OSError):
        return
