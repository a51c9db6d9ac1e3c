"""What can be asked of a value, what each question takes, and its SQL.

A comparison holds only where there is a value. A negation (``ne``, ``nin``, ``not``) holds wherever
the comparison does not, so also where there is no value.
"""

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from attributes.filters.conditions import Condition, all_of, any_of, none_of
from attributes.filters.targets import AttributeTarget, Target
from attributes.types import Json
from attributes.types.base import clean_text, wrong_type
from attributes.types.boolean import BooleanType
from attributes.types.geo_point import (
    CIRCLE,
    EARTH_RADIUS,
    SIDES,
    Box,
    Circle,
    clean_box,
    clean_circle,
)
from incidents_project.http.parser import loads
from incidents_project.refusals import Invalid, ValueRefused

MOST_VALUES = 100  # of a list


class Takes(StrEnum):
    """What an operator is given."""

    VALUE = "value"  # of the target's type
    VALUES = "values"
    CODE = "code"
    CODES = "codes"
    PAIR = "pair"
    FLAG = "flag"
    TEXT = "text"
    BOX = "box"
    CIRCLE = "circle"


@dataclass(frozen=True, slots=True)
class Operator:
    """One question: ``sql`` makes a condition of a target and what was ``read`` for it."""

    name: str
    takes: Takes
    help_text: str
    sql: Callable[[Target, Any], Condition]

    def condition(self, target: Target, operand: Any) -> Condition:
        """What it asks, also of the value that is read where there is none."""
        asked = self.sql(target, operand)
        if not isinstance(target, AttributeTarget) or target.missing is None:
            return asked
        # PostgreSQL answers the second question, which is of constants, before it looks at a row.
        of_missing = target.with_missing(self.sql(target.of_absent(), operand))
        stored = all_of([Condition(f"{target.sql} IS NOT NULL"), asked])
        return any_of([stored, all_of([Condition(f"{target.sql} IS NULL"), of_missing])])

    def read(self, target: Target, raw: Json, now: datetime) -> Any:
        """What JSON gives it, in canonical form; ``ValueRefused`` if it is not for this."""
        if raw is None:
            raise ValueRefused("wrong_type", "Must be a value; __isnull asks for none.")
        return _READERS[self.takes](target, raw, now)

    def from_text(self, target: Target, text: str) -> Json:
        """What a query parameter gives it, as JSON."""
        if self.takes is Takes.BOX:
            return _members(SIDES, text)
        if self.takes is Takes.CIRCLE:
            return _members(CIRCLE, text)
        if self.takes in {Takes.VALUES, Takes.PAIR}:
            return [_one(target, item) for item in _split(text)]
        if self.takes is Takes.CODES:
            return _split(text)
        if self.takes is Takes.VALUE:
            return _one(target, text)
        return text


def _one(target: Target, text: str) -> Json:
    kind = target.type.written_as
    if kind == "list":
        return _split(text) if text else []
    if kind != "json":
        return text
    try:
        return loads(text.encode("utf-8", "surrogatepass"), what="It")
    except Invalid as invalid:
        raise ValueRefused(invalid.code, invalid.detail) from None


def _split(text: str) -> list[str]:
    """Values between commas; one that holds a comma stands in quotes, as in a CSV file."""
    try:
        (values,) = csv.reader([text], strict=True)
    except (csv.Error, ValueError):
        words = 'Must be values between commas; write a value that has commas as "a,b".'
        raise ValueRefused("invalid", words) from None
    return values


def _members(names: tuple[str, ...], text: str) -> dict[str, str]:
    numbers = [number.strip() for number in text.split(",")]
    if len(numbers) != len(names):
        raise ValueRefused("invalid", f"Must be {len(names)} numbers between commas.")
    return dict(zip(names, numbers, strict=True))


def _value(target: Target, raw: Json, now: datetime) -> Json:
    return target.type.operand(raw, now)


def _values(target: Target, raw: Json, now: datetime) -> list[Json]:
    return [_value(target, item, now) for item in _listed(raw)]


