"""What makes the values of a unique attribute unique."""

from typing import ClassVar

from django.db import models

from accounts.tenancy import TenantOwned, TenantQuerySet


class Claim(TenantOwned):
    """A value of a unique attribute, held by one host of one tenant.

    Its key is what makes the value unique: of writers at the same moment the database lets one in.
    It needs no index on the host's table, so uniqueness is in force the moment it is defined.
    """

    surveyed: ClassVar[bool] = True

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
