"""Previews, changes and jobs as the API's document describes them."""

from collections.abc import Mapping
from typing import Any

from attributes import types
from attributes.api.openapi import (
    BEGUN,
    ID,
    LOCK,
    MOMENT,
    NAME,
    PLAN,
    TAG,
    TEXT,
    changeable,
    nullable,
)
from attributes.api.openapi_values import answered, written
from attributes.conversions import Verdict
from attributes.models import JobKind, JobState
from attributes.plans import Risk
from attributes.types.boolean import BooleanType
from attributes.types.date import DateType
from attributes.types.integer import IntegerType
from attributes.types.uuid import UuidType
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

ACCEPT: Json = {
    "type": ["object", "null"],
    "properties": {
        verdict.value: written(IntegerType(min=0).json_schema())
        for verdict in (Verdict.LOSSY, Verdict.IMPOSSIBLE)
    },
    "additionalProperties": False,
    "description": "How many values may be changed in the conversion, and how many may stay behind"
    " for want of a counterpart, or of a unique attribute because another incident has it; more"
    " stop the job. The originals are kept for a while.",
}
_BOOLEAN = written(BooleanType().json_schema(), nullable=True)
_WHICH: Json = {
    **written(UuidType().json_schema(), nullable=True),
    "description": "Which one, where several had the name; else the one archived last.",
}
EXACT: Json = {
    **_BOOLEAN,
    "default": True,
    "description": "Count every value; `false` estimates from a sample, in milliseconds.",
}

_SHARED: Mapping[str, Json] = {
    "default": {
        "description": "In the type it gets; `null` for none. Unless sent, it is converted."
    },
    "missing_value": {"description": "The same of what incidents without a value are read as."},
}

# What each change takes that has a body of its own.
_MEMBERS: Mapping[str, Mapping[str, Json]] = {
    "backfill": {
        "value": {
            "description": "For incidents that have none; unless sent, what the attribute says of"
            " such, or its default."
        }
    },
    "rename": {
        "name": NAME,
        "alias_days": {
            **written(IntegerType(min=0, max=3_650).json_schema(), nullable=True),
            "description": "How long filters and writes may use the old name; 0 for not at all.",
        },
    },
    "drop_alias": {"alias": {"type": "string", "description": "A name that it had."}},
    "retype": {
        "type": {"type": "string", "enum": types.names()},
        "rules": {
            "type": ["object", "null"],
            "description": "Of the new type, as when an attribute is defined.",
        },
        "using": {
            "type": ["object", "null"],
            "description": "How values are converted: the arguments of this pair of types, if it"
            " has any.",
        },
        **_SHARED,
        "accept": ACCEPT,
    },
    "undo": {**_SHARED, "accept": ACCEPT},
    "deprecate": {
        "sunset": {
            **written(DateType().json_schema(), nullable=True),
            "description": "The day on which the attribute will go, today (in UTC) or later.",
        }
    },
    "reactivate": {},
    "archive": {
        "detach": _BOOLEAN | {"description": "End what refers to it, instead of being refused."}
    },
    "restore": {
        "id": _WHICH,
        "name": {"anyOf": [NAME, {"type": "null"}], "description": "Another name for it."},
        "aliases": {
            "anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}],
            "description": "The former names that come back, unless it is all that may.",
        },
    },
    "purge": {
        "id": _WHICH,
        "export": _BOOLEAN
        | {
            "description": "Keep what is destroyed in a file on the server: JSON a line, of which"
            " the first says what the others are values of."
        },
    },
}


def members() -> dict[str, Mapping[str, Json]]:
    """What each change takes."""
    return {"update": changeable(), **_MEMBERS}


_REQUIRED = {"rename": ("name",), "drop_alias": ("alias",), "retype": ("type",)}
_EXAMPLES: Mapping[str, Json] = {
    "update": {"rules": {"max": 100}},
    "backfill": {"value": 0},
    "rename": {"name": "callersWaiting", "alias_days": 30},
    "drop_alias": {"alias": "callers"},
    "retype": {"type": "INTEGER", "rules": {"min": 0}, "accept": {"lossy": 12, "impossible": 3}},
    "undo": {},
    "deprecate": {"sunset": "2099-12-31"},
    "reactivate": {},
    "archive": {"detach": True},
    "restore": {},
    "purge": {"export": True},
}


