"""The two logs in the admin, to be read."""

from django.contrib import admin
from django.template.loader import render_to_string

from accounts.admin_base import DeployerModelAdmin, TenantOwnedAdmin, shown
from history.models import Event, InstanceEvent, TenantEvent

_DETAIL = [
    "moment",
    "action",
    "who",
    "subject",
    "object_id",
    "versions",
    "correlation_id",
    "changes_table",
]


def changes_table(event: Event) -> str:
    """Each field that changed, with its old and new value."""
    rows = [
        {
            "field": change["field"],
            "slot": change.get("slot", ""),
            "old": shown(change["old"]),
            "new": shown(change["new"]),
        }
        for change in event.changes
    ]
    return render_to_string("admin/changes_table.html", {"rows": rows})


def moment(event: Event) -> str:
    """When it happened, to the second."""
    return f"{event.at:%Y-%m-%d %H:%M:%S}"


class EventDisplay:
    """What both logs show of an entry."""

    @admin.display(description="at (UTC)")
    def moment(self, event: Event) -> str:
        """When."""
        return moment(event)

    @admin.display(description="who")
    def who(self, event: Event) -> str:
        """By name."""
        return event.name

    @admin.display(description="fields")
    def changed_fields(self, event: Event) -> str:
        """What changed, in short."""
        names = [change["field"] for change in event.changes]
        more = f" and {len(names) - 4} more" if len(names) > 4 else ""
        return ", ".join(names[:4]) + more

    @admin.display(description="changes")
    def changes_table(self, event: Event) -> str:
        """What changed, in full."""
        return changes_table(event)

    @admin.display(description="occ_lock")
    def versions(self, event: Event) -> str:
        """The object's version before and after."""
        before, after = event.occ_lock_before, event.occ_lock_after
        if before is None and after is None:
            return "-"
        return f"{'-' if before is None else before} → {'-' if after is None else after}"


@admin.register(TenantEvent)
class TenantEventAdmin(EventDisplay, TenantOwnedAdmin[TenantEvent]):
    """What changed in the chosen tenant."""

    list_display = ["moment", "action", "who", "changed_fields", "versions"]
    fields = [*_DETAIL[:5], "incident_id", *_DETAIL[5:]]


@admin.register(InstanceEvent)
class InstanceEventAdmin(EventDisplay, DeployerModelAdmin[InstanceEvent]):
    """What changed for all tenants."""

    list_display = ["moment", "action", "about", "who", "changed_fields", "versions"]
    fields = [*_DETAIL[:2], "about", *_DETAIL[2:4], "actor_tenant", *_DETAIL[4:]]

    @admin.display(description="about")
    def about(self, event: InstanceEvent) -> str:
        """The name that the attribute or the code had then."""
        return event.subject_name
