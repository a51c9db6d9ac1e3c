"""The incident."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.tenancy import TenantOwned, TenantQuerySet
from attributes.storage import ValuesField


class Incident(TenantOwned):
    """Something that went wrong, as one tenant sees it."""

    surveyed: ClassVar[bool] = True

    name = models.CharField(max_length=255)
    status = models.CharField(max_length=50)
    type = models.CharField(max_length=50)
    date = models.DateTimeField()
    description = models.TextField()
    reported_by = models.CharField(max_length=255)
    attributes = ValuesField()
    location = models.CharField(max_length=255, default="", blank=True)
    severity = models.CharField(max_length=50, default="", blank=True)
    next_update = models.BigIntegerField(default=0)  # Unix seconds, 0 for none
    resolved_date = models.DateTimeField(null=True, blank=True)
    backdated = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.CharField(max_length=150, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_by = models.CharField(max_length=150, editable=False)
    occ_lock = models.BigIntegerField(default=0, editable=False)

    objects = TenantQuerySet["Incident"].as_manager()

    class Meta(TenantOwned.Meta):
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["tenant_id", "created_at", "id"], name="incident_created"),
            models.Index(fields=["tenant_id", "date", "id"], name="incident_date"),
            models.Index(
                fields=["tenant_id", "status", "created_at", "id"], name="incident_status"
            ),
        ]
        constraints = [
            *TenantOwned.Meta.constraints,
            models.CheckConstraint(condition=Q(occ_lock__gte=0), name="incident_occ_lock"),
            models.CheckConstraint(condition=Q(next_update__gte=0), name="incident_next_update"),
        ]

    def __str__(self) -> str:
        return self.name
