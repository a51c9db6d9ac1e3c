"""Writing an entry: called by every operation, inside its transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts.principal import Principal
from history.models import InstanceEvent, TenantEvent
from incidents_project.http import correlation

Change = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """The object's ``occ_lock`` before and after; None where there was, or is, none."""

    before: int | None = None
    after: int | None = None


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], fields: Sequence[str]
) -> list[Change]:
    """Those of ``fields`` that changed, each with its old and new value."""
    return [
        {"field": field, "old": before.get(field), "new": after.get(field)}
        for field in fields
        if before.get(field) != after.get(field)
    ]


def tenant_event(
    principal: Principal,
    action: str,
    *,
    object_id: UUID,
    incident_id: UUID | None,
    changes: list[Change],
    versions: Versions,
) -> None:
    """Record a change of something the principal's tenant owns."""
    TenantEvent(
        tenant_id=principal.tenant_id,
        incident_id=incident_id,
        **_common(principal, action, object_id, changes, versions),
    ).save(force_insert=True)


def instance_event(
    principal: Principal,
    action: str,
    *,
    object_id: UUID,
    subject_name: str,
    changes: list[Change],
    versions: Versions,
) -> None:
    """Record a change of something all tenants share."""
    InstanceEvent(
        actor_tenant=principal.tenant_id,
        subject_name=subject_name,
        **_common(principal, action, object_id, changes, versions),
    ).save(force_insert=True)


def _common(
    principal: Principal, action: str, object_id: UUID, changes: list[Change], versions: Versions
) -> dict[str, Any]:
    return {
        "subject": principal.subject,
        "name": principal.name,
        "action": action,
        "object_id": object_id,
        "occ_lock_before": versions.before,
        "occ_lock_after": versions.after,
        "changes": changes,
        "correlation_id": correlation.current(),
    }
