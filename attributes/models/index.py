"""What is noted of indexes: how building went, and what ran without one."""

from django.db import models
from django.utils import timezone


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
