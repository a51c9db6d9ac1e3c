"""JSON in, strictly: what is accepted here can be stored and read back exactly.

The standard decoder does the reading. What it would let through (depth, duplicate members, numbers
the database cannot hold, NUL, lone surrogates) is refused around it, and each walk over the body
is made only when its bytes can hold such a thing.
"""

import codecs
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from itertools import accumulate, islice
from typing import IO, Any, NoReturn

from django.conf import settings
from django.http import UnreadablePostError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from incidents_project.http.problem import BodyTooLarge, UnsupportedMediaType
from incidents_project.refusals import MOST_FAULTS, Fault, Invalid

DEPTH = 32  # objects and arrays inside one another
DIGITS = 40  # of a number written out plainly, without an exponent

_LONGEST_LITERAL = 64  # sign, point and exponent included: no more is looked at
_STEPS = {ord("{"): 1, ord("["): 1, ord("}"): -1, ord("]"): -1}
_NOT_BRACKETS = bytes(set(range(256)) - set(_STEPS))
# Possessive, and the closing quote may be missing: linear on any input.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_SUSPECT_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])").search
_BAD_CHARACTER = re.compile("[\0\ud800-\udfff]")


def loads(body: bytes, *, depth: int = DEPTH, what: str = "The body") -> Any:
    """The value that ``body`` denotes; ``Invalid`` with a code when it is not one of ours.

    A number written without fraction and exponent is an ``int``, any other is a ``Decimal``.
    ``what`` is how a refusal calls it.
    """
    if body.count(b"[") + body.count(b"{") > depth and _depth(body) > depth:
        _refuse("too_deep", f"Objects and arrays may be nested {depth} deep at most.")
    try:
        value = _decode(_text(body, what))
    except json.JSONDecodeError as error:
        reason = error.msg[:1].lower() + error.msg[1:]
        detail = f"{what} is not JSON: {reason} at line {error.lineno}, column {error.colno}."
        raise Invalid(detail, code="unreadable_json") from None
    if _SUSPECT_ESCAPE(body):
        faults = tuple(islice(_bad_characters(value, ""), MOST_FAULTS))
        if faults:
            detail = f"{what} holds text that cannot be stored."
            raise Invalid(detail, code="bad_character", faults=faults)
    return value


class StrictJSONParser(BaseParser):
    """``application/json`` in UTF-8, of at most ``settings.BODY_LIMIT`` bytes."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The body's value."""
        request = (parser_context or {})["request"]
        charset = request.content_params.get("charset", "utf-8")
        encoding = request.META.get("HTTP_CONTENT_ENCODING", "identity")
        if charset.lower() not in {"utf-8", "utf8"} or encoding.lower() != "identity":
            raise UnsupportedMediaType
        limit = settings.BODY_LIMIT
        # Without a number in Content-Length the request would have no stream.
        length = int(request.META["CONTENT_LENGTH"])
        if length > limit:
            raise BodyTooLarge(limit)
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLarge(limit)
        if len(body) < length:  # though what there is may be JSON
            raise UnreadablePostError
        return loads(body)


def body_object(request: Request, *, optional: bool = False) -> dict[str, Any]:
    """The request's body, which must be a JSON object; no body is an empty one if ``optional``."""
    if request.stream is None:
        if optional:
            return {}
        _refuse("empty_body", "The body is empty; send a JSON object.")
    data = request.data
    if not isinstance(data, dict):
        _refuse("wrong_type", "The body must be a JSON object.")
    return data


def _text(body: bytes, what: str) -> str:
    if body.startswith(codecs.BOM_UTF8):
        _refuse("bad_encoding", f"{what} starts with a byte order mark; send UTF-8 without one.")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise Invalid(
            f"{what} must be UTF-8; byte {error.start} is not.", code="bad_encoding"
        ) from None
    if not text or text.isspace():
        _refuse("empty_body", f"{what} is empty; send JSON.")
    return text


def _depth(body: bytes) -> int:
    brackets = _STRING.sub(b"", body).translate(None, _NOT_BRACKETS)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        twice = _shown(Counter(name for name, _ in pairs).most_common(1)[0][0])
        fault = Fault(twice, "duplicate_member", f'"{twice}" stands more than once in one object.')
        raise Invalid(fault.message, code=fault.code, faults=[fault])
    return members


def _integer(literal: str) -> int:
    if len(literal) > DIGITS and len(literal.removeprefix("-")) > DIGITS:
        _refuse_number(literal)
    return int(literal)


def _fraction(literal: str) -> Decimal:
    if len(literal) > _LONGEST_LITERAL:
        _refuse_number(literal)
    try:
        value = Decimal(literal)
    except InvalidOperation:  # an exponent of twenty digits
        _refuse_number(literal)
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)  # noqa: S101 - only NaN and infinities have another one
    if max(len(digits) + exponent, 1) + max(-exponent, 0) > DIGITS:
        _refuse_number(literal)
    return value or value.copy_abs()  # no negative zero


def _constant(literal: str) -> NoReturn:
    _refuse("bad_number", f"{literal} is not a JSON number.")


_decode = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_fraction, parse_constant=_constant
).decode


def _bad_characters(value: Any, path: str) -> Iterator[Fault]:
    """A fault for each text, keys as well, that holds NUL or half a character."""
    if isinstance(value, str):
        if _BAD_CHARACTER.search(value):
            message = "NUL characters and lone surrogates are not allowed."
            yield Fault(path, "bad_character", message)
    elif isinstance(value, dict):
        for name, member in value.items():
            where = f"{path}.{_shown(name)}" if path else _shown(name)
            yield from _bad_characters(name, where)
            yield from _bad_characters(member, where)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _bad_characters(item, f"{path}[{index}]")


def _shown(name: str) -> str:
    """``name``, short and printable whatever is in it."""
    return _BAD_CHARACTER.sub("?", _short(name))


def _short(text: str) -> str:
    return text if len(text) <= DIGITS else f"{text[:DIGITS]}..."


def _refuse_number(literal: str) -> NoReturn:
    detail = f"Numbers may have {DIGITS} digits when written out; {_short(literal)} has more."
    _refuse("bad_number", detail)


def _refuse(code: str, detail: str) -> NoReturn:
    raise Invalid(detail, code=code)
