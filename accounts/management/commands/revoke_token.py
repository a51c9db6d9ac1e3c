"""``manage.py revoke_token``: refuse a token from now on."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import operations
from incidents_project.refusals import Refusal


class Command(BaseCommand):
    """Revoke by the start of the token, which is what lists and logs can show."""

    help = "Refuse an API token from now on."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which token."""
        parser.add_argument("token", help="the token, or its first 12 characters")
        parser.add_argument("--tenant", required=True, help="whose token it is")

    def handle(self, *args: Any, **options: Any) -> None:
        """Revoke it, or say what is wrong."""
        try:
            token = operations.revoke_token(tenant_id=options["tenant"], prefix=options["token"])
        except Refusal as refusal:
            raise CommandError(refusal.detail) from refusal
        self.stdout.write(f"Revoked {token} at {token.revoked_at:%Y-%m-%d %H:%M:%S} UTC.")
