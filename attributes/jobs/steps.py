"""What a job is made of: sweeps over all rows, and single acts between them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from django.db import connection

from attributes import indexes
from attributes.models import Job
from attributes.schema import Schema


class BlockedError(Exception):
    """The job cannot go on until a person has decided; says about what, and what to do."""


class NotYetError(Exception):
    """The job waits for something that is under way elsewhere."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows that one transaction looks at: of one tenant, behind one id and up to another."""

    tenant: str
    after: UUID
    last: UUID

    def rows(self, condition: str, columns: str = "id") -> list[tuple[Any, ...]]:
        """The columns of its rows that meet a condition and nobody else holds; now we hold them.

        A row that somebody changed meanwhile is asked again as it is now. Both texts are made of
        constants and slots.
        """
        sql = (
            f"SELECT {columns} FROM {indexes.table()}"  # noqa: S608
            f" WHERE tenant_id = %s AND id > %s AND id <= %s AND ({condition})"
            " ORDER BY id FOR UPDATE SKIP LOCKED"
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, [self.tenant, self.after, self.last])
            found: list[tuple[Any, ...]] = cursor.fetchall()
        return found

    def update(self, assigned: str, ids: Sequence[UUID], parameters: Sequence[Any] = ()) -> None:
        """Assign new values to held rows. Nothing a client sees changes, so no version rises."""
        if ids:
            sql = (
                f'UPDATE {indexes.table()} SET "attributes" = {assigned}'  # noqa: S608
                " WHERE tenant_id = %s AND id = ANY(%s)"
            )
            with connection.cursor() as cursor:
                cursor.execute(sql, [*parameters, self.tenant, list(ids)])

    def merge(self, ids: Sequence[UUID], documents: Sequence[str]) -> None:
        """Merge into each held row a JSON object of its own."""
        if ids:
            table = indexes.table()
            sql = (
                f'UPDATE {table} SET "attributes" = "attributes" || new.document::jsonb'  # noqa: S608
                " FROM unnest(%s::uuid[], %s::text[]) AS new (id, document)"
                f" WHERE {table}.tenant_id = %s AND {table}.id = new.id"
            )
            with connection.cursor() as cursor:
                cursor.execute(sql, [list(ids), list(documents), self.tenant])


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a batch: the rows that were held, and those of them that were changed."""

    held: int
    changed: int


class Step(ABC):
    """One part of a job."""

    name: ClassVar[str]


class Sweep(Step):
    """A step that goes over every row there is."""

    @abstractmethod
    def needs(self) -> str:
        """The condition, of constants and slots, of a row that is still to be worked on."""

    @abstractmethod
    def write(self, schema: Schema, batch: Batch) -> Written:
        """Work on a batch's rows; inside its transaction, behind the fence."""


class Act(Step):
    """A step that is done at once."""

    @abstractmethod
    def do(self, job: Job) -> None:
        """Do it; in no transaction. Raises ``BlockedError`` or ``NotYetError``.

        What it stores it must store so that it may be done again, by ``lease.hold`` in the same
        transaction.
        """
