"""Refusals out: whatever went wrong, the answer is ``application/problem+json`` (RFC 9457).

``describe`` turns any exception into a problem. It never repeats the text of an exception that it
does not know: that goes to the log.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from typing import Any

import orjson
import psycopg
import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from psycopg import errors
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError

from incidents_project import refusals
from incidents_project.http import correlation
from incidents_project.http.envelope import now
from incidents_project.refusals import Fault, Refusal

CONTENT_TYPE = "application/problem+json"

CODES: dict[str, str] = {
    "already_set": "The attribute already has a value; use PUT to replace it.",
    "ambiguous": "Text could be read in more than one way.",
    "bad_character": "Text holds a NUL character or a lone surrogate.",
    "bad_cursor": "The cursor was not issued for this query, or was damaged on the way.",
    "bad_encoding": "The body is not UTF-8, or starts with a byte order mark.",
    "bad_filter": "A filter is sent twice, or has too many terms.",
    "bad_host": "The Host header names no host of this service.",
    "bad_number": "A number is not finite or has more than 40 digits when written out.",
    "bad_page": "page is not a whole number from 1.",
    "bad_request": "The request could not be read.",
    "bad_size": "size is not a whole number from 1 to 100.",
    "bad_sort": "sort does not name fields that can be sorted by, each once.",
    "bad_total": "total is neither exact nor none.",
    "blank": "Text must have a character that can be seen.",
    "body_cut_short": "The connection broke before the whole body arrived.",
    "body_too_large": "The body is over the limit.",
    "busy": "Others hold what this request needs; try again.",
    "conflict": "The state of things does not allow this.",
    "contradiction": "No value could satisfy the rules together.",
    "database_unavailable": "The database cannot be reached; try again.",
    "deprecated": "The attribute is deprecated, and the incident has no value of it.",
    "duplicate_entry": "A document says the same name or uid twice.",
    "duplicate_member": "A JSON object names a member twice.",
    "duplicate_option": "An option stands there twice.",
    "empty_body": "A body is needed and there is none.",
    "forbidden": "The token is good, but lacks the role.",
    "future_only": "The time must be in the future.",
    "host_not_allowed": "The address is on a host that the attribute does not allow.",
    "impossible_conversion": "No value of the one type is one of the other.",
    "in_use": "Something still uses it.",
    "index_budget": "As many attributes are indexed as may be.",
    "internal_error": "A fault of the service; the log has it under the correlation_id.",
    "invalid": "Values were refused; errors lists them.",
    "invalid_format": "The format of a time cannot be read or written by.",
    "invalid_name": "The name has characters, or a length, that a name must not have.",
    "invalid_pattern": "The regular expression cannot be read.",
    "invalid_text": "Text holds a NUL character or half a surrogate pair.",
    "job_open": "A job works on the attribute's values; job is its id.",
    "length_required": "A body needs a Content-Length.",
    "line_break": "Text must be one line.",
    "maximum": "The value is over the largest one allowed.",
    "method_not_allowed": "The path does not take this method; Allow lists those it takes.",
    "minimum": "The value is under the smallest one allowed.",
    "missing_entry": "Something is deployed that the document does not name.",
    "name_taken": "Another one has this name; upper and lower case are the same.",
    "named_twice": "An attribute is named by its name and by a former one.",
    "network_not_allowed": "The address is in a network that the attribute does not allow.",
    "no_offset": "A time does not say its offset from UTC.",
    "no_such_reference": "The value refers to an incident that is not there.",
    "no_tenant": "The token names no tenant.",
    "not_acceptable": "The Accept header does not admit application/json.",
    "not_allowed": "The plan has steps of a class that must be allowed.",
    "not_applicable": "Incidents of this type do not have the attribute.",
    "not_authenticated": "There is no token, or not a good one.",
    "not_found": "It is not there.",
    "not_migrated": "The database waits for manage.py migrate.",
    "not_now": "The state of the attribute or the job does not allow this.",
    "not_one": "A list of options has none or several, where one is wanted.",
    "not_plain": "The document has an anchor, an alias or a tag of YAML.",
    "not_unique": "Another incident has the value, which no two may have.",
    "nothing_to_undo": "There is no type to go back to.",
    "out_of_range": "The number does not fit.",
    "outside_box": "The point lies outside of what the attribute allows.",
    "past": "The time is over already.",
    "past_only": "The time must be in the past.",
    "pattern": "Text does not match the attribute's pattern.",
    "pattern_too_costly": "The regular expression could take too long.",
    "plan_required": "Values are destroyed before their time only with the plan of a preview.",
    "precondition_failed": "If-Match does not hold.",
    "precondition_required": "An update needs occ_lock or If-Match.",
    "read_only": "The member cannot be changed here.",
    "refused": "The request was refused.",
    "required": "The member must be there.",
    "reserved_name": "The name belongs to an incident's own field.",
    "retired_option": "The option cannot be chosen any more.",
    "role_too_powerful": "The service's database role could bypass row-level security.",
    "same_type": "The attribute is of this type.",
    "schema": "The value breaks the attribute's JSON Schema, or that schema cannot be used.",
    "schema_busy": "The attributes are being changed; try again.",
    "schema_too_slow": "The JSON Schema could take too long.",
    "scheme_not_allowed": "The address has a scheme that the attribute does not allow.",
    "stale_object": "It was changed since it was read; occ_lock says the version that is there.",
    "stale_plan": "The plan is of another change, or the attributes were changed since.",
    "throttled": "Too many requests; Retry-After says how long to wait.",
    "too_deep": "The body nests objects and arrays too deep.",
    "too_few": "There are not enough of them.",
    "too_long": "Text has too many characters.",
    "too_many": "There are too many of them.",
    "too_many_digits": "The number has more than 40 digits when written out.",
    "too_precise": "A time is finer than can be kept.",
    "too_short": "Text has too few characters.",
    "too_slow": "The database took too long and was stopped.",
    "type_changing": "The type is being changed, and the next one cannot hold the value.",
    "unavailable": "Not now; try again.",
    "unknown_argument": "The conversion has no such argument.",
    "unknown_attribute": "There is no such attribute.",
    "unknown_change": "There is no such change.",
    "unknown_code": "The code tables of this installation do not have it.",
    "unknown_field": "There is no such member.",
    "unknown_operator": "The field has no such operator.",
    "unknown_option": "There is no such option.",
    "unknown_option_set": "There is no such option set.",
    "unknown_parameter": "A query parameter that this path does not take.",
    "unknown_rule": "The type has no such rule.",
    "unknown_state": "There is no such state.",
    "unknown_type": "There is no such type.",
    "unknown_zone": "There is no such time zone.",
    "unreadable_json": "The body is not JSON.",
    "unreadable_yaml": "The document is no object in YAML or JSON.",
    "unsupported_media_type": "The body is not application/json in UTF-8.",
    "wrong_type": "A value has the wrong JSON type.",
}

# What is said for a status when nobody had anything better to say.
_PLAINLY: dict[int, tuple[str, str]] = {
    400: ("bad_request", "The request could not be read."),
    401: ("not_authenticated", "Send a token as 'Authorization: Bearer <token>'."),
    403: ("forbidden", "This is not allowed."),
    404: ("not_found", "There is nothing here."),
    405: ("method_not_allowed", "This path does not take that method; Allow lists those it takes."),
    406: ("not_acceptable", "Answers are application/json, which the Accept header must admit."),
    411: ("length_required", "Send the body with a Content-Length, not chunked."),
    413: ("body_too_large", "The body is over the limit."),
    415: ("unsupported_media_type", "Send the body as application/json, in UTF-8."),
    429: ("throttled", "Too many requests; wait as long as Retry-After says."),
    500: ("internal_error", "Something went wrong here; the correlation_id finds it in the log."),
    503: ("unavailable", "Not now; try again."),
}
_TITLES = {status.value: status.phrase for status in HTTPStatus} | {413: "Content Too Large"}

_log = structlog.stdlib.get_logger("incidents.http")


class BodyTooLarge(Refusal):
    """A body over the limit, whether or not it says so."""

    default_code = "body_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body may have {limit} bytes at most.", members={"limit": limit})


class UnsupportedMediaType(Refusal):
    """A body that is not JSON in UTF-8 by its own account."""

    default_code = "unsupported_media_type"

    def __init__(self) -> None:
        super().__init__(_PLAINLY[415][1])


_STATUS: dict[type, int] = {
    BodyTooLarge: 413,
    UnsupportedMediaType: 415,
    refusals.Invalid: 400,
    refusals.NotFound: 404,
    refusals.Forbidden: 403,
    refusals.Conflict: 409,
    refusals.PreconditionFailed: 412,
    refusals.PreconditionRequired: 428,
    refusals.Unavailable: 503,
    Refusal: 400,
}
# In this order: the body that is too big is also suspicious.
_DJANGO: tuple[tuple[type[Exception], int], ...] = (
    (Http404, 404),
    (PermissionDenied, 403),
    (RequestDataTooBig, 413),
    (SuspiciousOperation, 400),
)
_BUSY = (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure)
_AWAY = (
    OperationalError,
    InterfaceError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
)


@dataclass(frozen=True, slots=True)
class Problem:
    """A status, the members of the body, and the headers that go with them."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    faults: Iterable[Fault] = (),
    members: dict[str, Any] | None = None,
    correlation_id: str,
) -> dict[str, Any]:
    """The members of a problem, as the contract names them."""
    return {
        "type": "about:blank",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "code": code,
        "errors": [asdict(fault) for fault in faults],
        "message": detail,
        "correlation_id": correlation_id,
        "sent_at": now(),
        **(members or {}),
    }


