"""What commands that change the database itself share: they run as the role that owns it."""

from django.core.management.base import CommandError
from django.db import connections

OWNER = "owner"


def require_owner(command: str) -> None:
    """Refuse where only the service's own role is configured."""
    if OWNER not in connections:
        raise CommandError(
            f"{command} runs as the owner of the tables, and there is none: set DATABASE_OWNER_URL."
            " 'manage.py setup_database' makes both roles."
        )
