"""Taking an attribute out of sight, and bringing it back: its values stay, its name is free."""

from uuid import UUID

from django.utils import timezone

from accounts.principal import Principal
from attributes import referrers
from attributes.models import AttributeMeta, State
from attributes.operations import aliases, jobs, options
from attributes.operations.change import Change, Members, Walk, carry_out
from attributes.operations.find import archived
from attributes.operations.members import clean_name, keep_within_budget, refuse_taken
from attributes.operations.store import store_change
from attributes.plans import Risk, Tally
from attributes.schema import Schema, describe
from attributes.types import Json
from attributes.types.boolean import BooleanType
from attributes.types.uuid import UuidType
from attributes.walk import KEPT
from incidents_project.refusals import Conflict, Fault, NotFound, ValueRefused
from incidents_project.versions import ANY, Expected


class Archive(Change):
    """Make an attribute disappear from every answer at once."""

    change = "archive"
    knows = frozenset({"detach"})

    def read(self, faults: list[Fault]) -> None:
        """Whether what refers to it shall be ended."""
        self.detach = False
        try:
            if self.members.get("detach") is not None:
                self.detach = BooleanType().clean(self.members["detach"])
        except ValueRefused as refused:
            faults.append(refused.at("detach"))

    def check(self, schema: Schema, definition: AttributeMeta) -> None:
        """Nobody may refer to it."""
        found = referrers.of(definition)
        if found and not self.detach:
            raise Conflict(
                f"It is referred to by: {', '.join(map(str, found))}. End that, or send detach.",
                code="in_use",
                members={"referrers": [str(referrer) for referrer in found]},
            )

    def tally(self, schema: Schema, definition: AttributeMeta, walk: Walk) -> Tally:
        """All values are kept, and hidden."""
        return walk(definition.slot, KEPT)

    def risk(self, tally: Tally) -> Risk:
        """It can be restored."""
        return Risk.SAFE

    def carry_out(self, principal: Principal, schema: Schema, definition: AttributeMeta) -> None:
        """Hide it; whoever takes its name cannot meet its values."""
        before = describe(definition)
        referrers.detach(definition)
        jobs.cancel_all(definition)
        aliases.put_away(definition)
        definition.state = State.ARCHIVED
        definition.archived_at = timezone.now()
        definition.sunset = definition.deprecated_at = None
        store_change(principal, "attribute.archived", definition, before)


class Restore(Change):
    """Bring an archived attribute back, with every value as it was.

    Of several that had the name it is the one archived last, unless ``id`` says which; ``name``
    gives it another one. Its former names come back too, those that ``aliases`` lists or all, as
    far as their time is not over and nobody has them.
    """

    change = "restore"
    knows = frozenset({"id", "name", "aliases"})

    def read(self, faults: list[Fault]) -> None:
        """Which one, and under which names."""
        self.uid = read_uid(self.members, faults)
        self.new_name = self.name
        if self.members.get("name") is not None:
            self.new_name = clean_name(self.members, faults)
        self.aliases = _clean_aliases(self.members.get("aliases"), faults)

    def find(self) -> AttributeMeta:
        """The archived one."""
        return archived(self.name, self.uid)

    def check(self, schema: Schema, definition: AttributeMeta) -> None:
        """Its name must be free, and there must be room for its index."""
        refuse_taken(self.new_name)
        known = {former.name for former in aliases.remembered(definition)}
        for name in self.aliases or ():
            if name not in known:
                raise NotFound(f"{definition.name} had no former name {name}.")
        self.returning = aliases.returning(definition, self.new_name, self.aliases)
        if definition.indexed:
            keep_within_budget()

    def tally(self, schema: Schema, definition: AttributeMeta, walk: Walk) -> Tally:
        """All values come back."""
        return walk(definition.slot, KEPT)

    def risk(self, tally: Tally) -> Risk:
        """It can be archived again."""
        return Risk.SAFE

    def notes(self) -> tuple[str, ...]:
        """The former names that stay away."""
        return tuple(
            f"{former.name} does not come back as a former name: {holder} has it now."
            for former, holder in self.returning.away
        )

    def carry_out(self, principal: Principal, schema: Schema, definition: AttributeMeta) -> None:
        """Show it again."""
        before = describe(definition)
        definition.state = State.ACTIVE
        definition.archived_at = None
        definition.name = self.new_name
        aliases.bring_back(definition, self.returning.back)
        told = self.returning.changes()
        store_change(principal, "attribute.restored", definition, before, *told)
        options.after_change(principal, definition)


def read_uid(members: Members, faults: list[Fault]) -> UUID | None:
    """The ``id`` of an attribute, if one is named."""
    try:
        return None if members.get("id") is None else UUID(UuidType().clean(members["id"]))
    except ValueRefused as refused:
        faults.append(refused.at("id"))
        return None


def _clean_aliases(raw: Json, faults: list[Fault]) -> list[str] | None:
    if raw is None:
        return None
    if not isinstance(raw, list) or not all(isinstance(each, str) for each in raw):
        faults.append(Fault("aliases", "wrong_type", "Must be a list of former names."))
        return None
    return raw


def archive_attribute(
    *, principal: Principal, name: str, expected: Expected = ANY, detach: bool = False
) -> AttributeMeta:
    """Carry out ``Archive``."""
    change = Archive(name, {"detach": detach})
    return carry_out(change, principal=principal, expected=expected)
