"""How a host stores its values: one JSONB column, keyed by slot.

This is the only module that knows, so that it can change.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg.types.json import Jsonb

from attributes.types import Json
from attributes.types.base import AttributeType
from incidents_project.database.fields import ExactJSONField
from incidents_project.exact_json import dumps

Values = dict[str, Json]
COLUMN = "attributes"
_SLOT = re.compile("a[1-9][0-9]*")
_MEMBER = re.compile("[a-z]*")
_CODE = re.compile("[A-Za-z0-9_.-]+")


class ValuesField(ExactJSONField):
    """Values by slot, on a host."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"default": dict, **options})


@dataclass(frozen=True, slots=True)
class Delta:
    """What a request changes: values to set, by slot, and slots to clear."""

    set: Values = field(default_factory=dict)
    cleared: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.set or self.cleared)

    def applied_to(self, stored: Mapping[str, Json]) -> Values:
        """The stored values after the change; slots it does not name are carried over."""
        kept = {slot: value for slot, value in stored.items() if slot not in self.cleared}
        return kept | self.set

    def merge(self, column: str) -> tuple[str, list[Any]]:
        """The same in SQL, with its parameters: what is stored is not read here and written back.

        ``column`` stands in the text of the statement.
        """
        merged = f'"{column}"'
        parameters: list[Any] = []
        if self.cleared:
            merged = f"({merged} - %s::text[])"
            parameters.append(list(self.cleared))
        if self.set:
            merged = f"{merged} || %s::jsonb"
            parameters.append(Jsonb(self.set, dumps=dumps))
        return merged, parameters


def same(one: Json, other: Json) -> bool:
    """Whether two values of one type are the same JSON. To Python, True == 1."""
    if one != other:
        return False
    if isinstance(one, dict | list):
        return dumps(one, sort_keys=True) == dumps(other, sort_keys=True)
    return isinstance(one, bool) == isinstance(other, bool)


def expression(slot: str, member: str = "") -> str:
    """The SQL of the value in ``slot``, as JSONB, or of one member of it.

    A slot stands in the text of a statement because an index serves only the expression it was
    made of; it is never a client's text, and this makes sure of it.
    """
    if not (_SLOT.fullmatch(slot) and _MEMBER.fullmatch(member)):
        raise ValueError(f"{slot!r} and {member!r} are no slot and member")
    value = f"(\"{COLUMN}\" -> '{slot}')"
    return f"({value} -> '{member}')" if member else value


def indexed(slot: str, type_: AttributeType) -> str:
    """The SQL of what an index has of the value in ``slot``: JSONB, or a number as such.

    Comparing numbers takes a third of what comparing JSONB does, an index of them is a quarter
    smaller, and PostgreSQL can tell how many lie between two. What is no number is not cast.
    """
    value = expression(slot, type_.compared)
    if not type_.is_number:
        return value
    return f"(CASE WHEN jsonb_typeof({value}) = 'number' THEN {value}::numeric END)"


def directly(condition: str, slot: str) -> str:
    """The same condition, that has the text of the value in a slot in one step instead of two."""
    in_two_steps = f"({expression(slot)} #>> ARRAY[]::text[])"
    return condition.replace(in_two_steps, f'("{COLUMN}" ->> {quoted(slot)})')


def quoted(slot: str) -> str:
    """The SQL of a slot's name as text."""
    if not _SLOT.fullmatch(slot):
        raise ValueError(f"{slot!r} is no slot")
    return f"'{slot}'"


def codes(listed: Collection[str]) -> str:
    """The SQL of an array of options' codes, none of which can end its literal."""
    if not all(map(_CODE.fullmatch, listed)):
        raise ValueError(f"not all of {listed!r} are codes of options")
    literals = ", ".join(f"'{code}'" for code in listed)
    return f"ARRAY[{literals}]::text[]"


def has_code(slot: str, listed: Collection[str]) -> str:
    """The condition that the value in a slot is one of the codes, or a list that has one."""
    return f"{expression(slot)} ?| {codes(listed)}"
