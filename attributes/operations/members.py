"""What a deployer sends about a definition, checked member by member."""

import re
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from django.conf import settings as deployment
from django.utils import timezone

from attributes import hosts, types
from attributes.models import Alias, AttributeMeta, OptionSet, RequiredWhen
from attributes.operations.applicability import clean_applies_to, clean_required_when
from attributes.schema import OptionSets, options_by_name
from attributes.storage import same
from attributes.types import Json
from attributes.types.base import LARGEST_INDEXED
from attributes.types.boolean import BooleanType
from attributes.types.integer import IntegerType
from attributes.types.string import StringType
from attributes.types.text import TextType
from incidents_project.refusals import MOST_FAULTS, Conflict, Fault, Refusal, ValueRefused

Members = Mapping[str, Json]
Settings = dict[str, Any]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}")
# What the API publishes beside the attributes, under the same path.
_ROUTES = frozenset({"types", "schema", "jobs", "indexes", "document"})
_CHECKS: dict[str, Callable[[Json], Any]] = {
    "label": StringType(max_length=200).clean,
    "description": TextType(max_length=2_000).clean,
    "help_text": TextType(max_length=500).clean,
    "group": StringType(max_length=100).clean,
    "order": IntegerType(min=-(2**31), max=2**31 - 1).clean,
    "required": BooleanType().clean,
    "required_when": clean_required_when,
    "applies_to": clean_applies_to,
    "unique": BooleanType().clean,
    "indexed": BooleanType().clean,
}
EMPTY: Settings = {
    "label": "",
    "description": "",
    "help_text": "",
    "group": "",
    "order": 0,
    "required": False,
    "required_when": RequiredWhen.ALWAYS.value,
    "applies_to": [],
    "unique": False,
    "indexed": False,
}
CHANGEABLE = frozenset(_CHECKS) | {"rules", "default", "missing_value"}
READ_ONLY = frozenset(
    {
        "id",
        "state",
        "index_state",
        "sunset",
        "archived_at",
        "unique_state",
        "aliases",
        "changing_to",
        "undo_until",
        "job",
        "created_at",
        "created_by",
        "updated_at",
        "updated_by",
        "occ_lock",
    }
)
KNOWN = CHANGEABLE | READ_ONLY | {"name", "type"}


def unknown_members(members: Members) -> list[Fault]:
    """A fault for each member that an attribute does not have."""
    allowed = ", ".join(sorted(KNOWN - READ_ONLY))
    unknown = (name for name in members if name not in KNOWN)
    return [
        Fault(name, "unknown_field", f"Must be one of {allowed}.")
        for name in islice(unknown, MOST_FAULTS + 1)
    ]


def clean_name(members: Members, faults: list[Fault]) -> str:
    """The name of a new attribute."""
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
    elif name.lower() in _ROUTES:
        faults.append(Fault("name", "reserved_name", "Is a path of this API."))
    else:
        return name
    return ""


def clean_settings(members: Members, faults: list[Fault], absent: Settings = EMPTY) -> Settings:
    """Everything but name, type, rules and default; ``null`` takes back what was said."""
    settings = {}
    for field, check in _CHECKS.items():
        raw = members.get(field)
        settings[field] = EMPTY[field] if field in members and raw is None else absent[field]
        # What is sent back unchanged is not checked again: a code may have been retired since.
        if raw is not None and not same(raw, absent[field]):
            try:
                settings[field] = check(raw)
            except ValueRefused as refused:
                faults.append(refused.at(field))
    if settings["required_when"] != EMPTY["required_when"] and not settings["required"]:
        message = "Says nothing unless the attribute is required."
        faults.append(Fault("required_when", "contradiction", message))
    return settings


def build(
    type_name: Json, rules: Json, faults: list[Fault], sets: OptionSets | None = None
) -> types.AttributeType | None:
    """The type with its rules and the options it shares; of ``sets``, or of those there are."""
    if type_name is None:
        faults.append(Fault("type", "required", f"Must be one of {', '.join(types.names())}."))
        return None
    if sets is None:
        sets = options_by_name(dict(OptionSet.objects.values_list("name", "options")))
    try:
        typed = types.build(type_name, rules).resolved(sets)
    except Refusal as refusal:
        faults.extend(refusal.faults)
        return None
    # Once more, now that the options are known.
    wrong = list(typed.contradictions())
    faults.extend(wrong)
    return None if wrong else typed


