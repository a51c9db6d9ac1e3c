"""From the server to the middleware and back."""

from collections.abc import Iterable
from typing import Any

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.db import connection

from incidents_project.http.browser import API


class Handler(WSGIHandler):
    """Django's, with a short way for the API: it has no cookies, no streams and no uploads.

    Nobody is told there that a request begins or ends: all that would be done is to let go of a
    connection that has gone bad or lived its time, and that is done here.
    """

    def __call__(  # type: ignore[override] # Django's answer is one of these
        self, environ: dict[str, Any], start_response: Any
    ) -> Iterable[bytes]:
        """The answer as WSGI wants it; of the API's the whole body is one piece."""
        if not environ["PATH_INFO"].startswith(API):
            return super().__call__(environ, start_response)
        try:
            # The outermost is our own, which lets no exception out.
            response = self._middleware_chain(WSGIRequest(environ))  # type: ignore[attr-defined]
            status = f"{response.status_code} {response.reason_phrase}"
            start_response(status, list(response.headers.items()))
            return [response.content]
        finally:
            connection.close_if_unusable_or_obsolete()
