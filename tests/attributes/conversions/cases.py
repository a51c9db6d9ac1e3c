"""Types that are configured, values of theirs, and text as people leave it behind."""

from decimal import Decimal

from hypothesis import strategies as st

from attributes import types
from attributes.conversions import Verdict, clean_arguments, converter
from incidents_project.refusals import ValueRefused
from tests.types.strategies import GOOD, JSON

KEPT, LOSSY, IMPOSSIBLE = Verdict.KEPT, Verdict.LOSSY, Verdict.IMPOSSIBLE

# Each type without rules where it can be, and with rules.
CONFIGURED = [types.build(name, rules) for name, cases in GOOD.items() for rules, _ in cases]
PLAIN = {type_.name: type_ for type_ in reversed(CONFIGURED)}


def converting(source, target, using=None, **rules):
    """The converter between two types by name; ``rules`` are the target's."""
    there = types.build(target, rules) if rules else PLAIN[target]
    return converter(PLAIN[source], there, clean_arguments(type(PLAIN[source]), type(there), using))


def became(source, target, value, using=None, **rules):
    """What becomes of one value, as (verdict, value)."""
    outcome = converting(source, target, using, **rules).convert(value)
    return outcome.verdict, outcome.value


def _stored(name, raw):
    try:
        return PLAIN[name].clean(raw)
    except ValueRefused:
        return PLAIN[name].clean(PLAIN[name].an_example())


def values(name):
    """What a slot of the type may hold."""
    return _RAW[name].map(lambda raw: _stored(name, raw))


_CODES = st.sampled_from(["red", "amber", "green"])
_RAW = {name: cases[0][1] for name, cases in GOOD.items()} | {
    "NUMBER": st.decimals(-(10**9), 10**9, places=4),
    "SELECT": _CODES,
    "MULTISELECT": st.lists(_CODES, min_size=1, max_size=2, unique=True),
}


TRAPS = [
    "", " ", "5", " 12 ", "007", "+5", "-0", "5.0", "0.50", "1e3", "1E400", ".5", "5.", "1,5",
    "1_000", "９", "−5", "NaN", "true", "TRUE", "yes", "2024-02-30", "2024-1-1", "2024-11-11",
    "1950-06-01", "2024-02-29", "2023-02-29", "2300-01-01", "1950-06-01T00:00:00Z", "20-4-11-011",
    "1950-06-01T00:00:00.000000Z", "2024-11-11T24:00:00Z", "2024-11-11T02:60:00.000000Z",
    "2024-11-11T02:57:27Z", "2024-11-11T02:57:27.500000Z", "2024-11-11T02:57:27+01:00",
    "2024-11-11T00:00:00.000000Z", "0000-01-01T00:00:00.000000Z", "24:00", "14:30:00",
    "14:30:00.000000", "PT90M", "red", "Red", "RED ", "red,amber", "52.5,13.4", "::1", "1.2.3.4",
    "01.2.3.4", "a@b.example", "a@B.example", "https://a.example", "HTTPS://A.example/x",
    "9223372036854775808", "9" * 41, "x" * 300, "two\nlines", "line\u2028end", '{"a": 1}',
    "E322AB0E-07B3-49BD-B904-7014512032E3", "e322ab0e-07b3-49bd-b904-7014512032e3", "5\n",
    "\u00a05",
]  # fmt: skip
NUMBERS = [Decimal("1.50"), Decimal("5.0"), Decimal("-0.0"), Decimal("1E+30"), 2**63, 10**45, 0, 1]
ODD = [*TRAPS, *NUMBERS, [], ["red"], ["red", "amber"], ["x"], {}, {"lat": 1}, True, None]
DIRTY = st.one_of(JSON, st.sampled_from(ODD))
# The text of a value of any type, with what people and programs put around it.
WRITTEN = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "", "", " ", "0", "+", "-"]),
    st.one_of(
        *(values(name).map(lambda value, name=name: PLAIN[name].present(value)) for name in PLAIN)
    ),
    st.sampled_from(["", "", "", " ", "0", ".0", "\n"]),
)


def anything(name):
    """Values of the type, and what should not lie in its slot but might."""
    texts = [WRITTEN] if name in {"STRING", "TEXT", "JSON"} else []
    return st.one_of(values(name), *texts, DIRTY)
