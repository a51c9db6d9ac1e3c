"""Saying that an attribute is to be used no more, and taking that back."""

from datetime import date

from django.utils import timezone

from accounts.principal import Principal
from attributes.models import AttributeMeta, State
from attributes.operations.change import Change
from attributes.operations.store import store_change
from attributes.plans import Risk, Tally
from attributes.schema import Schema, describe
from attributes.types import clock
from attributes.types.date import DateType
from incidents_project.refusals import Conflict, Fault, Invalid, ValueRefused


class Deprecate(Change):
    """Only incidents that have a value may have another one; a sunset says when it will go."""

    change = "deprecate"
    knows = frozenset({"sunset"})

    def read(self, faults: list[Fault]) -> None:
        """A date, or none."""
        self.sunset: date | None = None
        try:
            if self.members.get("sunset") is not None:
                self.sunset = date.fromisoformat(DateType().clean(self.members["sunset"]))
        except ValueRefused as refused:
            faults.append(refused.at("sunset"))

    def check(self, schema: Schema, definition: AttributeMeta) -> None:
        """A day that is over has to have been said before it was."""
        today = clock.now().date()
        if self.sunset is None or self.sunset >= today or self.sunset == definition.sunset:
            return
        message = (
            f"{self.sunset} is over: say a day from {today} (in UTC) on, or none. To take the"
            " attribute away now, archive it."
        )
        raise Invalid.because([Fault("sunset", "past", message)])

    def risk(self, tally: Tally) -> Risk:
        """No value changes."""
        return Risk.SAFE

    def carry_out(self, principal: Principal, schema: Schema, definition: AttributeMeta) -> None:
        """Once more with another date changes the date."""
        before = describe(definition)
        if definition.state != State.DEPRECATED:
            definition.deprecated_at = timezone.now()
        definition.state = State.DEPRECATED
        definition.sunset = self.sunset
        if describe(definition) != before:
            store_change(principal, "attribute.deprecated", definition, before)


class BringDeprecated(Deprecate):
    """The same of an attribute that a document defines, or restores, as it was when written."""

    def check(self, schema: Schema, definition: AttributeMeta) -> None:
        """The day may be over by now: the document was written when it was not."""


class Reactivate(Change):
    """Let it be used again."""

    change = "reactivate"

    def check(self, schema: Schema, definition: AttributeMeta) -> None:
        """It must be deprecated."""
        if definition.state != State.DEPRECATED:
            raise Conflict(f"It is {definition.state}, not deprecated.", code="not_now")

    def risk(self, tally: Tally) -> Risk:
        """No value changes."""
        return Risk.SAFE

    def carry_out(self, principal: Principal, schema: Schema, definition: AttributeMeta) -> None:
        """As it was before."""
        before = describe(definition)
        definition.state = State.ACTIVE
        definition.sunset = definition.deprecated_at = None
        store_change(principal, "attribute.reactivated", definition, before)
