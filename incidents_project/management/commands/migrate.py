"""``manage.py migrate``: Django's, as the owner, and then the walls."""

from typing import Any

from django.apps import apps
from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import connections

from incidents_project.database import roles
from incidents_project.database.owner import OWNER, require_owner
from incidents_project.refusals import Refusal


class Command(migrate.Command):
    """Migrate; then every table of tenants gets its wall, and the service its rights."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Django's, with the owner for a default."""
        super().add_arguments(parser)
        parser.set_defaults(database=OWNER)

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Refuse any other role before anything connects."""
        require_owner("migrate")
        if options["database"] != OWNER:
            raise CommandError(
                f"migrate runs as the owner of the tables (--database {OWNER}), which is the"
                f" default; {options['database']!r} owns nothing."
            )
        return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate; then the walls, which are asked of the catalogue every time."""
        super().handle(*args, **options)
        if not (options["plan"] or options["check_unapplied"] or options["prune"]):
            self._build_walls()

    def _build_walls(self) -> None:
        owner = connections[OWNER]
        owner.ensure_connection()
        try:
            roles.build_walls(
                owner.connection,
                connections["default"].settings_dict["USER"],
                append_only=tables_that_are("append_only"),
                surveyed=tables_that_are("surveyed"),
            )
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal


def tables_that_are(what: str) -> frozenset[str]:
    """The tables of models that say so: ``append_only = True``, ``surveyed = True``."""
    return frozenset(
        model._meta.db_table  # noqa: SLF001
        for model in apps.get_models()
        if getattr(model, what, False)
    )