def _body(change: str) -> Json:
    return record(
        {**_MEMBERS[change], "plan": PLAN, "occ_lock": LOCK},
        required=_REQUIRED.get(change, ()),
        additionalProperties=False,
        examples=[_EXAMPLES[change]],
    )


def _previewed(change: str, members: Mapping[str, Json]) -> Json:
    named: Json = {"type": "string", "const": change}
    return record(
        {"change": named, **members, "exact": EXACT},
        required=("change", *_REQUIRED.get(change, ())),
        additionalProperties=False,
        title=change,
        examples=[{"change": change, **_EXAMPLES[change]}],
    )


_COUNT: Json = {"type": "integer", "minimum": 0}
_SAMPLE = record(
    {
        "incident_id": ID,
        "value": {"description": "As it is now."},
        "becomes": {"description": "As it would be; null where there is no counterpart."},
        "why": {"type": "string", "description": "What is lost, or why there is none."},
    },
    required=("incident_id", "value", "becomes", "why"),
)
_OUTCOME = record(
    {
        "count": _COUNT | {"description": "Values of all tenants."},
        "samples": {
            "type": "array",
            "items": _SAMPLE,
            "maxItems": 20,
            "description": "Some of them, of your tenant.",
        },
    },
    required=("count", "samples"),
)
_OUTCOMES = {verdict.value: _OUTCOME for verdict in Verdict}
_REFERRER = record({"kind": TEXT, "name": TEXT}, required=("kind", "name"))
PLAN_EXAMPLE: dict[str, Any] = {
    "change": "retype",
    "name": "callers",
    "class": "lossy",
    "plan": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "exact": True,
    "incidents": 1_000,
    "holders": 400,
    "outcomes": {
        "kept": {"count": 399, "samples": []},
        "lossy": {
            "count": 1,
            "samples": [
                {
                    "incident_id": "019a8f3e-5b7c-7d21-9c44-0d7f5a0b6e13",
                    "value": "007",
                    "becomes": 7,
                    "why": "has leading zeros",
                }
            ],
        },
        "impossible": {"count": 0, "samples": []},
    },
    "referrers": [],
    "notes": [],
    "seconds": 0.1,
    "undo_until": "2026-02-21T06:31:00.251946Z",
    "undo_forever": False,
}
PLAN_MEMBERS: dict[str, Json] = {
    "change": TEXT,
    "name": {"type": "string", "description": "The attribute's."},
    "class": {
        "type": "string",
        "enum": list(Risk),
        "description": "How much care it asks for: `safe` is done at once and undone as easily,"
        " `online` has a job work on stored values, `lossy` changes some or puts them out of sight,"
        " `destructive` ends them.",
    },
    "plan": {"type": "string", "description": "Sent with the change, it says what was previewed."},
    "exact": {"type": "boolean", "description": "Whether every value was counted."},
    "incidents": _COUNT | {"description": "That were looked at, of all tenants."},
    "holders": _COUNT | {"description": "Those that have a value."},
    "outcomes": record(_OUTCOMES, required=tuple(_OUTCOMES)),
    "referrers": {
        "type": "array",
        "items": _REFERRER,
        "description": "What refers to the attribute.",
    },
    "notes": {
        "type": "array",
        "items": TEXT,
        "description": "What else is to be known, in words.",
    },
    "seconds": {"type": "number", "description": "What a job will take, estimated."},
    "undo_until": nullable(MOMENT, "Until when it can be taken back; null for never or always."),
    "undo_forever": {"type": "boolean", "description": "Whether it can always be taken back."},
}
_VIOLATION: dict[str, Json] = {
    "incident_id": ID,
    "code": ref("ProblemCode"),
    "message": {"type": "string", "description": "What is wrong, in words."},
    "value": {"description": "As it is now; null where there should be one."},
}
_RATE: Json = {"type": ["integer", "null"], "minimum": 0, "description": "While it works."}
_PROGRESS: dict[str, Json] = {
    "seen": _COUNT | {"description": "Incidents that it has gone over."},
    "total": _COUNT | {"description": "Incidents that there were when it began."},
    "percent": {"type": "number", "minimum": 0, "maximum": 100},
    "changed": _COUNT | {"description": "Incidents that it has written."},
    "rows_per_second": _RATE,
    "seconds_left": {"type": ["number", "null"], "minimum": 0},
}
_JOB_EXAMPLE: dict[str, Any] = {
    "id": "019a8f3e-5b7c-7d21-9c44-0d7f5a0b6e13",
    "kind": "RETYPE",
    "state": "RUNNING",
    "attribute": "callers",
    "step": "fill",
    "error": "",
    "progress": {
        "seen": 400_000,
        "total": 1_000_000,
        "percent": 40.0,
        "changed": 180_000,
        "rows_per_second": 20_000,
        "seconds_left": 30.0,
    },
    "result": {},
    "requested_by": "Ada",
    "created_at": "2026-01-22T06:31:00.251946Z",
    "started_at": "2026-01-22T06:31:01.004211Z",
    "finished_at": None,
}
_JOB: dict[str, Json] = {
    "id": ID,
    "kind": {"type": "string", "enum": JobKind.values},
    "state": {
        "type": "string",
        "enum": JobState.values,
        "description": "A job that is BLOCKED waits until somebody has decided, one that is FAILED"
        " until what is wrong has been mended; `error` says what to do. Both can be resumed.",
    },
    "attribute": {"type": "string", "description": "The name that it had when the job began."},
    "step": {"type": "string", "description": "What it is at; empty before it has begun."},
    "error": {"type": "string", "description": "Why it stopped, and what to do; else empty."},
    "progress": record(_PROGRESS, required=tuple(_PROGRESS)),
    "result": {"type": "object", "description": "What it has found and done."},
    "requested_by": TEXT,
    "created_at": MOMENT,
    "started_at": nullable(MOMENT, "When a worker first took it."),
    "finished_at": nullable(MOMENT, "When it was done or cancelled."),
}


