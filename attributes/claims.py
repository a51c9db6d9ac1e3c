"""Uniqueness: a host holds a claim for each value it has of a unique attribute.

The claims' key in the database decides who wins; nothing is looked up first.
"""

import hashlib
from collections.abc import Mapping
from uuid import UUID

from django.db import connection

from accounts.tenancy import new_id
from attributes.models import Claim
from attributes.schema import Attribute, Schema
from attributes.storage import same
from attributes.types import Json
from attributes.values import MEMBER
from incidents_project.database.fields import dumps
from incidents_project.refusals import Conflict, Fault

Stored = Mapping[str, Json]

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
    changed = [a for a in schema.unique if _differs(a.slot, before, after)]
    gone = [a.slot for a in changed if a.slot in before]
    if gone:
        Claim.objects.for_tenant(tenant_id).filter(host_id=host_id, slot__in=gone).delete()
    # In one order for everybody, so that two writers cannot wait for each other.
    wanted = sorted((a for a in changed if a.slot in after), key=lambda a: a.slot)
    if not wanted:
        return
    ids = [new_id() for _ in wanted]
    slots = [a.slot for a in wanted]
    digests = [digest(after[slot]) for slot in slots]
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [tenant_id, host_id, ids, slots, digests])
        won = {slot for (slot,) in cursor.fetchall()}
    refuse_taken([attribute for attribute in wanted if attribute.slot not in won])


def release_all(tenant_id: str, host_id: UUID) -> None:
    """Give back every claim of a host that goes."""
    Claim.objects.for_tenant(tenant_id).filter(host_id=host_id).delete()


def taken(schema: Schema, tenant_id: str, values: Stored) -> list[Attribute]:
    """The unique attributes whose value some host of the tenant has now."""
    return [
        attribute
        for attribute in schema.unique
        if attribute.slot in values
        and Claim.objects.for_tenant(tenant_id)
        .filter(slot=attribute.slot, digest=digest(values[attribute.slot]))
        .exists()
    ]


def refuse_taken(lost: list[Attribute]) -> None:
    """Raise for the attributes whose value is another host's, if there are any."""
    if lost:
        raise Conflict(
            "Another incident has this value already.",
            code="not_unique",
            faults=[
                Fault(f"{MEMBER}.{attribute.name}", "not_unique", "Another incident has it.")
                for attribute in lost
            ],
        )


def digest(value: Json) -> str:
    """What stands for a canonical value."""
    return hashlib.sha256(dumps(value, sort_keys=True)).hexdigest()


def _differs(slot: str, before: Stored, after: Stored) -> bool:
    if slot in before and slot in after:
        return not same(before[slot], after[slot])
    return slot in before or slot in after
