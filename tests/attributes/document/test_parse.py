"""Text is read strictly, and what is wrong is told with its line and column."""

import json
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attributes.document import parse
from attributes.document.export import as_json, as_yaml
from attributes.document.parse import read
from attributes.storage import same
from incidents_project.refusals import Fault, Invalid
from tests.attributes.document.hands import faults_of
from tests.types.strategies import NUMBERS

BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: text", {"a": "text"}),
        ("a: 5\nb: -1.50", {"a": 5, "b": Decimal("-1.50")}),
        ("a: true\nb: false\nc: null", {"a": True, "b": False, "c": None}),
        ('a: "NO"\nb: \'1_000\'\n"on": x', {"a": "NO", "b": "1_000", "on": "x"}),
        ("a: 10.0.0.1\nb: 1.2.3\nc: 01939af0-0000-7000-8000-000000000000", {
            "a": "10.0.0.1", "b": "1.2.3", "c": "01939af0-0000-7000-8000-000000000000",
        }),
        ("a: |\n  first\n  second\n", {"a": "first\nsecond\n"}),
        ("# said\na: [1, {b: c}]  # aside", {"a": [1, {"b": "c"}]}),
        ("%YAML 1.2\n---\na: b\n...\n", {"a": "b"}),
        ('{"a":1e3,"b":[true,null],"c":"\\ud83d\\ude00\\/"}', {
            "a": Decimal(1000), "b": [True, None], "c": "😀/",
        }),
        ('{"a": "\x7f\ufffe"}', {"a": "\x7f\ufffe"}),
    ],
)  # fmt: skip
def test_what_means_one_thing_is_read(text, value):
    assert read(text).value == value


@pytest.mark.parametrize(
    ("text", "field", "code"),
    [
        # Text to some readers and something else to others
        ("a: NO", "line 1, column 4: a", "ambiguous"),
        ("a: x\nb:\n  - yes", "line 3, column 5: b[0]", "ambiguous"),
        ("a: On", "line 1, column 4: a", "ambiguous"),
        ("a: y", "line 1, column 4: a", "ambiguous"),
        ("a: TRUE", "line 1, column 4: a", "ambiguous"),
        ("a: ~", "line 1, column 4: a", "ambiguous"),
        ("a: Null", "line 1, column 4: a", "ambiguous"),
        ("a:\nb: 1", "line 1, column 3: a", "ambiguous"),
        ("a: 1_000", "line 1, column 4: a", "ambiguous"),
        ("a: 0o17", "line 1, column 4: a", "ambiguous"),
        ("a: 017", "line 1, column 4: a", "ambiguous"),
        ("a: 0x1F", "line 1, column 4: a", "ambiguous"),
        ("a: 0b11", "line 1, column 4: a", "ambiguous"),
        ("a: 1e3", "line 1, column 4: a", "ambiguous"),
        ("a: +1", "line 1, column 4: a", "ambiguous"),
        ("a: .5", "line 1, column 4: a", "ambiguous"),
        ("a: 1.", "line 1, column 4: a", "ambiguous"),
        ("a: 12:30:45", "line 1, column 4: a", "ambiguous"),
        ("a: 2024-01-01", "line 1, column 4: a", "ambiguous"),
        ("a: .inf", "line 1, column 4: a", "ambiguous"),
        ("a: .NaN", "line 1, column 4: a", "ambiguous"),
        ('{"a": NaN}', "line 1, column 7: a", "ambiguous"),
        ("a: =", "line 1, column 4: a", "ambiguous"),
        # Names of members
        ("a: 1\nb: 2\na: 3", "line 3, column 1: a", "duplicate_member"),
        ("a:\n  - {b: 1, b: 2}", "line 2, column 12: a[0].b", "duplicate_member"),
        ('{"a": 1,\n "a": 1}', "line 2, column 2: a", "duplicate_member"),
        ("a: b\n1: c", "line 2, column 1", "wrong_type"),
        ("null: c", "line 1, column 1", "wrong_type"),
        ("on: c", "line 1, column 1", "ambiguous"),
        ("[a]: c", "line 1, column 1", "wrong_type"),
        ("a: 1\n<<: {b: 1}", "line 2, column 1", "ambiguous"),
        # What YAML can do beyond JSON
        ("a: &x b", "line 1, column 4: a", "not_plain"),
        ("a: !!str 1", "line 1, column 4: a", "not_plain"),
        ("a: !!python/object/apply:os.system [ls]", "line 1, column 4: a", "not_plain"),
        ("a: ! b", "line 1, column 4: a", "not_plain"),
        ("a: 1\n---\nb: 2", "line 2, column 1", "unreadable_yaml"),
        # What cannot be read, or not be kept
        ("", "line 1, column 1", "unreadable_yaml"),
        ("# nothing\n", "line 1, column 1", "unreadable_yaml"),
        ("- a", "line 1, column 1", "unreadable_yaml"),
        ("text", "line 1, column 1", "unreadable_yaml"),
        ("a: [1,\n2", "line 3, column 1", "unreadable_yaml"),
        ('{"a": 1', "line 2, column 1", "unreadable_yaml"),
        ("a: b\n\tc: d", "line 2, column 1", "unreadable_yaml"),
        ("a: b\n  c: d", "line 2, column 4", "unreadable_yaml"),
        ("a: 1\nb: \x01", "line 2, column 4", "unreadable_yaml"),
        ('a: "\\0"', "line 1, column 4: a", "invalid_text"),
        ('{"a": [1, "\\ud800"]}', "line 1, column 11: a[1]", "invalid_text"),
        (f"a: {'9' * 41}", "line 1, column 4: a", "bad_number"),
        ('{"a": 1e400}', "line 1, column 7: a", "bad_number"),
    ],
)
def test_anything_else_is_refused_where_it_stands(text, field, code):
    assert faults_of(read, text) == [(field, code)]


