"""What becomes of values when their options are replaced, or are to be taken away.

An option that is replaced is read as the one that replaced it from that moment; a job then puts
that one in its place. An option is taken away only when it is retired and no incident has it.
"""

from collections.abc import Collection, Iterator

from accounts.principal import Principal
from attributes.models import (
    AttributeMeta,
    Job,
    JobKind,
    JobState,
    SlotState,
    SpareSlot,
    State,
)
from attributes.operations.holders import holders
from attributes.operations.jobs import enqueue, job_open
from attributes.operations.members import build
from attributes.schema import Schema
from attributes.types import AttributeType
from attributes.types.options import Choices, ChoosingType, Option
from incidents_project.refusals import Conflict, Fault

_NAMED = 20  # options that a refusal names
_NONE = Choices(())


def require_unused(
    schema: Schema,
    definition: AttributeMeta,
    was: AttributeType | None,
    now: AttributeType,
) -> None:
    """Refuse to take an option away from an attribute that incidents have, or could still get."""
    at = "rules.option_set" if getattr(now, "option_set", "") else "rules.options"
    _require_unused(schema, {definition.slot}, _choices(was), _choices(now), at)


def require_unused_in_set(
    schema: Schema, name: str, was: tuple[Option, ...], now: tuple[Option, ...]
) -> None:
    """The same of a shared set, for every slot that has values of its options."""
    slots = {definition.slot for definition in users(name)}
    slots.update(spare.slot for spare in spare_users(name))
    if slots:
        _require_unused(schema, slots, Choices(was), Choices(now), "options")


def _require_unused(
    schema: Schema, slots: Collection[str], was: Choices, now: Choices, at: str
) -> None:
    gone = [code for code in was.codes if code not in now.places]
    if not gone:
        return
    found = holders(schema.stamp, slots, gone)
    if not found.counts and not found.choosable:
        return
    counts = {code: found.counts[code] for code in gone}
    named = ", ".join(f"{code} ({counts[code]})" for code in gone[:_NAMED])
    having = (
        f"Incidents that have the options: {named}."
        if any(counts.values())
        else f"No incident has {', '.join(gone[:_NAMED])}, but somebody may choose it yet."
    )
    message = (
        f"{having} An option is taken away when it is retired and"
        " no incident has it: retire it, let another replace it (replaced_by), and wait for the"
        " job."
    )
    raise Conflict(
        message, code="in_use", faults=[Fault(at, "in_use", message)], members={"options": counts}
    )


def refuse_unique(
    typed: AttributeType | None, at: str, faults: list[Fault], *, unique: bool
) -> None:
    """A fault where two values of a unique attribute would be read as one."""
    if unique and typed is not None and typed.spellings:
        message = "A unique attribute cannot have a replaced option: two values would become one."
        faults.append(Fault(at, "contradiction", message))


def after_change(
    principal: Principal, definition: AttributeMeta, was: AttributeType | None = None
) -> None:
    """Have a job put options in their place that replace others now; behind the fence.

    ``was`` is the type before the change; None where values may have been out of a job's reach.
    Raises ``Conflict`` (``job_open``) while another job works on the attribute's values.
    """
    before, now = _choices(was), _choices(build(definition.type, definition.rules, []))
    undone = was is None or _was_cancelled(definition)
    begins = bool(now.replaced.keys() - (() if undone else before.replaced.keys()))
    if not (begins or _is_narrower(before, now)):
        return
    parameters = {"slot": definition.slot, "replaced": now.replaced}
    job = Job.objects.open().filter(attribute_id=definition.id).first()
    if job is None:
        if begins:
            enqueue(principal, JobKind.REPLACE, definition, parameters)
    elif job.kind == JobKind.CLAIM and not begins:
        return  # it writes no values
    elif (job.kind, job.parameters) != (JobKind.REPLACE, parameters):
        raise job_open(job)


def begins_to_replace(was: AttributeType | None, now: AttributeType) -> bool:
    """Whether options replace others that did not before, so that there is something to do."""
    return bool(_choices(now).replaced.keys() - _choices(was).replaced.keys())


def after_set_change(
    principal: Principal, name: str, was: tuple[Option, ...], now: tuple[Option, ...]
) -> None:
    """The same for every attribute that shares a set; archived ones follow when restored."""
    before = {name: was}
    for definition in users(name):
        if definition.is_in_force:
            after_change(principal, definition, definition.typed().resolved(before))
    if _is_narrower(Choices(was), Choices(now)):
        filling = [spare for spare in spare_users(name) if spare.state == SlotState.FILLING]
        for job in Job.objects.open().filter(attribute_id__in=[s.attribute_id for s in filling]):
            raise job_open(job)


def users(set_name: str) -> Iterator[AttributeMeta]:
    """The attributes, archived ones too, whose options are those of a set."""
    found = AttributeMeta.objects.exclude(state=State.PURGING)
    yield from found.filter(rules__option_set=set_name)


def spare_users(set_name: str) -> Iterator[SpareSlot]:
    """The slots of types that an attribute had, or will have, with the options of a set."""
    found = SpareSlot.objects.exclude(state=SlotState.PURGING)
    yield from found.filter(rules__option_set=set_name).select_related("attribute")


def _choices(typed: AttributeType | None) -> Choices:
    return typed.choices if isinstance(typed, ChoosingType) else _NONE


def _is_narrower(before: Choices, now: Choices) -> bool:
    """Whether a job that is under way could write what is not to be written any more."""
    return now.replaced != before.replaced or not now.position.keys() >= before.position.keys()


def _was_cancelled(definition: AttributeMeta) -> bool:
    """Whether the last job that was to replace options ended without having done so."""
    jobs = Job.objects.filter(attribute_id=definition.id, kind=JobKind.REPLACE)
    last = jobs.order_by("-id").first()
    return last is not None and last.state == JobState.CANCELLED
