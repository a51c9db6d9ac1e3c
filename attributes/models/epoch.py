"""The epoch that counts the changes of the schema."""

from typing import ClassVar

from django.db import models

from accounts.tenancy import new_id


class Epoch(models.Model):
    """One row: which schema is in force, and which slots were ever given out.

    ``stamp`` is new with every change and never comes back, not even when the change is rolled
    back and another takes its ``version``: caches go by it.
    """

    surveyed: ClassVar[bool] = True

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    version = models.BigIntegerField(default=0)
    stamp = models.UUIDField(default=new_id)
    last_slot = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="epoch_is_one")]

    def __str__(self) -> str:
        return f"epoch {self.version}"
