"""The names that an attribute had: giving it one more, putting them away and bringing them back."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models.functions import Lower
from django.utils import timezone

from accounts.principal import Principal
from attributes.models import Alias, AttributeMeta
from attributes.operations.change import Change
from attributes.operations.members import clean_name, refuse_taken
from attributes.operations.store import store_change
from attributes.plans import Risk, Tally
from attributes.schema import FormerName, Schema, describe
from attributes.types.datetime import parse_moment
from incidents_project.refusals import Fault, ValueRefused


class KeepAlias(Change):
    """Let filters and writes use a former name until a moment; also of one that it has already."""

    change = "keep_alias"
    knows = frozenset({"name", "until"})

    def read(self, faults: list[Fault]) -> None:
        """Which name, and how long."""
        self.alias = clean_name(self.members, faults)
        self.until: datetime
        try:
            self.until = parse_moment(self.members.get("until"))
        except ValueRefused as refused:
            faults.append(refused.at("until"))

    def check(self, schema: Schema, definition: AttributeMeta) -> None:
        """No other attribute may have it."""
        refuse_taken(self.alias, but=definition)

    def risk(self, tally: Tally) -> Risk:
        """It touches no value."""
        return Risk.SAFE

    def carry_out(self, principal: Principal, schema: Schema, definition: AttributeMeta) -> None:
        """One row; one that is over may have been another's."""
        known = definition.aliases.filter(name=self.alias).first()
        Alias.objects.filter(name__iexact=self.alias).delete()
        Alias.objects.create(name=self.alias, attribute=definition, until=self.until)
        kept = {
            "field": "alias",
            "old": None if known is None else f"{self.alias} until {known.until.isoformat()}",
            "new": f"{self.alias} until {self.until.isoformat()}",
        }
        store_change(principal, "attribute.alias_kept", definition, describe(definition), kept)


@dataclass(frozen=True, slots=True)
class Returning:
    """Former names of an attribute that is to be restored.

    Of those that stay away it says who has them now.
    """

    back: tuple[FormerName, ...] = ()
    away: tuple[tuple[FormerName, str], ...] = ()

    def changes(self) -> Iterator[dict[str, Any]]:
        """As the history tells them."""
        for former in self.back:
            told = f"{former.name} until {former.until.isoformat()}"
            yield {"field": "alias", "old": None, "new": told}
        for former, _ in self.away:
            yield {"field": "alias", "old": former.name, "new": None}


def put_away(definition: AttributeMeta) -> None:
    """Leave its former names to others, and remember them."""
    former = definition.aliases.all()
    definition.archived_aliases = [
        {"name": each.name, "since": each.since.isoformat(), "until": each.until.isoformat()}
        for each in former
    ]
    former.delete()


def remembered(definition: AttributeMeta) -> list[FormerName]:
    """The former names of an archived attribute, those too whose time is over by now."""
    return [
        FormerName(
            each["name"],
            since=datetime.fromisoformat(each["since"]),
            until=datetime.fromisoformat(each["until"]),
        )
        for each in definition.archived_aliases or ()
    ]


def returning(
    definition: AttributeMeta, name: str, wanted: Collection[str] | None = None
) -> Returning:
    """Which former names come back to one that will have a name; None wants all that may."""
    now = timezone.now()
    found = [
        former
        for former in remembered(definition)
        if former.until > now
        and former.name.lower() != name.lower()
        and (wanted is None or former.name in wanted)
    ]
    holders = _holders([former.name.lower() for former in found])
    return Returning(
        back=tuple(f for f in found if f.name.lower() not in holders),
        away=tuple((f, holders[f.name.lower()]) for f in found if f.name.lower() in holders),
    )


def _holders(lower: Collection[str]) -> dict[str, str]:
    """Which attribute has, or lately had, each of some names in lower case."""
    former = Alias.objects.alias(lower=Lower("name")).filter(lower__in=lower)
    former = former.filter(until__gt=timezone.now()).select_related("attribute")
    named = AttributeMeta.objects.in_force().alias(lower=Lower("name")).filter(lower__in=lower)
    found = {each.name.lower(): each.attribute.name for each in former}
    return found | {each.name.lower(): each.name for each in named}


def bring_back(definition: AttributeMeta, former: Collection[FormerName]) -> None:
    """Let them be used again, as long as before; one that is over may have been another's."""
    lower = [each.name.lower() for each in former]
    Alias.objects.alias(lower=Lower("name")).filter(lower__in=lower).delete()
    Alias.objects.bulk_create(
        Alias(name=each.name, attribute=definition, since=each.since, until=each.until)
        for each in former
    )
    definition.archived_aliases = None
