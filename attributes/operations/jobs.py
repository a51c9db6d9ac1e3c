"""Asking for background work, and steering it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.principal import Principal
from attributes import fence
from attributes.models import AttributeMeta, Job, JobKind, JobState, SlotState, SpareSlot
from attributes.operations.store import store_change
from attributes.schema import describe
from history import record
from history.record import Versions
from incidents_project.refusals import Conflict, NotFound

_BY_STATE = {
    "pause": {JobState.WAITING, JobState.RUNNING},
    "resume": {JobState.PAUSED, JobState.BLOCKED, JobState.FAILED},
    "cancel": {
        JobState.WAITING,
        JobState.RUNNING,
        JobState.PAUSED,
        JobState.BLOCKED,
        JobState.FAILED,
    },
}


def enqueue(
    principal: Principal, kind: JobKind, definition: AttributeMeta, parameters: dict[str, Any]
) -> Job:
    """Have a job done; behind the fence. There is room for one of each attribute at a time."""
    return Job.objects.create(
        kind=kind,
        attribute_id=definition.id,
        attribute_name=definition.name,
        parameters=parameters,
        requested_by=principal.name,
    )


def job_open(job: Job) -> Conflict:
    """The refusal of a change that a job on the attribute's values stands against."""
    return Conflict(
        f"A job works on the values of {job.attribute_name} ({job.kind}, {job.state}, {job.id})."
        " Let it end, or cancel it.",
        code="job_open",
        members={"job": str(job.id)},
    )


def possible(job: Job) -> list[str]:
    """What may be done with it as it stands: pause, resume, cancel."""
    verbs = [verb for verb, states in _BY_STATE.items() if job.state in states]
    if job.kind == JobKind.PURGE and "cancel" in verbs:
        verbs.remove("cancel")
    return verbs


def find(job_id: UUID) -> Job:
    """The job, or ``NotFound``."""
    job = Job.objects.filter(id=job_id).first()
    if job is None:
        raise NotFound("There is no such job.")
    return job


def pause(*, principal: Principal, job_id: UUID) -> Job:
    """Let it rest; it goes on where it is when it is resumed."""
    return _steer(principal, job_id, "pause", _pause)


def resume(*, principal: Principal, job_id: UUID, accept: dict[str, int] | None = None) -> Job:
    """Let it go on, or try again; ``accept`` names what may be lost."""

    def go_on(job: Job) -> None:
        if job.state != JobState.PAUSED:  # from the beginning: what is done is not done again
            job.step, job.tenant, job.host_id, job.round, job.skipped = "", "", None, 0, 0
        job.state, job.error, job.leased_until = JobState.WAITING, "", None
        if accept is not None:
            job.parameters = job.parameters | {"accept": accept}
            target = SpareSlot.objects.filter(slot=job.parameters.get("target"))
            target.update(accepts_loss=bool(accept.get("lossy")))

    return _steer(principal, job_id, "resume", go_on)


def cancel(*, principal: Principal, job_id: UUID) -> Job:
    """End it. What it has done is taken back where that means something; else it stays."""

    def end(job: Job) -> None:
        _cancel(job)
        if job.kind == JobKind.CLAIM:
            definition = AttributeMeta.objects.get(id=job.attribute_id)
            before = describe(definition)
            definition.unique = False
            store_change(principal, "attribute.updated", definition, before)

    return _steer(principal, job_id, "cancel", end)


def cancel_all(definition: AttributeMeta) -> None:
    """End what works on an attribute that is taken away; what is being destroyed stays so."""
    for job in Job.objects.open().filter(attribute_id=definition.id).exclude(kind=JobKind.PURGE):
        _cancel(job)
        if job.kind == JobKind.CLAIM:
            definition.unique = False


def cancel_claiming(definition: AttributeMeta) -> Job | None:
    """End what finds out whether values are unique, since they need not be; behind the fence."""
    found = Job.objects.open().filter(attribute_id=definition.id, kind=JobKind.CLAIM)
    job = found.select_for_update().first()
    if job is not None:
        _cancel(job)
    return job


def _pause(job: Job) -> None:
    job.state = JobState.PAUSED


def _cancel(job: Job) -> None:
    if job.kind == JobKind.PURGE:
        raise Conflict(
            "What is destroyed does not come back, so a purge can be paused but not cancelled.",
            code="not_now",
        )
    job.state, job.finished_at = JobState.CANCELLED, timezone.now()
    job.save()
    _abandon(job)


def _abandon(job: Job) -> None:
    """What becomes of the slot that a cancelled job was filling."""
    spare = SpareSlot.objects.filter(
        slot=job.parameters.get("target"), state=SlotState.FILLING
    ).first()
    if spare is None:
        return
    if job.kind == JobKind.UNDO:
        # It holds the originals; what was filled in beside them follows what is written.
        SpareSlot.objects.filter(slot=spare.slot).update(
            state=SlotState.RETAINED, filled_from="", kept_until=job.parameters["kept_until"]
        )
        return
    SpareSlot.objects.filter(slot=spare.slot).update(state=SlotState.PURGING, filled_from="")
    Job.objects.create(
        kind=JobKind.PURGE,
        attribute_id=job.attribute_id,
        attribute_name=job.attribute_name,
        parameters={"slots": [spare.slot]},
        requested_by=job.requested_by,
    )


@transaction.atomic
def _steer(principal: Principal, job_id: UUID, verb: str, act: Callable[[Job], None]) -> Job:
    fence.change()
    job = Job.objects.select_for_update().filter(id=job_id).first()
    if job is None:
        raise NotFound("There is no such job.")
    if job.state not in _BY_STATE[verb]:
        raise Conflict(f"A job that is {job.state} cannot {verb}.", code="not_now")
    before = job.state
    act(job)
    job.save()
    record.instance_event(
        principal,
        f"job.{verb}",
        object_id=job.attribute_id,
        subject_name=job.attribute_name,
        changes=[{"field": "job", "old": before, "new": job.state, "job": str(job.id)}],
        versions=Versions(),
    )
    return job
