"""A duration: what is accepted and becomes what, and what is refused."""

import pytest

from attributes.types.duration import DurationType
from incidents_project.refusals import ValueRefused
from tests.types import tables

SECOND = 1_000_000
DAY = 86_400 * SECOND

ACCEPTED = [
    ({}, "PT1H30M", 5_400 * SECOND, "PT1H30M"),
    ({}, "PT90M", 5_400 * SECOND, "PT1H30M"),
    ({}, "P2W", 14 * DAY, "P14D"),
    ({}, "P1DT12H", 36 * 3_600 * SECOND, "P1DT12H"),
    ({}, "PT36H", 36 * 3_600 * SECOND, "P1DT12H"),
    ({}, "PT1H30S", 3_630 * SECOND, "PT1H30S"),
    ({}, "PT0S", 0, "PT0S"),
    ({}, "P0D", 0, "PT0S"),
    ({}, "PT0.5S", SECOND // 2, "PT0.5S"),
    ({}, "PT1.0000010S", SECOND + 1, "PT1.000001S"),
    ({}, "PT0.000001S", 1, "PT0.000001S"),
    ({}, "P1D", DAY, "P1D"),
    ({}, "P0001DT00H", DAY, "P1D"),
    ({}, "P3652500D", 3_652_500 * DAY, "P3652500D"),
    ({"min": "PT60S", "max": "PT1M"}, "PT1M", 60 * SECOND, "PT1M"),
]

REFUSED = [
    ({}, raw, "invalid")
    for raw in [
        "",
        "P",
        "PT",
        "P1",
        "P1DT",
        "1H",
        "pt1h",
        "PT1h",
        "P1Y",
        "P1M",
        "P1Y2M3DT4H",
        "P1W2D",
        "-PT1H",
        "PT-1H",
        "+PT1H",
        "PT1H ",
        "PT1H\n",
        "PT1,5S",
        "PT0.5H",
        "PT.5S",
        "PT1.S",
        "PT1S1M",
        "PT1H1H",
        "01:30",
        "PT\u0665S",
        "PT" + "9" * 10_000 + "S",
    ]
] + [
    ({}, "PT0.0000001S", "too_precise"),
    ({}, "PT1." + "1" * 10_000 + "S", "too_precise"),
    ({}, "P3652500DT0.000001S", "out_of_range"),
    ({}, "P" + "9" * 18 + "W", "out_of_range"),
    ({"min": "PT1M"}, "PT59.999999S", "minimum"),
    ({"max": "P1D"}, "PT24H0.000001S", "maximum"),
]

WRONG_RULES = [
    ({"min": "P1M", "max": 5}, [("rules.min", "invalid"), ("rules.max", "wrong_type")]),
    ({"min": "P1D", "max": "PT23H"}, [("rules.max", "contradiction")]),
]


@pytest.mark.parametrize(("rules", "raw", "stored", "shown"), ACCEPTED, ids=tables.short)
def test_a_duration_is_stored_canonically_and_shown(rules, raw, stored, shown):
    tables.check_accepted(DurationType, rules, raw, stored, shown)


@pytest.mark.parametrize(("rules", "raw", "code"), REFUSED, ids=tables.short)
def test_anything_else_is_refused_with_its_own_code(rules, raw, code):
    tables.check_refused(DurationType, rules, raw, code)


@pytest.mark.parametrize("raw", tables.NO_TEXT, ids=tables.short)
def test_what_is_no_text_is_refused(raw):
    tables.check_refused(DurationType, {}, raw, "wrong_type")


@pytest.mark.parametrize("raw", tables.HOSTILE, ids=tables.short)
def test_hostile_text_is_a_value_or_refused(raw):
    tables.check_hostile(DurationType, raw)


def test_the_example_is_a_value():
    type_ = DurationType.configured({})
    assert type_.present(type_.clean(DurationType.example)) == DurationType.example


@pytest.mark.parametrize(("rules", "faults"), WRONG_RULES, ids=tables.short)
def test_rules_that_cannot_be_are_refused_all_at_once(rules, faults):
    tables.check_rules_refused(DurationType, rules, faults)


def test_rules_are_kept_in_canonical_form():
    assert DurationType.configured({"min": "PT60M"}).rules() == {"min": "PT1H"}


@pytest.mark.parametrize(
    ("raw", "word"), [("P1Y", "months"), ("P2M", "months"), ("-PT1H", "negative")]
)
def test_the_refusal_says_why(raw, word):
    with pytest.raises(ValueRefused, match=word):
        DurationType().clean(raw)
