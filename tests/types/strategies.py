"""Values for each type, and JSON of every kind."""

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import strategies as st

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NUMBERS = st.one_of(
    st.integers(-(10**39), 10**39),
    st.decimals(allow_nan=False, allow_infinity=False, places=5, min_value=-999, max_value=999),
)
# What the strict parser can hand over; NUL and surrogates too, since commands pass it by.
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    NUMBERS,
    st.text(max_size=20),
    st.sampled_from(
        [
            "",
            "5",
            "-0",
            "1e5",
            "true",
            "2024-02-29",
            "24:00",
            "P1D",
            "PT",
            "::1",
            "1.2.3.4/8",
            "a@b",
        ]
    ),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(TEXT, st.sampled_from(["lat", "lon", "subject"])), inner, max_size=4
        ),
    ),
    max_leaves=8,
)

_MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


def _places(most: int, low: int, high: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(low, high, places=most, allow_nan=False, allow_infinity=False).map(
        lambda value: Decimal(format(value, "f"))
    )


LINE = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=40)
OPTIONS = [
    {"code": "red", "label": "Red", "colour": "#ff0000"},
    {"code": "amber", "order": 1},
    {"code": "green", "order": 2},
    {"code": "blue", "retired": True, "replaced_by": "green"},
]

# NUL, depth and size are bounds that no JSON Schema speaks of.
_PLAIN = st.recursive(
    st.one_of(st.booleans(), st.integers(-(10**20), 10**20), LINE),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(LINE, inner, max_size=4)),
    max_leaves=8,
)

# Type name -> (rules, values that the type should mostly accept)
GOOD = {
    "BOOLEAN": [({}, st.booleans())],
    "STRING": [
        ({}, LINE),
        ({"min_length": 2, "max_length": 5, "pattern": "^[a-c]+$"}, st.text("abcd")),
    ],
    "TEXT": [
        ({}, TEXT.filter(lambda text: "\x00" not in text)),
        ({"max_length": 3}, st.text("ab\n")),
    ],
    "INTEGER": [
        ({}, st.integers(-(2**64), 2**64)),
        ({"min": -5, "max": 10}, st.integers(-20, 20)),
    ],
    "NUMBER": [
        ({}, _places(7, -1000, 1000)),
        ({"min": Decimal("-0.5"), "max": 10, "decimal_places": 2}, _places(3, -2, 12)),
    ],
    "DATE": [({}, st.dates().map(str)), ({"min": "2000-01-01"}, st.dates().map(str))],
    "TIME": [({}, st.times().map(str)), ({"max": "12:00"}, st.times().map(str))],
    "DATETIME": [({}, _MOMENTS.map(datetime.isoformat))],
    "DURATION": [
        ({}, st.integers(0, 10**6).map(lambda seconds: f"PT{seconds}S")),
        ({"max": "PT1H"}, st.integers(0, 7200).map(lambda seconds: f"PT{seconds}S")),
    ],
    "SELECT": [({"options": OPTIONS}, st.sampled_from(["red", "amber", "blue", "Red", ""]))],
    "MULTISELECT": [
        (
            {"options": OPTIONS, "min_chosen": 1, "max_chosen": 2},
            st.lists(st.sampled_from(["red", "amber", "green", "blue", "x"]), max_size=4),
        )
    ],
    "URL": [({}, st.sampled_from(["https://a.example/x?y=1", "http://B.example", "ftp://a", "x"]))],
    "EMAIL": [({}, st.sampled_from(["a@b.example", "A.B+c@Example.ORG", "a@", "@b", "a b@c.d"]))],
    "IP": [({}, st.ip_addresses().map(str)), ({"version": 4}, st.ip_addresses().map(str))],
    "UUID": [({}, st.uuids().map(str))],
    "GEO_POINT": [
        (
            {},
            st.fixed_dictionaries({"lat": _places(7, -91, 91), "lon": _places(6, -181, 181)}),
        ),
        (
            {"within": {"south": 0, "north": 10, "west": -10, "east": 10}},
            st.fixed_dictionaries({"lat": _places(2, -2, 12), "lon": _places(2, -12, 12)}),
        ),
    ],
    "USER": [
        ({}, st.fixed_dictionaries({"subject": LINE}, optional={"name": LINE})),
    ],
    "INCIDENT": [({}, st.uuids().map(str))],
    "JSON": [
        ({}, _PLAIN),
        (
            {"schema": {"type": "object", "properties": {"a": {"type": "integer"}}}},
            st.dictionaries(st.sampled_from("ab"), st.one_of(st.integers(-(10**20), 10**20), LINE)),
        ),
    ],
}