def handle(exc: Exception, context: dict[str, Any]) -> HttpResponse:
    """Django REST framework's exception handler; there is nothing that it leaves to others."""
    return answer(describe(exc))


def describe(exc: Exception) -> Problem:
    """``exc`` as a problem, logged where it is the service's own fault."""
    if isinstance(exc, Refusal):
        return _of_refusal(exc)
    if isinstance(exc, APIException):
        return _of_api_exception(exc)
    for kind, status in _DJANGO:
        if isinstance(exc, kind):
            return plain(status)
    if isinstance(exc, UnreadablePostError):
        return _problem(400, "body_cut_short", CODES["body_cut_short"])
    return _of_database(exc) or _internal(exc)


def plain(status: int) -> Problem:
    """What is said for ``status`` when there is nothing to add."""
    code, detail = _PLAINLY.get(status) or _PLAINLY[500 if status >= 500 else 400]
    return _problem(status, code, detail)


def answer(told: Problem) -> HttpResponse:
    """A problem as an answer."""
    content = orjson.dumps(told.body)
    return HttpResponse(content, CONTENT_TYPE, told.status, headers=told.headers)


def refuse(code: str, detail: str) -> HttpResponse:
    """A 400 from where no view has been reached yet."""
    return answer(_problem(400, code, detail))


