"""An address: what is accepted and becomes what, and what is refused."""

import re
from urllib.parse import urlsplit

import pytest

from attributes.types.url import UrlType
from tests.types import tables

ACCEPTED = [
    ({}, "https://example.com", "https://example.com", "https://example.com"),
    (
        {},
        "HTTPS://User:PW@EXAMPLE.com:8443/A%2f?Q=B#C",
        "https://User:PW@example.com:8443/A%2f?Q=B#C",
        "https://User:PW@example.com:8443/A%2f?Q=B#C",
    ),
    ({}, "http://localhost:65535?x", "http://localhost:65535?x", "http://localhost:65535?x"),
    ({}, "http://10.0.0.1/", "http://10.0.0.1/", "http://10.0.0.1/"),
    ({}, "http://[2001:DB8::1]:80/", "http://[2001:db8::1]:80/", "http://[2001:db8::1]:80/"),
    ({}, "https://BÜcher.example/ü", "https://bÜcher.example/ü", "https://bÜcher.example/ü"),
    ({}, "https://例え.jp/a|b{c}[d]", "https://例え.jp/a|b{c}[d]", "https://例え.jp/a|b{c}[d]"),
    (
        {},
        "https://a_b.x-y.z9/@:!$&'()*+,;=",
        "https://a_b.x-y.z9/@:!$&'()*+,;=",
        "https://a_b.x-y.z9/@:!$&'()*+,;=",
    ),
    (
        {"schemes": ["HTTPS", "git+ssh"]},
        "Git+SSH://git@h/x",
        "git+ssh://git@h/x",
        "git+ssh://git@h/x",
    ),
    (
        {"hosts": ["Example.com"]},
        "https://EXAMPLE.com:1/",
        "https://example.com:1/",
        "https://example.com:1/",
    ),
    (
        {"hosts": [".example.com"]},
        "https://a.B.example.com",
        "https://a.b.example.com",
        "https://a.b.example.com",
    ),
    (
        {"hosts": [".example.com"]},
        "https://example.com",
        "https://example.com",
        "https://example.com",
    ),
    ({"hosts": ["[::1]", "10.0.0.1"]}, "http://[::1]/", "http://[::1]/", "http://[::1]/"),
    ({"max_length": 10}, "http://a.b", "http://a.b", "http://a.b"),
]

REFUSED = [
    ({}, raw, "invalid")
    for raw in [
        "",
        "example.com",
        "//example.com",
        "/path",
        "http:example.com",
        "http:/example.com",
        "http://",
        "http:///path",
        "http://?q",
        "http://user@",
        "http://.example.com",
        "http://example.com.",
        "http://a..b",
        "http://a@b@c",
        "http://exa mple.com",
        "http://example.com/a b",
        " http://example.com",
        "http://example.com\n",
        "http://example.com/\t",
        "http://example.com/\x7f",
        "http://example.com/\u0085",
        "http://example.com/\u00a0",
        "http://example.com/\u202egnp.exe",
        "http://exam\u200bple.com",
        "http://example.com/\U000e0041",
        "http://example.com\\@evil.example",
        "http:\\\\example.com",
        "http://example.com:",
        "http://example.com:65536",
        "http://example.com:-1",
        "http://example.com:\u0668\u0660",
        "http://exa%6dple.com",
        "http://1.2.3",
        "http://1.2.3.256",
        "http://01.2.3.4",
        "http://2130706433",
        "http://[::1",
        "http://[1.2.3.4]",
        "http://[fe80::1%25eth0]",
        "http://evil.example\uff0fexample.com",
        "http://evil\u3002example",
        "http://a\u2100b.example",
        "http://<script>",
        'http://a"b',
        "http://" + "1" * 2_000,
    ]
] + [
    ({}, "javascript:alert(1)", "scheme_not_allowed"),
    ({}, "JavaScript://example.com/%0aalert(1)", "scheme_not_allowed"),
    ({}, "data:text/html,x", "scheme_not_allowed"),
    ({}, "ftp://example.com", "scheme_not_allowed"),
    ({}, "mailto:a@example.com", "scheme_not_allowed"),
    ({"schemes": ["https"]}, "http://example.com", "scheme_not_allowed"),
    ({"hosts": ["example.com"]}, "https://a.example.com", "host_not_allowed"),
    ({"hosts": [".example.com"]}, "https://badexample.com", "host_not_allowed"),
    ({"hosts": ["example.com"]}, "https://example.com@evil.example", "host_not_allowed"),
    ({"hosts": ["example.com"]}, "https://evil.example/#@example.com", "host_not_allowed"),
    ({"hosts": ["example.com"]}, "https://exampleXcom", "host_not_allowed"),
    ({}, "http://example.com/" + "a" * 2_048, "too_long"),
    ({}, "9" * 10_000, "too_long"),
]

WRONG_RULES = [
    ({"schemes": ["https", "JavaScript"]}, [("rules.schemes", "scheme_not_allowed")]),
    (
        {"schemes": ["file"], "hosts": []},
        [("rules.schemes", "scheme_not_allowed"), ("rules.hosts", "out_of_range")],
    ),
    ({"schemes": ["1x"]}, [("rules.schemes", "invalid")]),
    ({"schemes": "https"}, [("rules.schemes", "wrong_type")]),
    ({"schemes": [5]}, [("rules.schemes", "wrong_type")]),
    ({"hosts": ["example.com/x"]}, [("rules.hosts", "invalid")]),
    ({"hosts": ["*.example.com"]}, [("rules.hosts", "invalid")]),
    ({"hosts": ["example.com:80"]}, [("rules.hosts", "invalid")]),
    ({"max_length": 5}, [("rules.max_length", "contradiction")]),
]


@pytest.mark.parametrize(("rules", "raw", "stored", "shown"), ACCEPTED, ids=tables.short)
def test_an_address_is_stored_canonically_and_shown(rules, raw, stored, shown):
    tables.check_accepted(UrlType, rules, raw, stored, shown)


@pytest.mark.parametrize(("rules", "raw", "code"), REFUSED, ids=tables.short)
def test_anything_else_is_refused_with_its_own_code(rules, raw, code):
    tables.check_refused(UrlType, rules, raw, code)


@pytest.mark.parametrize("raw", tables.NO_TEXT, ids=tables.short)
def test_what_is_no_text_is_refused(raw):
    tables.check_refused(UrlType, {}, raw, "wrong_type")


@pytest.mark.parametrize("raw", tables.HOSTILE, ids=tables.short)
def test_hostile_text_is_a_value_or_refused(raw):
    tables.check_hostile(UrlType, raw)


def test_the_example_is_a_value():
    type_ = UrlType.configured({})
    assert type_.present(type_.clean(UrlType.example)) == UrlType.example


@pytest.mark.parametrize(("rules", "faults"), WRONG_RULES, ids=tables.short)
def test_rules_that_cannot_be_are_refused_all_at_once(rules, faults):
    tables.check_rules_refused(UrlType, rules, faults)


@pytest.mark.parametrize("stored", [row[2] for row in ACCEPTED])
def test_other_readers_find_the_same_host(stored):
    type_ = UrlType(schemes=["http", "https", "git+ssh"])
    assert type_.clean(stored) == stored
    assert urlsplit(stored).hostname == _host(stored).lower()


def _host(stored):
    authority = re.split("[/?#]", stored.partition("://")[2])[0].rpartition("@")[2]
    return re.sub(":[0-9]+$", "", authority).strip("[]")
