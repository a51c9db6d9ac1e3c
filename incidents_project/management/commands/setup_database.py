"""``manage.py setup_database``: the roles and the database, on a server of the deployer's."""

from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from psycopg.conninfo import conninfo_to_dict

from incidents_project.database import roles
from incidents_project.refusals import Refusal


class Command(BaseCommand):
    """Make what DATABASE_URL and DATABASE_OWNER_URL name; may be run again at any time."""

    help = (
        "Create the two roles and the database that DATABASE_URL and DATABASE_OWNER_URL name, with"
        " their passwords, and the role that reads for surveys of all tenants, on your own"
        " PostgreSQL server. Safe to run again."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """As whom to do it."""
        parser.add_argument(
            "--admin-url",
            required=True,
            metavar="URL",
            help="as a role that may create both: postgres://postgres:…@host:5432/postgres",
        )

    def handle(self, *, admin_url: str, **options: Any) -> str:
        """Do it, and say what was done."""
        app, owner = _configured("default"), _configured("owner")
        if app["NAME"] != owner["NAME"]:
            raise CommandError(
                "DATABASE_URL and DATABASE_OWNER_URL must name the same database, not"
                f" {app['NAME']!r} and {owner['NAME']!r}."
            )
        try:
            with _connect(admin_url) as admin:
                done = roles.provision(
                    admin, owner=_role(owner), app=_role(app), database=app["NAME"]
                )
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        except psycopg.Error as error:
            raise CommandError(f"The server refused: {error}") from error
        return "\n".join([*done, "Next: manage.py migrate"])


def _configured(alias: str) -> dict[str, Any]:
    if settings.EMBEDDED:
        raise CommandError(
            "The embedded database sets itself up. For a server of your own set DATABASE_URL (the"
            " service's role) and DATABASE_OWNER_URL (the role that migrates) first."
        )
    if alias not in settings.DATABASES:
        raise CommandError(
            "DATABASE_OWNER_URL is not set. It names the role that owns the tables and migrates"
            " them: postgres://incidents_owner:password@host:5432/incidents."
        )
    config: dict[str, Any] = settings.DATABASES[alias]
    if not config.get("USER"):
        raise CommandError("DATABASE_URL and DATABASE_OWNER_URL must each name a user.")
    return config


def _role(config: dict[str, Any]) -> roles.Role:
    return roles.Role(config["USER"], config.get("PASSWORD") or "")


def _connect(url: str) -> roles.Connection:
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise CommandError(
            "--admin-url must look like postgres://postgres:password@host:5432/postgres."
        ) from error
    database = given.get("dbname") or "postgres"
    return psycopg.connect(url, dbname=database, connect_timeout=5, autocommit=True)
