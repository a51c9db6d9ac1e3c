"""Background work in the admin: looked at, paused, resumed and cancelled."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.admin_base import DeployerModelAdmin, json_text
from accounts.admin_site import principal_of
from attributes.jobs import progress
from attributes.models import OPEN, Job, JobState
from attributes.operations.jobs import cancel, pause, resume
from incidents_project.refusals import Refusal

_QUESTIONS = {
    "pause": "Their work rests until they are resumed.",
    "resume": "Their work goes on. One that is blocked is blocked again unless what stood in its"
    " way is mended; what may be lost is accepted over the API or by the command.",
    "cancel": "What they have done is taken back, as far as that means something.",
}

_TO_DO = {
    JobState.WAITING: "It begins when a worker is free.",
    JobState.RUNNING: "Its page says how far it is.",
    JobState.PAUSED: "It goes on when it is resumed on its page.",
}


def what_to_do(job: Job) -> str:
    """What is to be done about a job that has not ended; one that has stopped says so itself."""
    return _TO_DO.get(JobState(job.state), job.error)


@admin.register(Job)
class JobAdmin(DeployerModelAdmin[Job]):
    """Changes of stored values, done or under way."""

    list_display = ["attribute_name", "kind", "state", "how_far", "requested_by", "created"]
    list_filter = ["state", "kind"]
    search_fields = ["attribute_name"]
    fields = [
        "attribute_name",
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

    @admin.display(description="progress")
    def how_far(self, obj: Job) -> str:
        """The share that is done, in a width that leaves room for the rest."""
        return f"{progress.of(obj).percent:g} %"

    @admin.display(description="created", ordering="created_at")
    def created(self, obj: Job) -> str:
        """When it was asked for, in few characters."""
        return f"{obj.created_at:%Y-%m-%d %H:%M}"

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
        """Whatever has not ended can be steered."""
        return list(_QUESTIONS) if obj.state in OPEN else []

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
        if "confirmed" not in request.POST:
            title, question = verb.capitalize(), _QUESTIONS[verb]
            return self.confirmation(request, found, title=title, question=question)
        for job in found:
            try:
                act(principal=principal_of(request), job_id=job.id)
            except Refusal as refusal:
                self.message_user(request, f"{job}: {refusal.detail}", messages.ERROR)
            else:
                self.message_user(request, f"{verb.capitalize()}: {job}.", messages.SUCCESS)
        return None
