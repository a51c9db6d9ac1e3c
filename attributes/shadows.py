"""Slots that follow the one an attribute is read from.

While the type of an attribute changes, whoever writes a value writes it in both types: so the job
that fills the new slot never has to come back to a row. Once a value is written, what was kept of
it in the type before is no longer what to go back to.
"""

from collections.abc import Mapping

from attributes.conversions import Verdict
from attributes.schema import Attribute, Schema
from attributes.storage import Delta, Values
from attributes.types import Json
from incidents_project.refusals import Fault


def followed(
    schema: Schema, delta: Delta, stored: Mapping[str, Json], faults: list[Fault]
) -> Delta:
    """The delta, and what follows from it for the slots beside those that it names."""
    to_set: Values = {}
    cleared: list[str] = []
    for slot, attribute in schema.shadowed.items():
        if slot in delta.set:
            cleared += attribute.retained
            _fill(attribute, delta.set[slot], to_set, faults)
        elif slot in delta.cleared:
            cleared += attribute.retained
            if attribute.filling is not None:
                cleared.append(attribute.filling.slot)
    gone = [slot for slot in cleared if slot in stored]
    if not (to_set or gone):
        return delta
    return Delta(delta.set | to_set, (*delta.cleared, *gone))


def slots(schema: Schema) -> set[str]:
    """Every slot that is not read."""
    found: set[str] = set()
    for attribute in schema.shadowed.values():
        found.update(attribute.retained)
        if attribute.filling is not None:
            found.add(attribute.filling.slot)
    return found


def _fill(attribute: Attribute, value: Json, to_set: Values, faults: list[Fault]) -> None:
    filling = attribute.filling
    if filling is None:
        return
    outcome = filling.converter.convert(value)
    if outcome.verdict is Verdict.KEPT or (
        outcome.verdict is Verdict.LOSSY and filling.accepts_loss
    ):
        to_set[filling.slot] = outcome.value
        return
    message = f"Its type is being changed to {filling.type.name}: {outcome.why}"
    faults.append(Fault(f"attributes.{attribute.name}", "type_changing", message))
