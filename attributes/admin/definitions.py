"""Attributes in the admin: defined, changed and archived by the same operations as in the API."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.admin_base import (
    JsonTextField,
    LongTextField,
    OperationAdmin,
    OperationForm,
    json_text,
)
from accounts.admin_site import principal_of
from attributes import indexes, types
from attributes.admin.changes import ChangePages
from attributes.admin.jobs import MINUTE, what_to_do
from attributes.indexes import Catalogue, IndexState
from attributes.models import AttributeMeta, Job
from attributes.operations.define import change_attribute, define_attribute
from attributes.types.base import Json
from incidents_project.versions import Expected

_SETTINGS = [
    "label",
    "description",
    "help_text",
    "group",
    "required",
    "required_when",
    "applies_to",
    "unique",
    "indexed",
    "default",
    "rules",
    "order",
]
# Each beside what it belongs to; the value for a missing one stands below the default.
_FACTS = ["name", "former_names", "type", "undo", "slot", "state", "sunset", "job", "index"]
_NONE = "none"


def _rules_help() -> str:
    """Which rules each type knows, so that nobody has to look them up."""
    known = [
        f"{type_.name}: {', '.join(rule.name for rule in type_.rule_fields()) or 'none'}"
        for type_ in types.TYPES
    ]
    return (
        'As JSON: {"min": 0, "max": 100}, or {"options": [{"code": "EU", "label": "Europe"}]}.'
        f" {'; '.join(known)}."
    )


class AttributeForm(OperationForm[AttributeMeta]):
    """A definition as it is typed."""

    field_of_code = {"name_taken": "name", "index_budget": "indexed"}

    label = forms.CharField(
        required=False, max_length=200, strip=False, widget=forms.TextInput(attrs={"size": 60})
    )
    description = LongTextField(max_length=2_000)
    required = forms.BooleanField(
        required=False, help_text="A value must be there, at the moments named below."
    )
    default = JsonTextField(
        empty=None,
        help_text='As JSON, with quotes around text: true, 5, "eu-west-1". Empty for no default.',
    )
    rules = JsonTextField(empty={}, help_text=_rules_help)
    help_text = LongTextField(max_length=500, help_text="Shown to whoever fills the field in.")
    required_when = JsonTextField(
        empty=None, help_text='"always", "create", or a list of statuses: ["RESOLVED", "CLOSED"].'
    )
    applies_to = JsonTextField(
        empty=None, help_text='A list of incident types: ["SECURITY"]. Empty for all.'
    )
    # The occ_lock that the change was made against.
    version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = AttributeMeta
        fields = ["name", "type", *_SETTINGS]
        help_texts = {
            "former_names": "Filters and writes may use them until then.",
            "missing": "What incidents without a value are read as having.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        definition = self.instance
        if definition.slot:
            default = definition.default
            if default is not None:
                default = definition.typed().present(default)
            self.initial = {
                **self.initial,
                "default": json_text(default),
                "rules": json_text(definition.rules),
                "required_when": json_text(definition.required_when),
                "applies_to": json_text(definition.applies_to),
                "version": definition.occ_lock,
            }
        else:
            self.initial = {
                **self.initial,
                "default": "",
                "rules": "{}",
                "required_when": '"always"',
                "applies_to": "[]",
            }
            del self.fields["version"]  # there is none yet

    def changes(self) -> dict[str, Json]:
        """The settings that were changed, as the operation takes them."""
        changes = {name: self.cleaned_data[name] for name in self.changed_data if name in _SETTINGS}
        if "rules" in changes and isinstance(changes["rules"], dict):
            # The operation merges; what was deleted from the text is to be taken away.
            changes["rules"] = dict.fromkeys(self.instance.rules) | changes["rules"]
        return changes


@admin.register(AttributeMeta)
class AttributeMetaAdmin(ChangePages, OperationAdmin[AttributeMeta]):
    """The fields that the deployer has added to incidents."""

    may_add = True
    form = AttributeForm
    list_display = ["name", "type", "label", "required", "state", "index", "order"]
    list_filter = ["state", "indexed", "type"]
    search_fields = ["name", "label"]
    readonly_fields = [*_FACTS, "missing"]

    def has_change_permission(self, request: HttpRequest, obj: AttributeMeta | None = None) -> bool:
        """What was archived is only to be looked at."""
        return obj is None or obj.is_in_force

    def get_fields(self, request: HttpRequest, obj: AttributeMeta | None = None) -> Any:
        """Name and type once; afterwards how it stands, and the version that is changed."""
        if obj is None:
            return ["name", "type", *_SETTINGS]
        below = _SETTINGS.index("default") + 1
        fields = [*_FACTS, *_SETTINGS[:below], "missing", *_SETTINGS[below:]]
        return [*fields, "version"] if self.has_change_permission(request, obj) else fields

    def get_readonly_fields(self, request: HttpRequest, obj: AttributeMeta | None = None) -> Any:
        """Names and types are changed on pages of their own."""
        return [] if obj is None else self.readonly_fields

    def carry_out(self, request: HttpRequest, form: Any, *, change: bool) -> AttributeMeta:
        """Define or change."""
        principal = principal_of(request)
        if not change:
            return define_attribute(principal=principal, members=form.cleaned_data)
        return change_attribute(
            principal=principal,
            name=form.instance.name,
            members=form.changes(),
            expected=Expected(form.cleaned_data["version"]),
        )

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Django's list, each row with what the catalogue says, which is read once."""
        changelist = super().get_changelist_instance(request)
        catalogue = indexes.read()
        for definition in changelist.result_list:
            definition.catalogue = catalogue
        return changelist

    @admin.display(description="former names")
    def former_names(self, obj: AttributeMeta) -> str:
        """Each with its end."""
        names = [f"{alias.name} until {alias.until:{MINUTE}}" for alias in obj.usable_aliases()]
        return ", ".join(names) or _NONE

    @admin.display(description="undo")
    def undo(self, obj: AttributeMeta) -> str:
        """To which type, and how long."""
        kept = obj.to_go_back_to()
        if kept is None:
            return _NONE
        return f"back to {kept.get_type_display()} until {kept.kept_until:{MINUTE}}"

    @admin.display(description="missing value")
    def missing(self, obj: AttributeMeta) -> str:
        """As JSON, like the default."""
        value = obj.missing_value
        return _NONE if value is None else json_text(obj.typed().present(value))

    @admin.display(description="job")
    def job(self, obj: AttributeMeta) -> str:
        """What works on its values, or has stopped, and what to do."""
        job = Job.objects.open().filter(attribute_id=obj.pk).first()
        if job is None:
            return _NONE
        context = {"job": job, "to_do": what_to_do(job)}
        return render_to_string("admin/attributes/job.html", context)

    @admin.display(description="index")
    def index(self, obj: AttributeMeta) -> str:
        """Where the attribute's index stands, what it costs and how often it was of use."""
        catalogue: Catalogue = getattr(obj, "catalogue", None) or indexes.read()
        state, index = catalogue.state(obj), catalogue.of(obj.slot)
        if state is IndexState.NONE:
            return _NONE
        facts = [state.value.lower()]
        if index.exists:
            facts += [filesizeformat(index.size), f"{index.scans:,} scans"]
        if index.phase is not None:
            facts.append(index.phase)
        if state is IndexState.FAILED:
            facts.append(index.error)
        return ", ".join(facts)

    def history_url(self, obj: AttributeMeta) -> str:
        """Its entries in the log of the instance."""
        return reverse("admin:history_instanceevent_changelist", query={"object_id": obj.pk})
