"""One tenant's incidents in windows, each read by short statements of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from accounts import tenancy
from accounts.tenancy import ASKING, Select
from attributes import indexes
from attributes.filters.conditions import Condition

_WINDOW = 100_000  # rows


@dataclass(frozen=True, slots=True)
class Window:
    """Some of a tenant's incidents: those behind one id up to another, or to the end."""

    tenant: str
    after: UUID
    last: UUID | None

    def first(self, columns: str, condition: Condition, most: int) -> Select:
        """A SELECT of the first rows that meet a condition; ``columns`` are constants and slots."""
        until = "" if self.last is None else " AND id <= %s"
        ids = [self.after] if self.last is None else [self.after, self.last]
        sql = (
            f"SELECT {columns} FROM {indexes.table()} WHERE {ASKING} AND id > %s{until}"  # noqa: S608
            f" AND ({condition.sql}) ORDER BY id LIMIT {most:d}"
        )
        return Select(sql, [*ids, *condition.parameters])


def windows(tenant: str, after: UUID) -> Iterator[Window]:
    """All of a tenant's incidents behind an id, in the order of their ids."""
    following: UUID | None = after
    while following is not None:
        begins = following
        select = Select(
            f"SELECT id FROM {indexes.table()} WHERE {ASKING} AND id > %s"  # noqa: S608
            f" ORDER BY id LIMIT 1 OFFSET {_WINDOW - 1}",
            [begins],
        )
        rows = tenancy.read(tenant, select)
        following = rows[0][0] if rows else None
        yield Window(tenant, begins, following)
