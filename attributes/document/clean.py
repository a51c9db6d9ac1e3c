"""Checking what a document says by itself; every fault is told at once, with its place.

What is as it is deployed is not checked again: a code that it names may have been retired since.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from attributes.document.model import MEMBERS, VERSION, Document, Entry, OptionSetEntry
from attributes.document.parse import Source
from attributes.models import State
from attributes.operations.members import (
    EMPTY,
    Settings,
    build,
    clean_default,
    clean_missing_value,
    clean_name,
    clean_settings,
)
from attributes.schema import OptionSets
from attributes.storage import same
from attributes.types import AttributeType, Json
from attributes.types.date import DateType
from attributes.types.datetime import parse_moment
from attributes.types.options import clean_options, clean_set_name
from attributes.types.string import StringType
from attributes.types.uuid import UuidType
from incidents_project.refusals import Fault, Invalid, ValueRefused, did_you_mean

T = TypeVar("T")

_STATES = (State.ACTIVE, State.DEPRECATED, State.ARCHIVED)
_ONLY_READ = ("rename_from", "retype")  # what is never exported


def clean(source: Source, deployed: Sequence[Entry] = ()) -> Document:
    """The document; ``Invalid`` lists every fault."""
    faults: list[Fault] = []
    members = _Members(source.value, "", ("version", "option_sets", "attributes"), faults)
    if members.is_object and not same(members.raw.get("version"), VERSION):
        members.fault("version", "invalid", f"Must be {VERSION}.")
    sets = [_option_set(raw, at, faults) for at, raw in members.each("option_sets")]
    options = {each.name: each.options for each in sets}
    by_uid = {str(entry.uid): entry for entry in deployed}
    by_name = {entry.name: entry for entry in deployed if entry.is_in_force}
    entries = [
        _entry(raw, at, options, _known(raw, by_uid, by_name), faults)
        for at, raw in members.each("attributes")
    ]
    complete = [entry for entry in entries if entry is not None]
    faults.extend(_clashes(sets, complete))
    faults.extend(_exchanged(complete))
    if faults:
        raise Invalid.because(source.placed(faults))
    return Document(sets, complete)


class _Members:
    """The members of one object, read one by one; what is wrong is added to ``faults``."""

    def __init__(self, raw: Json, at: str, known: Collection[str], faults: list[Fault]) -> None:
        self.is_object = isinstance(raw, dict)
        self.raw: Mapping[str, Json] = raw if isinstance(raw, dict) else {}
        self.at, self.faults = at, faults
        if not self.is_object:
            named = f"Must be an object with the members {', '.join(known)}."
            faults.append(Fault(at, "wrong_type", named))
        for name in self.raw:
            if name not in known:
                hint = did_you_mean(name, known, faults)
                self.fault(name, "unknown_field", f"Must be one of {', '.join(known)}.{hint}")

    def fault(self, name: str, code: str, message: str) -> None:
        """This is wrong with a member."""
        self.faults.append(Fault(f"{self.at}.{name}" if self.at else name, code, message))

    def take(self, name: str, check: Callable[[Json], T], absent: T) -> T:
        """The member as ``check`` makes it; ``absent`` where it is not there, null, or wrong."""
        raw = self.raw.get(name)
        try:
            return absent if raw is None else check(raw)
        except ValueRefused as refused:
            self.fault(name, refused.code, refused.message)
        except Invalid as invalid:  # of a member that has parts
            self.all_of(invalid.faults)
        return absent

    def all_of(self, faults: Iterable[Fault]) -> None:
        """Faults whose fields are members of this object."""
        for fault in faults:
            self.fault(fault.field, fault.code, fault.message)

    def each(self, name: str) -> Iterator[tuple[str, Json]]:
        """The items of a list and their places."""
        items: list[Json] = self.take(name, _clean_list, [])
        for index, item in enumerate(items):
            yield f"{self.at}.{name}[{index}]" if self.at else f"{name}[{index}]", item


def _option_set(raw: Json, at: str, faults: list[Fault]) -> OptionSetEntry:
    members = _Members(raw, at, ("name", "label", "options"), faults)
    for name in ("name", "options"):
        if members.is_object and members.raw.get(name) is None:
            members.fault(name, "required", "Must be there.")
    return OptionSetEntry(
        name=members.take("name", clean_set_name, ""),
        label=members.take("label", StringType(max_length=200).clean, ""),
        options=members.take("options", clean_options, ()),
        at=at,
    )


def _known(raw: Json, by_uid: Mapping[str, Entry], by_name: Mapping[str, Entry]) -> Entry | None:
    """The attribute that an entry seems to mean."""
    if not isinstance(raw, dict):
        return None
    names = (raw.get("rename_from"), raw.get("name"))
    found = by_uid.get(str(raw.get("uid")).lower())
    named = (by_name.get(name) for name in names if isinstance(name, str))
    return found or next(filter(None, named), None)


def _entry(
    raw: Json, at: str, sets: OptionSets, known: Entry | None, faults: list[Fault]
) -> Entry | None:
    members = _Members(raw, at, (*MEMBERS, *_ONLY_READ), faults)
    if not members.is_object:
        return None
    found: list[Fault] = []
    is_known = _is_same(members.raw, "name", known)
    name = members.raw["name"] if is_known else clean_name(members.raw, found)
    settings = _settings(members.raw, known, found)
    rules = members.raw.get("rules")
    typed = build(members.raw.get("type"), {} if rules is None else rules, found, sets)
    shown = _shown(members.raw, typed, settings, known, found)
    members.all_of(found)
    uid = members.take("uid", UuidType().clean, None)
    rename_from = members.take("rename_from", StringType().clean, None)
    if uid and rename_from:
        members.fault("rename_from", "contradiction", "The uid says already which one is meant.")
    state, sunset, aliases = _life(members)
    retype: Mapping[str, Json] = members.take("retype", _clean_retype, {})
    if typed is None:
        return None
    return Entry(
        uid=None if uid is None else UUID(uid),
        name=name,
        type=typed,
        settings=shown,
        state=state,
        sunset=sunset,
        aliases=aliases,
        rename_from=rename_from,
        retype=retype,
        at=at,
    )


def _is_same(raw: Mapping[str, Json], member: str, known: Entry | None) -> bool:
    return known is not None and same(raw.get(member), known.shown().get(member))


def _settings(raw: Mapping[str, Json], known: Entry | None, faults: list[Fault]) -> Settings:
    """What is not said is as if nobody had ever said it, whatever is deployed."""
    deployed = {} if known is None else known.settings
    said = {name: raw.get(name) for name in EMPTY}
    return clean_settings(
        said, faults, absent=EMPTY | {n: deployed.get(n, EMPTY[n]) for n in EMPTY}
    )


def _shown(
    raw: Mapping[str, Json],
    typed: AttributeType | None,
    settings: Settings,
    known: Entry | None,
    faults: list[Fault],
) -> dict[str, Json]:
    """The settings that say something, with the default and the missing value as on the wire."""
    shown = {name: value for name, value in settings.items() if not same(value, EMPTY[name])}
    for name, check in (("default", clean_default), ("missing_value", clean_missing_value)):
        value = raw.get(name)
        if not all(_is_same(raw, each, known) for each in ("type", "rules", name)):
            value = check(typed, value, settings, faults)
            value = value if value is None or typed is None else typed.present(value)
        if value is not None:
            shown[name] = value
    return shown


def _life(members: _Members) -> tuple[State, str | None, dict[str, datetime] | None]:
    """Where it stands in its life, and which names it had."""
    state = members.take("state", _clean_state, State.ACTIVE)
    sunset = members.take("sunset", DateType().clean, None)
    if sunset is not None and state is not State.DEPRECATED:
        members.fault("sunset", "contradiction", "Says nothing unless the state is DEPRECATED.")
    aliases = None if members.raw.get("aliases") is None else _aliases(members)
    if aliases and state is State.ARCHIVED:
        members.fault(
            "aliases",
            "contradiction",
            "Of what is archived they are not told: they come back when it is restored.",
        )
    return state, sunset, aliases


def _aliases(members: _Members) -> dict[str, datetime]:
    aliases: dict[str, datetime] = {}
    for at, raw in members.each("aliases"):
        alias = _Members(raw, at, ("name", "until"), members.faults)
        found: list[Fault] = []
        name = clean_name(alias.raw, found)
        until = alias.take("until", parse_moment, None)
        if until is None and alias.raw.get("until") is None:
            found.append(Fault("until", "required", "Must be there."))
        if name.lower() in map(str.lower, aliases):
            found.append(Fault("name", "duplicate_entry", "Stands there twice."))
        alias.all_of(found)
        if until is not None:
            aliases[name] = until
    return aliases


def _clean_list(raw: Json) -> list[Json]:
    if not isinstance(raw, list):
        raise ValueRefused("wrong_type", "Must be a list.")
    return raw


def _clean_state(raw: Json) -> State:
    found = [state for state in _STATES if isinstance(raw, str) and raw.upper() == state.value]
    if not found:
        raise ValueRefused("unknown_state", f"Must be one of {', '.join(_STATES)}.")
    return found[0]


def _clean_retype(raw: Json) -> Mapping[str, Json]:
    if not isinstance(raw, dict) or not raw.keys() <= {"using", "accept"}:
        raise ValueRefused("wrong_type", "Must be an object with the members using and accept.")
    return raw


def _clashes(sets: Sequence[OptionSetEntry], entries: Sequence[Entry]) -> Iterator[Fault]:
    """What cannot be together in one document."""
    yield from _twice((each.name, f"{each.at}.name") for each in sets)
    yield from _twice((str(each.uid), f"{each.at}.uid") for each in entries if each.uid)
    yield from _twice((each.rename_from or "", f"{each.at}.rename_from") for each in entries)
    yield from _twice(
        name
        for each in entries
        if each.is_in_force
        for name in (
            (each.name, f"{each.at}.name"),
            *((alias, f"{each.at}.aliases") for alias in each.aliases or ()),
        )
    )


def _exchanged(entries: Sequence[Entry]) -> Iterator[Fault]:
    """Names that are told to be of before and of now: done twice, it would be done and undone."""
    names = {entry.name for entry in entries if entry.is_in_force}
    for entry in entries:
        if entry.rename_from in names:
            message = "Another entry has this name. Say by uid which one is meant."
            yield Fault(f"{entry.at}.rename_from", "contradiction", message)


def _twice(said: Iterable[tuple[str, str]]) -> Iterator[Fault]:
    """A fault for each name that stands in two places, in whatever case."""
    first: dict[str, str] = {}
    for name, at in said:
        before = first.setdefault(name.lower(), at)
        if name and before != at:
            yield Fault(at, "duplicate_entry", f"{name} stands there already, as {before}.")
