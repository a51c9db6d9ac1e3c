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

import orjson

from tests.benchmarks.wire import Wire, request

_REST = 0.02  # seconds between two writes of one writer
_PATIENCE = 30.0


@dataclass(frozen=True)
class Waits:
    """How long writes took, in seconds."""

    latencies: list[float]

    @property
    def writes(self) -> int:
        return len(self.latencies)

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
        return Waits(told)

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


def _write(pipe: Connection, port: int, token: str, ids: list[str], name: str, number: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-C is for the one who started us
    latencies: list[float] = []
    failures: list[str] = []
    going = threading.Event()
    at_work = [threading.Lock() for _ in range(number)]

    def one(place: int) -> None:
        wire, chance = Wire(port), random.Random(place)
        try:
            while True:
                going.wait()
                body = orjson.dumps({"name": name, "value": str(chance.randrange(1_000_000))})
                path = f"/v1/incident/{chance.choice(ids)}/attributes"
                asked = request("PUT", path, token, body)
                with at_work[place]:
                    started = time.perf_counter()
                    wire.ask(asked, 200)
                    latencies.append(time.perf_counter() - started)
                time.sleep(_REST)
        except SystemExit as error:
            failures.append(str(error))

    for place in range(number):
        threading.Thread(target=one, args=(place,), daemon=True).start()
    try:
        while order := pipe.recv():
            if order == "go on":
                latencies.clear()
                going.set()
                continue
            going.clear()
            time.sleep(2 * _REST)
            for lock in at_work:
                with lock:
                    pass
            pipe.send(failures[0] if failures else latencies.copy())
    except (EOFError, OSError):
        return
