"""Routes of the attribute calls. A name that no attribute can have does not match: 404."""

from django.urls import path, register_converter

from attributes.api.indexes import IndexesViewSet
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

urlpatterns = [
    path("attributes", _collection, name="attributes"),
    path("attributes/types", _types, name="attribute-types"),
    path("attributes/schema", _schema, name="values-schema"),
    path("attributes/indexes", _indexes, name="attribute-indexes"),
    path("attributes/option-sets", _sets, name="option-sets"),
    path("attributes/option-sets/<attribute_name:name>", _set, name="option-set"),
    path("attributes/<attribute_name:name>", _one, name="attribute"),
    path("attributes/<attribute_name:name>/history", _history, name="attribute-history"),
]
