"""Routes of the incident calls; ``attributes`` is no incident's id."""

from typing import Any
from uuid import UUID

from django.urls import include, path, register_converter

from attributes.api import urls as attributes_urls
from incidents.api.comments import CommentViewSet
from incidents.api.incidents import IncidentViewSet, ValueViewSet


class AnyCaseUUIDConverter:
    """A UUID in either case, as RFC 9562 asks of readers."""

    regex = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"

    def to_python(self, value: str) -> UUID:
        """The id."""
        return UUID(value)

    def to_url(self, value: UUID) -> str:
        """Its canonical text."""
        return str(value)


register_converter(AnyCaseUUIDConverter, "id")

_Actions = dict[str, str | Any]  # what Django REST framework's stubs ask for

_incident: _Actions = {
    "get": "retrieve",
    "put": "update",
    "patch": "partial_update",
    "delete": "destroy",
}
_values: _Actions = {"get": "list", "post": "create", "put": "update"}
_comments: _Actions = {"get": "list", "post": "create", "delete": "destroy_named"}

_of_one = [
    path("/history", IncidentViewSet.as_view({"get": "history"}), name="incident-history"),
    path("/attributes", ValueViewSet.as_view(_values), name="incident-values"),
    path(
        "/attributes/<attribute_name:name>",
        ValueViewSet.as_view({"delete": "destroy"}),
        name="incident-value",
    ),
    path("/comments", CommentViewSet.as_view(_comments), name="comments"),
    path(
        "/comments/<id:comment_id>",
        CommentViewSet.as_view({"put": "update", "delete": "destroy"}),
        name="comment",
    ),
]

urlpatterns = [  # those that most requests are for come first
    path("incident/<id:incident_id>", IncidentViewSet.as_view(_incident), name="incident"),
    path(
        "incident",
        IncidentViewSet.as_view({"get": "list", "post": "create"}),
        name="incidents",
    ),
    path(
        "incident/validate", IncidentViewSet.as_view({"post": "validate"}), name="incident-validate"
    ),
    path("incident/<id:incident_id>", include(_of_one)),
    path("incident/", include(attributes_urls)),
]
