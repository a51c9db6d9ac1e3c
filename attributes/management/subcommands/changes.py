"""Changes of one attribute: previewed, carried out, and waited for.

Every ``Change`` is a subcommand; what it has to be told are the members that it knows.
"""

import shlex
from argparse import SUPPRESS
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from attributes import walk
from attributes.management import stopping, words
from attributes.management.crew import Crew
from attributes.management.subcommands import plans
from attributes.management.subcommands.base import Subcommand, add_by, add_tenant, asking, principal
from attributes.models import WORKABLE, AttributeMeta, Job, JobKind, JobState
from attributes.operations.change import Change, carry_out, preview
from attributes.operations.changes import ALL as CHANGES
from attributes.plans import Plan
from attributes.types import Json
from incidents_project.refusals import NotFound, did_you_mean

_LOOK_EVERY = 0.5  # seconds, at a job that another process works on
_PREVIEWED_FIRST = frozenset({"retype", "purge"})
# Members that a change cannot do without stand behind the attribute's name.
_BARE = frozenset({("rename", "name"), ("retype", "type"), ("drop_alias", "alias")})
_JSON: Mapping[str, Any] = {"type": words.json, "metavar": "JSON"}
_FLAG: Mapping[str, Any] = {"action": "store_true"}
# How members are said on a command line; those that are not here, as JSON.
_SAID: Mapping[str, Mapping[str, Any]] = {
    "accept": {
        "type": words.accepted,
        "metavar": "lossy=12,impossible=3",
        "help": "how many values may be changed by the conversion, and stay behind",
    },
    "alias": {"help": "the former name"},
    "aliases": {**_JSON, "help": "the former names that come back, if not all that may"},
    "alias_days": {"type": int, "metavar": "DAYS", "help": "how long the old name may be used"},
    "default": {**_JSON, "help": "what new incidents have; null for nothing"},
    "detach": {**_FLAG, "help": "end what refers to it"},
    "export": {**_FLAG, "help": "keep what is destroyed in a file under DATA_DIR"},
    "id": {"metavar": "ID", "help": "which one, if several had the name"},
    "missing_value": {
        **_JSON,
        "help": "what incidents without a value are read as; null for nothing",
    },
    "name": {"metavar": "NEW_NAME", "help": "the new name"},
    "rules": {**_JSON, "help": "those that change; null takes one, or all, away"},
    "sunset": {"metavar": "DATE", "help": "when it will go, today or later"},
    "type": {"metavar": "TYPE", "help": "the new type"},
    "using": {
        **_JSON,
        "help": "how to convert; docs/conversions.md lists what may be said for the two types",
    },
}
# Where the type changes, the same members say something else.
_OF_NEW_TYPE: Mapping[str, str] = {
    "default": "what new incidents have, in the new type; converted unless said",
    "missing_value": "what incidents without a value are read as; converted unless said",
    "rules": "the rules of the new type",
}
_SAID_OF: Mapping[str, Mapping[str, str]] = {
    "retype": _OF_NEW_TYPE,
    "undo": {
        "default": "what new incidents have, in the type before; converted unless said",
        "missing_value": _OF_NEW_TYPE["missing_value"],
    },
    "restore": {"name": "the new name, if another attribute has the old one"},
}


def _spelled(name: str) -> str:
    return name.replace("_", "-")


def _said_of(change: type[Change]) -> str:
    return (change.__doc__ or "").partition("\n")[0]


def _dest(member: str) -> str:
    return f"member_{member}"


def _add_members(parser: CommandParser, change: type[Change]) -> None:
    """The attribute, and what the change has to be told."""
    parser.add_argument("attribute", metavar="NAME", help="the attribute")
    for member in sorted(change.knows):
        said = dict(_SAID.get(member, _JSON))
        if member in (others := _SAID_OF.get(change.change, {})):
            said["help"] = others[member]
        if (change.change, member) in _BARE:
            said.setdefault("metavar", member.upper())
            parser.add_argument(_dest(member), **said)
        else:
            flag = f"--{_spelled(member)}"
            parser.add_argument(flag, dest=_dest(member), default=SUPPRESS, **said)


def _members(change: type[Change], options: dict[str, Any]) -> dict[str, Json]:
    given = (member for member in sorted(change.knows) if _dest(member) in options)
    return {member: options[_dest(member)] for member in given}


def _add_preview(parser: CommandParser) -> None:
    parser.add_argument("--estimate", action="store_true", help="from samples, in no time")
    add_tenant(parser)
    _add_json(parser)


def _add_json(parser: CommandParser) -> None:
    parser.add_argument("--json", action="store_true", help="say it in JSON, for programs")


def _find(change: type[Change], options: dict[str, Any]) -> Change:
    return change(options["attribute"], _members(change, options))


def _preview(change: Change, options: dict[str, Any]) -> Plan:
    count = walk.estimate if options["estimate"] else walk.tally
    return preview(change, partial(count, asking=asking(options)))


