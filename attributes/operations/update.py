"""Changing everything of an attribute but its name and type: what PATCH does.

It touches no stored value. Who breaks a rule that is tightened is counted by the preview and listed
by the violations. Only whether all values are unique, a job has to find out.
"""

from dataclasses import replace
from typing import Any

from accounts.principal import Principal
from attributes import fence
from attributes.models import AttributeMeta, IndexBuild, Job, JobKind
from attributes.operations import options
from attributes.operations.change import Change, Members, Walk
from attributes.operations.jobs import cancel_claiming, enqueue, job_open
from attributes.operations.members import (
    CHANGEABLE,
    Settings,
    build,
    clean_default,
    clean_missing_value,
    clean_settings,
    keep_within_budget,
    refuse_unindexable,
    unknown_members,
)
from attributes.operations.store import store_change
from attributes.plans import Risk, Tally
from attributes.schema import Attribute, Schema, describe
from attributes.storage import same
from attributes.types import AttributeType, Json
from attributes.violations import judge, lacking
from incidents_project.refusals import Fault, Invalid

# What a job on the values goes by: it must stay as it is until the job ends.
_HELD = ("rules", "unique", "default", "missing_value")
# Jobs that go by none of it. What one that replaces options cannot go on with is refused where they
# are checked; one that finds out whether values are unique goes by the type alone, and ends when
# uniqueness does.
_UNHELD = frozenset({JobKind.REPLACE, JobKind.CLAIM})
# The values that many incidents have, and what they must obey.
_SHARED = (
    ("default", clean_default, {"rules", "unique"}),
    (
        "missing_value",
        clean_missing_value,
        {"rules", "unique", "required", "required_when", "applies_to"},
    ),
)


class Update(Change):
    """Whatever of a definition is not its name or type.

    ``rules`` is merged: a rule not sent stays, ``null`` takes one (or all) away. A change of
    nothing changes nothing. Values that were stored before are not checked again until they are
    touched.
    """

    change = "update"
    knows = CHANGEABLE
    settings: Settings
    typed: AttributeType
    was: AttributeType | None

    def unknown(self) -> list[Fault]:
        """None yet: they are told together with what the definition says against the others."""
        return []

    def check(self, schema: Schema, definition: AttributeMeta) -> None:
        """Everything that is wrong, and whether a job stands against it."""
        before = describe(definition)
        faults = [*unknown_members(self.members), *_fixed(self.members, before)]
        self.settings = clean_settings(self.members, faults, absent=before)
        rules = _merged(definition.rules, self.members, faults)
        typed = build(definition.type, rules, faults)
        self.was = build(definition.type, definition.rules, [])
        self._read_shared(definition, typed, faults)
        if {"indexed", "rules"} & self.members.keys():
            refuse_unindexable(typed, self.members, self.settings, faults)
        options.refuse_unique(typed, "rules", faults, unique=self.settings["unique"])
        if faults or typed is None:
            raise Invalid.because(faults)
        self.typed = typed
        self.works_on_rows = self.settings["unique"] and not before["unique"]
        # Afterwards nobody knows which incidents had the option that was replaced.
        self.undoable = not options.begins_to_replace(self.was, typed)
        self._require_no_job(definition, before)
        options.require_unused(schema, definition, self.was, typed)

    def _read_shared(
        self, definition: AttributeMeta, typed: AttributeType | None, faults: list[Fault]
    ) -> None:
        """What was said before must be right under the new rules as well."""
        for member, clean, obeyed in _SHARED:
            stored = getattr(definition, member)
            self.settings[member] = stored
            if {member, *obeyed} & self.members.keys():
                shown = None if stored is None else definition.typed().present(stored)
                sent = self.members.get(member, shown)
                self.settings[member] = clean(typed, sent, self.settings, faults)

    def _require_no_job(self, definition: AttributeMeta, before: dict[str, Any]) -> None:
        after = self.settings | {"rules": self.typed.rules()}
        if all(same(after[member], before[member]) for member in _HELD):
            return
        job = Job.objects.open().filter(attribute_id=definition.id).first()
        if job is not None and (job.kind not in _UNHELD or self.works_on_rows):
            raise job_open(job)

    def tally(self, schema: Schema, definition: AttributeMeta, walk: Walk) -> Tally:
        """The values that would break a rule, and the incidents that would lack a value."""
        before = schema.by_slot[definition.slot]
        after = _updated(before, self.settings, self.typed)
        rules = not same(self.typed.rules(), definition.rules)
        required = lacking(after) != lacking(before)
        if not (rules or required or self.works_on_rows):
            return Tally()
        found = judge(after, rules=rules, required=required, unique=self.works_on_rows)
        return walk(definition.slot, found)

    def types(
        self, schema: Schema, definition: AttributeMeta
    ) -> tuple[AttributeType, AttributeType]:
        """With the rules before and after."""
        return schema.by_slot[definition.slot].type, self.typed

    def risk(self, tally: Tally) -> Risk:
        """Every value stays; what was said before can be said again."""
        job = self.works_on_rows or options.begins_to_replace(self.was, self.typed)
        return Risk.ONLINE if job else Risk.SAFE

    def carry_out(self, principal: Principal, schema: Schema, definition: AttributeMeta) -> None:
        """One row, and a job where uniqueness begins or options replace others.

        Uniqueness that is given up ends the job that was finding it out.
        """
        before = describe(definition)
        if self.settings["indexed"] and not before["indexed"]:
            keep_within_budget()
            IndexBuild.objects.filter(slot=definition.slot).delete()  # of an earlier wish
        for field, value in self.settings.items():
            setattr(definition, field, value)
        definition.rules = self.typed.rules()
        if not same(describe(definition), before):
            also = []
            if self.works_on_rows:
                definition.spare_slots.update(claim_slot="")  # of an earlier time
                also = [begin_claiming(principal, definition)]
            elif before["unique"] and not definition.unique:
                also = _end_claiming(definition)
            store_change(principal, "attribute.updated", definition, before, *also)
        if "rules" in self.members:
            options.after_change(principal, definition, self.was)


