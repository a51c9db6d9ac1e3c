"""Giving an attribute one more name that it had."""

from datetime import datetime

from accounts.principal import Principal
from attributes.models import Alias, AttributeMeta
from attributes.operations.change import Change
from attributes.operations.members import clean_name, refuse_taken
from attributes.operations.store import store_change
from attributes.plans import Risk, Tally
from attributes.schema import Schema, describe
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
