"""The codes in force at one epoch: a change of a code begins a new one, as a definition's does."""

from dataclasses import dataclass

from django.db import connection

from attributes.schema import PerEpoch, Stamped
from incidents.models import Kind
from incidents_project.refusals import ValueRefused


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes by kind, in the deployer's order: those that may be chosen, and all there are."""

    by_kind: dict[str, tuple[str, ...]]
    ever_by_kind: dict[str, tuple[str, ...]]

    def of(self, kind: Kind) -> tuple[str, ...]:
        """The codes of one kind."""
        return self.by_kind.get(kind.value, ())

    def ever_of(self, kind: Kind) -> tuple[str, ...]:
        """The codes of one kind that incidents may have: the retired ones too."""
        return self.ever_by_kind.get(kind.value, ())

    def check(self, kind: Kind, code: str, *, empty_allowed: bool) -> None:
        """Refuse a code that cannot be chosen, and list those that can."""
        if code in self.of(kind) or (empty_allowed and code == ""):
            return
        raise ValueRefused("unknown_code", f"Must be one of {', '.join(self.of(kind))}.")


_LOAD = """
    SELECT epoch.stamp, code.kind, code.code, code.retired
    FROM attributes_epoch AS epoch
    LEFT JOIN incidents_code AS code ON true
    ORDER BY code.kind, code."order", code.code
"""


def _load() -> Stamped[Codes]:
    with connection.cursor() as cursor:
        cursor.execute(_LOAD)
        rows = cursor.fetchall()
    choosable: dict[str, tuple[str, ...]] = {}
    ever: dict[str, tuple[str, ...]] = {}
    for _, kind, code, retired in rows:
        ever[kind] = (*ever.get(kind, ()), code)
        if not retired:
            choosable[kind] = (*choosable.get(kind, ()), code)
    return Stamped(rows[0][0], Codes(choosable, ever))


codes: PerEpoch[Codes] = PerEpoch(_load)
