"""What the API says of itself: the pieces that the description of every operation is made of.

A view names its operations in a table beside its roles, ``documentation = {"list": Operation()}``;
where the table does not name an action, making the document fails. Schemas are plain JSON Schema
(OpenAPI 3.1): what may stand in a body is not known before the deployment's attributes are.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.core.exceptions import ImproperlyConfigured
from drf_spectacular.openapi import AutoSchema

from incidents_project.http import paging, problem
from incidents_project.refusals import Fault

Json = dict[str, Any]

JSON = "application/json"
BEARER = "bearer"
_MOMENT = "2026-01-22T06:31:00.251946Z"
_CORRELATION_ID = "0192e4a0-7d3c-7b52-8f6e-2c8b3f1f9a10"


class Reason(NamedTuple):
    """Why a status is answered, and one such answer."""

    name: str
    description: str
    code: str
    detail: str
    headers: tuple[str, ...] = ()


_REASONS: dict[int, Reason] = {
    400: Reason(
        "BadRequest",
        "Something in the request is wrong; `errors` lists every wrong field at once.",
        "invalid",
        "2 values were refused.",
    ),
    401: Reason(
        "Unauthorized",
        "There is no token, or not a good one.",
        "not_authenticated",
        "The token is unknown, expired or revoked.",
        ("WWW-Authenticate",),
    ),
    403: Reason(
        "Forbidden",
        "The token is good, but lacks the role or names no tenant.",
        "forbidden",
        "This needs the role incident_owner.",
    ),
    404: Reason(
        "NotFound",
        "It is not there, or belongs to another tenant: the two cannot be told apart.",
        "not_found",
        "There is no such incident.",
    ),
    406: Reason(
        "NotAcceptable",
        "The `Accept` header does not admit what this path answers.",
        "not_acceptable",
        "Answers are application/json, which the Accept header must admit.",
    ),
    409: Reason(
        "Conflict",
        "The request is fine, the state of things is not: a stale `occ_lock`, a name that is taken,"
        " a value that is set already or that another incident has, options in use, a stale plan,"
        " a job that works on the same values.",
        "stale_object",
        "It was changed since you read it. Read it again and repeat your change.",
    ),
    411: Reason(
        "LengthRequired",
        "The body came in chunks, without a length.",
        "length_required",
        "Send the body with a Content-Length, not chunked.",
    ),
    412: Reason(
        "PreconditionFailed",
        "`If-Match` does not hold; `occ_lock` is the version that is there.",
        "precondition_failed",
        "It was changed since you read it. Read it again and repeat your change.",
    ),
    413: Reason(
        "ContentTooLarge",
        "The body is over the limit.",
        "body_too_large",
        "The body may have 1048576 bytes at most.",
    ),
    415: Reason(
        "UnsupportedMediaType",
        "The body is not `application/json` in UTF-8.",
        "unsupported_media_type",
        "Send the body as application/json, in UTF-8.",
    ),
    428: Reason(
        "PreconditionRequired",
        "Neither `occ_lock` nor `If-Match` says which version is changed.",
        "precondition_required",
        "Say which version you change: send the occ_lock that you read, or If-Match with the ETag.",
    ),
    429: Reason(
        "TooManyRequests",
        "Too many requests.",
        "throttled",
        "Too many requests; wait as long as Retry-After says.",
        ("Retry-After",),
    ),
    503: Reason(
        "ServiceUnavailable",
        "The database is away or busy.",
        "database_unavailable",
        "The database cannot be reached; try again.",
        ("Retry-After",),
    ),
}
_FAULTS = (
    ("attributes.count", "wrong_type", "Must be a whole number."),
    ("date", "required", "This field is required."),
)
_ALWAYS = (400, 406, 503)
_WITH_TOKEN = (401, 403, 429)
_WITH_BODY = (411, 413, 415)


def ref(name: str, kind: str = "schemas") -> Json:
    """A reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def array_of(name: str) -> Json:
    """A list of a component's schema."""
    return {"type": "array", "items": ref(name)}


