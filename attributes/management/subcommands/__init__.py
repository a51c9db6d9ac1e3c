"""What ``manage.py attributes`` can do: one module for each group of subcommands."""

from collections.abc import Sequence

from attributes.management.subcommands import changes, document
from attributes.management.subcommands.base import Subcommand

ALL: Sequence[Subcommand] = (*changes.ALL, *document.ALL)
