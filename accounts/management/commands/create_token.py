"""``manage.py create_token``: issue an API token."""

import argparse
import shlex
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts import operations
from accounts.management.operators import operator
from accounts.principal import Role
from incidents_project.refusals import Refusal


class Command(BaseCommand):
    """Issue a token; standard output gets the token alone, so that a script can take it."""

    help = "Issue an API token. It is printed once, alone on standard output."

    def add_arguments(self, parser: CommandParser) -> None:
        """The token's tenant, roles, name and expiry."""
        parser.add_argument("--tenant", required=True, help="whose incidents it opens")
        parser.add_argument(
            "--role",
            required=True,
            action="append",
            choices=[role.value for role in Role],
            help="what it may do; may be given more than once",
        )
        parser.add_argument("--name", required=True, help="who holds it, as created_by shows it")
        parser.add_argument(
            "--expires",
            type=moment,
            metavar="WHEN",
            help="a day (2027-01-31), a time with offset (2027-01-31T12:00:00Z), a span (90d)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Issue it, or say what is wrong."""
        try:
            token, secret = operations.create_token(
                tenant_id=options["tenant"],
                roles=[Role(role) for role in dict.fromkeys(options["role"])],
                name=options["name"],
                actor=f"command:{operator()}",
                expires_at=options["expires"],
            )
        except Refusal as refusal:
            raise CommandError(said(refusal)) from refusal
        self.stdout.write(secret)
        if token.made_tenant:
            self.stderr.write(f"The tenant {token.tenant_id} is new.")
        until = f"until {token.expires_at:%Y-%m-%d %H:%M} UTC" if token.expires_at else "for ever"
        self.stderr.write(
            f"{', '.join(token.roles)} of {token.tenant_id}, valid {until}. This is the only time"
            " it is shown; revoke it with: manage.py revoke_token"
            f" --tenant {shlex.quote(token.tenant_id)} {token.prefix}"
        )


def said(refusal: Refusal) -> str:
    """A refusal for a terminal: its detail, then each fault on its line."""
    return "\n".join(f"--{f.field}: {f.message}" for f in refusal.faults) or refusal.detail


def moment(text: str) -> datetime:
    """A day, a time with offset, or a span from now."""
    units = {"d": "days", "h": "hours", "m": "minutes"}
    if text[:-1].isdigit() and text[-1:] in units:
        try:
            return timezone.now() + timedelta(**{units[text[-1]]: int(text[:-1])})
        except OverflowError as error:
            raise argparse.ArgumentTypeError(f"{text!r} is too long") from error
    try:
        parsed = datetime.fromisoformat(text)
        if parsed.tzinfo is not None:
            return parsed.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day, time or span") from error
    if len(text) > len("2027-01-31"):
        raise argparse.ArgumentTypeError(f"{text!r} needs an offset, such as {text}Z")
    return parsed.replace(tzinfo=UTC)
