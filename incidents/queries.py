"""Reading incidents, one or a page of them, under the definitions in force.

Each statement also says whether the epoch is still that of the definitions it was made with.
"""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TypeVar
from uuid import UUID

from django.db import OperationalError, transaction
from psycopg.errors import QueryCanceled

from accounts import tenancy
from accounts.tenancy import Select
from attributes import fence, usage
from attributes.filters.targets import AttributeTarget
from attributes.schema import Schema, schemas
from incidents import pages, selection, totals
from incidents.models import Incident
from incidents.pages import Found, Part, Query
from incidents.presenter import Row
from incidents.selection import Selection
from incidents_project.refusals import Invalid, NotFound, Unavailable

_TRIES = 3

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


def no_such_incident() -> NotFound:
    """The one answer for an id that is nobody's and for one that is another tenant's."""
    return NotFound("There is no such incident.")


def read_one(tenant_id: str, incident_id: UUID) -> Row:
    """One incident as answered; raises ``NotFound``."""
    return read_some(tenant_id, incident_id, lambda _: selection.EVERYTHING)[0]


def read_some(
    tenant_id: str, incident_id: UUID, choose: Callable[[Schema], Selection]
) -> tuple[Row, int]:
    """What is chosen of one incident, and its version; raises ``NotFound``."""

    def read(schema: Schema, chosen: Selection) -> tuple[tuple[Row, int], bool]:
        columns = f"{pages.listed(chosen.columns)}, occ_lock AS version"
        sql = f"{pages.select(columns)} AND id = %s OFFSET 0"
        records = tenancy.read(tenant_id, Select(sql, [incident_id], [schema.stamp]))
        if not records:
            raise no_such_incident()
        in_force, *record, version = records[0]
        return (chosen.presenter(schema).present(record), version), in_force

    return _in_force(choose, read)


def read_page(
    tenant_id: str,
    ask: Callable[[Schema], Query],
    part: Part,
    *,
    total: totals.Wanted = totals.Wanted.USUAL,
) -> Found:
    """A page of what ``ask`` makes of the schema in force.

    Raises what ``ask`` raises, and ``Unavailable`` (``too_slow``) where the database took
    longer than a statement may.
    """

    def read(schema: Schema, query: Query) -> tuple[Found, bool]:
        with _watched(query):
            return pages.read(tenant_id, schema, query, part, total)

    return _in_force(ask, read)


def _in_force(
    ask: Callable[[Schema], Asked], read: Callable[[Schema, Asked], tuple[Answer, bool]]
) -> Answer:
    """What is read under the schema in force.

    It is asked with the schema that this process saw last, and again if what was read says that
    another is in force by now; nor is anything refused before that is known. Where changes come
    faster than answers, the last attempt keeps them out.
    """
    schema = schemas.lately()
    for _ in range(_TRIES):
        try:
            asked = ask(schema)
        except Invalid:
            newest = schemas.now()
            if newest.stamp == schema.stamp:
                raise
            schema = newest
            continue
        answer, in_force = read(schema, asked)
        if in_force:
            return answer
        schema = schemas.now()
    with transaction.atomic():
        schema = fence.enter()
        return read(schema, ask(schema))[0]


def missing(tenant_id: str, ids: Collection[UUID]) -> set[UUID]:
    """Those of ``ids`` that are no incident of the tenant's."""
    found = Incident.objects.for_tenant(tenant_id).filter(id__in=ids).values_list("id", flat=True)
    return set(ids).difference(found)


@contextmanager
def _watched(query: Query) -> Iterator[None]:
    """Note what was asked of attributes without an index, and how long that took."""
    unindexed = {
        target.slot: target.name
        for target in query.targets
        if isinstance(target, AttributeTarget) and not target.indexed
    }
    started = time.perf_counter()
    try:
        yield
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        usage.note(unindexed, _since(started), timed_out=True)
        raise _too_slow(unindexed.values()) from error
    if unindexed:
        usage.note(unindexed, _since(started))


def _since(started: float) -> float:
    """Milliseconds."""
    return (time.perf_counter() - started) * 1_000


def _too_slow(unindexed: Collection[str]) -> Unavailable:
    advice = "Ask for less: add a filter, or send total=none."
    if unindexed:
        advice = f"{', '.join(unindexed)} has no index; a deployer can set indexed on it. {advice}"
    return Unavailable(f"The database took too long. {advice}", code="too_slow")
