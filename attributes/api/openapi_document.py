"""The document of all definitions, as the API's own document describes it."""

from typing import Any

from attributes import types
from attributes.api.openapi import ID, MOMENT, NAME, SET_NAME, TAG, TEXT, defined, nullable
from attributes.api.openapi_changes import ACCEPT, EXACT, PLAN_EXAMPLE, PLAN_MEMBERS
from attributes.api.openapi_values import written
from attributes.document.apply import MUST_BE_ALLOWED
from attributes.document.model import VERSION
from attributes.models import State
from attributes.plans import Risk
from attributes.types.boolean import BooleanType
from attributes.types.characters import ONE_LINE
from attributes.types.options import OPTIONS_SCHEMA
from incidents_project.http.openapi import (
    Answer,
    Components,
    Documentation,
    Json,
    Operation,
    array_of,
    record,
    ref,
)

_ALIAS = record({"name": NAME, "until": MOMENT}, required=("name", "until"))
# The other members are those of a definition, each only where it differs from its default.
_ATTRIBUTE = record(
    {
        "uid": ID | {"description": "What identifies it through every change of its name."},
        "name": NAME,
        "type": {"type": "string", "enum": types.names()},
        "rules": {"type": "object"},
        "state": {"type": "string", "enum": [State.DEPRECATED.value, State.ARCHIVED.value]},
        "sunset": {"type": "string", "format": "date"},
        "aliases": {"type": "array", "items": _ALIAS},
    },
    required=("uid", "name", "type"),
)
_OPTION_SET = record(
    {"name": TEXT, "label": TEXT, "options": OPTIONS_SCHEMA}, required=("name", "options")
)
_EXAMPLE: dict[str, Any] = {
    "version": VERSION,
    "option_sets": [{"name": "regions", "options": [{"code": "EU"}, {"code": "US"}]}],
    "attributes": [
        {
            "uid": "019a8f3e-5b7c-7d21-9c44-0d7f5a0b6e13",
            "name": "region",
            "type": "SELECT",
            "required": True,
            "rules": {"option_set": "regions"},
        }
    ],
}
_DOCUMENT = record(
    {
        "version": {"type": "integer", "const": VERSION},
        "option_sets": {"type": "array", "items": _OPTION_SET},
        "attributes": {"type": "array", "items": _ATTRIBUTE},
    },
    required=("version", "option_sets", "attributes"),
    description="All definitions: option sets by name, attributes by `order` and name, and of each"
    " only what differs from the defaults.",
    examples=[_EXAMPLE],
)
_PRUNE: Json = {
    **written(BooleanType().json_schema(), nullable=True),
    "default": False,
    "description": "Archive what the document does not name, instead of being refused. Nothing is"
    " ever destroyed.",
}
_SENT: dict[str, Json] = {"document": ref("AttributeDocumentSent"), "prune": _PRUNE}
_OF_AN_ENTRY: dict[str, Json] = {
    "uid": nullable(ID, "What identifies it; a new entry may leave it out."),
    "state": {
        "type": ["string", "null"],
        "enum": [State.ACTIVE.value, State.DEPRECATED.value, State.ARCHIVED.value, None],
    },
    "sunset": nullable({"type": "string", "format": "date"}, "When it will go, if deprecated."),
    "aliases": {
        "type": ["array", "null"],
        "items": _ALIAS | {"additionalProperties": False},
        "description": "The names that it had, exactly these; unless they are sent, they stay.",
    },
    "rename_from": {
        "type": ["string", "null"],
        "description": "The name before, where there is no `uid` that tells.",
    },
    "retype": {
        "type": ["object", "null"],
        "properties": {"using": {"type": "object"}, "accept": ACCEPT},
        "additionalProperties": False,
        "description": "How values are converted if the type is another one.",
    },
}


