"""Which entry of a document means which attribute that is deployed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from attributes.document.deployed import Deployed, Deployment
from attributes.document.model import Document, Entry
from incidents_project.refusals import Fault


@dataclass(frozen=True, slots=True)
class Matched:
    """Each entry with its attribute, None for a new one; and what is in force without an entry."""

    pairs: Sequence[tuple[Entry, Deployed | None]]
    missing: Sequence[Deployed]


def match(document: Document, deployment: Deployment, faults: list[Fault]) -> Matched:
    """By uid where there is one, then by the name before, then by name; nothing is guessed."""
    free = {each.definition.uid: each for each in deployment.attributes}
    found: dict[str, Deployed] = {}
    for find in (_by_uid, _by_name_before, _by_name):
        for entry in document.attributes:
            meant = None if entry.at in found else find(entry, list(free.values()))
            if meant is not None:
                found[entry.at] = free.pop(meant.definition.uid)
    left = [each for each in free.values() if each.entry.is_in_force]
    for entry in document.attributes:
        faults.extend(_wrong(entry, deployment, left, is_new=entry.at not in found))
    pairs = [(entry, found.get(entry.at)) for entry in document.attributes]
    return Matched(pairs, left)


def _by_uid(entry: Entry, free: Sequence[Deployed]) -> Deployed | None:
    return next((each for each in free if each.definition.uid == entry.uid), None)


def _by_name_before(entry: Entry, free: Sequence[Deployed]) -> Deployed | None:
    return _in_force(entry.rename_from, free)


def _by_name(entry: Entry, free: Sequence[Deployed]) -> Deployed | None:
    """One in force, or the one of this name that was archived last."""
    if entry.uid is not None:
        return None
    archived = [each for each in free if each.entry.name == entry.name]
    archived.sort(key=lambda each: str(each.definition.archived_at))
    return _in_force(entry.name, free) or next(reversed(archived), None)


def _in_force(name: str | None, free: Sequence[Deployed]) -> Deployed | None:
    named = (each for each in free if each.entry.is_in_force and each.entry.name == name)
    return next(named, None)


def _wrong(
    entry: Entry, deployment: Deployment, left: Sequence[Deployed], *, is_new: bool
) -> Iterator[Fault]:
    if entry.uid in deployment.purging:
        yield Fault(f"{entry.at}.uid", "not_now", "It is being destroyed. Take the entry away.")
    holder = _in_force(entry.name, left)
    if holder is not None and entry.is_in_force and is_new:
        message = (
            f"No attribute here has this uid, and {entry.name} has {holder.definition.uid}. Write"
            " that uid, or none, to mean it; to have another one in its place, archive it first."
        )
        yield Fault(f"{entry.at}.uid", "name_taken", message)
    elif holder is not None and entry.rename_from:
        message = f"{entry.rename_from} and {entry.name} are both there. Name both, by their uids."
        yield Fault(f"{entry.at}.rename_from", "name_taken", message)


def missing(at: str, named: str) -> Fault:
    """The fault of a document that says nothing of something; nothing is taken away by silence."""
    message = f"{named} is deployed and does not stand here. Add it, or prune what is missing."
    return Fault(at, "missing_entry", message)
