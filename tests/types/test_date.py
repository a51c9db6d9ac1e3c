"""A day: what is accepted and becomes what, and what is refused."""

from datetime import UTC, datetime

import pytest

from attributes.types import clock
from attributes.types.date import DateType
from tests.types import tables

ACCEPTED = [
    ({}, day, day, day) for day in ["2024-02-29", "0001-01-01", "9999-12-31", "2024-11-11"]
] + [({"min": "2024-01-01", "max": "2024-01-01"}, "2024-01-01", "2024-01-01", "2024-01-01")]

REFUSED = [
    ({}, raw, "invalid")
    for raw in [
        "",
        "2023-02-29",
        "0000-01-01",
        "2024-13-01",
        "20240101",
        "2024-W01-1",
        "2024-1-1",
        "2024-11-11T00:00:00Z",
        "2024-11-11\n",
        " 2024-11-11",
        "+02024-11-11",
        "\u0662\u0660\u0662\u0664-\u0661\u0661-\u0661\u0661",
        "9" * 10_000,
    ]
] + [
    ({"min": "2024-01-02"}, "2024-01-01", "minimum"),
    ({"max": "2024-01-02"}, "2024-01-03", "maximum"),
]

WRONG_RULES = [
    (
        {"min": "2024", "max": 5, "only": "now"},
        [("rules.min", "invalid"), ("rules.max", "wrong_type"), ("rules.only", "unknown_option")],
    ),
    ({"min": "2024-01-02", "max": "2024-01-01"}, [("rules.max", "contradiction")]),
]


@pytest.mark.parametrize(("rules", "raw", "stored", "shown"), ACCEPTED, ids=tables.short)
def test_a_day_is_stored_canonically_and_shown(rules, raw, stored, shown):
    tables.check_accepted(DateType, rules, raw, stored, shown)


@pytest.mark.parametrize(("rules", "raw", "code"), REFUSED, ids=tables.short)
def test_anything_else_is_refused_with_its_own_code(rules, raw, code):
    tables.check_refused(DateType, rules, raw, code)


@pytest.mark.parametrize("raw", tables.NO_TEXT, ids=tables.short)
def test_what_is_no_text_is_refused(raw):
    tables.check_refused(DateType, {}, raw, "wrong_type")


@pytest.mark.parametrize("raw", tables.HOSTILE, ids=tables.short)
def test_hostile_text_is_a_value_or_refused(raw):
    tables.check_hostile(DateType, raw)


def test_the_example_is_a_value():
    type_ = DateType.configured({})
    assert type_.present(type_.clean(DateType.example)) == DateType.example


@pytest.mark.parametrize(("rules", "faults"), WRONG_RULES, ids=tables.short)
def test_rules_that_cannot_be_are_refused_all_at_once(rules, faults):
    tables.check_rules_refused(DateType, rules, faults)


@pytest.mark.parametrize(
    ("only", "raw", "code"),
    [
        ("past", "2024-05-04", None),
        ("past", "2024-05-05", None),  # today where the day begins first
        ("past", "2024-05-06", "past_only"),
        ("future", "2024-05-04", None),
        ("future", "2024-05-03", "future_only"),
    ],
)
def test_today_is_past_and_future_wherever_it_is_today(monkeypatch, only, raw, code):
    monkeypatch.setattr(clock, "now", lambda: datetime(2024, 5, 4, 12, tzinfo=UTC))
    if code is None:
        assert DateType.configured({"only": only}).clean(raw) == raw
    else:
        tables.check_refused(DateType, {"only": only}, raw, code, by_schema=False)
