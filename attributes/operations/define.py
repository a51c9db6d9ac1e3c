"""Creating an attribute and changing what does not touch stored values."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.principal import Principal
from attributes import fence, hosts, types
from attributes.models import AttributeMeta
from attributes.operations.find import locked
from attributes.schema import describe
from attributes.types.base import Json
from attributes.types.boolean import BooleanType
from attributes.types.integer import IntegerType
from attributes.types.string import StringType
from attributes.types.text import TextType
from history import record
from history.record import Versions
from incidents_project.refusals import Conflict, Fault, Invalid, Refusal, ValueRefused

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}")
_ORDER = IntegerType(min=-(2**31), max=2**31 - 1)

Members = Mapping[str, Json]

_CHECKS: dict[str, Callable[[Json], Any]] = {
    "label": StringType(max_length=200).clean,
    "description": TextType(max_length=2_000).clean,
    "required": BooleanType().clean,
    "order": _ORDER.clean,
}
_EMPTY: dict[str, Any] = {"label": "", "description": "", "required": False, "order": 0}
CHANGEABLE = frozenset(_CHECKS) | {"rules", "default"}
READ_ONLY = frozenset(
    {"id", "state", "created_at", "created_by", "updated_at", "updated_by", "occ_lock"}
)


@transaction.atomic
def define_attribute(*, principal: Principal, members: Members) -> AttributeMeta:
    """Add an attribute to every incident.

    Raises ``Invalid`` with every fault of its name, type, rules and default, and ``Conflict``
    (``name_taken``) when an attribute has that name in any case.
    """
    faults = _unknown_members(members, CHANGEABLE | {"name", "type"} | READ_ONLY)
    name = _clean_name(members, faults)
    settings = _clean_settings(members, faults)
    rules = members.get("rules")
    typed = _build(members.get("type"), {} if rules is None else rules, faults)
    settings["default"] = _clean_default(typed, members.get("default"), faults)
    if faults or typed is None:
        raise Invalid.because(faults)
    fence.change()
    _refuse_taken(name)
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
    *, principal: Principal, name: str, members: Members, occ_lock: int | None = None
) -> AttributeMeta:
    """Change an attribute's label, description, order, rules, ``required`` or default.

    ``rules`` is merged: a rule not sent stays, ``null`` takes one (or all) away. A change of nothing changes
    nothing. Values that were stored before are not checked again until they are touched.
    """
    faults = _unknown_members(members, CHANGEABLE | {"name", "type"} | READ_ONLY)
    fence.change()
    definition = locked(name)
    if occ_lock is not None and occ_lock != definition.occ_lock:
        raise stale(definition)
    before = describe(definition)
    for fixed in ("name", "type"):
        if fixed in members and members[fixed] != before[fixed]:
            faults.append(Fault(fixed, "read_only", f"The {fixed} cannot be changed here."))
    settings = _clean_settings(members, faults, absent=before)
    typed = _build(definition.type, _merged(definition.rules, members, faults), faults)
    if "default" in members or "rules" in members:
        default = members.get("default", definition.default)
        settings["default"] = _clean_default(typed, default, faults)
    if faults or typed is None:
        raise Invalid.because(faults)
    for field, value in settings.items():
        setattr(definition, field, value)
    definition.rules = typed.rules()
    if describe(definition) == before:
        return definition
    _save(principal, definition)
    _record(
        principal,
        "attribute.updated",
        definition,
        before,
        Versions(before=definition.occ_lock - 1, after=definition.occ_lock),
    )
    return definition


def _merged(rules: dict[str, Json], members: Members, faults: list[Fault]) -> Json:
    sent = members.get("rules", {})
    if sent is None:
        return {}
    if not isinstance(sent, dict):
        faults.append(Fault("rules", "wrong_type", "Must be an object."))
        return rules
    return rules | sent


def _save(principal: Principal, definition: AttributeMeta) -> None:
    definition.occ_lock += 1
    definition.updated_at = timezone.now()
    definition.updated_by = principal.name
    definition.save(force_update=True)


def stale(definition: AttributeMeta) -> Conflict:
    """The refusal of a change made against an older version."""
    return Conflict(
        "The attribute was changed since you read it. Read it again and repeat your change.",
        code="stale_object",
        members={"occ_lock": definition.occ_lock},
    )


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


def _unknown_members(members: Members, allowed: frozenset[str]) -> list[Fault]:
    return [
        Fault(name, "unknown_field", f"Must be one of {', '.join(sorted(allowed - READ_ONLY))}.")
        for name in members
        if name not in allowed
    ]


def _clean_name(members: Members, faults: list[Fault]) -> str:
    name = members.get("name")
    if name is None:
        faults.append(Fault("name", "required", "This field is required."))
    elif not isinstance(name, str):
        faults.append(Fault("name", "wrong_type", "Must be text."))
    elif not _NAME.fullmatch(name) or "__" in name:
        faults.append(
            Fault(
                "name",
                "invalid_name",
                "Must begin with a letter, have at most 50 letters (A-Z), digits and underscores,"
                " and no two underscores in a row.",
            )
        )
    elif hosts.is_reserved(name):
        faults.append(Fault("name", "reserved_name", "Is the name of an incident's own field."))
    else:
        return name
    return ""


def _clean_settings(
    members: Members, faults: list[Fault], absent: Mapping[str, Any] = _EMPTY
) -> dict[str, Any]:
    settings = {}
    for field, check in _CHECKS.items():
        settings[field] = absent[field]
        if members.get(field) is None:
            # null takes back what was said; absent leaves it.
            settings[field] = _EMPTY[field] if field in members else absent[field]
            continue
        try:
            settings[field] = check(members[field])
        except ValueRefused as refused:
            faults.append(refused.at(field))
    return settings


def _build(type_name: Json, rules: Json, faults: list[Fault]) -> types.AttributeType | None:
    if type_name is None:
        faults.append(Fault("type", "required", f"Must be one of {', '.join(types.names())}."))
        return None
    try:
        return types.build(type_name, rules)
    except Refusal as refusal:
        faults.extend(refusal.faults)
        return None


def _clean_default(typed: types.AttributeType | None, default: Json, faults: list[Fault]) -> Json:
    if default is None or typed is None:
        return None
    try:
        return typed.clean(default)
    except ValueRefused as refused:
        faults.append(refused.at("default"))
        return None


def _refuse_taken(name: str) -> None:
    taken = AttributeMeta.objects.active().filter(name__iexact=name).first()
    if taken is not None:
        raise Conflict(
            f"The attribute {taken.name} has this name already; upper and lower case are the same.",
            code="name_taken",
        )
