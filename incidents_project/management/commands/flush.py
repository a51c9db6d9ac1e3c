"""``manage.py flush``: Django's, as the owner; the service's role may not empty a table."""

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import flush

from incidents_project.management.owner import OWNER, require_owner


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
