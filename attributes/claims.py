"""Uniqueness: a host holds a claim for each value it has of a unique attribute.

The claims' key in the database decides who wins; nothing is looked up first.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from django.db import connection

from accounts import tenancy
from accounts.tenancy import new_id
from attributes import indexes
from attributes.models import Claim
from attributes.schema import Attribute, Claimed, Schema
from attributes.storage import expression, quoted
from attributes.types import AttributeType, Json
from attributes.values import MEMBER
from incidents_project.exact_json import dumps
from incidents_project.refusals import Conflict, Fault

Stored = Mapping[str, Json]


class Claiming(Protocol):
    """What has unique values: their type, and what their claims lie under."""

    @property
    def type(self) -> AttributeType:
        """The type."""

    @property
    def claims(self) -> str:
        """The claims' slot."""


_CLAIM = """
    INSERT INTO attributes_claim (id, tenant_id, slot, digest, host_id)
    SELECT wanted.id, %s, wanted.slot, wanted.digest, %s
    FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS wanted (id, slot, digest)
    ON CONFLICT (tenant_id, slot, digest) DO NOTHING
    RETURNING slot
"""


def move(schema: Schema, tenant_id: str, host_id: UUID, before: Stored, after: Stored) -> None:
    """Give back the claims of values that went, take those of values that came.

    Raises ``Conflict`` (``not_unique``) naming every value that another host of the tenant has.
    """
    changed = [c for c in schema.claimed if _held(c, before) != _held(c, after)]
    # Taken before the old ones are given back, and in one order for everybody: then no two writers
    # can wait for each other, not even when they swap their values.
    wanted = sorted((c for c in changed if c.slot in after), key=lambda c: c.claims)
    made = _take(tenant_id, host_id, wanted, after) if wanted else []
    gone = [c.claims for c in changed if c.slot in before]
    if gone:
        held = Claim.objects.for_tenant(tenant_id).filter(host_id=host_id, slot__in=gone)
        held.exclude(id__in=made).delete()


def _take(tenant_id: str, host_id: UUID, wanted: list[Claimed], values: Stored) -> list[UUID]:
    ids = [new_id() for _ in wanted]
    slots = [claimed.claims for claimed in wanted]
    digests = [_held(claimed, values) for claimed in wanted]
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [tenant_id, host_id, ids, slots, digests])
        won = {slot for (slot,) in cursor.fetchall()}
    refuse_taken([claimed for claimed in wanted if claimed.claims not in won])
    return ids


_CLAIM_ALL = """
    INSERT INTO attributes_claim (id, tenant_id, slot, digest, host_id)
    SELECT wanted.id, %s, %s, wanted.digest, wanted.host_id
    FROM unnest(%s::uuid[], %s::text[], %s::uuid[]) AS wanted (id, digest, host_id)
    ORDER BY wanted.digest, wanted.host_id
    ON CONFLICT (tenant_id, slot, digest) DO NOTHING
    RETURNING host_id
"""


def take_all(claiming: Claiming, tenant_id: str, found: Sequence[tuple[UUID, Json]]) -> set[UUID]:
    """Take the claims of values of many hosts; those whose claim was free. Of twins the first wins.

    The hosts are held by the transaction, so that none of them changes its value meanwhile.
    """
    ids = [new_id() for _ in found]
    digests = [digest(claiming, value) for _, value in found]
    with connection.cursor() as cursor:
        hosts = [host_id for host_id, _ in found]
        cursor.execute(_CLAIM_ALL, [tenant_id, claiming.claims, ids, digests, hosts])
        return {host_id for (host_id,) in cursor.fetchall()}


def unclaimed(slot: str, claims: str) -> str:
    """The condition that a host has a value and no claim for it.

    It is looked up by the host, one by one: for want of statistics PostgreSQL would read all claims
    there are, by slot or into a hash, for every batch. So the slot is no column it could look for,
    and OFFSET makes the subquery one of its own.
    """
    table = indexes.table()
    return (
        f"{expression(slot)} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM attributes_claim AS claim"  # noqa: S608
        f" WHERE claim.tenant_id = {table}.tenant_id AND claim.host_id = {table}.id"
        f" AND claim.slot || '' = {quoted(claims)} OFFSET 0)"
    )


def twins(attribute: Attribute, tenant_id: str, found: Sequence[tuple[UUID, Json]]) -> set[UUID]:
    """Those of some hosts whose value another host has the claim of."""
    digests = {host_id: digest(attribute, value) for host_id, value in found}
    claims = Claim.objects.for_tenant(tenant_id).filter(
        slot=attribute.claims, digest__in=list(digests.values())
    )
    with tenancy.scope(tenant_id):
        holders = dict(claims.values_list("digest", "host_id"))
    return {id_ for id_, digest in digests.items() if holders.get(digest, id_) != id_}


def release_all(tenant_id: str, host_id: UUID) -> None:
    """Give back every claim of a host that goes."""
    Claim.objects.for_tenant(tenant_id).filter(host_id=host_id).delete()


def taken(schema: Schema, tenant_id: str, values: Stored) -> list[Claimed]:
    """What is to be unique and some host of the tenant has now."""
    return [
        claimed
        for claimed in schema.claimed
        if claimed.slot in values
        and Claim.objects.for_tenant(tenant_id)
        .filter(slot=claimed.claims, digest=_held(claimed, values))
        .exists()
    ]


def refuse_taken(lost: list[Claimed]) -> None:
    """Raise for the attributes whose value is another host's, if there are any."""
    if lost:
        raise Conflict(
            "Another incident has this value already.",
            code="not_unique",
            faults=[
                Fault(f"{MEMBER}.{name}", "not_unique", "Another incident has it.")
                for name in dict.fromkeys(claimed.attribute for claimed in lost)
            ],
        )


def _held(claimed: Claimed, values: Stored) -> str | None:
    """What stands for the value in a claim; None where there is no value."""
    if claimed.slot not in values:
        return None
    return digest(claimed, values[claimed.slot])


def digest(claiming: Claiming, value: Json) -> str:
    """What stands for a value in a claim."""
    identity = claiming.type.identity(value)
    return hashlib.sha256(dumps(identity, sort_keys=True)).hexdigest()
