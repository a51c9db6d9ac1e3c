"""Filling the slot of another type, and then reading from it.

From the moment the slot is being filled whoever writes a value writes both slots, so a row that was
filled stays right. The same steps undo a change of type: the slot before is filled from what was
written since, and what nobody touched is still there as it was.
"""

from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.principal import Principal, Role
from attributes import claims, fence, indexes, twins, walk
from attributes.conversions import Verdict
from attributes.indexes import IndexState
from attributes.jobs import lease
from attributes.jobs.steps import Act, Batch, BlockedError, NotYetError, Step, Sweep, Written
from attributes.models import AttributeMeta, Job, JobKind, JobState, SlotState, SpareSlot
from attributes.operations import options
from attributes.operations.store import store_change
from attributes.operations.update import begin_claiming
from attributes.plans import Tally
from attributes.schema import Attribute, Filling, Schema, describe, schemas
from attributes.storage import expression
from attributes.types import Json
from attributes.walk import Judge
from incidents_project.exact_json import dumps, loads

BY_JOB = Principal("attribute_jobs", "attribute_jobs", "", frozenset({Role.DEPLOYER}))


def steps(job: Job) -> list[Step]:
    """Count, fill, index, count again, switch."""
    slots = job.parameters["source"], job.parameters["target"]
    return [_Count(), _Fill(*slots), _Index(), _CountAgain(), _Switch()]


def judge(source: str, filling: Filling) -> Judge:
    """What becomes of each value that has no other beside it yet."""
    found = Judge(filling.converter.convert, filling.converter.shortcut)
    if not filling.claims:
        return found
    return twins.apart(found, source, filling.type, beside=filling.slot)


class _Fill(Sweep):
    """Convert what has no value in the new slot yet."""

    name = "fill"

    def __init__(self, source: str, target: str) -> None:
        self.source, self.target = source, target

    def needs(self) -> str:
        """Only what writers have not written meanwhile."""
        return f"{expression(self.source)} IS NOT NULL AND {expression(self.target)} IS NULL"

    def write(self, schema: Schema, batch: Batch) -> Written:
        """By SQL where it is sure, else one by one; what is impossible stays where it is.

        A claim is made of each value, so SQL does nothing for a unique attribute.
        """
        filling = _filling(schema, self.source)
        value = expression(self.source)
        shortcut = None if filling.claims else filling.converter.shortcut
        sure = Judge(filling.converter.convert, shortcut).sure(value)
        rows = batch.rows(self.needs(), f"id, CASE WHEN {sure} THEN NULL ELSE {value} END")
        by_sql = [id_ for id_, found in rows if found is None]
        if shortcut is not None:
            converted = shortcut.value.replace("{value}", value)
            merged = f"\"attributes\" || jsonb_build_object('{self.target}', {converted})"
            batch.update(merged, by_sql)
        made = _converted(
            filling, [(id_, loads(found)) for id_, found in rows if found is not None]
        )
        if filling.claims:
            free = claims.take_all(filling, batch.tenant, made)
            made = [(id_, converted) for id_, converted in made if id_ in free]
        documents = [dumps({self.target: converted}).decode() for _, converted in made]
        batch.merge([id_ for id_, _ in made], documents)
        return Written(held=len(rows), changed=len(by_sql) + len(made))


def _converted(filling: Filling, found: list[tuple[UUID, Json]]) -> list[tuple[UUID, Json]]:
    """What becomes of those values that may be converted."""
    outcomes = [(id_, filling.converter.convert(value)) for id_, value in found]
    allowed = {Verdict.KEPT, Verdict.LOSSY} if filling.accepts_loss else {Verdict.KEPT}
    return [(id_, outcome.value) for id_, outcome in outcomes if outcome.verdict in allowed]


class _Count(Act):
    """Stop before anything is written if more would be lost than the deployer has named."""

    name = "count"

    def do(self, job: Job) -> None:
        """Count all values as they are now."""
        tally = _tally(job)
        if tally.exceeds(job.parameters.get("accept", {})):
            raise BlockedError(_words(job, tally))
        _remember(job, tally)


