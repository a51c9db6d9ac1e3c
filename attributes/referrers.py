"""Who refers to an attribute: what must be known before it is taken away.

Whatever refers to attributes registers itself when its app is ready, as hosts do. A referrer holds
the attribute's ``uid``, so that a rename changes nothing for it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from attributes.models import AttributeMeta, IndexBuild, Job, JobKind


@dataclass(frozen=True, slots=True)
class Referrer:
    """One thing that refers to an attribute: what it is, and which one."""

    kind: str  # "job", "index build", "view"
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


Find = Callable[[AttributeMeta], Iterable[Referrer]]
Detach = Callable[[UUID], None]

_registered: list[tuple[Find, Detach]] = []


def register(find: Find, detach: Detach) -> None:
    """Have ``find`` asked who refers to an attribute, and ``detach`` end that."""
    _registered.append((find, detach))


def of(definition: AttributeMeta) -> list[Referrer]:
    """Everything that refers to the attribute now."""
    finds = [_jobs, _index_builds, *(find for find, _ in _registered)]
    return [referrer for find in finds for referrer in find(definition)]


def detach(definition: AttributeMeta) -> None:
    """End every reference of those that registered."""
    for _, end in _registered:
        end(definition.uid)


def _jobs(definition: AttributeMeta) -> Iterable[Referrer]:
    # What is being destroyed is an earlier type's.
    open_jobs = Job.objects.open().filter(attribute_id=definition.id).exclude(kind=JobKind.PURGE)
    return [Referrer("job", f"{job.kind} {job.id}") for job in open_jobs]


def _index_builds(definition: AttributeMeta) -> Iterable[Referrer]:
    building = IndexBuild.objects.filter(slot=definition.slot, finished_at=None)
    return [Referrer("index build", f"of {definition.name}") for _ in building]
