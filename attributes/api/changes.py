"""Changes of one attribute: what each would do, and doing it. Each kind has a path of its own."""

from dataclasses import asdict, dataclass
from functools import partial
from uuid import UUID

from django.utils import timezone
from rest_framework import status
from rest_framework.request import Request

from accounts.principal import DEFINE, READ
from accounts.viewsets import PrincipalViewSet
from attributes import walk
from attributes.api import jobs, openapi_changes
from attributes.api.presenter import present
from attributes.models import AttributeMeta, Job
from attributes.operations.change import Change, carry_out, preview
from attributes.operations.changes import BY_NAME
from attributes.operations.find import in_force
from attributes.types import Json
from attributes.types.boolean import BooleanType
from attributes.violations import violations
from incidents_project.http import conditional
from incidents_project.http.envelope import Envelope
from incidents_project.http.openapi import Documentation
from incidents_project.http.paging import Page, check_parameters, seal, unseal
from incidents_project.http.parser import body_object
from incidents_project.http.response import Response
from incidents_project.refusals import Fault, Invalid, ValueRefused, did_you_mean


class PreviewViewSet(PrincipalViewSet):
    """What a change would do."""

    required_roles = {"create": DEFINE}
    documentation = openapi_changes.PREVIEW

    def create(self, request: Request, name: str) -> Response:
        """Go the way of the change and stop before its last step."""
        check_parameters(request, set())
        members = body_object(request)
        exact = _clean_exact(members.pop("exact", None))
        change = _kind(members.pop("change", None))(name, members)
        count = walk.tally if exact else walk.estimate
        plan = preview(change, partial(count, asking=self.principal.tenant_id))
        return Response(plan.described())


@dataclass(frozen=True, slots=True)
class Begun:
    """A change that was carried out, and the job it has begun, if any."""

    definition: AttributeMeta
    job: Job | None

    def answer(self) -> Response:
        """The attribute as it is now; 202 with the job's place while that is not all."""
        if self.job is None:
            return answer(self.definition)
        if self.definition.is_in_force:
            where = jobs.path_of(self.job)
            return answer(self.definition, status.HTTP_202_ACCEPTED, Location=where)
        return jobs.accepted(self.job)


class ChangingViewSet(PrincipalViewSet):
    """A view set that carries out changes."""

    def carry_out(
        self, request: Request, kind: type[Change], name: str, members: dict[str, Json]
    ) -> Begun:
        """The change that a request asks for, made against the version and plan that it names."""
        expected = conditional.expected(request, members)
        plan = _clean_plan(members.pop("plan", None))
        members.pop("occ_lock", None)
        change, started = kind(name, members), timezone.now()
        definition = carry_out(change, principal=self.principal, expected=expected, plan=plan)
        begun = Job.objects.filter(attribute_id=definition.id, created_at__gte=started)
        return Begun(definition, begun.first())


class ChangeViewSet(ChangingViewSet):
    """One kind of change: its route says which, and how it is described."""

    required_roles = {"create": DEFINE}
    kind = ""  # the change's name
    documentation: Documentation = {}

    def create(self, request: Request, name: str) -> Response:
        """Carry it out; what takes longer is left to a job, which the answer names."""
        check_parameters(request, set())
        members = body_object(request, optional=True)
        return self.carry_out(request, BY_NAME[self.kind], name, members).answer()


class AliasViewSet(ChangingViewSet):
    """Former names."""

    required_roles = {"destroy": DEFINE}
    documentation = openapi_changes.ALIASES

    def destroy(self, request: Request, name: str, alias: str) -> Response:
        """Forget one before its time."""
        members = {"alias": alias} | said_in_query(request, {"plan"})
        self.carry_out(request, BY_NAME["drop_alias"], name, members)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ViolationsViewSet(PrincipalViewSet):
    """Values that break a rule as it is now."""

    required_roles = {"list": READ}
    documentation = openapi_changes.VIOLATIONS

    def list(self, request: Request, name: str) -> Response:
        """The incidents of the caller's tenant that have one, by their ids."""
        check_parameters(request, {"size", "cursor"})
        definition, page = in_force(name), Page.of(request)
        kind = f"violations:{self.principal.tenant_id}:{definition.id}"
        after = None if page.cursor is None else UUID(unseal(kind, page.cursor)[0])
        found = violations(self.principal.tenant_id, definition, after, page.size + 1)
        shown = found[: page.size]
        more = len(found) > page.size
        cursor = seal(kind, [str(shown[-1].incident_id)]) if more else None
        told = {"size": page.size, "count": len(shown), "sort": ["incident_id,ASC"]}
        return Response(Envelope([asdict(one) for one in shown], told | {"next_cursor": cursor}))


def answer(definition: AttributeMeta, code: int = status.HTTP_200_OK, **headers: str) -> Response:
    """The attribute as it is now."""
    headers["ETag"] = conditional.etag(definition.occ_lock)
    return Response(present(definition), status=code, headers=headers)


def said_in_query(request: Request, allowed: set[str]) -> dict[str, Json]:
    """What a request without a body says; one that stands there twice is a list, and refused."""
    check_parameters(request, allowed)
    said = request.query_params.lists()
    return {name: texts[0] if len(texts) == 1 else texts for name, texts in said}


def _kind(name: Json) -> type[Change]:
    known = ", ".join(BY_NAME)
    if name is None:
        raise Invalid.because([Fault("change", "required", f"Must be one of {known}.")])
    if not isinstance(name, str) or name not in BY_NAME:
        hint = did_you_mean(name, BY_NAME) if isinstance(name, str) else ""
        fault = Fault("change", "unknown_change", f"Must be one of {known}.{hint}")
        raise Invalid.because([fault])
    return BY_NAME[name]


def _clean_exact(raw: Json) -> bool:
    try:
        return True if raw is None else BooleanType().clean(raw)
    except ValueRefused as refused:
        raise Invalid.because([refused.at("exact")]) from None


def _clean_plan(raw: Json) -> str | None:
    if raw is None or isinstance(raw, str):
        return raw
    message = "Must be the plan of a preview, as text."
    raise Invalid.because([Fault("plan", "wrong_type", message)])
