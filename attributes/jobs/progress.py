"""How far a job is, computed from its row: there is nothing else to ask."""

from dataclasses import dataclass

from attributes.jobs.kinds import steps_of
from attributes.jobs.steps import Sweep
from attributes.models import WORKABLE, Job, JobState

_AGAIN = 99.0  # percent: all rows were gone through, and those that were held are tried once more


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is with going over the rows; ``changed`` are those it has written.

    What cannot be said, before it has begun or when it is over, is None.
    """

    seen: int
    total: int
    percent: float
    changed: int
    rows_per_second: int | None
    seconds_left: float | None


def of(job: Job) -> Progress:
    """How far the job is."""
    sweeping, swept = _place(job)
    over = swept or job.state == JobState.DONE
    seen = job.seen if sweeping else job.total if over else 0
    rate = _rate(job, seen)
    left = max(0, job.total - seen)
    goes_on = sweeping and job.state in WORKABLE
    return Progress(
        seen=seen,
        total=job.total,
        percent=100.0 if over else _percent(job, seen),
        changed=job.changed,
        rows_per_second=None if rate is None else round(rate),
        seconds_left=None if rate is None or not goes_on else round(left / rate, 1),
    )


def _place(job: Job) -> tuple[bool, bool]:
    """Whether the job goes over rows now, and whether it has done that before."""
    steps = steps_of(job)
    names = [step.name for step in steps]
    at = names.index(job.step) if job.step in names else 0
    sweeping = bool(job.step) and isinstance(steps[at], Sweep)
    return sweeping, not sweeping and any(isinstance(step, Sweep) for step in steps[:at])


def _percent(job: Job, seen: int) -> float:
    if not job.total:
        return 0.0
    done = round(100 * min(1.0, seen / job.total), 1)
    return max(_AGAIN, done) if job.round else done


def _rate(job: Job, seen: int) -> float | None:
    """Rows a second while it worked, pauses left out."""
    rows = seen + job.round * job.total
    return 1_000 * rows / job.worked_ms if rows and job.worked_ms else None