def record(properties: Mapping[str, Json], *, required: tuple[str, ...] = (), **more: Any) -> Json:
    """The schema of an object."""
    schema: Json = {"type": "object", "properties": dict(properties), **more}
    return schema | {"required": list(required)} if required else schema


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: its data inside the envelope unless ``plain``, or no body at all."""

    description: str
    data: Json | None = None
    page: bool = False
    headers: tuple[str, ...] = ()
    plain: bool = False

    def document(self) -> Json:
        """The answer as a response object."""
        names = ("X-Correlation-ID", *self.headers)
        answer: Json = {
            "description": self.description,
            "headers": {name: ref(name, "headers") for name in names},
        }
        if self.data is not None:
            schema = self.data if self.plain else self._envelope(self.data)
            answer["content"] = {JSON: {"schema": schema}}
        return answer

    def _envelope(self, data: Json) -> Json:
        members = {"data": data, "sent_at": ref("SentAt")}
        if self.page:
            members["page"] = ref("Page")
        return record(members, required=tuple(members))


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One action of a view, as the document describes it.

    ``refusals`` are the statuses beyond those that every operation has; parameters of the path need
    not be named. A ``public`` one asks for no token, and a ``probe`` looks at nothing at all.
    """

    name: str
    tag: str
    summary: str
    description: str = ""
    answers: Mapping[int, Answer]
    parameters: tuple[str, ...] = ()
    body: str | None = None
    body_required: bool = True
    refusals: tuple[int, ...] = ()
    public: bool = False
    probe: bool = False
    deprecated: bool = False

    def document(self, path: str, roles: tuple[str, ...] = ()) -> Json:
        """The operation at ``path``, for those who hold one of ``roles``."""
        in_path = tuple(re.findall(r"{(\w+)}", path))
        described: Json = {
            "operationId": self.name,
            "tags": [self.tag],
            "summary": self.summary,
            "description": " ".join(self._description(roles)),
            "parameters": [ref(name, "parameters") for name in (*in_path, *self.parameters)],
            "security": [] if self.public else [{BEARER: []}],
            "responses": {str(status): answer for status, answer in self._responses(in_path)},
        }
        if self.body is not None:
            content = {JSON: {"schema": ref(self.body)}}
            described["requestBody"] = {"required": self.body_required, "content": content}
        if self.deprecated:
            described["deprecated"] = True
        return described

    def _description(self, roles: tuple[str, ...]) -> Iterator[str]:
        if self.description or not roles:
            yield self.description or f"{self.summary}."
        if roles:
            yield f"Needs the role {' or '.join(f'`{role}`' for role in roles)}."

    def _responses(self, in_path: tuple[str, ...]) -> Iterator[tuple[int, Json]]:
        for status, answer in self.answers.items():
            yield status, answer.document()
        refusals = {*(() if self.probe else _ALWAYS), *self.refusals}
        refusals.update(() if self.public else _WITH_TOKEN)
        refusals.update((404,) if in_path else ())
        refusals.update(_WITH_BODY if self.body else ())
        for status in sorted(refusals):
            yield status, ref(_REASONS[status].name, "responses")


Documentation = Mapping[str, Operation]


class TableSchema(AutoSchema):
    """Describes a view by its ``documentation`` table; nothing is guessed from serializers."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any
    ) -> Json:
        """The operation object of one route and method."""
        action = getattr(self.view, "action", None) or method.lower()
        table: Documentation = getattr(self.view, "documentation", {})
        if action not in table:
            name = type(self.view).__name__
            raise ImproperlyConfigured(f"{name}.documentation does not name the action {action}.")
        roles = getattr(self.view, "required_roles", {}).get(action, ())
        return table[action].document(path, tuple(sorted(map(str, roles))))


@dataclass(slots=True)
class Components:
    """The named parts of the document, by kind.

    ``of_operations`` names the parameters of an operation that depend on the deployment.
    """

    schemas: Json = field(default_factory=dict)
    parameters: Json = field(default_factory=dict)
    of_operations: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __or__(self, other: "Components") -> "Components":
        return Components(
            self.schemas | other.schemas,
            self.parameters | other.parameters,
            self.of_operations | other.of_operations,
        )

    def complete(self, operation: Json) -> None:
        """Give an operation the parameters that depend on this deployment."""
        names = self.of_operations.get(operation["operationId"], ())
        operation["parameters"] += [ref(name, "parameters") for name in names]

    def document(self) -> Json:
        """The components object, with what every operation refers to."""
        every = COMPONENTS | self
        return {
            "schemas": dict(sorted(every.schemas.items())),
            "parameters": every.parameters,
            "headers": _HEADERS,
            "responses": {reason.name: _refusal(s, reason) for s, reason in _REASONS.items()},
            "securitySchemes": {
                BEARER: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API token from `manage.py create_token`. The tenant and the"
                    " roles are the token's.",
                }
            },
        }


def in_query(name: str, schema: Json, description: str) -> Json:
    """A query parameter; none is ever required."""
    return {"name": name, "in": "query", "description": description, "schema": schema}


def in_path(name: str, schema: Json, description: str) -> Json:
    """A part of the path."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": schema,
    }


def _in_header(name: str, description: str, example: str) -> Json:
    schema = {"type": "string", "examples": [example]}
    return {"name": name, "in": "header", "description": description, "schema": schema}


def _header(description: str, schema: Json) -> Json:
    return {"description": description, "schema": schema}


