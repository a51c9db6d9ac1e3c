"""Rules about a whole set of values, and how a set is stored.

In a request *absent* leaves a value alone, ``null`` clears it and ``""`` is a value where the type
allows it. Stored, an attribute without a value is absent: JSON null is never stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CharField, F, Func, Value
from django.db.models.expressions import Combinable, CombinedExpression

from attributes.schema import Attribute, Json, Schema, Values
from incidents_project.database.fields import ExactJSONField
from incidents_project.refusals import Fault, ValueRefused

MEMBER = "attributes"


class ValuesField(ExactJSONField):
    """Values by slot, on a host."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"default": dict, **options})


@dataclass(frozen=True, slots=True)
class Delta:
    """What a request changes: values to set, by slot, and slots to clear."""

    set: Values = field(default_factory=dict)
    cleared: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.set or self.cleared)

    def applied_to(self, stored: Values) -> Values:
        """The stored values after the change; slots it does not name are carried over."""
        kept = {slot: value for slot, value in stored.items() if slot not in self.cleared}
        return kept | self.set

    def merge(self, column: str) -> Combinable:
        """The same in SQL, under the row's lock: nothing is read, merged here and written back."""
        merged: Combinable = F(column)
        if self.cleared:
            keys = Value(list(self.cleared), output_field=ArrayField(CharField()))
            merged = _operator(merged, "-", Func(keys, template="%(expressions)s::text[]"))
        if self.set:
            merged = _operator(merged, "||", Value(self.set, output_field=ExactJSONField()))
        return merged


def _operator(left: Combinable, operator: str, right: Combinable) -> CombinedExpression:
    return CombinedExpression(left, operator, right, output_field=models.JSONField())


def for_new(schema: Schema, raw: Json, faults: list[Fault]) -> Values:
    """The values of a new host: what was sent, then defaults; what is required must be there."""
    delta = changes(schema, raw, {}, faults)
    values = delta.set
    sent = raw if isinstance(raw, dict) else {}
    for attribute in schema.expected:
        if attribute.slot in values or (
            attribute.name in sent and sent[attribute.name] is not None
        ):
            continue
        if attribute.default is not None and attribute.name not in sent:
            values[attribute.slot] = attribute.default
        elif attribute.required:
            faults.append(_required(attribute))
    return values


def changes(schema: Schema, raw: Json, stored: Mapping[str, Json], faults: list[Fault]) -> Delta:
    """What ``raw``, an object of values by name, changes in ``stored``.

    A value equal to the one that is stored is never refused: a rule that was tightened since must
    not stop an unrelated edit.
    """
    if not isinstance(raw, dict):
        faults.append(Fault(MEMBER, "wrong_type", "Must be an object of values by attribute name."))
        return Delta()
    to_set: Values = {}
    cleared: list[str] = []
    for name, value in raw.items():
        attribute = schema.by_name.get(name)
        if attribute is None:
            faults.append(unknown_attribute(schema, name))
            continue
        slot = attribute.slot
        if value is None:
            if slot in stored:
                _clear(attribute, cleared, faults)
            continue
        try:
            cleaned = attribute.type.clean(value)
        except ValueRefused as refused:
            if slot not in stored or value != attribute.type.present(stored[slot]):
                faults.append(refused.at(f"{MEMBER}.{name}"))
            continue
        if slot not in stored or not _same(stored[slot], cleaned):
            to_set[slot] = cleaned
    return Delta(to_set, tuple(cleared))


def _clear(attribute: Attribute, cleared: list[str], faults: list[Fault]) -> None:
    if attribute.required:
        faults.append(_required(attribute))
    else:
        cleared.append(attribute.slot)


def _same(stored: Json, cleaned: Json) -> bool:
    # Within one slot both are of one type, but True == 1 all the same.
    return bool(stored == cleaned) and isinstance(stored, bool) == isinstance(cleaned, bool)


def _required(attribute: Attribute) -> Fault:
    return Fault(f"{MEMBER}.{attribute.name}", "required", "This attribute is required.")


def unknown_attribute(schema: Schema, name: str) -> Fault:
    """The refusal of a name that no attribute has, with the nearest one that exists."""
    close = get_close_matches(name, schema.by_name, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    return Fault(f"{MEMBER}.{name}", "unknown_attribute", f"No such attribute.{hint}")


def described(schema: Schema, before: Mapping[str, Json], after: Mapping[str, Json]) -> list[Any]:
    """The values that differ, as history records them: by name and by slot."""
    entries = []
    for slot in sorted(before.keys() | after.keys(), key=lambda slot: (len(slot), slot)):
        attribute = schema.by_slot.get(slot)
        if attribute is None or before.get(slot) == after.get(slot):
            continue
        show = attribute.type.present
        entries.append(
            {
                "field": f"{MEMBER}.{attribute.name}",
                "slot": slot,
                "old": show(before[slot]) if slot in before else None,
                "new": show(after[slot]) if slot in after else None,
            }
        )
    return entries
