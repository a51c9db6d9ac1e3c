"""The attribute calls as the API's document describes them."""

from collections.abc import Iterable
from typing import Any

from attributes import hosts, types
from attributes.api.openapi_values import (
    answered,
    values_changed,
    values_created,
    values_read,
    written,
)
from attributes.indexes import IndexState
from attributes.models import RequiredWhen, State
from attributes.operations.members import READ_ONLY
from attributes.schema import Schema
from attributes.types.base import AttributeType
from attributes.types.options import OPTIONS_SCHEMA
from attributes.types.string import StringType
from attributes.types.text import TextType
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

IGNORED: Json = {"description": "Made by the server; ignored here."}
ID: Json = {"type": "string", "format": "uuid"}
MOMENT: Json = {"type": "string", "format": "date-time"}
_DAY: Json = {"type": "string", "format": "date"}
TEXT: Json = {"type": "string"}
VERSION: Json = {
    "type": "integer",
    "minimum": 0,
    "description": "The version: 0 at first, 1 more with every stored change.",
}
LOCK: Json = {
    **written(VERSION | {"format": "int64"}, nullable=True),
    "pattern": "^[0-9]{1,18}$",
    "description": "Not needed; if sent, it must be the version that is there.",
}
PLAN: Json = {
    "type": ["string", "null"],
    "description": "The `plan` of a preview: refused if the attributes were changed since.",
}
_FIXED: Json = {"description": "Cannot be changed here: as it is, or absent."}


def ignored(names: Iterable[str]) -> dict[str, Json]:
    """Members that a request may send back and that change nothing."""
    return dict.fromkeys(sorted(names), IGNORED)


NAME: Json = {
    "type": "string",
    "pattern": "^[A-Za-z](?:_?[A-Za-z0-9])*_?$",
    "maxLength": 50,
    "description": "Unique without regard to case, and not the name of an incident's own field.",
}
_TEXTS: dict[str, tuple[AttributeType, str]] = {
    "label": (StringType(max_length=200), "What people call it."),
    "description": (TextType(max_length=2_000), "What it is for."),
    "help_text": (TextType(max_length=500), "What a form says beside it."),
    "group": (StringType(max_length=100), "What a form shows it under."),
}
_REQUIRED = "Whether incidents must have a value; `required_when` says when."
_REQUIRED_WHEN = (
    "`always`; `create`, after which it may be cleared; or the statuses at which it is asked for."
)
_APPLIES_TO = "The types of incident that have the attribute; none named is all."
_UNIQUE = "Whether no two incidents of a tenant may have the same."
_UNIQUE_STATE: Json = {
    "type": "string",
    "enum": ["NONE", "VALIDATING", "ENFORCED"],
    "description": "While it is VALIDATING, a job looks for values that two incidents share;"
    " `unique: false` ends it.",
}
_INDEXED = "Whether filters and sorting by it have an index, which makes every write dearer."
_INDEX_STATE: Json = {
    "type": "string",
    "enum": list(IndexState),
    "description": "Where its index stands: indexes are built and dropped in the background.",
}
_MISSING_VALUE = (
    "What incidents without a value are read, found and sorted as having; only of an attribute that"
    " all must always have."
)
_ALIAS = record(
    {"name": TEXT, "until": MOMENT | {"description": "Until when it may be used."}},
    required=("name", "until"),
)
_ALIASES: Json = {
    "type": "array",
    "items": _ALIAS,
    "description": "Names that it had, by which filters and writes may still call it.",
}


def nullable(schema: Json, description: str) -> Json:
    """A schema of an answer that may also be null."""
    return {**schema, "type": [schema["type"], "null"], "description": description}


