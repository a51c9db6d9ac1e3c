"""Giving an attribute another name: one row, however many incidents have values."""

from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.principal import Principal
from attributes.models import Alias, AttributeMeta
from attributes.operations.change import Change
from attributes.operations.members import clean_name, refuse_taken
from attributes.operations.store import store_change
from attributes.plans import Risk, Tally
from attributes.schema import Schema, describe
from attributes.types.integer import IntegerType
from incidents_project.refusals import Fault, NotFound, ValueRefused


class Rename(Change):
    """Another name; filters and writes may use the old one for a while."""

    change = "rename"
    knows = frozenset({"name", "alias_days"})

    def read(self, faults: list[Fault]) -> None:
        """The new name, and how long the old one stays; 0 for not at all."""
        self.new_name = clean_name(self.members, faults)
        self.alias_days = settings.ATTRIBUTE_ALIAS_DAYS
        try:
            if self.members.get("alias_days") is not None:
                days = self.members["alias_days"]
                self.alias_days = IntegerType(min=0, max=3_650).clean(days)
        except ValueRefused as refused:
            faults.append(refused.at("alias_days"))

    def check(self, schema: Schema, definition: AttributeMeta) -> None:
        """The name must be free; one of the attribute's own former names is."""
        refuse_taken(self.new_name, but=definition)

    def risk(self, tally: Tally) -> Risk:
        """It touches no value."""
        return Risk.SAFE

    def carry_out(self, principal: Principal, schema: Schema, definition: AttributeMeta) -> None:
        """Move the name. To the same name it is no change."""
        if self.new_name == definition.name:
            return
        before, old = describe(definition), definition.name
        named = Alias.objects.alias(lower=Lower("name"))
        named.filter(lower__in=[old.lower(), self.new_name.lower()]).delete()
        if self.alias_days and old.lower() != self.new_name.lower():
            until = timezone.now() + timedelta(days=self.alias_days)
            Alias.objects.create(name=old, attribute=definition, until=until)
        definition.name = self.new_name
        store_change(principal, "attribute.renamed", definition, before)


class DropAlias(Change):
    """Forget a former name before its time, so that another attribute may have it."""

    change = "drop_alias"
    knows = frozenset({"alias"})

    def read(self, faults: list[Fault]) -> None:
        """Which name."""
        alias = self.members.get("alias")
        if not isinstance(alias, str):
            faults.append(Fault("alias", "required", "Must be a former name."))
        self.alias = str(alias)

    def check(self, schema: Schema, definition: AttributeMeta) -> None:
        """It must be one of the attribute's."""
        if not definition.aliases.filter(name=self.alias).exists():
            raise NotFound(f"{definition.name} has no former name {self.alias}.")

    def risk(self, tally: Tally) -> Risk:
        """Whoever still uses the name is refused."""
        return Risk.SAFE

    def carry_out(self, principal: Principal, schema: Schema, definition: AttributeMeta) -> None:
        """Forget it."""
        definition.aliases.filter(name=self.alias).delete()
        gone = {"field": "alias", "old": self.alias, "new": None}
        store_change(principal, "attribute.alias_dropped", definition, describe(definition), gone)
