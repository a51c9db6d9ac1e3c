"""The incident calls as the API's document describes them, of this deployment's own making."""

import re
from collections.abc import Iterable
from typing import Any

from attributes.api.deprecation import HEADERS
from attributes.api.openapi import ID, LOCK, MOMENT, TEXT, VERSION, ignored
from attributes.api.openapi_values import (
    answered,
    must_be_sent,
    one_value,
    value_examples,
    written,
)
from attributes.filters.targets import Target
from attributes.schema import Schema
from attributes.values import MEMBER
from history import openapi as history
from incidents import sorting, totals
from incidents.api import openapi_filters
from incidents.codes import Codes
from incidents.fields import FIELDS, SERVER_MADE, Field
from incidents.operations.comments import NAME, READ_ONLY
from incidents.operations.comments import TEXT as COMMENT_TEXT
from incidents.presenter import COLUMNS
from incidents.targets import targets_at
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

_ONE_OR_PART: Json = {"anyOf": [ref("Incident"), ref("IncidentPart")]}
_LOCK: Json = {
    **LOCK,
    "description": "The version that is changed, as it was read. Without it, send `If-Match`.",
}
_OWN_EXAMPLES: dict[str, Any] = {
    "name": "Another Security Breach",
    "status": "NEW",
    "type": "OTHERS",
    "date": "2024-11-11T02:57:27Z",
    "description": "A laptop was taken from the lobby.",
    "reported_by": "John Doe",
    "location": "",
    "severity": "CRITICAL",
    "next_update": 1674521800,
    "resolved_date": None,
    "backdated": False,
}
_MADE: dict[str, Json] = {
    "id": ID,
    "created_at": MOMENT,
    "created_by": TEXT,
    "updated_at": MOMENT,
    "updated_by": TEXT,
    "tenant_id": TEXT,
    "occ_lock": VERSION,
}
_MADE_EXAMPLES: dict[str, Any] = {
    "id": "e322ab0e-07b3-49bd-b904-7014512032e3",
    "created_at": "2026-01-22T06:31:00.251946Z",
    "created_by": "Ada",
    "updated_at": "2026-01-22T06:31:00.251946Z",
    "updated_by": "Ada",
    "tenant_id": "acme",
    "occ_lock": 1,
}
_WORDS = {
    "date": "When it happened; answered in UTC.",
    "next_update": "When to expect news, in Unix seconds; 0 for never. A time is accepted too.",
    "resolved_date": "When it was over.",
    "backdated": "Whether it was recorded later than it happened.",
}


def _worded(field: Field, schema: Json, codes: Codes) -> Json:
    words = _WORDS.get(field.name, "")
    if field.codes is not None:
        words = f"One of this installation's codes: {', '.join(codes.of(field.codes))}."
        if not field.required:
            words += " Empty for none."
    return schema | ({"description": words} if words else {})


def _read(field: Field, codes: Codes) -> Json:
    """A field as answered; a code that was retired since is still on the incidents that have it."""
    schema = answered(field.type.json_schema())
    if not field.required and field.default is None:
        schema["type"] = [schema["type"], "null"]
    return _worded(field, schema, codes)


def _written(field: Field, codes: Codes) -> Json:
    schema = field.type.json_schema()
    if field.codes is not None and codes.of(field.codes):
        schema["enum"] = [*codes.of(field.codes), *([] if field.required else [""])]
    schema = written(schema, nullable=not field.required)
    if not field.required:
        schema["default"] = field.default
    return _worded(field, schema, codes)


def _changed(field: Field, codes: Codes) -> Json:
    """As written, but what is absent takes no default."""
    schema = _written(field, codes)
    schema.pop("default", None)
    return schema


def _own_examples(codes: Codes) -> dict[str, Any]:
    examples = dict(_OWN_EXAMPLES)
    for field in FIELDS:
        if field.codes is not None and examples[field.name] not in codes.of(field.codes):
            examples[field.name] = next(iter(codes.of(field.codes)), "")
    return examples


def _incident(codes: Codes) -> dict[str, Json]:
    members = {field.name: _read(field, codes) for field in FIELDS}
    members |= {**_MADE, MEMBER: ref("AttributeValues")}
    return {name: members[name] for name in COLUMNS}