_TEXT: Json = {"type": "string"}
_HEADERS: Json = {
    "Deprecation": _header(
        "Since when a name, or an attribute, that the request names is to be used no more: seconds"
        " since 1970 behind an @ (RFC 9745).",
        {"type": "string", "pattern": "^@-?[0-9]+$"},
    ),
    "ETag": _header("The version, for `If-Match` and `If-None-Match`.", _TEXT),
    "Link": _header("The attributes that `Deprecation` speaks of (RFC 8288).", _TEXT),
    "Location": _header("Where the new thing is.", {"type": "string", "format": "uri-reference"}),
    "Retry-After": _header("Seconds to wait.", {"type": "integer", "minimum": 0}),
    "Sunset": _header("When the first of them can be used no more (RFC 8594).", _TEXT),
    "WWW-Authenticate": _header("How to authenticate: `Bearer`.", _TEXT),
    "X-Correlation-ID": _header(
        "What names this request in the log: the request's own `X-Correlation-ID` or"
        " `X-Request-ID` where it is a sane token, else one that was made.",
        {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
    ),
}


def _refusal(status: int, reason: Reason) -> Json:
    example = problem.problem(
        status,
        reason.code,
        reason.detail,
        faults=(Fault(*fault) for fault in _FAULTS if status == 400),
        members={"occ_lock": 7} if status in {409, 412} else None,
        correlation_id=_CORRELATION_ID,
    )
    return {
        "description": reason.description,
        "headers": {n: ref(n, "headers") for n in ("X-Correlation-ID", *reason.headers)},
        "content": {
            problem.CONTENT_TYPE: {
                "schema": ref("Problem"),
                "example": example | {"sent_at": _MOMENT},
            }
        },
    }


def _code(description: str) -> Json:
    rows = [f"| `{code}` | {meaning} |" for code, meaning in sorted(problem.CODES.items())]
    table = "\n".join(["| code | meaning |", "|---|---|", *rows])
    return {
        "type": "string",
        "pattern": "^[a-z][a-z0-9_]*$",
        "description": f"{description}\n\n{table}",
    }


COMPONENTS = Components(
    schemas={
        "SentAt": {
            "type": "string",
            "format": "date-time",
            "description": "When the answer was made.",
            "examples": [_MOMENT],
        },
        "Page": record(
            {
                "number": {
                    "type": ["integer", "null"],
                    "description": "Which page this is; null when walking by cursor.",
                },
                "size": {"type": "integer", "minimum": 1, "maximum": paging.LARGEST_PAGE},
                "total_records": {
                    "type": ["integer", "null"],
                    "minimum": 0,
                    "description": "How many there are in all; null where it was not counted.",
                },
                "total_is_estimate": {"type": "boolean"},
                "count": {
                    "type": "integer",
                    "minimum": 0,
                    "description": "How many are on this page.",
                },
                "sort": {"type": "array", "items": {"type": "string"}},
                "next_cursor": {
                    "type": ["string", "null"],
                    "description": "Sent back as `cursor`, it gets what comes next; null at the"
                    " end.",
                },
            },
            required=("size", "count", "sort", "next_cursor"),
            description="Where this page stands in the collection.",
        ),
        "Fault": record(
            {
                "field": {
                    "type": "string",
                    "description": "Where: a member, a path to it or a parameter.",
                },
                "code": ref("ProblemCode"),
                "message": {"type": "string", "description": "What is allowed, in words."},
            },
            required=("field", "code", "message"),
            description="One wrong field.",
        ),
        "ProblemCode": _code("What is wrong, for programs. Codes are never renamed."),
        "Problem": record(
            {
                "type": {"type": "string", "format": "uri-reference"},
                "title": {"type": "string"},
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "detail": {"type": "string", "description": "What to do about it, in words."},
                "code": ref("ProblemCode"),
                "errors": array_of("Fault"),
                "message": {"type": "string", "description": "The same as `detail`."},
                "correlation_id": {"type": "string"},
                "sent_at": ref("SentAt"),
                "occ_lock": {
                    "type": "integer",
                    "description": "The version that is there, where another was expected.",
                },
                "allowed": {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "The query parameters that the path takes.",
                },
                "limit": {"type": "integer", "description": "The most bytes a body may have."},
                "job": {"type": "string", "description": "The job that has to end first."},
                "referrers": {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "What still refers to the attribute.",
                },
            },
            required=(
                "type",
                "title",
                "status",
                "detail",
                "code",
                "errors",
                "message",
                "correlation_id",
                "sent_at",
            ),
            description="Every refusal (RFC 9457).",
        ),
    },
    parameters={
        "page": in_query(
            "page",
            {"type": "integer", "minimum": 1, "maximum": paging.FURTHEST, "default": 1},
            "Which page, from 1. Not together with `cursor`.",
        ),
        "size": in_query(
            "size",
            {
                "type": "integer",
                "minimum": 1,
                "maximum": paging.LARGEST_PAGE,
                "default": paging.PAGE_SIZE,
            },
            "How many on a page.",
        ),
        "cursor": in_query(
            "cursor",
            {"type": "string", "minLength": 1, "maxLength": paging.LONGEST_CURSOR},
            "`page.next_cursor` of the page before, for the same query. It costs the same at any"
            " depth.",
        ),
        "If-Match": _in_header(
            "If-Match", "Change only the version that has this `ETag`; else 412.", '"4"'
        ),
        "If-None-Match": _in_header(
            "If-None-Match", "The `ETag` of the version that you have; 304 if it is current.", '"4"'
        ),
    },
)
