"""The attribute calls and the values of attributes, as the API's document describes them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from attributes import types
from attributes.models import State
from attributes.operations.members import READ_ONLY
from attributes.schema import Attribute, Schema
from attributes.types.base import AttributeType
from history import openapi as history
from incidents_project.http.openapi import (
    Answer,
    Components,
    Documentation,
    Json,
    Operation,
    array_of,
    in_path,
    in_query,
    record,
    ref,
)
from incidents_project.refusals import ValueRefused

# What a rule asks of a value holds when it is written; what was stored before keeps.
_RULES = frozenset(
    {"minimum", "maximum", "minLength", "maxLength", "pattern", "enum", "exclusiveMinimum"}
)
# Text that denotes exactly one value is taken as that value, as older clients send it.
_AS_TEXT = {
    "integer": r"^-?(?:0|[1-9][0-9]{0,18})$",
    "number": r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?$",
}
_INT64 = {"minimum": -(2**63), "maximum": 2**63 - 1}

IGNORED: Json = {"description": "Made by the server; ignored here."}
ID: Json = {"type": "string", "format": "uuid"}
MOMENT: Json = {"type": "string", "format": "date-time"}
TEXT: Json = {"type": "string"}
VERSION: Json = {
    "type": "integer",
    "minimum": 0,
    "description": "The version: 0 at first, 1 more with every stored change.",
}


def answered(schema: Json) -> Json:
    """A type's schema as it holds in answers: the first of its forms, without rules."""
    form = schema.get("oneOf", [schema])[0]
    return {name: value for name, value in form.items() if name not in _RULES}


def written(schema: Json, *, nullable: bool = False) -> Json:
    """A type's schema as it holds in requests: every form that is accepted."""
    if "oneOf" in schema:
        forms = [written(form) for form in schema["oneOf"]]
        return {"anyOf": [*forms, {"type": "null"}] if nullable else forms}
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
    return accepted | {"type": kinds if len(kinds) > 1 else kinds[0]}


def ignored(names: Iterable[str]) -> dict[str, Json]:
    """Members that a request may send back and that change nothing."""
    return dict.fromkeys(sorted(names), IGNORED)


def values_read(schema: Schema) -> Json:
    """The values of an incident as answered; an attribute without a value is absent."""
    return record(
        {a.name: _worded(a, answered(a.type.json_schema())) for a in schema.attributes},
        additionalProperties=False,
        description="Values by attribute; an attribute without a value is absent.",
        **_examples(value_examples(schema)),
    )


def values_created(schema: Schema) -> Json:
    """The values of a new incident: what is required and has no default must be there."""
    required = tuple(a.name for a in schema.attributes if a.required and a.default is None)
    return record(
        {a.name: _worded(a, _value(a), default=True) for a in schema.attributes},
        required=required,
        additionalProperties=False,
        description="Values by attribute.",
        **_examples(value_examples(schema)),
    )


def values_changed(schema: Schema) -> Json:
    """The values that a change names: absent leaves a value alone, null clears it."""
    return record(
        {a.name: _worded(a, _value(a)) for a in schema.attributes},
        additionalProperties=False,
        description="Values by attribute; absent leaves a value alone, `null` clears it.",
        **_examples(value_examples(schema)),
    )


def one_value(schema: Schema, *, clearable: bool, more: dict[str, Json]) -> Json:
    """``{"name", "value"}``: one alternative for each attribute."""
    required = ("name", "value")
    if not schema.attributes:
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
                    "value": _worded(a, _value(a, clearable=clearable)),
                    **more,
                },
                required=required,
                additionalProperties=False,
                title=a.name,
                **_examples({"name": a.name, "value": e} for e in _example(a)),
            )
            for a in schema.attributes
        ]
    }


def value_examples(schema: Schema) -> list[dict[str, Any]]:
    """One value for each attribute, as an example; none where there are no attributes."""
    examples = {a.name: value for a in schema.attributes for value in _example(a)}
    return [examples] if examples else []


def _value(attribute: Attribute, *, clearable: bool = True) -> Json:
    nullable = clearable and not attribute.required
    return written(attribute.type.json_schema(), nullable=nullable)


