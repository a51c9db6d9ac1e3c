"""Optimistic concurrency: every change says which version it was made against."""

from collections.abc import Callable
from dataclasses import dataclass

from incidents_project.refusals import Conflict


@dataclass(frozen=True, slots=True)
class Expected:
    """The version a change was made against.

    ``occ_lock`` is the number the client read, None if it named none; ``check``, where there is
    one, refuses the current version by rules of its own (``If-Match``).
    """

    occ_lock: int | None = None
    check: Callable[[int], None] | None = None

    def require(self, current: int) -> None:
        """Raise what ``check`` raises, or ``Conflict`` (``stale_object``), for another version."""
        if self.check is not None:
            self.check(current)
        if self.occ_lock is not None and self.occ_lock != current:
            raise Conflict(
                "It was changed since you read it. Read it again and repeat your change.",
                code="stale_object",
                members={"occ_lock": current},
            )


ANY = Expected()
