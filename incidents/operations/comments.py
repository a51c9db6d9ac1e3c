"""Adding, changing and deleting comments."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts import tenancy
from accounts.principal import Principal
from attributes.schema import Json
from attributes.types.string import StringType
from history import record
from history.record import Versions
from incidents.fields import ProseType
from incidents.models import Comment, Incident
from incidents.queries import no_such_incident
from incidents_project.refusals import Fault, Invalid, NotFound, ValueRefused
from incidents_project.versions import Expected

Body = Mapping[str, Json]

TEXT = ProseType(max_length=10_000)
NAME = StringType(max_length=150)
READ_ONLY = frozenset(
    {
        "id",
        "incident_id",
        "user_id",
        "created_at",
        "created_by",
        "updated_at",
        "updated_by",
        "occ_lock",
        "tenant_id",
    }
)


def add_comment(*, principal: Principal, incident_id: UUID, body: Body) -> Comment:
    """Say something about an incident. ``name`` is the author's, unless the body gives one."""
    said = _read(body, {"name": principal.name})
    with tenancy.scope(principal.tenant_id):
        _hold(principal.tenant_id, incident_id)
        comment = Comment(
            tenant_id=principal.tenant_id,
            incident_id=incident_id,
            user_id=principal.subject,
            created_by=principal.name,
            updated_by=principal.name,
            **said,
        )
        comment.updated_at = comment.created_at
        comment.save(force_insert=True)
        _record(principal, "comment.created", comment, {}, said, Versions(after=0))
    return comment


def change_comment(
    *, principal: Principal, incident_id: UUID, comment_id: UUID, body: Body, expected: Expected
) -> Comment:
    """Replace what a comment says."""
    with tenancy.scope(principal.tenant_id):
        comment = _locked(principal.tenant_id, incident_id, comment_id)
        expected.require(comment.occ_lock)
        before = {"name": comment.name, "text": comment.text}
        said = _read(body, {"name": comment.name})
        versions = Versions(before=comment.occ_lock, after=comment.occ_lock + 1)
        changes = {
            **said,
            "updated_at": timezone.now(),
            "updated_by": principal.name,
            "occ_lock": comment.occ_lock + 1,
        }
        Comment.objects.for_tenant(principal.tenant_id).filter(id=comment_id).update(**changes)
        for field, value in changes.items():
            setattr(comment, field, value)
        _record(principal, "comment.updated", comment, before, said, versions)
    return comment


def delete_comment(
    *, principal: Principal, incident_id: UUID, comment_id: UUID, expected: Expected
) -> None:
    """Take a comment away; its text stays in the history."""
    with tenancy.scope(principal.tenant_id):
        comment = _locked(principal.tenant_id, incident_id, comment_id)
        expected.require(comment.occ_lock)
        before = {"name": comment.name, "text": comment.text}
        Comment.objects.for_tenant(principal.tenant_id).filter(id=comment_id).delete()
        versions = Versions(before=comment.occ_lock)
        comment.id = comment_id
        _record(principal, "comment.deleted", comment, before, {}, versions)


def _hold(tenant_id: str, incident_id: UUID) -> None:
    # Shared with other comments, against a delete of the incident.
    rows = Incident.objects.for_tenant(tenant_id).filter(id=incident_id).order_by()
    if not rows.select_for_update(no_key=True).values_list("id").first():
        raise no_such_incident()


def _locked(tenant_id: str, incident_id: UUID, comment_id: UUID) -> Comment:
    rows = Comment.objects.for_tenant(tenant_id).filter(incident_id=incident_id, id=comment_id)
    comment = rows.select_for_update().order_by().first()
    if comment is None:
        raise NotFound("There is no such comment.")
    return comment


def _read(body: Body, absent: dict[str, str]) -> dict[str, str]:
    faults = [
        Fault(name, "unknown_field", "No such field. A comment has text and name.")
        for name in body
        if name not in READ_ONLY and name not in {"text", "name"}
    ]
    said = dict(absent)
    for field, type_ in (("text", TEXT), ("name", NAME)):
        raw = body.get(field)
        if raw is None:
            if field not in said:
                faults.append(Fault(field, "required", "This field is required."))
            continue
        try:
            said[field] = type_.clean(raw)
        except ValueRefused as refused:
            faults.append(refused.at(field))
    if faults:
        raise Invalid.because(faults)
    return said


def _record(
    principal: Principal,
    action: str,
    comment: Comment,
    before: dict[str, Any],
    after: dict[str, Any],
    versions: Versions,
) -> None:
    record.tenant_event(
        principal,
        action,
        object_id=comment.id,
        incident_id=comment.incident_id,
        changes=record.differences(before, after, ("name", "text")),
        versions=versions,
    )
