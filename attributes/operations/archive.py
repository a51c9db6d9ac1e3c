"""Taking an attribute out of sight: its values stay, its name is free."""

from django.db import transaction
from django.utils import timezone

from accounts.principal import Principal
from attributes import fence
from attributes.models import AttributeMeta, State
from attributes.operations.find import in_force
from history import record
from history.record import Versions
from incidents_project.versions import ANY, Expected


@transaction.atomic
def archive_attribute(
    *, principal: Principal, name: str, expected: Expected = ANY
) -> AttributeMeta:
    """Make an attribute disappear from every answer at once. No incident is touched.

    Raises ``NotFound`` when no attribute in force has this name.
    """
    fence.change()
    definition = in_force(name)
    expected.require(definition.occ_lock)
    before = definition.occ_lock
    definition.state = State.ARCHIVED
    definition.occ_lock += 1
    definition.updated_at = timezone.now()
    definition.updated_by = principal.name
    definition.save(force_update=True)
    record.instance_event(
        principal,
        "attribute.archived",
        object_id=definition.id,
        subject_name=definition.name,
        changes=[
            {"field": "state", "slot": definition.slot, "old": State.ACTIVE, "new": State.ARCHIVED}
        ],
        versions=Versions(before=before, after=definition.occ_lock),
    )
    return definition
