"""Creating, changing and deleting incidents.

The order is always: fence, row, freshness, rules, claims, then write, count and history as one.
"""

from collections.abc import Callable, Mapping
from uuid import UUID

from django.utils import timezone

from accounts import tenancy
from accounts.principal import Principal
from attributes import claims, fence, references, values
from attributes.schema import Json, Schema
from attributes.storage import Delta
from attributes.values import Situation
from history import record
from history.record import Versions
from incidents import counts, fields, rows
from incidents.codes import Codes, codes
from incidents.fields import Columns, Draft
from incidents.presenter import COLUMNS, Row, present
from incidents_project.refusals import Invalid
from incidents_project.versions import Expected

Body = Mapping[str, Json]


def create_incident(*, principal: Principal, body: Body) -> Row:
    """Record an incident; raises ``Invalid`` with every fault of the body."""
    with fence.scope(principal.tenant_id) as schema:
        row = _drafted(principal, schema, body)
        claims.move(schema, principal.tenant_id, row["id"], {}, row[values.MEMBER])
        record.tenant_event(
            principal,
            "incident.created",
            object_id=row["id"],
            incident_id=row["id"],
            changes=[
                *record.differences({}, own_columns(row), fields.NAMES),
                *values.described(schema, {}, row[values.MEMBER]),
            ],
            versions=Versions(after=row["occ_lock"]),
            beside=[
                rows.insert(row),
                counts.add(principal.tenant_id, 1),
                counts.know(principal.tenant_id),
            ],
        )
    return present(row, schema)


def validate_incident(*, principal: Principal, body: Body) -> Row:
    """What ``create_incident`` would store, or its refusal; nothing is written."""
    with fence.scope(principal.tenant_id) as schema:
        row = _drafted(principal, schema, body)
        claims.refuse_taken(claims.taken(schema, principal.tenant_id, row[values.MEMBER]))
    return present(row, schema)


def _drafted(principal: Principal, schema: Schema, body: Body) -> Row:
    draft = fields.read_whole(body, codes.at(schema.stamp))
    kind, stage = draft.columns.get("type", ""), draft.columns.get("status", "")
    at = Situation(kind, stage, enters=True, was=kind)
    stored = values.for_new(schema, body.get(values.MEMBER, {}), at, draft.faults)
    references.check(schema, principal.tenant_id, stored, draft.faults)
    if draft.faults:
        raise Invalid.because(draft.faults)
    now = timezone.now()
    made = {
        **draft.columns,
        "id": tenancy.new_id(),
        "tenant_id": principal.tenant_id,
        values.MEMBER: stored,
        "created_at": now,
        "created_by": principal.name,
        "updated_at": now,
        "updated_by": principal.name,
        "occ_lock": 0,
    }
    return {column: made[column] for column in COLUMNS}


def situation_of(row: Row) -> Situation:
    """Where an incident stands that does not move."""
    return Situation(row["type"], row["status"], enters=False, was=row["type"])


def replace_incident(
    *, principal: Principal, incident_id: UUID, body: Body, expected: Expected
) -> Row:
    """Replace an incident's own fields. It counts as a change even when nothing differs."""
    return _rewrite(principal, incident_id, body, expected, fields.read_whole, always=True)


def patch_incident(
    *, principal: Principal, incident_id: UUID, body: Body, expected: Expected
) -> Row:
    """Change what ``body`` names. A change of nothing changes nothing."""
    return _rewrite(principal, incident_id, body, expected, fields.read_part, always=False)


def delete_incident(*, principal: Principal, incident_id: UUID, expected: Expected) -> None:
    """Delete an incident and its comments; its history stays."""
    with fence.scope(principal.tenant_id) as schema:
        row = rows.locked(principal.tenant_id, incident_id)
        expected.require(row["occ_lock"])
        claims.release_all(principal.tenant_id, incident_id)
        record.tenant_event(
            principal,
            "incident.deleted",
            object_id=incident_id,
            incident_id=incident_id,
            changes=[
                *record.differences(own_columns(row), {}, fields.NAMES),
                *values.described(schema, row[values.MEMBER], {}),
            ],
            versions=Versions(before=row["occ_lock"]),
            beside=[
                rows.delete(principal.tenant_id, incident_id),
                counts.add(principal.tenant_id, -1),
            ],
        )


def _rewrite(
    principal: Principal,
    incident_id: UUID,
    body: Body,
    expected: Expected,
    read: Callable[[Body, Codes, Columns], Draft],
    *,
    always: bool,
) -> Row:
    with fence.scope(principal.tenant_id) as schema:
        row = rows.locked(principal.tenant_id, incident_id)
        expected.require(row["occ_lock"])
        before, stored = own_columns(row), row[values.MEMBER]
        draft = read(body, codes.at(schema.stamp), before)
        after = before | draft.columns
        at = Situation(
            kind=after["type"],
            stage=after["status"],
            enters=after["status"] != before["status"],
            was=before["type"],
        )
        sent = body.get(values.MEMBER, {})
        delta = values.changes(schema, sent, stored, at, draft.faults)
        references.check(schema, principal.tenant_id, delta.set, draft.faults)
        draft.faults += values.missing(schema, delta.applied_to(stored), at)
        if draft.faults:
            raise Invalid.because(draft.faults)
        row = write(principal, schema, row, draft.columns, delta, always=always)
    return present(row, schema)


def own_columns(row: Row) -> Columns:
    """The incident's own fields as they are stored."""
    return {name: row[name] for name in fields.NAMES}


def write(
    principal: Principal,
    schema: Schema,
    row: Row,
    columns: Columns,
    delta: Delta,
    *,
    always: bool = False,
) -> Row:
    """Store what differs in one statement, and record it; answers the row as it is then stored.

    Values are merged by the database, so slots that nobody named here are carried over untouched.
    """
    changed = {name: value for name, value in columns.items() if value != row[name]}
    if not (changed or delta or always):
        return row
    made = {
        "updated_at": timezone.now(),
        "updated_by": principal.name,
        "occ_lock": row["occ_lock"] + 1,
    }
    before, after = row[values.MEMBER], delta.applied_to(row[values.MEMBER])
    written = {**row, **changed, **made, values.MEMBER: after}
    claims.move(schema, principal.tenant_id, row["id"], before, after)
    record.tenant_event(
        principal,
        "incident.updated",
        object_id=row["id"],
        incident_id=row["id"],
        changes=[
            *record.differences(row, written, fields.NAMES),
            *values.described(schema, before, after),
        ],
        versions=Versions(before=row["occ_lock"], after=written["occ_lock"]),
        beside=[rows.update(principal.tenant_id, row["id"], changed | made, delta)],
    )
    return written
