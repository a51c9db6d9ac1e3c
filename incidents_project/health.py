"""Probes: ``/livez`` says the process answers, ``/readyz`` that it can do its work."""

from functools import cache

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from incidents_project.database import roles
from incidents_project.http.envelope import now
from incidents_project.http.problem import answer, describe
from incidents_project.refusals import Unavailable

_WALLED = "SELECT NOT (rolsuper OR rolbypassrls) FROM pg_roles WHERE rolname = current_user"


@csrf_exempt  # a probe with another method is told so, not asked for a form's token
@require_safe
def livez(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"data": {"status": "live"}, "sent_at": now()})


@csrf_exempt
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """The database is there, migrated, and keeps tenants apart; else 503 says what is missing."""
    try:
        _check()
    except Exception as error:
        return answer(describe(error))
    return JsonResponse({"data": {"status": "ready"}, "sent_at": now()})


def _check() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_WALLED)
        if not cursor.fetchone()[0]:
            raise Unavailable(
                "The service's database role may bypass row-level security. Connect as a role of"
                " its own: manage.py setup_database makes one.",
                code="role_too_powerful",
            )
    if not roles.may_survey(connection.connection, connection.settings_dict["USER"]):
        raise Unavailable(
            "The role as which all tenants' values are counted is missing. Run manage.py"
            " setup_database and manage.py migrate once more.",
            code="not_migrated",
        )
    if not _is_migrated():
        raise Unavailable("Run manage.py migrate.", code="not_migrated")


@cache
def _leaves() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationExecutor(connection).loader.graph.leaf_nodes())


def _is_migrated() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('django_migrations') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return False
        cursor.execute("SELECT app, name FROM django_migrations")
        return _leaves() <= set(cursor.fetchall())
