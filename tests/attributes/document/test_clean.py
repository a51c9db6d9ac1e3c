"""What a document says is checked member by member; every fault is told with its place."""

import pytest

from attributes.document.clean import clean
from attributes.document.parse import read
from tests.attributes.document.hands import faults_of

pytestmark = pytest.mark.django_db


def cleaned(text):
    return clean(read(text))


def attribute(*lines):
    """A document with one attribute, whose name is on line 3."""
    return "\n".join(["version: 1", "attributes:", "  - name: size", *(f"    {o}" for o in lines)])


@pytest.mark.parametrize(
    ("text", "field", "code"),
    [
        ("attributes: []", "line 1, column 1: version", "invalid"),
        ("{}", "line 1, column 1: version", "invalid"),
        ("version: 2", "line 1, column 1: version", "invalid"),
        ('version: "1"', "line 1, column 1: version", "invalid"),
        ("version: true", "line 1, column 1: version", "invalid"),
        ("version: 1\nattribute: []", "line 2, column 1: attribute", "unknown_field"),
        ("version: 1\nattributes: {}", "line 2, column 1: attributes", "wrong_type"),
        ("version: 1\nattributes:\n  - size", "line 3, column 5: attributes[0]", "wrong_type"),
        (
            "version: 1\nattributes:\n  - type: STRING",
            "line 3, column 5: attributes[0].name",
            "required",
        ),
        (attribute(), "line 3, column 5: attributes[0].type", "required"),
        (attribute("type: STRNG"), "line 4, column 5: attributes[0].type", "unknown_type"),
        (
            attribute("type: STRING", "lable: x"),
            "line 5, column 5: attributes[0].lable",
            "unknown_field",
        ),
        (
            attribute("type: STRING", "id: x"),
            "line 5, column 5: attributes[0].id",
            "unknown_field",
        ),
        (
            attribute("type: STRING", "label: 5"),
            "line 5, column 5: attributes[0].label",
            "wrong_type",
        ),
        (
            attribute("type: STRING", "required: 1"),
            "line 5, column 5: attributes[0].required",
            "wrong_type",
        ),
        (
            attribute("type: STRING", "required_when: create"),
            "line 5, column 5: attributes[0].required_when",
            "contradiction",
        ),
        (
            attribute("type: STRING", "applies_to: [NONE]"),
            "line 5, column 5: attributes[0].applies_to",
            "unknown_code",
        ),
        (
            attribute("type: INTEGER", "default: many"),
            "line 5, column 5: attributes[0].default",
            "wrong_type",
        ),
        (
            attribute("type: INTEGER", "unique: true", "default: 1"),
            "line 6, column 5: attributes[0].default",
            "contradiction",
        ),
        (
            attribute("type: INTEGER", "rules:", "  most: 5"),
            "line 6, column 7: attributes[0].rules.most",
            "unknown_rule",
        ),
        (
            attribute("type: INTEGER", "rules:", "  min: 5", "  max: 4"),
            "line 7, column 7: attributes[0].rules.max",
            "contradiction",
        ),
        (
            attribute("type: SELECT", "rules:", "  options:", "    - code: a", "    - code: A"),
            "line 8, column 11: attributes[0].rules.options[1].code",
            "duplicate_option",
        ),
        (
            attribute("type: SELECT", "rules: {option_set: sizes}"),
            "line 5, column 13: attributes[0].rules.option_set",
            "unknown_option_set",
        ),
        (
            attribute("type: STRING", "state: PURGING"),
            "line 5, column 5: attributes[0].state",
            "unknown_state",
        ),
        (
            attribute("type: STRING", 'sunset: "2030-01-01"'),
            "line 5, column 5: attributes[0].sunset",
            "contradiction",
        ),
        (
            attribute("type: STRING", "state: DEPRECATED", "sunset: soon"),
            "line 6, column 5: attributes[0].sunset",
            "invalid",
        ),
        (
            attribute("type: STRING", "uid: abc"),
            "line 5, column 5: attributes[0].uid",
            "invalid",
        ),
        (
            attribute(
                "type: STRING", "uid: 01939af0-0000-7000-8000-000000000000", "rename_from: old"
            ),
            "line 6, column 5: attributes[0].rename_from",
            "contradiction",
        ),
        (
            attribute("type: STRING", "aliases:", "  - name: old"),
            "line 6, column 9: attributes[0].aliases[0].until",
            "required",
        ),
        (
            attribute("type: STRING", "aliases:", '  - {name: old, until: "2030-01-01"}'),
            "line 6, column 21: attributes[0].aliases[0].until",
            "invalid",
        ),
        (
            attribute("type: STRING", "retype: {accept: {lossy: 1}, how: x}"),
            "line 5, column 5: attributes[0].retype",
            "wrong_type",
        ),
        (
            "version: 1\noption_sets:\n  - name: sizes",
            "line 3, column 5: option_sets[0].options",
            "required",
        ),
        (
            "version: 1\noption_sets:\n  - {name: sizes, options: [{code: a, colour: red}]}",
            "line 3, column 39: option_sets[0].options[0].colour",
            "invalid",
        ),
        (
            (
                "version: 1\noption_sets:\n  - {name: a, options: [{code: x}]}\n"
                "  - {name: A, options: [{code: x}]}"
            ),
            "line 4, column 6: option_sets[1].name",
            "duplicate_entry",
        ),
        (
            "version: 1\nattributes:\n  - {name: a, type: STRING}\n  - {name: A, type: STRING}",
            "line 4, column 6: attributes[1].name",
            "duplicate_entry",
        ),
        (
            (
                "version: 1\nattributes:\n  - {name: a, type: STRING}\n  - {name: b, type: STRING,"
                ' aliases: [{name: A, until: "2030-01-01T00:00:00Z"}]}'
            ),
            "line 4, column 29: attributes[1].aliases",
            "duplicate_entry",
        ),
        (
            (
                "version: 1\nattributes:\n"
                "  - {uid: 01939af0-0000-7000-8000-000000000000, name: a, type: STRING}\n"
                "  - {uid: 01939AF0-0000-7000-8000-000000000000, name: b, type: STRING}"
            ),
            "line 4, column 6: attributes[1].uid",
            "duplicate_entry",
        ),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(text, field, code):
    assert faults_of(cleaned, text) == [(field, code)]


def test_every_fault_is_told_at_once_in_the_order_of_the_lines():
    text = attribute("type: INTEGER", "label: 5", "rules: {min: x}", "state: gone", "of: x")
    found = faults_of(cleaned, text)
    assert [field for field, _ in found] == [
        "line 5, column 5: attributes[0].label",
        "line 6, column 13: attributes[0].rules.min",
        "line 7, column 5: attributes[0].state",
        "line 8, column 5: attributes[0].of",
    ]


def test_the_first_hundred_faults_are_those_of_the_first_lines():
    fives = "\n".join(["  - 5"] * 60)
    found = faults_of(cleaned, f"version: 1\nattributes:\n{fives}\noption_sets:\n{fives}")
    lines = [int(field.removeprefix("line ").partition(",")[0]) for field, _ in found]
    assert lines == [*range(3, 63), *range(64, 104)]


def test_what_is_said_in_many_ways_is_written_in_one():
    text = """
version: 1
attributes:
  - {type: INTEGER, name: second, order: 2, default: "5", label: ""}
  - {name: zeroth, type: STRING, required: false, required_when: always, rules: {}}
  - name: first
    type: SELECT
    rules:
      options: [{colour: "#FF0000", code: red, label: "", retired: false}]
    order: 1
    state: deprecated
    group: null
"""
    assert cleaned(text).shown() == {
        "version": 1,
        "option_sets": [],
        "attributes": [
            {"name": "zeroth", "type": "STRING"},
            {
                "name": "first",
                "type": "SELECT",
                "order": 1,
                "rules": {"options": [{"code": "red", "colour": "#ff0000"}]},
                "state": "DEPRECATED",
            },
            {"name": "second", "type": "INTEGER", "order": 2, "default": 5},
        ],
    }


@pytest.mark.parametrize(
    ("told", "members"),
    [("attributes: [{}]", ["name", "type"]), ("option_sets: [{}]", ["name", "options"])],
)
def test_an_entry_that_says_nothing_is_no_entry(told, members):
    found = faults_of(cleaned, f"version: 1\n{told}")
    assert [(field.rpartition(".")[2], code) for field, code in found] == [
        (member, "required") for member in members
    ]
