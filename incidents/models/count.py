"""How many incidents a tenant has, kept as they come and go: counting a million takes too long."""

from typing import ClassVar

from django.db import models

from accounts.tenancy import TenantOwned, TenantQuerySet


class Count(TenantOwned):
    """A part of the count. It is kept in parts so that writers seldom wait for each other."""

    surveyed: ClassVar[bool] = True

    shard = models.SmallIntegerField(editable=False)
    incidents = models.BigIntegerField(editable=False)  # of one part; may be less than none

    objects = TenantQuerySet["Count"].as_manager()

    class Meta(TenantOwned.Meta):
        constraints = [
            *TenantOwned.Meta.constraints,
            models.UniqueConstraint(fields=["tenant_id", "shard"], name="count_shard"),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id}/{self.shard}"
