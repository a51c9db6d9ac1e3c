"""What a deployer defines: attributes, the names they had, the slots they do not read from."""

from operator import attrgetter
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.tenancy import new_id
from attributes import types
from attributes.types import clock
from incidents_project.database.fields import ExactJSONField

NAME_PATTERN = r"^[A-Za-z][A-Za-z0-9_]{0,49}$"
SLOT_PATTERN = r"^a[1-9][0-9]*$"


class RequiredWhen(models.TextChoices):
    """When a required attribute must have a value; else it is a list of statuses."""

    ALWAYS = "always"
    CREATE = "create"


def always() -> str:
    """What ``required`` means unless the deployer says more."""
    return RequiredWhen.ALWAYS.value


class State(models.TextChoices):
    """Where a definition stands in its life."""

    ACTIVE = "ACTIVE"
    DEPRECATED = "DEPRECATED"  # only incidents that have a value may have another
    ARCHIVED = "ARCHIVED"  # out of sight; its values stay
    PURGING = "PURGING"  # its values are being destroyed, and then it is gone


IN_FORCE = (State.ACTIVE, State.DEPRECATED)


class AttributeMetaQuerySet(models.QuerySet["AttributeMeta"]):
    """Questions about definitions."""

    def in_force(self) -> "AttributeMetaQuerySet":
        """Those that incidents have now, in the deployer's order."""
        return self.filter(state__in=IN_FORCE).order_by("order", "id")


