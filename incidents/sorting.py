"""Orders of a list: parsed from ``sort``, written as SQL, and continued from a cursor.

Incidents without a value come last, whichever the direction. ``NULLS LAST`` on the first key would
keep PostgreSQL from walking an index, so such an order is walked in two runs: first those that have
a value, then those that have none, in the order of the keys that follow. Where no value is read as
one there are three runs: those before that value, those that have it or none, and those behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from attributes.filters.conditions import EVERYTHING, Condition, all_of, any_of
from attributes.filters.targets import AttributeTarget, Target, Targets
from attributes.storage import same
from incidents.targets import ID, OWN
from incidents_project.refusals import Fault

MOST = 5
_DIRECTIONS = {"ASC": False, "DESC": True}

Position = list[Any]  # a row's canonical values of the keys, in their order


@dataclass(frozen=True, slots=True)
class Key:
    """One step of an order."""

    target: Target
    descending: bool

    def __str__(self) -> str:
        return f"{self.target.name},{'DESC' if self.descending else 'ASC'}"


Keys = tuple[Key, ...]
DEFAULT: Keys = (Key(OWN["created_at"], descending=True),)


def parse(texts: Sequence[str], targets: Targets, faults: list[Fault]) -> Keys:
    """The keys that ``sort`` parameters name; a fault says what is allowed."""
    if not texts:
        return DEFAULT
    keys = [key for text in texts[: MOST + 1] if (key := _parse(text, targets, faults))]
    names = [key.target.name for key in keys]
    if len(texts) > MOST or len(set(names)) < len(names):
        _refuse(faults, f"Must name at most {MOST} fields, each once.")
    return tuple(keys)


def _parse(text: str, targets: Targets, faults: list[Fault]) -> Key | None:
    name, comma, direction = text.partition(",")
    target = targets.named(name)
    if target is None or not target.sortable:
        sortable = [known.name for known in targets.values() if known.sortable]
        hint = targets.hint(name, sortable, faults)
        _refuse(faults, f"Must name one of {', '.join(sortable)}.{hint}")
        return None
    if comma and direction.upper() not in _DIRECTIONS:
        _refuse(faults, f"The direction must be ASC or DESC: sort={name},DESC.")
        return None
    return Key(target, _DIRECTIONS.get(direction.upper(), True))


def _refuse(faults: list[Fault], message: str) -> None:
    faults.append(Fault("sort", "bad_sort", message))


def with_tie_break(keys: Keys) -> Keys:
    """The keys with ``id`` behind them, in the last one's direction: one index serves both."""
    if any(key.target.name == ID.name for key in keys):
        return keys
    return (*keys, Key(ID, keys[-1].descending))


@dataclass(frozen=True, slots=True)
class Run:
    """A part of a walk, that one index can serve: which rows, and in what order."""

    condition: Condition
    keys: Keys

    @property
    def order_by(self) -> Condition:
        """The order as SQL."""
        steps = (
            _step(key, nullable=place > 0 and key.target.nullable)
            for place, key in enumerate(_filled(self.keys))
        )
        return _with_missing(self.keys, Condition(", ".join(steps)))


def runs(keys: Keys, position: Position | None = None) -> list[Run]:
    """The runs of a walk in the order of ``keys``, from its start or behind ``position``."""
    keys = with_tie_break(keys)
    return _runs(keys, None if position is None else _read(keys, position))


def _read(keys: Keys, position: Position) -> Position:
    """The position as it would be read now: a value may stand by now for those that have none."""
    return [
        _missing(key) if value is None else value for key, value in zip(keys, position, strict=True)
    ]


def _missing(key: Key) -> Any:
    return key.target.missing if isinstance(key.target, AttributeTarget) else None


def _runs(keys: Keys, position: Position | None) -> list[Run]:
    first, rest = keys[0], keys[1:]
    if not first.target.nullable:
        return [Run(_after(keys, position), keys)]
    if _missing(first) is not None:
        return _around_missing(keys, position)
    passed = []
    if position is None or position[0] is not None:
        valued = Condition(f"{first.target.sql} IS NOT NULL")
        passed.append(Run(all_of([valued, _after(keys, position)]), keys))
        later = _runs(rest, None)
    else:
        later = _runs(rest, position[1:])
    unvalued = Condition(f"{first.target.sql} IS NULL")
    return passed + _limited(unvalued, later)