_DEFAULT = "The value of a new incident that does not name the attribute."
_RULES_OF_ALL = "The rules that differ from the type's own; which there are depends on the type."
_ORDER: Json = {"type": "integer", "description": "Smaller ones come first."}
_INT32 = {"format": "int32", "minimum": -(2**31), "maximum": 2**31 - 1}
_WHO_AND_WHEN: dict[str, Json] = {
    "id": ID,
    "occ_lock": VERSION,
    "created_at": MOMENT,
    "created_by": TEXT,
    "updated_at": MOMENT,
    "updated_by": TEXT,
}
_MADE_EXAMPLES: dict[str, Any] = {
    "id": "019a8f3e-5b7c-7d21-9c44-0d7f5a0b6e13",
    "occ_lock": 0,
    "created_at": "2026-01-22T06:31:00.251946Z",
    "created_by": "Ada",
    "updated_at": "2026-01-22T06:31:00.251946Z",
    "updated_by": "Ada",
}
_EXAMPLE: dict[str, Any] = {
    "name": "isPending",
    "type": "BOOLEAN",
    "label": "Is pending",
    "description": "",
    "required": False,
    "default": None,
    "missing_value": None,
    "rules": {},
    "state": "ACTIVE",
    "sunset": None,
    "archived_at": None,
    "required_when": "always",
    "applies_to": [],
    "unique": False,
    "unique_state": "NONE",
    "indexed": False,
    "index_state": "NONE",
    "group": "",
    "help_text": "",
    "order": 0,
    "aliases": [],
    "changing_to": None,
    "undo_until": None,
    "job": None,
    **_MADE_EXAMPLES,
}


def _read() -> Json:
    texts = {
        name: answered(type_.json_schema()) | {"description": words}
        for name, (type_, words) in _TEXTS.items()
    }
    members: dict[str, Json] = {
        "name": NAME,
        "type": {"type": "string", "enum": types.names()},
        **texts,
        "required": {"type": "boolean", "description": _REQUIRED},
        "default": {"description": _DEFAULT},
        "missing_value": {"description": _MISSING_VALUE},
        "rules": {"type": "object", "description": _RULES_OF_ALL},
        "state": {"type": "string", "enum": list(State.values)},
        "sunset": nullable(_DAY, "When a deprecated attribute will go."),
        "archived_at": nullable(MOMENT, "When it was taken out of sight."),
        "required_when": {
            "anyOf": [{"type": "string", "enum": RequiredWhen.values}, _list_of()],
            "description": _REQUIRED_WHEN,
        },
        "applies_to": _list_of() | {"description": _APPLIES_TO},
        "unique": {"type": "boolean", "description": _UNIQUE},
        "unique_state": _UNIQUE_STATE,
        "indexed": {"type": "boolean", "description": _INDEXED},
        "index_state": _INDEX_STATE,
        "order": _ORDER,
        "aliases": _ALIASES,
        "changing_to": nullable(TEXT, "The type that it will have when a running job is done."),
        "undo_until": nullable(MOMENT, "Until when its type can be changed back."),
        "job": nullable(ID, "The job that works on its values."),
        **_WHO_AND_WHEN,
    }
    return record(
        members,
        required=tuple(members),
        description="A field that the deployer has added to incidents.",
        examples=[_EXAMPLE],
    )


def _list_of(codes: Iterable[str] = ()) -> Json:
    listed = list(codes)
    item: Json = {"type": "string", "enum": listed} if listed else TEXT
    return {"type": "array", "items": item, "uniqueItems": True}


def _settings() -> dict[str, Json]:
    """The members of a definition that are checked in the same way for every type."""
    texts = {
        name: written(type_.json_schema(), nullable=True) | {"description": words}
        for name, (type_, words) in _TEXTS.items()
    }
    boolean: Json = {"type": "boolean"}
    return {
        **texts,
        "required": written(boolean, nullable=True) | {"description": _REQUIRED},
        "required_when": {
            "anyOf": [
                {"enum": [*RequiredWhen.values, None]},
                _list_of(hosts.stages()) | {"minItems": 1},
            ],
            "description": _REQUIRED_WHEN,
        },
        "applies_to": {
            **written(_list_of(hosts.kinds()), nullable=True),
            "description": _APPLIES_TO,
        },
        "unique": written(boolean, nullable=True) | {"description": _UNIQUE},
        "indexed": written(boolean, nullable=True) | {"description": _INDEXED},
        "order": written(_ORDER | _INT32, nullable=True),
    }


