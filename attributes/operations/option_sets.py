"""Options that several attributes share: defining, changing and deleting a set of them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.principal import Principal
from attributes import fence
from attributes.models import AttributeMeta, OptionSet
from attributes.operations import options
from attributes.operations.holders import counts_first
from attributes.schema import options_by_name
from attributes.types import AttributeType, Json
from attributes.types.options import clean_options
from attributes.types.string import StringType
from history import record
from history.record import Versions
from incidents_project.refusals import Conflict, Fault, Invalid, NotFound, ValueRefused
from incidents_project.versions import ANY, Expected

Members = Mapping[str, Json]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}")
_FIELDS = ("name", "label", "options")
_READ_ONLY = frozenset(
    {"id", "created_at", "created_by", "updated_at", "updated_by", "occ_lock", "used_by"}
)


@transaction.atomic
def define_option_set(*, principal: Principal, members: Members) -> OptionSet:
    """Define a set; raises ``Invalid`` with every fault, ``Conflict`` when the name is taken."""
    faults = _unknown(members)
    fence.change()
    name = members.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        message = "Must begin with a letter and have at most 50 letters, digits and underscores."
        faults.append(Fault("name", "invalid_name", message))
    if members.get("options") is None:
        faults.append(Fault("options", "required", "Must be a list of options."))
    settings = _clean(members, faults)
    if faults:
        raise Invalid.because(faults)
    if OptionSet.objects.filter(name__iexact=name).exists():
        raise Conflict(f"There is an option set {name} already.", code="name_taken")
    made = OptionSet(
        name=str(name), created_by=principal.name, updated_by=principal.name, **settings
    )
    made.save(force_insert=True)
    _record(principal, "option_set.created", made, {}, Versions(after=0))
    return made


@counts_first
@transaction.atomic
def change_option_set(
    *, principal: Principal, name: str, members: Members, expected: Expected = ANY
) -> OptionSet:
    """Change a set's label or options, for every attribute that shares it.

    Raises ``Conflict`` where an option is left out that is not retired or that incidents have
    (``in_use``), or where a job is under way that would have to know of the change (``job_open``).
    """
    faults = _unknown(members)
    schema = fence.change()
    found = find(name)
    expected.require(found.occ_lock)
    if members.get("name", name) != name:
        faults.append(Fault("name", "read_only", "The name cannot be changed."))
    before = _shown(found)
    settings = {"label": found.label, "options": found.options} | _clean(members, faults)
    faults += _spoilt_users(found, settings["options"])
    if faults:
        raise Invalid.because(faults)
    was, now = clean_options(found.options), clean_options(settings["options"])
    options.require_unused_in_set(schema, name, was, now)
    found.label, found.options = settings["label"], settings["options"]
    if _shown(found) != before:
        versions = Versions(before=found.occ_lock, after=found.occ_lock + 1)
        found.occ_lock += 1
        found.updated_at, found.updated_by = timezone.now(), principal.name
        found.save(force_update=True)
        _record(principal, "option_set.updated", found, before, versions)
    if "options" in members:
        options.after_set_change(principal, name, was, now)
    return found


@transaction.atomic
def delete_option_set(*, principal: Principal, name: str, expected: Expected = ANY) -> None:
    """Delete a set; raises ``Conflict`` (``in_use``) naming the attributes that use it."""
    fence.change()
    found = find(name)
    expected.require(found.occ_lock)
    users = used_by(found)
    if users:
        raise Conflict(f"It is used by {', '.join(users)}.", code="in_use")
    before, set_id = _shown(found), found.id
    versions = Versions(before=found.occ_lock)
    found.delete()
    found.id = set_id
    _record(principal, "option_set.deleted", found, before, versions, gone=True)


def find(name: str) -> OptionSet:
    """The set with this name, or ``NotFound``."""
    found = OptionSet.objects.filter(name=name).first()
    if found is None:
        raise NotFound("There is no such option set.")
    return found


def used_by(option_set: OptionSet) -> list[str]:
    """The names of the attributes with these options, archived ones too.

    And of those that could go back to a type that had them, or whose type is being changed.
    """
    names = {definition.name for definition in options.users(option_set.name)}
    names.update(spare.attribute.name for spare in options.spare_users(option_set.name))
    return sorted(names)


def _spoilt_users(option_set: OptionSet, listed: list[dict[str, Json]]) -> list[Fault]:
    """What the options would spoil for the attributes that share them, archived ones too."""
    sets = options_by_name({option_set.name: listed})
    faults: list[Fault] = []
    for definition in options.users(option_set.name):
        typed = definition.typed().resolved(sets)
        faults += [
            Fault("options", "in_use", f"The rules of {definition.name}: {wrong.message}")
            for wrong in typed.contradictions()
        ]
        faults += _spoilt_values(definition, typed)
        options.refuse_unique(typed, "options", faults, unique=definition.unique)
    return faults


def _spoilt_values(definition: AttributeMeta, typed: AttributeType) -> Iterator[Fault]:
    """What new incidents get, or others are read as having, that could not be chosen any more."""
    for what, value in (
        ("default", definition.default),
        ("missing value", definition.missing_value),
    ):
        try:
            if value is not None:
                typed.clean(value)
        except ValueRefused as refused:
            message = f"The {what} of {definition.name}: {refused.message} Change it first."
            yield Fault("options", "in_use", message)


def _unknown(members: Members) -> list[Fault]:
    return [
        Fault(member, "unknown_field", f"Must be one of {', '.join(_FIELDS)}.")
        for member in members
        if member not in _FIELDS and member not in _READ_ONLY
    ]


def _clean(members: Members, faults: list[Fault]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if members.get("label") is not None:
        try:
            settings["label"] = StringType(max_length=200).clean(members["label"])
        except ValueRefused as refused:
            faults.append(refused.at("label"))
    if members.get("options") is not None:
        try:
            settings["options"] = [option.shown() for option in clean_options(members["options"])]
        except ValueRefused as refused:
            faults.append(refused.at("options"))
        except Invalid as invalid:
            faults.extend(invalid.faults)
    return settings


def _shown(option_set: OptionSet) -> dict[str, Any]:
    return {field: getattr(option_set, field) for field in _FIELDS}


def _record(
    principal: Principal,
    action: str,
    option_set: OptionSet,
    before: dict[str, Any],
    versions: Versions,
    *,
    gone: bool = False,
) -> None:
    after = {} if gone else _shown(option_set)
    record.instance_event(
        principal,
        action,
        object_id=option_set.id,
        subject_name=option_set.name,
        changes=record.differences(before, after, _FIELDS),
        versions=versions,
    )
