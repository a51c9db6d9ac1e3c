"""Definitions, and the epoch that counts their changes."""

from uuid import UUID

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.tenancy import TenantOwned, TenantQuerySet, new_id
from attributes import types
from incidents_project.database.fields import ExactJSONField

NAME_PATTERN = r"^[A-Za-z][A-Za-z0-9_]{0,49}$"


class Epoch(models.Model):
    """One row: which schema is in force, and which slots were ever given out.

    ``stamp`` is new with every change and never comes back, not even when the change is rolled
    back and another takes its ``version``: caches go by it.
    """

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    version = models.BigIntegerField(default=0)
    stamp = models.UUIDField(default=new_id)
    last_slot = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="epoch_is_one")]

    def __str__(self) -> str:
        return f"epoch {self.version}"


class OptionSet(models.Model):
    """Options that several attributes share. Instance-wide, as definitions are."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=50)
    label = models.CharField(max_length=200, blank=True)
    options = ExactJSONField()
    occ_lock = models.BigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.CharField(max_length=150, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_by = models.CharField(max_length=150, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="optionset_name_unique"),
            models.CheckConstraint(
                condition=models.Q(name__regex=NAME_PATTERN), name="optionset_name_is_plain"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Claim(TenantOwned):
    """A value of a unique attribute, held by one host of one tenant.

    Its key is what makes the value unique: of writers at the same moment the database lets one in.
    It needs no index on the host's table, so uniqueness is in force the moment it is defined.
    """

    slot = models.CharField(max_length=20, editable=False)
    digest = models.CharField(max_length=64, editable=False)  # SHA-256 of the canonical value
    host_id = models.UUIDField(editable=False)

    objects = TenantQuerySet["Claim"].as_manager()

    class Meta(TenantOwned.Meta):
        indexes = [models.Index(fields=["tenant_id", "host_id"], name="claim_host")]
        constraints = [
            *TenantOwned.Meta.constraints,
            models.UniqueConstraint(fields=["tenant_id", "slot", "digest"], name="claim_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.slot} of {self.host_id}"


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
    ARCHIVED = "ARCHIVED"


class AttributeMetaQuerySet(models.QuerySet["AttributeMeta"]):
    """Questions about definitions."""

    def active(self) -> "AttributeMetaQuerySet":
        """Those that incidents have now, in the deployer's order."""
        return self.filter(state=State.ACTIVE).order_by("order", "id")


class AttributeMeta(models.Model):
    """One attribute a deployer has added to incidents: its name, type and rules.

    Values lie under ``slot``, which is never changed and never used again; so the name is free to
    change, and an attribute that takes a deleted one's name cannot meet its values.
    """

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
    indexed = models.BooleanField(
        default=False,
        db_default=False,  # for the version before, which may still run
        help_text="Filters and sorting by it are fast; writes cost more.",
    )
    group = models.CharField(max_length=100, blank=True)
    help_text = models.CharField(max_length=500, blank=True)
    default = ExactJSONField(null=True, blank=True)
    order = models.IntegerField(default=0)
    state = models.CharField(
        max_length=16, choices=State.choices, default=State.ACTIVE, editable=False
    )
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
                condition=models.Q(state=State.ACTIVE),
                name="attributemeta_name_unique",
            ),
            models.CheckConstraint(
                condition=models.Q(name__regex=NAME_PATTERN) & ~models.Q(name__contains="__"),
                name="attributemeta_name_is_plain",
            ),
            models.CheckConstraint(
                condition=models.Q(slot__regex=r"^a[1-9][0-9]*$"),
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


class IndexBuild(models.Model):
    """How the last attempt to build an attribute's index went; none where none was made."""

    slot = models.CharField(max_length=20, primary_key=True, editable=False)
    failures = models.IntegerField(default=0, editable=False)  # since it was asked for
    error = models.TextField(blank=True, editable=False)
    started_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return f"index of {self.slot}"


class UnindexedUse(models.Model):
    """How often an attribute was filtered or sorted by without an index, by all tenants."""

    slot = models.CharField(max_length=20, primary_key=True, editable=False)
    uses = models.BigIntegerField(default=0, editable=False)
    slow_uses = models.BigIntegerField(default=0, editable=False)
    timeouts = models.BigIntegerField(default=0, editable=False)
    total_ms = models.FloatField(default=0, editable=False)
    greatest_ms = models.FloatField(default=0, editable=False)
    last_used_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"{self.uses} uses of {self.slot}"
