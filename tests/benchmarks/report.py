"""What was measured, as tables, and beside what it was to reach."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.benchmarks import operations
from tests.benchmarks.measuring import Measured
from tests.benchmarks.operations import (
    CREATE,
    DEEP_PAGES,
    DEEP_SORTS,
    EXACT,
    FIRST_PAGES,
    LIST,
    OURS,
    RANGE,
    RANGE_IN_ORDER,
    RARE,
    RAW,
    READ,
    SELECT,
    SORT,
    THIN,
    TOTAL,
    UNINDEXED,
    UPDATE,
)
from tests.benchmarks.statements import Times

BESIDE_THIN = {
    LIST: 1.0,
    TOTAL: 3.0,
    SELECT: 1.0,
    RANGE: 1.0,
    SORT: 1.0,
    RARE: 0.8,
    READ: 0.8,
    CREATE: 0.7,
    UPDATE: 0.7,
}
# What an index serves at any size.
SCALING = (LIST, SELECT, RANGE, RANGE_IN_ORDER, SORT, RARE, READ, CREATE, UPDATE)
IN_DATABASE = (SELECT, RANGE, SORT)
_EXACT_MILLISECONDS = 100.0

Sides = dict[str, Measured]


@dataclass
class Results:
    """Of one number of connections."""

    measured: dict[str, Sides] = field(default_factory=dict)  # by operation
    smaller: dict[int, dict[str, Measured]] = field(default_factory=dict)  # ours, by size
    pages: int = 0  # the number of the deep page


@dataclass(frozen=True)
class Goal:
    """One figure to reach."""

    what: str
    reached: float
    bound: float
    at_least: bool

    @property
    def met(self) -> bool:
        """Whether it was."""
        return self.reached >= self.bound if self.at_least else self.reached <= self.bound

    @property
    def to_reach(self) -> str:
        """The bound in words."""
        return f"{'>=' if self.at_least else '<='} {self.bound:g}"


def goals(results: Results) -> Iterator[Goal]:
    """Those of one number of connections."""
    found = results.measured
    for name, bound in BESIDE_THIN.items():
        if {OURS, THIN} <= found.get(name, {}).keys():
            ratio = found[name][OURS].faster_than(found[name][THIN])
            yield Goal(f"{name}: requests by the thin service's", ratio, bound, at_least=True)
    if EXACT in found:
        milliseconds = found[EXACT][OURS].median
        what = f"{EXACT} without filters, milliseconds"
        yield Goal(what, milliseconds, _EXACT_MILLISECONDS, at_least=False)
    if UNINDEXED in found:
        ratio = found[UNINDEXED][OURS].time_by(found[UNINDEXED][RAW])
        yield Goal(f"{UNINDEXED}: time by the raw scan's", ratio, 1.2, at_least=False)
    for sort, order in DEEP_SORTS.items():
        if DEEP_PAGES[sort] in found and FIRST_PAGES[sort] in found:
            deep, first = found[DEEP_PAGES[sort]][OURS], found[FIRST_PAGES[sort]][OURS]
            what = f"page {results.pages:,} by page 1, {order}: time"
            yield Goal(what, deep.time_by(first), 1.2, at_least=False)
    for size, of_size in results.smaller.items():
        for name in SCALING:
            if name in of_size:
                ratio = found[name][OURS].time_by(of_size[name])
                yield Goal(f"{name}: time by {size:,} incidents'", ratio, 1.3, at_least=False)


def goals_table(of: dict[int, Results], in_database: dict[str, tuple[Times, Times]]) -> str:
    """Every goal, by the number of connections."""
    rows: dict[str, dict[int, Goal]] = {}
    for connections, results in of.items():
        for goal in goals(results):
            rows.setdefault(goal.what, {})[connections] = goal
    head = f"{'goal':<46}  {'to reach':>8}"
    head += "".join(f"  {f'{number} at once':>14}" for number in of)
    lines = [head, "-" * len(head)]
    for what, by in rows.items():
        line = f"{what:<46}  {next(iter(by.values())).to_reach:>8}"
        lines.append(line + "".join(f"  {_verdict(by.get(number)):>14}" for number in of))
    for name in IN_DATABASE:
        if name in in_database:
            ours, raw = (times.medians[0] for times in in_database[name])
            goal = Goal(f"{name}: database time by the raw SQL's", ours / raw, 1.2, at_least=False)
            lines.append(f"{goal.what:<46}  {goal.to_reach:>8}  {_verdict(goal):>14}")
    return "\n".join(lines)


def _verdict(goal: Goal | None) -> str:
    if goal is None:
        return ""
    return f"{goal.reached:.2f} {'met' if goal.met else 'missed'}"


_WIDTHS = {"/s": 10, "median": 9, "p95": 9, "CPU": 6, "PG": 8}
_SHOWN = {
    OURS: ("/s", "median", "p95", "CPU", "PG"),
    THIN: ("/s", "median", "CPU", "PG"),
    RAW: ("/s", "median", "PG"),
}


def figures_table(measured: dict[str, Sides]) -> str:
    """Requests per second, latency and CPU of every operation and side."""
    sides = [side for side in operations.SIDES if any(side in of for of in measured.values())]
    heads = [_line({name: name for name in _SHOWN[side]} | {"/s": f"{side}/s"}) for side in sides]
    head = " |".join([f"{'operation':<20}", *heads])
    lines = [head, "-" * len(head)]
    for name, of in measured.items():
        parts = [f"{name:<20}"]
        for side in sides:
            cells = _cells(of[side]) if side in of else {}
            parts.append(_line({name: cells.get(name, "") for name in _SHOWN[side]}))
        lines.append(" |".join(parts).rstrip())
    return "\n".join(lines)


def _line(cells: dict[str, str]) -> str:
    return "".join(f"{cell:>{_WIDTHS[name]}}" for name, cell in cells.items())


def as_ours(measured: dict[str, Measured]) -> dict[str, Sides]:
    """One side's figures for ``figures_table``."""
    return {name: {OURS: of_name} for name, of_name in measured.items()}


def _cells(measured: Measured) -> dict[str, str]:
    rate = measured.per_second
    return {
        "/s": f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}",
        "median": f"{measured.median:.2f}",
        "p95": f"{measured.p95:.2f}",
        "CPU": f"{measured.each(measured.service_cpu):.2f}",
        "PG": f"{measured.each(measured.database_cpu):.2f}",
    }


def database_table(in_database: dict[str, tuple[Times, Times]]) -> str:
    """The statements of a page alone, and with their transaction."""
    head = f"{'in the database':<22} {'ours':>9} {'raw':>9} {'ratio':>6}"
    head += f"   {'ours, all':>9} {'raw, all':>9} {'ratio':>6}"
    lines = [head, "-" * len(head)]
    for name, (ours, raw) in in_database.items():
        (mine, my_all), (its, its_all) = ours.medians, raw.medians
        line = f"{name:<22} {mine:>9.3f} {its:>9.3f} {mine / its:>6.2f}"
        lines.append(f"{line}   {my_all:>9.3f} {its_all:>9.3f} {my_all / its_all:>6.2f}")
    return "\n".join(lines)