def _component(change: str) -> str:
    return f"Attribute{change.capitalize()}"


_ONE = ref("Attribute")
_DONE = {200: Answer("The attribute as it is now.", _ONE, headers=("ETag",))}
_BEGUN = {202: BEGUN}
_GOING = {202: Answer("A job has begun to destroy it.", ref("AttributeJob"), headers=("Location",))}
_JOB_AS_IT_IS = {200: Answer("The job as it is now.", ref("AttributeJob"))}


def _change(
    change: str, answers: Mapping[int, Answer], summary: str, description: str = ""
) -> tuple[str, Documentation]:
    operation = Operation(
        name=f"{change}Attribute",
        tag=TAG,
        summary=summary,
        description=description,
        body=_component(change),
        body_required=change in _REQUIRED,
        answers=answers,
        parameters=("If-Match",),
        refusals=(409, 412),
    )
    return change, {"create": operation}


# Those that are posted to a path of their own name.
CHANGES: Mapping[str, Documentation] = dict(
    (
        _change(
            "rename",
            _DONE,
            "Give an attribute another name",
            "At once, however many incidents have values. Answers use the new name; filters and"
            " writes may use the old one for a while, and no other attribute can take it.",
        ),
        _change(
            "retype",
            _BEGUN,
            "Give an attribute another type",
            "A job converts stored values while incidents are read and written as before; then all"
            " see the new type at once. It stops before anything is written if more would be lost"
            " than `accept` names. The originals are kept for a while, so that it can be undone.",
        ),
        _change(
            "undo",
            _BEGUN,
            "Take a change of type back",
            "What nobody has touched since is as it was, to the letter; what was written since is"
            " converted back.",
        ),
        _change(
            "backfill",
            _BEGUN,
            "Give incidents that have no value one",
            "A job writes it. Afterwards it cannot be told who had none.",
        ),
        _change(
            "deprecate",
            _DONE,
            "Say that an attribute is to be used no more",
            "Only incidents that have a value may have another one.",
        ),
        _change("reactivate", _DONE, "Let a deprecated attribute be used again"),
        _change(
            "restore",
            _DONE,
            "Bring an archived attribute back",
            "With every value as it was, and with its former names as far as their time is not over"
            " and nobody has them; `notes` of its preview say which stay away.",
        ),
        _change(
            "purge",
            _GOING,
            "Destroy an archived attribute",
            "With every value, for ever. Before the retention time is over it needs the `plan` of"
            " its preview.",
        ),
    )
)
PREVIEW: Documentation = {
    "create": Operation(
        name="previewAttributeChange",
        tag=TAG,
        summary="Preview a change of an attribute",
        description="What it would do to how many values, until when it can be taken back, and what"
        " stands against it: it is refused as the change itself would be. Nothing is changed.",
        body="AttributeChange",
        answers={200: Answer("What it would do.", ref("AttributePlan"))},
        refusals=(409,),
    ),
}
VIOLATIONS: Documentation = {
    "list": Operation(
        name="listAttributeViolations",
        tag=TAG,
        summary="List the incidents that break a rule",
        description="Of your tenant's: those whose values were stored before a rule was tightened,"
        " or could not be converted. They may be edited elsewhere as before; a value is checked"
        " when it is touched.",
        answers={200: Answer("The incidents.", array_of("AttributeViolation"), page=True)},
        parameters=("size", "cursor"),
    ),
}
ALIASES: Documentation = {
    "destroy": Operation(
        name="dropAttributeAlias",
        tag=TAG,
        summary="Forget a former name",
        description="Before its time, so that another attribute may have it.",
        answers={204: Answer("It is forgotten.")},
        parameters=("If-Match", "plan"),
        refusals=(409, 412),
    ),
}
_JOBS_TAG = "Jobs"
JOBS: Documentation = {
    "list": Operation(
        name="listAttributeJobs",
        tag=_JOBS_TAG,
        summary="List the jobs",
        description="The newest first; those that have ended are kept as receipts.",
        answers={200: Answer("The jobs.", array_of("AttributeJob"), page=True)},
        parameters=("job_state", "size", "cursor"),
    ),
    "retrieve": Operation(
        name="readAttributeJob",
        tag=_JOBS_TAG,
        summary="Read a job",
        answers={200: Answer("The job.", ref("AttributeJob"))},
    ),
    "pause": Operation(
        name="pauseAttributeJob",
        tag=_JOBS_TAG,
        summary="Pause a job",
        description="It goes on where it is when it is resumed.",
        answers=_JOB_AS_IT_IS,
        refusals=(409,),
    ),
    "resume": Operation(
        name="resumeAttributeJob",
        tag=_JOBS_TAG,
        summary="Resume a job",
        description="One that is paused, blocked or has failed.",
        body="AttributeJobResume",
        body_required=False,
        answers=_JOB_AS_IT_IS,
        refusals=(409,),
    ),
    "cancel": Operation(
        name="cancelAttributeJob",
        tag=_JOBS_TAG,
        summary="Cancel a job",
        description="A change of type is then as if it had not been asked for. A purge cannot be"
        " cancelled: what is destroyed does not come back.",
        answers=_JOB_AS_IT_IS,
        refusals=(409,),
    ),
}


