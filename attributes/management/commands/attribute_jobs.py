"""``manage.py attribute_jobs``: background work on stored values."""

from argparse import ArgumentTypeError
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, close_old_connections, connection, connections

from attributes.management import stopping, tables, words
from attributes.management.crew import Crew
from attributes.management.subcommands.base import add_by, principal
from attributes.models import WORKABLE, Job
from attributes.operations import jobs
from incidents_project.database.owner import OWNER
from incidents_project.refusals import Refusal

_STEER = {
    "pause": "let a job rest; it goes on where it is when it is resumed",
    "resume": "let a job go on that is paused, blocked or failed",
    "cancel": "end a job; what it has done is taken back where that means something",
}


class Command(BaseCommand):
    """One subcommand for each thing that may be done."""

    help = "Carry out changes of stored values in the background; list, pause and resume them."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do, and with which job."""
        commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        run = commands.add_parser("run", help="carry out jobs, and build indexes, until ctrl-C")
        run.add_argument("--once", action="store_true", help="only what there is to do now")
        run.add_argument(
            "--max-writer-delay",
            type=_milliseconds,
            default=0.1,
            metavar="MS",
            help="how long a batch may keep a writer waiting (default 100)",
        )
        stopping.add_arguments(run, default=2.0)
        listing = commands.add_parser("list", help="show jobs and how far they are")
        listing.add_argument("--all", action="store_true", help="also those that have ended")
        for command, does in _STEER.items():
            one = commands.add_parser(command, help=does)
            one.add_argument("job", help="its id, or the name of the attribute")
            add_by(one)
            if command == "resume":
                one.add_argument(
                    "--accept",
                    type=words.accepted,
                    metavar="lossy=12,impossible=3",
                    help="how many values may be changed by a conversion, and stay behind",
                )

    def handle(self, *args: Any, command: str, **options: Any) -> None:
        """Do it, or say in words why not."""
        if command == "run":
            self._run(**options)
            return
        try:
            if command == "list":
                self._list(everything=options["all"])
            else:
                self._steer(command, options)
        except Refusal as refusal:
            raise CommandError(words.of_refusal(refusal)) from refusal
        except Error as error:
            raise CommandError(f"The database refused: {error}") from error

    def _run(
        self,
        *,
        once: bool,
        max_writer_delay: float,
        every: float,
        child_of: int | None,
        **_: Any,
    ) -> None:
        stop = stopping.Stop(child_of)
        crew = Crew(stop, self._tell, max_writer_delay=max_writer_delay)
        with stop.listening():
            if OWNER not in connections:
                self.stderr.write("Without DATABASE_OWNER_URL, indexes are not built here.")
            try:
                if once:
                    self._work_once(crew, stop)
                else:
                    self._go_on(crew, stop, every)
            except KeyboardInterrupt:  # where breaking off does no harm
                return

    def _work_once(self, crew: Crew, stop: stopping.Stop) -> None:
        try:
            while not stop() and crew.work():
                pass
            left = Job.objects.filter(state__in=WORKABLE).count()
        except (Error, Refusal) as error:
            raise CommandError(f"The database refused: {error}") from error
        if left:
            self.stderr.write(f"Jobs that are not done: {left}. Others work on them, or stopped.")

    def _go_on(self, crew: Crew, stop: stopping.Stop, every: float) -> None:
        waits = False
        while not stop():
            try:
                close_old_connections()
                crew.work()
                waits = False
            except (Error, Refusal) as error:  # the database may be away for a while
                if not waits:
                    self.stderr.write(f"Waiting, for the database refused: {error}")
                waits = True
                connection.close()
            stop.sleep(every)

    def _tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def _list(self, *, everything: bool) -> None:
        found = Job.objects.order_by("id") if everything else Job.objects.open()
        head = ("job", "kind", "attribute", "state", "how far", "by", "error")
        rows = [
            (
                *(str(job.id), job.kind, job.attribute_name, job.state, words.how_far(job)),
                *(job.requested_by, job.error),
            )
            for job in found
        ]
        if not rows:
            self.stdout.write("There is no job." if everything else "There is no open job.")
            return
        for line in tables.lines(head, rows):
            self.stdout.write(line)

    def _steer(self, command: str, options: dict[str, Any]) -> None:
        by = principal(options)
        job_id = _named(options["job"])
        if command == "resume":
            job = jobs.resume(principal=by, job_id=job_id, accept=options["accept"])
        elif command == "pause":
            job = jobs.pause(principal=by, job_id=job_id)
        else:
            job = jobs.cancel(principal=by, job_id=job_id)
        self.stdout.write(f"{words.title(job)}: {job.state}")


def _named(text: str) -> UUID:
    """The id of a job, or of the open one of the attribute of this name."""
    try:
        return UUID(text)
    except ValueError:
        found = list(Job.objects.open().filter(attribute_name=text).values_list("id", flat=True))
    if len(found) > 1:
        raise CommandError(f"Several attributes were called {text}. Name the job by its id.")
    if not found:
        raise CommandError(
            f"{text!r} is no id of a job, and no job is open of an attribute of that name:"
            " 'attribute_jobs list' shows them."
        )
    return found[0]


def _milliseconds(text: str) -> float:
    """As seconds."""
    if not (text.isascii() and text.isdigit() and 10 <= int(text) <= 10_000):
        raise ArgumentTypeError(f"{text!r} is not from 10 to 10000 milliseconds")
    return int(text) / 1_000
