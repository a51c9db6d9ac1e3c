"""What is stored about attributes; their values lie with the incidents that have them."""

from attributes.models.claim import Claim
from attributes.models.definition import (
    IN_FORCE,
    NAME_PATTERN,
    Alias,
    AttributeMeta,
    RequiredWhen,
    SlotState,
    SpareSlot,
    State,
    always,
)
from attributes.models.epoch import Epoch
from attributes.models.index import IndexBuild, UnindexedUse
from attributes.models.job import OPEN, WORKABLE, Job, JobKind, JobState
from attributes.models.option_set import OptionSet

__all__ = [
    "IN_FORCE",
    "NAME_PATTERN",
    "OPEN",
    "WORKABLE",
    "Alias",
    "AttributeMeta",
    "Claim",
    "Epoch",
    "IndexBuild",
    "Job",
    "JobKind",
    "JobState",
    "OptionSet",
    "RequiredWhen",
    "SlotState",
    "SpareSlot",
    "State",
    "UnindexedUse",
    "always",
]
