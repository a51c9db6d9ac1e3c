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
from attributes.types import Json
from attributes.values import MEMBER
from incidents_project.exact_json import dumps
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
    changed = [a for a in schema.unique if _held(a, before) != _held(a, after)]
    # Taken before the old ones are given back, and in one order for everybody: then no two writers
    # can wait for each other, not even when they swap their values.
    wanted = sorted((a for a in changed if a.slot in after), key=lambda a: a.slot)
    made = _take(tenant_id, host_id, wanted, after) if wanted else []
    gone = [a.slot for a in changed if a.slot in before]
    if gone:
        held = Claim.objects.for_tenant(tenant_id).filter(host_id=host_id, slot__in=gone)
        held.exclude(id__in=made).delete()


def _take(tenant_id: str, host_id: UUID, wanted: list[Attribute], values: Stored) -> list[UUID]:
    ids = [new_id() for _ in wanted]
    slots = [attribute.slot for attribute in wanted]
    digests = [_held(attribute, values) for attribute in wanted]
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [tenant_id, host_id, ids, slots, digests])
        won = {slot for (slot,) in cursor.fetchall()}
    refuse_taken([attribute for attribute in wanted if attribute.slot not in won])
    return ids


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
        .filter(slot=attribute.slot, digest=_held(attribute, values))
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


def _held(attribute: Attribute, values: Stored) -> str | None:
    """What stands for the value in a claim; None where there is no value."""
    if attribute.slot not in values:
        return None
    identity = attribute.type.identity(values[attribute.slot])
    return hashlib.sha256(dumps(identity, sort_keys=True)).hexdigest()
