"""Pieces of a WHERE clause, each with its parameters."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL with ``%s`` where a parameter goes. The text is of our own constants, and of slots.

    ``found_by`` is the SQL of the indexed value that it asks about, if what meets it is one range
    of that index.
    """

    sql: str
    parameters: tuple[Any, ...] = ()
    found_by: str = ""

    def __bool__(self) -> bool:
        return self.sql != EVERYTHING.sql

    def with_parameter(self, place: str, mark: str, value: Any) -> "Condition":
        """The condition with one more parameter, ``mark``, wherever ``place`` stands."""
        marks = re.findall(re.escape(place) + "|%s", self.sql)
        given = iter(self.parameters)
        parameters = tuple(value if found == place else next(given) for found in marks)
        return replace(self, sql=self.sql.replace(place, mark), parameters=parameters)


EVERYTHING = Condition("true")
NOTHING = Condition("false")


def all_of(conditions: Iterable[Condition]) -> Condition:
    """True where every one is; of none, everywhere."""
    asking = [one for one in conditions if one]
    return replace(_joined(asking, " AND "), found_by=_found_together(asking))


def any_of(conditions: Iterable[Condition]) -> Condition:
    """True where at least one is."""
    return _joined(list(conditions), " OR ")


def none_of(condition: Condition) -> Condition:
    """True wherever ``condition`` is not, also where it asks about a value that is missing."""
    return Condition(f"(({condition.sql}) IS NOT TRUE)", condition.parameters)


def planned_by_value(condition: Condition) -> Condition:
    """The same condition, which PostgreSQL plans anew for the values of each execution.

    Of a prepared statement it may keep one plan for all values, if that looks as cheap: one that
    suits the rare values of an attribute and reads half the table for a common one. Here it never
    does: with its values known, what is added is true and leaves the plan; without them it is a
    count that would take forever.
    """
    return all_of([condition, _DEAR_UNLESS_KNOWN]) if condition else condition


_DEAR_UNLESS_KNOWN = Condition(
    "(%s OR (SELECT count(*) FROM generate_series(1, 1000000000)) > 0)", (True,)
)


def planned_once(condition: Condition) -> Condition:
    """The same condition; of a statement with it PostgreSQL keeps one plan for all values.

    For statements that have one good plan; planning may take longer than they do. What is added is
    the reverse of ``planned_by_value``: dear where its value is known, and never counted.
    """
    return all_of([condition, _DEAR_IF_KNOWN])


_DEAR_IF_KNOWN = Condition(
    "(now() IS NOT NULL OR (SELECT count(*) FROM generate_series(1, %s)) > 0)", (1_000_000_000,)
)


def _joined(conditions: list[Condition], word: str) -> Condition:
    if not conditions:
        return EVERYTHING
    if len(conditions) == 1:
        return conditions[0]
    sql = word.join(one.sql for one in conditions)
    return Condition(f"({sql})", tuple(p for one in conditions for p in one.parameters))


def _found_together(conditions: list[Condition]) -> str:
    """What finds all that meets every one: two ranges of an index are one."""
    found_by = {one.found_by for one in conditions}
    return found_by.pop() if len(found_by) == 1 else ""
