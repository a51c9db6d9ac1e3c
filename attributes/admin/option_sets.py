"""Shared options in the admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from accounts.admin_base import JsonTextField, OperationAdmin, OperationForm, json_text
from accounts.admin_site import principal_of
from attributes.models import OptionSet
from attributes.operations.option_sets import change_option_set, define_option_set
from incidents_project.versions import Expected


class OptionSetForm(OperationForm[OptionSet]):
    """A set of options as it is typed."""

    field_of_code = {"name_taken": "name"}

    label = forms.CharField(
        required=False, max_length=200, strip=False, widget=forms.TextInput(attrs={"size": 60})
    )
    options = JsonTextField(
        empty=[],
        help_text='As JSON: [{"code": "EU", "label": "Europe"}, {"code": "US", "retired": true}].'
        " An option has code, label, colour (#d73a4a), order, retired and replaced_by.",
    )

    # The occ_lock that the change was made against.
    version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = OptionSet
        fields = ["name", "label", "options"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = self.instance
        self.initial = {**self.initial, "options": json_text(found.options or [])}
        if found._state.adding:  # noqa: SLF001 - Django's way to ask
            del self.fields["version"]  # there is none yet
        else:
            self.initial["version"] = found.occ_lock


@admin.register(OptionSet)
class OptionSetAdmin(OperationAdmin[OptionSet]):
    """Options that several attributes share."""

    may_add = True
    may_change = True
    form = OptionSetForm
    list_display = ["name", "label", "updated_at", "updated_by"]
    search_fields = ["name", "label"]

    def get_fields(self, request: HttpRequest, obj: OptionSet | None = None) -> Any:
        """The version that is changed, once there is one."""
        fields = ["name", "label", "options"]
        return fields if obj is None else [*fields, "version"]

    def get_readonly_fields(self, request: HttpRequest, obj: OptionSet | None = None) -> Any:
        """Attributes name the set."""
        return [] if obj is None else ["name"]

    def carry_out(self, request: HttpRequest, form: Any, *, change: bool) -> OptionSet:
        """Define or change."""
        principal, said = principal_of(request), form.cleaned_data
        if not change:
            return define_option_set(principal=principal, members=said)
        return change_option_set(
            principal=principal,
            name=form.instance.name,
            members={name: said[name] for name in form.changed_data if name != "version"},
            expected=Expected(said["version"]),
        )

    def history_url(self, obj: OptionSet) -> str:
        """Its entries in the log of the instance."""
        return reverse("admin:history_instanceevent_changelist", query={"object_id": obj.pk})
