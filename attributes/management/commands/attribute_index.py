"""``manage.py attribute_index``: indexes of attributes, built as the owner of the tables."""

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django.template.defaultfilters import filesizeformat

from attributes import advice, indexes
from attributes.indexes import Listed
from attributes.management import stopping, tables, words
from attributes.models import AttributeMeta
from attributes.operations.define import change_attribute
from attributes.operations.index import BUILDER, Done, Outcome, reconcile
from incidents_project.database import leakproof
from incidents_project.database.owner import require_owner
from incidents_project.refusals import NotFound, Refusal, did_you_mean


class Command(BaseCommand):
    """One subcommand for each thing that may be done."""

    help = "Build, drop, list and repair the indexes that make filters and sorts fast."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do, and with which attribute."""
        commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        for command, does in (
            ("create", "ask for an attribute's index and build it"),
            ("drop", "take an attribute's index away"),
        ):
            one = commands.add_parser(command, help=does)
            one.add_argument("name", help="the attribute's name")
        listing = commands.add_parser("list", help="show each index, its size and its use")
        listing.add_argument("--advise", action="store_true", help="and what was slow without one")
        repair = commands.add_parser("repair", help="build what is missing, drop what is left over")
        stopping.add_arguments(repair, default=None)

    def handle(self, *args: Any, command: str, **options: Any) -> None:
        """Do it, or say in words why not."""
        if command != "list":
            require_owner("attribute_index")
        stop = stopping.Stop(options.get("child_of"))
        # A build under way is taken back before the process ends.
        with stop.listening(), stop.at_once():
            if command == "repair" and options["every"] is not None:
                self._keep_repairing(options["every"], stop)
                return
            try:
                self._warn_if_useless()
                if command == "list":
                    self._list(advise=options["advise"])
                elif command == "repair":
                    self._repair()
                else:
                    self._bring_about(options["name"], indexed=command == "create")
            except DatabaseError as error:
                raise CommandError(f"The database refused: {error}") from error

    def _bring_about(self, name: str, *, indexed: bool) -> None:
        definition = _ask(name, indexed=indexed)
        outcomes = self._tell(reconcile(only=definition.slot, insist=True, waiting=self._wait))
        if any(outcome.done is Done.FAILED for outcome in outcomes):
            raise CommandError(
                f"{name} stays marked as indexed: 'attribute_index repair' tries again,"
                f" 'attribute_index drop {name}' takes it back."
            )
        if not outcomes:
            self.stdout.write(f"{name} {'has its' if indexed else 'has no'} index already.")

    def _repair(self) -> None:
        outcomes = self._tell(reconcile(insist=True, waiting=self._wait))
        if any(outcome.done is Done.FAILED for outcome in outcomes):
            raise CommandError("Not every index could be built.")
        if not outcomes:
            self.stdout.write("Every index is as it should be.")

    def _keep_repairing(self, every: float, stop: stopping.Stop) -> None:
        warned = False
        while not stop():
            try:
                if not warned:
                    self._warn_if_useless()
                warned = True
                self._tell(reconcile())
            except DatabaseError as error:  # it may be away for a while
                self.stderr.write(f"The database refused: {error}")
                connection.close()
            stop.sleep(every)

    def _tell(self, outcomes: Iterator[Outcome]) -> list[Outcome]:
        told = []
        for outcome in outcomes:
            told.append(outcome)
            stream = self.stderr if outcome.done is Done.FAILED else self.stdout
            stream.write(words.of_index(outcome))
            stream.flush()
        return told

    def _wait(self) -> None:
        self.stderr.write("Another process is building an index; waiting for it.")

    def _warn_if_useless(self) -> None:
        connection.ensure_connection()
        if not leakproof.indexes_usable(connection.connection):
            self.stderr.write(self.style.WARNING(leakproof.REMEDY))

    def _list(self, *, advise: bool) -> None:
        listed = indexes.read().listed(AttributeMeta.objects.order_by("order", "id"))
        if listed:
            self._table(
                ("attribute", "type", "state", "size", "scans", "last error"), map(_row, listed)
            )
        else:
            self.stdout.write("No attribute is indexed.")
        if advise:
            self._advise()

    def _advise(self) -> None:
        given = advice.give()
        self.stdout.write("")
        if not given:
            self.stdout.write("No filter or sort was slow for want of an index.")
            return
        self._table(
            ("slow without an index", "uses", "slow", "mean", "longest", "timeouts", "advice"),
            (
                (
                    *(one.name, str(one.uses), str(one.slow_uses)),
                    *(f"{one.mean_ms:,.0f} ms", f"{one.greatest_ms:,.0f} ms"),
                    *(str(one.timeouts), one.advice),
                )
                for one in given
            ),
        )

    def _table(self, head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> None:
        for line in tables.lines(head, rows):
            self.stdout.write(line)


def _ask(name: str, *, indexed: bool) -> AttributeMeta:
    try:
        return change_attribute(principal=BUILDER, name=name, members={"indexed": indexed})
    except NotFound as error:
        known = list(AttributeMeta.objects.in_force().values_list("name", flat=True))
        raise CommandError(f"{error.detail}{did_you_mean(name, known)}") from error
    except Refusal as refusal:
        raise CommandError(refusal.detail) from refusal


def _row(listed: Listed) -> tuple[str, ...]:
    definition, index = listed.definition, listed.index
    state = listed.state.value
    if index.phase is not None:
        done = "" if index.percent is None else f", {index.percent:.0f} %"
        state += f" ({index.phase}{done})"
    return (
        indexes.name_of(index.slot) if definition is None else definition.name,
        "" if definition is None else definition.type,
        state,
        # Django's space between number and unit does not break.
        filesizeformat(index.size).replace("\xa0", " ") if index.exists else "",
        str(index.scans) if index.exists else "",
        index.error,
    )