@csrf_exempt
def no_such_path(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
    """The last route: takes every path that no other one took, so that DEBUG shows no page."""
    return answer(plain(404))


def _problem(status: int, code: str, detail: str, **headers: str) -> Problem:
    body = problem(status, code, detail, correlation_id=correlation.current())
    return Problem(status, body, {name.replace("_", "-"): text for name, text in headers.items()})


def _of_refusal(exc: Refusal) -> Problem:
    status = next(_STATUS[kind] for kind in type(exc).__mro__ if kind in _STATUS)
    headers = {}
    if isinstance(exc, refusals.Unavailable):
        headers["Retry-After"] = str(exc.retry_after)
    body = problem(
        status,
        exc.code,
        exc.detail,
        faults=exc.faults,
        members=exc.members,
        correlation_id=correlation.current(),
    )
    return Problem(status, body, headers)


def _of_api_exception(exc: APIException) -> Problem:
    if isinstance(exc, ValidationError):
        return _of_refusal(refusals.Invalid.because(_faults(exc.detail, "")))
    if exc.status_code >= 500:
        return _internal(exc)
    told = plain(exc.status_code)
    detail = exc.detail
    # An exception with words of its own keeps them; the framework's are not better than ours.
    if (
        exc.status_code in {401, 403}
        and isinstance(detail, ErrorDetail)
        and str(detail) != str(exc.default_detail)
    ):
        told.body["detail"] = told.body["message"] = str(detail)
        if detail.code in CODES:
            told.body["code"] = detail.code
    if header := getattr(exc, "auth_header", None):
        told.headers["WWW-Authenticate"] = header
    if wait := getattr(exc, "wait", None):
        told.headers["Retry-After"] = str(int(wait))
    return told


def _faults(detail: Any, path: str) -> Iterable[Fault]:
    """The leaves of a serializer's errors, each with the path to its field."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _faults(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, (dict, list))
            yield from _faults(inner, f"{path}[{index}]" if nested else path)
    else:
        yield Fault(path, getattr(detail, "code", "invalid"), str(detail))


def _of_database(exc: Exception) -> Problem | None:
    """A database that is away or overloaded is not a fault of the request or of the service."""
    cause = exc if isinstance(exc, psycopg.Error) else exc.__cause__
    if isinstance(cause, errors.QueryCanceled):
        code = "too_slow"
    elif isinstance(cause, _BUSY):
        code = "busy"
    elif isinstance(exc, _AWAY) or isinstance(cause, errors.ReadOnlySqlTransaction):
        code = "database_unavailable"
    else:
        return None
    _log.warning(code, error=f"{type(cause or exc).__name__}: {exc}")
    return _problem(503, code, CODES[code], Retry_After="1")


def _internal(exc: Exception) -> Problem:
    _log.error("internal_error", exc_info=exc)
    return plain(500)