def _listed(raw: Json) -> list[Json]:
    if not isinstance(raw, list):
        raise wrong_type("a list of values")
    if not 1 <= len(raw) <= MOST_VALUES:
        raise ValueRefused("out_of_range", f"Must be from 1 to {MOST_VALUES} values.")
    return raw


def _code(target: Target, raw: Json, now: datetime) -> Json:
    return _value(target, [raw], now)


def _codes(target: Target, raw: Json, now: datetime) -> list[Json]:
    return [_code(target, code, now) for code in _listed(raw)]


def _pair(target: Target, raw: Json, now: datetime) -> list[Json]:
    if not isinstance(raw, list) or len(raw) != 2:
        raise wrong_type("two values, the least and the greatest")
    return _values(target, raw, now)


def _flag(_target: Target, raw: Json, _now: datetime) -> bool:
    return BooleanType().clean(raw)


def _text(_target: Target, raw: Json, _now: datetime) -> str:
    return clean_text(raw)


def _box(_target: Target, raw: Json, _now: datetime) -> Box:
    box = clean_box(raw)
    if box.south > box.north:
        raise ValueRefused("contradiction", "south must not be greater than north.")
    return box


def _circle(_target: Target, raw: Json, _now: datetime) -> Circle:
    return clean_circle(raw)


_READERS: Mapping[Takes, Callable[[Target, Json, datetime], Any]] = {
    Takes.VALUE: _value,
    Takes.VALUES: _values,
    Takes.CODE: _code,
    Takes.CODES: _codes,
    Takes.PAIR: _pair,
    Takes.FLAG: _flag,
    Takes.TEXT: _text,
    Takes.BOX: _box,
    Takes.CIRCLE: _circle,
}


def _compares(sign: str) -> Callable[[Target, Json], Condition]:
    def compare(target: Target, value: Json) -> Condition:
        sql = f"{target.sql} {sign} {target.mark}"
        return Condition(sql, (target.parameter(value),), target.range_index)

    return compare


def _exact(target: Target, value: Json) -> Condition:
    if not target.type.spellings:
        return _compares("=")(target, value)
    if isinstance(value, list):
        return _just(target, value)
    stored = _stored(target, [value])
    return _in(target, [value]) if len(stored) > 1 else _compares("=")(target, *stored)


def _just(target: Target, codes: list[str]) -> Condition:
    """Has these options and no others, whichever codes are stored for them."""
    stored = _stored(target, codes)
    if len(stored) == len(codes):
        return _compares("=")(target, codes)
    # The wall lets an index be used for this operator only, so it stands for its opposite too.
    nothing_else = Condition(f"{target.mark} @> {target.sql}", (target.parameter(stored),))
    return all_of([nothing_else, _has_all(target, [[code] for code in codes])])


def _stored(target: Target, codes: Iterable[str]) -> list[str]:
    """The codes that are stored for those that are read."""
    spellings = target.type.spellings
    return [stored for code in codes for stored in spellings.get(code, (code,))]


def _ne(target: Target, value: Json) -> Condition:
    return none_of(_exact(target, value))


def _in(target: Target, values: list[Json]) -> Condition:
    if target.type.spellings:
        values = _stored(target, values)
    return Condition(f"{target.sql} = ANY({target.marks})", (target.parameters(values),))


def _nin(target: Target, values: list[Json]) -> Condition:
    return none_of(_in(target, values))


def _range(target: Target, pair: list[Json]) -> Condition:
    low, high = pair
    return all_of([_compares(">=")(target, low), _compares("<=")(target, high)])


def _isnull(target: Target, is_null: bool) -> Condition:  # noqa: FBT001 - the operand itself
    return Condition(f"{target.sql} IS {'' if is_null else 'NOT '}NULL")


def _like(before: str, after: str) -> Callable[[Target, str], Condition]:
    def like(target: Target, text: str) -> Condition:
        escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return Condition(f"{target.text} ILIKE %s", (f"{before}{escaped}{after}",))

    return like


