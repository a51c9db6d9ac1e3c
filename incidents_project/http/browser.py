"""Django's middleware for pages, which the API passes by: it has no cookies, forms or scripts."""

from typing import cast

from csp.middleware import CSPMiddleware
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

API = "/v1/"


class _ForPages(MiddlewareMixin):
    """Passes requests of the API straight on."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, with or without what the middleware does."""
        pass_on = self.get_response if request.path.startswith(API) else super().__call__
        return cast("HttpResponseBase", pass_on(request))  # never a coroutine: we serve threads


class ContentSecurityPolicy(_ForPages, CSPMiddleware):
    """``Content-Security-Policy`` on pages."""


class Sessions(_ForPages, SessionMiddleware):
    """Who is logged in to the admin."""


class Authentication(_ForPages, AuthenticationMiddleware):
    """``request.user`` on pages; the API has principals."""


class Messages(_ForPages, MessageMiddleware):
    """What the admin tells after a change."""
