"""Finding out whether the values of an attribute that is to be unique are.

From the moment it is asked for, whoever writes a value claims it. The job claims those that were
there before; what it finds claimed is there twice, and for people to mend.
"""

from uuid import UUID

from django.db import connection

from accounts import tenancy
from accounts.models import Tenant
from attributes import claims, walk
from attributes.claims import unclaimed
from attributes.jobs import lease
from attributes.jobs.steps import Act, Batch, BlockedError, Step, Sweep, Written
from attributes.models import Job
from attributes.schema import Schema, schemas
from attributes.slots import every
from attributes.storage import expression
from incidents_project.exact_json import loads


def steps(job: Job) -> list[Step]:
    """Claim, and look what could not be claimed."""
    slots = job.parameters["slot"], job.parameters["claims"]
    return [_Claim(*slots), _Settle(*slots)]


class _Claim(Sweep):
    """Claim every value that has no claim."""

    name = "claim"

    def __init__(self, slot: str, under: str) -> None:
        self.slot, self.under = slot, under

    def needs(self) -> str:
        """Also what was there twice when it was looked at before: it may have been mended."""
        return unclaimed(self.slot, self.under)

    def write(self, schema: Schema, batch: Batch) -> Written:
        """Of two that have the same value the first one gets the claim."""
        attribute = schema.by_slot.get(self.slot)
        if attribute is None:
            raise BlockedError("The attribute is archived. Restore it and resume, or cancel.")
        rows = batch.rows(self.needs(), f"id, {expression(self.slot)}")
        found = [(id_, loads(value)) for id_, value in rows]
        won = claims.take_all(attribute, batch.tenant, found)
        return Written(held=len(rows), changed=len(won))


class _Settle(Act):
    """Nobody has another's value, or a person has to decide."""

    name = "settle"

    def __init__(self, slot: str, under: str) -> None:
        self.slot, self.under = slot, under

    def do(self, job: Job) -> None:
        """Count the values whose claim is another's; while the job is open it is not in force."""
        number = walk.count(unclaimed(self.slot, self.under))
        lease.store(job, result=job.result | {"duplicates": number})
        if number:
            raise BlockedError(
                f"{number} values are another incident's as well. The violations of the attribute"
                " list them: mend them and resume, or cancel."
            )


_MANY = 5_000  # claims that one statement deletes
# The slots that a tenant has claims under, each found by one look into the index.
_SLOTS = """
    WITH RECURSIVE found (slot) AS (
        SELECT min(slot) FROM attributes_claim WHERE tenant_id = %(tenant)s
        UNION ALL
        SELECT (SELECT min(slot) FROM attributes_claim
                WHERE tenant_id = %(tenant)s AND slot > found.slot)
        FROM found WHERE found.slot IS NOT NULL
    )
    SELECT slot FROM found WHERE slot IS NOT NULL
"""
_FORGET = """
    DELETE FROM attributes_claim WHERE id IN (
        SELECT id FROM attributes_claim WHERE tenant_id = %s AND slot = %s LIMIT %s
    ) AND tenant_id = %s
"""
_clean_at: UUID | None = None


def clean_up() -> None:
    """Delete the claims of attributes that are not unique any more, some at a time.

    They stand in nobody's way: who becomes unique again claims under another slot. There can be
    some only when the schema was changed since the last time.
    """
    global _clean_at  # noqa: PLW0603 - known once per process
    stamp = schemas.now().stamp
    if stamp == _clean_at:
        return
    for tenant_id in Tenant.objects.values_list("id", flat=True):
        for slot in _abandoned(tenant_id):
            while _forget(tenant_id, slot):
                pass
    _clean_at = stamp


def _abandoned(tenant_id: str) -> set[str]:
    with tenancy.scope(tenant_id), connection.cursor() as cursor:
        cursor.execute(_SLOTS, {"tenant": tenant_id})
        found = {slot for (slot,) in cursor.fetchall()}
    # Read afterwards: whatever has claims by then was known before.
    return found.difference(every.now().claims)


def _forget(tenant_id: str, slot: str) -> int:
    with tenancy.scope(tenant_id), connection.cursor() as cursor:
        cursor.execute(_FORGET, [tenant_id, slot, _MANY, tenant_id])
        return int(cursor.rowcount)
