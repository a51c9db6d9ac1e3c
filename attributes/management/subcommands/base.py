"""What a subcommand of ``manage.py attributes`` answers."""

from abc import ABC, abstractmethod
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.management.operators import operator
from accounts.principal import Principal, Role
from attributes import walk
from incidents_project.refusals import did_you_mean


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
        "--by",
        type=_name,
        default=operator(),
        metavar="NAME",
        help="as whom, in the history; default you",
    )


def _name(text: str) -> str:
    if not text.strip():
        raise ArgumentTypeError("it must not be empty")
    return text


def add_tenant(parser: CommandParser) -> None:
    """Whose incidents a preview may show."""
    parser.add_argument(
        "--tenant", default="", help="whose incidents to show as examples; default none are shown"
    )


def asking(options: dict[str, Any]) -> str:
    """Whose incidents are to be shown; raises ``CommandError`` if there is no such tenant."""
    tenant: str = options["tenant"]
    if tenant and tenant not in (known := walk.tenants()):
        raise CommandError(f"There is no such tenant.{did_you_mean(tenant, known)}")
    return tenant


def principal(options: dict[str, Any], tenant_id: str = "") -> Principal:
    """Who runs the command, with every right of a deployer."""
    by = options["by"]
    return Principal(f"command:{by}", by, tenant_id, frozenset({Role.DEPLOYER}))
