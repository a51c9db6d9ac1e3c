"""Work on stored values that goes on in the background."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from accounts.tenancy import TENANT_LENGTH, new_id
from incidents_project.database.fields import ExactJSONField


class JobKind(models.TextChoices):
    """What a job does to the values of an attribute."""

    RETYPE = "RETYPE"  # fill the slot of another type, then read from it
    UNDO = "UNDO"  # fill the slot of the type before from what was written since
    BACKFILL = "BACKFILL"  # give a value to incidents without one
    REPLACE = "REPLACE"  # put the options that replace others in their place
    CLAIM = "CLAIM"  # find out whether every value is unique
    PURGE = "PURGE"  # destroy the values


class JobState(models.TextChoices):
    """Where a job stands."""

    WAITING = "WAITING"  # for a worker
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    BLOCKED = "BLOCKED"  # until a person has decided: ``error`` says what about
    FAILED = "FAILED"  # ``error`` says why; it can be resumed
    DONE = "DONE"
    CANCELLED = "CANCELLED"


OPEN = (
    JobState.WAITING,
    JobState.RUNNING,
    JobState.PAUSED,
    JobState.BLOCKED,
    JobState.FAILED,
)
WORKABLE = (JobState.WAITING, JobState.RUNNING)


class JobQuerySet(models.QuerySet["Job"]):
    """Questions about jobs."""

    def open(self) -> "JobQuerySet":
        """Those that have not ended, the oldest first."""
        return self.filter(state__in=OPEN).order_by("id")


class Job(models.Model):
    """One change of stored values, done batch by batch; its row is kept as the receipt.

    ``step`` is what it is at, and ``tenant`` and ``host_id`` where: whoever takes it up next begins
    behind them. They are stored with what the batch did, in one transaction. A step is gone through
    round by round until a round skips nothing. A worker's ``lease`` is a number that rises with
    each worker that takes the job: who comes back late finds another one there and writes nothing.
    """

    surveyed: ClassVar[bool] = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=16, choices=JobKind.choices, editable=False)
    state = models.CharField(
        max_length=16, choices=JobState.choices, default=JobState.WAITING, editable=False
    )
    # Not a foreign key: a receipt outlives the attribute.
    attribute_id = models.UUIDField(editable=False)
    attribute_name = models.CharField(max_length=50, editable=False)
    parameters = ExactJSONField(default=dict, editable=False)
    result = ExactJSONField(default=dict, editable=False)
    error = models.TextField(blank=True, editable=False)

    step = models.CharField(max_length=16, blank=True, editable=False)
    tenant = models.CharField(max_length=TENANT_LENGTH, blank=True, editable=False)
    host_id = models.UUIDField(null=True, editable=False)
    round = models.IntegerField(default=0, editable=False)
    skipped = models.BigIntegerField(default=0, editable=False)  # in this round
    seen = models.BigIntegerField(default=0, editable=False)  # rows looked at in this round
    total = models.BigIntegerField(default=0, editable=False)  # rows there are, when it began
    changed = models.BigIntegerField(default=0, editable=False)  # rows written, in all rounds
    worked_ms = models.BigIntegerField(default=0, editable=False)  # without pauses

    lease = models.BigIntegerField(default=0, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    worker = models.CharField(max_length=100, blank=True, editable=False)

    requested_by = models.CharField(max_length=150, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["id"], condition=models.Q(state__in=OPEN), name="attributes_job_open"
            ),
            models.Index(fields=["attribute_id", "id"], name="attributes_job_attribute"),
        ]
        constraints = [
            # Two changes of one attribute's values at a time would not know of each other.
            models.UniqueConstraint(
                fields=["attribute_id"],
                condition=models.Q(state__in=OPEN),
                name="attributes_job_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.attribute_name}"
