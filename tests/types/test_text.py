"""A text: what is accepted and becomes what, and what is refused."""

import pytest

from attributes.types.text import TextType
from tests.types import tables

ACCEPTED = [
    ({}, text, text, text)
    for text in [
        "",
        "a\nb",
        "a\r\nb\u2028c\x85",
        " ünïcode 🙂 ",
        "\u202eabc",
        "\u0665",
        "x" * 10_000,
    ]
] + [
    ({"max_length": 100_000}, "x" * 100_000, "x" * 100_000, "x" * 100_000),
    ({"min_length": 2, "max_length": 2}, "🙂\n", "🙂\n", "🙂\n"),
]

REFUSED = [
    ({}, "x" * 10_001, "too_long"),
    ({"max_length": 3}, "a\nbc", "too_long"),
    ({"min_length": 3}, "ab", "too_short"),
    ({}, "a\x00b", "invalid_text"),
]

WRONG_RULES = [
    (
        {"max_length": 0, "min_length": -1},
        [("rules.max_length", "out_of_range"), ("rules.min_length", "out_of_range")],
    ),
    ({"max_length": 100_001}, [("rules.max_length", "out_of_range")]),
    ({"max_length": "many"}, [("rules.max_length", "wrong_type")]),
    ({"min_length": 5, "max_length": 4}, [("rules.max_length", "contradiction")]),
    ({"pattern": "a"}, [("rules.pattern", "unknown_rule")]),
]


@pytest.mark.parametrize(("rules", "raw", "stored", "shown"), ACCEPTED, ids=tables.short)
def test_a_text_is_stored_canonically_and_shown(rules, raw, stored, shown):
    tables.check_accepted(TextType, rules, raw, stored, shown)


@pytest.mark.parametrize(("rules", "raw", "code"), REFUSED, ids=tables.short)
def test_anything_else_is_refused_with_its_own_code(rules, raw, code):
    tables.check_refused(TextType, rules, raw, code)


@pytest.mark.parametrize("raw", tables.NO_TEXT, ids=tables.short)
def test_what_is_no_text_is_refused(raw):
    tables.check_refused(TextType, {}, raw, "wrong_type")


@pytest.mark.parametrize("raw", tables.HOSTILE, ids=tables.short)
def test_hostile_text_is_a_value_or_refused(raw):
    tables.check_hostile(TextType, raw)


def test_the_example_is_a_value():
    type_ = TextType.configured({})
    assert type_.present(type_.clean(TextType.example)) == TextType.example


@pytest.mark.parametrize(("rules", "faults"), WRONG_RULES, ids=tables.short)
def test_rules_that_cannot_be_are_refused_all_at_once(rules, faults):
    tables.check_rules_refused(TextType, rules, faults)


def test_half_a_character_is_no_text():
    tables.check_refused(TextType, {}, "\ud800", "invalid_text", by_schema=False)
