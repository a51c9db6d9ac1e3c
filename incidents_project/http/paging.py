"""Query parameters that every collection shares, and the cursors that walk it."""

import base64
import difflib
import hmac
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.crypto import salted_hmac
from rest_framework.request import Request

from incidents_project.exact_json import dumps
from incidents_project.http.parser import loads
from incidents_project.refusals import Fault, Invalid

PAGE_SIZE = 10
LARGEST_PAGE = 100
FURTHEST = 10_000  # records that pages by number reach; a cursor goes on at no cost
LONGEST_CURSOR = 4_096  # characters
PARAMETERS = frozenset({"page", "size", "cursor"})

_SIGNATURE = 16  # bytes
_SUGGESTIONS = 10  # looking for the nearest spelling is not free


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a collection is asked for: by number, or from a cursor on."""

    number: int = 1
    size: int = PAGE_SIZE
    cursor: str | None = None

    @classmethod
    def of(cls, request: Request) -> "Page":
        """The page that the query asks for; every fault of it is reported at once."""
        query = request.query_params
        if not query:
            return _FIRST
        faults = list(_faults(query))
        if faults:
            code = faults[0].code if len(faults) == 1 else None
            raise Invalid(faults[0].message, code=code, faults=faults)
        return cls(
            int(query.get("page", 1)), int(query.get("size", PAGE_SIZE)), query.get("cursor")
        )

    @property
    def offset(self) -> int:
        """How many records come before this page."""
        return (self.number - 1) * self.size


_FIRST = Page()


def check_parameters(request: Request, allowed: Collection[str]) -> None:
    """Refuse a query parameter that is not ``allowed``: nothing is silently ignored."""
    unknown = [name for name in request.query_params if name not in allowed]
    if not unknown:
        return
    listed = ", ".join(sorted(allowed)) or "none"
    faults = []
    for place, name in enumerate(unknown):
        near = difflib.get_close_matches(name[:64], allowed, 1) if place < _SUGGESTIONS else []
        hint = f" Did you mean {near[0]}?" if near else ""
        faults.append(Fault(name[:64], "unknown_parameter", f"There is no such parameter.{hint}"))
    names = ", ".join(fault.field for fault in faults[:_SUGGESTIONS])
    raise Invalid(
        f"Unknown query parameter: {names}. Allowed here: {listed}.",
        code="unknown_parameter",
        faults=faults,
        members={"allowed": sorted(allowed)},
    )


def page_member(
    *,
    number: int | None,
    size: int,
    total_records: int | None,
    total_is_estimate: bool,
    count: int,
    sort: Sequence[str],
    next_cursor: str | None,
) -> dict[str, Any]:
    """The ``page`` member of a collection's envelope."""
    return {
        "number": number,
        "size": size,
        "total_records": total_records,
        "total_is_estimate": total_is_estimate,
        "count": count,
        "sort": list(sort),
        "next_cursor": next_cursor,
    }


def seal(kind: str, position: Sequence[Any]) -> str:
    """A cursor: where a walk of this ``kind`` stands, for the client to send back as it is.

    ``kind`` is whatever must be the same when the walk goes on (the sort, the filters).
    """
    payload = dumps(position)
    sealed = base64.urlsafe_b64encode(_signature(kind, payload) + payload)
    return sealed.rstrip(b"=").decode("ascii")


def unseal(kind: str, text: str) -> list[Any]:
    """What ``seal`` was given; 400 for anything that it did not write for the same ``kind``."""
    sealed = _decoded(text) if len(text) <= LONGEST_CURSOR else b""
    signature, payload = sealed[:_SIGNATURE], sealed[_SIGNATURE:]
    if not hmac.compare_digest(signature, _signature(kind, payload)):
        fault = _bad_cursor("This cursor does not belong to this query. Start without one.")
        raise Invalid(fault.message, code=fault.code, faults=[fault])
    position: list[Any] = loads(payload)
    return position


def _decoded(text: str) -> bytes:
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True)
    except ValueError:
        return b""


def _signature(kind: str, payload: bytes) -> bytes:
    salt = f"incidents_project.http.paging:{kind}"
    return salted_hmac(salt, payload, algorithm="sha256").digest()[:_SIGNATURE]


def _faults(query: QueryDict) -> Iterator[Fault]:
    wrong = False
    for name, most in (("page", FURTHEST), ("size", LARGEST_PAGE)):
        given = query.getlist(name)
        if given and not (len(given) == 1 and _is_number(given[0], most)):
            wrong = True
            message = f"{name} must be one whole number from 1 to {most}."
            yield Fault(name, f"bad_{name}", message)
    if not wrong and int(query.get("page", 1)) * int(query.get("size", PAGE_SIZE)) > FURTHEST:
        message = f"Pages by number reach {FURTHEST:,} records: go on with page.next_cursor."
        yield Fault("page", "bad_page", message)
    cursors = query.getlist("cursor")
    if len(cursors) > 1:
        yield _bad_cursor("Send one cursor.")
    elif cursors and "page" in query:
        yield _bad_cursor("Send page or cursor, not both.")


def _bad_cursor(message: str) -> Fault:
    return Fault("cursor", "bad_cursor", message)


def _is_number(text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= most
