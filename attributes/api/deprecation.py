"""Telling clients what they use that is on its way out (RFC 9745 and RFC 8594)."""

from collections.abc import Collection, Iterator
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.http import http_date

from accounts.viewsets import PrincipalViewSet
from attributes import deprecation
from attributes.deprecation import Notice

HEADERS = ("Deprecation", "Sunset", "Link")
_MOST_LINKS = 10  # a header must not grow with the request


class NamingViewSet(PrincipalViewSet):
    """A view set whose requests name attributes.

    What a request should name no more is said in the headers of its answer, also of a refusal.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, and say so."""
        with deprecation.watched() as notices:
            response = super().dispatch(request, *args, **kwargs)
        for header, value in headers(notices):
            response.headers[header] = value
        return response


def headers(notices: Collection[Notice]) -> Iterator[tuple[str, str]]:
    """Since when the first of them is deprecated, when the first will go, and what they are."""
    if not notices:
        return
    yield "Deprecation", f"@{int(min(notice.since for notice in notices).timestamp())}"
    ends = [notice.until for notice in notices if notice.until is not None]
    if ends:
        yield "Sunset", http_date(min(ends).timestamp())
    names = sorted({notice.attribute for notice in notices})[:_MOST_LINKS]
    links = (f'</v1/incident/attributes/{name}>; rel="deprecation"' for name in names)
    yield "Link", ", ".join(links)
