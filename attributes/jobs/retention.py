"""What is kept only for so long: old names, the originals of changed types, unneeded claims."""

from django.db import transaction
from django.utils import timezone

from attributes import fence
from attributes.jobs import claim
from attributes.models import Alias, Job, JobKind, SlotState, SpareSlot


def enforce() -> None:
    """Forget names whose time is over; have originals destroyed that nobody can go back to."""
    claim.clean_up()
    now = timezone.now()
    old = Alias.objects.filter(until__lt=now)
    # An attribute has room for one job: while another is open, its originals wait.
    busy = Job.objects.open().order_by().values("attribute_id")
    over = SpareSlot.objects.filter(state=SlotState.RETAINED, kept_until__lt=now)
    over = over.exclude(attribute_id__in=busy).order_by("-kept_until")
    if not (old.exists() or over.exists()):
        return
    with transaction.atomic():
        fence.change()
        old.delete()
        oldest = {spare.attribute_id: spare for spare in over.select_related("attribute")}
        for spare in oldest.values():
            purge_slot(spare, "attribute_jobs")


def purge_slot(spare: SpareSlot, by: str) -> Job:
    """Have a spare slot's values destroyed; behind the fence."""
    SpareSlot.objects.filter(slot=spare.slot).update(
        state=SlotState.PURGING, filled_from="", kept_until=None
    )
    return Job.objects.create(
        kind=JobKind.PURGE,
        attribute_id=spare.attribute_id,
        attribute_name=spare.attribute.name,
        parameters={"slots": [spare.slot]},
        requested_by=by,
    )
