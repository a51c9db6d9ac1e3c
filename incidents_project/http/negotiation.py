"""Which bodies the API takes, and which Accept headers admit its own."""

from collections.abc import Iterable
from functools import lru_cache

from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from incidents_project.http import problem


class JSON(BaseRenderer):
    """What the API answers with. There is nothing to render: a ``Response`` is written already."""

    media_type = "application/json"
    format = "json"


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
        media_type = renderer.media_type or JSON.media_type
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
