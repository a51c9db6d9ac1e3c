"""Values by name as JSON, put together by PostgreSQL.

A page of a list would spend most of its time on reading stored JSON into Python and writing it out
again under other names. Most values are answered as they are stored, so PostgreSQL can write the
names before them; what only Python can show (``rest``) is added here.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from attributes.schema import Attribute, Schema
from attributes.storage import expression
from attributes.types import AttributeType
from attributes.types.datetime import DateTimeType
from attributes.types.time import TimeType
from incidents_project.database.fields import ExactJSONField
from incidents_project.exact_json import dumps

UNPACKED = "unpacked"  # the row that holds the values, in the statement
_decode = ExactJSONField().from_db_value


def _as_stored(value: str) -> str:
    return f"{value}::text"


def _without_zeros(value: str, end: str = "") -> str:
    """As ``shown_time`` and ``shown_moment`` do it; times are stored with six digits."""
    text = f"rtrim(rtrim({value} #>> '{{}}', '{end}0'), '.')"
    return f"'\"' || {text} || '{end}\"'"


_SHOWN: Mapping[type[AttributeType], Callable[[str], str]] = {
    DateTimeType: lambda value: _without_zeros(value, "Z"),
    TimeType: _without_zeros,
}


def _shown(attribute: Attribute) -> Callable[[str], str] | None:
    """How SQL shows a value; None where it cannot."""
    type_ = type(attribute.type)
    return _as_stored if type_.present is AttributeType.present else _SHOWN.get(type_)


def _unpacked(attribute: Attribute) -> str:
    return f"({UNPACKED}.{expression(attribute.slot)[1:]}"


@dataclass(frozen=True, slots=True)
class Assembly:
    """How the values of a row are read: as JSON text, and stored ones that are to be shown here."""

    text: str
    rest: str
    parameters: tuple[Any, ...]
    schema: Schema
    others: Collection[str]

    def value(self, text: str, rest: str | None) -> orjson.Fragment:
        """The object of values, from what the two expressions gave."""
        if rest is None:
            return orjson.Fragment(text)
        shown = self.schema.present(_decode(rest), self.schema.shown(self.others))
        if not shown:
            return orjson.Fragment(text)
        more = dumps(shown).decode()
        return orjson.Fragment(more if text == "{}" else f"{text[:-1]},{more[1:]}")


@lru_cache(maxsize=64)
def assembly(schema: Schema, names: tuple[str, ...] | None = None) -> Assembly:
    """For every attribute in force, or those of these names."""
    wanted = [a for a in schema.attributes if names is None or a.name in names]
    members, parameters, others = [], [], []
    for attribute in wanted:
        show = _shown(attribute)
        if show is None:
            others.append(attribute)
        else:
            members.append(f"%s || {show(_unpacked(attribute))}")
            parameters.append(f'"{attribute.name}":')
    text = f"'{{' || concat_ws(',', VARIADIC ARRAY[{', '.join(members)}]::text[]) || '}}'"
    slots = ", ".join(f"'{a.slot}', {_unpacked(a)}" for a in others)
    rest = f"jsonb_strip_nulls(jsonb_build_object({slots}))" if others else "NULL::text"
    return Assembly(text, rest, tuple(parameters), schema, [a.name for a in others])