def refuse_unindexable(
    typed: types.AttributeType | None, members: Members, settings: Settings, faults: list[Fault]
) -> None:
    """A fault where values may be such that no index can hold them."""
    if typed is None or not settings["indexed"] or typed.index_method is not None:
        return
    if "indexed" in members:
        faults.append(Fault("indexed", "contradiction", unindexable(typed)))
    else:
        message = f"The attribute is indexed. {unindexable(typed)} Or set indexed to false."
        faults.append(Fault("rules", "contradiction", message))


def unindexable(typed: types.AttributeType) -> str:
    """Why a type with its rules cannot be indexed, and what to do where something can be done."""
    longest = LARGEST_INDEXED // 4  # a character has up to 4 bytes
    bounded = {"max_length": longest}
    can_be_bounded = bounded.keys() <= {rule.name for rule in typed.rule_fields()}
    if can_be_bounded and typed.configured(bounded).index_method is not None:
        return f"Values may be too long for an index: set max_length to {longest} or less."
    return f"{typed.name} cannot be indexed."


def clean_default(
    typed: types.AttributeType | None, default: Json, settings: Settings, faults: list[Fault]
) -> Json:
    """The default as it is stored; it must be a value that every new incident could have."""
    return _clean_shared("default", typed, default, settings, faults)


def clean_missing_value(
    typed: types.AttributeType | None, raw: Json, settings: Settings, faults: list[Fault]
) -> Json:
    """What incidents without a value are read as having, as it would be stored.

    That must be all that having none can mean. So it is only for what cannot be cleared.
    """
    always = settings["required"] and settings["required_when"] == RequiredWhen.ALWAYS
    if raw is not None and not (always and not settings["applies_to"]):
        message = (
            "Only an attribute that is required always and applies to all incidents can have one:"
            " else an incident without a value may be one whose value was cleared."
        )
        faults.append(Fault("missing_value", "contradiction", message))
        return None
    return _clean_shared("missing_value", typed, raw, settings, faults)


def _clean_shared(
    member: str,
    typed: types.AttributeType | None,
    raw: Json,
    settings: Settings,
    faults: list[Fault],
) -> Json:
    """A value that many incidents are to have, now and later."""
    if raw is None or typed is None:
        return None
    for prevents, what in (
        (settings["unique"], "is unique"),
        (typed.refers, "refers to an incident"),
        (typed.moves, "allows only the past or the future"),
    ):
        if prevents:
            message = f"An attribute that {what} can have no {member.replace('_', ' ')}."
            faults.append(Fault(member, "contradiction", message))
            return None
    try:
        return typed.clean(raw)
    except ValueRefused as refused:
        faults.append(refused.at(member))
        return None


def refuse_taken(name: str, but: AttributeMeta | None = None) -> None:
    """Raise ``Conflict`` (``name_taken``) where an attribute has, or lately had, the name."""
    taken = AttributeMeta.objects.in_force().filter(name__iexact=name).first()
    if taken is not None and taken != but:
        raise Conflict(
            f"The attribute {taken.name} has this name already; upper and lower case are the same.",
            code="name_taken",
        )
    former = Alias.objects.filter(name__iexact=name, until__gt=timezone.now()).first()
    if former is not None and former.attribute != but:
        raise Conflict(
            f"{former.attribute.name} had this name and may still be called by it until"
            f" {former.until:%Y-%m-%d}. Drop that alias first.",
            code="name_taken",
        )


def keep_within_budget() -> None:
    """Every index costs every write; so the deployment says how many there may be."""
    budget = deployment.ATTRIBUTE_INDEX_BUDGET
    indexed = list(
        AttributeMeta.objects.in_force().filter(indexed=True).values_list("name", flat=True)
    )
    if len(indexed) >= budget:
        raise Conflict(
            f"At most {budget} attributes may be indexed (ATTRIBUTE_INDEX_BUDGET), and these are:"
            f" {', '.join(indexed) or 'none'}. Set indexed to false on one of them first.",
            code="index_budget",
            members={"budget": budget, "indexed": indexed},
        )
