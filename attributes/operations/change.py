"""What every change of a definition has in common, so that its preview is the change itself.

A change finds its definition, refuses what cannot be done, says what it would do and to how many
values, and does it. A preview goes the same way and stops before the last step.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Protocol

from django.db import transaction

from accounts.principal import Principal
from attributes import fence, referrers
from attributes.models import AttributeMeta, Job
from attributes.operations.find import in_force
from attributes.operations.holders import counts_first
from attributes.operations.jobs import job_open
from attributes.plans import Plan, Risk, Tally, hash_of, require_fresh
from attributes.schema import Schema, schemas
from attributes.types import AttributeType, Json
from attributes.walk import Judge
from incidents_project.refusals import Fault, Invalid
from incidents_project.versions import ANY, Expected

Members = Mapping[str, Json]


class Walk(Protocol):
    """Counts what would become of a slot's values, as ``attributes.walk`` does."""

    def __call__(self, slot: str, judge: Judge, where: str = "true") -> Tally:
        """Of the rows that meet a constant condition."""


_PER_SECOND = 15_000  # rows that a job goes through, for estimates


class Change(ABC):
    """One change of one attribute, as it was asked for.

    ``members`` are what the request says beside the attribute's name; a subclass reads them and
    raises ``Invalid`` with every fault.
    """

    change: ClassVar[str]  # its name on the wire: "rename"
    knows: ClassVar[frozenset[str]] = frozenset()  # the members it takes
    works_on_rows: bool = False  # in the background, so that there can be one at a time
    undoable: bool = True  # unless it destroys something, or only for a while
    confirmed = False  # whether the plan of its preview was sent

    def __init__(self, name: str, members: Members) -> None:
        self.name = name
        self.members = members
        faults = self.unknown()
        self.read(faults)
        if faults:
            raise Invalid.because(faults)

    def unknown(self) -> list[Fault]:
        """A fault for each member that it does not take."""
        return [
            Fault(member, "unknown_field", f"Must be one of {', '.join(sorted(self.knows))}.")
            if self.knows
            else Fault(member, "unknown_field", "Nothing else is to be said.")
            for member in self.members
            if member not in self.knows
        ]

    def read(self, faults: list[Fault]) -> None:  # noqa: B027 - most have nothing to read
        """Read the members; what is wrong is added to ``faults``."""

    def find(self) -> AttributeMeta:
        """The definition it is about, or ``NotFound``."""
        return in_force(self.name)

    def check(  # noqa: B027 - nothing stands against most
        self, schema: Schema, definition: AttributeMeta
    ) -> None:
        """Raise what stands against the change."""

    def tally(self, schema: Schema, definition: AttributeMeta, walk: Walk) -> Tally:
        """What would become of stored values; nothing, for most changes."""
        return Tally()

    def types(
        self, schema: Schema, definition: AttributeMeta
    ) -> tuple[AttributeType, AttributeType]:
        """The type that values have, and the one they would have; after ``check``."""
        known = schema.by_slot.get(definition.slot)
        typed = definition.typed() if known is None else known.type
        return typed, typed

    @abstractmethod
    def risk(self, tally: Tally) -> Risk:
        """How much care it asks for."""

    def stops(self, tally: Tally) -> bool:
        """Whether its job will stop, since more would be lost than was accepted."""
        return False

    def notes(self) -> tuple[str, ...]:
        """What else is to be known, in words; after ``check``."""
        return ()

    def undo_until(self, definition: AttributeMeta) -> datetime | None:
        """Until when it can be taken back; None for as long as one likes."""
        return None

    @abstractmethod
    def carry_out(self, principal: Principal, schema: Schema, definition: AttributeMeta) -> None:
        """Do it: behind the fence, in a transaction; no incident is touched."""


@counts_first
def carry_out(
    change: Change, *, principal: Principal, expected: Expected = ANY, plan: str | None = None
) -> AttributeMeta:
    """Do it, in milliseconds. What takes longer is left to a job.

    Raises ``Conflict`` (``stale_plan``) if a plan was sent and is of another change or epoch, and
    (``job_open``) while a job works on the attribute's values.
    """
    with transaction.atomic():
        schema = fence.change()
        definition = change.find()
        expected.require(definition.occ_lock)
        require_fresh(plan, _hash(change, schema, definition))
        change.confirmed = plan is not None
        bring_about(change, principal, schema, definition)
    return definition


def bring_about(
    change: Change, principal: Principal, schema: Schema, definition: AttributeMeta
) -> None:
    """Check it, and do it to a definition that is at hand; behind the fence."""
    _require_no_job(change, definition)
    change.check(schema, definition)
    change.carry_out(principal, schema, definition)


@counts_first
def preview(change: Change, walk: Walk) -> Plan:
    """What it would do now; nothing is locked and nothing is written."""
    schema = schemas.now()
    definition = change.find()
    _require_no_job(change, definition)
    change.check(schema, definition)
    tally = change.tally(schema, definition, walk)
    tally.present(*change.types(schema, definition))
    risk = change.risk(tally)
    return Plan(
        change=change.change,
        name=definition.name,
        risk=risk,
        hash=_hash(change, schema, definition),
        tally=tally,
        referrers=tuple(referrers.of(definition)),
        seconds=max(0.1, round(tally.incidents / _PER_SECOND, 1)) if change.works_on_rows else 0.0,
        notes=change.notes(),
        undo_until=change.undo_until(definition),
        undo_forever=change.undoable
        and risk is not Risk.DESTRUCTIVE
        and change.undo_until(definition) is None,
        stops=change.stops(tally),
    )


def _hash(change: Change, schema: Schema, definition: AttributeMeta) -> str:
    # What may be lost is named after the preview has said how much, so it is no part of the plan.
    named = {name: said for name, said in change.members.items() if name != "accept"}
    return hash_of(change.change, definition.uid, named, schema.stamp)


def _require_no_job(change: Change, definition: AttributeMeta) -> None:
    job = Job.objects.open().filter(attribute_id=definition.id).first()
    if job is not None and change.works_on_rows:
        raise job_open(job)
