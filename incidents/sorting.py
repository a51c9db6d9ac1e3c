"""Orders of a list: parsed from ``sort``, written as SQL, and continued from a cursor."""

from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any
from uuid import UUID

from incidents.presenter import COLUMNS
from incidents_project.refusals import Fault, Invalid

SORTABLE = tuple(column for column in COLUMNS if column not in {"attributes", "tenant_id"})
_MOMENTS = frozenset({"date", "resolved_date", "created_at", "updated_at"})
_NULLABLE = frozenset({"resolved_date"})
_DIRECTIONS = {"ASC": False, "DESC": True}
MOST = 5


@dataclass(frozen=True, slots=True)
class Key:
    """One step of an order. ``column`` is one of ``SORTABLE``, never a client's text."""

    column: str
    descending: bool

    def __str__(self) -> str:
        return f"{self.column},{'DESC' if self.descending else 'ASC'}"


DEFAULT = (Key("created_at", descending=True),)


def parse(texts: list[str]) -> tuple[Key, ...]:
    """The keys that ``sort`` parameters name; ``Invalid`` says what is allowed."""
    if not texts:
        return DEFAULT
    keys = tuple(_parse(text) for text in texts)
    columns = [key.column for key in keys]
    if len(keys) > MOST or len(set(columns)) < len(columns):
        raise _refused(f"Must name at most {MOST} fields, each once.")
    return keys


def _parse(text: str) -> Key:
    column, comma, direction = text.partition(",")
    if column not in SORTABLE:
        close = get_close_matches(column, SORTABLE, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise _refused(f"Must name one of {', '.join(SORTABLE)}.{hint}")
    if comma and direction.upper() not in _DIRECTIONS:
        raise _refused("The direction must be ASC or DESC: sort=date,DESC.")
    return Key(column, _DIRECTIONS.get(direction.upper(), True))


def _refused(message: str) -> Invalid:
    return Invalid.because([Fault("sort", "bad_sort", message)])


def with_tie_break(keys: tuple[Key, ...]) -> tuple[Key, ...]:
    """The keys with ``id`` behind them, in the last one's direction: one index serves both."""
    if any(key.column == "id" for key in keys):
        return keys
    return (*keys, Key("id", keys[-1].descending))


def order_by(keys: tuple[Key, ...]) -> str:
    """The order as SQL; incidents without a value come last either way."""
    steps = []
    for key in with_tie_break(keys):
        nulls = " NULLS LAST" if key.column in _NULLABLE else ""
        steps.append(f'"{key.column}" {"DESC" if key.descending else "ASC"}{nulls}')
    return ", ".join(steps)


def position_of(keys: tuple[Key, ...], row: dict[str, Any]) -> list[Any]:
    """Where ``row`` stands in the order, as JSON."""
    position = []
    for key in with_tie_break(keys):
        value = row[key.column]
        if isinstance(value, datetime):
            value = value.isoformat()
        position.append(str(value) if isinstance(value, UUID) else value)
    return position


def after(keys: tuple[Key, ...], position: list[Any]) -> tuple[str, list[Any]]:
    """The condition that a row stands behind ``position``, and its parameters."""
    keys = with_tie_break(keys)
    values = [_value(key, raw) for key, raw in zip(keys, position, strict=True)]
    if len({key.descending for key in keys}) == 1 and not _NULLABLE & {k.column for k in keys}:
        # A row comparison is one range of the index.
        columns = ", ".join(f'"{key.column}"' for key in keys)
        marks = ", ".join(["%s"] * len(keys))
        return f"({columns}) {'<' if keys[0].descending else '>'} ({marks})", values
    return _stepwise(keys, values)


def _stepwise(keys: tuple[Key, ...], values: list[Any]) -> tuple[str, list[Any]]:
    """Behind in the first key, or equal there and behind in the second, and so on."""
    alternatives, parameters = [], []
    for last, key in enumerate(keys):
        if values[last] is None:
            continue  # nothing stands behind null but what another key puts there
        conditions = []
        for equal, value in zip(keys[:last], values[:last], strict=True):
            conditions.append(f'"{equal.column}" IS NOT DISTINCT FROM %s')
            parameters.append(value)
        behind = f'"{key.column}" {"<" if key.descending else ">"} %s'
        if key.column in _NULLABLE:
            behind = f'({behind} OR "{key.column}" IS NULL)'
        conditions.append(behind)
        parameters.append(values[last])
        alternatives.append("(" + " AND ".join(conditions) + ")")
    return "(" + " OR ".join(alternatives) + ")", parameters


def _value(key: Key, raw: Any) -> Any:
    if key.column in _MOMENTS and raw is not None:
        return datetime.fromisoformat(raw)
    return UUID(raw) if key.column == "id" else raw
