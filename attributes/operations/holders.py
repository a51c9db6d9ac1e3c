"""Who has an option, or could choose it: found out before the fence is shut.

Counting may take a second, in which no writer could be kept waiting. So an operation that needs a
count leaves its transaction, the count is made, and it begins anew: where no definition was changed
meanwhile, nobody has an option by now that nobody had, and that nobody could choose.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar
from uuid import UUID

from django.db import connection

from accounts import tenancy
from attributes import indexes
from attributes.schema import schemas
from attributes.storage import codes, expression, has_code
from attributes.types.options import ChoosingType
from incidents_project.refusals import Unavailable

_TRIES = 5  # epochs

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Question:
    """Who has these options in these slots, as of one epoch."""

    stamp: UUID
    slots: frozenset[str]
    codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Holders:
    """How many incidents of all tenants have which options, and which could still be chosen."""

    counts: Counter[str]
    choosable: frozenset[str]


class _CountFirstError(Exception):
    """The operation cannot go on before this is known."""

    def __init__(self, question: _Question) -> None:
        self.question = question


Answers = dict[_Question, Holders]
_known: ContextVar[Answers | None] = ContextVar("known_holders", default=None)
_as_of: ContextVar[UUID | None] = ContextVar("holders_as_of", default=None)


@contextmanager
def as_of(stamp: UUID) -> Iterator[None]:
    """Count as of the epoch that a transaction of several changes began in.

    The epochs in between are its own: nobody has seen them, and the next attempt has others.
    """
    token = _as_of.set(stamp)
    try:
        yield
    finally:
        _as_of.reset(token)


def counts_first(operation: Callable[P, T]) -> Callable[P, T]:
    """Of an operation that may ask for ``holders``: it is begun anew when they are counted.

    Whoever calls several such operations in one transaction is itself to be such an operation.
    """

    @wraps(operation)
    def carry_out(*args: P.args, **kwargs: P.kwargs) -> T:
        if _known.get() is not None:
            return operation(*args, **kwargs)
        answers: Answers = {}
        token = _known.set(answers)
        try:
            while len({question.stamp for question in answers}) < _TRIES:
                try:
                    return operation(*args, **kwargs)
                except _CountFirstError as first:
                    answers[first.question] = _answer(first.question)
        finally:
            _known.reset(token)
        raise Unavailable(
            "Attributes were changed faster than it could be counted who has the options.",
            code="schema_busy",
        )

    return carry_out


def holders(stamp: UUID, slots: Collection[str], listed: Collection[str]) -> Holders:
    """Who has the options in one of the slots, or could choose them; ``stamp`` is the epoch's."""
    question = _Question(_as_of.get() or stamp, frozenset(slots), frozenset(listed))
    answers = _known.get()
    if answers is None:
        return _answer(question)
    if question not in answers:
        raise _CountFirstError(question)
    return answers[question]


def _answer(question: _Question) -> Holders:
    choosable: set[str] = set()
    for attribute in schemas.now().attributes:
        if attribute.slot in question.slots and isinstance(attribute.type, ChoosingType):
            choosable |= attribute.type.choices.position.keys() & question.codes
    return Holders(_count(question), frozenset(choosable))


def _count(question: _Question) -> Counter[str]:
    counted: Counter[str] = Counter()
    with tenancy.survey(), connection.cursor() as cursor:
        for slot in question.slots:
            cursor.execute(_select(slot, question.codes))
            counted.update(dict(cursor.fetchall()))
    return counted


def _select(slot: str, listed: Collection[str]) -> str:
    """The options and how many incidents of all tenants have each."""
    value = expression(slot)
    as_list = (
        f"CASE jsonb_typeof({value}) WHEN 'array' THEN {value} ELSE jsonb_build_array({value}) END"
    )
    return (
        f"SELECT code, count(*) FROM {indexes.table()}"  # noqa: S608 - constants, slots, codes
        f" CROSS JOIN LATERAL jsonb_array_elements_text({as_list}) AS code"
        f" WHERE {has_code(slot, listed)} AND code = ANY({codes(listed)}) GROUP BY code"
    )
