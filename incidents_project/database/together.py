"""Statements that travel together: one message to the database, one answer to wait for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection


@dataclass(frozen=True, slots=True)
class Change:
    """A statement that changes rows, and answers nothing."""

    sql: str
    parameters: Sequence[Any]


def carry_out(*changes: Change) -> None:
    """Carry out all of them as one statement, in no order: none sees what another one does."""
    *beside, last = changes
    named = ", ".join(f"change{n} AS ({change.sql})" for n, change in enumerate(beside))
    statement = f"WITH {named} {last.sql}" if named else last.sql
    with connection.cursor() as cursor:
        cursor.execute(statement, [value for change in changes for value in change.parameters])
