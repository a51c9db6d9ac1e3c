"""Creating, changing and deleting incidents.

The order is always: fence, row, freshness, rules, one atomic write, history.
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
from incidents import fields
from incidents.codes import Codes, codes
from incidents.fields import Columns, Draft
from incidents.models import Incident
from incidents.presenter import Row, present, row_of
from incidents.queries import no_such_incident
from incidents_project.refusals import Invalid
from incidents_project.versions import Expected

Body = Mapping[str, Json]


def create_incident(*, principal: Principal, body: Body) -> Row:
    """Record an incident; raises ``Invalid`` with every fault of the body."""
    with tenancy.scope(principal.tenant_id):
        schema = fence.enter()
        incident = _drafted(principal, schema, body)
        incident.save(force_insert=True)
        claims.move(schema, principal.tenant_id, incident.id, {}, incident.attributes)
        record.tenant_event(
            principal,
            "incident.created",
            object_id=incident.id,
            incident_id=incident.id,
            changes=[
                *record.differences({}, own_columns(incident), fields.NAMES),
                *values.described(schema, {}, incident.attributes),
            ],
            versions=Versions(after=incident.occ_lock),
        )
    return present(row_of(incident), schema)


def validate_incident(*, principal: Principal, body: Body) -> Row:
    """What ``create_incident`` would store, or its refusal; nothing is written."""
    with tenancy.scope(principal.tenant_id):
        schema = fence.enter()
        incident = _drafted(principal, schema, body)
        claims.refuse_taken(claims.taken(schema, principal.tenant_id, incident.attributes))
    return present(row_of(incident), schema)


def _drafted(principal: Principal, schema: Schema, body: Body) -> Incident:
    draft = fields.read_whole(body, codes.at(schema.stamp))
    kind, stage = draft.columns.get("type", ""), draft.columns.get("status", "")
    at = Situation(kind, stage, enters=True, was=kind)
    stored = values.for_new(schema, body.get(values.MEMBER, {}), at, draft.faults)
    references.check(schema, principal.tenant_id, stored, draft.faults)
    if draft.faults:
        raise Invalid.because(draft.faults)
    incident = Incident(
        tenant_id=principal.tenant_id,
        attributes=stored,
        created_by=principal.name,
        updated_by=principal.name,
        **draft.columns,
    )
    incident.updated_at = incident.created_at
    return incident


def situation_of(incident: Incident) -> Situation:
    """Where an incident stands that does not move."""
    return Situation(incident.type, incident.status, enters=False, was=incident.type)


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
    with tenancy.scope(principal.tenant_id):
        schema = fence.enter()
        incident = locked(principal.tenant_id, incident_id)
        expected.require(incident.occ_lock)
        # As one statement: the comments go with it, by their foreign key.
        rows = Incident.objects.for_tenant(principal.tenant_id).filter(id=incident_id)
        rows._raw_delete(rows.db)  # noqa: SLF001
        claims.release_all(principal.tenant_id, incident_id)
        record.tenant_event(
            principal,
            "incident.deleted",
            object_id=incident_id,
            incident_id=incident_id,
            changes=[
                *record.differences(own_columns(incident), {}, fields.NAMES),
                *values.described(schema, incident.attributes, {}),
            ],
            versions=Versions(before=incident.occ_lock),
        )


def locked(tenant_id: str, incident_id: UUID) -> Incident:
    """The incident, held against other writers until this transaction ends."""
    found = Incident.objects.for_tenant(tenant_id).filter(id=incident_id)
    incident = found.select_for_update().order_by().first()
    if incident is None:
        raise no_such_incident()
    return incident


def _rewrite(
    principal: Principal,
    incident_id: UUID,
    body: Body,
    expected: Expected,
    read: Callable[[Body, Codes, Columns], Draft],
    *,
    always: bool,
) -> Row:
    with tenancy.scope(principal.tenant_id):
        schema = fence.enter()
        incident = locked(principal.tenant_id, incident_id)
        expected.require(incident.occ_lock)
        before = own_columns(incident)
        draft = read(body, codes.at(schema.stamp), before)
        after = before | draft.columns
        at = Situation(
            kind=after["type"],
            stage=after["status"],
            enters=after["status"] != before["status"],
            was=before["type"],
        )
        sent = body.get(values.MEMBER, {})
        delta = values.changes(schema, sent, incident.attributes, at, draft.faults)
        references.check(schema, principal.tenant_id, delta.set, draft.faults)
        draft.faults += values.missing(schema, delta.applied_to(incident.attributes), at)
        if draft.faults:
            raise Invalid.because(draft.faults)
        write(principal, schema, incident, draft.columns, delta, always=always)
    return present(row_of(incident), schema)


def own_columns(incident: Incident) -> Columns:
    """The incident's own fields as they are stored."""
    return {name: getattr(incident, name) for name in fields.NAMES}


def write(
    principal: Principal,
    schema: Schema,
    incident: Incident,
    columns: Columns,
    delta: Delta,
    *,
    always: bool = False,
) -> None:
    """Store what differs in one statement, and record it; ``incident`` is as stored afterwards.

    Values are merged by the database, so slots that nobody named here are carried over untouched.
    """
    own, stored, occ_lock = own_columns(incident), incident.attributes, incident.occ_lock
    changed = {name: value for name, value in columns.items() if value != own[name]}
    if not (changed or delta or always):
        return
    incident.updated_at, incident.updated_by = timezone.now(), principal.name
    assignments: Columns = {
        **changed,
        "updated_at": incident.updated_at,
        "updated_by": incident.updated_by,
        "occ_lock": occ_lock + 1,
    }
    if delta:
        assignments[values.MEMBER] = delta.merge(values.MEMBER)
    Incident.objects.for_tenant(principal.tenant_id).filter(id=incident.id).update(**assignments)
    for name, value in changed.items():
        setattr(incident, name, value)
    incident.attributes = delta.applied_to(stored)
    claims.move(schema, principal.tenant_id, incident.id, stored, incident.attributes)
    incident.occ_lock = occ_lock + 1
    record.tenant_event(
        principal,
        "incident.updated",
        object_id=incident.id,
        incident_id=incident.id,
        changes=[
            *record.differences(own, own | changed, fields.NAMES),
            *values.described(schema, stored, incident.attributes),
        ],
        versions=Versions(before=occ_lock, after=occ_lock + 1),
    )
