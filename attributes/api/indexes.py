"""What indexes of attributes cost, and which would help."""

from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.db import connection
from rest_framework.request import Request

from accounts.principal import DEFINE
from accounts.viewsets import PrincipalViewSet
from attributes import advice, indexes
from attributes.api import openapi
from attributes.indexes import Listed
from attributes.models import AttributeMeta
from incidents_project.database import leakproof
from incidents_project.http.paging import check_parameters
from incidents_project.http.response import Response


class IndexesViewSet(PrincipalViewSet):
    """The indexes that are there, wanted, or left over."""

    required_roles = {"list": DEFINE}
    documentation = openapi.INDEXES

    def list(self, request: Request) -> Response:
        """Each index with its state and cost, and what was slow without one."""
        check_parameters(request, set())
        listed = indexes.read().listed(AttributeMeta.objects.order_by("order", "id"))
        return Response(
            {
                "budget": settings.ATTRIBUTE_INDEX_BUDGET,
                "usable": leakproof.indexes_usable(connection.connection),
                "indexes": [present(one) for one in listed],
                "advice": [asdict(one) for one in advice.give()],
            }
        )


def present(listed: Listed) -> dict[str, Any]:
    """An index as the API answers it."""
    index = listed.index
    return {
        "name": None if listed.definition is None else listed.definition.name,
        "index": indexes.name_of(index.slot),
        "state": listed.state,
        "size_bytes": index.size,
        "scans": index.scans,
        "rows": index.rows,
        "error": index.error,
        "progress": index.phase and {"phase": index.phase, "percent": index.percent},
    }
