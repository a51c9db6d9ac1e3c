"""``manage.py check_attributes``: whether what is stored agrees with the definitions."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from attributes import walk
from attributes.check import SHOWN, Kind, Report, check
from attributes.operations import repair
from incidents_project.database.owner import require_owner
from incidents_project.refusals import Refusal

_FOUND, _COULD_NOT = 1, 2  # exit codes; 0 is for nothing found


class Command(BaseCommand):
    """Looks at every value; locks nothing."""

    help = (
        "Check every stored value, claim, count, index and former name. Exit code 0: nothing found;"
        " 1: findings; 2: it could not be checked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Whether to mend."""
        parser.add_argument(
            "--fix",
            action="store_true",
            help="first mend counts, claims, indexes and former names; values are never touched",
        )

    def handle(self, *args: Any, fix: bool, **options: Any) -> None:
        """Mend, look, and say what was found."""
        started = time.monotonic()
        try:
            if fix:
                require_owner("check_attributes --fix")
                self._mend()
            report = Report()
            for finding in check():
                report.add(finding)
            looked_at = f"{walk.total():,} incidents of {len(walk.tenants()):,} tenants"
        except CommandError as error:
            raise CommandError(str(error), returncode=_COULD_NOT) from error
        except (DatabaseError, Refusal) as error:
            raise CommandError(
                f"It could not be checked: {error}", returncode=_COULD_NOT
            ) from error
        self._tell(report)
        self.stderr.write(f"{looked_at} in {time.monotonic() - started:.1f} s.")
        if report.counts:
            raise SystemExit(_FOUND)

    def _mend(self) -> None:
        for what, mend in (
            ("counts", repair.repair_counts),
            ("claims", repair.repair_claims),
            ("former names", repair.forget_aliases),
            ("indexes", repair.repair_indexes),
        ):
            if mended := mend():
                self.stdout.write(f"Mended {what}: {mended:,}.")

    def _tell(self, report: Report) -> None:
        for kind in Kind:
            if kind in report.counts:
                examples = report.examples[kind]
                more = "; ..." if report.counts[kind] > SHOWN else ""
                listed = f"{'; '.join(examples)}{more}"
                self.stdout.write(f"{report.counts[kind]:,} {kind}: {listed}")
        if not report.counts:
            self.stdout.write("Everything is as it should be.")
