"""Which way leads to the page of a filter: it depends on how many incidents meet it.

PostgreSQL plans a filter for its values at each execution, since the values decide. That takes
longer than to read a page, so two ways that are planned once for all values are tried first: they
read a bounded number of rows, and what they find shows whether it is the page.

Between the few and the many PostgreSQL has to choose: all that meet the filter, by their index, or
the newest incidents one by one until enough of them do. Either may be thousands of rows for a page,
and its counts of values are too coarse to know which. Where the last pages have shown how far back
one reaches, it is asked for what has been created since: by their index all that meet it are told
from older ones without their rows, and a walk has an end.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

WALKED = 1_000  # rows, which take a millisecond


class Way(StrEnum):
    """How a page is looked for."""

    FEW = "all that meet it, by their index, and then in order: if a page has room for them"
    WALK = "the first rows in the order of the list: if a page of them meets it"
    PLANNED = "as PostgreSQL plans it for the values"


class Reach(NamedTuple):
    """How far back to look for a page: the first one since when, others how long before."""

    since: datetime
    span: timedelta


class Question(NamedTuple):
    """Numbers by which a question is known: with its values, and whichever values it has."""

    number: int
    form: int


class Ways:
    """Which ways to try for the page of a question, by what led there lately.

    Requests share it without a lock, and two questions may have one number: what is known is only
    where to look first.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._led: dict[int, Way] = {}  # by question
        self._far_between: set[int] = set()  # forms of which one was walked in vain lately
        self._reach: dict[int, Reach] = {}  # by question, and by form

    def to_try(self, question: Question) -> tuple[Way, ...]:
        """The bounded ways that are worth trying, one after the other."""
        way = self._led.get(question.number)
        if way is not None:
            return () if way is Way.PLANNED else (way,)
        return (Way.FEW,) if question.form in self._far_between else (Way.FEW, Way.WALK)

    def note(self, question: Question, way: Way, tried: Collection[Way]) -> None:
        """This way led to its page, after those that were tried in vain."""
        if way is Way.PLANNED and not tried:
            return  # which says nothing of the others
        if len(self._led) >= self._most:
            self._led.clear()
            self._far_between.clear()
        self._led[question.number] = way
        if way is Way.WALK:
            self._far_between.discard(question.form)
        elif Way.WALK in tried:
            self._far_between.add(question.form)

    def since(self, question: Question, position: datetime | None) -> datetime | None:
        """Whence incidents are likely to fill a page, from a position or the first one."""
        reach = self._reach.get(question.number) or self._reach.get(question.form)
        if reach is None:
            return None
        return reach.since if position is None else position - reach.span

    def note_page(
        self, question: Question, middle: datetime, oldest: datetime, *, is_first: bool
    ) -> None:
        """A page goes back so far; the next of its question, or its form, may go further.

        Its older half says how many there are at a time, so about as many more are looked at: too
        far costs little. What went further is forgotten slowly.
        """
        if len(self._reach) >= 2 * self._most:
            self._reach.clear()
        half = middle - oldest
        for number in question:
            since, span = oldest - 2 * half, 4 * half
            known = self._reach.get(number)
            if known is not None:
                nearer = known.since + max(since - known.since, timedelta(0)) / 10
                since = min(since, nearer) if is_first else known.since
                span = max(span, 0.9 * known.span)
            self._reach[number] = Reach(since, span)

    def note_few(self, question: Question) -> None:
        """There is no more than a page, which an index finds."""
        self._led.pop(question.number, None)


lately = Ways()