def _schemas(schema: Schema, codes: Codes) -> dict[str, Json]:
    fields = _own_examples(codes)
    own = [{**fields, MEMBER: values} for values in value_examples(schema, fields["type"])]
    whole = [{**example, **_MADE_EXAMPLES} for example in own]
    required = tuple(field.name for field in FIELDS if field.required)
    whole_body = {field.name: _written(field, codes) for field in FIELDS}
    versioned = {**ignored({*SERVER_MADE} - {"occ_lock"}), "occ_lock": _LOCK}
    return {
        "Incident": record(
            _incident(codes),
            required=COLUMNS,
            description="One occurrence.",
            examples=[{name: example[name] for name in COLUMNS} for example in whole],
        ),
        "IncidentPart": record(
            _incident(codes),
            additionalProperties=False,
            description="What `fields` asks for of an occurrence.",
        ),
        "IncidentCreate": record(
            {**whole_body, MEMBER: ref("AttributeValuesCreate"), **ignored(SERVER_MADE)},
            required=(*required, *_required_values(schema)),
            additionalProperties=False,
            description="A new incident.",
            examples=own,
        ),
        "IncidentReplace": record(
            {**whole_body, MEMBER: ref("AttributeValuesChange"), **versioned},
            required=required,
            additionalProperties=False,
            description="All of an incident's own fields: an absent one takes its default. Without"
            " `attributes` the values stay. A retired code is accepted where the incident has it.",
            examples=[{**example, "occ_lock": 1} for example in own],
        ),
        "IncidentPatch": record(
            {
                **{field.name: _changed(field, codes) for field in FIELDS},
                MEMBER: ref("AttributeValuesChange"),
                **versioned,
            },
            additionalProperties=False,
            description="A JSON merge patch (RFC 7396): what is absent stays, `null` takes a field"
            " back to its default and clears a value.",
            examples=[{"status": fields["status"], "occ_lock": 1}],
        ),
        "IncidentDraft": record(
            {name: member for name, member in _incident(codes).items() if name not in _MADE},
            description="An incident as it would be recorded.",
        ),
        "IncidentList": record(
            {
                "incidents": {"type": "array", "items": _ONE_OR_PART},
                "total": {"type": ["integer", "null"], "minimum": 0},
                "total_is_estimate": {"type": "boolean"},
            },
            required=("incidents", "total", "total_is_estimate"),
        ),
        "AttributeValue": one_value(schema, clearable=False, more={"occ_lock": LOCK}),
        "AttributeValueReplace": one_value(schema, clearable=True, more={"occ_lock": LOCK}),
    }


def _required_values(schema: Schema) -> tuple[str, ...]:
    needed = any(must_be_sent(attribute) for attribute in schema.attributes)
    return (MEMBER,) if needed else ()


_SAID: dict[str, Json] = {
    "text": COMMENT_TEXT.json_schema(),
    "name": written(NAME.json_schema(), nullable=True)
    | {"description": "Whose words they are; the writer's own name if absent."},
}
_COMMENT: dict[str, Json] = {
    "id": ID,
    "incident_id": ID,
    "user_id": {"type": "string", "description": "Who, as the token says."},
    "name": TEXT,
    "text": TEXT,
    "created_at": MOMENT,
    "created_by": TEXT,
    "updated_at": MOMENT,
    "updated_by": TEXT,
    "occ_lock": VERSION,
    "tenant_id": TEXT,
}
_COMMENTS: dict[str, Json] = {
    "Comment": record(
        _COMMENT,
        required=tuple(_COMMENT),
        description="What somebody said about an incident.",
        examples=[
            {
                **{name: _MADE_EXAMPLES[name] for name in _MADE_EXAMPLES},
                "id": "019a8f3e-5b7c-7d21-9c44-0d7f5a0b6e13",
                "incident_id": _MADE_EXAMPLES["id"],
                "user_id": "ada",
                "name": "Ada",
                "text": "The provider confirms.",
                "occ_lock": 0,
            }
        ],
    ),
    "CommentWrite": record(
        {**_SAID, **ignored(READ_ONLY)},
        required=("text",),
        additionalProperties=False,
        examples=[{"text": "The provider confirms."}],
    ),
    "CommentReplace": record(
        {**_SAID, **ignored(READ_ONLY - {"occ_lock"}), "occ_lock": _LOCK},
        required=("text",),
        additionalProperties=False,
        examples=[{"text": "The provider confirms in writing.", "occ_lock": 0}],
    ),
    "CommentId": record({"id": ID}, required=("id",), additionalProperties=False),
}
_DIRECTION = "(?:,(?:[Aa][Ss][Cc]|[Dd][Ee][Ss][Cc]))?"


