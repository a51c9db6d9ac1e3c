"""Destroying the values of slots. Nothing else in the product does."""

from django.db import transaction
from django.utils import timezone

from attributes import fence
from attributes.jobs import exports, lease
from attributes.jobs.steps import Act, Batch, Step, Sweep, Written
from attributes.models import (
    AttributeMeta,
    Claim,
    IndexBuild,
    Job,
    JobState,
    SlotState,
    SpareSlot,
    State,
    UnindexedUse,
)
from attributes.operations.store import record_purge, record_spare_purge
from attributes.schema import Schema
from attributes.storage import expression


def steps(job: Job) -> list[Step]:
    """Destroy, then forget."""
    return [_Destroy(job), _Forget()]


class _Destroy(Sweep):
    """Take the slots' values out of every row."""

    name = "destroy"

    def __init__(self, job: Job) -> None:
        self.job = job
        self.slots: list[str] = job.parameters["slots"]

    def needs(self) -> str:
        """Whatever has a value in one of the slots."""
        return " OR ".join(f"{expression(slot)} IS NOT NULL" for slot in self.slots)

    def write(self, schema: Schema, batch: Batch) -> Written:
        """With the claims that stood for the values; the values themselves to a file, if asked."""
        exported = bool(self.job.parameters.get("export"))
        values = [expression(slot) for slot in self.slots] if exported else []
        rows = batch.rows(self.needs(), ", ".join(["id", *values]))
        ids = [row[0] for row in rows]
        if exported:
            exports.append(self.job, batch.tenant, self.slots, rows)
        batch.update('"attributes" - %s::text[]', ids, [self.slots])
        Claim.objects.for_tenant(batch.tenant).filter(slot__in=self.slots, host_id__in=ids).delete()
        return Written(held=len(rows), changed=len(rows))


class _Forget(Act):
    """What has no values any more need not be known."""

    name = "forget"

    def do(self, job: Job) -> None:
        """The definition, or the one slot; the job stays as the receipt."""
        with transaction.atomic():
            fence.change()
            held = lease.hold(job)
            slots = held.parameters["slots"]
            purged = AttributeMeta.objects.filter(id=held.attribute_id, state=State.PURGING)
            definition = purged.first()
            spares = SpareSlot.objects.filter(slot__in=slots, state=SlotState.PURGING)
            if definition is None:  # it lives on without them
                record_spare_purge(held, spares)
            else:
                record_purge(held, slots)
                definition.delete()
            spares.delete()
            for noted in (IndexBuild, UnindexedUse):
                noted.objects.filter(slot__in=slots).delete()
            lease.keep(
                held,
                state=JobState.DONE,
                finished_at=timezone.now(),
                result=held.result | {"destroyed": held.changed},
            )
