"""What filters and sorts without an index cost: counted by attribute, for all tenants together.

From the counters a deployer learns which index would help. They say nothing of any tenant: neither
whose query it was nor what was asked for. Counting is cheap; the numbers are kept in the process
and added to the table once in a while, so that those of the last seconds are lost with a process.
"""

import threading
import time
from collections.abc import Collection
from dataclasses import dataclass

import structlog
from django.db import connection, transaction

SLOW = 100.0  # milliseconds
EVERY = 10.0  # seconds between two writes of a process

_log = structlog.stdlib.get_logger("incidents.usage")


@dataclass(slots=True)
class Count:
    """The uses of one slot since the last write."""

    uses: int = 0
    slow_uses: int = 0
    timeouts: int = 0
    total_ms: float = 0.0
    greatest_ms: float = 0.0

    def add(self, milliseconds: float, *, timed_out: bool) -> None:
        """One more use."""
        self.uses += 1
        self.slow_uses += timed_out or milliseconds > SLOW
        self.timeouts += timed_out
        self.total_ms += milliseconds
        self.greatest_ms = max(self.greatest_ms, milliseconds)


class Counters:
    """What this process has counted and not yet written."""

    def __init__(self) -> None:
        self.due = 0.0  # when to write, in monotonic seconds
        self._lock = threading.Lock()
        self._counts: dict[str, Count] = {}

    def note(self, slots: Collection[str], milliseconds: float, *, timed_out: bool) -> None:
        """Count a query that each of ``slots`` was filtered or sorted by in vain of an index."""
        with self._lock:
            for slot in slots:
                self._counts.setdefault(slot, Count()).add(milliseconds, timed_out=timed_out)
            due = time.monotonic() >= self.due and bool(self._counts)
        if due:
            self.flush()

    def flush(self) -> None:
        """Add what was counted to the table. Advice is not worth a request: errors are logged."""
        with self._lock:
            counts, self._counts = self._counts, {}
            self.due = time.monotonic() + EVERY
        try:
            _write(counts)
        except Exception as error:
            _log.warning("usage_not_written", error=type(error).__name__)


_WRITE = """
    INSERT INTO attributes_unindexeduse AS use
        (slot, uses, slow_uses, timeouts, total_ms, greatest_ms, last_used_at)
    SELECT counted.*, statement_timestamp()
    FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::float8[], %s::float8[])
         AS counted
    ON CONFLICT (slot) DO UPDATE SET
        uses = use.uses + excluded.uses,
        slow_uses = use.slow_uses + excluded.slow_uses,
        timeouts = use.timeouts + excluded.timeouts,
        total_ms = use.total_ms + excluded.total_ms,
        greatest_ms = greatest(use.greatest_ms, excluded.greatest_ms),
        last_used_at = excluded.last_used_at
"""


def _write(counts: dict[str, Count]) -> None:
    if not counts:
        return
    # In one order for everybody, so that no two processes wait for each other.
    rows = [
        (slot, count.uses, count.slow_uses, count.timeouts, count.total_ms, count.greatest_ms)
        for slot, count in sorted(counts.items())
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_WRITE, [list(column) for column in zip(*rows, strict=True)])


counters = Counters()


def note(slots: Collection[str], milliseconds: float, *, timed_out: bool = False) -> None:
    """Count a query by attributes that have no index; outside of any transaction."""
    if slots:
        counters.note(slots, milliseconds, timed_out=timed_out)
