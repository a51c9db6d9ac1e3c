"""Changing an attribute's type, and taking that back: begun at once, carried out by a job."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from accounts.principal import Principal
from attributes import fence, twins
from attributes.conversions import (
    Converter,
    Fidelity,
    Outcome,
    Verdict,
    clean_arguments,
    converter,
    declared,
)
from attributes.models import AttributeMeta, JobKind, SlotState, SpareSlot
from attributes.operations import options
from attributes.operations.change import Change, Walk
from attributes.operations.jobs import enqueue
from attributes.operations.members import (
    build,
    clean_default,
    clean_missing_value,
    unindexable,
)
from attributes.operations.store import store_change
from attributes.plans import Risk, Tally
from attributes.schema import Schema, describe
from attributes.storage import expression
from attributes.types import AttributeType, Json
from attributes.types.integer import IntegerType
from attributes.walk import Judge
from incidents_project.refusals import Conflict, Fault, Invalid, ValueRefused

Accepted = Mapping[str, int]


class _Move(Change):
    """To another slot: what a retype and its undoing have in common."""

    works_on_rows = True
    kind: JobKind
    accept: Accepted

    def read_accept(self, faults: list[Fault]) -> None:
        """How many values the conversion may change at most, and how many may stay behind."""
        self.accept = clean_accept(self.members.get("accept"), faults)

    def risk(self, tally: Tally) -> Risk:
        """Lossy where a value changes or stays behind."""
        lost = tally.counts[Verdict.LOSSY] + tally.counts[Verdict.IMPOSSIBLE]
        return Risk.LOSSY if lost else Risk.ONLINE

    def stops(self, tally: Tally) -> bool:
        """It does where more is lost than was accepted."""
        return tally.exceeds(self.accept)

    def undo_until(self, definition: AttributeMeta) -> datetime | None:
        """As long as the originals are kept."""
        return timezone.now() + timedelta(days=settings.ATTRIBUTE_RETENTION_DAYS)

    def begin(
        self,
        principal: Principal,
        definition: AttributeMeta,
        spare: SpareSlot,
        values: dict[str, Json],
    ) -> None:
        """From now on writers write both slots; the job fills in the rest."""
        before = describe(definition)
        spare.state = SlotState.FILLING
        kept_until = None if spare.kept_until is None else spare.kept_until.isoformat()
        spare.filled_from = definition.slot
        spare.accepts_loss = bool(self.accept.get(Verdict.LOSSY.value))
        spare.kept_until = None
        spare.save()
        parameters: dict[str, Json] = {"source": definition.slot, "target": spare.slot}
        parameters |= {"type": spare.type, "kept_until": kept_until, "accept": dict(self.accept)}
        job = enqueue(principal, self.kind, definition, parameters | values)
        begun = {"field": "job", "old": None, "new": str(job.id)}
        store_change(principal, f"attribute.{self.change}_begun", definition, before, begun)


class Retype(_Move):
    """Another type, with rules of its own; other options of the same type are an update."""

    change = "retype"
    knows = frozenset({"type", "rules", "using", "default", "missing_value", "accept"})
    kind = JobKind.RETYPE

    def read(self, faults: list[Fault]) -> None:
        """The type with its rules; what to do with values is read when the old type is known."""
        self.read_accept(faults)
        self.target = build(self.members.get("type"), self.members.get("rules") or {}, faults)

    def check(self, schema: Schema, definition: AttributeMeta) -> None:
        """There must be a way from type to type, and what stands beside the values must follow."""
        attribute, target = schema.by_slot[definition.slot], _known(self.target)
        _refuse_same(definition, target)
        if declared(definition.type, target.name) is Fidelity.IMPOSSIBLE:
            message = (
                f"No value of {definition.type} is one of {target.name}. Go through STRING, if text"
                " of one can be read as the other."
            )
            raise Invalid.because([Fault("type", "impossible_conversion", message)])
        _refuse_unfit(definition, target)
        self.using = clean_arguments(
            type(attribute.type), type(target), self.members.get("using") or {}
        )
        found = converter(attribute.type, target, self.using)
        self.converted = _converted(definition, target, found, self.members)

    def types(
        self, schema: Schema, definition: AttributeMeta
    ) -> tuple[AttributeType, AttributeType]:
        """From the one to the other."""
        return schema.by_slot[definition.slot].type, _known(self.target)

    def tally(self, schema: Schema, definition: AttributeMeta, walk: Walk) -> Tally:
        """What becomes of each value."""
        target = _known(self.target)
        found = converter(schema.by_slot[definition.slot].type, target, self.using)
        judge = Judge(found.convert, found.shortcut)
        if definition.unique:
            judge = twins.apart(judge, definition.slot, target)
        return walk(definition.slot, judge)

    def carry_out(self, principal: Principal, schema: Schema, definition: AttributeMeta) -> None:
        """Into a slot that was never used."""
        target, slot = _known(self.target), fence.new_slot()
        spare = SpareSlot(
            slot=slot,
            attribute=definition,
            type=target.name,
            rules=target.rules(),
            using=self.using,
            claim_slot=slot if definition.unique else "",
        )
        self.begin(principal, definition, spare, self.converted)


class Undo(_Move):
    """Back to the type before: what nobody touched since comes back as it was."""

    change = "undo"
    knows = frozenset({"default", "missing_value", "accept"})
    kind = JobKind.UNDO

    def read(self, faults: list[Fault]) -> None:
        """What may be lost of what was written since."""
        self.read_accept(faults)

    def check(self, schema: Schema, definition: AttributeMeta) -> None:
        """The values of the type before must still be there."""
        kept = definition.spare_slots.filter(state=SlotState.RETAINED).order_by("-kept_until")
        spare = kept.first()
        if spare is None:
            raise Conflict(
                "There is no type to go back to: it was never changed, or too long ago.",
                code="nothing_to_undo",
            )
        self.spare = spare
        faults: list[Fault] = []
        self.target = _known(build(spare.type, spare.rules, faults))
        _refuse_unfit(definition, self.target)
        attribute = schema.by_slot[definition.slot]
        self.converter = converter(attribute.type, self.target, {})
        self.converted = _converted(definition, self.target, self.converter, self.members)

    def types(
        self, schema: Schema, definition: AttributeMeta
    ) -> tuple[AttributeType, AttributeType]:
        """Back to the one before."""
        return schema.by_slot[definition.slot].type, self.target

    def tally(self, schema: Schema, definition: AttributeMeta, walk: Walk) -> Tally:
        """What becomes of values written since; the others are kept, and not counted here."""
        kept = self.spare.slot
        judge = Judge(self.converter.convert, self.converter.shortcut)
        if definition.unique and self.spare.claim_slot:
            judge = twins.apart(judge, definition.slot, self.target, beside=kept)
        return walk(definition.slot, judge, f"{expression(kept)} IS NULL")

    def carry_out(self, principal: Principal, schema: Schema, definition: AttributeMeta) -> None:
        """Into the slot that has the originals."""
        self.begin(principal, definition, self.spare, self.converted)


def clean_accept(raw: Json, faults: list[Fault]) -> dict[str, int]:
    """The numbers of values that may be lost, by how; what is wrong is added to ``faults``."""
    names = [Verdict.LOSSY.value, Verdict.IMPOSSIBLE.value]
    accept: dict[str, int] = {}
    if raw is None:
        return accept
    if not isinstance(raw, dict) or not set(raw) <= set(names):
        message = f"Must be an object with the numbers {' and '.join(names)}."
        faults.append(Fault("accept", "wrong_type", message))
        return accept
    for name, number in raw.items():
        try:
            accept[name] = IntegerType(min=0).clean(number)
        except ValueRefused as refused:
            faults.append(refused.at(f"accept.{name}"))
    return accept


def _known(target: AttributeType | None) -> AttributeType:
    if target is None:  # ``read`` has refused it
        raise AssertionError
    return target


def _refuse_same(definition: AttributeMeta, target: AttributeType) -> None:
    if definition.type == target.name:
        message = "It is of this type. Rules are changed with PATCH."
        raise Invalid.because([Fault("type", "same_type", message)])


def _refuse_unfit(definition: AttributeMeta, target: AttributeType) -> None:
    faults: list[Fault] = []
    options.refuse_unique(target, "rules", faults, unique=definition.unique)
    if definition.indexed and target.index_method is None:
        message = f"The attribute is indexed. {unindexable(target)} Or set indexed to false."
        faults.append(Fault("rules", "contradiction", message))
    if faults:
        raise Invalid.because(faults)


def _converted(
    definition: AttributeMeta, target: AttributeType, found: Converter, members: Mapping[str, Json]
) -> dict[str, Json]:
    """The default and the value of incidents without one: as sent, or as the type before had it."""
    values: dict[str, Json] = {}
    faults: list[Fault] = []
    for member, clean in (("default", clean_default), ("missing_value", clean_missing_value)):
        if member in members:
            values[member] = clean(target, members[member], describe(definition), faults)
            continue
        value = getattr(definition, member)
        outcome = Outcome(Verdict.KEPT) if value is None else found.convert(value)
        if outcome.verdict is Verdict.IMPOSSIBLE:
            message = f"The {member.replace('_', ' ')} cannot be converted: {outcome.why}"
            faults.append(Fault(member, "contradiction", message))
        values[member] = outcome.value
    if faults:
        raise Invalid.because(faults)
    return values