def _sort(targets: Iterable[Target]) -> Json:
    sortable = [target.name for target in targets if target.sortable]
    either = "|".join(re.escape(name) for name in sortable)
    described = in_query(
        "sort",
        {
            "type": "array",
            "maxItems": sorting.MOST,
            "uniqueItems": True,
            "items": {"type": "string", "pattern": f"^(?:{either}){_DIRECTION}$"},
        },
        "`field` or `field,ASC` or `field,DESC`; may be repeated, each field once. Fields:"
        f" {', '.join(f'`{name}`' for name in sortable)}. Without a direction: DESC."
        " Without `sort`: `created_at,DESC`. Ties break by `id`; incidents without a value come"
        " last.",
    )
    return described | {"style": "form", "explode": True, "example": ["date,DESC"]}


_LISTING: dict[str, Json] = {
    "total": in_query(
        "total",
        {"type": "string", "enum": ["exact", "none"]},
        f"Without it, the total is exact up to {totals.COUNTED:,} and without filters, and an"
        " estimate beyond (`total_is_estimate`). `exact` counts them all, `none` does not count.",
    ),
    "fields": {
        **in_query(
            "fields",
            {"type": "array", "items": {"type": "string"}, "minItems": 1},
            "Only these members, such as `id,name,attributes.count`; all of them without it.",
        ),
        "style": "form",
        "explode": False,
        "example": ["id", "name"],
    },
    "filter": openapi_filters.as_json(
        in_query(
            "filter",
            {},
            'Conditions as JSON: `{"or": [{"status": "NEW"}, {"date__gte": "-7d"}], "not":'
            ' {"severity__in": ["LOW"]}}`. An object is true where all of its members are. The'
            " other filters, which are named as its members are, must hold as well.",
        ),
        ref("Filter"),
    ),
}


def components(schema: Schema, codes: Codes) -> Components:
    """The named parts that describe this deployment's incidents."""
    filters = openapi_filters.parameters(targets_at(schema).values())
    return Components(
        schemas=_schemas(schema, codes) | _COMMENTS | {"Filter": openapi_filters.tree(filters)},
        parameters={
            "incident_id": in_path("incident_id", ID, "The incident's id."),
            "comment_id": in_path("comment_id", ID, "The comment's id."),
            "sort": _sort(targets_at(schema).values()),
            **_LISTING,
            **filters,
        },
        of_operations={"listIncidents": tuple(filters)},
    )


TAG = "Incidents"
_ONE = ref("Incident")
_AS_IT_IS = Answer("The incident as it is now.", _ONE, headers=("ETag", *HEADERS))
_GONE = Answer("It is gone.")
_VALID = record(
    {"valid": {"type": "boolean", "const": True}, "incident": ref("IncidentDraft")},
    required=("valid", "incident"),
)