def _contains(target: Target, value: Json) -> Condition:
    return Condition(f"{target.sql} @> {target.mark}", (target.parameter(value),))


def _has(target: Target, code: list[str]) -> Condition:
    return any_of(_contains(target, [stored]) for stored in _stored(target, code))


def _has_any(target: Target, codes: list[list[str]]) -> Condition:
    return any_of(_has(target, code) for code in codes)


def _has_all(target: Target, codes: list[list[str]]) -> Condition:
    wanted = {code for one in codes for code in one}
    varying = wanted & target.type.spellings.keys()
    asked = [_has(target, [code]) for code in sorted(varying)]
    if wanted > varying:
        asked.append(_contains(target, sorted(wanted - varying)))
    return all_of(asked)


def _within(target: Target, box: Box) -> Condition:
    lat, lon = f"{target.sql} -> 'lat'", f"{target.sql} -> 'lon'"
    south, west, north, east = map(target.parameter, astuple(box))
    word = "AND" if box.west <= box.east else "OR"
    return Condition(
        f"({lat} >= %s::jsonb AND {lat} <= %s::jsonb"
        f" AND ({lon} >= %s::jsonb {word} {lon} <= %s::jsonb))",
        (south, north, west, east),
    )


def _near(target: Target, circle: Circle) -> Condition:
    """The distance along a great circle, by the haversine formula, on a sphere.

    Only what lies in the box around the circle is worth the trigonometry.
    """
    box = _within(target, circle.box())
    lat, lon = (f"radians(({target.sql} ->> '{name}')::float8)" for name in ("lat", "lon"))
    distance = (
        f"2 * {EARTH_RADIUS} * asin(least(1, sqrt(sin(({lat} - radians(%s::float8)) / 2) ^ 2"
        f" + cos({lat}) * cos(radians(%s::float8)) * sin(({lon} - radians(%s::float8)) / 2) ^ 2)))"
    )
    near = f"(CASE WHEN {box.sql} THEN {distance} <= %s::float8 END)"
    at = (float(circle.lat), float(circle.lat), float(circle.lon), float(circle.radius))
    return Condition(near, (*box.parameters, *at))


_ALL = (
    Operator("exact", Takes.VALUE, "Is the value.", _exact),
    Operator("ne", Takes.VALUE, "Is not the value, or there is none.", _ne),
    Operator("in", Takes.VALUES, "Is one of the values.", _in),
    Operator("nin", Takes.VALUES, "Is none of the values, or there is none.", _nin),
    Operator("gt", Takes.VALUE, "Is greater.", _compares(">")),
    Operator("gte", Takes.VALUE, "Is greater or equal.", _compares(">=")),
    Operator("lt", Takes.VALUE, "Is less.", _compares("<")),
    Operator("lte", Takes.VALUE, "Is less or equal.", _compares("<=")),
    Operator("range", Takes.PAIR, "Lies between the two, both included.", _range),
    Operator("isnull", Takes.FLAG, "Whether there is no value.", _isnull),
    Operator("icontains", Takes.TEXT, "Contains the text, in any case.", _like("%", "%")),
    Operator("istartswith", Takes.TEXT, "Begins with the text, in any case.", _like("", "%")),
    Operator("iexact", Takes.TEXT, "Is the text, in any case.", _like("", "")),
    Operator("has", Takes.CODE, "Has the option.", _has),
    Operator("has_any", Takes.CODES, "Has at least one of the options.", _has_any),
    Operator("has_all", Takes.CODES, "Has every one of the options.", _has_all),
    Operator("contains", Takes.VALUE, "Contains the JSON, as PostgreSQL's @> has it.", _contains),
    Operator("within", Takes.BOX, "Lies in the box: south,west,north,east.", _within),
    Operator("near", Takes.CIRCLE, "Lies within metres of a point: lat,lon,radius.", _near),
)
OPERATORS: Mapping[str, Operator] = {operator.name: operator for operator in _ALL}
