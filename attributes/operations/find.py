"""Finding the definition that an operation is about."""

from attributes.models import AttributeMeta
from incidents_project.refusals import NotFound


def no_such_attribute() -> NotFound:
    """The one answer for a name that no attribute has now."""
    return NotFound("There is no such attribute.")


def in_force(name: str) -> AttributeMeta:
    """The attribute in force with this name, or ``NotFound``; the fence keeps it as it is."""
    definition = AttributeMeta.objects.active().filter(name=name).first()
    if definition is None:
        raise no_such_attribute()
    return definition
