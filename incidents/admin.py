"""Codes to be changed and incidents to be read, in the admin."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.admin_base import OperationAdmin, OperationForm, TenantOwnedAdmin, shown
from accounts.admin_site import principal_of
from attributes.schema import schemas
from history.admin import changes_table, moment
from history.models import TenantEvent
from incidents.models import Code, Comment, Incident, Kind
from incidents.operations.codes import add_code, change_code

NEWEST = 20  # comments and entries on an incident's page


class CodeForm(OperationForm[Code]):
    """A code as it is typed."""

    field_of_code = {"name_taken": "code"}

    order = forms.IntegerField(min_value=-(2**31), max_value=2**31 - 1, initial=0)

    class Meta:
        model = Code
        fields = ["kind", "code", "label", "order", "retired"]


@admin.register(Code)
class CodeAdmin(OperationAdmin[Code]):
    """The statuses, types and severities that incidents may have."""

    may_add = True
    may_change = True
    form = CodeForm
    list_display = ["code", "kind", "label", "order", "retired"]
    list_filter = ["kind", "retired"]
    search_fields = ["code", "label"]

    def get_fields(self, request: HttpRequest, obj: Code | None = None) -> Any:
        """A new code is in use."""
        fields = ["kind", "code", "label", "order"]
        return fields if obj is None else [*fields, "retired"]

    def get_readonly_fields(self, request: HttpRequest, obj: Code | None = None) -> Any:
        """Incidents carry the code itself."""
        return [] if obj is None else ["kind", "code"]

    def carry_out(self, request: HttpRequest, form: Any, *, change: bool) -> Code:
        """Add or change."""
        principal, said = principal_of(request), form.cleaned_data
        if not change:
            return add_code(
                principal=principal,
                kind=Kind(said["kind"]),
                code=said["code"],
                label=said["label"],
                order=said["order"],
            )
        return change_code(
            principal=principal,
            kind=Kind(form.instance.kind),
            code=form.instance.code,
            changes={name: said[name] for name in form.changed_data},
        )

    def history_url(self, obj: Code) -> str:
        """Its entries in the log of the instance."""
        return reverse("admin:history_instanceevent_changelist", query={"object_id": obj.pk})


class CodeFilter(admin.SimpleListFilter):
    """The incidents with one code, offered from the code table rather than from the incidents."""

    kind: Kind

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every code, retired ones as well: incidents may still have them."""
        codes = Code.objects.filter(kind=self.kind).values_list("code", flat=True)
        return [(code, code) for code in codes]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        """The incidents."""
        return queryset.filter(**{self.kind.value: self.value()}) if self.value() else None


def _filter(of: Kind) -> type[CodeFilter]:
    members = {"kind": of, "title": of.value, "parameter_name": of.value}
    return type(f"{of.value.title()}Filter", (CodeFilter,), members)


@admin.register(Incident)
class IncidentAdmin(TenantOwnedAdmin[Incident]):
    """The chosen tenant's incidents, to be read."""

    list_display = ["name", "status", "type", "severity", "happened"]
    list_filter = [_filter(kind) for kind in Kind]
    show_facets = admin.ShowFacets.NEVER  # a count of the table for each code
    search_fields = ["name"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "name",
                    "status",
                    "type",
                    "severity",
                    "date",
                    "description",
                    "reported_by",
                    "location",
                    "next_update_at",
                    "resolved_date",
                    "backdated",
                ]
            },
        ),
        ("Attributes", {"fields": ["values_table"]}),
        ("Comments", {"fields": ["comments_table"]}),
        ("History", {"fields": ["history_table"]}),
        (
            "Record",
            {
                "fields": [
                    "id",
                    "tenant_id",
                    "occ_lock",
                    ("created_at", "created_by"),
                    ("updated_at", "updated_by"),
                ]
            },
        ),
    ]

    @admin.display(description="Date", ordering="date")
    def happened(self, obj: Incident) -> str:
        """When, in a width that leaves room for the rest."""
        return f"{obj.date:%Y-%m-%d %H:%M}"

    def history_url(self, obj: Incident) -> str:
        """Its entries, those of its comments as well."""
        return _entries_of(obj.pk)

    @admin.display(description="next update")
    def next_update_at(self, incident: Incident) -> str:
        """The Unix seconds, as a time too."""
        seconds = incident.next_update
        if not seconds:
            return "-"
        at = datetime.fromtimestamp(seconds, tz=UTC)
        return f"{at:%Y-%m-%d %H:%M:%S} ({seconds})"

    @admin.display(description="attributes")
    def values_table(self, incident: Incident) -> str:
        """Every attribute by name, with the incident's value for it."""
        schema = schemas.now()
        values = schema.present(incident.attributes)
        rows = [
            {"attribute": attribute, "value": shown(values.get(attribute.name))}
            for attribute in schema.attributes
        ]
        return render_to_string("admin/incidents/values_table.html", {"rows": rows})

    @admin.display(description="comments")
    def comments_table(self, incident: Incident) -> str:
        """The newest comments."""
        comments = Comment.objects.filter(tenant_id=incident.tenant_id, incident_id=incident.pk)
        context = _newest(comments)
        return render_to_string("admin/incidents/comments_table.html", context)

    @admin.display(description="newest entries")
    def history_table(self, incident: Incident) -> str:
        """The newest entries, and the way to all of them."""
        events = TenantEvent.objects.filter(tenant_id=incident.tenant_id, incident_id=incident.pk)
        context = _newest(events) | {"all": _entries_of(incident.pk)}
        context["rows"] = [
            {"event": event, "at": moment(event), "changes": changes_table(event)}
            for event in context["rows"]
        ]
        return render_to_string("admin/incidents/history_table.html", context)


def _newest(rows: QuerySet[Any]) -> dict[str, Any]:
    found = list(rows.order_by("-id")[: NEWEST + 1])
    return {"rows": found[:NEWEST], "more": len(found) > NEWEST}


def _entries_of(incident_id: UUID) -> str:
    return reverse("admin:history_tenantevent_changelist", query={"incident_id": incident_id})
