"""An ip address: what is accepted and becomes what, and what is refused."""

import random
from ipaddress import ip_address

import pytest

from attributes.types.ip import IpType, is_ip
from tests.types import tables

ACCEPTED = [
    ({}, "192.0.2.1", "192.0.2.1", "192.0.2.1"),
    ({}, "0.0.0.0", "0.0.0.0", "0.0.0.0"),
    ({}, "2001:DB8:0:0::1", "2001:db8::1", "2001:db8::1"),
    ({}, "0:0:0:0:0:0:0:0", "::", "::"),
    ({}, "::FFFF:10.0.0.1", "::ffff:10.0.0.1", "::ffff:10.0.0.1"),
    ({}, "::ffff:a00:1", "::ffff:10.0.0.1", "::ffff:10.0.0.1"),
    ({}, "1::2:3:4:5:6:7", "1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
    ({"version": 4}, "10.0.0.1", "10.0.0.1", "10.0.0.1"),
    ({"version": "6"}, "::1", "::1", "::1"),
    ({"networks": ["10.0.0.0/12"]}, "10.15.255.255", "10.15.255.255", "10.15.255.255"),
    ({"networks": ["10.0.0.0/8", "2001:DB8::/32"]}, "2001:db8::5", "2001:db8::5", "2001:db8::5"),
    ({"networks": ["0.0.0.0/0"]}, "8.8.8.8", "8.8.8.8", "8.8.8.8"),
    ({"networks": ["192.0.2.7"]}, "192.0.2.7", "192.0.2.7", "192.0.2.7"),
]

REFUSED = [
    ({}, raw, "invalid")
    for raw in [
        "",
        "1.2.3",
        "1.2.3.256",
        "01.2.3.4",
        "0x7f.0.0.1",
        "2130706433",
        "1.2.3.4/32",
        "1.2.3.4:80",
        "1.2.3.4\n",
        " 1.2.3.4",
        "fe80::1%eth0",
        "[::1]",
        "::1::",
        "1:2:3:4:5:6:7:8:9",
        ":::",
        "12345::",
        "::1.2.3.04",
        "\u0661.\u0662.\u0663.\u0664",
        "1.2.3.4\u200b",
        "9" * 10_000,
    ]
] + [
    ({"version": 4}, "::1", "invalid"),
    ({"version": 6}, "1.2.3.4", "invalid"),
    ({"networks": ["10.0.0.0/12"]}, "10.16.0.0", "network_not_allowed"),
    ({"networks": ["2001:db8::/32"]}, "1.2.3.4", "network_not_allowed"),
    ({"networks": ["10.0.0.0/8"]}, "::ffff:10.0.0.1", "network_not_allowed"),
]

WRONG_RULES = [
    (
        {"version": 5, "networks": []},
        [("rules.version", "unknown_option"), ("rules.networks", "out_of_range")],
    ),
    ({"version": True}, [("rules.version", "wrong_type")]),
    ({"networks": "10.0.0.0/8"}, [("rules.networks", "wrong_type")]),
    ({"networks": [5]}, [("rules.networks", "wrong_type")]),
    ({"networks": ["10.0.0.1/8"]}, [("rules.networks", "invalid")]),
    ({"networks": ["10.0.0.0/33"]}, [("rules.networks", "invalid")]),
    ({"networks": ["10.0.0.0/255.0.0.0"]}, [("rules.networks", "invalid")]),
    ({"networks": ["fe80::%eth0/64"]}, [("rules.networks", "invalid")]),
    ({"networks": ["10.0.0.0/\u0668"]}, [("rules.networks", "invalid")]),
    ({"version": 6, "networks": ["10.0.0.0/8"]}, [("rules.networks", "contradiction")]),
]


@pytest.mark.parametrize(("rules", "raw", "stored", "shown"), ACCEPTED, ids=tables.short)
def test_an_ip_address_is_stored_canonically_and_shown(rules, raw, stored, shown):
    tables.check_accepted(IpType, rules, raw, stored, shown)


@pytest.mark.parametrize(("rules", "raw", "code"), REFUSED, ids=tables.short)
def test_anything_else_is_refused_with_its_own_code(rules, raw, code):
    tables.check_refused(IpType, rules, raw, code)


@pytest.mark.parametrize("raw", tables.NO_TEXT, ids=tables.short)
def test_what_is_no_text_is_refused(raw):
    tables.check_refused(IpType, {}, raw, "wrong_type")


@pytest.mark.parametrize("raw", tables.HOSTILE, ids=tables.short)
def test_hostile_text_is_a_value_or_refused(raw):
    tables.check_hostile(IpType, raw)


def test_the_example_is_a_value():
    type_ = IpType.configured({})
    assert type_.present(type_.clean(IpType.example)) == IpType.example


@pytest.mark.parametrize(("rules", "faults"), WRONG_RULES, ids=tables.short)
def test_rules_that_cannot_be_are_refused_all_at_once(rules, faults):
    tables.check_rules_refused(IpType, rules, faults)


def test_networks_are_kept_in_canonical_form_and_once():
    networks = ["192.0.2.7", "2001:DB8:0::/32", "192.0.2.7/32"]
    type_ = IpType.configured({"networks": networks})
    assert type_.rules() == {"networks": ["192.0.2.7/32", "2001:db8::/32"]}


def test_networks_of_ipv6_are_checked_though_the_schema_cannot_say_them():
    rules = {"networks": ["2001:db8::/32"]}
    tables.check_refused(IpType, rules, "2001:db9::1", "network_not_allowed", by_schema=False)


def test_addresses_are_those_that_python_knows():
    parts = ["1", "ff", ":", ":", "::", "1.2.3.4", "0", "abcd:", "12345"]
    chosen = random.Random(3)
    for _ in range(20_000):
        text = "".join(chosen.choices(parts, k=chosen.randint(1, 12)))
        try:
            ip_address(text)
        except ValueError:
            assert not is_ip(text), text
        else:
            assert is_ip(text), text
