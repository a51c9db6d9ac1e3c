"""Django's middleware for pages, which the API passes by: it has no cookies, forms or scripts.

``Fork`` stands before that middleware and ``Join`` behind it.
"""

from collections.abc import Callable
from typing import ClassVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase

API = "/v1/"

Handler = Callable[[HttpRequest], HttpResponseBase]


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
    """Sends requests of the API straight to the join."""

    def __init__(self, get_response: Handler) -> None:
        self._of_pages = get_response
        self._of_api = Join.behind

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, the one way or the other."""
        if request.path.startswith(API):
            return self._of_api(request)
        return self._of_pages(request)
