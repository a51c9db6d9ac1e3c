"""A definition on the wire."""

from collections.abc import Iterable
from typing import Any

from django.db.models import prefetch_related_objects

from attributes import indexes
from attributes.indexes import IndexState
from attributes.models import AttributeMeta, Job, JobKind, SlotState


def present(definition: AttributeMeta) -> dict[str, Any]:
    """The attribute as the API answers it, ``name`` and ``type`` first."""
    return present_all([definition])[0]


def present_all(definitions: Iterable[AttributeMeta]) -> list[dict[str, Any]]:
    """Each of them; what stands beside them is read for all at once."""
    definitions = list(definitions)
    prefetch_related_objects(definitions, "aliases", "spare_slots")
    ids = [definition.id for definition in definitions]
    jobs = {job.attribute_id: job for job in Job.objects.open().filter(attribute_id__in=ids)}
    catalogue = indexes.read()
    return [_present(one, catalogue.state(one), jobs.get(one.id)) for one in definitions]


def _present(definition: AttributeMeta, index_state: IndexState, job: Job | None) -> dict[str, Any]:
    spares = definition.spare_slots.all()
    filling = [spare.type for spare in spares if spare.state == SlotState.FILLING]
    kept = definition.to_go_back_to()
    return {
        "name": definition.name,
        "type": definition.type,
        "label": definition.label,
        "description": definition.description,
        "required": definition.required,
        "default": _shown(definition, definition.default),
        "missing_value": _shown(definition, definition.missing_value),
        "rules": definition.rules,
        "state": definition.state,
        "sunset": definition.sunset,
        "archived_at": definition.archived_at,
        "required_when": definition.required_when,
        "applies_to": definition.applies_to,
        "unique": definition.unique,
        "unique_state": _unique_state(definition, job),
        "indexed": definition.indexed,
        "index_state": index_state,
        "group": definition.group,
        "help_text": definition.help_text,
        "order": definition.order,
        "aliases": [
            {"name": alias.name, "until": alias.until} for alias in definition.usable_aliases()
        ],
        "changing_to": next(iter(filling), None),
        "undo_until": kept and kept.kept_until,
        "job": job and job.id,
        "id": definition.id,
        "occ_lock": definition.occ_lock,
        "created_at": definition.created_at,
        "created_by": definition.created_by,
        "updated_at": definition.updated_at,
        "updated_by": definition.updated_by,
    }


def _shown(definition: AttributeMeta, stored: Any) -> Any:
    return None if stored is None else definition.typed().present(stored)


def _unique_state(definition: AttributeMeta, job: Job | None) -> str:
    if not definition.unique:
        return "NONE"
    return "VALIDATING" if job is not None and job.kind == JobKind.CLAIM else "ENFORCED"
