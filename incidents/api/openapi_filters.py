"""The filters of this deployment as the API's document describes them: one parameter each."""

from collections.abc import Iterable, Mapping
from typing import Any

from attributes.filters.language import DEPTH, MOST_TERMS
from attributes.filters.operators import MOST_VALUES, OPERATORS, Operator, Takes
from attributes.filters.targets import AttributeTarget, Target
from attributes.types.geo_point import CIRCLE, SIDES
from attributes.types.options import ChoosingType
from incidents.targets import CodeType
from incidents_project.http.openapi import Json, in_query, record, ref

_TEXT: Json = {"type": "string"}
_BETWEEN_COMMAS = {"style": "form", "explode": False}
_COUNTS: Mapping[Takes, dict[str, Any]] = {
    Takes.VALUES: {"minItems": 1, "maxItems": MOST_VALUES},
    Takes.CODES: {"minItems": 1, "maxItems": MOST_VALUES},
    Takes.PAIR: {"minItems": 2, "maxItems": 2},
    Takes.BOX: {"minItems": 4, "maxItems": 4},
    Takes.CIRCLE: {"minItems": 3, "maxItems": 3},
}


def parameters(targets: Iterable[Target]) -> dict[str, Json]:
    """Each filter by its name in the document, where parameters of paths have names too."""
    return {
        f"filter.{_name(target, operator)}": _parameter(target, operator)
        for target in targets
        for operator in map(OPERATORS.__getitem__, target.type.operators)
    }


def _name(target: Target, operator: Operator) -> str:
    return target.name if operator.name == "exact" else f"{target.name}__{operator.name}"


def _parameter(target: Target, operator: Operator) -> Json:
    described = in_query(_name(target, operator), _TEXT, operator.help_text)
    if isinstance(target, AttributeTarget) and target.deprecated:
        described["deprecated"] = True
    if operator.takes in _COUNTS:
        item = {"type": "number"} if operator.takes in {Takes.BOX, Takes.CIRCLE} else _item(target)
        described["schema"] = {"type": "array", "items": item, **_COUNTS[operator.takes]}
        return described | _BETWEEN_COMMAS
    if operator.takes is Takes.FLAG:
        described["schema"] = {"type": "boolean"}
    elif operator.takes is Takes.VALUE and target.type.written_as == "list":
        described["schema"] = {"type": "array", "items": _item(target), "uniqueItems": True}
        return described | _BETWEEN_COMMAS
    elif operator.takes is Takes.VALUE and target.type.written_as == "json":
        return as_json(described, _JSON)
    elif operator.takes in {Takes.VALUE, Takes.CODE}:
        described["schema"] = _item(target)
    return described


def as_json(parameter: Json, schema: Json) -> Json:
    """A parameter whose text is JSON."""
    parameter.pop("schema")
    return parameter | {"content": {"application/json": {"schema": schema}}}


def tree(filters: Mapping[str, Json]) -> Json:
    """What ``filter`` takes: the same terms, with ``and``, ``or`` and ``not``."""
    nodes = {"type": "array", "minItems": 1, "maxItems": MOST_TERMS, "items": ref("Filter")}
    words = {"and": nodes, "or": nodes, "not": ref("Filter")}
    terms = {described["name"]: _of_term(described) for described in filters.values()}
    return record(
        words | terms,
        additionalProperties=False,
        description=f"True where all of its members are. At most {DEPTH} deep, and {MOST_TERMS}"
        " terms.",
        examples=[{"or": [{"status": "NEW"}, {"date__gte": "-7d"}]}],
    )


def _of_term(described: Json) -> Json:
    if "content" in described:
        return _JSON
    schema: Json = described["schema"]
    sides = _MEMBERS.get(described["name"].rpartition("__")[2])
    if sides is None:
        return schema
    members: dict[str, Json] = {side: {"type": "number"} for side in sides}
    return record(members, required=sides, additionalProperties=False)


_MEMBERS = {"within": SIDES, "near": CIRCLE}


_RELATIVE: Json = {"type": "string", "pattern": "^(?:now|(?:now)?[-+][0-9]{1,5}[smhdw])$"}
_JSON: Json = {"not": {"type": "null"}}


def _item(target: Target) -> Json:
    """One value as it stands in a parameter, whatever the attribute's rules allow by now."""
    type_ = target.type
    if isinstance(type_, ChoosingType):
        return {"type": "string", "enum": type_.choices.codes}
    if isinstance(type_, CodeType):
        return type_.json_schema()
    if type_.written_as == "json":
        return _JSON
    schema = type_.loosened.json_schema()
    if type_.compared:
        schema = schema["properties"][type_.compared]
    if schema.get("format") in {"date", "date-time"} or "oneOf" in schema:
        return {"anyOf": [*schema.get("oneOf", [schema]), _RELATIVE]}
    return schema if schema.get("type") != "object" else _TEXT
