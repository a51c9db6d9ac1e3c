"""``manage.py attributes``: changes of what incidents have."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from attributes.management import words
from attributes.management.subcommands import ALL
from attributes.management.subcommands.base import Subcommand
from incidents_project.refusals import Refusal


class Command(BaseCommand):
    """One subcommand for each thing that may be done."""

    help = "Preview and carry out changes of attributes."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do."""
        commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        for subcommand in ALL:
            one = commands.add_parser(subcommand.name, help=subcommand.help)
            one.set_defaults(subcommand=subcommand)
            subcommand.add_arguments(one)

    def handle(self, *args: Any, subcommand: Subcommand, **options: Any) -> None:
        """Do it, or say in words why not."""
        try:
            subcommand.run(self, options)
        except Refusal as refusal:
            raise CommandError(words.of_refusal(refusal)) from refusal
        except Error as error:
            raise CommandError(f"The database refused: {error}") from error
