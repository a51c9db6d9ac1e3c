"""Attributes: what the deployer has added to incidents."""

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.principal import DEFINE, READ
from accounts.viewsets import PrincipalViewSet
from attributes import indexes
from attributes.api import openapi
from attributes.api.presenter import present
from attributes.models import AttributeMeta, State
from attributes.operations.archive import archive_attribute
from attributes.operations.define import change_attribute, define_attribute
from attributes.operations.find import in_force
from history.models import InstanceEvent
from history.presenter import page_of
from incidents_project.http import conditional
from incidents_project.http.paging import check_parameters
from incidents_project.http.parser import body_object
from incidents_project.refusals import Fault, Forbidden, Invalid


class AttributeViewSet(PrincipalViewSet):
    """Definitions, by name."""

    required_roles = {
        "list": READ,
        "create": DEFINE,
        "retrieve": READ,
        "partial_update": DEFINE,
        "destroy": DEFINE,
        "history": DEFINE,
    }
    documentation = openapi.ATTRIBUTES

    def list(self, request: Request) -> Response:
        """All attributes in the deployer's order; ``?state=ARCHIVED`` for those taken away."""
        check_parameters(request, {"state"})
        states = request.query_params.getlist("state") or [State.ACTIVE]
        state = states[0]
        if len(states) > 1 or state not in State.values:
            allowed = f"Must be one of {', '.join(State.values)}."
            raise Invalid.because([Fault("state", "unknown_state", allowed)])
        if state != State.ACTIVE and not self.principal.holds_any(DEFINE):
            raise Forbidden("Archived attributes are for deployers.")
        found = AttributeMeta.objects.filter(state=state).order_by("order", "id")
        catalogue = indexes.read()
        return Response([present(one, catalogue.state(one)) for one in found])

    def create(self, request: Request) -> Response:
        """Add an attribute."""
        check_parameters(request, set())
        definition = define_attribute(principal=self.principal, members=body_object(request))
        return _answer(definition, status.HTTP_201_CREATED)

    def retrieve(self, request: Request, name: str) -> Response:
        """One attribute."""
        check_parameters(request, set())
        return _answer(in_force(name))

    def partial_update(self, request: Request, name: str) -> Response:
        """Change label, description, order, rules, required or default."""
        check_parameters(request, set())
        body = body_object(request)
        definition = change_attribute(
            principal=self.principal,
            name=name,
            members=body,
            expected=conditional.expected(request, body),
        )
        return _answer(definition)

    def destroy(self, request: Request, name: str) -> Response:
        """Take the attribute away; its values are kept."""
        check_parameters(request, set())
        archive_attribute(
            principal=self.principal, name=name, expected=conditional.expected(request)
        )
        return Response(status=status.HTTP_204_NO_CONTENT)

    def history(self, request: Request, name: str) -> Response:
        """Who changed the attribute, newest first."""
        events = InstanceEvent.objects.filter(object_id=in_force(name).id)
        return Response(page_of(request, events, f"attribute-history:{name}"))


def _answer(definition: AttributeMeta, code: int = status.HTTP_200_OK) -> Response:
    headers = {"ETag": conditional.etag(definition.occ_lock)}
    if code == status.HTTP_201_CREATED:
        headers["Location"] = f"/v1/incident/attributes/{definition.name}"
    state = indexes.read().state(definition)
    return Response(present(definition, state), status=code, headers=headers)
