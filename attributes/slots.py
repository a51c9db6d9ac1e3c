"""Every slot that may hold values, of whatever attribute and in whatever state."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from attributes import types
from attributes.models import JobKind, SlotState, State
from attributes.models.job import OPEN
from attributes.schema import OptionSets, PerEpoch, Stamped, options_by_name
from attributes.types import AttributeType
from incidents_project.database.fields import ExactJSONField
from incidents_project.refusals import Invalid


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot, the attribute it belongs to, and the type of the values it should hold.

    ``claims`` is what the claims of its values lie under, blank where there are none or where a job
    is still making them.
    """

    slot: str
    attribute: str
    type: AttributeType
    state: str
    claims: str


@dataclass(frozen=True, slots=True)
class Slots:
    """All of them at one epoch; ``claims`` is whatever claims may lie under."""

    stamp: UUID
    by_slot: Mapping[str, Slot]
    claims: frozenset[str]


_LOAD = """
    SELECT epoch.stamp, (SELECT jsonb_object_agg(name, options) FROM attributes_optionset),
           known.*
    FROM attributes_epoch AS epoch LEFT JOIN (
        SELECT slot, name, type, rules, state,
               CASE WHEN "unique" THEN coalesce(nullif(claim_slot, ''), slot) ELSE '' END AS claims,
               EXISTS (
                   SELECT 1 FROM attributes_job AS job
                   WHERE job.attribute_id = meta.id AND job.kind = %s AND job.state = ANY(%s)
               ) AS claiming
        FROM attributes_attributemeta AS meta
        UNION ALL
        SELECT spare.slot, meta.name, spare.type, spare.rules, spare.state,
               CASE WHEN meta."unique" THEN spare.claim_slot ELSE '' END, false
        FROM attributes_spareslot AS spare
        JOIN attributes_attributemeta AS meta ON meta.id = spare.attribute_id
    ) AS known ON true
"""
_GOING = {State.PURGING.value, SlotState.PURGING.value}


def _load() -> Stamped[Slots]:
    with connection.cursor() as cursor:
        cursor.execute(_LOAD, [JobKind.CLAIM, list(OPEN)])
        rows = cursor.fetchall()
    stamp, sets = rows[0][:2]
    option_sets = options_by_name(_JSON.from_db_value(sets))
    found = [row[2:] for row in rows if row[2] is not None]
    slots = (_slot(row, option_sets) for row in found)
    claims = frozenset(row[5] for row in found if row[5])
    return Stamped(stamp, Slots(stamp, {slot.slot: slot for slot in slots}, claims))


def _slot(row: tuple[Any, ...], option_sets: OptionSets) -> Slot:
    slot, name, type_name, rules, state, claims, claiming = row
    type_ = _typed(type_name, _JSON.from_db_value(rules), option_sets)
    is_claimed = not claiming and state not in _GOING
    return Slot(slot, name, type_, state, claims if is_claimed else "")


def _typed(name: str, rules: Any, option_sets: OptionSets) -> AttributeType:
    """The type; what was archived long ago may have rules of which something is gone."""
    try:
        return types.build(name, rules).resolved(option_sets)
    except Invalid:
        return types.BY_NAME[name]()


def is_going(slot: Slot) -> bool:
    """Whether its values are being destroyed."""
    return slot.state in _GOING


_JSON = ExactJSONField()
every: PerEpoch[Slots] = PerEpoch(_load)
