"""The schema as code: the deployment as one document, and documents that are to come true."""

from collections.abc import Mapping
from functools import partial

from django.http import HttpResponse
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from accounts.principal import DEFINE
from accounts.viewsets import PrincipalViewSet
from attributes import walk
from attributes.api import jobs, openapi_document
from attributes.document.apply import MUST_BE_ALLOWED, apply, export, plan
from attributes.document.export import as_yaml
from attributes.document.parse import Source, read
from attributes.document.present import described
from attributes.plans import Risk
from attributes.types import Json
from attributes.types.boolean import BooleanType
from incidents_project.http.paging import check_parameters
from incidents_project.http.parser import body_object
from incidents_project.http.response import Response
from incidents_project.refusals import Fault, Invalid, ValueRefused, did_you_mean

YAML = "application/yaml"


class Yaml(BaseRenderer):
    """What a client may ask for."""

    media_type = YAML
    format = "yaml"


class DocumentViewSet(PrincipalViewSet):
    """The document, its plan, and its coming true."""

    required_roles = {"retrieve": DEFINE, "plan": DEFINE, "apply": DEFINE}
    documentation = openapi_document.DOCUMENT

    def get_renderers(self) -> list[BaseRenderer]:
        """YAML for who asks for it, where there is a document to answer."""
        accepted = self.request.META.get("HTTP_ACCEPT", "")
        if self.action == "retrieve" and YAML in accepted.lower():
            return [Yaml()]
        usual: list[BaseRenderer] = super().get_renderers()
        return usual

    def retrieve(self, request: Request) -> HttpResponse:
        """What is deployed."""
        check_parameters(request, set())
        if request.accepted_media_type == YAML:
            return HttpResponse(as_yaml(export()), YAML)
        return Response(export())

    def plan(self, request: Request) -> Response:
        """The steps that would be taken."""
        members = _body(request, {"document", "prune", "exact"})
        exact = _boolean(members, "exact", absent=True)
        planned = plan(
            _source(members),
            principal=self.principal,
            walk=partial(walk.tally if exact else walk.estimate, asking=self.principal.tenant_id),
            prune=_boolean(members, "prune", absent=False),
        )
        return Response(described(planned))

    def apply(self, request: Request) -> Response:
        """All of them, or none."""
        members = _body(request, {"document", "prune", "plan", "allow"})
        applied = apply(
            _source(members),
            principal=self.principal,
            walk=partial(walk.tally, asking=self.principal.tenant_id),
            prune=_boolean(members, "prune", absent=False),
            plan=_plan(members),
            allow=_allowed(members),
        )
        begun = [jobs.present(job) for job in applied.jobs]
        return Response(described(applied.plan) | {"jobs": begun})


def _body(request: Request, known: set[str]) -> dict[str, Json]:
    check_parameters(request, set())
    members = body_object(request)
    faults: list[Fault] = []
    for name in members:
        if name not in known:
            hint = did_you_mean(name, known, faults)
            message = f"Must be one of {', '.join(sorted(known))}.{hint}"
            faults.append(Fault(name, "unknown_field", message))
    if faults:
        raise Invalid.because(faults)
    return members


def _source(members: Mapping[str, Json]) -> Source:
    """The document as an object, or as text that can be told line by line."""
    raw = members.get("document")
    if raw is None:
        raise Invalid.because([Fault("document", "required", "Must be the document.")])
    if not isinstance(raw, str | dict):
        message = "Must be the document, as an object or as text."
        raise Invalid.because([Fault("document", "wrong_type", message)])
    return read(raw) if isinstance(raw, str) else Source(raw)


def _boolean(members: Mapping[str, Json], name: str, *, absent: bool) -> bool:
    raw = members.get(name)
    try:
        return absent if raw is None else BooleanType().clean(raw)
    except ValueRefused as refused:
        raise Invalid.because([refused.at(name)]) from None


def _plan(members: Mapping[str, Json]) -> str | None:
    raw = members.get("plan")
    if raw is None or isinstance(raw, str):
        return raw
    raise Invalid.because([Fault("plan", "wrong_type", "Must be the plan, as text.")])


def _allowed(members: Mapping[str, Json]) -> list[Risk]:
    raw = members.get("allow")
    if raw is None:
        return []
    if not isinstance(raw, list) or not all(risk in list(MUST_BE_ALLOWED) for risk in raw):
        message = f"Must be a list of {', '.join(MUST_BE_ALLOWED)}."
        raise Invalid.because([Fault("allow", "wrong_type", message)])
    return [Risk(risk) for risk in raw]
