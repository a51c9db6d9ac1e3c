"""Options that several attributes share."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.tenancy import new_id
from attributes.models.definition import NAME_PATTERN
from incidents_project.database.fields import ExactJSONField


class OptionSet(models.Model):
    """Options that several attributes share. Instance-wide, as definitions are."""

    surveyed: ClassVar[bool] = True

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
