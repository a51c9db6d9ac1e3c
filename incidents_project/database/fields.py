"""JSON in the database, with numbers exactly as they were written."""

import json
from decimal import Decimal
from typing import Any

import orjson
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.types.json import Jsonb


def _integer(text: str) -> int | Decimal:
    # orjson writes at most 64 bits of an int, but a decimal of any size.
    return int(text) if len(text) < 19 else Decimal(text)


_decode = json.JSONDecoder(parse_float=Decimal, parse_int=_integer).decode


def exact(value: Any) -> Any:
    """What orjson cannot write by itself without loss: decimals."""
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    raise TypeError(f"{type(value).__name__} is not JSON")


def dumps(value: Any, *, sort_keys: bool = False) -> bytes:
    """JSON text in which no number was rounded on the way."""
    option = orjson.OPT_UTC_Z | (orjson.OPT_SORT_KEYS if sort_keys else 0)
    return orjson.dumps(value, default=exact, option=option)


class ExactJSONField(models.JSONField):
    """A JSONB column whose fractions are read as ``Decimal``, never through a float."""

    def from_db_value(self, value: str | None, *_: Any) -> Any:
        """The column's text as Python values."""
        return None if value is None else _decode(value)

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
