"""Versions in headers: ``ETag``, ``If-Match`` and ``If-None-Match`` (RFC 9110, section 13)."""

import re
from decimal import Decimal

from django.http import HttpRequest
from rest_framework.request import Request

from incidents_project.refusals import Fault, Invalid, PreconditionFailed, PreconditionRequired
from incidents_project.versions import Expected

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"')
_TAGS = re.compile(rf"\s*{_TAG.pattern}(?:\s*,\s*{_TAG.pattern})*\s*")
_LOCK = re.compile(r"[0-9]{1,18}")
AnyRequest = HttpRequest | Request


def etag(occ_lock: int) -> str:
    """The entity tag of a version."""
    return f'"{occ_lock}"'


def _tags(header: str) -> list[tuple[str, str]]:
    """The tags of a header, each with its mark of weakness; none of one that is malformed."""
    return _TAG.findall(header) if _TAGS.fullmatch(header) else []


def none_match(request: AnyRequest, version: int | str) -> bool:
    """Whether ``If-None-Match`` says the client holds this version already."""
    header = request.META.get("HTTP_IF_NONE_MATCH")
    if header is None:
        return False
    return header.strip() == "*" or any(tag == str(version) for _, tag in _tags(header))


def expected(request: AnyRequest, body: dict[str, object] | None = None) -> Expected:
    """What the request says of the version it changes: ``occ_lock`` in its body, ``If-Match``."""
    return Expected(_occ_lock(body or {}), lambda current: _check_if_match(request, current))


def required(request: AnyRequest, body: dict[str, object]) -> Expected:
    """As ``expected``, but one of ``occ_lock`` and ``If-Match`` must be sent (428)."""
    if body.get("occ_lock") is None and "HTTP_IF_MATCH" not in request.META:
        raise PreconditionRequired(
            "Say which version you change: send the occ_lock that you read, or If-Match with the"
            " ETag."
        )
    return expected(request, body)


def _occ_lock(body: dict[str, object]) -> int | None:
    raw = body.get("occ_lock")
    if raw is None:
        return None
    # 7.0 is a whole number to JSON; true is none, though an int to Python.
    if isinstance(raw, int | Decimal) and not isinstance(raw, bool):
        if 0 <= raw < 2**63 and raw == int(raw):
            return int(raw)
    elif isinstance(raw, str) and _LOCK.fullmatch(raw):
        return int(raw)
    raise Invalid.because([Fault("occ_lock", "wrong_type", "Must be a whole number from 0.")])


def _check_if_match(request: AnyRequest, occ_lock: int) -> None:
    """Refuse (412) unless ``If-Match``, where sent, admits this version. Weak tags never do."""
    header = request.META.get("HTTP_IF_MATCH")
    if header is None or header.strip() == "*":
        return
    if not any(tag == str(occ_lock) and not weak for weak, tag in _tags(header)):
        raise PreconditionFailed(
            "It was changed since you read it. Read it again and repeat your change.",
            members={"occ_lock": occ_lock},
        )