def test_every_fault_is_told_at_once():
    text = "a: NO\nb: 1_000\nc: [x, ~]\na: *gone\n"
    assert faults_of(read, text) == [
        ("line 1, column 4: a", "ambiguous"),
        ("line 2, column 4: b", "ambiguous"),
        ("line 3, column 8: c[1]", "ambiguous"),
        ("line 4, column 1: a", "duplicate_member"),
        ("line 4, column 4: a", "not_plain"),
    ]


def test_a_million_faults_are_not_all_told():
    assert len(faults_of(read, "a: [" + "NO, " * 10_000 + "NO]")) == 100


def test_an_alias_is_refused_before_it_is_followed():
    deep = BOMB + "".join(f"x{n}: &x{n} [*b, *b]\n" for n in range(100))
    started = time.monotonic()
    assert {code for _, code in faults_of(read, deep)} == {"not_plain"}
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    "text",
    ["[" * 33 + "]" * 33, '{"a":' * 33 + "1" + "}" * 33, "[" * 100_000, '{"a":' * 100_000],
    ids=["lists", "objects", "endless lists", "endless objects"],
)
def test_what_is_nested_too_deep_is_refused(text):
    (found,) = faults_of(read, text)
    assert found[1] == "too_deep"
    assert found[0].startswith("line 1, column ")


def test_what_is_nested_as_deep_as_may_be_is_read():
    assert read('{"a":' + "[" * 31 + "]" * 31 + "}").value


def test_what_is_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(parse, "MOST_CHARACTERS", 10)
    with pytest.raises(Invalid) as refusal:
        read("a: 45678901")
    assert refusal.value.code == "too_long"


def test_a_fault_of_something_that_is_missing_is_told_where_it_should_stand():
    source = read("attributes:\n  - name: a\n  - type: STRING\n")
    (fault,) = source.placed([Fault("attributes[1].name", "required", "Must be there.")])
    assert fault.field == "line 3, column 5: attributes[1].name"


def test_that_a_document_is_no_object_is_told_before_what_stands_in_it():
    assert faults_of(read, "- NO") == [
        ("line 1, column 1", "unreadable_yaml"),
        ("line 1, column 3: [0]", "ambiguous"),
    ]


TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
    st.text("ab \n\t#:-'\"|>%\r\x85\u2028\ufeff", max_size=8),
    st.sampled_from(["NO", "1e3", "~", "", "null", "- a", "? x", "a: b", "&x", "*y", "=", "<<"]),
)
VALUES = st.recursive(
    st.one_of(TEXTS, st.none(), st.booleans(), NUMBERS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=8,
)


@given(VALUES)
def test_what_is_written_is_read_back_as_it_was(value):
    for text in (as_yaml({"a": value}), as_json({"a": value})):
        assert same(read(text).value, {"a": value}), text


@given(TEXTS)
def test_json_is_read_as_others_write_it(text):
    assert read(json.dumps({text: text})).value == {text: text}
