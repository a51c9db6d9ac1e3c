"""Giving incidents that have no value one: begun at once, carried out by a job."""

from accounts.principal import Principal
from attributes.conversions import Outcome, Verdict
from attributes.models import AttributeMeta, JobKind
from attributes.operations.change import Change, Walk
from attributes.operations.jobs import enqueue
from attributes.operations.store import store_change
from attributes.plans import Risk, Tally
from attributes.schema import Attribute, Schema, describe
from attributes.storage import same
from attributes.types import Json
from attributes.violations import applying
from attributes.walk import KEPT, Judge
from incidents_project.refusals import Fault, Invalid, ValueRefused


class Backfill(Change):
    """Write a value into every incident that has none: one given, or what is said of such already.

    Where they are read as having a value, it can be no other one; when the job is done, that is no
    longer said. Afterwards it cannot be told who had none.
    """

    change = "backfill"
    knows = frozenset({"value"})
    works_on_rows = True
    undoable = False
    value: Json

    def check(self, schema: Schema, definition: AttributeMeta) -> None:
        """There must be a value that all of them can have."""
        faults: list[Fault] = []
        attribute = schema.by_slot[definition.slot]
        for prevents, what in (
            (attribute.unique, "is unique"),
            (attribute.type.refers, "refers to an incident"),
        ):
            if prevents:
                message = f"An attribute that {what} cannot have one value everywhere."
                faults.append(Fault("value", "contradiction", message))
        self.value = self._read_value(attribute, faults)
        if faults:
            raise Invalid.because(faults)

    def _read_value(self, attribute: Attribute, faults: list[Fault]) -> Json:
        missing, raw = attribute.missing_value, self.members.get("value")
        value = attribute.default if missing is None else missing
        try:
            value = value if raw is None else attribute.type.clean(raw)
        except ValueRefused as refused:
            faults.append(refused.at("value"))
            return None
        if value is None:
            faults.append(Fault("value", "required", "The attribute says none itself."))
        elif missing is not None and not same(value, missing):
            message = "Incidents without a value are read as having another one: missing_value."
            faults.append(Fault("value", "contradiction", message))
        return value

    def tally(self, schema: Schema, definition: AttributeMeta, walk: Walk) -> Tally:
        """What is there is kept, and so is what is filled in."""
        attribute, filled = schema.by_slot[definition.slot], Outcome(Verdict.KEPT, self.value)
        found = Judge(KEPT.decide, KEPT.shortcut, lack=applying(attribute), without=filled)
        return walk(definition.slot, found)

    def risk(self, tally: Tally) -> Risk:
        """Nothing is lost."""
        return Risk.ONLINE

    def carry_out(self, principal: Principal, schema: Schema, definition: AttributeMeta) -> None:
        """Have a job do it."""
        parameters: dict[str, Json] = {"slot": definition.slot, "value": self.value}
        job = enqueue(principal, JobKind.BACKFILL, definition, parameters)
        begun = {"field": "job", "old": None, "new": str(job.id)}
        before = describe(definition)
        store_change(principal, "attribute.backfill_begun", definition, before, begun)
