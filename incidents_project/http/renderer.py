"""JSON out: the envelope around every success, problems as they are, numbers exact."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson
from django.utils.functional import Promise
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from incidents_project.http import problem
from incidents_project.http.envelope import Envelope, now

_BODILESS = frozenset({204, 304})
_WIDEST = 2**64  # what orjson writes as an integer ends here


def dumps(value: Any) -> bytes:
    """JSON text in which no number was rounded; times of the UTC zone end in ``Z``."""
    try:
        return orjson.dumps(value, default=_exact, option=orjson.OPT_UTC_Z)
    except orjson.JSONEncodeError as error:
        if "64-bit" not in str(error):
            raise
    return orjson.dumps(_widened(value), default=_exact, option=orjson.OPT_UTC_Z)


class EnvelopeRenderer(BaseRenderer):
    """``{"data": ..., "sent_at": ...}``, with ``page`` where the data is an ``Envelope``."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """The answer's body; empty where the status allows none."""
        response = (renderer_context or {})["response"]
        if response.status_code in _BODILESS:
            return b""
        if response.content_type == problem.CONTENT_TYPE:
            return dumps(data)
        if not isinstance(data, Envelope):
            return dumps({"data": data, "sent_at": now()})
        if data.page is None:
            return dumps({"data": data.data, "sent_at": now()})
        return dumps({"data": data.data, "page": data.page, "sent_at": now()})


class JSONNegotiation(BaseContentNegotiation):
    """One renderer per view, which the Accept header admits or not; one parser, by its type."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """The parser of exactly this media type."""
        media_type = request.content_type.partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """The view's renderer, or 406."""
        renderer = next(iter(renderers))
        media_type = renderer.media_type or EnvelopeRenderer.media_type
        if not _admits(request.META.get("HTTP_ACCEPT", "*/*"), media_type):
            raise NotAcceptable
        return renderer, media_type


@lru_cache(maxsize=256)
def _admits(accept: str, media_type: str) -> bool:
    wanted = {"*/*", "application/*", "application/json", problem.CONTENT_TYPE, media_type}
    for entry in accept.lower().split(","):
        name, *parameters = (part.strip() for part in entry.split(";"))
        if name in wanted and not any(_is_zero_quality(part) for part in parameters):
            return True
    return not accept.strip()


def _is_zero_quality(parameter: str) -> bool:
    return parameter.startswith("q=0") and not parameter[3:].strip(".0")


def _exact(value: Any) -> Any:
    """What orjson does not know by itself."""
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(format(value, "f"))
    if isinstance(value, Promise):  # a text that Django translates late
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _widened(value: Any) -> Any:
    """``value`` with every integer that orjson refuses written out."""
    if isinstance(value, dict):
        return {name: _widened(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_widened(item) for item in value]
    if isinstance(value, int) and not -(2**63) <= value < _WIDEST:
        return orjson.Fragment(str(value))
    return value
