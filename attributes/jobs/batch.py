"""One batch of a sweep: what it writes and where it stands are stored together."""

import time
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from accounts import tenancy
from accounts.models import Tenant
from attributes import fence, indexes
from attributes.jobs import lease
from attributes.jobs.steps import Batch, Sweep, Written
from attributes.models import Job

_FIRST = UUID(int=0)
_LOOKED_AT = 20  # rows for each that may be written: where little is to do, a batch goes far
_FARTHEST = 10_000  # rows


@dataclass(frozen=True, slots=True)
class Pass:
    """How a batch went: the job as it stands now, and whether this round has more to do."""

    job: Job
    changed: int
    seconds: float
    more: bool


@dataclass(frozen=True, slots=True)
class _Seen:
    """The rows of a batch: how many, how many of them need work, and the last one's id."""

    rows: int
    needed: int
    last: UUID
    more: bool


def next_batch(job: Job, sweep: Sweep, size: int) -> Pass:
    """Work on the next ``size`` rows that need it, or go on to the next tenant."""
    tenant = job.tenant or _behind("")
    if tenant is None:
        return Pass(job, 0, 0.0, more=False)
    started = time.monotonic()
    with tenancy.scope(tenant):
        schema = fence.enter()
        held = lease.hold(job)
        after = held.host_id or _FIRST
        seen = _look(tenant, after, sweep.needs(), size)
        written = Written(0, 0)
        if seen.needed:
            written = sweep.write(schema, Batch(tenant, after, seen.last))
        following = tenant if seen.more else _behind(tenant)
        lease.keep(
            held,
            tenant=following or tenant,
            host_id=seen.last if following in {tenant, None} else None,
            seen=held.seen + seen.rows,
            changed=held.changed + written.changed,
            skipped=held.skipped + max(0, seen.needed - written.held),
            worked_ms=held.worked_ms + round((time.monotonic() - started) * 1_000),
        )
    seconds = time.monotonic() - started
    return Pass(held, written.changed, seconds, more=following is not None)


def _look(tenant: str, after: UUID, needs: str, size: int) -> _Seen:
    """As many rows as have ``size`` that need work among them, as far as a batch goes."""
    farthest = min(_FARTHEST, _LOOKED_AT * size)
    ahead = (  # constants and slots
        f"SELECT id, ({needs}) AS needed FROM {indexes.table()}"  # noqa: S608
        f" WHERE tenant_id = %s AND id > %s ORDER BY id LIMIT {farthest:d}"
    )
    full = (  # reads no further than it must
        "SELECT place, id FROM (SELECT id, needed, row_number() OVER (ORDER BY id) AS place"  # noqa: S608
        f" FROM ({ahead}) AS ahead) AS placed WHERE needed ORDER BY id"
        f" OFFSET {size - 1:d} LIMIT 1"
    )
    whole = (
        "SELECT count(*), count(*) FILTER (WHERE needed), (array_agg(id ORDER BY id DESC))[1]"  # noqa: S608
        f" FROM ({ahead}) AS ahead"
    )
    with connection.cursor() as cursor:
        cursor.execute(full, [tenant, after])
        if (found := cursor.fetchone()) is not None:
            return _Seen(found[0], size, found[1], more=True)
        cursor.execute(whole, [tenant, after])
        rows, needed, last = cursor.fetchone()
    return _Seen(rows, needed, last or after, more=rows >= farthest)


def _behind(tenant: str) -> str | None:
    # The database's order of names, which need not be Python's.
    return Tenant.objects.filter(id__gt=tenant).order_by("id").values_list("id", flat=True).first()
