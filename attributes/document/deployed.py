"""The attributes and option sets as they are deployed, in the words of a document.

An attribute whose type is being changed is shown as it is about to be: that is what was asked for,
and asking for it once more changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from attributes import types
from attributes.document.model import Document, Entry, OptionSetEntry
from attributes.models import AttributeMeta, Job, OptionSet, SlotState, SpareSlot, State
from attributes.operations.members import EMPTY
from attributes.schema import OptionSets
from attributes.storage import same
from attributes.types import Json
from attributes.types.options import clean_options

_OF_TYPE = ("type", "rules", "default", "missing_value")  # what a change of type changes


@dataclass(frozen=True, slots=True)
class Deployed:
    """A definition: what it is about to be, and what is known beside that.

    ``live`` is what it is now, where its type is being changed; ``job`` is what works on its
    values; ``before`` is the type, with its rules, that it could go back to. ``spare_sets`` are the
    option sets of types that it had or is about to have.
    """

    definition: AttributeMeta
    entry: Entry
    live: Entry | None = None
    job: Job | None = None
    before: tuple[str, Json] | None = None
    spare_sets: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Deployment:
    """Everything that is deployed; of what is being destroyed only the ``uids``."""

    option_sets: Sequence[OptionSetEntry]
    attributes: Sequence[Deployed]
    purging: frozenset[UUID]

    def document(self) -> Document:
        """The deployment as a document."""
        return Document(self.option_sets, [each.entry for each in self.attributes])


def read() -> Deployment:
    """What is deployed now."""
    option_sets = [
        OptionSetEntry(name=each.name, label=each.label, options=clean_options(each.options))
        for each in OptionSet.objects.order_by("name")
    ]
    sets = {each.name: each.options for each in option_sets}
    jobs = {job.attribute_id: job for job in Job.objects.open()}
    found = AttributeMeta.objects.order_by("id").prefetch_related("aliases", "spare_slots")
    return Deployment(
        option_sets,
        [_deployed(each, jobs.get(each.id), sets) for each in found if each.state != State.PURGING],
        frozenset(each.id for each in found if each.state == State.PURGING),
    )


def _deployed(definition: AttributeMeta, job: Job | None, sets: OptionSets) -> Deployed:
    spares = list(definition.spare_slots.all())
    filling = next((each for each in spares if each.state == SlotState.FILLING), None)
    live = _entry(definition, sets, {name: getattr(definition, name) for name in _OF_TYPE})
    used = frozenset(each.rules["option_set"] for each in spares if "option_set" in each.rules)
    if filling is None or job is None:
        before = _before(spares)
        return Deployed(definition, live, job=job, before=before, spare_sets=used)
    coming = {name: job.parameters.get(name) for name in _OF_TYPE}
    coming |= {"type": filling.type, "rules": filling.rules}
    return Deployed(definition, _entry(definition, sets, coming), live, job, spare_sets=used)


def _before(spares: Sequence[SpareSlot]) -> tuple[str, Json] | None:
    """What the last change of type changed."""
    kept = [spare for spare in spares if spare.state == SlotState.RETAINED]
    kept.sort(key=lambda spare: spare.kept_until or timezone.now())
    return (kept[-1].type, kept[-1].rules) if kept else None


def _entry(definition: AttributeMeta, sets: OptionSets, of_type: Mapping[str, Json]) -> Entry:
    typed = types.build(of_type["type"], of_type["rules"]).resolved(sets)
    settings = {
        name: getattr(definition, name)
        for name in EMPTY
        if not same(getattr(definition, name), EMPTY[name])
    }
    for name in ("default", "missing_value"):
        if of_type[name] is not None:
            settings[name] = typed.present(of_type[name])
    sunset = definition.sunset
    return Entry(
        uid=definition.uid,
        name=definition.name,
        type=typed,
        settings=settings,
        state=State(definition.state),
        sunset=None if sunset is None else sunset.isoformat(),
        aliases=_aliases(definition),
    )


def _aliases(definition: AttributeMeta) -> Mapping[str, datetime]:
    now = timezone.now()
    return {alias.name: alias.until for alias in definition.aliases.all() if alias.until > now}
