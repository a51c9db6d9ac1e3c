"""Routes that go wrong in every way there is."""

import django.db
import psycopg
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpResponse, HttpResponseNotAllowed, UnreadablePostError
from django.urls import path, re_path
from rest_framework import exceptions
from rest_framework.views import APIView

from incidents_project import error_pages, refusals
from incidents_project.http import correlation, problem
from incidents_project.http.parser import body_object
from incidents_project.http.response import Response


def from_database(cause):
    error = django.db.OperationalError("host=db.internal user=x")
    error.__cause__ = cause
    return error


class NoToken(exceptions.NotAuthenticated):
    auth_header = "Bearer"


RAISED = {
    "invalid": refusals.Invalid.because([refusals.Fault("a", "required", "Needed.")]),
    "not_found": refusals.NotFound("No such incident."),
    "forbidden": refusals.Forbidden("No.", code="no_tenant"),
    "conflict": refusals.Conflict("Stale.", code="stale_object", members={"occ_lock": 7}),
    "precondition_failed": refusals.PreconditionFailed("No."),
    "precondition_required": refusals.PreconditionRequired("No."),
    "unavailable": refusals.Unavailable("Later.", retry_after=7),
    "refused": refusals.Refusal("No."),
    "http404": Http404("No Incident matches the secret query."),
    "denied": PermissionDenied("secret"),
    "too_big": RequestDataTooBig("secret"),
    "suspicious": SuspiciousOperation("secret"),
    "unreadable": UnreadablePostError("secret"),
    "database": from_database(psycopg.errors.ConnectionTimeout("secret")),
    "slow": from_database(psycopg.errors.QueryCanceled("secret")),
    "deadlock": from_database(psycopg.errors.DeadlockDetected("secret")),
    "raw": psycopg.OperationalError("secret"),
    "interface": django.db.InterfaceError("secret"),
    "bug": KeyError("secret"),
    "api_bug": exceptions.APIException("secret"),
    "no_token": NoToken(),
    "throttled": exceptions.Throttled(wait=2.5),
    "validation": exceptions.ValidationError({"a": ["Bad."], "b": {"c": ["Worse.", "Worst."]}}),
    "parse": exceptions.ParseError("secret"),
}


class Raises(APIView):
    def get(self, request, name):
        if name not in RAISED:
            return Response(
                {"correlation_id": correlation.current(), "query": request.query_params.dict()}
            )
        raise RAISED[name]

    def post(self, request, name):
        return Response(body_object(request))

    def delete(self, request, name):
        return Response(status=204)


Raises.authentication_classes = Raises.permission_classes = Raises.throttle_classes = ()


def breaks(request):
    raise KeyError("secret")


def page(request):
    return HttpResponse("<p>hello", headers={"X-Length": len(request.GET)})


def no_method(request):
    return HttpResponseNotAllowed(["GET"])


urlpatterns = [
    path("raises/<name>", Raises.as_view()),
    path("breaks", breaks),
    path("page", page),
    path("no-method", no_method),
    path("livez", page),
    path("admin/breaks", breaks),
    re_path(r"^", problem.no_such_path),
]
handler400 = error_pages.bad_request
handler403 = error_pages.permission_denied
handler404 = error_pages.not_found
handler500 = error_pages.server_error
