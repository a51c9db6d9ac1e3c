"""Background work in the admin: looked at, paused, resumed and cancelled."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from accounts.admin_base import DeployerModelAdmin, json_text
from accounts.admin_site import principal_of
from attributes.admin.change_forms import accept_field
from attributes.jobs import progress
from attributes.models import AttributeMeta, Job, JobKind, JobState
from attributes.operations.jobs import cancel, pause, possible, resume
from attributes.operations.retype import clean_accept
from incidents_project.refusals import Fault, Refusal

_QUESTIONS = {
    "pause": "Their work rests until they are resumed.",
    "resume": "Their work goes on. One that is blocked is blocked again unless what stood in its"
    " way is mended; what may be lost is accepted for one job at a time.",
    "cancel": "What they have done is taken back, as far as that means something.",
}

MINUTE = "%Y-%m-%d %H:%M"  # how lists and facts say when, in few characters
_CONVERSIONS = (JobKind.RETYPE, JobKind.UNDO)
_TO_DO = {
    JobState.WAITING: "It begins when a worker is free.",
    JobState.RUNNING: "Its page says how far it is.",
    JobState.PAUSED: "It goes on when it is resumed on its page.",
}


def what_to_do(job: Job) -> str:
    """What is to be done about a job that has not ended; one that has stopped says so itself."""
    return _TO_DO.get(JobState(job.state), job.error)


class AcceptForm(forms.Form):
    """What may be lost after all, asked when a conversion is resumed."""

    accept = accept_field()

    def clean_accept(self) -> dict[str, int] | None:
        """The numbers, if any were said."""
        faults: list[Fault] = []
        accept = clean_accept(self.cleaned_data["accept"], faults)
        if faults:
            raise ValidationError([f"{fault.field}: {fault.message}" for fault in faults])
        return accept or None


@admin.register(Job)
class JobAdmin(DeployerModelAdmin[Job]):
    """Changes of stored values, done or under way."""

    list_display = ["attribute_name", "kind", "state", "how_far", "requested_by", "created"]
    list_filter = ["state", "kind"]
    search_fields = ["attribute_name"]
    fields = [
        "attribute",
        "kind",
        "state",
        "step",
        "progress",
        "error",
        "parameters_text",
        "result_text",
        "requested_by",
        "worker",
        "created_at",
        "started_at",
        "finished_at",
    ]
    actions = ["pause", "resume", "cancel"]

    @admin.display(description="attribute")
    def attribute(self, obj: Job) -> str:
        """A link, unless it was destroyed: the job's row outlives it."""
        if not AttributeMeta.objects.filter(id=obj.attribute_id).exists():
            return obj.attribute_name
        page = reverse("admin:attributes_attributemeta_change", args=[obj.attribute_id])
        return format_html('<a href="{}">{}</a>', page, obj.attribute_name)

    @admin.display(description="progress")
    def how_far(self, obj: Job) -> str:
        """The share that is done, in a width that leaves room for the rest."""
        return f"{progress.of(obj).percent:g} %"

    @admin.display(description="created", ordering="created_at")
    def created(self, obj: Job) -> str:
        """When it was asked for, in few characters."""
        return f"{obj.created_at:{MINUTE}}"

    @admin.display(description="progress")
    def progress(self, obj: Job) -> str:
        """How far it is."""
        now = progress.of(obj)
        facts = [f"{now.percent:g} %", f"{now.changed:,} changed"]
        if now.rows_per_second is not None:
            facts.append(f"{now.rows_per_second:,} rows a second")
        if now.seconds_left is not None:
            facts.append(f"{now.seconds_left:g} s left")
        return ", ".join(facts)

    @admin.display(description="parameters")
    def parameters_text(self, obj: Job) -> str:
        """What was asked for."""
        return json_text(obj.parameters)

    @admin.display(description="result")
    def result_text(self, obj: Job) -> str:
        """What has come of it."""
        return json_text(obj.result)

    def history_url(self, obj: Job) -> str:
        """The attribute's entries in the log of the instance."""
        page = "admin:history_instanceevent_changelist"
        return reverse(page, query={"object_id": obj.attribute_id})

    def actions_on(self, obj: Job) -> list[str]:
        """What makes sense as it stands."""
        return possible(obj)

    @admin.action(description="Pause")
    def pause(self, request: HttpRequest, queryset: QuerySet[Job]) -> HttpResponse | None:
        """Let jobs rest."""
        return self._steer(request, queryset, "pause", pause)

    @admin.action(description="Resume")
    def resume(self, request: HttpRequest, queryset: QuerySet[Job]) -> HttpResponse | None:
        """Let jobs go on."""
        return self._steer(request, queryset, "resume", resume)

    @admin.action(description="Cancel")
    def cancel(self, request: HttpRequest, queryset: QuerySet[Job]) -> HttpResponse | None:
        """End jobs."""
        return self._steer(request, queryset, "cancel", cancel)

    def _steer(
        self, request: HttpRequest, queryset: QuerySet[Job], verb: str, act: Callable[..., Any]
    ) -> HttpResponse | None:
        found = list(queryset)
        stopped = _stopped_conversion(found) if verb == "resume" else None
        said = request.POST if "confirmed" in request.POST else None
        form = forms.Form(said) if stopped is None else AcceptForm(said)
        if not form.is_valid():
            title, question = verb.capitalize(), stopped.error if stopped else _QUESTIONS[verb]
            return self.confirmation(request, found, title=title, question=question, form=form)
        for job in found:
            try:
                act(principal=principal_of(request), job_id=job.id, **form.cleaned_data)
            except Refusal as refusal:
                self.message_user(request, f"{job}: {refusal.detail}", messages.ERROR)
            else:
                self.message_user(request, f"{verb.capitalize()}: {job}.", messages.SUCCESS)
        return None


def _stopped_conversion(jobs: list[Job]) -> Job | None:
    """The one that was chosen: what may be lost is said in the numbers of a single job."""
    if len(jobs) > 1:
        return None
    return next((j for j in jobs if j.state == JobState.BLOCKED and j.kind in _CONVERSIONS), None)
