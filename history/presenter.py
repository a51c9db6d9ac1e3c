"""Entries on the wire, newest first, by cursor."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.request import Request

from history.models import Event, InstanceEvent, TenantEvent
from incidents_project.http.envelope import Envelope
from incidents_project.http.paging import (
    Page,
    check_parameters,
    seal,
    unseal,
)


def present(event: Event) -> dict[str, Any]:
    """One entry as the API answers it."""
    tenant = event.tenant_id if isinstance(event, TenantEvent) else event.actor_tenant  # type: ignore[attr-defined]
    return {
        "id": event.pk,
        "at": event.at,
        "subject": event.subject,
        "name": event.name,
        "tenant_id": tenant,
        "action": event.action,
        "object_id": event.object_id,
        "occ_lock_before": event.occ_lock_before,
        "occ_lock_after": event.occ_lock_after,
        "changes": event.changes,
        "correlation_id": event.correlation_id,
    }


def page_of(
    request: Request, events: "QuerySet[TenantEvent] | QuerySet[InstanceEvent]", kind: str
) -> Envelope:
    """One page of ``events``; ``kind`` binds the cursor to this log."""
    check_parameters(request, {"size", "cursor"})
    page = Page.of(request)
    if page.cursor is not None:
        events = events.filter(id__lt=UUID(unseal(kind, page.cursor)[0]))
    found = list(events.order_by("-id")[: page.size + 1])
    shown = found[: page.size]
    more = len(found) > page.size
    cursor = seal(kind, [str(shown[-1].pk)]) if more else None
    return Envelope(
        [present(event) for event in shown],
        page={"size": page.size, "count": len(shown), "sort": ["at,DESC"], "next_cursor": cursor},
    )
