"""Around every request: its correlation id, its log line, and problems where Django has pages."""

import logging
import time
from collections.abc import Callable
from functools import lru_cache

import orjson
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.request import split_domain_port, validate_host

from incidents_project.http import correlation, logs, problem
from incidents_project.http.browser import in_admin

_PROBES = frozenset({"/livez", "/readyz"})  # asked by address, from inside the cluster
_BODILESS = frozenset({204, 304})

_log = logging.getLogger("incidents.request")


class RequestMiddleware:
    """The outermost middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, under its correlation id, logged."""
        started = time.perf_counter()
        meta = request.META
        entered = correlation.enter(
            meta.get("HTTP_X_CORRELATION_ID"), meta.get("HTTP_X_REQUEST_ID")
        )
        if request.encoding is not None:
            # Django would read the query in the body's charset, whatever codec that names.
            request.encoding = "utf-8"
        try:
            response = _refusal(request) or self.get_response(request)
            if isinstance(response, HttpResponse):
                _finish(request, response)
            response.headers["X-Correlation-ID"] = correlation.current()
            _write_line(request, response.status_code, time.perf_counter() - started)
            return response
        finally:
            correlation.leave(entered)


def _refusal(request: HttpRequest) -> HttpResponse | None:
    """What no view should have to look at."""
    meta = request.META
    if "HTTP_TRANSFER_ENCODING" in meta and not meta.get("CONTENT_LENGTH"):
        return problem.answer(problem.plain(411))
    if "\0" in request.path_info:
        return problem.answer(problem.plain(404))
    if "%00" in meta.get("QUERY_STRING", ""):
        return problem.refuse("bad_character", "Query parameters may not hold NUL characters.")
    host = meta.get("HTTP_HOST", "")
    if not _is_admitted(host, tuple(settings.ALLOWED_HOSTS)) and request.path_info not in _PROBES:
        try:
            request.get_host()
        except DisallowedHost:
            return problem.refuse("bad_host", problem.CODES["bad_host"])
    return None


@lru_cache(maxsize=256)
def _is_admitted(host: str, allowed: tuple[str, ...]) -> bool:
    """Whether Django would take this host, by what it is usually asked; it has the last word."""
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, allowed)


def _finish(request: HttpRequest, response: HttpResponse) -> None:
    """Problems instead of pages, and a length instead of chunks."""
    status = response.status_code
    if status in _BODILESS:
        return
    if status >= 400 and _is_page(response) and not in_admin(request.path_info):
        told = problem.plain(status)
        response.content = orjson.dumps(told.body)
        response.headers["Content-Type"] = problem.CONTENT_TYPE
    response.headers["Content-Length"] = str(len(response.content))
    if request.method == "HEAD":
        response.content = b""


def _is_page(response: HttpResponse) -> bool:
    return not response.headers.get("Content-Type", "").startswith("application/")


def _write_line(request: HttpRequest, status: int, seconds: float) -> None:
    match = request.resolver_match
    principal = getattr(request, "principal", None)
    logs.write(
        _log,
        logging.ERROR if status >= 500 else logging.INFO,
        "request",
        method=request.method,
        route=match.route if match else None,
        status=status,
        milliseconds=round(seconds * 1000, 2),
        tenant=principal.tenant_id if principal else None,
        subject=principal.subject if principal else None,
    )