def _worded(attribute: Attribute, schema: Json, *, default: bool = False) -> Json:
    """``schema`` with what the deployer calls the attribute."""
    words: Json = {"title": attribute.label} if attribute.label else {}
    if attribute.description:
        words["description"] = attribute.description
    if default and attribute.default is not None:
        words["default"] = attribute.type.present(attribute.default)
    return schema | words | _examples(_example(attribute))


def _example(attribute: Attribute) -> list[Any]:
    """A value that the attribute takes, if one is at hand."""
    for candidate in _candidates(attribute):
        try:
            return [attribute.type.present(attribute.type.clean(candidate))]
        except ValueRefused:
            continue
    return []


def _candidates(attribute: Attribute) -> Iterator[Any]:
    type_ = attribute.type
    yield type_.example
    if attribute.default is not None:
        yield attribute.default
    for rule in ("min", "max"):
        yield getattr(type_, rule, None)
    if isinstance(type_.example, str):
        yield type_.example[: getattr(type_, "max_length", None)]


def _examples(values: Iterable[Any]) -> Json:
    listed = list(values)
    return {"examples": listed} if listed else {}


_NAME: Json = {
    "type": "string",
    "pattern": "^[A-Za-z](?:_?[A-Za-z0-9])*_?$",
    "maxLength": 50,
    "description": "Unique without regard to case, and not the name of an incident's own field.",
}
_WORDS = {
    "label": {"maxLength": 200, "description": "What people call it."},
    "description": {"maxLength": 2_000, "description": "What it is for."},
}
_RULES_OF_ALL = "The rules that differ from the type's own; which there are depends on the type."
_REQUIRED = "Whether every new incident must have a value."
_DEFAULT = "The value of a new incident that does not name the attribute."
_ORDER: Json = {"type": "integer", "description": "Smaller ones come first."}
_INT32 = {"format": "int32", "minimum": -(2**31), "maximum": 2**31 - 1}
_FIXED: Json = {"description": "Cannot be changed here: as it is, or absent."}

_EXAMPLE: dict[str, Any] = {
    "name": "isPending",
    "type": "BOOLEAN",
    "label": "Is pending",
    "description": "",
    "required": False,
    "default": None,
    "rules": {},
    "state": "ACTIVE",
    "order": 0,
    "id": "019a8f3e-5b7c-7d21-9c44-0d7f5a0b6e13",
    "occ_lock": 0,
    "created_at": "2026-01-22T06:31:00.251946Z",
    "created_by": "Ada",
    "updated_at": "2026-01-22T06:31:00.251946Z",
    "updated_by": "Ada",
}


def _read() -> Json:
    members: dict[str, Json] = {
        "name": _NAME,
        "type": {"type": "string", "enum": types.names()},
        **{name: {"type": "string", **words} for name, words in _WORDS.items()},
        "required": {"type": "boolean", "description": _REQUIRED},
        "default": {"description": _DEFAULT},
        "rules": {"type": "object", "description": _RULES_OF_ALL},
        "state": {"type": "string", "enum": list(State.values)},
        "order": _ORDER,
        "id": ID,
        "occ_lock": VERSION,
        "created_at": MOMENT,
        "created_by": TEXT,
        "updated_at": MOMENT,
        "updated_by": TEXT,
    }
    return record(
        members,
        required=tuple(members),
        description="A field that the deployer has added to incidents.",
        examples=[_EXAMPLE],
    )


def _settings() -> dict[str, Json]:
    """The members of a definition that are checked in the same way for every type."""
    order = written(_ORDER | _INT32, nullable=True)
    return {
        **{name: {"type": ["string", "null"], **words} for name, words in _WORDS.items()},
        "required": written({"type": "boolean", "description": _REQUIRED}, nullable=True),
        "order": order,
    }


def _rules(type_: type[AttributeType], *, nullable: bool) -> Json:
    rules = {
        rule.name: written(rule.metadata["schema"], nullable=True)
        | {"description": rule.metadata["help_text"]}
        for rule in type_.rule_fields()
    }
    schema = record(rules, additionalProperties=False)
    return schema | {"type": ["object", "null"]} if nullable else schema