def _sent() -> Json:
    label = {"type": ["string", "null"], "maxLength": 200, **ONE_LINE}
    option_set = {"name": SET_NAME, "label": label, "options": OPTIONS_SCHEMA}
    members: dict[str, Json] = {
        "version": {"type": "integer", "const": VERSION},
        "option_sets": {
            "type": ["array", "null"],
            "items": record(option_set, required=("name", "options"), additionalProperties=False),
        },
        "attributes": {
            "type": ["array", "null"],
            "items": {"oneOf": [defined(type_, _OF_AN_ENTRY) for type_ in types.TYPES]},
        },
    }
    return {
        "description": "As it was exported, changed; or its text in YAML or JSON, of which faults"
        " are told with line and column.",
        "anyOf": [
            record(members, required=("version",), additionalProperties=False),
            {"type": "string", "contentMediaType": "application/yaml"},
        ],
        "examples": [_EXAMPLE],
    }


_CLASSES = {"type": "array", "items": {"type": "string", "enum": list(Risk)}}
_STEP: dict[str, Json] = {
    "change": TEXT,
    "name": {"type": "string", "description": "The attribute's, or the option set's."},
    "says": {"type": "string", "description": "The step in words."},
    **{
        name: PLAN_MEMBERS[name]
        for name in (
            *("class", "exact", "incidents", "holders"),
            *("outcomes", "undo_until", "undo_forever"),
        )
    },
}
_PLAN: dict[str, Json] = {
    "plan": {"type": "string", "description": "Names the steps and the epoch."},
    "classes": _CLASSES,
    "steps": {"type": "array", "items": record(_STEP, required=tuple(_STEP))},
}
_STEP_EXAMPLE = {name: PLAN_EXAMPLE[name] for name in _STEP if name in PLAN_EXAMPLE}
_PLAN_EXAMPLE: dict[str, Any] = {
    "plan": PLAN_EXAMPLE["plan"],
    "classes": [PLAN_EXAMPLE["class"]],
    "steps": [
        _STEP_EXAMPLE | {"says": "change the type of callers from STRING to INTEGER"},
    ],
}
_APPLIED = _PLAN | {"jobs": array_of("AttributeJob")}

DOCUMENT: Documentation = {
    "retrieve": Operation(
        name="exportAttributes",
        tag=TAG,
        summary="Export all definitions as one document",
        description="Always the same for the same definitions. With `Accept: application/yaml` the"
        " answer is the document by itself, in YAML.",
        answers={200: Answer("The document.", ref("AttributeDocument"))},
    ),
    "plan": Operation(
        name="planAttributes",
        tag=TAG,
        summary="Plan what would make a document come true",
        description="The steps, in order, with what each would do to values. They are tried and"
        " taken back, so what is planned can be done. No steps: the document is true already.",
        body="AttributeDocumentPlan",
        answers={200: Answer("The plan.", ref("AttributeSteps"))},
        refusals=(409,),
    ),
    "apply": Operation(
        name="applyAttributes",
        tag=TAG,
        summary="Make a document come true",
        description="All of it at once, or nothing; jobs do what takes longer. A document that is"
        " true changes nothing.",
        body="AttributeDocumentApply",
        answers={200: Answer("What was done.", ref("AttributeStepsTaken"))},
        refusals=(409,),
    ),
}


def components() -> Components:
    """The named parts that describe the document."""
    return Components(
        schemas={
            "AttributeDocument": _DOCUMENT,
            "AttributeDocumentSent": _sent(),
            "AttributeDocumentPlan": record(
                {**_SENT, "exact": EXACT},
                required=("document",),
                additionalProperties=False,
                examples=[{"document": _EXAMPLE, "prune": True}],
            ),
            "AttributeDocumentApply": record(
                {
                    **_SENT,
                    "plan": {
                        "type": ["string", "null"],
                        "description": "Refused if the attributes, or what the document asks for,"
                        " were changed since.",
                    },
                    "allow": {
                        "type": ["array", "null"],
                        "items": {"type": "string", "enum": list(MUST_BE_ALLOWED)},
                        "description": "The classes of steps that may be taken beside the others.",
                    },
                },
                required=("document",),
                additionalProperties=False,
                examples=[{"document": _EXAMPLE, "allow": ["lossy"]}],
            ),
            "AttributeSteps": record(_PLAN, required=tuple(_PLAN), examples=[_PLAN_EXAMPLE]),
            "AttributeStepsTaken": record(
                _APPLIED, required=tuple(_APPLIED), examples=[_PLAN_EXAMPLE | {"jobs": []}]
            ),
        }
    )
