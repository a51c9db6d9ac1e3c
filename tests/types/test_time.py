"""A time of day: what is accepted and becomes what, and what is refused."""

import pytest

from attributes.types.pattern import compiled
from attributes.types.time import TimeType, clean_time
from tests.types import tables

ACCEPTED = [
    ({}, "14:30", "14:30:00.000000", "14:30:00"),
    ({}, "00:00", "00:00:00.000000", "00:00:00"),
    ({}, "14:30:20", "14:30:20.000000", "14:30:20"),
    ({}, "23:59:59.999999", "23:59:59.999999", "23:59:59.999999"),
    ({}, "10:00:00.120000000", "10:00:00.120000", "10:00:00.12"),
    ({"min": "09:00", "max": "17:30"}, "09:00:00", "09:00:00.000000", "09:00:00"),
    ({"min": "09:00", "max": "17:30"}, "17:30:00.0", "17:30:00.000000", "17:30:00"),
]

REFUSED = [
    ({}, raw, "invalid")
    for raw in [
        "",
        "24:00",
        "9:00",
        "09",
        "0900",
        "09:60",
        "09:00:60",
        "T09:00",
        "09:00:00Z",
        "09:00:00+01:00",
        "09:00:00,5",
        "09:00.5",
        "09:00:00.",
        "09:00\n",
        "09:00 ",
        "\u0660\u0669:\u0660\u0660",
        "1" * 10_000,
    ]
] + [
    ({}, "09:00:00.1234567", "too_precise"),
    ({"min": "09:00"}, "08:59:59.999999", "minimum"),
    ({"max": "17:30"}, "17:30:00.000001", "maximum"),
]

WRONG_RULES = [
    (
        {"min": "9", "max": 5, "only": "past"},
        [("rules.min", "invalid"), ("rules.max", "wrong_type"), ("rules.only", "unknown_rule")],
    ),
    ({"min": "10:00:01", "max": "10:00"}, [("rules.max", "contradiction")]),
]


@pytest.mark.parametrize(("rules", "raw", "stored", "shown"), ACCEPTED, ids=tables.short)
def test_a_time_of_day_is_stored_canonically_and_shown(rules, raw, stored, shown):
    tables.check_accepted(TimeType, rules, raw, stored, shown)


@pytest.mark.parametrize(("rules", "raw", "code"), REFUSED, ids=tables.short)
def test_anything_else_is_refused_with_its_own_code(rules, raw, code):
    tables.check_refused(TimeType, rules, raw, code)


@pytest.mark.parametrize("raw", tables.NO_TEXT, ids=tables.short)
def test_what_is_no_text_is_refused(raw):
    tables.check_refused(TimeType, {}, raw, "wrong_type")


@pytest.mark.parametrize("raw", tables.HOSTILE, ids=tables.short)
def test_hostile_text_is_a_value_or_refused(raw):
    tables.check_hostile(TimeType, raw)


def test_the_example_is_a_value():
    type_ = TimeType.configured({})
    assert type_.present(type_.clean(TimeType.example)) == TimeType.example


@pytest.mark.parametrize(("rules", "faults"), WRONG_RULES, ids=tables.short)
def test_rules_that_cannot_be_are_refused_all_at_once(rules, faults):
    tables.check_rules_refused(TimeType, rules, faults)


TIMES = [
    f"{start}{rest}"
    for start in ("00:00", "09:29", "09:30", "09:31", "10:00", "19:59", "23:59")
    for rest in (
        "",
        ":00",
        ":00.0",
        ":00.000001",
        ":29.5",
        ":30",
        ":30.49",
        ":30.5",
        ":30.50000",
        ":30.500001",
        ":30.51",
        ":59.999999",
    )
]


@pytest.mark.parametrize("bound", TIMES)
def test_the_patterns_of_bounds_say_what_the_bounds_do(bound):
    for rules in ({"min": bound}, {"max": bound}):
        type_ = TimeType.configured(rules)
        patterns = [compiled(each["pattern"]) for each in type_.json_schema()["allOf"]]
        for raw in TIMES:
            least, most = clean_time(bound) if "min" in rules else "", clean_time(bound)
            allowed = clean_time(raw) >= least if "min" in rules else clean_time(raw) <= most
            assert all(pattern.search(raw) for pattern in patterns) == allowed, (rules, raw)