def _around_missing(keys: Keys, position: Position | None) -> list[Run]:
    """Those before the value that is read where there is none, those that have it, the others."""
    first, rest = keys[0], keys[1:]
    target, missing = first.target, _missing(first)
    tied = any_of([_compared(first, "=", missing), Condition(f"{target.sql} IS NULL")])
    behind = Run(all_of([_compared(first, _sign(first), missing), _after(keys, position)]), keys)
    if position is not None and same(position[0], missing):
        return [*_limited(tied, _runs(rest, position[1:])), behind]
    ahead = _opposite(_sign(first))
    before = Run(all_of([_compared(first, ahead, missing), _after(keys, position)]), keys)
    earlier = [before, *_limited(tied, _runs(rest, None))]
    if position is not None:
        # PostgreSQL knows which of two constants is greater; where these are passed, it reads none.
        values = (target.parameter(position[0]), target.parameter(missing))
        earlier = _limited(Condition(f"{target.mark} {ahead} {target.mark}", values), earlier)
    return [*earlier, behind]


def _limited(condition: Condition, several: list[Run]) -> list[Run]:
    return [replace(run, condition=all_of([condition, run.condition])) for run in several]


def _filled(keys: Keys) -> Keys:
    """The keys as expressions to order by; the first one's runs see to who has no value."""
    return (keys[0], *(_filled_key(key) for key in keys[1:]))


def _filled_key(key: Key) -> Key:
    if isinstance(key.target, AttributeTarget) and key.target.missing is not None:
        return replace(key, target=key.target.filled())
    return key


def _with_missing(keys: Keys, condition: Condition) -> Condition:
    """What stands for no value of the keys becomes a parameter."""
    for key in keys[1:]:
        if isinstance(key.target, AttributeTarget) and key.target.missing is not None:
            condition = key.target.with_missing(condition)
    return condition


def _step(key: Key, *, nullable: bool) -> str:
    nulls = " NULLS LAST" if nullable else ""
    return f"{key.target.sql} {'DESC' if key.descending else 'ASC'}{nulls}"


def _after(keys: Keys, position: Position | None) -> Condition:
    """The condition that a row stands behind ``position``, whose first value is not null."""
    if position is None:
        return EVERYTHING
    return _with_missing(keys, _behind_all(_filled(keys), position))


def _behind_all(keys: Keys, position: Position) -> Condition:
    one_way = len({key.descending for key in keys}) == 1
    if one_way and not any(key.target.nullable for key in keys[1:]):
        # A row comparison is one range of the index.
        columns = ", ".join(key.target.sql for key in keys)
        marks = ", ".join(key.target.mark for key in keys)
        values = tuple(
            key.target.parameter(value) for key, value in zip(keys, position, strict=True)
        )
        return Condition(f"({columns}) {_sign(keys[0])} ({marks})", values)
    return _stepwise(keys, position)


def _stepwise(keys: Keys, position: Position) -> Condition:
    """Behind in the first key, or equal there and behind in the second, and so on."""
    alternatives = []
    for place, key in enumerate(keys):
        if position[place] is None:
            continue  # nothing stands behind null but what another key puts there
        equal = [_equals(key, value) for key, value in zip(keys, position[:place], strict=False)]
        alternatives.append(all_of([*equal, _behind(key, position[place])]))
    # So that an index of the first key knows where to begin.
    start = _compared(keys[0], f"{_sign(keys[0])}=", position[0])
    return all_of([start, any_of(alternatives)])


def _behind(key: Key, value: Any) -> Condition:
    behind = _compared(key, _sign(key), value)
    if not key.target.nullable:
        return behind
    return any_of([behind, Condition(f"{key.target.sql} IS NULL")])


def _equals(key: Key, value: Any) -> Condition:
    if value is None:
        return Condition(f"{key.target.sql} IS NULL")
    return _compared(key, "=", value)


def _compared(key: Key, sign: str, value: Any) -> Condition:
    target = key.target
    return Condition(f"{target.sql} {sign} {target.mark}", (target.parameter(value),))


def _sign(key: Key) -> str:
    return "<" if key.descending else ">"


def _opposite(sign: str) -> str:
    return ">" if sign == "<" else "<"
