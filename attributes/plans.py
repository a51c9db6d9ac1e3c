"""What a change of the schema would do, told before it is done.

A plan's ``hash`` names the change and the epoch it was made in, not the counts: values move, and
what may be lost is named by the deployer in numbers of its own.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from attributes.conversions import Verdict
from attributes.referrers import Referrer
from attributes.types import AttributeType, Json
from incidents_project.exact_json import dumps
from incidents_project.refusals import Conflict


class Risk(StrEnum):
    """How much care a change asks for, the least first."""

    SAFE = "safe"  # at once, and undone as easily
    ONLINE = "online"  # a job works on stored values meanwhile
    LOSSY = "lossy"  # some values are changed, or out of sight; the originals are kept for a while
    DESTRUCTIVE = "destructive"  # values are gone


@dataclass(frozen=True, slots=True)
class Sample:
    """One incident of the asking tenant's: its value, what would become of it, and why."""

    incident_id: UUID
    value: Json
    becomes: Json = None
    why: str = ""


@dataclass(slots=True)
class Tally:
    """How many values there are of all tenants, and what would become of them."""

    incidents: int = 0
    holders: int = 0
    counts: dict[Verdict, int] = field(default_factory=lambda: dict.fromkeys(Verdict, 0))
    samples: dict[Verdict, list[Sample]] = field(default_factory=lambda: {v: [] for v in Verdict})
    exact: bool = True

    def described(self) -> dict[str, Any]:
        """The counts as the API answers them, and the commands as JSON."""
        return {
            "exact": self.exact,
            "incidents": self.incidents,
            "holders": self.holders,
            "outcomes": {
                verdict.value: {
                    "count": count,
                    "samples": [asdict(sample) for sample in self.samples[verdict]],
                }
                for verdict, count in self.counts.items()
            },
        }

    def exceeds(self, accepted: Mapping[str, int]) -> bool:
        """Whether more would be lost than was accepted; less may be, since values move."""
        losses = (Verdict.LOSSY, Verdict.IMPOSSIBLE)
        return any(self.counts[verdict] > accepted.get(verdict.value, 0) for verdict in losses)

    def all_lost(self, why: str) -> None:
        """Have none of the values stay, for one reason."""
        self.counts = {**dict.fromkeys(Verdict, 0), Verdict.LOSSY: sum(self.counts.values())}
        lost = [
            replace(sample, becomes=None, why=why)
            for samples in self.samples.values()
            for sample in samples
        ]
        self.samples = {**{verdict: [] for verdict in Verdict}, Verdict.LOSSY: lost}

    def present(self, before: AttributeType, after: AttributeType) -> None:
        """Have the samples' values as the API answers them, not as they are stored."""
        for verdict, samples in self.samples.items():
            self.samples[verdict] = [
                replace(
                    sample,
                    value=None if sample.value is None else before.present(sample.value),
                    becomes=None if sample.becomes is None else after.present(sample.becomes),
                )
                for sample in samples
            ]


@dataclass(frozen=True, slots=True)
class Plan:
    """A change as previewed.

    ``seconds`` estimates the background work; until ``undo_until`` it can be taken back (None for
    never, or, with ``undo_forever``, for as long as one likes).
    """

    change: str
    name: str
    risk: Risk
    hash: str
    tally: Tally = field(default_factory=Tally)
    referrers: tuple[Referrer, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    undo_until: datetime | None = None
    undo_forever: bool = False
    stops: bool = False  # its job does, before more is lost than was accepted

    def described(self) -> dict[str, Any]:
        """The plan as the API answers it, and the commands as JSON."""
        return {
            "change": self.change,
            "name": self.name,
            "class": self.risk,
            "plan": self.hash,
            **self.tally.described(),
            "referrers": [asdict(referrer) for referrer in self.referrers],
            "notes": list(self.notes),
            "seconds": self.seconds,
            "undo_until": self.undo_until,
            "undo_forever": self.undo_forever,
        }


def hash_of(change: str, uid: UUID, members: Mapping[str, Json], stamp: UUID) -> str:
    """What names this change in this epoch."""
    named = dumps([change, str(uid), members, str(stamp)], sort_keys=True)
    return hashlib.sha256(named).hexdigest()[:32]


def require_fresh(sent: str | None, current: str) -> None:
    """Refuse a plan of another change or of an older epoch; None was not asked for one."""
    if sent is not None and sent != current:
        raise Conflict(
            "The plan is of another change, or the attributes were changed since. Preview again.",
            code="stale_plan",
        )
