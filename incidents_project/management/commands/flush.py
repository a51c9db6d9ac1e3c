"""``manage.py flush``: Django's, as the owner; the service's role may not empty a table."""

from importlib import import_module
from types import SimpleNamespace
from typing import Any

from django.apps import apps
from django.core.management.base import CommandParser
from django.core.management.commands import flush
from django.db import connections

from incidents_project.database.owner import OWNER, require_owner

_BEGINNINGS = (
    ("attributes", "0002_first_epoch", "begin"),
    ("incidents", "0002_first_codes", "seed"),
)


class Command(flush.Command):
    """Empty every table."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Django's, with the owner for a default."""
        super().add_arguments(parser)
        parser.set_defaults(database=OWNER)

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run as the owner, also where Django's test runner names ``default``."""
        require_owner("flush")
        return super().execute(*args, **options | {"database": OWNER})

    def handle(self, **options: Any) -> None:
        """Empty every table, then begin again with what the migrations put there."""
        super().handle(**options)
        editor = SimpleNamespace(connection=connections[OWNER])
        for app, migration, begin in _BEGINNINGS:
            getattr(import_module(f"{app}.migrations.{migration}"), begin)(apps, editor)
