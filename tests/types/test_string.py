"""A line: what is accepted and becomes what, and what is refused."""

import pytest

from attributes.types.string import StringType
from tests.types import tables

ACCEPTED = [
    ({}, "", "", ""),
    ({}, " a\tb ", " a\tb ", " a\tb "),
    ({}, "\u202eünï\u200b🙂", "\u202eünï\u200b🙂", "\u202eünï\u200b🙂"),
    ({"min_length": 2, "max_length": 3}, "🙂🙂", "🙂🙂", "🙂🙂"),
    ({"pattern": "INC-[0-9]+"}, "see INC-7.", "see INC-7.", "see INC-7."),
    ({"pattern": r"^\S+\s\S+$"}, "a\u00a0b", "a\u00a0b", "a\u00a0b"),
    ({"pattern": r"^\p{Lu}"}, "Éa", "Éa", "Éa"),
    ({"pattern": "^(a+)+$"}, "aaa", "aaa", "aaa"),
    ({"format": "email"}, "A.B+c@Ex.COM", "A.B+c@Ex.COM", "A.B+c@Ex.COM"),
    ({"format": "phone"}, "+65 6123-4567", "+65 6123-4567", "+65 6123-4567"),
    ({"format": "phone"}, "(0) 30 12", "(0) 30 12", "(0) 30 12"),
    ({"format": "phone"}, "112", "112", "112"),
    ({"format": "ip"}, "2001:DB8::1", "2001:DB8::1", "2001:DB8::1"),
    ({"format": "hostname"}, "DB1.example", "DB1.example", "DB1.example"),
    ({"format": "hostname", "pattern": r"\.example$"}, "a.example", "a.example", "a.example"),
    (
        {"format": "hostname"},
        ".".join(["a" * 63] * 3 + ["b" * 61]),
        ".".join(["a" * 63] * 3 + ["b" * 61]),
        ".".join(["a" * 63] * 3 + ["b" * 61]),
    ),
]

REFUSED = [
    ({}, "a" * 256, "too_long"),
    ({"min_length": 2}, "a", "too_short"),
    ({}, "a\x00b", "invalid_text"),
    *(({}, f"a{mark}b", "line_break") for mark in "\n\r\v\f\x85\u2028\u2029"),
    ({}, "a\n", "line_break"),
    ({"pattern": "^INC"}, "see INC", "pattern"),
    ({"pattern": r"^\d+$"}, "\u0665", "pattern"),
    ({"pattern": r"^\w+$"}, "é", "pattern"),
    ({"pattern": "^(a+)+$"}, "a" * 30 + "!", "pattern"),
    ({"format": "email"}, "", "invalid"),
    ({"format": "email"}, "a@b", "invalid"),
    ({"format": "email"}, "a\u200b@example.com", "invalid"),
    ({"format": "phone"}, "12", "invalid"),
    ({"format": "phone"}, "+1234567890123456", "invalid"),
    ({"format": "phone"}, "123x5", "invalid"),
    ({"format": "phone"}, "\u0663\u0663\u0663\u0663\u0663", "invalid"),
    ({"format": "ip"}, "1.2.3", "invalid"),
    ({"format": "ip"}, "1.2.3.04", "invalid"),
    ({"format": "hostname"}, "-a.example", "invalid"),
    ({"format": "hostname"}, "a..b", "invalid"),
    ({"format": "hostname"}, "a_b", "invalid"),
    ({"format": "hostname"}, "bücher.example", "invalid"),
    ({"format": "hostname"}, ".".join(["a" * 63] * 4), "invalid"),
]

WRONG_RULES = [
    (
        {"max_length": 0, "min_length": "x"},
        [("rules.max_length", "out_of_range"), ("rules.min_length", "wrong_type")],
    ),
    ({"min_length": 256}, [("rules.max_length", "contradiction")]),
    ({"format": "hostname", "min_length": 254}, [("rules.min_length", "contradiction")]),
    ({"format": "fax"}, [("rules.format", "unknown_option")]),
    ({"format": ["ip"]}, [("rules.format", "unknown_option")]),
    ({"pattern": "(a"}, [("rules.pattern", "invalid_pattern")]),
    (
        {"pattern": "(?=a)", "max": 3},
        [("rules.pattern", "invalid_pattern"), ("rules.max", "unknown_rule")],
    ),
    ({"pattern": "[ab]{900}", "max_length": 100_000}, [("rules.pattern", "pattern_too_costly")]),
]


@pytest.mark.parametrize(("rules", "raw", "stored", "shown"), ACCEPTED, ids=tables.short)
def test_a_line_is_stored_canonically_and_shown(rules, raw, stored, shown):
    tables.check_accepted(StringType, rules, raw, stored, shown)


@pytest.mark.parametrize(("rules", "raw", "code"), REFUSED, ids=tables.short)
def test_anything_else_is_refused_with_its_own_code(rules, raw, code):
    tables.check_refused(StringType, rules, raw, code)


@pytest.mark.parametrize("raw", tables.NO_TEXT, ids=tables.short)
def test_what_is_no_text_is_refused(raw):
    tables.check_refused(StringType, {}, raw, "wrong_type")


@pytest.mark.parametrize("raw", tables.HOSTILE, ids=tables.short)
def test_hostile_text_is_a_value_or_refused(raw):
    tables.check_hostile(StringType, raw)


def test_the_example_is_a_value():
    type_ = StringType.configured({})
    assert type_.present(type_.clean(StringType.example)) == StringType.example


@pytest.mark.parametrize(("rules", "faults"), WRONG_RULES, ids=tables.short)
def test_rules_that_cannot_be_are_refused_all_at_once(rules, faults):
    tables.check_rules_refused(StringType, rules, faults)


def test_half_a_character_is_no_text():
    tables.check_refused(StringType, {}, "\ud800", "invalid_text", by_schema=False)
