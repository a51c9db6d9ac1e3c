"""What a filter compares with: canonical, and not held to rules that are of today."""

import math
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attributes import types
from attributes.types.geo_point import EARTH_RADIUS, LONGEST_RADIUS, Circle
from incidents.fields import UnixTimeType
from incidents.targets import CodeType
from incidents_project.refusals import ValueRefused
from tests.types.strategies import GOOD, OPTIONS
from tests.types.tables import short

NOW = datetime(2024, 11, 11, 2, 57, 27, 250_000, tzinfo=UTC)
LONG_URL = f"https://a.example/{'x' * 5_000}"
UPPER = "E322AB0E-07B3-49BD-B904-7014512032E3"

TAKEN = [
    ("BOOLEAN", {}, "true", True),
    ("STRING", {"min_length": 2, "max_length": 3, "pattern": "^a"}, "", ""),
    ("STRING", {"max_length": 3}, "z" * 100_000, "z" * 100_000),
    ("STRING", {"format": "email"}, "-7d", "-7d"),
    ("TEXT", {"max_length": 3}, "long\nenough", "long\nenough"),
    ("INTEGER", {"min": 0, "max": 9}, "-10", -10),
    ("INTEGER", {}, Decimal("5.0"), 5),
    ("NUMBER", {"min": 0, "decimal_places": 0}, "-0.50", Decimal("-0.5")),
    ("NUMBER", {"decimal_places": 20}, "1" * 40, Decimal("1" * 40)),
    ("NUMBER", {}, Decimal("1E+2"), 100),
    ("DATE", {"min": "2024-01-01", "only": "future"}, "1999-12-31", "1999-12-31"),
    ("DATE", {}, "now", "2024-11-11"),
    ("DATE", {}, "-3h", "2024-11-10"),
    ("DATE", {"max": "2024-01-01"}, "+1w", "2024-11-18"),
    ("DATE", {}, "-738834d", "0002-01-02"),
    ("TIME", {"max": "12:00"}, "23:00", "23:00:00.000000"),
    ("DATETIME", {}, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
    ("DATETIME", {}, "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000000Z"),
    ("DATETIME", {"only": "past"}, "now+1s", "2024-11-11T02:57:28.250000Z"),
    ("DATETIME", {}, "now", "2024-11-11T02:57:27.250000Z"),
    ("DATETIME", {}, "-7d", "2024-11-04T02:57:27.250000Z"),
    ("DATETIME", {}, "+90m", "2024-11-11T04:27:27.250000Z"),
    ("DATETIME", {}, "now-000000002w", "2024-10-28T02:57:27.250000Z"),
    ("DURATION", {"max": "PT1H"}, "P1D", 86_400_000_000),
    ("SELECT", {"options": OPTIONS}, "blue", "green"),
    ("MULTISELECT", {"options": OPTIONS, "min_chosen": 1, "max_chosen": 1}, [], []),
    ("MULTISELECT", {"options": OPTIONS}, ["red", "blue", "red"], ["green", "red"]),
    ("URL", {"schemes": ["https"], "hosts": ["a.example"]}, "FTP://B.example/X", "ftp://b.example/X"),
    ("URL", {"max_length": 20}, LONG_URL, LONG_URL),
    ("EMAIL", {}, "A@B.example", "A@b.example"),
    ("IP", {"version": 4, "networks": ["10.0.0.0/8"]}, "2001:DB8::0", "2001:db8::"),
    ("UUID", {}, UPPER, UPPER.lower()),
    ("INCIDENT", {}, UPPER, UPPER.lower()),
    ("USER", {}, "ada", "ada"),
    ("USER", {}, {"subject": "ada", "name": "Ada"}, "ada"),
    ("JSON", {"schema": {"type": "object"}}, [Decimal("1.50"), None], [Decimal("1.5"), None]),
]  # fmt: skip
REFUSED = [
    ("BOOLEAN", {}, "1", "wrong_type"),
    ("STRING", {}, 5, "wrong_type"),
    ("STRING", {}, "a\nb", "line_break"),
    ("STRING", {}, "a\x00b", "invalid_text"),
    ("STRING", {}, "a" * 100_001, "too_long"),
    ("INTEGER", {}, "now", "wrong_type"),
    ("NUMBER", {}, "1" * 41, "too_many_digits"),
    ("DATE", {}, "", "invalid"),
    ("DATE", {}, "-d", "invalid"),
    ("DATE", {}, "7d", "invalid"),
    ("DATE", {}, "-7", "invalid"),
    ("DATE", {}, "-7D", "invalid"),
    ("DATE", {}, " -7d", "invalid"),
    ("DATE", {}, "-7d\n", "invalid"),
    ("DATE", {}, "-٧d", "invalid"),
    ("DATE", {}, "NOW", "invalid"),
    ("DATE", {}, "-1234567890s", "invalid"),
    ("DATE", {}, "-999999999d", "out_of_range"),
    ("DATE", {}, "+999999999w", "out_of_range"),
    ("DATETIME", {}, "+8000000d", "out_of_range"),
    ("DATETIME", {}, "-800000d", "out_of_range"),
    ("DATETIME", {}, "2024-11-11T02:57:27", "no_offset"),
    ("DATETIME", {}, 0, "wrong_type"),
    ("TIME", {}, "now", "invalid"),
    ("DURATION", {}, "-7d", "invalid"),
    ("SELECT", {"options": OPTIONS}, "Red", "unknown_option"),
    ("SELECT", {"options": OPTIONS}, ["red"], "wrong_type"),
    ("MULTISELECT", {"options": OPTIONS}, "red", "wrong_type"),
    ("MULTISELECT", {"options": OPTIONS}, ["pink"], "unknown_option"),
    ("MULTISELECT", {"options": OPTIONS}, [5], "wrong_type"),
    ("URL", {}, "a.example", "invalid"),
    ("URL", {}, "://a.example", "invalid"),
    ("URL", {}, 5, "wrong_type"),
    ("IP", {}, "10.0.0.0/8", "invalid"),
    ("USER", {}, "", "too_short"),
    ("JSON", {}, None, "wrong_type"),
]


@pytest.mark.parametrize(("name", "rules", "raw", "operand"), TAKEN, ids=short)
def test_what_is_compared_is_canonical_and_whatever_was_ever_allowed(name, rules, raw, operand):
    taken = types.build(name, rules).operand(raw, NOW)
    assert (taken, type(taken)) == (operand, type(operand))


@pytest.mark.parametrize(("name", "rules", "raw", "code"), REFUSED, ids=short)
def test_what_no_value_ever_was_is_refused(name, rules, raw, code):
    with pytest.raises(ValueRefused) as refusal:
        types.build(name, rules).operand(raw, NOW)
    assert refusal.value.code == code


@pytest.mark.parametrize("name", sorted(GOOD))
def test_no_rule_changes_what_is_compared(name):
    """Rules come and go; a value that was stored under other ones is still asked for."""
    for rules, _ in GOOD[name]:
        ruled = types.build(name, rules)
        free = types.build(name, {"options": OPTIONS} if "options" in rules else {})
        assert ruled.operand(free.an_example(), NOW) == free.operand(free.an_example(), NOW)


@pytest.mark.parametrize(
    ("raw", "operand"),
    [
        (5, 5),
        ("5", 5),
        ("2024-11-11T02:57:27Z", 1_731_293_847),
        ("now", 1_731_293_847),
        ("-1m", 1_731_293_787),
    ],
)
def test_unix_seconds_may_be_relative(raw, operand):
    assert UnixTimeType().operand(raw, NOW) == operand


@pytest.mark.parametrize(
    ("raw", "code"), [("²", "wrong_type"), ("soon", "invalid"), (-1, "minimum")]
)
def test_what_are_no_unix_seconds(raw, code):
    with pytest.raises(ValueRefused) as refusal:
        UnixTimeType().operand(raw, NOW)
    assert refusal.value.code == code


@pytest.mark.parametrize(("raw", "code"), [("GONE", "unknown_code"), (5, "wrong_type")])
def test_a_code_is_one_that_there_is(raw, code):
    codes = CodeType(codes=("NEW", "OPEN"))
    assert codes.operand("NEW", NOW) == "NEW"
    with pytest.raises(ValueRefused) as refusal:
        codes.operand(raw, NOW)
    assert refusal.value.code == code


@given(
    lat=st.floats(-90, 90),
    lon=st.floats(-180, 180),
    radius=st.floats(0.001, LONGEST_RADIUS),
    bearing=st.floats(0, 2 * math.pi),
    share=st.floats(0, 1),
)
def test_the_box_around_a_circle_holds_all_of_it(lat, lon, radius, bearing, share):
    """What is outside the box is not looked at: so nothing of the circle may be."""
    circle = Circle(*(Decimal(f"{number:.7f}") for number in (lat, lon, radius)))
    angle = share * radius / EARTH_RADIUS
    at = math.radians(circle.lat)
    sine = math.sin(at) * math.cos(angle) + math.cos(at) * math.sin(angle) * math.cos(bearing)
    north = math.asin(max(-1, min(1, sine)))
    east = math.radians(circle.lon) + math.atan2(
        math.sin(bearing) * math.sin(angle) * math.cos(at), math.cos(angle) - math.sin(at) * sine
    )
    there = (math.degrees(east) + 180) % 360 - 180
    assert circle.box().holds(Decimal(f"{math.degrees(north):.7f}"), Decimal(f"{there:.7f}"))
