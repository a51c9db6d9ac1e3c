"""The values of attributes as the API's document describes them: as answered, as accepted."""

from collections.abc import Iterable, Iterator
from typing import Any

from attributes import jsonschema
from attributes.models import RequiredWhen
from attributes.schema import Attribute, Schema
from incidents_project.http.openapi import Json, record
from incidents_project.refusals import ValueRefused

# What holds of every answer: what a rule asks holds when a value is written, and what was stored
# before the rule was set stays as it is.
_LASTING = ("type", "format", "items", "properties", "required", "additionalProperties")
# Text that denotes exactly one value is taken as that value, as older clients send it.
_AS_TEXT = {
    "integer": r"^-?(?:0|[1-9][0-9]{0,18})$",
    "number": r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?$",
}
_INT64 = {"minimum": -(2**63), "maximum": 2**63 - 1}


def answered(schema: Json) -> Json:
    """A type's schema as it holds in answers: the first of its forms, without rules."""
    form = schema.get("oneOf", [schema])[0]
    lasting = {name: form[name] for name in _LASTING if name in form}
    if "items" in lasting:
        lasting["items"] = answered(lasting["items"])
    if "properties" in lasting:
        inner = lasting["properties"]
        lasting["properties"] = {name: answered(member) for name, member in inner.items()}
    return lasting


def written(schema: Json, *, nullable: bool = False) -> Json:
    """A type's schema as it holds in requests: every form that is accepted."""
    if "oneOf" in schema:
        forms = [written(form) for form in schema["oneOf"]]
        return {"anyOf": [*forms, {"type": "null"}] if nullable else forms}
    if "type" not in schema:
        return {"anyOf": [schema, {"type": "null"}]} if nullable else schema
    accepted = dict(schema)
    kinds = [schema["type"]]
    if schema["type"] == "boolean":
        kinds.append("string")
        accepted["enum"] = [True, False, "true", "false"]
    elif schema["type"] in _AS_TEXT:
        kinds.append("string")
        accepted["pattern"] = _AS_TEXT[schema["type"]]
        if schema.get("format") == "int64":
            accepted = _INT64 | accepted
    if nullable:
        kinds.append("null")
        if "enum" in accepted:
            accepted["enum"] = [*accepted["enum"], None]
        if "not" in accepted:  # a pattern says nothing of null, so not having it would refuse null
            accepted["not"] = {"type": "string", **accepted["not"]}
    return accepted | {"type": kinds if len(kinds) > 1 else kinds[0]}


def values_read(schema: Schema) -> Json:
    """The values of an incident as answered; an attribute without a value is absent."""
    return record(
        {a.name: _worded(a, answered(a.type.json_schema())) for a in schema.attributes},
        additionalProperties=False,
        description="Values by attribute; an attribute without a value is absent.",
        **listed_examples(value_examples(schema)),
    )


def values_created(schema: Schema) -> Json:
    """The values of a new incident: what is required and has no default must be there.

    What is deprecated cannot be there: it is for incidents that have a value.
    """
    required = tuple(a.name for a in schema.attributes if must_be_sent(a))
    return record(
        {
            a.name: _worded(a, _value(a, nullable=not _needed(a)), default=True)
            for a in schema.attributes
            if not a.deprecated
        },
        required=required,
        additionalProperties=False,
        description="Values by attribute.",
        **listed_examples(value_examples(schema)),
    )


def values_changed(schema: Schema) -> Json:
    """The values that a change names: absent leaves a value alone, null clears it."""
    return record(
        {a.name: _worded(a, _value(a, nullable=not _kept(a))) for a in schema.attributes},
        additionalProperties=False,
        description="Values by attribute; absent leaves a value alone, `null` clears it.",
        **listed_examples(value_examples(schema)),
    )


def one_value(schema: Schema, *, clearable: bool, more: dict[str, Json]) -> Json:
    """``{"name", "value"}``: one alternative for each attribute."""
    required = ("name", "value")
    attributes = [a for a in schema.attributes if clearable or not a.deprecated]
    if not attributes:
        return record(
            {"name": {"type": "string"}, "value": {}, **more},
            required=required,
            additionalProperties=False,
            description="This installation has no attributes yet.",
        )
    return {
        "oneOf": [
            record(
                {
                    "name": {"type": "string", "const": a.name},
                    "value": _worded(a, _value(a, nullable=clearable and not _kept(a))),
                    **more,
                },
                required=required,
                additionalProperties=False,
                title=a.name,
                **listed_examples({"name": a.name, "value": e} for e in _example(a)),
            )
            for a in attributes
        ]
    }


def value_examples(schema: Schema, kind: str | None = None) -> list[dict[str, Any]]:
    """A value for each attribute (that incidents of ``kind`` have), as one example.

    None if it could not hold what is required. No example is the id of an incident that is there.
    """
    attributes = [
        a for a in schema.attributes if (kind is None or a.applies(kind)) and not a.deprecated
    ]
    values = {a.name: [] if a.type.refers else _example(a) for a in attributes}
    if any(must_be_sent(a) and not values[a.name] for a in attributes):
        return []
    return [{name: value for name, found in values.items() for value in found}]


def must_be_sent(attribute: Attribute) -> bool:
    """Whether no new incident, whatever its type and status, can do without this value."""
    return _needed(attribute) and attribute.default is None


def listed_examples(values: Iterable[Any]) -> Json:
    """The ``examples`` keyword, where there is one."""
    listed = list(values)
    return {"examples": listed} if listed else {}


def _needed(attribute: Attribute) -> bool:
    conditional = attribute.deprecated or attribute.required_at or attribute.applies_to
    return attribute.required and not conditional


def _kept(attribute: Attribute) -> bool:
    return _needed(attribute) and attribute.required_when == RequiredWhen.ALWAYS


def _value(attribute: Attribute, *, nullable: bool) -> Json:
    return written(attribute.type.json_schema(), nullable=nullable)


def _worded(attribute: Attribute, schema: Json, *, default: bool = False) -> Json:
    """``schema`` with what the deployer says of the attribute."""
    words: Json = {"title": attribute.label} if attribute.label else {}
    described = " ".join(_sentences(attribute))
    if described:
        words["description"] = described
    if default and attribute.default is not None:
        words["default"] = attribute.type.present(attribute.default)
    flags = jsonschema.deprecation(attribute)
    return schema | words | flags | listed_examples(_example(attribute))


def _sentences(attribute: Attribute) -> Iterator[str]:
    if attribute.description:
        yield attribute.description
    if attribute.applies_to:
        yield f"For incidents of {', '.join(sorted(attribute.applies_to))}."
    if attribute.deprecated:
        yield "Only incidents that have a value may have another one."
    elif attribute.required_at:
        yield f"Required at {', '.join(sorted(attribute.required_at))}."
    if attribute.unique:
        yield "No two incidents of a tenant have the same."


def _example(attribute: Attribute) -> list[Any]:
    """A value that the attribute takes, if one is at hand."""
    type_ = attribute.type
    found = type_.an_example()
    if found is not None:
        return [found]
    for candidate in _candidates(attribute):
        try:
            return [type_.present(type_.clean(candidate))]
        except ValueRefused:
            continue
    return []


def _candidates(attribute: Attribute) -> Iterator[Any]:
    if attribute.default is not None:
        yield attribute.default
    example, schema = attribute.type.example, attribute.type.json_schema()
    if isinstance(example, str):
        times = 1 + schema.get("minLength", 0) // len(example)
        yield (example * times)[: schema.get("maxLength")]
