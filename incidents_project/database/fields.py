"""JSON in the database, with numbers exactly as they were written."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.types.json import Jsonb

from incidents_project.exact_json import dumps, loads


class ExactJSONField(models.JSONField):
    """A JSONB column whose fractions are read as ``Decimal``, never through a float."""

    def from_db_value(self, value: str | None, *_: Any) -> Any:
        """The column's text as Python values."""
        return None if value is None else loads(value)

    def get_db_prep_value(
        self,
        value: Any,
        connection: BaseDatabaseWrapper,
        prepared: bool = False,  # noqa: FBT001, FBT002
    ) -> Any:
        """The value as a parameter; Python's None is SQL's NULL."""
        if value is None or hasattr(value, "as_sql"):
            return value
        return Jsonb(value, dumps=dumps)
