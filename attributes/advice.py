"""Which attributes an index would help, from the counters of what ran without one."""

from dataclasses import dataclass
from datetime import datetime

from attributes.models import AttributeMeta, UnindexedUse
from attributes.operations.members import unindexable


@dataclass(frozen=True, slots=True)
class Advice:
    """What filters and sorts by one attribute have cost, and what to do about it."""

    name: str
    uses: int
    slow_uses: int
    timeouts: int
    mean_ms: float
    greatest_ms: float
    last_used_at: datetime
    advice: str


def give() -> list[Advice]:
    """The attributes that were slow without an index, the costliest first."""
    without = {d.slot: d for d in AttributeMeta.objects.in_force().filter(indexed=False)}
    slow = UnindexedUse.objects.filter(slot__in=without, slow_uses__gt=0).order_by("-total_ms")
    return [_about(without[use.slot], use) for use in slow]


def _about(definition: AttributeMeta, use: UnindexedUse) -> Advice:
    typed = definition.typed()
    return Advice(
        definition.name,
        use.uses,
        use.slow_uses,
        use.timeouts,
        round(use.total_ms / use.uses, 1),
        round(use.greatest_ms, 1),
        use.last_used_at,
        "Set indexed to true." if typed.index_method else unindexable(typed),
    )
