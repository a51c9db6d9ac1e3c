"""A uuid: what is accepted and becomes what, and what is refused."""

import pytest

from attributes.types.uuid import UuidType
from tests.types import tables

ONE = "e322ab0e-07b3-49bd-b904-7014512032e3"

ACCEPTED = [
    ({}, ONE, ONE, ONE),
    ({}, ONE.upper(), ONE, ONE),
    (
        {},
        "00000000-0000-0000-0000-000000000000",
        "00000000-0000-0000-0000-000000000000",
        "00000000-0000-0000-0000-000000000000",
    ),
]

REFUSED = [
    ({}, raw, "invalid")
    for raw in [
        "",
        ONE.replace("-", ""),
        f"{{{ONE}}}",
        f"urn:uuid:{ONE}",
        f"{ONE}\n",
        f" {ONE}",
        ONE.replace("0", "\u0660"),
        ONE.replace("e", "g"),
        ONE[:-1],
        ONE + "0",
        ONE.replace("-", "\u2010"),
        "9" * 10_000,
    ]
]


@pytest.mark.parametrize(("rules", "raw", "stored", "shown"), ACCEPTED, ids=tables.short)
def test_a_uuid_is_stored_canonically_and_shown(rules, raw, stored, shown):
    tables.check_accepted(UuidType, rules, raw, stored, shown)


@pytest.mark.parametrize(("rules", "raw", "code"), REFUSED, ids=tables.short)
def test_anything_else_is_refused_with_its_own_code(rules, raw, code):
    tables.check_refused(UuidType, rules, raw, code)


@pytest.mark.parametrize("raw", tables.NO_TEXT, ids=tables.short)
def test_what_is_no_text_is_refused(raw):
    tables.check_refused(UuidType, {}, raw, "wrong_type")


@pytest.mark.parametrize("raw", tables.HOSTILE, ids=tables.short)
def test_hostile_text_is_a_value_or_refused(raw):
    tables.check_hostile(UuidType, raw)


def test_the_example_is_a_value():
    type_ = UuidType.configured({})
    assert type_.present(type_.clean(UuidType.example)) == UuidType.example
