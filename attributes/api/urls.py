"""Routes of the attribute calls. A name that no attribute can have does not match: 404."""

from django.urls import path, register_converter

from attributes.api import openapi_changes
from attributes.api.changes import (
    AliasViewSet,
    ChangeViewSet,
    PreviewViewSet,
    ViolationsViewSet,
)
from attributes.api.document import DocumentViewSet
from attributes.api.indexes import IndexesViewSet
from attributes.api.jobs import JobViewSet
from attributes.api.option_sets import OptionSetViewSet
from attributes.api.published import TypesViewSet, ValuesSchemaViewSet
from attributes.api.views import AttributeViewSet


class AttributeNameConverter:
    """What an attribute may be called."""

    regex = "[A-Za-z][A-Za-z0-9_]{0,49}"

    def to_python(self, value: str) -> str:
        """The name itself."""
        return value

    def to_url(self, value: str) -> str:
        """The name itself."""
        return value


register_converter(AttributeNameConverter, "attribute_name")

_collection = AttributeViewSet.as_view({"get": "list", "post": "create"})
_one = AttributeViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"})
_history = AttributeViewSet.as_view({"get": "history"})

_sets = OptionSetViewSet.as_view({"get": "list", "post": "create"})
_set = OptionSetViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"})
_types = TypesViewSet.as_view({"get": "list"})
_indexes = IndexesViewSet.as_view({"get": "list"})
_schema = ValuesSchemaViewSet.as_view({"get": "retrieve"})
_document = DocumentViewSet.as_view({"get": "retrieve"})
_plan = DocumentViewSet.as_view({"post": "plan"})
_apply = DocumentViewSet.as_view({"post": "apply"})
_preview = PreviewViewSet.as_view({"post": "create"})
_alias = AliasViewSet.as_view({"delete": "destroy"})
_violations = ViolationsViewSet.as_view({"get": "list"})
_jobs = JobViewSet.as_view({"get": "list"})
_job = JobViewSet.as_view({"get": "retrieve"})
_steering = [
    path(f"attributes/jobs/<uuid:job>/{verb}", view, name=f"attribute-job-{verb}")
    for verb in ("pause", "resume", "cancel")
    for view in [JobViewSet.as_view({"post": verb})]
]
_changes = [
    path(f"attributes/<attribute_name:name>/{change}", view, name=f"attribute-{change}")
    for change, words in openapi_changes.CHANGES.items()
    for view in [ChangeViewSet.as_view({"post": "create"}, kind=change, documentation=words)]
]

urlpatterns = [
    path("attributes", _collection, name="attributes"),
    path("attributes/types", _types, name="attribute-types"),
    path("attributes/schema", _schema, name="values-schema"),
    path("attributes/indexes", _indexes, name="attribute-indexes"),
    path("attributes/document", _document, name="attribute-document"),
    path("attributes/document/plan", _plan, name="attribute-document-plan"),
    path("attributes/document/apply", _apply, name="attribute-document-apply"),
    path("attributes/option-sets", _sets, name="option-sets"),
    path("attributes/option-sets/<attribute_name:name>", _set, name="option-set"),
    path("attributes/jobs", _jobs, name="attribute-jobs"),
    path("attributes/jobs/<uuid:job>", _job, name="attribute-job"),
    *_steering,
    path("attributes/<attribute_name:name>", _one, name="attribute"),
    path("attributes/<attribute_name:name>/history", _history, name="attribute-history"),
    path("attributes/<attribute_name:name>/preview", _preview, name="attribute-preview"),
    path("attributes/<attribute_name:name>/violations", _violations, name="attribute-violations"),
    path(
        "attributes/<attribute_name:name>/aliases/<attribute_name:alias>",
        _alias,
        name="attribute-alias",
    ),
    *_changes,
]
