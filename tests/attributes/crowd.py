"""Sixteen people who write and read all the while that somebody changes the schema."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import connections

from tests.conftest import ACME, client_of

SECONDS = 10.0
WRITERS, READERS = 12, 4

Act = Callable[["Person"], Any]


@dataclass
class Person:
    """One of them: a client of the API with a dice of its own."""

    number: int
    api: Any
    chance: random.Random


@dataclass
class Told:
    """What they were answered."""

    statuses: Counter[int] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    worst: float = 0.0  # seconds that a writer waited
    errors: list[BaseException] = field(default_factory=list)

    def note(self, response: Any) -> None:
        self.statuses[response.status_code] += 1
        if response.status_code >= 400:
            self.refusals[response.json()["code"]] += 1

    def require_no_accident(self) -> None:
        assert not self.errors, self.errors[0]
        assert not [status for status in self.statuses if status >= 500], self.refusals


def crowd(change: Callable[[], None], write: Act, read: Act, *, seconds: float = SECONDS) -> Told:
    """Have ``change`` done in the middle of everybody's work; answers when all have ended.

    ``write`` and ``read`` are done again and again; what they answer is a response, or None. What
    they raise is kept.
    """
    told = Told()
    stop = threading.Event()

    def work(person: Person, act: Act, *, writes: bool) -> None:
        try:
            while not stop.is_set():
                started = time.monotonic()
                response = act(person)
                if writes:
                    told.worst = max(told.worst, time.monotonic() - started)
                if response is not None:
                    told.note(response)
                time.sleep(0.002)
        except BaseException as error:
            told.errors.append(error)
            stop.set()
        finally:
            connections.close_all()

    threads = []
    for number in range(WRITERS + READERS):
        writes = number < WRITERS
        api = client_of(ACME, "incident_owner" if writes else "viewer")
        person = Person(number, api, random.Random(number))
        threads.append(
            threading.Thread(
                target=work, args=(person, write if writes else read), kwargs={"writes": writes}
            )
        )
    began = time.monotonic()
    for thread in threads:
        thread.start()
    try:
        time.sleep(seconds * 0.1)
        change()
        stop.wait(max(0.0, began + seconds - time.monotonic()))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return told
