"""Destroying an archived attribute: the one change that cannot be undone."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from accounts.principal import Principal
from attributes.models import AttributeMeta, JobKind, State
from attributes.operations.archive import read_uid
from attributes.operations.change import Change, Walk
from attributes.operations.find import archived
from attributes.operations.jobs import enqueue
from attributes.operations.store import store_change
from attributes.plans import Risk, Tally
from attributes.schema import Schema, describe
from attributes.types.boolean import BooleanType
from attributes.walk import KEPT
from incidents_project.refusals import Conflict, Fault, ValueRefused


class Purge(Change):
    """Destroy the values and the definition; a receipt stays.

    Before the retention time is over it needs the plan of its preview. ``export`` keeps what is
    destroyed in a file on the server.
    """

    change = "purge"
    knows = frozenset({"id", "export"})
    works_on_rows = True

    def read(self, faults: list[Fault]) -> None:
        """Which one, and whether to keep a file."""
        self.uid = read_uid(self.members, faults)
        self.export = False
        try:
            if self.members.get("export") is not None:
                self.export = BooleanType().clean(self.members["export"])
        except ValueRefused as refused:
            faults.append(refused.at("export"))

    def find(self) -> AttributeMeta:
        """The archived one."""
        return archived(self.name, self.uid)

    def tally(self, schema: Schema, definition: AttributeMeta, walk: Walk) -> Tally:
        """The values that would be gone."""
        tally = walk(definition.slot, KEPT)
        tally.all_lost("It is destroyed.")
        return tally

    def risk(self, tally: Tally) -> Risk:
        """Values are gone."""
        return Risk.DESTRUCTIVE

    def carry_out(self, principal: Principal, schema: Schema, definition: AttributeMeta) -> None:
        """From here on there is no way back; a job does it."""
        if not self.confirmed:
            _require_retention_over(definition)
        before = describe(definition)
        definition.state = State.PURGING
        slots = [definition.slot, *definition.spare_slots.values_list("slot", flat=True)]
        parameters = {"slots": slots, "export": self.export}
        job = enqueue(principal, JobKind.PURGE, definition, parameters)
        begun = {"field": "job", "old": None, "new": str(job.id)}
        store_change(principal, "attribute.purge_begun", definition, before, begun)


def retained_until(definition: AttributeMeta) -> datetime:
    """When an archived attribute may be destroyed without more ado."""
    archived_at = definition.archived_at or definition.updated_at
    return archived_at + timedelta(days=settings.ATTRIBUTE_RETENTION_DAYS)


def _require_retention_over(definition: AttributeMeta) -> None:
    until = retained_until(definition)
    if until > timezone.now():
        raise Conflict(
            f"Its values are kept until {until:%Y-%m-%d}. To destroy them before, preview the purge"
            " and send its plan.",
            code="plan_required",
        )
