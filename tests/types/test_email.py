"""An email address: what is accepted and becomes what, and what is refused."""

import pytest

from attributes.types.email import EmailType
from tests.types import tables

ACCEPTED = [
    ({}, "on-call@example.com", "on-call@example.com", "on-call@example.com"),
    ({}, "John.O'Hara+x@Example.COM", "John.O'Hara+x@example.com", "John.O'Hara+x@example.com"),
    ({}, "a@xn--bcher-kva.example", "a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
    ({}, "a" * 64 + "@b.co", "a" * 64 + "@b.co", "a" * 64 + "@b.co"),
    ({}, "!#$%&'*/=?^_`{|}~@b.co", "!#$%&'*/=?^_`{|}~@b.co", "!#$%&'*/=?^_`{|}~@b.co"),
]

REFUSED = [
    ({}, raw, "invalid")
    for raw in [
        "",
        "a",
        "@example.com",
        "a@",
        "a@localhost",
        "a@1.2.3.4",
        "a@[1.2.3.4]",
        "a@b@example.com",
        "a b@example.com",
        ".a@example.com",
        "a.@example.com",
        "a..b@example.com",
        '"a b"@example.com',
        "a(comment)@example.com",
        "John <a@example.com>",
        "a@-b.example",
        "a@b-.example",
        "a@b..example",
        "a@example.com.",
        "a@ex_ample.com",
        "a@example.c",
        "a@bücher.example",
        "ä@example.com",
        "\u0430@example.com",
        "a\u200b@example.com",
        "a@exam\u202eple.com",
        "a@example.com\n",
        "a@example.com,b@example.com",
        "\u0665@\u0665.com",
        "a" * 65 + "@b.co",
        "a@" + "b" * 64 + ".co",
    ]
] + [
    ({}, "a@" + "b." * 125 + "example", "too_long"),
    ({}, "9" * 10_000, "too_long"),
]


@pytest.mark.parametrize(("rules", "raw", "stored", "shown"), ACCEPTED, ids=tables.short)
def test_an_email_address_is_stored_canonically_and_shown(rules, raw, stored, shown):
    tables.check_accepted(EmailType, rules, raw, stored, shown)


@pytest.mark.parametrize(("rules", "raw", "code"), REFUSED, ids=tables.short)
def test_anything_else_is_refused_with_its_own_code(rules, raw, code):
    tables.check_refused(EmailType, rules, raw, code)


@pytest.mark.parametrize("raw", tables.NO_TEXT, ids=tables.short)
def test_what_is_no_text_is_refused(raw):
    tables.check_refused(EmailType, {}, raw, "wrong_type")


@pytest.mark.parametrize("raw", tables.HOSTILE, ids=tables.short)
def test_hostile_text_is_a_value_or_refused(raw):
    tables.check_hostile(EmailType, raw)


def test_the_example_is_a_value():
    type_ = EmailType.configured({})
    assert type_.present(type_.clean(EmailType.example)) == EmailType.example