def components() -> Components:
    """The named parts that describe changes and jobs."""
    return Components(
        schemas={
            **{_component(change): _body(change) for change in CHANGES},
            "AttributeChange": {
                "description": "A change, by its name, and what it is sent with.",
                "oneOf": [_previewed(*change) for change in members().items()],
                "examples": [{"change": "retype", "type": "INTEGER"}],
            },
            "AttributePlan": record(
                PLAN_MEMBERS,
                required=tuple(PLAN_MEMBERS),
                description="What a change would do now.",
                examples=[PLAN_EXAMPLE],
            ),
            "AttributeJob": record(
                _JOB,
                required=tuple(_JOB),
                description="Background work on the values of an attribute.",
                examples=[_JOB_EXAMPLE],
            ),
            "AttributeViolation": record(
                _VIOLATION,
                required=tuple(_VIOLATION),
                description="An incident that breaks a rule of an attribute.",
            ),
            "AttributeJobResume": record(
                {"accept": ACCEPT},
                additionalProperties=False,
                examples=[{"accept": {"lossy": 12, "impossible": 3}}],
            ),
        },
        parameters={
            "alias": in_path("alias", NAME, "The former name."),
            "job": in_path("job", ID, "The job's id."),
            "job_state": in_query(
                "state", {"type": "string", "enum": JobState.values}, "Only jobs in this state."
            ),
            "detach": in_query(
                "detach", answered(BooleanType().json_schema()), "End what refers to it."
            ),
            "plan": in_query("plan", TEXT, "The `plan` of a preview."),
        },
    )
