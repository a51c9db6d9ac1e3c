"""What Django answers where no view does: a page in the admin, a problem everywhere else."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from incidents_project.http import problem
from incidents_project.http.browser import in_admin

_TEMPLATE = "admin/error.html"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 400."""
    return _answer(request, 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 403."""
    return _answer(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 404."""
    return _answer(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's 500; Django has logged the exception."""
    told = problem.plain(500)
    if not in_admin(request.path_info):
        return problem.answer(told)
    # The database may be what is wrong: no session, no user and no menu are read.
    site = {"site_header": admin.site.site_header, "site_title": admin.site.site_title}
    return HttpResponse(render_to_string(_TEMPLATE, {**site, **told.body}), status=500)


def _answer(request: HttpRequest, status: int) -> HttpResponse:
    told = problem.plain(status)
    if not in_admin(request.path_info):
        return problem.answer(told)
    context = {**admin.site.each_context(request), **told.body}
    return HttpResponse(render_to_string(_TEMPLATE, context, request), status=status)