def _rules(type_: type[AttributeType]) -> Json:
    rules = {
        rule.name: written(rule.metadata["schema"], nullable=True)
        | {"description": rule.metadata["help_text"]}
        for rule in type_.rule_fields()
    }
    return record(rules, additionalProperties=False) | {"type": ["object", "null"]}


def _created(type_: type[AttributeType]) -> Json:
    return defined(type_, ignored(READ_ONLY))


def defined(type_: type[AttributeType], more: dict[str, Json]) -> Json:
    """A definition of one type as it is sent, with ``more`` members."""
    # Without its rules: they stand beside it, and may allow more than the type by itself does.
    default = written(answered(type_().json_schema()), nullable=True)
    example: Json = {"name": _example_name(type_), "type": type_.name}
    if type_.example_rules:
        example["rules"] = dict(type_.example_rules)
    return record(
        {
            "name": NAME,
            "type": {"type": "string", "const": type_.name},
            **_settings(),
            "default": default | {"description": _DEFAULT},
            "missing_value": default | {"description": _MISSING_VALUE},
            "rules": _rules(type_),
            **more,
        },
        required=("name", "type"),
        additionalProperties=False,
        title=f"{type_.name}: {type_.label}",
        examples=[example],
    )


def _example_name(type_: type[AttributeType]) -> str:
    return "my" + "".join(word.capitalize() for word in type_.name.split("_"))


def changeable() -> dict[str, Json]:
    """What of a definition can be changed while it stays what it is."""
    return {
        **_settings(),
        "default": {"description": _DEFAULT},
        "missing_value": {"description": _MISSING_VALUE},
        "rules": {
            "type": ["object", "null"],
            "description": "Merged into the rules: `null` takes one, or all, away.",
        },
    }


def _patched() -> Json:
    return record(
        {
            **changeable(),
            "plan": PLAN,
            "occ_lock": LOCK,
            "name": _FIXED,
            "type": _FIXED,
            **ignored(READ_ONLY - {"occ_lock"}),
        },
        additionalProperties=False,
        description="What is absent stays.",
        examples=[{"label": "Is pending", "rules": {}}],
    )


SET_NAME: Json = {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]{0,49}$"}
_SET_EXAMPLE: dict[str, Any] = {
    "name": "regions",
    "label": "Regions",
    "options": [{"code": "EU", "label": "Europe"}, {"code": "US", "label": "United States"}],
}


def _option_sets() -> dict[str, Json]:
    label = StringType(max_length=200).json_schema()
    made = {**_WHO_AND_WHEN, "used_by": {**array_of_text(), "description": "Attributes, by name."}}
    read = {
        "name": SET_NAME,
        "label": TEXT,
        "options": answered(OPTIONS_SCHEMA),
        **made,
    }
    return {
        "OptionSet": record(
            read,
            required=tuple(read),
            description="Options that several attributes share.",
            examples=[{**_SET_EXAMPLE, "used_by": ["region"], **_MADE_EXAMPLES}],
        ),
        "OptionSetCreate": record(
            {
                "name": SET_NAME,
                "label": written(label, nullable=True),
                "options": OPTIONS_SCHEMA,
                **ignored(made),
            },
            required=("name", "options"),
            additionalProperties=False,
            examples=[_SET_EXAMPLE],
        ),
        "OptionSetPatch": record(
            {
                "label": written(label, nullable=True),
                "options": written(OPTIONS_SCHEMA, nullable=True),
                "occ_lock": LOCK,
                "name": _FIXED,
                **ignored(made.keys() - {"occ_lock"}),
            },
            additionalProperties=False,
            description="What is absent stays. An option that is in use is retired, not removed.",
            examples=[{"label": "Regions"}],
        ),
    }


def array_of_text() -> Json:
    """A list of texts."""
    return {"type": "array", "items": TEXT}


