"""Rules about a whole set of values.

In a request *absent* leaves a value alone, ``null`` clears it and ``""`` is a value where the type
allows it. Stored, an attribute without a value is absent: JSON null is never stored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from attributes import deprecation, shadows
from attributes.schema import Attribute, Schema
from attributes.storage import Delta, Values, same
from attributes.types import Json
from incidents_project.refusals import MOST_FAULTS, Fault, ValueRefused, did_you_mean

MEMBER = "attributes"


@dataclass(frozen=True, slots=True)
class Situation:
    """Where the host stands after the request, and how it came there.

    ``enters`` says that it is new at its stage; ``was`` is its kind before the request.
    """

    kind: str
    stage: str
    enters: bool
    was: str


def for_new(schema: Schema, raw: Json, at: Situation, faults: list[Fault]) -> Values:
    """The values of a new host: what was sent, then defaults; what is required must be there."""
    sent = _by_slot(schema, raw) if schema.expected and isinstance(raw, dict) else {}
    values = _changes(schema, raw, {}, at, faults).set
    for attribute in schema.expected:
        given = sent.get(attribute.slot) is not None
        if given or not attribute.applies(at.kind):
            continue
        if attribute.default is not None and attribute.slot not in sent:
            values[attribute.slot] = attribute.default
        elif attribute.needed_by_new(at.stage):
            faults.append(_required(attribute))
    return shadows.followed(schema, Delta(values), {}, faults).set


def _by_slot(schema: Schema, raw: Mapping[str, Json]) -> Mapping[str, Json]:
    named = ((schema.named(name), value) for name, value in raw.items())
    return {attribute.slot: value for attribute, value in named if attribute is not None}


def changes(
    schema: Schema, raw: Json, stored: Mapping[str, Json], at: Situation, faults: list[Fault]
) -> Delta:
    """What ``raw``, an object of values by name, changes in ``stored``.

    A value equal to the one that is read is never refused, nor stored: a rule that was tightened
    since must not stop an unrelated edit.
    """
    delta = _changes(schema, raw, schema.known(stored), at, faults)
    return shadows.followed(schema, delta, stored, faults)


def _changes(
    schema: Schema, raw: Json, stored: Mapping[str, Json], at: Situation, faults: list[Fault]
) -> Delta:
    if not isinstance(raw, dict):
        faults.append(Fault(MEMBER, "wrong_type", "Must be an object of values by attribute name."))
        return Delta()
    to_set: Values = {}
    cleared: list[str] = []
    named: set[str] = set()
    for name, value in raw.items():
        attribute = deprecation.named(schema, name)
        if attribute is None:
            faults.append(unknown_attribute(schema, name, faults))
            if len(faults) > MOST_FAULTS:
                break
            continue
        if attribute.slot in named:
            faults.append(_named_twice(attribute))
        named.add(attribute.slot)
        if value is None:
            if attribute.slot in stored:
                _clear(attribute, at, cleared, faults)
        else:
            _set(attribute, value, stored, at, to_set, faults)
    return Delta(to_set, tuple(cleared))


def _set(
    attribute: Attribute,
    value: Json,
    stored: Mapping[str, Json],
    at: Situation,
    to_set: Values,
    faults: list[Fault],
) -> None:
    slot = attribute.slot
    if slot in stored and same(value, attribute.type.present(stored[slot])):
        return  # what was read is sent back
    try:
        cleaned = attribute.type.clean(value)
    except ValueRefused as refused:
        faults.append(refused.at(_field(attribute)))
        return
    if slot in stored and same(attribute.type.settled(stored[slot]), cleaned):
        return
    if attribute.deprecated and slot not in stored:
        faults.append(_deprecated(attribute))
    elif attribute.applies(at.kind):
        to_set[slot] = cleaned
    else:
        kinds = ", ".join(sorted(attribute.applies_to))
        faults.append(Fault(_field(attribute), "not_applicable", f"Is for incidents of {kinds}."))


def _clear(attribute: Attribute, at: Situation, cleared: list[str], faults: list[Fault]) -> None:
    if attribute.applies(at.kind) and attribute.kept_at(at.stage):
        faults.append(_required(attribute))
    else:
        cleared.append(attribute.slot)


def missing(schema: Schema, after: Mapping[str, Json], at: Situation) -> list[Fault]:
    """What the stage or the kind that a host moves to asks for and ``after`` lacks."""
    if not at.enters and at.was == at.kind:
        return []
    return [
        _required(attribute)
        for attribute in schema.expected
        if attribute.slot not in after and attribute.applies(at.kind) and _is_asked(attribute, at)
    ]


def _is_asked(attribute: Attribute, at: Situation) -> bool:
    if at.enters and at.stage in attribute.required_at:
        return True
    return not attribute.applies(at.was) and attribute.kept_at(at.stage)


def _as_it_is(stored: Json) -> Json:
    return stored


def _field(attribute: Attribute) -> str:
    return f"{MEMBER}.{attribute.name}"


def _required(attribute: Attribute) -> Fault:
    before = f" at {', '.join(sorted(attribute.required_at))}" if attribute.required_at else ""
    return Fault(_field(attribute), "required", f"This attribute is required{before}.")


def _deprecated(attribute: Attribute) -> Fault:
    until = f" and goes on {attribute.sunset}" if attribute.sunset else ""
    message = f"Is deprecated{until}: only incidents that have a value may have another one."
    return Fault(_field(attribute), "deprecated", message)


def _named_twice(attribute: Attribute) -> Fault:
    message = "Is sent by its name and by a former one. Send it once."
    return Fault(_field(attribute), "named_twice", message)


def unknown_attribute(schema: Schema, name: str, faults: Sequence[Fault] = ()) -> Fault:
    """The refusal of a name that no attribute has, with the one that was meant."""
    renamed = deprecation.called_now(schema, name)
    if renamed is not None:
        hint = f" It is called {renamed} now."
    else:
        hint = did_you_mean(name, schema.by_name, faults)
    return Fault(f"{MEMBER}.{name}", "unknown_attribute", f"No such attribute.{hint}")


def described(schema: Schema, before: Mapping[str, Json], after: Mapping[str, Json]) -> list[Any]:
    """The values that differ, as history records them: by name and by slot."""
    entries = []
    shadowing = shadows.slots(schema)
    for slot in sorted(before.keys() | after.keys(), key=lambda slot: (len(slot), slot)):
        if slot in shadowing:
            continue
        if slot in before and slot in after and same(before[slot], after[slot]):
            continue
        attribute = schema.by_slot.get(slot)  # None for one that was taken away
        show = attribute.type.present if attribute else _as_it_is
        entries.append(
            {
                "field": _field(attribute) if attribute else MEMBER,
                "slot": slot,
                "old": show(before[slot]) if slot in before else None,
                "new": show(after[slot]) if slot in after else None,
            }
        )
    return entries
