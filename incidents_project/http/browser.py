"""Django's middleware for pages, which the API passes by: it has no cookies, forms or scripts.

``Fork`` stands before that middleware and ``Join`` behind it.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware

API = "/v1/"

Handler = Callable[[HttpRequest], HttpResponseBase]


def in_admin(path: str) -> bool:
    """Whether a person looks at what is answered there."""
    return path == "/admin" or path.startswith("/admin/")


class Join:
    """Where both ways meet again, before the view."""

    # Django makes the middleware from the view outwards: the fork finds the join made before it.
    behind: ClassVar[Handler]

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        Join.behind = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """What comes behind."""
        return self.get_response(request)


class Fork:
    """Sends requests of the API straight to the join.

    What Django's middleware says of security in the headers of every answer is the same for all of
    the API's, so it is found out once.
    """

    def __init__(self, get_response: Handler) -> None:
        self._of_pages = get_response
        self._of_api = Join.behind
        self._security = SecurityMiddleware(get_response)
        self._frames = XFrameOptionsMiddleware(get_response)
        self._headers: dict[bool, Mapping[str, str]] = {}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, the one way or the other."""
        if not request.path.startswith(API):
            return self._of_pages(request)
        response = self._security.process_request(request) or self._of_api(request)
        for name, value in self._said(request).items():
            response.headers.setdefault(name, value)
        return response

    def _said(self, request: HttpRequest) -> Mapping[str, str]:
        """The headers of security over HTTPS, or without."""
        secure = request.is_secure()
        if secure not in self._headers:
            blank = HttpResponse()
            del blank.headers["Content-Type"]
            blank = self._security.process_response(request, blank)
            self._headers[secure] = dict(self._frames.process_response(request, blank).headers)
        return self._headers[secure]
