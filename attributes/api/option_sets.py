"""Option sets: options that several attributes share."""

from typing import Any

from rest_framework import status
from rest_framework.request import Request

from accounts.principal import DEFINE, READ
from accounts.viewsets import PrincipalViewSet
from attributes.api import openapi
from attributes.models import OptionSet
from attributes.operations.option_sets import (
    change_option_set,
    define_option_set,
    delete_option_set,
    find,
    used_by,
)
from incidents_project.http import conditional
from incidents_project.http.paging import check_parameters
from incidents_project.http.parser import body_object
from incidents_project.http.response import Response


def present(option_set: OptionSet) -> dict[str, Any]:
    """The set as the API answers it."""
    return {
        "name": option_set.name,
        "label": option_set.label,
        "options": option_set.options,
        "used_by": used_by(option_set),
        "id": option_set.id,
        "occ_lock": option_set.occ_lock,
        "created_at": option_set.created_at,
        "created_by": option_set.created_by,
        "updated_at": option_set.updated_at,
        "updated_by": option_set.updated_by,
    }


class OptionSetViewSet(PrincipalViewSet):
    """Sets, by name."""

    required_roles = {
        "list": READ,
        "create": DEFINE,
        "retrieve": READ,
        "partial_update": DEFINE,
        "destroy": DEFINE,
    }
    documentation = openapi.OPTION_SETS

    def list(self, request: Request) -> Response:
        """All sets by name."""
        check_parameters(request, set())
        return Response([present(found) for found in OptionSet.objects.order_by("name")])

    def create(self, request: Request) -> Response:
        """Define a set."""
        check_parameters(request, set())
        made = define_option_set(principal=self.principal, members=body_object(request))
        headers = {"Location": f"/v1/incident/attributes/option-sets/{made.name}"}
        return Response(present(made), status=status.HTTP_201_CREATED, headers=headers)

    def retrieve(self, request: Request, name: str) -> Response:
        """One set."""
        check_parameters(request, set())
        return Response(present(find(name)))

    def partial_update(self, request: Request, name: str) -> Response:
        """Change a set's label or options."""
        check_parameters(request, set())
        body = body_object(request)
        changed = change_option_set(
            principal=self.principal,
            name=name,
            members=body,
            expected=conditional.expected(request, body),
        )
        return Response(present(changed))

    def destroy(self, request: Request, name: str) -> Response:
        """Delete a set that no attribute uses."""
        check_parameters(request, set())
        delete_option_set(
            principal=self.principal, name=name, expected=conditional.expected(request)
        )
        return Response(status=status.HTTP_204_NO_CONTENT)
