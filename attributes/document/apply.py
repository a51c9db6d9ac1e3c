"""Making a document come true: planning it, and doing all of it or nothing.

A plan carries its steps out and takes everything back, so that what it says can be done can be
done. Values are counted afterwards, while nobody waits. What takes longer is left to jobs.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.principal import Principal
from attributes import fence
from attributes.document import deployed
from attributes.document.clean import clean
from attributes.document.parse import Source
from attributes.document.step import Done, Step
from attributes.document.steps import steps
from attributes.models import Job
from attributes.operations.change import Walk
from attributes.operations.holders import as_of, counts_first
from attributes.plans import Risk, Tally, require_fresh
from attributes.schema import schemas
from attributes.types import Json
from incidents_project.exact_json import dumps
from incidents_project.refusals import Conflict, Fault, Invalid, NotFound, Refusal

MUST_BE_ALLOWED = (Risk.LOSSY, Risk.DESTRUCTIVE)


@dataclass(frozen=True, slots=True)
class Planned:
    """A step with what it would do to values; the counts are of all tenants."""

    change: str
    name: str
    says: str
    risk: Risk = Risk.SAFE
    tally: Tally = field(default_factory=Tally)
    undo_until: datetime | None = None  # None: at any time
    stops: bool = False  # before more is lost than the document accepts


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done, in order. ``hash`` names that and the epoch it was planned in."""

    steps: Sequence[Planned]
    hash: str

    @property
    def risks(self) -> list[Risk]:
        """The classes of its steps, each once."""
        return [risk for risk in Risk if any(step.risk is risk for step in self.steps)]


@dataclass(frozen=True, slots=True)
class Applied:
    """A plan that was carried out, and the jobs that do what takes longer."""

    plan: Plan
    jobs: Sequence[Job] = ()


def export() -> dict[str, Json]:
    """The one document that says what is deployed."""
    return deployed.read().document().shown()


@counts_first
def plan(source: Source, *, principal: Principal, walk: Walk, prune: bool = False) -> Plan:
    """What applying the document would do now; nothing is changed.

    Raises ``Invalid`` with every fault of the document; ``Conflict`` with everything in it that is
    not possible with what is deployed.
    """
    way = _Way.to(source, prune=prune)
    return way.plan(principal, walk)


@counts_first
def apply(
    source: Source,
    *,
    principal: Principal,
    walk: Walk,
    prune: bool = False,
    plan: str | None = None,
    allow: Collection[Risk] = (),
) -> Applied:
    """Do everything that is needed, in one transaction; a document that is true changes nothing.

    Raises ``Conflict``: ``stale_plan`` where the attributes, or what the document asks for, were
    changed since the plan that was sent, or another was faster; ``not_allowed`` where values would
    be lost and ``allow`` does not say so.
    """
    way = _Way.to(source, prune=prune)
    require_fresh(plan, way.hash)
    planned = way.plan(principal, walk)
    if not planned.steps:
        return Applied(planned)
    _require_allowed(planned, allow)
    with transaction.atomic():
        done = way.go(principal)
        return Applied(planned, _begun(done))


@dataclass(frozen=True, slots=True)
class _Way:
    """The steps from what was deployed at one epoch to what a document says."""

    source: Source
    steps: Sequence[Step]
    stamp: UUID

    @classmethod
    def to(cls, source: Source, *, prune: bool) -> "_Way":
        """From what is deployed now. Should the epoch move on meanwhile, ``stamp`` is too old."""
        stamp = schemas.now().stamp
        deployment = deployed.read()
        document = clean(source, deployment.document().attributes)
        faults: list[Fault] = []
        found = steps(document, deployment, faults, prune=prune)
        if faults:
            raise _conflict(source.placed(faults))
        return cls(source, found, stamp)

    @property
    def hash(self) -> str:
        """Names what is to be done, and the epoch."""
        listed = [[step.change, step.name, step.members] for step in self.steps]
        named = dumps([listed, str(self.stamp)], sort_keys=True)
        return hashlib.sha256(named).hexdigest()[:32]

    def plan(self, principal: Principal, walk: Walk) -> Plan:
        """Try all steps, take them back, and count."""
        if not self.steps:
            return Plan((), self.hash)
        with transaction.atomic():
            done = self.go(principal)
            transaction.set_rollback(True)
        planned = [_planned(step, each, walk) for step, each in zip(self.steps, done, strict=True)]
        return Plan(planned, self.hash)

    def _keep_others_out(self) -> None:
        if fence.change().stamp != self.stamp:
            raise Conflict(
                "The attributes were changed since this was planned. Plan again.", code="stale_plan"
            )

    def go(self, principal: Principal) -> list[Done | None]:
        """Take every step; raises with every fault of those that are refused."""
        self._keep_others_out()
        refusals: list[Refusal] = []
        faults: list[Fault] = []
        done: list[Done | None] = []
        with as_of(self.stamp):
            for step in self.steps:
                try:
                    with transaction.atomic():
                        done.append(step.act(principal))
                except (Invalid, Conflict, NotFound) as refusal:
                    refusals.append(refusal)
                    faults.extend(_faults(step, refusal))
        if any(isinstance(refusal, Invalid) for refusal in refusals):
            raise Invalid.because(self.source.placed(faults))
        if refusals:
            raise _conflict(self.source.placed(faults))
        return done


def _conflict(faults: Iterable[Fault]) -> Conflict:
    """The refusal of what the document may say, but not now and here."""
    told = Invalid.because(faults)
    code = None if told.code == Invalid.default_code else told.code
    return Conflict(told.detail, code=code, faults=told.faults)


def _faults(step: Step, refusal: Refusal) -> list[Fault]:
    if not refusal.faults:
        return [Fault(step.at, refusal.code, f"To {step.says}: {refusal.detail}")]
    return [
        Fault(f"{step.at}.{fault.field}", fault.code, fault.message) for fault in refusal.faults
    ]


def _planned(step: Step, done: Done | None, walk: Walk) -> Planned:
    if done is None:
        return Planned(step.change, step.name, step.says)
    change, schema, definition = done
    tally = change.tally(schema, definition, walk)
    tally.present(*change.types(schema, definition))
    undo_until = change.undo_until(definition)
    return Planned(
        step.change,
        step.name,
        step.says,
        change.risk(tally),
        tally,
        undo_until,
        stops=change.stops(tally),
    )


def _require_allowed(planned: Plan, allow: Collection[Risk]) -> None:
    missing = [risk for risk in planned.risks if risk in MUST_BE_ALLOWED and risk not in allow]
    if missing:
        named = ", ".join(missing)
        asking = "; ".join(step.says for step in planned.steps if step.risk in missing)
        raise Conflict(
            f"There are steps that are {named}, which must be allowed: {asking}.",
            code="not_allowed",
            members={"classes": list(missing)},
        )


def _begun(done: Sequence[Done | None]) -> list[Job]:
    """The jobs that were begun, and those that were there."""
    ids = [each.definition.id for each in done if each is not None]
    return list(Job.objects.open().filter(attribute_id__in=ids))
