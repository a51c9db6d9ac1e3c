"""What a document says: option sets and attributes, each member checked, in one canonical form.

Of an attribute only what differs from the defaults stands in it. Option sets are in the order of
their names, attributes in the deployer's ``order`` and then by name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from attributes import types
from attributes.models import State
from attributes.operations.members import EMPTY
from attributes.types import Json
from attributes.types.datetime import shown_moment, stored_moment
from attributes.types.options import Option

VERSION = 1
SETTINGS = (*EMPTY, "default", "missing_value")
# The order in which they are written.
MEMBERS = ("uid", "name", "type", *SETTINGS, "rules", "state", "sunset", "aliases")


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionSetEntry:
    """A shared set of options."""

    name: str
    label: str = ""
    options: tuple[Option, ...] = ()
    at: str = ""

    def shown(self) -> dict[str, Json]:
        """The set as it is written."""
        label = {"label": self.label} if self.label else {}
        return {"name": self.name, **label, "options": [option.shown() for option in self.options]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An attribute, as a document says it or as it is deployed.

    ``settings`` are those that differ from the defaults, as they stand on the wire. ``aliases`` are
    None where nothing is said of them: then they stay as they are. ``at`` is the place in the
    document.
    """

    uid: UUID | None
    name: str
    type: types.AttributeType
    settings: Mapping[str, Json] = field(default_factory=dict)
    state: State = State.ACTIVE
    sunset: str | None = None
    aliases: Mapping[str, datetime] | None = None
    rename_from: str | None = None
    retype: Mapping[str, Json] = field(default_factory=dict)  # using, accept
    at: str = ""

    @property
    def is_in_force(self) -> bool:
        """Whether incidents are to have it."""
        return self.state is not State.ARCHIVED

    def shown(self) -> dict[str, Json]:
        """The attribute as it is written."""
        said = {"name": self.name, "type": self.type.name, **self.settings}
        optional: dict[str, Json] = {
            "uid": self.uid and str(self.uid),
            "rules": self.type.rules(),
            "state": "" if self.state is State.ACTIVE else self.state.value,
            "sunset": self.sunset,
            "aliases": [
                {"name": name, "until": shown_moment(stored_moment(until))}
                for name, until in sorted((self.aliases or {}).items())
                if until > timezone.now()
            ],
        }
        said |= {name: value for name, value in optional.items() if value}
        return {name: said[name] for name in MEMBERS if name in said}


@dataclass(frozen=True, slots=True)
class Document:
    """Everything that is to be deployed."""

    option_sets: Sequence[OptionSetEntry]
    attributes: Sequence[Entry]

    def shown(self) -> dict[str, Json]:
        """The one way to write it."""
        return {
            "version": VERSION,
            "option_sets": [each.shown() for each in sorted(self.option_sets, key=_by_name)],
            "attributes": [each.shown() for each in sorted(self.attributes, key=_in_order)],
        }


def _by_name(option_set: OptionSetEntry) -> str:
    return option_set.name


def _in_order(entry: Entry) -> tuple[int, str, str]:
    return entry.settings.get("order", 0), entry.name, str(entry.uid or "")
