"""Which fields an answer has: all of them, or those that ``fields`` names."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from attributes.filters.targets import PREFIX, Targets
from attributes.schema import Schema, Shown
from attributes.values import MEMBER
from incidents.presenter import COLUMNS, Row
from incidents_project.exact_json import loads
from incidents_project.refusals import MOST_FAULTS, Fault


@dataclass(frozen=True, slots=True)
class Selection:
    """Columns in the order of the answer, and which attributes; all of them for None."""

    columns: tuple[str, ...] = COLUMNS
    attributes: tuple[str, ...] | None = None

    def presenter(self, schema: Schema) -> "Presenter":
        """What makes answers of rows."""
        only = None if self.attributes is None else schema.shown(self.attributes)
        return Presenter(self.columns, schema, only)


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class Presenter:
    """Makes answers of rows as they were read under ``schema``."""

    columns: tuple[str, ...]
    schema: Schema
    only: Shown | None

    def present(self, record: Sequence[Any]) -> Row:
        """The row whose first values are those of the columns."""
        row: Row = dict(zip(self.columns, record, strict=False))
        stored = row.get(MEMBER)
        if stored is not None:
            row[MEMBER] = self.schema.present(loads(stored), self.only)
        return row


def parse(texts: Sequence[str], targets: Targets, faults: list[Fault]) -> Selection:
    """What ``fields=id,attributes.count`` asks for."""
    if not texts:
        return EVERYTHING
    columns, attributes = set(), set()
    whole = False
    for name in (name for text in texts for name in text.split(",")):
        if name in COLUMNS:
            columns.add(name)
            whole = whole or name == MEMBER
        elif name.startswith(PREFIX) and (target := targets.named(name)) is not None:
            columns.add(MEMBER)
            attributes.add(target.name.removeprefix(PREFIX))
        elif len(faults) <= MOST_FAULTS:
            hint = targets.hint(name, [*COLUMNS, *targets], faults)
            faults.append(Fault("fields", "unknown_field", f"{_shown(name)} is no field.{hint}"))
    kept = tuple(column for column in COLUMNS if column in columns)
    return Selection(kept, None if whole else tuple(sorted(attributes)))


def _shown(name: str) -> str:
    return name[:50] or "Nothing between two commas"
