"""Code tables: the statuses, types and severities of this instance."""

from django.db import models
from django.utils import timezone

from accounts.tenancy import new_id


class Kind(models.TextChoices):
    """Which of an incident's fields the code is for."""

    STATUS = "status"
    TYPE = "type"
    SEVERITY = "severity"


class Code(models.Model):
    """One code a deployer lets incidents carry. A retired one stays readable."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    code = models.CharField(max_length=50)
    label = models.CharField(max_length=100, blank=True)
    order = models.IntegerField(default=0)
    retired = models.BooleanField(
        default=False, help_text="Stays on incidents that have it, cannot be chosen any more."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["kind", "order", "code"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "code"], name="code_unique"),
            models.CheckConstraint(
                condition=models.Q(code__regex=r"^[A-Z][A-Z0-9_]{0,49}$"), name="code_is_plain"
            ),
            models.CheckConstraint(condition=models.Q(kind__in=Kind.values), name="code_has_kind"),
        ]

    def __str__(self) -> str:
        return self.code
