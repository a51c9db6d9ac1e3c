"""Which fields an answer has: all of them, or those that ``fields`` names."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from attributes.assembly import UNPACKED, Assembly, assembly
from attributes.filters.targets import PREFIX, nearest
from attributes.schema import Schema, Shown
from attributes.values import MEMBER
from incidents.presenter import COLUMNS, Row
from incidents_project.database.fields import ExactJSONField
from incidents_project.refusals import MOST_FAULTS, Fault

_decode = ExactJSONField().from_db_value


@dataclass(frozen=True, slots=True)
class Selection:
    """Columns in the order of the answer, and which attributes; all of them for None."""

    columns: tuple[str, ...] = COLUMNS
    attributes: tuple[str, ...] | None = None

    def page_presenter(self, schema: Schema) -> "PagePresenter":
        """What makes answers of many rows."""
        values = assembly(schema, self.attributes) if MEMBER in self.columns else None
        return PagePresenter(self.columns, values)

    def presenter(self, schema: Schema) -> "Presenter":
        """What makes an answer of one row."""
        only = None if self.attributes is None else schema.shown(self.attributes)
        return Presenter(self.columns, schema, only)


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class Presenter:
    """Makes an answer of a row as it was read under ``schema``."""

    columns: tuple[str, ...]
    schema: Schema
    only: Shown | None

    def present(self, record: Sequence[Any]) -> Row:
        """The row whose first values are those of the columns."""
        row: Row = dict(zip(self.columns, record, strict=False))
        stored = row.get(MEMBER)
        if stored is not None:
            row[MEMBER] = self.schema.present(_decode(stored), self.only)
        return row


_UNPACKED = f"""
    CROSS JOIN LATERAL
        (SELECT answer."attributes" || '{{}}'::jsonb AS "attributes" OFFSET 0) AS {UNPACKED}
"""


@dataclass(frozen=True, slots=True)
class PagePresenter:
    """Makes answers of many rows: PostgreSQL puts the values of attributes together.

    ``expressions`` are what is read of each ``answer``. Its values stand beside it once more: a
    long one is unpacked once there, and not for each of its attributes.
    """

    columns: tuple[str, ...]
    values: Assembly | None

    @property
    def expressions(self) -> list[str]:
        """What is read, in the order that ``present`` expects."""
        read = [f'answer."{column}"' for column in self.columns]
        if self.values is not None:
            read[self.columns.index(MEMBER)] = self.values.text
            read.append(self.values.rest)
        return read

    @property
    def parameters(self) -> tuple[Any, ...]:
        """Of the expressions."""
        return () if self.values is None else self.values.parameters

    @property
    def beside(self) -> str:
        """What stands beside an answer in FROM."""
        return "" if self.values is None else _UNPACKED

    def present(self, record: Sequence[Any]) -> Row:
        """The row whose first values are those of the expressions."""
        row: Row = dict(zip(self.columns, record, strict=False))
        if self.values is not None:
            row[MEMBER] = self.values.value(row[MEMBER], record[len(self.columns)])
        return row


def parse(texts: Sequence[str], names: Collection[str], faults: list[Fault]) -> Selection:
    """What ``fields=id,attributes.count`` asks for; ``names`` are all that it may."""
    if not texts:
        return EVERYTHING
    columns, attributes = set(), set()
    whole = False
    for name in (name for text in texts for name in text.split(",")):
        if name in COLUMNS:
            columns.add(name)
            whole = whole or name == MEMBER
        elif name in names and name.startswith(PREFIX):
            columns.add(MEMBER)
            attributes.add(name.removeprefix(PREFIX))
        elif len(faults) <= MOST_FAULTS:
            hint = nearest(name, [*COLUMNS, *names], faults)
            faults.append(Fault("fields", "unknown_field", f"{_shown(name)} is no field.{hint}"))
    kept = tuple(column for column in COLUMNS if column in columns)
    return Selection(kept, None if whole else tuple(sorted(attributes)))


def _shown(name: str) -> str:
    return name[:50] or "Nothing between two commas"
