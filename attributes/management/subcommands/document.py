"""The schema as code: one document is exported, planned, and made to come true."""

import sys
from argparse import ArgumentTypeError
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from attributes import walk
from attributes.document.apply import MUST_BE_ALLOWED, Plan, Planned, apply, export, plan
from attributes.document.export import as_json, as_yaml
from attributes.document.parse import Place, Source, read
from attributes.document.present import described
from attributes.management import tables, words
from attributes.management.subcommands.base import Subcommand, add_by, add_tenant, asking, principal
from attributes.models import Job, JobState
from attributes.operations.change import Walk
from attributes.plans import Risk

_CHANGES = 2  # what plan exits with where there is something to do


class _Export(Subcommand):
    """The deployment as a document."""

    name = "export"
    help = "write all attributes and option sets as one document, in YAML"

    def add_arguments(self, parser: CommandParser) -> None:
        """In which form."""
        parser.add_argument("--json", action="store_true", help="in JSON")

    def run(self, command: BaseCommand, options: dict[str, Any]) -> None:
        """Write it, the same each time."""
        write = as_json if options["json"] else as_yaml
        command.stdout.write(write(export()), ending="")


class _Plan(Subcommand):
    """The way from the deployment to a document."""

    name = "plan"
    help = "show what applying a document would do: exits 0 for nothing, 2 for something"

    def add_arguments(self, parser: CommandParser) -> None:
        """Which document, and how to count."""
        _add_document(parser)
        parser.add_argument("--estimate", action="store_true", help="from samples, in no time")
        add_tenant(parser)
        parser.add_argument("--json", action="store_true", help="say it in JSON, for programs")
        add_by(parser)

    def run(self, command: BaseCommand, options: dict[str, Any]) -> None:
        """Show the steps, with what each would do."""
        count: Walk = partial(
            walk.estimate if options["estimate"] else walk.tally, asking=asking(options)
        )
        planned = plan(
            _read(options["file"]),
            principal=principal(options),
            walk=count,
            prune=options["prune"],
        )
        if options["json"]:
            command.stdout.write(words.json_of(described(planned)))
        else:
            command.stdout.write("\n".join(_lines(planned)))
        if planned.steps or _stuck():
            sys.exit(_CHANGES)


class _Apply(Subcommand):
    """Going that way."""

    name = "apply"
    help = "do all that a document asks for, or nothing"

    def add_arguments(self, parser: CommandParser) -> None:
        """Which document, and how sure one is."""
        _add_document(parser)
        parser.add_argument("--plan", metavar="HASH", help="of the plan that you have seen")
        parser.add_argument(
            "--allow",
            type=_risks,
            default=frozenset(),
            metavar="CLASS,CLASS",
            help=f"take steps that are {' or '.join(MUST_BE_ALLOWED)}",
        )
        add_by(parser)

    def run(self, command: BaseCommand, options: dict[str, Any]) -> None:
        """Carry it out, and say what goes on."""
        applied = apply(
            _read(options["file"]),
            principal=principal(options),
            walk=walk.tally,
            prune=options["prune"],
            plan=options["plan"],
            allow=options["allow"],
        )
        for step in applied.plan.steps:
            command.stdout.write(f"Done: {step.says}.")
        if not applied.plan.steps:
            command.stdout.write("\n".join(_nothing_to_do()))
        for job in applied.jobs:
            command.stdout.write(f"{words.title(job)} goes on in the background: job {job.id}.")
        for line in _stopping(applied.plan):
            command.stdout.write(line)


def _add_document(parser: CommandParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the document, YAML or JSON; - for stdin")
    parser.add_argument(
        "--prune", action="store_true", help="archive attributes that are not named; never purge"
    )


def _read(file: str) -> Source:
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return read(raw.decode())
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        place = Place.behind(raw[: error.start].decode())
        raise CommandError(f"{place}: {file} must be UTF-8, and this byte is not.") from error


def _risks(text: str) -> frozenset[Risk]:
    named = {name.strip() for name in text.split(",")}
    if not named <= set(MUST_BE_ALLOWED):
        raise ArgumentTypeError(f"{text!r} must be {' or '.join(MUST_BE_ALLOWED)}, or both")
    return frozenset(map(Risk, named))


def _stuck() -> list[Job]:
    """Jobs that wait for the deployer: until they go on, the document has not come true."""
    return list(Job.objects.filter(state=JobState.BLOCKED).order_by("created_at"))


def _nothing_to_do() -> Iterator[str]:
    stuck = _stuck()
    yield "Nothing to do." if not stuck else "Nothing to do but for what has stopped:"
    for job in stuck:
        yield f"{words.of_job(job)} (job {job.id})"


def _lines(planned: Plan) -> Iterator[str]:
    if not planned.steps:
        yield from _nothing_to_do()
        return
    head = ("class", "step", "values", "undo")
    rows = [(step.risk.value, step.says, _values(step), _undo(step)) for step in planned.steps]
    yield from tables.lines(head, rows)
    yield ""
    yield from _stopping(planned)
    yield f"plan {planned.hash}"


def _values(step: Planned) -> str:
    tally = step.tally
    if not tally.holders:
        return ""
    about = "" if tally.exact else "about "
    parts = (f"{count:,} {verdict.value}" for verdict, count in tally.counts.items() if count)
    return about + ", ".join(parts)


def _stopping(planned: Plan) -> Iterator[str]:
    """What will not come true by itself, and what to do."""
    for step in planned.steps:
        if step.stops:
            yield (
                f"The {step.change} of {step.name} stops before values are lost: name how many in"
                " its retype.accept, or resume its job with --accept."
            )


def _undo(step: Planned) -> str:
    if step.undo_until is None:
        return "at any time"
    return f"until {timezone.localtime(step.undo_until):%Y-%m-%d %H:%M} UTC"


ALL: Sequence[Subcommand] = (_Export(), _Plan(), _Apply())
