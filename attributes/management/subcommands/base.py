"""What a subcommand of ``manage.py attributes`` answers."""

from abc import ABC, abstractmethod
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts.management.operators import operator
from accounts.principal import Principal, Role


class Subcommand(ABC):
    """One thing that may be done."""

    name: str
    help: str

    @abstractmethod
    def add_arguments(self, parser: CommandParser) -> None:
        """What it has to be told."""

    @abstractmethod
    def run(self, command: BaseCommand, options: dict[str, Any]) -> None:
        """Do it, and say so on the command's streams.

        A ``Refusal`` is said in words by whoever calls this.
        """


def add_by(parser: CommandParser) -> None:
    """As whom to do it."""
    parser.add_argument(
        "--by", default=operator(), metavar="NAME", help="as whom, in the history; default you"
    )


def principal(options: dict[str, Any], tenant_id: str = "") -> Principal:
    """Who runs the command, with every right of a deployer."""
    by = options["by"]
    return Principal(f"command:{by}", by, tenant_id, frozenset({Role.DEPLOYER}))