def begin_claiming(principal: Principal, definition: AttributeMeta) -> dict[str, Json]:
    """From now on values are claimed; a job claims those that are there."""
    definition.claim_slot = fence.new_slot()
    parameters: dict[str, Json] = {"slot": definition.slot, "claims": definition.claim_slot}
    job = enqueue(principal, JobKind.CLAIM, definition, parameters)
    return {"field": "job", "old": None, "new": str(job.id)}


def _end_claiming(definition: AttributeMeta) -> list[dict[str, Json]]:
    job = cancel_claiming(definition)
    return [] if job is None else [{"field": "job", "old": str(job.id), "new": None}]


def _updated(before: Attribute, settings: Settings, typed: AttributeType) -> Attribute:
    when = settings["required_when"]
    statuses = when if isinstance(when, list) and settings["required"] else ()
    return replace(
        before,
        type=typed,
        required=settings["required"],
        required_when=when if isinstance(when, str) else "",
        required_at=frozenset(statuses),
        applies_to=frozenset(settings["applies_to"]),
        unique=settings["unique"],
        missing_value=settings["missing_value"],
    )


def _fixed(members: Members, before: dict[str, Any]) -> list[Fault]:
    return [
        Fault(fixed, "read_only", f"The {fixed} cannot be changed here: {change} it.")
        for fixed, change in (("name", "rename"), ("type", "retype"))
        if fixed in members and members[fixed] != before[fixed]
    ]


def _merged(rules: dict[str, Json], members: Members, faults: list[Fault]) -> Json:
    sent = members.get("rules", {})
    if sent is None:
        return {}
    if not isinstance(sent, dict):
        faults.append(Fault("rules", "wrong_type", "Must be an object."))
        return rules
    return rules | sent
