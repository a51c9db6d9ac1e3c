"""Writing an entry: called by every operation, inside its transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone
from psycopg.types.json import Jsonb

from accounts.principal import Principal
from accounts.tenancy import new_id
from history.models import InstanceEvent
from incidents_project.database import together
from incidents_project.exact_json import dumps
from incidents_project.http import correlation

Change = dict[str, Any]

# Not a model's save: every write of a tenant pays for it.
_TENANT_EVENT = """
    INSERT INTO history_tenantevent (
        id, tenant_id, incident_id, at, subject, name, action, object_id,
        occ_lock_before, occ_lock_after, changes, correlation_id
    ) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


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
    beside: Sequence[together.Change] = (),
) -> None:
    """Record a change of something the principal's tenant owns.

    What is carried out ``beside`` it, in the same message, is what the entry tells of.
    """
    parameters: list[Any] = [
        new_id(),
        principal.tenant_id,
        incident_id,
        timezone.now(),
        principal.subject,
        principal.name,
        action,
        object_id,
        versions.before,
        versions.after,
        Jsonb(changes, dumps=dumps),
        correlation.current(),
    ]
    together.carry_out(*beside, together.Change(_TENANT_EVENT, parameters))


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
        subject=principal.subject,
        name=principal.name,
        action=action,
        object_id=object_id,
        occ_lock_before=versions.before,
        occ_lock_after=versions.after,
        changes=changes,
        correlation_id=correlation.current(),
    ).save(force_insert=True)
