"""What the product says when it will not do something.

Everything below the interfaces raises these; each interface says them in its own way: the API as
problem+json, a command as ``CommandError``, the admin as a message. A refusal always carries a
stable ``code`` that a program can switch on, and words that tell a person what to do.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import islice
from typing import Any

MOST_FAULTS = 100  # that one answer lists: a body of a million faults must not cost a million more
_MOST_HINTS = 10  # looking for the nearest spelling is not free
_LONGEST_NAME = 100  # characters of a client's own text that are sent back


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong field: where (``attributes.count``), which rule (``minimum``), in words."""

    field: str
    code: str
    message: str


def did_you_mean(name: str, known: Collection[str], faults: Sequence[Fault] = ()) -> str:
    """The nearest of the ``known`` names as a sentence; for the first few ``faults`` only."""
    if len(faults) >= _MOST_HINTS or len(name) > _LONGEST_NAME:
        return ""
    close = get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]}?" if close else ""


class ValueRefused(Exception):  # noqa: N818 - a refusal is an answer, not an accident
    """One value is not acceptable. Raised by types, which do not know the field's name."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message

    def at(self, field: str) -> Fault:
        """This refusal, placed at ``field``."""
        return Fault(field, self.code, self.message)


class Refusal(Exception):  # noqa: N818
    """A request the product will not carry out.

    ``members`` are extra problem members for programs (``{"occ_lock": 7}``); ``faults`` lists every
    wrong field at once. Subclasses fix the kind; the API maps each kind to one HTTP status.
    """

    default_code = "refused"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        faults: Iterable[Fault] = (),
        members: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default_code
        self.faults: Sequence[Fault] = tuple(faults)
        self.members = members or {}


class Invalid(Refusal):
    """Something in the request is wrong, and ``faults`` says what."""

    default_code = "invalid"

    @classmethod
    def because(cls, faults: Iterable[Fault]) -> "Invalid":
        """The refusal that reports ``faults``; where all are of one kind it has their code."""
        faults = tuple(_short(fault) for fault in islice(faults, MOST_FAULTS + 1))
        detail = f"{len(faults)} values were refused."
        if len(faults) > MOST_FAULTS:
            faults = faults[:MOST_FAULTS]
            detail = f"More than {MOST_FAULTS} values were refused; these are the first."
        if len(faults) == 1:
            detail = f"{faults[0].field}: {faults[0].message}"
        codes = {fault.code for fault in faults}
        return cls(detail, code=codes.pop() if len(codes) == 1 else None, faults=faults)


def _short(fault: Fault) -> Fault:
    if len(fault.field) <= _LONGEST_NAME:
        return fault
    return replace(fault, field=f"{fault.field[:_LONGEST_NAME]}…")


class NotFound(Refusal):
    """Not there, or another tenant's: the two are indistinguishable on purpose."""

    default_code = "not_found"


class Forbidden(Refusal):
    """Known, but without the role."""

    default_code = "forbidden"


class Conflict(Refusal):
    """The request is fine, the state of things is not."""

    default_code = "conflict"


class PreconditionFailed(Refusal):
    """``If-Match`` does not hold."""

    default_code = "precondition_failed"


class PreconditionRequired(Refusal):
    """An update that does not say which version it was made against."""

    default_code = "precondition_required"


class Unavailable(Refusal):
    """Not now: try again after ``retry_after`` seconds."""

    default_code = "unavailable"

    def __init__(self, detail: str, *, code: str | None = None, retry_after: int = 1) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after