INCIDENTS: Documentation = {
    "list": Operation(
        name="listIncidents",
        tag=TAG,
        summary="List incidents",
        description="A page of the tenant's incidents, by number or by cursor. Each filter is a"
        " field, two underscores and an operator; all of them must hold. A comparison holds only"
        " where there is a value; a negation holds wherever the comparison does not. In a list"
        ' between commas, a value that has commas stands in quotes: `"a,b"`. Times may be'
        " relative: `now`, `-7d`, `now+12h` (s, m, h, d, w).",
        answers={
            200: Answer("A page of incidents.", ref("IncidentList"), page=True, headers=HEADERS)
        },
        parameters=("page", "size", "sort", "cursor", "total", "fields", "filter"),
    ),
    "create": Operation(
        name="createIncident",
        tag=TAG,
        summary="Record an incident",
        body="IncidentCreate",
        answers={201: Answer("The new incident.", _ONE, headers=("ETag", "Location", *HEADERS))},
        refusals=(409,),
    ),
    "validate": Operation(
        name="validateIncident",
        tag=TAG,
        summary="Check an incident without recording it",
        description="Answers what recording it would answer; nothing is written.",
        body="IncidentCreate",
        answers={200: Answer("It could be recorded.", _VALID, headers=HEADERS)},
        refusals=(409,),
    ),
    "retrieve": Operation(
        name="readIncident",
        tag=TAG,
        summary="Read an incident",
        answers={
            200: Answer("The incident.", _ONE_OR_PART, headers=("ETag", *HEADERS)),
            304: Answer("The version that you have is the newest.", headers=("ETag",)),
        },
        parameters=("If-None-Match", "fields"),
    ),
    "update": Operation(
        name="replaceIncident",
        tag=TAG,
        summary="Replace an incident's own fields",
        description="It counts as a change even when nothing differs. Send `occ_lock` or"
        " `If-Match`.",
        body="IncidentReplace",
        answers={200: _AS_IT_IS},
        parameters=("If-Match",),
        refusals=(409, 412, 428),
    ),
    "partial_update": Operation(
        name="changeIncident",
        tag=TAG,
        summary="Change some of an incident",
        description="A JSON merge patch, also inside `attributes`. A change of nothing changes"
        " nothing. Send `occ_lock` or `If-Match`.",
        body="IncidentPatch",
        answers={200: _AS_IT_IS},
        parameters=("If-Match",),
        refusals=(409, 412, 428),
    ),
    "destroy": Operation(
        name="deleteIncident",
        tag=TAG,
        summary="Delete an incident",
        description="Its comments go with it, its history stays.",
        answers={204: _GONE},
        parameters=("If-Match",),
        refusals=(412,),
    ),
    "history": Operation(
        name="listIncidentHistory",
        tag="History",
        summary="Who changed an incident",
        description="Every change of the incident, its values and its comments, newest first; of a"
        " deleted incident too.",
        answers={200: history.ENTRIES},
        parameters=("size", "cursor"),
    ),
}

_VALUES_TAG = "Values"
VALUES: Documentation = {
    "list": Operation(
        name="listValues",
        tag=_VALUES_TAG,
        summary="Read an incident's values",
        answers={200: Answer("The values by attribute.", ref("AttributeValues"))},
    ),
    "create": Operation(
        name="setValue",
        tag=_VALUES_TAG,
        summary="Set a value that is not set",
        description="It never conflicts with a change of another value.",
        body="AttributeValue",
        answers={201: Answer(_AS_IT_IS.description, _ONE, headers=("ETag", "Location", *HEADERS))},
        parameters=("If-Match",),
        refusals=(409, 412),
    ),
    "update": Operation(
        name="replaceValue",
        tag=_VALUES_TAG,
        summary="Set, replace or clear a value",
        description="`null` clears. It never conflicts with a change of another value.",
        body="AttributeValueReplace",
        answers={200: _AS_IT_IS},
        parameters=("If-Match",),
        refusals=(409, 412),
    ),
    "destroy": Operation(
        name="clearValue",
        tag=_VALUES_TAG,
        summary="Clear a value",
        answers={204: _GONE},
        parameters=("If-Match",),
        refusals=(412,),
    ),
}

_COMMENTS_TAG = "Comments"
_COMMENT_ANSWER = ref("Comment")
COMMENTS: Documentation = {
    "list": Operation(
        name="listComments",
        tag=_COMMENTS_TAG,
        summary="List an incident's comments",
        description="Oldest first.",
        answers={200: Answer("A page of comments.", array_of("Comment"), page=True)},
        parameters=("size", "cursor"),
    ),
    "create": Operation(
        name="addComment",
        tag=_COMMENTS_TAG,
        summary="Add a comment",
        body="CommentWrite",
        answers={201: Answer("The new comment.", _COMMENT_ANSWER, headers=("ETag",))},
    ),
    "update": Operation(
        name="replaceComment",
        tag=_COMMENTS_TAG,
        summary="Replace what a comment says",
        description="Send `occ_lock` or `If-Match`.",
        body="CommentReplace",
        answers={200: Answer("The comment as it is now.", _COMMENT_ANSWER, headers=("ETag",))},
        parameters=("If-Match",),
        refusals=(409, 412, 428),
    ),
    "destroy": Operation(
        name="deleteComment",
        tag=_COMMENTS_TAG,
        summary="Delete a comment",
        description="Its text stays in the history.",
        answers={204: _GONE},
        parameters=("If-Match",),
        refusals=(412,),
    ),
    "destroy_named": Operation(
        name="deleteCommentByBody",
        tag=_COMMENTS_TAG,
        summary="Delete the comment that the body names",
        description="The same, for clients of the older path.",
        body="CommentId",
        answers={204: _GONE},
        parameters=("If-Match",),
        refusals=(412,),
        deprecated=True,
    ),
}
