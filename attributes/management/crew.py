"""What a worker process does: jobs, what is kept only for so long, and indexes."""

import time
from collections.abc import Callable
from uuid import UUID

from django.db import connections

from attributes.jobs.worker import Turn, Worker
from attributes.management import words
from attributes.management.stopping import Stop
from attributes.models import AttributeMeta, JobState
from attributes.operations.index import reconcile
from incidents_project.database.owner import OWNER

_TELL_EVERY = 1.0  # seconds
_INDEXES_EVERY = 10.0  # seconds, while a job goes on


class _ElsewhereError(Exception):
    """Another process is building an index."""


class Crew:
    """Does what there is to do, and tells of it a line at a time."""

    def __init__(
        self, stop: Stop, tell: Callable[[str], None], *, max_writer_delay: float = 0.1
    ) -> None:
        """``max_writer_delay`` is in seconds."""
        self._stop = stop
        self._tell = tell
        self._worker = Worker(
            max_writer_delay=max_writer_delay, stopping=stop, at_once=stop.at_once
        )
        self._told: tuple[UUID, str, str] | None = None
        self._told_at = self._looked_at = 0.0

    def work(self, only: UUID | None = None) -> bool:
        """Do what there is to do now, or one job of it; answers whether there was anything."""
        did = False
        self._looked_at = time.monotonic()
        for turn in self._worker.work(only):
            did = True
            self._tell_of(turn)
            if time.monotonic() > self._looked_at + _INDEXES_EVERY:
                self._build_live_indexes()
        return self._build_indexes() or did

    def _build_live_indexes(self) -> None:
        """Not those of slots that are being filled: they are built faster when that is done."""
        live = AttributeMeta.objects.in_force().filter(indexed=True)
        for slot in live.values_list("slot", flat=True):
            self._build_indexes(slot)
        self._looked_at = time.monotonic()

    def _build_indexes(self, only: str | None = None) -> bool:
        if OWNER not in connections:
            return False
        did = False
        try:
            with self._stop.at_once():
                for outcome in reconcile(only=only, waiting=_leave):
                    did = True
                    self._tell(words.of_index(outcome))
        except _ElsewhereError:  # its own jobs need not wait for that
            pass
        return did

    def _tell_of(self, turn: Turn) -> None:
        told = (turn.job.id, turn.step, turn.job.state)
        again = told == self._told and turn.job.state == JobState.RUNNING
        if again and time.monotonic() < self._told_at + _TELL_EVERY:
            return
        self._told, self._told_at = told, time.monotonic()
        self._tell(words.of_job(turn.job))


def _leave() -> None:
    raise _ElsewhereError