def _created(type_: type[AttributeType]) -> Json:
    default = written(type_().json_schema(), nullable=True) | {"description": _DEFAULT}
    # With rules of its own the attribute may take more than the type does without them.
    default = {name: value for name, value in default.items() if name != "maxLength"}
    return record(
        {
            "name": _NAME,
            "type": {"type": "string", "const": type_.name},
            **_settings(),
            "default": default,
            "rules": _rules(type_, nullable=True),
            **ignored(READ_ONLY),
        },
        required=("name", "type"),
        additionalProperties=False,
        title=f"{type_.name}: {type_.label}",
        examples=[{"name": f"my{type_.name.capitalize()}", "type": type_.name}],
    )


def _patched() -> Json:
    return record(
        {
            **_settings(),
            "default": {"description": _DEFAULT},
            "rules": {
                "type": "object",
                "description": "Merged into the rules: `null` takes one away.",
            },
            "occ_lock": {
                **written(VERSION | {"format": "int64"}, nullable=True),
                "description": "If sent, it must be the version that is there.",
            },
            "name": _FIXED,
            "type": _FIXED,
            **ignored(READ_ONLY - {"occ_lock"}),
        },
        additionalProperties=False,
        description="What is absent stays.",
        examples=[{"label": "Is pending", "rules": {}}],
    )


def attribute_name(names: Sequence[str]) -> Json:
    """The parameter of the path that names an attribute."""
    schema: Json = {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]{0,49}$"}
    return in_path("name", schema | _examples(names[:1]), "The attribute's name.")


def components(schema: Schema) -> Components:
    """The named parts that describe this deployment's attributes."""
    created = [_created(type_) for type_ in types.TYPES]
    own = Components(
        schemas={
            "Attribute": _read(),
            "AttributeCreate": {
                "description": "A new attribute; `name` and `type` are enough.",
                "oneOf": created,
                "examples": [{"name": "isPending", "type": "BOOLEAN"}],
            },
            "AttributePatch": _patched(),
            "AttributeValues": values_read(schema),
            "AttributeValuesCreate": values_created(schema),
            "AttributeValuesChange": values_changed(schema),
        },
        parameters={
            "name": attribute_name([a.name for a in schema.attributes]),
            "state": in_query(
                "state",
                {"type": "string", "enum": list(State.values), "default": State.ACTIVE.value},
                "Which ones; those that are not active are for deployers.",
            ),
        },
    )
    return own | history.COMPONENTS


TAG = "Attributes"
_ONE = ref("Attribute")

ATTRIBUTES: Documentation = {
    "list": Operation(
        name="listAttributes",
        tag=TAG,
        summary="List the attributes",
        description="All of them, in the deployer's order.",
        answers={200: Answer("The attributes.", array_of("Attribute"))},
        parameters=("state",),
    ),
    "create": Operation(
        name="createAttribute",
        tag=TAG,
        summary="Add an attribute",
        description="Every incident has it at once. The name of a deleted attribute is free, and"
        " its values do not come back with it.",
        body="AttributeCreate",
        answers={201: Answer("The new attribute.", _ONE, headers=("Location",))},
        refusals=(409,),
    ),
    "retrieve": Operation(
        name="readAttribute",
        tag=TAG,
        summary="Read an attribute",
        answers={200: Answer("The attribute.", _ONE)},
    ),
    "partial_update": Operation(
        name="changeAttribute",
        tag=TAG,
        summary="Change an attribute",
        description="Its label, description, order, rules, default, and whether it is required."
        " Values that were stored before are not checked again until they are touched.",
        body="AttributePatch",
        answers={200: Answer("The attribute as it is now.", _ONE)},
        refusals=(409,),
    ),
    "destroy": Operation(
        name="deleteAttribute",
        tag=TAG,
        summary="Take an attribute away",
        description="It disappears from every answer at once; its values are kept.",
        answers={204: Answer("It is gone.")},
    ),
    "history": Operation(
        name="listAttributeHistory",
        tag="History",
        summary="Who changed an attribute",
        description="Every change of the definition, newest first.",
        answers={200: history.ENTRIES},
        parameters=("size", "cursor"),
    ),
}
