"""An incident on the wire."""

from collections.abc import Mapping
from typing import Any

from attributes.schema import Schema

# In the order of the answer.
COLUMNS = (
    "id",
    "name",
    "status",
    "type",
    "date",
    "description",
    "reported_by",
    "attributes",
    "location",
    "severity",
    "next_update",
    "resolved_date",
    "backdated",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "tenant_id",
    "occ_lock",
)
Row = dict[str, Any]


def present(row: Mapping[str, Any], schema: Schema) -> Row:
    """The columns as answered: values by name."""
    return {**row, "attributes": schema.present(row["attributes"])}
