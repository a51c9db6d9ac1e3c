"""Putting right what ``attributes.check`` finds, as far as no value is lost by it."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection, transaction

from accounts import tenancy
from attributes import check, claims, fence, hosts, indexes, walk
from attributes.models import Claim
from attributes.operations.index import Done, reconcile
from attributes.slots import every
from attributes.storage import expression
from attributes.types import Json
from incidents_project.exact_json import loads

_TOGETHER = 1_000  # rows that one transaction holds


def repair_counts() -> int:
    """Count again; answers of how many tenants the count was wrong."""
    return sum(
        1 for host in hosts.all_hosts() for tenant in host.miscounted() if host.recount(tenant)
    )


def forget_aliases() -> int:
    """Forget former names whose time is over."""
    if not check.over().exists():
        return 0
    with transaction.atomic():
        fence.change()
        return check.over().delete()[0]


def repair_indexes() -> int:
    """Drop and build, as the owner of the tables."""
    return sum(1 for outcome in reconcile(insist=True) if outcome.done is not Done.FAILED)


def repair_claims() -> int:
    """Make claims agree with values. Of hosts with the same value all but one stay without."""
    mended = 0
    for tenant in walk.tenants():
        hosts_of: dict[str, list[UUID]] = {}
        for fault in check.claim_faults(tenant):
            hosts_of.setdefault(fault.slot.slot, []).append(fault.host_id)
        for slot, ids in hosts_of.items():
            for start in range(0, len(ids), _TOGETHER):
                mended += _reclaim(tenant, slot, ids[start : start + _TOGETHER])
        mended += _forget_leftovers(tenant)
    return mended


def _reclaim(tenant: str, name: str, ids: Sequence[UUID]) -> int:
    """Take the claims of these hosts' values, and give back the others; they are held meanwhile."""
    with tenancy.scope(tenant):
        slot = every.at(fence.enter().stamp).by_slot.get(name)
        if slot is None or not slot.claims:
            return 0
        values = _held(tenant, name, ids)
        digests = {id_: claims.digest(slot, value) for id_, value in values}
        held = Claim.objects.for_tenant(tenant).filter(slot=slot.claims, host_id__in=ids)
        dangling = [claim.id for claim in held if claim.digest != digests.get(claim.host_id)]
        held.filter(id__in=dangling).delete()
        return len(dangling) + len(claims.take_all(slot, tenant, values))


def _held(tenant: str, slot: str, ids: Sequence[UUID]) -> list[tuple[UUID, Json]]:
    value = expression(slot)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, {value}::text FROM {indexes.table()} WHERE tenant_id = %s"  # noqa: S608
            f" AND id = ANY(%s) AND {value} IS NOT NULL ORDER BY id FOR UPDATE",
            [tenant, list(ids)],
        )
        return [(id_, loads(text)) for id_, text in cursor.fetchall()]


def _forget_leftovers(tenant: str) -> int:
    """Claims of what is not unique any more."""
    with tenancy.scope(tenant):
        known = every.at(fence.enter().stamp).claims
        return Claim.objects.for_tenant(tenant).exclude(slot__in=known).delete()[0]
