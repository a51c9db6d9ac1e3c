"""Attributes: what the deployer has added to incidents."""

from rest_framework import status
from rest_framework.request import Request

from accounts.principal import DEFINE, READ
from attributes.api import openapi
from attributes.api.changes import ChangingViewSet, answer, said_in_query
from attributes.api.presenter import present_all
from attributes.models import IN_FORCE, AttributeMeta, State
from attributes.operations.archive import Archive
from attributes.operations.define import define_attribute
from attributes.operations.find import in_force
from attributes.operations.update import Update
from history.models import InstanceEvent
from history.presenter import page_of
from incidents_project.http.paging import check_parameters
from incidents_project.http.parser import body_object
from incidents_project.http.response import Response
from incidents_project.refusals import Fault, Forbidden, Invalid


class AttributeViewSet(ChangingViewSet):
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
        """Those that incidents have, in the deployer's order; with ``?state=`` those in one."""
        check_parameters(request, {"state"})
        states = request.query_params.getlist("state")
        if len(states) > 1 or not set(states) <= set(State.values):
            allowed = f"Must be one of {', '.join(State.values)}."
            raise Invalid.because([Fault("state", "unknown_state", allowed)])
        if not set(states) <= set(IN_FORCE) and not self.principal.holds_any(DEFINE):
            raise Forbidden("Archived attributes are for deployers.")
        found = AttributeMeta.objects.filter(state__in=states or IN_FORCE)
        return Response(present_all(found.order_by("order", "id")))

    def create(self, request: Request) -> Response:
        """Add an attribute."""
        check_parameters(request, set())
        definition = define_attribute(principal=self.principal, members=body_object(request))
        where = f"/v1/incident/attributes/{definition.name}"
        return answer(definition, status.HTTP_201_CREATED, Location=where)

    def retrieve(self, request: Request, name: str) -> Response:
        """One attribute."""
        check_parameters(request, set())
        return answer(in_force(name))

    def partial_update(self, request: Request, name: str) -> Response:
        """Change everything but its name and type."""
        check_parameters(request, set())
        return self.carry_out(request, Update, name, body_object(request)).answer()

    def destroy(self, request: Request, name: str) -> Response:
        """Take the attribute away; its values are kept."""
        members = said_in_query(request, {"detach", "plan"})
        self.carry_out(request, Archive, name, members)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def history(self, request: Request, name: str) -> Response:
        """Who changed the attribute, newest first."""
        events = InstanceEvent.objects.filter(object_id=in_force(name).id)
        return Response(page_of(request, events, f"attribute-history:{name}"))
