"""Putting options where those still are that they replace.

Whoever reads or filters sees the replacement from the first moment. So nothing a client sees is
changed, the job may stop anywhere, and when it is done the replaced options can be taken away.
"""

from django.db import transaction

from attributes.jobs import lease
from attributes.jobs.steps import Act, Batch, Step, Sweep, Written
from attributes.models import Job
from attributes.schema import Schema
from attributes.storage import expression, has_code
from incidents_project.exact_json import dumps, loads


def steps(job: Job) -> list[Step]:
    """Replace, and say how many."""
    return [_Replace(job), _Tell()]


class _Replace(Sweep):
    """Write the codes that values are read as. A unique attribute has none, so no claim moves."""

    name = "replace"

    def __init__(self, job: Job) -> None:
        self.slot: str = job.parameters["slot"]
        self.codes: list[str] = sorted(job.parameters["replaced"])

    def needs(self) -> str:
        """Whatever has a replaced code; nobody can write one any more."""
        return has_code(self.slot, self.codes)

    def write(self, schema: Schema, batch: Batch) -> Written:
        """What is read of each value."""
        settled = schema.by_slot[self.slot].type.settled
        rows = batch.rows(self.needs(), f"id, {expression(self.slot)}")
        documents = [dumps({self.slot: settled(loads(value))}).decode() for _, value in rows]
        batch.merge([id_ for id_, _ in rows], documents)
        return Written(held=len(rows), changed=len(rows))


class _Tell(Act):
    """The receipt."""

    name = "tell"

    def do(self, job: Job) -> None:
        """How many incidents had a replaced option."""
        with transaction.atomic():
            held = lease.hold(job)
            lease.keep(held, result=held.result | {"replaced": held.changed})
