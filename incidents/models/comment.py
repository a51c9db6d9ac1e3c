"""What people say about an incident."""

from django.db import models
from django.utils import timezone

from accounts.tenancy import TenantOwned, TenantQuerySet
from incidents_project.database.constraints import TenantForeignKey


class Comment(TenantOwned):
    """One comment; it goes when its incident goes."""

    incident_id = models.UUIDField(editable=False)
    user_id = models.CharField(max_length=150, editable=False)
    name = models.CharField(max_length=150)
    text = models.TextField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.CharField(max_length=150, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_by = models.CharField(max_length=150, editable=False)
    occ_lock = models.BigIntegerField(default=0, editable=False)

    objects = TenantQuerySet["Comment"].as_manager()

    class Meta(TenantOwned.Meta):
        ordering = ["id"]
        indexes = [models.Index(fields=["tenant_id", "incident_id", "id"], name="comment_incident")]
        constraints = [
            *TenantOwned.Meta.constraints,
            TenantForeignKey(
                field="incident_id",
                to="incidents.Incident",
                name="comment_incident_exists",
                on_delete="CASCADE",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:80]
