"""The steps that make attributes what a document says."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from django.utils import timezone

from accounts.principal import Principal
from accounts.tenancy import new_id
from attributes import fence
from attributes.document.deployed import Deployed
from attributes.document.model import Entry
from attributes.document.step import Done, Members, Phase, Step, changed, without
from attributes.models import AttributeMeta, Job, JobKind, State
from attributes.operations import jobs
from attributes.operations.aliases import KeepAlias, remembered
from attributes.operations.archive import Archive, Restore
from attributes.operations.change import Change, bring_about
from attributes.operations.define import define_attribute
from attributes.operations.deprecate import BringDeprecated, Deprecate, Reactivate
from attributes.operations.rename import DropAlias, Rename
from attributes.operations.retype import Retype, Undo
from attributes.operations.update import Update
from attributes.storage import same
from attributes.types import Json
from attributes.types.datetime import shown_moment, stored_moment
from incidents_project.refusals import Fault


def _do(kind: type[Change], uid: UUID, members: Members, principal: Principal) -> Done:
    schema = fence.change()
    definition = AttributeMeta.objects.get(id=uid)
    change = kind(definition.name, members)
    bring_about(change, principal, schema, definition)
    return Done(change, schema, definition)


def _rename(
    name: str, uid: UUID, members: Members, moving: Collection[UUID], principal: Principal
) -> Done:
    """Who has the name and is still to be renamed makes room under a name that nobody sees."""
    schema = fence.change()
    in_force = AttributeMeta.objects.in_force()
    holder = in_force.filter(name__iexact=members["name"], id__in=moving).exclude(id=uid).first()
    if holder is not None:
        AttributeMeta.objects.filter(id=holder.id).update(name=f"x{holder.id.hex}")
    definition = in_force.get(id=uid)
    definition.name = name  # not the one that it may have made room under
    change = Rename(name, members)
    bring_about(change, principal, schema, definition)
    return Done(change, schema, definition)


def _define(members: Members, uid: UUID, principal: Principal) -> None:
    define_attribute(principal=principal, members=members, uid=uid)


def _define_archived(members: Members, uid: UUID, principal: Principal) -> None:
    _define(members, uid, principal)
    _do(Archive, uid, {}, principal)


def archive(deployed: Deployed, at: str) -> Step:
    """Put it out of sight."""
    name, act = deployed.entry.name, partial(_do, Archive, deployed.definition.uid, {})
    return Step(Phase.ARCHIVE, "archive", name, f"archive {name}", at, {}, act)


def different(entry: Entry, deployed: Deployed) -> Iterator[Fault]:
    """What an entry would change of an attribute that is, or is to be, archived."""
    was = deployed.entry.shown()
    ignored = ("uid", "state", "sunset", "aliases")
    for name in changed(without(entry.shown(), ignored), without(was, ignored)):
        message = f"What is archived stays as it was: {name} is {was.get(name, 'not set')!r} here."
        yield Fault(f"{entry.at}.{name}", "read_only", message)


def new(entry: Entry) -> Iterator[Step]:
    """Define what is not there yet."""
    uid, shown = entry.uid or new_id(), entry.shown()
    members = without(shown, ("uid", "state", "sunset", "aliases"))
    says = f"define {entry.name} ({entry.type.name})"
    if entry.is_in_force:
        act = partial(_define, members, uid)
        yield Step(Phase.DEFINE, "define", entry.name, says, entry.at, shown, act)
        yield from _life(entry, uid, None)
        yield from _new_aliases(entry, uid, {})
    else:
        says = f"{says}, archived"
        act = partial(_define_archived, members, uid)
        yield Step(Phase.DEFINE_ARCHIVED, "define", entry.name, says, entry.at, shown, act)


def _life(entry: Entry, uid: UUID, was: Entry | None) -> Iterator[Step]:
    name = entry.name
    kind: type[Deprecate] = BringDeprecated
    state, sunset = State.ACTIVE, None
    if was is not None and was.is_in_force:
        kind, state, sunset = Deprecate, was.state, was.sunset
    if entry.state is State.DEPRECATED and (state, sunset) != (entry.state, entry.sunset):
        says = f"deprecate {name}" + (f" until {entry.sunset}" if entry.sunset else "")
        members = {"sunset": entry.sunset}
        act = partial(_do, kind, uid, members)
        yield Step(Phase.DEPRECATE, "deprecate", name, says, entry.at, members, act)
    elif entry.state is State.ACTIVE and state is State.DEPRECATED:
        says = f"let {name} be used again"
        act = partial(_do, Reactivate, uid, {})
        yield Step(Phase.DEPRECATE, "reactivate", name, says, entry.at, {}, act)


def _new_aliases(entry: Entry, uid: UUID, known: Mapping[str, object]) -> Iterator[Step]:
    for alias, until in (entry.aliases or {}).items():
        if known.get(alias) != until and until > timezone.now():
            members = {"name": alias, "until": shown_moment(stored_moment(until))}
            says = f"keep {alias} as a former name of {entry.name} until {members['until']}"
            act = partial(_do, KeepAlias, uid, members)
            yield Step(Phase.ALIASES, "keep_alias", entry.name, says, entry.at, members, act)


@dataclass(frozen=True, slots=True)
class Way:
    """From an attribute that is deployed to an entry that is to be in force."""

    entry: Entry
    deployed: Deployed
    names: Mapping[str, str]  # those that the document gives
    moving: Collection[UUID]  # attributes that get another name

    def steps(self) -> Iterator[Step]:
        """Each that is needed."""
        yield from self._names()
        if not self.deployed.entry.is_in_force:
            says = f"restore {self.entry.name}, with every value"
            members = self._restored()
            yield self._step(Phase.RESTORE, Restore, says, members)
        yield from self._settings_and_type()
        yield from _life(self.entry, self.deployed.definition.uid, self.deployed.entry)

    def _step(self, phase: Phase, kind: type[Change], says: str, members: Members) -> Step:
        act = partial(_do, kind, self.deployed.definition.uid, members)
        return Step(phase, kind.change, self.entry.name, says, self.entry.at, members, act)

    def _names(self) -> Iterator[Step]:
        entry, was = self.entry, self.deployed.entry
        uid, known = self.deployed.definition.uid, self._former_names()
        for alias in known:
            if was.is_in_force and not self._keeps(alias):
                says = f"forget {alias}, a former name of {was.name}"
                yield self._step(Phase.FORMER_NAMES, DropAlias, says, {"alias": alias})
        if was.is_in_force and entry.name != was.name:
            members: dict[str, Json] = {"name": entry.name}
            if entry.aliases is not None or was.name.lower() in self.names:
                members["alias_days"] = 0
            says = f"rename {was.name} to {entry.name}"
            act = partial(_rename, was.name, uid, members, self.moving)
            yield Step(Phase.RENAME, Rename.change, was.name, says, entry.at, members, act)
        yield from _new_aliases(entry, uid, known)

    def _former_names(self) -> Mapping[str, datetime]:
        """Those that it has, or has again when it is restored."""
        was, definition = self.deployed.entry, self.deployed.definition
        if was.is_in_force:
            return was.aliases or {}
        return {former.name: former.until for former in remembered(definition)}

    def _restored(self) -> dict[str, Json]:
        known = self._former_names()
        kept = [alias for alias in known if self._keeps(alias)]
        named = {"id": str(self.deployed.definition.uid), "name": self.entry.name}
        return named if len(kept) == len(known) else named | {"aliases": kept}

    def _keeps(self, alias: str) -> bool:
        """Whether a former name stays: as it is told, or unless the document gives it to another.

        The name that the attribute gets back is no former name any more, which renaming sees to.
        """
        if self.entry.aliases is None or alias.lower() == self.entry.name.lower():
            return self.names.get(alias.lower(), self.entry.at) == self.entry.at
        return alias in self.entry.aliases

    def _settings_and_type(self) -> Iterator[Step]:
        entry, deployed = self.entry, self.deployed
        was, cancels = self._without_job()
        yield from cancels
        members = changed(entry.settings, was.settings)
        rules = changed(entry.type.rules(), was.type.rules())
        of_type = {name: entry.settings.get(name) for name in ("default", "missing_value")}
        under_way = deployed.live is not None and not cancels
        if entry.type.name != was.type.name or (under_way and (rules or of_type.keys() & members)):
            yield self._retype(of_type)
            members = without(members, of_type)
        elif rules:
            members["rules"] = rules
        if members:
            says = f"change {entry.name}: {', '.join(members)}"
            yield self._step(Phase.UPDATE, Update, says, members)

    def _without_job(self) -> tuple[Entry, list[Step]]:
        """What there is to start from: where a job is at what is not wanted, without that."""
        entry, was = self.entry, self.deployed.entry
        job, live = self.deployed.job, self.deployed.live
        if job is not None and live is not None and _is_type(entry, live):
            says = f"cancel the change of the type of {entry.name} to {was.type.name}"
            return live, [self._cancel(job, says)]
        if job is not None and job.kind == JobKind.CLAIM and "unique" not in entry.settings:
            says = f"cancel the check whether all values of {entry.name} are unique"
            settings = without(was.settings, ("unique",))
            return replace(was, settings=settings), [self._cancel(job, says)]
        return was, []

    def _cancel(self, job: Job, says: str) -> Step:
        act = partial(_cancel, job.id)
        return Step(Phase.JOBS, "cancel", self.entry.name, says, self.entry.at, {}, act)

    def _retype(self, of_type: Members) -> Step:
        entry, deployed = self.entry, self.deployed
        before, now = deployed.before, deployed.definition.type
        rules = entry.type.rules()
        accept = without(entry.retype, ("using",))
        if before is not None and "using" not in entry.retype and _same_type(before, entry):
            says = f"take the type of {entry.name} back from {now} to {entry.type.name}"
            return self._step(Phase.RETYPE, Undo, says, {**of_type, **accept})
        says = f"change the type of {entry.name} from {now} to {entry.type.name}"
        members = {"type": entry.type.name, "rules": rules, **of_type, **entry.retype}
        return self._step(Phase.RETYPE, Retype, says, members)


def _is_type(entry: Entry, other: Entry) -> bool:
    return entry.type.name == other.type.name and same(entry.type.rules(), other.type.rules())


def _same_type(before: tuple[str, Json], entry: Entry) -> bool:
    return before[0] == entry.type.name and same(before[1], entry.type.rules())


def _cancel(job_id: UUID, principal: Principal) -> None:
    jobs.cancel(principal=principal, job_id=job_id)
