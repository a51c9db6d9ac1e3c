"""What a list is asked for, read from the query, and how it is answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rest_framework.request import Request

from attributes.filters.language import Reader
from attributes.schema import Schema
from attributes.types import clock
from incidents import selection, sorting
from incidents.pages import Found, Part, Query
from incidents.selection import Selection
from incidents.targets import targets_at
from incidents.totals import Wanted
from incidents_project.http.envelope import Envelope
from incidents_project.http.paging import Page, page_member, seal, unseal
from incidents_project.refusals import Fault, Invalid

# The parameters that are no filters.
PARAMETERS = frozenset({"page", "size", "cursor", "sort", "total", "fields"})
_TOTALS = {"exact": Wanted.EXACT, "none": Wanted.NONE}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for a page. ``now`` is when its walk began: relative times stand still."""

    page: Page
    part: Part
    now: datetime
    kind: str
    sent: Mapping[str, Sequence[str]]

    @property
    def total(self) -> Wanted:
        """What ``total`` says; what is wrong with it is for ``query`` to say."""
        return _TOTALS.get(_only(self.sent, "total") or "", Wanted.USUAL)

    def query(self, schema: Schema) -> Query:
        """The question under this schema; ``Invalid`` with every fault of it."""
        targets = targets_at(schema)
        faults: list[Fault] = []
        if len(self.sent.get("total", ())) > 1:
            faults.append(Fault("total", "bad_total", "Send it once."))
        total = _only(self.sent, "total")
        if total is not None and total not in _TOTALS:
            faults.append(Fault("total", "bad_total", "Must be exact or none."))
        keys = sorting.parse(self.sent.get("sort", ()), targets, faults)
        chosen = selection.parse(self.sent.get("fields", ()), targets, faults)
        reader = Reader(targets, self.now, faults=faults)
        filters = {name: texts for name, texts in self.sent.items() if name not in PARAMETERS}
        condition = reader.parameters(filters, others=PARAMETERS)
        if faults:
            raise Invalid.because(faults)
        return Query(condition, keys, chosen, tuple(reader.used))

    def answer(self, found: Found) -> Envelope:
        """The page, and where the next one begins."""
        total = found.total
        number = None if total is None else total.number
        is_estimate = total is not None and total.is_estimate
        cursor = None
        if found.position is not None:
            cursor = seal(self.kind, [self.now.isoformat(), *found.position])
        return Envelope(
            {"incidents": found.rows, "total": number, "total_is_estimate": is_estimate},
            page=page_member(
                number=None if self.page.cursor else self.page.number,
                size=self.page.size,
                total_records=number,
                total_is_estimate=is_estimate,
                count=len(found.rows),
                sort=[str(key) for key in found.keys],
                next_cursor=cursor,
            ),
        )


def read(request: Request, tenant_id: str) -> Asked:
    """What this request asks for; raises ``Invalid`` for a bad page or cursor."""
    page = Page.of(request)
    sent = dict(request.query_params.lists())
    kind = _kind(tenant_id, sent)
    if page.cursor is None:
        return Asked(page, Part(page.size, page.offset), clock.now(), kind, sent)
    began, *position = unseal(kind, page.cursor)
    part = Part(page.size, position=position)
    return Asked(page, part, datetime.fromisoformat(began), kind, sent)


def fields(texts: Sequence[str], schema: Schema) -> Selection:
    """What ``fields`` asks for; ``Invalid`` lists what there is not."""
    faults: list[Fault] = []
    chosen = selection.parse(texts, targets_at(schema), faults)
    if faults:
        raise Invalid.because(faults)
    return chosen


def _kind(tenant_id: str, sent: Mapping[str, Sequence[str]]) -> str:
    """What must stay the same from page to page: the tenant, the order and the filters."""
    binding = [name for name in sorted(sent) if name == "sort" or name not in PARAMETERS]
    bound = ["incidents", tenant_id, *((name, *sent[name]) for name in binding)]
    return repr(bound)


def _only(sent: Mapping[str, Sequence[str]], name: str) -> str | None:
    values = sent.get(name)
    return values[0] if values else None
