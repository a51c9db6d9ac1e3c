"""Whose job it is.

A worker takes a job for a minute and takes it anew with every batch. Who dies is followed by the
next one when the minute is over; who was only slow finds another's lease and writes nothing.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from uuid import UUID

from django.db import Error, connection, connections, transaction
from django.db.models import F, Q
from django.utils import timezone

from attributes.models import WORKABLE, Job, JobState

LENGTH = timedelta(minutes=1)
_RENEWAL = LENGTH.total_seconds() / 3


class LostError(Exception):
    """The job is another worker's by now, or was paused or cancelled."""


@transaction.atomic
def take(worker: str, only: UUID | None = None) -> Job | None:
    """The oldest job that nobody works on, or that one alone, taken; None where there is none."""
    now = timezone.now()
    free = Q(leased_until=None) | Q(leased_until__lt=now)
    wanted = Job.objects.filter(free, state__in=WORKABLE).order_by("id")
    if only is not None:
        wanted = wanted.filter(id=only)
    job = wanted.select_for_update(skip_locked=True).first()
    if job is None:
        return None
    job.lease += 1
    job.worker = worker
    job.state = JobState.RUNNING
    job.started_at = job.started_at or now
    job.leased_until = now + LENGTH
    job.save(update_fields=["lease", "worker", "state", "started_at", "leased_until"])
    return job


def hold(job: Job) -> Job:
    """The job as it is now, held until the transaction ends; ``LostError`` if it is not ours."""
    assert connection.in_atomic_block, "a job is held by a transaction"  # noqa: S101
    mine = Job.objects.select_for_update().filter(
        id=job.id, lease=job.lease, state=JobState.RUNNING
    )
    held = mine.first()
    if held is None:
        raise LostError
    return held


def keep(held: Job, **changes: object) -> None:
    """Store changes of a held job, and take it for another minute."""
    for field, value in changes.items():
        setattr(held, field, value)
    held.leased_until = timezone.now() + LENGTH
    held.save(update_fields=[*changes, "leased_until"])


@transaction.atomic
def store(job: Job, **changes: object) -> Job:
    """Hold the job and keep these changes; answers it as it is now."""
    held = hold(job)
    keep(held, **changes)
    return held


def latest(job: Job) -> Job:
    """The job as it is now, also when it has ended; ``LostError`` if another worker has it.

    Never read by its id alone: the lease that one then held would be the other worker's.
    """
    found = Job.objects.filter(id=job.id, lease=job.lease).first()
    if found is None:
        raise LostError
    return found


@contextmanager
def kept_alive(job: Job) -> Iterator[None]:
    """Take the job anew from time to time while something goes on that may last for minutes."""
    over = threading.Event()

    def renew() -> None:
        try:
            while not over.wait(_RENEWAL):
                with suppress(LostError, Error):  # the one who works finds out by itself
                    store(job)
        finally:
            connections.close_all()  # this thread's own

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def give_back(job: Job, *, after: timedelta = timedelta(0)) -> None:
    """Let another worker take the job, at once or after a while; nothing if it is not ours."""
    until = timezone.now() + after if after else None
    Job.objects.filter(id=job.id, lease=job.lease).update(leased_until=until, lease=F("lease") + 1)


def give_all_back(worker: str) -> None:
    """Let others take what this worker was cut off from, by a database that went away."""
    cut_off = Job.objects.filter(worker=worker, state__in=WORKABLE).exclude(leased_until=None)
    cut_off.update(leased_until=None, lease=F("lease") + 1)
