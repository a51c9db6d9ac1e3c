"""Comments of an incident."""

from typing import Any
from uuid import UUID

from rest_framework import status
from rest_framework.request import Request

from accounts import tenancy
from accounts.principal import READ, WRITE
from accounts.viewsets import PrincipalViewSet
from incidents.api import openapi
from incidents.models import Comment, Incident
from incidents.operations.comments import add_comment, change_comment, delete_comment
from incidents.queries import no_such_incident
from incidents_project.http import conditional
from incidents_project.http.envelope import Envelope
from incidents_project.http.paging import Page, check_parameters, seal, unseal
from incidents_project.http.parser import body_object
from incidents_project.http.response import Response
from incidents_project.refusals import Fault, Invalid, ValueRefused

_MEMBERS = (
    "id",
    "incident_id",
    "user_id",
    "name",
    "text",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "occ_lock",
    "tenant_id",
)


def present(comment: Comment) -> dict[str, Any]:
    """A comment as the API answers it."""
    return {member: getattr(comment, member) for member in _MEMBERS}


def _answer(comment: Comment, code: int = status.HTTP_200_OK) -> Response:
    headers = {"ETag": conditional.etag(comment.occ_lock)}
    return Response(present(comment), status=code, headers=headers)


def _comment_id(raw: object) -> UUID:
    if raw is None:
        raise ValueRefused("required", "This field is required.")
    if not isinstance(raw, str):
        raise ValueRefused("wrong_type", "Must be text.")
    try:
        return UUID(raw)
    except ValueError:
        raise ValueRefused("invalid", "Must be the id of a comment.") from None


class CommentViewSet(PrincipalViewSet):
    """What was said about one incident."""

    required_roles = {
        "list": READ,
        "create": WRITE,
        "update": WRITE,
        "destroy": WRITE,
        "destroy_named": WRITE,
    }
    documentation = openapi.COMMENTS

    def list(self, request: Request, incident_id: UUID) -> Response:
        """The comments, oldest first."""
        check_parameters(request, {"size", "cursor"})
        page, tenant_id = Page.of(request), self.principal.tenant_id
        kind = f"comments:{incident_id}"
        comments = Comment.objects.for_tenant(tenant_id).filter(incident_id=incident_id)
        if page.cursor is not None:
            comments = comments.filter(id__gt=UUID(unseal(kind, page.cursor)[0]))
        with tenancy.scope(tenant_id):
            found = list(comments.order_by("id")[: page.size + 1])
            if not found and not Incident.objects.for_tenant(tenant_id).filter(id=incident_id):
                raise no_such_incident()
        shown = found[: page.size]
        cursor = seal(kind, [str(shown[-1].id)]) if len(found) > page.size else None
        return Response(
            Envelope(
                [present(comment) for comment in shown],
                page={
                    "size": page.size,
                    "count": len(shown),
                    "sort": ["created_at,ASC"],
                    "next_cursor": cursor,
                },
            )
        )

    def create(self, request: Request, incident_id: UUID) -> Response:
        """Add a comment."""
        check_parameters(request, set())
        comment = add_comment(
            principal=self.principal, incident_id=incident_id, body=body_object(request)
        )
        return _answer(comment, status.HTTP_201_CREATED)

    def update(self, request: Request, incident_id: UUID, comment_id: UUID) -> Response:
        """Replace what a comment says."""
        check_parameters(request, set())
        body = body_object(request)
        comment = change_comment(
            principal=self.principal,
            incident_id=incident_id,
            comment_id=comment_id,
            body=body,
            expected=conditional.required(request, body),
        )
        return _answer(comment)

    def destroy(self, request: Request, incident_id: UUID, comment_id: UUID) -> Response:
        """Delete a comment."""
        check_parameters(request, set())
        return self._delete(request, incident_id, comment_id)

    def destroy_named(self, request: Request, incident_id: UUID) -> Response:
        """Delete the comment that the body names; for clients of the older path."""
        check_parameters(request, set())
        body = body_object(request)
        faults = [
            Fault(name, "unknown_field", "Send the comment's id.") for name in body if name != "id"
        ]
        try:
            comment_id = _comment_id(body.get("id"))
        except ValueRefused as refused:
            faults.append(refused.at("id"))
        if faults:
            raise Invalid.because(faults)
        return self._delete(request, incident_id, comment_id)

    def _delete(self, request: Request, incident_id: UUID, comment_id: UUID) -> Response:
        delete_comment(
            principal=self.principal,
            incident_id=incident_id,
            comment_id=comment_id,
            expected=conditional.expected(request),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)