class _Preview(Subcommand):
    """The preview of each change, which is told the same as the change."""

    name = "preview"
    help = "show what a change would do, and change nothing"

    def add_arguments(self, parser: CommandParser) -> None:
        """Which change, and what it has to be told."""
        changes = parser.add_subparsers(dest="change", required=True, metavar="CHANGE")
        for change in CHANGES:
            one = changes.add_parser(_spelled(change.change), help=_said_of(change))
            one.set_defaults(kind=change)
            _add_members(one, change)
            _add_preview(one)

    def run(self, command: BaseCommand, options: dict[str, Any]) -> None:
        """Go the way of the change, and stop before its last step."""
        change = _find(options["kind"], options)
        with _hinting(options["attribute"]):
            plans.tell(command, _preview(change, options), as_json=options["json"])


class _CarryOut(Subcommand):
    """One change."""

    def __init__(self, change: type[Change]) -> None:
        self.change = change
        self.name = _spelled(change.change)
        self.help = _said_of(change)

    def add_arguments(self, parser: CommandParser) -> None:
        """What it has to be told, and how sure one is."""
        _add_members(parser, self.change)
        parser.add_argument("--plan", metavar="HASH", help="of the preview that you have seen")
        if self.change.works_on_rows:
            parser.add_argument(
                "--wait", action="store_true", help="until its job has ended, working on it here"
            )
        add_by(parser)
        _add_preview(parser)

    def run(self, command: BaseCommand, options: dict[str, Any]) -> None:
        """Do it; what cannot be seen from its arguments is previewed first."""
        change = _find(self.change, options)
        with _hinting(options["attribute"]):
            if options["plan"] is None and self.change.change in _PREVIEWED_FIRST:
                self._ask_first(command, change, options)
            done = carry_out(change, principal=principal(options), plan=options["plan"])
        job = Job.objects.open().filter(attribute_id=done.id).last()
        begun = job if self.change.works_on_rows else None
        if options["json"]:
            plans.write_json(command, _as_json(done, begun))
        else:
            command.stdout.write(_said_of_done(self.change, done, begun))
        if begun is not None and options["wait"]:
            _wait(command, begun)

    def _ask_first(self, command: BaseCommand, change: Change, options: dict[str, Any]) -> None:
        plan = _preview(change, options)
        plans.tell(command, plan, as_json=options["json"])
        raise CommandError(
            f"Nothing was changed. To do this:\n{self._line(change, plan)}", returncode=2
        )

    def _line(self, change: Change, plan: Plan) -> str:
        """The command that carries out what was previewed."""
        bare, said = [change.name], []
        for member, value in change.members.items():
            if (self.change.change, member) in _BARE:
                bare.append(str(value))
            elif member != "accept":
                said += _said(member, value)
        if "accept" in self.change.knows and (lost := plans.lost(plan)):
            said += ["--accept", lost]
        whole = ["manage.py", "attributes", self.name, *bare, *said, "--plan", plan.hash]
        return shlex.join(whole)


def _said(member: str, value: Json) -> list[str]:
    flag = f"--{_spelled(member)}"
    if _SAID.get(member, _JSON).get("action"):
        return [flag]
    is_json = _SAID.get(member, _JSON).get("type") is words.json
    return [flag, words.json_of(value) if is_json else str(value)]


def _said_of_done(change: type[Change], definition: AttributeMeta, begun: Job | None) -> str:
    if begun is None:
        return f"{definition.name}: {change.change.replace('_', ' ')} done."
    return (
        f"{words.title(begun)} has begun: job {begun.id}. 'manage.py attribute_jobs list' says how"
        " far it is."
    )


def _as_json(definition: AttributeMeta, begun: Job | None) -> dict[str, Any]:
    return {
        "id": definition.id,
        "name": definition.name,
        "type": definition.type,
        "state": definition.state,
        "occ_lock": definition.occ_lock,
        "job": None if begun is None else begun.id,
    }


def _wait(command: BaseCommand, job: Job) -> None:
    """Until the job has ended; worked on here, unless another process does."""
    stop = stopping.Stop()
    crew = Crew(stop, command.stderr.write)
    with stop.listening():
        while job.state in WORKABLE and not stop():
            crew.work(job.id)
            job.refresh_from_db()
            if job.state in WORKABLE:
                stop.sleep(_LOOK_EVERY)
    if job.state in WORKABLE:
        command.stderr.write("It goes on where 'manage.py attribute_jobs run' runs.")
        raise KeyboardInterrupt
    if job.state != JobState.DONE:
        raise CommandError(
            f"{words.of_job(job)}\n'manage.py attribute_jobs resume {job.id}{_accepting(job)}' lets"
            " it go on."
        )


def _accepting(job: Job) -> str:
    """How what may be lost is named, where that is what it has stopped for."""
    asks = job.state == JobState.BLOCKED and job.kind in {JobKind.RETYPE, JobKind.UNDO}
    return " --accept lossy=NUMBER,impossible=NUMBER" if asks else ""


@contextmanager
def _hinting(name: str) -> Iterator[None]:
    """Names that nobody has are answered with the nearest one."""
    try:
        yield
    except NotFound as error:
        known = set(AttributeMeta.objects.values_list("name", flat=True)) - {name}
        raise CommandError(f"{error.detail}{did_you_mean(name, known)}") from error


ALL: Sequence[Subcommand] = (_Preview(), *map(_CarryOut, CHANGES))
