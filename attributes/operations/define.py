"""Creating an attribute and changing what does not touch stored values."""

from typing import Any

from django.conf import settings as deployment
from django.db import transaction
from django.utils import timezone

from accounts.principal import Principal
from attributes import fence
from attributes.models import AttributeMeta, IndexBuild
from attributes.operations.find import in_force
from attributes.operations.members import (
    Members,
    build,
    clean_default,
    clean_name,
    clean_settings,
    refuse_unindexable,
    unknown_members,
)
from attributes.schema import describe
from attributes.storage import same
from attributes.types import Json
from history import record
from history.record import Versions
from incidents_project.refusals import Conflict, Fault, Invalid
from incidents_project.versions import ANY, Expected


@transaction.atomic
def define_attribute(*, principal: Principal, members: Members) -> AttributeMeta:
    """Add an attribute to every incident.

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
    refuse_unindexable(typed, members, settings, faults)
    if faults or typed is None:
        raise Invalid.because(faults)
    _refuse_taken(name)
    if settings["indexed"]:
        _keep_within_budget()
    definition = AttributeMeta(
        name=name,
        type=typed.name,
        slot=fence.new_slot(),
        rules=typed.rules(),
        created_by=principal.name,
        updated_by=principal.name,
        **settings,
    )
    definition.save(force_insert=True)
    _record(principal, "attribute.created", definition, {}, Versions(after=0))
    return definition


@transaction.atomic
def change_attribute(
    *, principal: Principal, name: str, members: Members, expected: Expected = ANY
) -> AttributeMeta:
    """Change everything of an attribute but its name, type and, once defined, uniqueness.

    ``rules`` is merged: a rule not sent stays, ``null`` takes one (or all) away. A change of
    nothing changes nothing. Values that were stored before are not checked again until they are
    touched.
    """
    faults = unknown_members(members)
    fence.change()
    definition = in_force(name)
    expected.require(definition.occ_lock)
    before = describe(definition)
    faults += _fixed(members, before)
    settings = clean_settings(members, faults, absent=before)
    typed = build(definition.type, _merged(definition.rules, members, faults), faults)
    if typed is not None:
        was = build(definition.type, definition.rules, [])
        faults += typed.forgets(was) if was is not None else ()
    if {"default", "rules", "unique"} & members.keys():
        default = definition.default
        if default is not None:
            default = definition.typed().present(default)
        default = members.get("default", default)
        settings["default"] = clean_default(typed, default, settings, faults)
    if {"indexed", "rules"} & members.keys():
        refuse_unindexable(typed, members, settings, faults)
    if faults or typed is None:
        raise Invalid.because(faults)
    if settings["indexed"] and not before["indexed"]:
        _keep_within_budget()
        IndexBuild.objects.filter(slot=definition.slot).delete()  # of an earlier wish
    for field, value in settings.items():
        setattr(definition, field, value)
    definition.rules = typed.rules()
    if not same(describe(definition), before):
        _save(principal, definition, before)
    return definition


def _fixed(members: Members, before: dict[str, Any]) -> list[Fault]:
    faults = [
        Fault(fixed, "read_only", f"The {fixed} cannot be changed here.")
        for fixed in ("name", "type")
        if fixed in members and members[fixed] != before[fixed]
    ]
    if members.get("unique") is True and not before["unique"]:
        message = "Can be asked for only when the attribute is defined."
        faults.append(Fault("unique", "read_only", message))
    return faults


def _merged(rules: dict[str, Json], members: Members, faults: list[Fault]) -> Json:
    sent = members.get("rules", {})
    if sent is None:
        return {}
    if not isinstance(sent, dict):
        faults.append(Fault("rules", "wrong_type", "Must be an object."))
        return rules
    return rules | sent


def _save(principal: Principal, definition: AttributeMeta, before: dict[str, Any]) -> None:
    versions = Versions(before=definition.occ_lock, after=definition.occ_lock + 1)
    definition.occ_lock += 1
    definition.updated_at = timezone.now()
    definition.updated_by = principal.name
    definition.save(force_update=True)
    _record(principal, "attribute.updated", definition, before, versions)


def _record(
    principal: Principal,
    action: str,
    definition: AttributeMeta,
    before: dict[str, Any],
    versions: Versions,
) -> None:
    after = describe(definition)
    record.instance_event(
        principal,
        action,
        object_id=definition.id,
        subject_name=definition.name,
        changes=[
            entry | {"slot": definition.slot}
            for entry in record.differences(before, after, list(after))
        ],
        versions=versions,
    )


def _refuse_taken(name: str) -> None:
    taken = AttributeMeta.objects.active().filter(name__iexact=name).first()
    if taken is not None:
        raise Conflict(
            f"The attribute {taken.name} has this name already; upper and lower case are the same.",
            code="name_taken",
        )


def _keep_within_budget() -> None:
    """Every index costs every write; so the deployment says how many there may be."""
    budget = deployment.ATTRIBUTE_INDEX_BUDGET
    indexed = list(
        AttributeMeta.objects.active().filter(indexed=True).values_list("name", flat=True)
    )
    if len(indexed) >= budget:
        raise Conflict(
            f"At most {budget} attributes may be indexed (ATTRIBUTE_INDEX_BUDGET), and these are:"
            f" {', '.join(indexed) or 'none'}. Set indexed to false on one of them first.",
            code="index_budget",
            members={"budget": budget, "indexed": indexed},
        )
