"""Giving a value to every incident that has none.

Where incidents without one were read as having that value already, nobody sees a difference; when
the job is done none is read as what it is not.
"""

from django.db import transaction
from django.utils import timezone

from attributes import fence, hosts
from attributes.jobs import lease
from attributes.jobs.retype import BY_JOB
from attributes.jobs.steps import Act, Batch, BlockedError, Step, Sweep, Written
from attributes.models import AttributeMeta, Job, JobState
from attributes.operations.store import store_change
from attributes.schema import Schema, describe
from attributes.storage import expression, quoted
from attributes.types import Json
from incidents_project.exact_json import dumps


def steps(job: Job) -> list[Step]:
    """Fill, and read what is stored."""
    return [_Fill(job.parameters["slot"], job.parameters["value"]), _Settle()]


class _Fill(Sweep):
    """Write the value where there is none."""

    name = "fill"

    def __init__(self, slot: str, value: Json) -> None:
        self.slot, self.value = slot, value

    def needs(self) -> str:
        """Only what nobody has written meanwhile."""
        return f"{expression(self.slot)} IS NULL"

    def write(self, schema: Schema, batch: Batch) -> Written:
        """Only incidents of the types that have the attribute; a value that is there wins."""
        attribute = schema.by_slot.get(self.slot)
        if attribute is None:
            raise BlockedError("The attribute is archived. Restore it and resume, or cancel.")
        kind, _ = hosts.columns()
        rows = batch.rows(self.needs(), f'id, "{kind}"')
        ids = [id_ for id_, of_kind in rows if attribute.applies(of_kind)]
        value = dumps(self.value).decode()
        filled = f'jsonb_build_object({quoted(self.slot)}, %s::jsonb) || "attributes"'
        batch.update(filled, ids, [value])
        return Written(held=len(rows), changed=len(ids))


class _Settle(Act):
    """Every incident has a value; none has to be read as having one."""

    name = "settle"

    def do(self, job: Job) -> None:
        """One transaction that touches no incident."""
        with transaction.atomic():
            fence.change()
            held = lease.hold(job)
            definition = AttributeMeta.objects.get(id=held.attribute_id)
            before = describe(definition)
            definition.missing_value = None
            filled = {"field": "values", "old": 0, "new": held.changed}
            store_change(BY_JOB, "attribute.backfilled", definition, before, filled)
            result = held.result | {"filled": held.changed}
            lease.keep(held, state=JobState.DONE, finished_at=timezone.now(), result=result)
