"""A worker: takes jobs and carries them out, batch by batch, until it is told to stop."""

import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import psycopg
import structlog
from django.db import Error, connection, connections
from django.utils import timezone
from psycopg import errors

from attributes import indexes, walk
from attributes.jobs import lease, retention
from attributes.jobs.batch import next_batch
from attributes.jobs.kinds import steps_of
from attributes.jobs.pace import Pace
from attributes.jobs.steps import Act, BlockedError, NotYetError, Step, Sweep
from attributes.models import Job, JobState
from incidents_project.database.owner import OWNER
from incidents_project.refusals import Refusal, Unavailable

_WAIT = timedelta(seconds=1)  # until a job that waits for something is looked at again
_ROUND_PAUSES = (0.05, 0.1, 0.2, 0.4, 1.0)  # seconds, for those who held rows; each round's
_VACUUM_SHARE = 0.1  # of a table's rows that were rewritten, after which their room is won back
_VACUUM_AGAIN = 0.9  # of that share is taken as rewritten after one that was skipped
_VACUUM_LEAST = 30_000  # rows
# What another try may well get past.
_PASSING = (errors.DeadlockDetected, errors.SerializationFailure, errors.LockNotAvailable)

_log = structlog.stdlib.get_logger("incidents.jobs")


@dataclass(frozen=True, slots=True)
class Turn:
    """What a worker has just done: one batch or one act of a job, which is now as ``job`` says."""

    job: Job
    step: str
    changed: int = 0


class Worker:
    """Works until ``stopping`` says otherwise; it is asked between two batches.

    ``at_once`` is put around what may be broken off at any moment because it is done anew.
    """

    def __init__(
        self,
        *,
        max_writer_delay: float,
        stopping: Callable[[], bool] = lambda: False,
        at_once: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """``max_writer_delay`` is in seconds."""
        self.name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self._pace = Pace(max_writer_delay)
        self._stopping = stopping
        self._at_once = at_once
        self._rewritten = 0

    def work(self, only: UUID | None = None) -> Iterator[Turn]:
        """Carry out what there is to do now, or one job of it, telling each thing done.

        Raises Django's ``Error`` when the database goes away: nothing is lost, and the next call
        goes on.
        """
        lease.give_all_back(self.name)
        if only is None:
            retention.enforce()
        while not self._stopping() and (job := lease.take(self.name, only)) is not None:
            try:
                yield from self._carry_out(job)
            except lease.LostError:
                continue
            finally:
                with suppress(Error):
                    lease.give_back(job)

    def _carry_out(self, job: Job) -> Iterator[Turn]:
        while job.state == JobState.RUNNING and not self._stopping():
            try:
                turn = self._turn(job)
            except lease.LostError:
                raise
            except BlockedError as blocked:
                turn = Turn(lease.store(job, state=JobState.BLOCKED, error=str(blocked)), job.step)
            except Exception as error:  # whatever it is, other jobs go on
                if _is_away(error):
                    raise
                if _passes(error):
                    lease.give_back(job, after=_WAIT)
                    return
                _log.exception("job failed", job=str(job.id))
                turn = Turn(lease.store(job, state=JobState.FAILED, error=_words(error)), job.step)
            job = turn.job
            yield turn

    def _turn(self, job: Job) -> Turn:
        """One batch, or one act."""
        steps = steps_of(job)
        if not job.step:
            job = lease.store(job, step=steps[0].name, total=walk.total())
        step = next(each for each in steps if each.name == job.step)
        if isinstance(step, Act):
            _use_one_processor()
            with lease.kept_alive(job), self._at_once():
                step.do(job)
            return Turn(_advanced(lease.latest(job), steps), step.name)
        assert isinstance(step, Sweep)  # noqa: S101
        return self._batch(job, step, steps)

    def _batch(self, job: Job, sweep: Sweep, steps: list[Step]) -> Turn:
        done = next_batch(job, sweep, self._pace.size)
        job = done.job
        time.sleep(self._pace.learn(done.seconds, done.changed))
        self._vacuum(done.changed)
        if not done.more:
            job = _next_round(job) if job.skipped else _advanced(job, steps)
        return Turn(job, sweep.name, done.changed)

    def _vacuum(self, changed: int) -> None:
        """Win back the room of rewritten rows, so that the table does not grow by all of them.

        While an index is built, or PostgreSQL looks after the table itself, it would have to wait;
        then it is tried again a little later.
        """
        self._rewritten += changed
        if self._rewritten < _VACUUM_LEAST or OWNER not in connections:
            return
        due = indexes.rows_of_table() * _VACUUM_SHARE
        if self._rewritten < due:
            return
        skipped: list[errors.Diagnostic] = []
        owner = closing(connections.create_connection(OWNER))
        with suppress(Error), self._at_once(), owner as database, database.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
            database.connection.add_notice_handler(skipped.append)  # it says so when it does not
            # Giving free pages back to the disk would stop writers for a moment.
            cursor.execute(f"VACUUM (SKIP_LOCKED, TRUNCATE FALSE) {indexes.table()}")
        self._rewritten = round(due * _VACUUM_AGAIN) if skipped else 0


def _use_one_processor() -> None:
    """Nobody waits for what a job counts, and people do for the other processors."""
    with connection.cursor() as cursor:
        cursor.execute("SET max_parallel_workers_per_gather = 0")


def _advanced(job: Job, steps: list[Step]) -> Job:
    """The job at its next step, or done; as it is, if the last step has ended it."""
    if job.state != JobState.RUNNING:
        return job
    names = [step.name for step in steps]
    following = names[names.index(job.step) + 1 :]
    if not following:
        return lease.store(job, state=JobState.DONE, finished_at=timezone.now())
    fresh = {"tenant": "", "host_id": None, "round": 0, "skipped": 0, "seen": 0}
    return lease.store(job, step=following[0], **fresh)


def _next_round(job: Job) -> Job:
    time.sleep(_ROUND_PAUSES[min(job.round, len(_ROUND_PAUSES) - 1)])
    return lease.store(job, tenant="", host_id=None, round=job.round + 1, skipped=0, seen=0)


def _is_away(error: Exception) -> bool:
    """Whether the database is, or was a moment ago: no fault of the job's."""
    cause = error.__cause__
    if not isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    # Without a state it was not the server that refused.
    return cause.sqlstate is None or cause.sqlstate.startswith(("08", "57P"))


def _passes(error: Exception) -> bool:
    return isinstance(error, NotYetError | Unavailable) or isinstance(error.__cause__, _PASSING)


def _words(error: Exception) -> str:
    """What went wrong and what to do, without what may quote a tenant's value."""
    said = f"Something unforeseen ({type(error).__name__}), which the worker's log explains"
    diagnosis = getattr(error.__cause__, "diag", None)
    if isinstance(error, Refusal):
        said = error.detail
    elif isinstance(error, OSError):
        said = error.strerror or said
    elif diagnosis is not None and diagnosis.sqlstate:
        # Of class 22, wrong data, even the message quotes.
        wrong_data = diagnosis.sqlstate.startswith("22")
        said = f"PostgreSQL refused a value ({diagnosis.sqlstate})"
        said = said if wrong_data else diagnosis.message_primary or said
    return f"{said.removesuffix('.')}. Mend that, and resume the job."
