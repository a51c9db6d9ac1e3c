"""Creating an attribute and changing what does not touch stored values."""

from uuid import UUID

from django.db import transaction

from accounts.principal import Principal
from accounts.tenancy import new_id
from attributes import fence
from attributes.models import AttributeMeta
from attributes.operations import options
from attributes.operations.change import carry_out
from attributes.operations.members import (
    Members,
    build,
    clean_default,
    clean_missing_value,
    clean_name,
    clean_settings,
    keep_within_budget,
    refuse_taken,
    refuse_unindexable,
    unknown_members,
)
from attributes.operations.store import store_new
from attributes.operations.update import Update
from incidents_project.refusals import Invalid
from incidents_project.versions import ANY, Expected


@transaction.atomic
def define_attribute(
    *, principal: Principal, members: Members, uid: UUID | None = None
) -> AttributeMeta:
    """Add an attribute to every incident; a document may name its ``uid``.

    Raises ``Invalid`` with every fault of its name, type, rules and default, and ``Conflict``
    (``name_taken``) when an attribute has that name in any case.
    """
    faults = unknown_members(members)
    fence.change()
    name = clean_name(members, faults)
    settings = clean_settings(members, faults)
    rules = members.get("rules")
    typed = build(members.get("type"), {} if rules is None else rules, faults)
    settings["default"] = clean_default(typed, members.get("default"), settings, faults)
    missing = members.get("missing_value")
    settings["missing_value"] = clean_missing_value(typed, missing, settings, faults)
    refuse_unindexable(typed, members, settings, faults)
    options.refuse_unique(typed, "rules", faults, unique=settings["unique"])
    if faults or typed is None:
        raise Invalid.because(faults)
    refuse_taken(name)
    if settings["indexed"]:
        keep_within_budget()
    definition = AttributeMeta(
        id=uid or new_id(),
        name=name,
        type=typed.name,
        slot=fence.new_slot(),
        rules=typed.rules(),
        **settings,
    )
    store_new(principal, definition)
    return definition


def change_attribute(
    *, principal: Principal, name: str, members: Members, expected: Expected = ANY
) -> AttributeMeta:
    """Carry out ``Update``."""
    return carry_out(Update(name, members), principal=principal, expected=expected)
