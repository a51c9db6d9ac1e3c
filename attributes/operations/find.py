"""Finding the definition that an operation is about."""

from uuid import UUID

from attributes.models import AttributeMeta, State
from incidents_project.refusals import NotFound


def no_such_attribute() -> NotFound:
    """The one answer for a name that no attribute has now."""
    return NotFound("There is no such attribute.")


def in_force(name: str) -> AttributeMeta:
    """The attribute in force with this name, or ``NotFound``; the fence keeps it as it is."""
    definition = AttributeMeta.objects.in_force().filter(name=name).first()
    if definition is None:
        raise no_such_attribute()
    return definition


def archived(name: str, uid: UUID | None = None) -> AttributeMeta:
    """The attribute archived last under this name, or the one that ``uid`` says; ``NotFound``."""
    found = AttributeMeta.objects.filter(name=name, state=State.ARCHIVED)
    if uid is not None:
        found = found.filter(id=uid)
    definition = found.order_by("-archived_at").first()
    if definition is None:
        raise NotFound("There is no archived attribute of this name.")
    return definition
