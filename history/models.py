"""Two logs: what belongs to one tenant, and what all tenants share.

Append-only: the service's database role may insert and read, never update or delete.
"""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from accounts.tenancy import TENANT_LENGTH, TenantOwned, new_id
from incidents_project.database.fields import ExactJSONField


class Event(models.Model):
    """One change: who, when, what, and each changed field with its old and new value.

    ``changes`` is a list of ``{"field", "old", "new"}``; a field that is an attribute has ``slot``
    too, so that the entry is still understood when the name has moved on.
    """

    append_only: ClassVar[bool] = True

    at = models.DateTimeField(default=timezone.now)
    subject = models.CharField(max_length=150)
    name = models.CharField(max_length=150)
    action = models.CharField(max_length=50)  # "incident.updated"
    object_id = models.UUIDField()
    occ_lock_before = models.BigIntegerField(null=True)
    occ_lock_after = models.BigIntegerField(null=True)
    changes = ExactJSONField()
    correlation_id = models.CharField(max_length=128)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.action} by {self.name} at {self.at:%Y-%m-%d %H:%M:%S}"


class TenantEvent(Event, TenantOwned):
    """A change of something one tenant owns: an incident, its values, its comments."""

    incident_id = models.UUIDField(null=True)

    class Meta(TenantOwned.Meta):
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["tenant_id", "incident_id", "-id"], name="tenantevent_incident"),
        ]


class InstanceEvent(Event):
    """A change of something all tenants share: an attribute, a code."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    actor_tenant = models.CharField(max_length=TENANT_LENGTH)
    subject_name = models.CharField(max_length=100)  # the attribute's or code's name at the time

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["object_id", "-id"], name="instanceevent_object")]
