"""Changing the schema on a page: say what, see what it would do, carry it out."""

from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from accounts.admin_base import DeployerModelAdmin, shown
from accounts.admin_site import chosen_tenant, principal_of
from attributes import walk
from attributes.admin.change_forms import ChangeForm, offered_for
from attributes.models import AttributeMeta, Job
from attributes.operations.change import Change, carry_out, preview
from attributes.operations.changes import BY_NAME
from attributes.plans import Plan
from incidents_project.refusals import Refusal

if TYPE_CHECKING:
    Base = DeployerModelAdmin[AttributeMeta]
else:
    Base = object

_PATH = "<uuid:object_id>/schema/<slug:change>/"
_BY_ID = {"restore", "purge"}  # of archived attributes several may have had the name


class ChangePages(Base):
    """A page for each change of an attribute, and the links to them."""

    def get_urls(self) -> list[URLPattern]:
        """Before Django's, which take anything for an id."""
        view = self.admin_site.admin_view(self.change_page)
        return [
            path(_PATH, view, name="attributes_attribute_change"),
            *super().get_urls(),
        ]

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """Django's page, with the changes above the form."""
        definition = kwargs.get("obj")
        if definition is not None:
            context["object_links"] = [
                (_url(definition, change), _label(change)) for change in offered_for(definition)
            ]
        return super().render_change_form(request, context, *args, **kwargs)

    def change_page(self, request: HttpRequest, object_id: Any, change: str) -> HttpResponse:
        """The form; then the preview; then, with the preview's plan, the change."""
        definition = AttributeMeta.objects.filter(id=object_id).first()
        if definition is None or change not in offered_for(definition):
            raise Http404
        form = ChangeForm(change, definition, request.POST or None)
        plan = None
        if request.method == "POST" and form.is_valid():
            try:
                asked = _asked(definition, change, form)
                if "plan" in request.POST:
                    return self._carry_out(request, definition, asked)
                count = partial(walk.tally, asking=chosen_tenant(request))
                plan = preview(asked, count)
            except Refusal as refusal:
                _show(form, refusal)
        return self._page(request, definition, change, form, plan)

    def _carry_out(
        self, request: HttpRequest, definition: AttributeMeta, change: Change
    ) -> HttpResponse:
        done = carry_out(change, principal=principal_of(request), plan=request.POST["plan"])
        job = Job.objects.open().filter(attribute_id=done.id).first()
        begun = f" A job works on its values ({job.kind})." if job and change.works_on_rows else ""
        self.message_user(
            request, f"{_label(change.change)}: {done.name}.{begun}", messages.SUCCESS
        )
        page = reverse("admin:attributes_attributemeta_change", args=[definition.pk])
        return HttpResponseRedirect(page)

    def _page(
        self,
        request: HttpRequest,
        definition: AttributeMeta,
        change: str,
        form: ChangeForm,
        plan: Plan | None,
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": f"{_label(change)}: {definition.name}",
            "opts": self.opts,
            "original": definition,
            "form": form,
            "plan": plan,
            "outcomes": [] if plan is None else _outcomes(plan),
            "words": (BY_NAME[change].__doc__ or "").partition("\n")[0],
        }
        return TemplateResponse(request, "admin/attributes/change.html", context)


def _asked(definition: AttributeMeta, change: str, form: ChangeForm) -> Change:
    members = form.members()
    if change in _BY_ID:
        members["id"] = str(definition.id)
    return BY_NAME[change](definition.name, members)


def _outcomes(plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "name": verdict.value,
            "count": count,
            "samples": [
                {
                    "incident_id": sample.incident_id,
                    "value": shown(sample.value),
                    "becomes": shown(sample.becomes),
                    "why": sample.why,
                }
                for sample in plan.tally.samples[verdict]
            ],
        }
        for verdict, count in plan.tally.counts.items()
    ]


def _show(form: ChangeForm, refusal: Refusal) -> None:
    if not refusal.faults:
        form.add_error(None, refusal.detail)
    for fault in refusal.faults:
        head, _, rest = fault.field.partition(".")
        known = head in form.fields
        words = fault.message if known and not rest else f"{fault.field}: {fault.message}"
        form.add_error(head if known else None, words)


def _url(definition: AttributeMeta, change: str) -> str:
    return reverse("admin:attributes_attribute_change", args=[definition.pk, change])


def _label(change: str) -> str:
    return change.replace("_", " ").capitalize()