class AttributeMeta(models.Model):
    """One attribute a deployer has added to incidents: its name, type and rules.

    Values lie under ``slot``, which is never used again, and for ever holds values of one type. So
    the name is free to change, an attribute that takes a deleted one's name cannot meet its values,
    and a change of type is a change of the slot.
    """

    surveyed: ClassVar[bool] = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(
        max_length=50,
        help_text="Letters, digits and single underscores, beginning with a letter.",
    )
    type = models.CharField(max_length=32, choices=types.choices)
    slot = models.CharField(max_length=20, unique=True, editable=False)
    label = models.CharField(max_length=200, blank=True)
    description = models.CharField(max_length=2_000, blank=True)
    rules = ExactJSONField(default=dict, blank=True)
    required = models.BooleanField(default=False)
    required_when = ExactJSONField(
        default=always, help_text='"always", "create", or a list of statuses.'
    )
    applies_to = ExactJSONField(
        default=list, blank=True, help_text="A list of incident types; empty for all."
    )
    unique = models.BooleanField(default=False, help_text="No two incidents of a tenant share it.")
    # Where the claims of a unique attribute lie: blank for the slot itself. Each time it becomes
    # unique it is another one, so that no claim of an earlier time stands in the way.
    claim_slot = models.CharField(
        max_length=20, blank=True, default="", db_default="", editable=False
    )
    indexed = models.BooleanField(
        default=False,
        db_default=False,  # for the version before, which may still run
        help_text="Filters and sorting by it are fast; writes cost more.",
    )
    group = models.CharField(max_length=100, blank=True)
    help_text = models.CharField(max_length=500, blank=True)
    default = ExactJSONField(
        null=True, blank=True, help_text="What a new incident has unless it says otherwise."
    )
    missing_value = ExactJSONField(
        null=True, blank=True, help_text="What incidents without a value are read as having."
    )
    order = models.IntegerField(default=0)
    state = models.CharField(
        max_length=16, choices=State.choices, default=State.ACTIVE, editable=False
    )
    sunset = models.DateField(
        null=True, blank=True, editable=False, help_text="When a deprecated attribute will go."
    )
    deprecated_at = models.DateTimeField(null=True, editable=False)
    archived_at = models.DateTimeField(null=True, editable=False)
    # The former names that it had when it was archived. Not in the table of former names: others
    # may take them meanwhile.
    archived_aliases = ExactJSONField(null=True, editable=False)
    occ_lock = models.BigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.CharField(max_length=150, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_by = models.CharField(max_length=150, editable=False)

    objects = AttributeMetaQuerySet.as_manager()

    class Meta:
        verbose_name = "attribute"
        ordering = ["order", "id"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                condition=models.Q(state__in=IN_FORCE),
                name="attributemeta_name_unique",
            ),
            models.CheckConstraint(
                condition=models.Q(name__regex=NAME_PATTERN) & ~models.Q(name__contains="__"),
                name="attributemeta_name_is_plain",
            ),
            models.CheckConstraint(
                condition=models.Q(slot__regex=SLOT_PATTERN),
                name="attributemeta_slot_is_opaque",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def typed(self) -> types.AttributeType:
        """This definition's type, configured with its rules."""
        return types.build(self.type, self.rules)

    @property
    def uid(self) -> UUID:
        """What identifies the attribute through every rename."""
        return self.id

    @property
    def claims(self) -> str:
        """What the claims of its values lie under, where they are unique."""
        return self.claim_slot or self.slot

    @property
    def is_in_force(self) -> bool:
        """Whether incidents have it now."""
        return self.state in IN_FORCE

    def usable_aliases(self) -> list["Alias"]:
        """The former names that filters and writes may still use."""
        now = clock.now()
        return [alias for alias in self.aliases.all() if alias.until > now]

    def to_go_back_to(self) -> "SpareSlot | None":
        """What an undo brings back, as long as it is kept."""
        spares = self.spare_slots.all()
        kept = [s for s in spares if s.state == SlotState.RETAINED and s.kept_until]
        return max(kept, key=attrgetter("kept_until"), default=None)


class Alias(models.Model):
    """A name that an attribute had: filters and writes may still use it for a while."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=50, editable=False)
    attribute = models.ForeignKey(
        AttributeMeta, on_delete=models.CASCADE, related_name="aliases", editable=False
    )
    since = models.DateTimeField(default=timezone.now, editable=False)
    until = models.DateTimeField(editable=False)

    class Meta:
        verbose_name_plural = "aliases"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="alias_name_unique"),
            models.CheckConstraint(
                condition=models.Q(name__regex=NAME_PATTERN), name="alias_name_is_plain"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SlotState(models.TextChoices):
    """What a slot is for that its attribute does not read from."""

    FILLING = "FILLING"  # the one to come: writers write it too, a job fills in the rest
    RETAINED = "RETAINED"  # the one before: what nobody touched since is kept, to go back to
    PURGING = "PURGING"  # its values are being destroyed


class SpareSlot(models.Model):
    """A slot of an attribute beside the one its values are read from.

    ``filled_from`` and ``using`` say how a slot that is FILLING gets its values; ``kept_until`` how
    long one that is RETAINED can be gone back to.
    """

    surveyed: ClassVar[bool] = True

    slot = models.CharField(max_length=20, primary_key=True, editable=False)
    attribute = models.ForeignKey(
        AttributeMeta, on_delete=models.CASCADE, related_name="spare_slots", editable=False
    )
    type = models.CharField(max_length=32, choices=types.choices, editable=False)
    rules = ExactJSONField(default=dict, editable=False)
    state = models.CharField(max_length=16, choices=SlotState.choices, editable=False)
    filled_from = models.CharField(max_length=20, blank=True, editable=False)
    using = ExactJSONField(default=dict, editable=False)
    # What the claims of its values lie under, where the attribute is unique; blank for none: it was
    # not unique when the values were read from here.
    claim_slot = models.CharField(
        max_length=20, blank=True, default="", db_default="", editable=False
    )
    accepts_loss = models.BooleanField(default=False, editable=False)
    kept_until = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["created_at", "slot"]
        constraints = [
            models.UniqueConstraint(
                fields=["attribute"],
                condition=models.Q(state=SlotState.FILLING),
                name="spareslot_one_is_filling",
            ),
            models.CheckConstraint(
                condition=models.Q(slot__regex=SLOT_PATTERN), name="spareslot_slot_is_opaque"
            ),
            models.CheckConstraint(
                condition=models.Q(state=SlotState.FILLING) ^ models.Q(filled_from=""),
                name="spareslot_filled_from",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.slot} ({self.state})"