class _CountAgain(Act):
    """What has no value in the new slot now stays behind; it must be what was named."""

    name = "verify"

    def do(self, job: Job) -> None:
        """Count them: also such as were another's when it was their turn, and are not any more."""
        tally = _tally(job)
        accepted = job.parameters.get("accept", {}).get(Verdict.IMPOSSIBLE.value, 0)
        left = tally.holders - tally.counts[Verdict.IMPOSSIBLE]
        if left and (tally.holders > accepted or not _target(job).claims):
            raise BlockedError(f"{left} values were passed over. Resume to go over all once more.")
        if tally.counts[Verdict.IMPOSSIBLE] > accepted:
            raise BlockedError(_words(job, tally))


class _Index(Act):
    """An indexed attribute is switched when its new index is ready."""

    name = "index"

    def do(self, job: Job) -> None:
        """Wait for whoever builds indexes."""
        target = job.parameters["target"]
        wanted = [d for d in indexes.definitions() if d.slot == target and indexes.is_wanted(d)]
        for definition in wanted:
            state = indexes.read().state(definition)
            if state is IndexState.FAILED:
                raise BlockedError(
                    "The index of the new type could not be built:"
                    f" {indexes.read().of(target).error} Mend that, run 'manage.py attribute_index"
                    " repair' and resume; or cancel."
                )
            if state is not IndexState.READY:
                raise NotYetError


class _Switch(Act):
    """From here on everybody reads the new slot; the one before is kept to go back to."""

    name = "switch"

    def do(self, job: Job) -> None:
        """One transaction that touches no incident."""
        with transaction.atomic():
            fence.change()
            held = lease.hold(job)
            definition = AttributeMeta.objects.get(id=held.attribute_id)
            spare = SpareSlot.objects.get(slot=held.parameters["target"], state=SlotState.FILLING)
            before, slot_before = describe(definition), definition.slot
            SpareSlot.objects.filter(slot=spare.slot).delete()
            SpareSlot.objects.create(
                slot=slot_before,
                attribute=definition,
                type=definition.type,
                rules=definition.rules,
                claim_slot=definition.claims if definition.unique else "",
                state=SlotState.RETAINED,
                kept_until=timezone.now() + timedelta(days=settings.ATTRIBUTE_RETENTION_DAYS),
            )
            definition.slot, definition.claim_slot = spare.slot, spare.claim_slot
            definition.type, definition.rules = spare.type, spare.rules
            definition.default = held.parameters["default"]
            definition.missing_value = held.parameters["missing_value"]
            also = [{"field": "slot", "old": slot_before, "new": spare.slot}]
            lease.keep(held, state=JobState.DONE, finished_at=timezone.now())
            if definition.unique and not spare.claim_slot:  # it was not when these were written
                also.append(begin_claiming(BY_JOB, definition))
            store_change(BY_JOB, "attribute.retyped", definition, before, *also)
            if held.kind == JobKind.UNDO:  # options may have been replaced since
                options.after_change(BY_JOB, definition)


def _filling(schema: Schema, source: str) -> Filling:
    attribute: Attribute = schema.by_slot[source]
    return cast("Filling", attribute.filling)


def _target(job: Job) -> Filling:
    return _filling(schemas.now(), job.parameters["source"])


def _tally(job: Job) -> Tally:
    """What becomes of the values that have no other beside them yet."""
    source, filling = job.parameters["source"], _target(job)
    return walk.tally(source, judge(source, filling), f"{expression(filling.slot)} IS NULL")


def _remember(job: Job, tally: Tally) -> None:
    with transaction.atomic():
        held = lease.hold(job)
        counts: dict[str, Any] = {v.value: number for v, number in tally.counts.items()}
        lease.keep(held, result=held.result | {"holders": tally.holders} | counts)


def _words(job: Job, tally: Tally) -> str:
    lossy, impossible = tally.counts[Verdict.LOSSY], tally.counts[Verdict.IMPOSSIBLE]
    twins_too = ", or only to what another incident has" if _target(job).claims else ""
    return (
        f"{lossy} values would be changed in the conversion and {impossible} cannot be converted"
        f"{twins_too}."
        f' Mend them, or resume with accept {{"lossy": {lossy}, "impossible": {impossible}}}:'
        " the originals are kept. Or cancel."
    )