_RULE = record(
    {
        "name": TEXT,
        "schema": {"type": "object", "description": "JSON Schema of the rule."},
        "default": {"description": "What holds without the rule."},
        "help_text": TEXT,
    },
    required=("name", "schema", "default", "help_text"),
)
_COUNT: Json = {"type": "integer", "minimum": 0}
_MILLISECONDS: Json = {"type": "number", "minimum": 0}
_INDEX_MEMBERS: dict[str, Json] = {
    "name": {"type": ["string", "null"], "description": "The attribute's; null of a leftover."},
    "index": {"type": "string", "description": "What the index is called in the database."},
    "state": _INDEX_STATE,
    "size_bytes": _COUNT,
    "scans": _COUNT | {"description": "How often it was used since the server began to count."},
    "rows": _COUNT | {"description": "Incidents with a value, estimated."},
    "error": {"type": "string", "description": "Why the last build failed; empty if it did not."},
    "progress": {
        "type": ["object", "null"],
        "properties": {"phase": TEXT, "percent": {"type": ["number", "null"]}},
        "required": ["phase", "percent"],
        "description": "What PostgreSQL is at while it builds, and how much of that is done.",
    },
}
_INDEX = record(_INDEX_MEMBERS, required=tuple(_INDEX_MEMBERS))
_ADVICE: dict[str, Json] = {
    "name": TEXT,
    "uses": _COUNT,
    "slow_uses": _COUNT | {"description": "Of over 100 ms."},
    "timeouts": _COUNT,
    "mean_ms": _MILLISECONDS,
    "greatest_ms": _MILLISECONDS,
    "last_used_at": MOMENT,
    "advice": {"type": "string", "description": "What to do about it."},
}
_INDEXES_MEMBERS: dict[str, Json] = {
    "budget": _COUNT | {"description": "How many attributes may be indexed."},
    "usable": {
        "type": "boolean",
        "description": "Whether the database lets the service use indexes of attributes; if not,"
        " `manage.py setup_database` has to be run as a superuser.",
    },
    "indexes": array_of("AttributeIndex"),
    "advice": {
        "type": "array",
        "items": record(_ADVICE, required=tuple(_ADVICE)),
        "description": "Attributes that filters and sorts were slow by, for want of an index.",
    },
}
_INDEXES = record(_INDEXES_MEMBERS, required=tuple(_INDEXES_MEMBERS))
_TYPE: dict[str, Json] = {
    "name": TEXT,
    "label": TEXT,
    "widget": {"type": "string", "description": "What a form shows to edit a value."},
    "ordered": {"type": "boolean"},
    "operators": array_of_text() | {"description": "What a filter may ask."},
    "example": {},
    "rules": {"type": "array", "items": _RULE},
}


def components(schema: Schema) -> Components:
    """The named parts that describe this deployment's attributes."""
    own = Components(
        schemas={
            "Attribute": _read(),
            "AttributeCreate": {
                "description": "A new attribute; `name` and `type` are enough.",
                "oneOf": [_created(type_) for type_ in types.TYPES],
                "examples": [{"name": "isPending", "type": "BOOLEAN"}],
            },
            "AttributePatch": _patched(),
            "AttributeType": record(_TYPE, required=tuple(_TYPE)),
            "AttributeTypes": record(
                {
                    "types": array_of("AttributeType"),
                    "common": {
                        "type": "object",
                        "description": "What attributes of every type have, as JSON Schema.",
                    },
                },
                required=("types", "common"),
            ),
            **_option_sets(),
            "AttributeIndex": _INDEX,
            "AttributeIndexes": _INDEXES,
            "AttributeValues": values_read(schema),
            "AttributeValuesCreate": values_created(schema),
            "AttributeValuesChange": values_changed(schema),
        },
        parameters=_parameters(),
    )
    return own | history.COMPONENTS


def _parameters() -> dict[str, Json]:
    return {
        "name": in_path("name", SET_NAME, "The name."),
        "state": in_query(
            "state",
            {"type": "string", "enum": list(State.values)},
            "Which ones; without it those that incidents have, active and deprecated. The others"
            " are for deployers.",
        ),
        "of_type": in_query(
            "type", _list_of(hosts.kinds())["items"], "Only what incidents of this type have."
        ),
        "of_status": in_query(
            "status", _list_of(hosts.stages())["items"], "With what this status asks for."
        ),
    }


