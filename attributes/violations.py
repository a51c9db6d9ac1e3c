"""What the rules say of values that were stored before them.

A rule that is tightened touches no value. Who breaks it is counted before it is, and listed
afterwards; an edit of something else is never refused for it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts import tenancy
from attributes import claims, hosts, types
from attributes.conversions import Outcome, Verdict, under_rules
from attributes.filters.conditions import EVERYTHING, NOTHING, Condition, all_of, any_of
from attributes.models import AttributeMeta, Job, JobKind, RequiredWhen, SlotState
from attributes.operations.find import no_such_attribute
from attributes.schema import Attribute, schemas
from attributes.storage import expression
from attributes.types import AttributeType, Json
from attributes.walk import KEPT, Judge
from attributes.windows import Window, windows
from incidents_project.exact_json import loads
from incidents_project.refusals import ValueRefused

_CHUNK = 1_000  # incidents that are decided on before the page is asked whether it is full
_FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Violation:
    """An incident that breaks a rule of an attribute, and its value as it is answered."""

    incident_id: UUID
    code: str
    message: str
    value: Json = None


def refusal(typed: AttributeType, stored: Json) -> ValueRefused | None:
    """Why a stored value would be refused now. An option that is retired is a value."""
    try:
        typed.clean(typed.present(stored))
    except ValueRefused as refused:
        return None if refused.code == "retired_option" else refused
    return None


def lacking(attribute: Attribute) -> Condition:
    """Which incidents without a value should have one."""
    if (
        not attribute.required
        or attribute.deprecated
        or attribute.missing_value is not None
        or attribute.required_when == RequiredWhen.CREATE
    ):
        return NOTHING
    _, stage = hosts.columns()
    return all_of([applying(attribute), _one_of(stage, attribute.required_at)])


def applying(attribute: Attribute) -> Condition:
    """Which incidents have the attribute."""
    kind, _ = hosts.columns()
    return _one_of(kind, attribute.applies_to)


def _one_of(column: str, codes: frozenset[str]) -> Condition:
    return Condition(f'"{column}" = ANY(%s::text[])', (sorted(codes),)) if codes else EVERYTHING


def judge(attribute: Attribute, *, rules: bool, required: bool, unique: bool) -> Judge:
    """What would break the rules of an attribute as it would be; of those that are asked about."""

    def decide(stored: Json) -> Outcome:
        refused = refusal(attribute.type, stored)
        if refused is None:
            return Outcome(Verdict.KEPT, stored)
        return Outcome(Verdict.IMPOSSIBLE, None, refused.message)

    return Judge(
        decide if rules else KEPT.decide,
        under_rules(attribute.type) if rules else KEPT.shortcut,
        lack=lacking(attribute) if required else NOTHING,
        distinct=attribute.type.compared if unique else None,
    )


def violations(
    tenant_id: str, definition: AttributeMeta, after: UUID | None, size: int
) -> list[Violation]:
    """The first incidents of the tenant's, behind an id, that break a rule of the attribute."""
    attribute = next((a for a in schemas.now().attributes if a.uid == definition.id), None)
    if attribute is None:
        raise no_such_attribute()
    validating = Job.objects.open().filter(attribute_id=definition.id, kind=JobKind.CLAIM)
    search = _Search(tenant_id, attribute, _originals(definition), twins=validating.exists())
    found: list[Violation] = []
    for window in windows(tenant_id, after or _FIRST):
        for violation in search.within(window):
            found.append(violation)
            if len(found) == size:
                return found
    return found


def _originals(definition: AttributeMeta) -> dict[str, AttributeType]:
    """The types that the attribute had, by the slots that still have their values."""
    kept = definition.spare_slots.filter(state=SlotState.RETAINED)
    return {spare.slot: types.build(spare.type, spare.rules) for spare in kept}


@dataclass(frozen=True, slots=True)
class _Search:
    """What is looked for: SQL finds who may break a rule, and here it is decided who does.

    ``twins`` says whether there may be values that another incident has, too.
    """

    tenant_id: str
    attribute: Attribute
    originals: dict[str, AttributeType]
    twins: bool

    def within(self, window: Window) -> Iterator[Violation]:
        """The violations of a window, in the order of the ids."""
        after: UUID | None = window.after
        while after is not None:
            rows = self._read(Window(window.tenant, after, window.last))
            yield from self._decide(rows)
            after = rows[-1][0] if len(rows) == _CHUNK else None

    def _read(self, window: Window) -> list[tuple[Any, ...]]:
        """Ids, values, whether one has no claim, and what was kept of the types before."""
        originals = "".join(f", {expression(slot)}" for slot in self.originals)
        columns = f"id, {self._value}, {self._unclaimed}{originals}"
        select = window.first(columns, self._suspect(), _CHUNK)
        return [
            (id_, *(None if text is None else loads(text) for text in (value, *others)), alone)
            for id_, value, alone, *others in tenancy.read(self.tenant_id, select)
        ]

    @property
    def _value(self) -> str:
        return expression(self.attribute.slot)

    @property
    def _unclaimed(self) -> str:
        attribute = self.attribute
        return claims.unclaimed(attribute.slot, attribute.claims) if self.twins else "false"

    def _suspect(self) -> Condition:
        kept = [f"{expression(slot)} IS NOT NULL" for slot in self.originals]
        lack = any_of([lacking(self.attribute), *map(Condition, kept)])
        sure = Judge(KEPT.decide, under_rules(self.attribute.type)).sure(self._value)
        held = Condition(f"(({sure}) IS NOT TRUE OR {self._unclaimed})")
        return any_of(
            [
                all_of([Condition(f"{self._value} IS NOT NULL"), held]),
                all_of([Condition(f"{self._value} IS NULL"), lack]),
            ]
        )

    def _decide(self, rows: list[tuple[Any, ...]]) -> Iterator[Violation]:
        unclaimed = [(id_, value) for id_, value, *_, alone in rows if alone]
        twins = claims.twins(self.attribute, self.tenant_id, unclaimed) if unclaimed else set()
        for id_, value, *originals, _ in rows:
            if value is None:
                yield self._absent(id_, originals)
                continue
            refused = refusal(self.attribute.type, value)
            shown = self.attribute.type.present(value)
            also = f" {refused.message}" if refused is not None else ""
            if id_ in twins:  # first, since a job may wait for it
                yield Violation(id_, "not_unique", f"Another incident has it.{also}", shown)
            elif refused is not None:
                yield Violation(id_, refused.code, refused.message, shown)

    def _absent(self, id_: UUID, originals: list[Json]) -> Violation:
        for typed, original in zip(self.originals.values(), originals, strict=True):
            if original is not None:
                twin = ", or only one that another incident has" if self.attribute.unique else ""
                message = f"What it had as {typed.name} is no {self.attribute.type.name}{twin}."
                return Violation(id_, "not_converted", message, typed.present(original))
        return Violation(id_, "required", "This attribute is required.")
