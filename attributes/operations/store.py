"""Storing a changed definition, with its version and its entry in the history."""

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from accounts.principal import Principal, Role
from attributes.models import AttributeMeta, Job, SpareSlot
from attributes.schema import describe
from history import record
from history.record import Change, Versions


def store_new(principal: Principal, definition: AttributeMeta) -> None:
    """Insert a definition."""
    definition.created_by = definition.updated_by = principal.name
    definition.save(force_insert=True)
    _record(principal, "attribute.created", definition, {}, Versions(after=0))


def store_change(
    principal: Principal,
    action: str,
    definition: AttributeMeta,
    before: dict[str, Any],
    *also: Change,
) -> None:
    """Store a definition that was ``before`` when it was read; ``also`` is more to remember."""
    versions = Versions(before=definition.occ_lock, after=definition.occ_lock + 1)
    definition.occ_lock += 1
    definition.updated_at = timezone.now()
    definition.updated_by = principal.name
    definition.save(force_update=True)
    _record(principal, action, definition, before, versions, *also)


def _record(
    principal: Principal,
    action: str,
    definition: AttributeMeta,
    before: dict[str, Any],
    versions: Versions,
    *also: Change,
) -> None:
    after = describe(definition)
    changes = [*record.differences(before, after, list(after)), *also]
    record.instance_event(
        principal,
        action,
        object_id=definition.id,
        subject_name=definition.name,
        changes=[{"slot": definition.slot} | entry for entry in changes],
        versions=versions,
    )


def record_purge(job: Job, slots: list[str]) -> None:
    """The entry that stays when values and definition are gone: how many values, by whom."""
    gone = [{"field": "values", "slot": slot, "old": job.changed, "new": 0} for slot in slots[:1]]
    _record_of_job(job, "attribute.purged", gone)


def record_spare_purge(job: Job, spares: Iterable[SpareSlot]) -> None:
    """The entry of values that the attribute was not read from: how many, of which type."""
    gone: list[Change] = [
        {
            "field": "spare values",
            "type": spare.type,
            "slot": spare.slot,
            "old": job.changed,
            "new": 0,
        }
        for spare in spares
    ]
    _record_of_job(job, "attribute.spare_values_purged", gone)


def _record_of_job(job: Job, action: str, changes: list[Change]) -> None:
    who = Principal(job.requested_by, job.requested_by, "", frozenset({Role.DEPLOYER}))
    record.instance_event(
        who,
        action,
        object_id=job.attribute_id,
        subject_name=job.attribute_name,
        changes=changes,
        versions=Versions(),
    )