TAG = "Attributes"
_ONE = ref("Attribute")
BEGUN = Answer(
    "A job has begun; this is the attribute meanwhile.", _ONE, headers=("ETag", "Location")
)
_GONE = Answer("It is gone.")

ATTRIBUTES: Documentation = {
    "list": Operation(
        name="listAttributes",
        tag=TAG,
        summary="List the attributes",
        description="Those that incidents have, in the deployer's order.",
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
        answers={201: Answer("The new attribute.", _ONE, headers=("ETag", "Location"))},
        refusals=(409,),
    ),
    "retrieve": Operation(
        name="readAttribute",
        tag=TAG,
        summary="Read an attribute",
        answers={200: Answer("The attribute.", _ONE, headers=("ETag",))},
    ),
    "partial_update": Operation(
        name="changeAttribute",
        tag=TAG,
        summary="Change an attribute",
        description="Everything but its name and type."
        " Values that were stored before are not checked again until they are touched.",
        body="AttributePatch",
        answers={
            200: Answer("The attribute as it is now.", _ONE, headers=("ETag",)),
            202: BEGUN,
        },
        parameters=("If-Match",),
        refusals=(409, 412),
    ),
    "destroy": Operation(
        name="deleteAttribute",
        tag=TAG,
        summary="Take an attribute away",
        description="It disappears from every answer at once. Its values are kept, and come back"
        " when it is restored. Refused while something refers to it, unless it is told to `detach`"
        " that.",
        answers={204: _GONE},
        parameters=("If-Match", "detach", "plan"),
        refusals=(409, 412),
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

_SETS_TAG = "Option sets"
_SET = ref("OptionSet")
OPTION_SETS: Documentation = {
    "list": Operation(
        name="listOptionSets",
        tag=_SETS_TAG,
        summary="List the option sets",
        description="All of them, by name.",
        answers={200: Answer("The option sets.", array_of("OptionSet"))},
    ),
    "create": Operation(
        name="createOptionSet",
        tag=_SETS_TAG,
        summary="Define an option set",
        body="OptionSetCreate",
        answers={201: Answer("The new option set.", _SET, headers=("Location",))},
        refusals=(409,),
    ),
    "retrieve": Operation(
        name="readOptionSet",
        tag=_SETS_TAG,
        summary="Read an option set",
        answers={200: Answer("The option set.", _SET)},
    ),
    "partial_update": Operation(
        name="changeOptionSet",
        tag=_SETS_TAG,
        summary="Change an option set",
        description="For every attribute that shares it.",
        body="OptionSetPatch",
        answers={200: Answer("The option set as it is now.", _SET)},
        parameters=("If-Match",),
        refusals=(409, 412),
    ),
    "destroy": Operation(
        name="deleteOptionSet",
        tag=_SETS_TAG,
        summary="Delete an option set",
        description="Only one that no attribute uses.",
        answers={204: _GONE},
        parameters=("If-Match",),
        refusals=(409, 412),
    ),
}
TYPES: Documentation = {
    "list": Operation(
        name="listTypes",
        tag=TAG,
        summary="List the types",
        description="What an attribute may be, with its rules, to build a form from.",
        answers={200: Answer("The types.", ref("AttributeTypes"))},
    ),
}
INDEXES: Documentation = {
    "list": Operation(
        name="listAttributeIndexes",
        tag=TAG,
        summary="List the indexes of attributes",
        description="What each costs and is used for, what is being built, and which attributes"
        " an index would help.",
        answers={200: Answer("The indexes.", ref("AttributeIndexes"))},
    ),
}
VALUES_SCHEMA: Documentation = {
    "retrieve": Operation(
        name="readValuesSchema",
        tag=TAG,
        summary="Read the schema of an incident's values",
        description="JSON Schema of `attributes` as it is now, to check values before they are"
        " sent.",
        answers={
            200: Answer("JSON Schema, draft 2020-12.", {"type": "object"}, headers=("ETag",)),
            304: Answer("The version that you have is the newest.", headers=("ETag",)),
        },
        parameters=("of_type", "of_status", "If-None-Match"),
    ),
}
