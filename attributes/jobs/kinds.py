"""Which steps each kind of job has."""

from collections.abc import Callable, Mapping

from attributes.jobs import backfill, claim, purge, replace, retype
from attributes.jobs.steps import Step
from attributes.models import Job, JobKind

_STEPS: Mapping[str, Callable[[Job], list[Step]]] = {
    JobKind.RETYPE: retype.steps,
    JobKind.UNDO: retype.steps,
    JobKind.BACKFILL: backfill.steps,
    JobKind.CLAIM: claim.steps,
    JobKind.REPLACE: replace.steps,
    JobKind.PURGE: purge.steps,
}


def steps_of(job: Job) -> list[Step]:
    """The steps of a job, in their order."""
    return _STEPS[job.kind](job)
