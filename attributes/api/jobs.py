"""Background work on stored values: what there is, how far it is, and steering it."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from rest_framework import status
from rest_framework.request import Request

from accounts.principal import DEFINE
from accounts.viewsets import PrincipalViewSet
from attributes.api import openapi_changes
from attributes.jobs import progress
from attributes.models import Job, JobState
from attributes.operations import jobs
from attributes.operations.retype import clean_accept
from incidents_project.http.envelope import Envelope
from incidents_project.http.paging import Page, check_parameters, seal, unseal
from incidents_project.http.parser import body_object
from incidents_project.http.response import Response
from incidents_project.refusals import Fault, Invalid


class JobViewSet(PrincipalViewSet):
    """Jobs of all attributes, by id."""

    required_roles = {
        "list": DEFINE,
        "retrieve": DEFINE,
        "pause": DEFINE,
        "resume": DEFINE,
        "cancel": DEFINE,
    }
    documentation = openapi_changes.JOBS

    def list(self, request: Request) -> Response:
        """All of them, the newest first; ``?state=`` for those in one state."""
        check_parameters(request, {"state", "size", "cursor"})
        state, page = _state(request), Page.of(request)
        kind, found = f"jobs:{state}", Job.objects.order_by("-id")
        if state is not None:
            found = found.filter(state=state)
        if page.cursor is not None:
            found = found.filter(id__lt=UUID(unseal(kind, page.cursor)[0]))
        listed = list(found[: page.size + 1])
        shown = listed[: page.size]
        cursor = seal(kind, [str(shown[-1].id)]) if len(listed) > page.size else None
        told = {"size": page.size, "count": len(shown), "sort": ["created_at,DESC"]}
        return Response(Envelope([present(job) for job in shown], told | {"next_cursor": cursor}))

    def retrieve(self, request: Request, job: UUID) -> Response:
        """One job."""
        check_parameters(request, set())
        return Response(present(jobs.find(job)))

    def pause(self, request: Request, job: UUID) -> Response:
        """Let it rest."""
        _clean(request, known=frozenset())
        return Response(present(jobs.pause(principal=self.principal, job_id=job)))

    def resume(self, request: Request, job: UUID) -> Response:
        """Let it go on, or try again."""
        accept = _clean(request, known=frozenset({"accept"}))
        return Response(
            present(jobs.resume(principal=self.principal, job_id=job, accept=accept or None))
        )

    def cancel(self, request: Request, job: UUID) -> Response:
        """End it."""
        _clean(request, known=frozenset())
        return Response(present(jobs.cancel(principal=self.principal, job_id=job)))


def path_of(job: Job) -> str:
    """Where the job is."""
    return f"/v1/incident/attributes/jobs/{job.id}"


def accepted(job: Job) -> Response:
    """What was asked for will be done by this job."""
    headers = {"Location": path_of(job)}
    return Response(present(job), status=status.HTTP_202_ACCEPTED, headers=headers)


def present(job: Job) -> dict[str, Any]:
    """The job as the API answers it."""
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "attribute": job.attribute_name,
        "step": job.step,
        "error": job.error,
        "progress": asdict(progress.of(job)),
        "result": job.result,
        "requested_by": job.requested_by,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
    }


def _state(request: Request) -> str | None:
    states = request.query_params.getlist("state")
    if len(states) > 1 or not set(states) <= set(JobState.values):
        message = f"Must be one of {', '.join(JobState.values)}."
        raise Invalid.because([Fault("state", "unknown_state", message)])
    return states[0] if states else None


def _clean(request: Request, known: frozenset[str]) -> dict[str, int]:
    """What the body says may be lost, if it may say that; it need not be there."""
    check_parameters(request, set())
    members = body_object(request, optional=True)
    allowed = f"Must be {', '.join(known)}." if known else "Nothing else is to be said."
    faults = [Fault(name, "unknown_field", allowed) for name in members if name not in known]
    accept = clean_accept(members.get("accept"), faults)
    if faults:
        raise Invalid.because(faults)
    return accept
