"""The wrapper around a connection: what every request pays for, kept small.

The driver stays in autocommit mode, and a transaction begins with a BEGIN of ours: so that the
first statement can travel in the same message.
"""

import select
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db.backends.postgresql import base
from psycopg.types.datetime import TimestamptzLoader

_TRUSTED_FOR = 30.0  # seconds after a statement has shown that the connection works


def last_rows(cursor: Any) -> list[Any]:
    """What the last statement of a message found; nothing where it does not answer with rows."""
    while cursor.nextset():
        pass
    return cursor.fetchall() if cursor.description else []


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's own, but for how transactions begin, how times are read, when it checks itself."""

    opened_with: list[Any] = []  # replaced, never changed
    _opening = ""
    _reader: Any = None  # a cursor of the connection
    _trusted_until = 0.0

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection that reads times by the driver's own loader.

        Django's gives the same times, each through Python. The session's time zone is UTC.
        """
        made = super().get_new_connection(conn_params)
        made.adapters.register_loader("timestamptz", TimestamptzLoader)
        return made

    def create_cursor(self, name: str | None = None) -> Any:
        """A cursor; one with a name outlives its statement's transaction only where there is none.

        Django would look for its own loader of times.
        """
        if name is None:
            return self.connection.cursor()
        return self.connection.cursor(name, scrollable=False, withhold=not self.in_atomic_block)

    def fetch(self, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows that a statement finds: what its cursor would, without making one each time."""
        if self.execute_wrappers or self.queries_logged or self.in_atomic_block:
            with self.cursor() as cursor:
                cursor.execute(statement, parameters)
                found: list[tuple[Any, ...]] = cursor.fetchall()
                return found
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            if self._reader is None or self._reader.connection is not self.connection:
                self._reader = self.connection.cursor()
            rows: list[tuple[Any, ...]] = self._reader.execute(statement, parameters).fetchall()
        return rows

    @contextmanager
    def opening(self, statements: str) -> Iterator[None]:
        """Let the transaction that begins in here begin with ``statements``, in one message.

        What the last of them found is in ``opened_with``, for the first to ask.
        """
        self._opening = statements
        try:
            yield
        finally:
            self._opening = ""

    def _start_transaction_under_autocommit(self) -> None:
        statement = f"BEGIN; {self._opening}" if self._opening else "BEGIN"
        self._opening = ""
        try:
            with self.cursor() as cursor:
                cursor.execute(statement)
                self.opened_with = last_rows(cursor)
        except BaseException:
            self.close()  # it might be inside a transaction that Django does not know of
            raise

    def _set_autocommit(self, autocommit: bool) -> None:  # noqa: FBT001 - Django's signature
        if self.connection.autocommit != autocommit:
            super()._set_autocommit(autocommit)  # type: ignore[misc] # not in the stubs

    def is_usable(self) -> bool:
        """Whether the server is still there; Django asks before a request's first statement.

        A server that ends a connection says so, and something to read on an idle connection can be
        nothing else. Only what a silent network may have cut is asked, and after an error.
        """
        now = time.monotonic()
        if now < self._trusted_until and not self.errors_occurred and self._is_quiet():
            return True
        usable = super().is_usable()
        self._trusted_until = now + _TRUSTED_FOR if usable else 0.0
        return usable

    def _is_quiet(self) -> bool:
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return not poll.poll(0)
