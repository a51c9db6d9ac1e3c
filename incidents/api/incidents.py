"""Incidents and their values."""

from uuid import UUID

from rest_framework import status
from rest_framework.request import Request

from accounts import tenancy
from accounts.principal import READ, WRITE
from attributes import values
from attributes.api.deprecation import NamingViewSet
from history.models import TenantEvent
from history.presenter import page_of
from incidents import fields, queries
from incidents.api import listing, openapi
from incidents.operations import incidents as operations
from incidents.operations.values import clear_value, set_value
from incidents.presenter import Row
from incidents_project.http import conditional
from incidents_project.http.paging import check_parameters
from incidents_project.http.parser import body_object
from incidents_project.http.response import Response
from incidents_project.refusals import Fault, Invalid


def _answer(row: Row, code: int = status.HTTP_200_OK) -> Response:
    headers = {"ETag": conditional.etag(row["occ_lock"])}
    if code == status.HTTP_201_CREATED:
        headers["Location"] = f"/v1/incident/{row['id']}"
    return Response(row, status=code, headers=headers)


class IncidentViewSet(NamingViewSet):
    """Incidents of the caller's tenant."""

    required_roles = {
        "list": READ,
        "create": WRITE,
        "validate": WRITE,
        "retrieve": READ,
        "update": WRITE,
        "partial_update": WRITE,
        "destroy": WRITE,
        "history": READ,
    }
    documentation = openapi.INCIDENTS

    def list(self, request: Request) -> Response:
        """A page of incidents."""
        asked = listing.read(request, self.principal.tenant_id)
        found = queries.read_page(
            self.principal.tenant_id, asked.query, asked.part, total=asked.total
        )
        return Response(asked.answer(found))

    def create(self, request: Request) -> Response:
        """Record an incident."""
        check_parameters(request, set())
        row = operations.create_incident(principal=self.principal, body=body_object(request))
        return _answer(row, status.HTTP_201_CREATED)

    def validate(self, request: Request) -> Response:
        """What ``create`` would say; nothing is written."""
        check_parameters(request, set())
        row = operations.validate_incident(principal=self.principal, body=body_object(request))
        would_be = {name: row[name] for name in (*fields.NAMES, values.MEMBER)}
        return Response({"valid": True, "incident": would_be})

    def retrieve(self, request: Request, incident_id: UUID) -> Response:
        """One incident."""
        check_parameters(request, {"fields"})
        chosen = request.query_params.getlist("fields")
        row, version = queries.read_some(
            self.principal.tenant_id, incident_id, lambda schema: listing.fields(chosen, schema)
        )
        headers = {"ETag": conditional.etag(version)}
        if conditional.none_match(request, version):
            return Response(status=status.HTTP_304_NOT_MODIFIED, headers=headers)
        return Response(row, headers=headers)

    def update(self, request: Request, incident_id: UUID) -> Response:
        """Replace an incident's own fields."""
        check_parameters(request, set())
        body = body_object(request)
        expected = conditional.required(request, body)
        return _answer(
            operations.replace_incident(
                principal=self.principal, incident_id=incident_id, body=body, expected=expected
            )
        )

    def partial_update(self, request: Request, incident_id: UUID) -> Response:
        """Change some of an incident."""
        check_parameters(request, set())
        body = body_object(request)
        expected = conditional.required(request, body)
        return _answer(
            operations.patch_incident(
                principal=self.principal, incident_id=incident_id, body=body, expected=expected
            )
        )

    def destroy(self, request: Request, incident_id: UUID) -> Response:
        """Delete an incident."""
        check_parameters(request, set())
        operations.delete_incident(
            principal=self.principal,
            incident_id=incident_id,
            expected=conditional.expected(request),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)

    def history(self, request: Request, incident_id: UUID) -> Response:
        """Who changed the incident, newest first; a deleted incident's history can be read too."""
        tenant_id = self.principal.tenant_id
        events = TenantEvent.objects.filter(tenant_id=tenant_id, incident_id=incident_id)
        with tenancy.scope(tenant_id):
            page = page_of(request, events, f"incident-history:{incident_id}")
            if not page.data and not events.exists():
                raise queries.no_such_incident()
        return Response(page)


class ValueViewSet(NamingViewSet):
    """The values of one incident, one at a time."""

    required_roles = {"list": READ, "create": WRITE, "update": WRITE, "destroy": WRITE}
    documentation = openapi.VALUES

    def list(self, request: Request, incident_id: UUID) -> Response:
        """All values by name."""
        check_parameters(request, set())
        return Response(queries.read_one(self.principal.tenant_id, incident_id)["attributes"])

    def create(self, request: Request, incident_id: UUID) -> Response:
        """Set a value that is not set."""
        return self._set(request, incident_id, status.HTTP_201_CREATED)

    def update(self, request: Request, incident_id: UUID) -> Response:
        """Set, replace or clear a value."""
        return self._set(request, incident_id, status.HTTP_200_OK)

    def _set(self, request: Request, incident_id: UUID, code: int) -> Response:
        check_parameters(request, set())
        body = body_object(request)
        creating = code == status.HTTP_201_CREATED
        faults = [
            Fault(name, "unknown_field", "Send name, value and, if you like, occ_lock.")
            for name in body
            if name not in {"name", "value", "occ_lock"}
        ]
        name = body.get("name", "")
        if not isinstance(name, str) or not name:
            rule = "wrong_type" if name else "required"
            faults.append(Fault("name", rule, "Must be the name of an attribute."))
        if "value" not in body or (creating and body["value"] is None):
            faults.append(Fault("value", "required", "This field is required."))
        if faults or not isinstance(name, str):
            raise Invalid.because(faults)
        row = set_value(
            principal=self.principal,
            incident_id=incident_id,
            name=name,
            value=body["value"],
            expected=conditional.expected(request, body),
            only_if_unset=creating,
        )
        return _answer(row, code)

    def destroy(self, request: Request, incident_id: UUID, name: str) -> Response:
        """Clear a value."""
        check_parameters(request, set())
        clear_value(
            principal=self.principal,
            incident_id=incident_id,
            name=name,
            expected=conditional.expected(request),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)
