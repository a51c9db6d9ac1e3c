"""One step of the way from what is deployed to what a document says."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import IntEnum, auto
from typing import NamedTuple

from accounts.principal import Principal
from attributes.models import AttributeMeta
from attributes.operations.change import Change
from attributes.schema import Schema
from attributes.storage import same
from attributes.types import Json

Members = Mapping[str, Json]


class Phase(IntEnum):
    """What comes before what, so that names are free and options there when they are needed."""

    OPTION_SETS = auto()
    JOBS = auto()
    ARCHIVE = auto()
    FORMER_NAMES = auto()
    RENAME = auto()
    RESTORE = auto()
    DEFINE_ARCHIVED = auto()
    DEFINE = auto()
    UPDATE = auto()
    RETYPE = auto()
    DEPRECATE = auto()
    ALIASES = auto()
    UNUSED_SETS = auto()


class Done(NamedTuple):
    """A change that was brought about: what it was, in which schema, of which definition."""

    change: Change
    schema: Schema
    definition: AttributeMeta


Act = Callable[[Principal], Done | None]


@dataclass(frozen=True, slots=True)
class Step:
    """One operation. ``at`` is the place in the document that asks for it.

    ``act`` carries it out, behind the fence.
    """

    phase: Phase
    change: str
    name: str
    says: str
    at: str
    members: Members
    act: Act


def changed(wanted: Members, deployed: Members) -> dict[str, Json]:
    """The members that differ; None takes back what is not said any more."""
    names = [*wanted, *(name for name in deployed if name not in wanted)]
    return {
        name: wanted.get(name) for name in names if not same(wanted.get(name), deployed.get(name))
    }


def without(members: Members, names: Collection[str]) -> dict[str, Json]:
    return {name: value for name, value in members.items() if name not in names}
