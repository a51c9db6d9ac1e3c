"""The first types by their table: what becomes what, and what is refused with which code."""

from decimal import Decimal

import pytest

from attributes import types
from incidents_project.refusals import Invalid, ValueRefused

ACCEPTED = [
    ("BOOLEAN", {}, True, True, True),
    ("BOOLEAN", {}, "false", False, False),
    ("STRING", {}, "", "", ""),
    ("STRING", {}, " ünïcode 🙂 ", " ünïcode 🙂 ", " ünïcode 🙂 "),
    ("STRING", {"max_length": 3}, "abc", "abc", "abc"),
    ("INTEGER", {}, 5, 5, 5),
    ("INTEGER", {}, "-5", -5, -5),
    ("INTEGER", {}, Decimal("5.0"), 5, 5),
    ("INTEGER", {}, 2**63 - 1, 2**63 - 1, 2**63 - 1),
    ("INTEGER", {"min": 5, "max": 5}, 5, 5, 5),
    ("NUMBER", {}, Decimal("0.10"), Decimal("0.1"), Decimal("0.1")),
    ("NUMBER", {}, "1.50", Decimal("1.5"), Decimal("1.5")),
    ("NUMBER", {}, Decimal("1E+2"), 100, 100),
    ("NUMBER", {}, "-0.0", 0, 0),
    ("NUMBER", {}, 10**30, Decimal(10**30), Decimal(10**30)),
    (
        "DATETIME",
        {},
        "2024-11-11T10:57:27+08:00",
        "2024-11-11T02:57:27.000000Z",
        "2024-11-11T02:57:27Z",
    ),
    (
        "DATETIME",
        {},
        "2024-11-11T02:57:27.120z",
        "2024-11-11T02:57:27.120000Z",
        "2024-11-11T02:57:27.12Z",
    ),
    (
        "DATETIME",
        {"min": "1900-01-01T00:00:00Z"},
        "1950-05-05T00:00:00Z",
        "1950-05-05T00:00:00.000000Z",
        "1950-05-05T00:00:00Z",
    ),
]

REFUSED = [
    ("BOOLEAN", {}, 1, "wrong_type"),
    ("BOOLEAN", {}, "yes", "wrong_type"),
    ("BOOLEAN", {}, "True", "wrong_type"),
    ("STRING", {}, 5, "wrong_type"),
    ("STRING", {}, ["a"], "wrong_type"),
    ("STRING", {}, "a\x00b", "invalid_text"),
    ("STRING", {}, "\ud800", "invalid_text"),
    ("STRING", {"max_length": 3}, "abcd", "too_long"),
    ("STRING", {}, "a" * 256, "too_long"),
    ("INTEGER", {}, True, "wrong_type"),
    ("INTEGER", {}, "5.5", "wrong_type"),
    ("INTEGER", {}, Decimal("5.5"), "wrong_type"),
    ("INTEGER", {}, "007", "wrong_type"),
    ("INTEGER", {}, " 5", "wrong_type"),
    ("INTEGER", {}, "9" * 19, "out_of_range"),
    ("INTEGER", {}, "٥", "wrong_type"),
    ("INTEGER", {}, 2**63, "out_of_range"),
    ("INTEGER", {"min": 0}, -1, "minimum"),
    ("INTEGER", {"max": 10}, 11, "maximum"),
    ("NUMBER", {}, True, "wrong_type"),
    ("NUMBER", {}, "NaN", "wrong_type"),
    ("NUMBER", {}, "Infinity", "wrong_type"),
    ("NUMBER", {}, "1e400", "too_many_digits"),
    ("NUMBER", {}, "1e-50", "too_many_digits"),
    ("NUMBER", {}, 10**40, "too_many_digits"),
    ("NUMBER", {"min": Decimal("0.5")}, Decimal("0.4"), "minimum"),
    ("DATETIME", {}, "2024-11-11T02:57:27", "no_offset"),
    ("DATETIME", {}, "2024-11-11", "invalid"),
    ("DATETIME", {}, "2024-02-30T00:00:00Z", "invalid"),
    ("DATETIME", {}, "0001-01-01T00:00:00+23:59", "invalid"),
    ("DATETIME", {}, "2024-11-11T02:57:27.1234567Z", "too_precise"),
    ("DATETIME", {}, "1969-12-31T23:59:59Z", "minimum"),
    ("DATETIME", {}, "2201-01-01T00:00:00Z", "maximum"),
    ("DATETIME", {}, 1674521800, "wrong_type"),
]


@pytest.mark.parametrize(("name", "rules", "raw", "stored", "shown"), ACCEPTED)
def test_a_value_is_stored_canonically_and_shown(name, rules, raw, stored, shown):
    type_ = types.build(name, rules)
    cleaned = type_.clean(raw)
    assert (cleaned, type(cleaned)) == (stored, type(stored))
    assert type_.present(cleaned) == shown


@pytest.mark.parametrize(("name", "rules", "raw", "stored", "shown"), ACCEPTED)
def test_what_is_shown_can_be_sent_back(name, rules, raw, stored, shown):
    assert types.build(name, rules).clean(shown) == stored


@pytest.mark.parametrize(("name", "rules", "raw", "code"), REFUSED)
def test_anything_else_is_refused_with_its_own_code(name, rules, raw, code):
    with pytest.raises(ValueRefused) as refusal:
        types.build(name, rules).clean(raw)
    assert refusal.value.code == code


@pytest.mark.parametrize("name", ["BOOLEAN", "STRING", "INTEGER", "NUMBER", "DATETIME"])
@pytest.mark.parametrize("raw", [None, {}, [], [1], {"a": 1}])
def test_no_type_takes_what_is_no_scalar(name, raw):
    with pytest.raises(ValueRefused):
        types.build(name, {}).clean(raw)


@pytest.mark.parametrize(
    ("name", "rules", "fields"),
    [
        ("NOPE", {}, ["type"]),
        (["INTEGER"], {}, ["type"]),
        ("INTEGER", [], ["rules"]),
        ("INTEGER", {"min": "x", "max": True, "most": 3}, ["rules.min", "rules.max", "rules.most"]),
        ("INTEGER", {"min": 5, "max": 4}, ["rules.max"]),
        ("NUMBER", {"min": 5, "max": 4}, ["rules.max"]),
        ("STRING", {"max_length": 0}, ["rules.max_length"]),
        ("BOOLEAN", {"max_length": 5}, ["rules.max_length"]),
        ("DATETIME", {"min": "2024-01-01"}, ["rules.min"]),
        ("DATETIME", {"min": "2024-01-02T00:00:00Z", "max": "2024-01-01T00:00:00Z"}, ["rules.max"]),
    ],
)
def test_rules_that_cannot_be_are_refused_all_at_once(name, rules, fields):
    with pytest.raises(Invalid) as refusal:
        types.build(name, rules)
    assert [fault.field for fault in refusal.value.faults] == fields


@pytest.mark.parametrize("type_", types.TYPES)
def test_a_types_example_is_a_value_of_it(type_):
    configured = type_.configured(dict(type_.example_rules))
    assert configured.present(configured.clean(type_.example)) == type_.example
