"""How commands end that run until they are told to."""

import os
import signal
import time
from argparse import SUPPRESS, ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandParser

_GLANCE = 0.2  # seconds between two looks at whether to end


def add_arguments(parser: CommandParser, *, default: float | None) -> None:
    """How often to look for work; and whose child it is, with whom it ends."""
    unless = "" if default is None else f" (default {default:g})"
    parser.add_argument(
        "--every",
        type=_seconds,
        default=default,
        metavar="SECONDS",
        help=f"look for work so often, until ctrl-C{unless}",
    )
    parser.add_argument("--child-of", type=int, metavar="PID", help=SUPPRESS)


class Stop:
    """Whether to end: ctrl-C or SIGTERM came, or the process whose child this one is has gone.

    A signal is noted, and looked for where ending does no harm. Who is impatient sends another.
    """

    def __init__(self, parent: int | None = None) -> None:
        self._parent = parent
        self._told = False
        self._interrupts = False

    def __call__(self) -> bool:
        return self._told or self._parent not in {None, os.getppid()}

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Note signals in here."""
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = [(number, signal.signal(number, self._hear)) for number in numbers]
        try:
            yield
        finally:
            for number, handler in before:
                signal.signal(number, handler)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """In here a signal raises KeyboardInterrupt, as ctrl-C does elsewhere."""
        if self._told:
            raise KeyboardInterrupt
        before, self._interrupts = self._interrupts, True
        try:
            yield
        finally:
            self._interrupts = before

    def sleep(self, seconds: float) -> None:
        """Wait, unless it is to end."""
        until = time.monotonic() + seconds
        while not self() and (left := until - time.monotonic()) > 0:
            time.sleep(min(_GLANCE, left))

    def _hear(self, *_: object) -> None:
        impatient, self._told = self._told, True
        if impatient or self._interrupts:
            raise KeyboardInterrupt


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 1 <= seconds <= 86_400:
        raise ArgumentTypeError(f"{text!r} is not from 1 to 86400 seconds")
    return seconds
