"""SELECT by its table, and the options that it shares with MULTISELECT."""

import pytest
from jsonschema import Draft202012Validator

from attributes.types.options import MOST, Option, clean_options
from attributes.types.select import SelectType
from incidents_project.refusals import Invalid, ValueRefused

OPTIONS = [
    {"code": "eu", "label": "Europe", "colour": "#D73A4A", "order": 2},
    {"code": "us", "label": "United States", "order": 1},
    {"code": "em", "retired": True, "replaced_by": "emea"},
    {"code": "emea", "retired": True, "replaced_by": "eu"},
    {"code": "mars", "retired": True},
]
REGION = SelectType.configured({"options": OPTIONS})

REFUSED = [
    ("EU", "unknown_option", "Must be one of us, eu."),
    ("Europe", "unknown_option", "Must be one of us, eu."),
    ("", "unknown_option", "Must be one of us, eu."),
    ("\ud800\0", "unknown_option", "Must be one of us, eu."),
    ("em", "retired_option", "This option is retired. Choose eu instead."),
    ("mars", "retired_option", "This option is retired."),
    (5, "wrong_type", "Must be the code of an option."),
    (None, "wrong_type", "Must be the code of an option."),
    (["eu"], "wrong_type", "Must be the code of an option."),
    ({"code": "eu"}, "wrong_type", "Must be the code of an option."),
]

FAULTY = [
    ("eu", [("options", "wrong_type")]),
    ([], [("options", "too_few")]),
    ([{"code": f"c{i}"} for i in range(MOST + 1)], [("options", "too_many")]),
    (["eu"], [("options[0]", "wrong_type")]),
    ([{}], [("options[0].code", "required")]),
    ([{"code": None}], [("options[0].code", "required")]),
    (
        [{"code": "_x"}, {"code": "a b"}],
        [("options[0].code", "invalid"), ("options[1].code", "invalid")],
    ),
    ([{"code": "a" * 51}], [("options[0].code", "invalid")]),
    ([{"code": "é"}], [("options[0].code", "invalid")]),
    ([{"code": "a\n"}], [("options[0].code", "invalid")]),
    ([{"code": 5}], [("options[0].code", "wrong_type")]),
    ([{"code": "a"}, {"code": "b"}, {"code": "A"}], [("options[2].code", "duplicate_option")]),
    ([{"code": "a", "colour": "red"}], [("options[0].colour", "invalid")]),
    ([{"code": "a", "colour": "#12345"}], [("options[0].colour", "invalid")]),
    ([{"code": "a", "label": "x" * 201}], [("options[0].label", "too_long")]),
    ([{"code": "a", "label": "\0"}], [("options[0].label", "invalid_text")]),
    ([{"code": "a", "order": 2**31}], [("options[0].order", "maximum")]),
    ([{"code": "a", "retired": 1}], [("options[0].retired", "wrong_type")]),
    ([{"code": "a", "name": "x"}], [("options[0].name", "unknown_field")]),
    (
        [{"code": "a", "replaced_by": "b"}, {"code": "b"}],
        [("options[0].replaced_by", "contradiction")],
    ),
    (
        [{"code": "a", "retired": True, "replaced_by": "B"}, {"code": "b"}],
        [("options[0].replaced_by", "unknown_option")],
    ),
    (
        [{"code": "a", "retired": True, "replaced_by": "a"}],
        [("options[0].replaced_by", "contradiction")],
    ),
    (
        [
            {"code": "x", "retired": True, "replaced_by": "a"},
            {"code": "a", "retired": True, "replaced_by": "b"},
            {"code": "b", "retired": True, "replaced_by": "a"},
        ],
        [("options[1].replaced_by", "contradiction"), ("options[2].replaced_by", "contradiction")],
    ),
    (
        [5, {"code": "a", "colour": 1}, {"code": "A", "x": 1}],
        [
            ("options[0]", "wrong_type"),
            ("options[1].colour", "wrong_type"),
            ("options[2].x", "unknown_field"),
            ("options[2].code", "duplicate_option"),
        ],
    ),
]


@pytest.mark.parametrize("code", ["eu", "us"])
def test_a_code_is_the_value(code):
    assert REGION.clean(code) == REGION.present(REGION.clean(code)) == code


@pytest.mark.parametrize(("raw", "code", "message"), REFUSED)
def test_anything_else_is_refused(raw, code, message):
    with pytest.raises(ValueRefused) as refusal:
        REGION.clean(raw)
    assert (refusal.value.code, refusal.value.message) == (code, message)


@pytest.mark.parametrize(("raw", "faults"), FAULTY)
def test_every_fault_of_options_is_told_with_its_place(raw, faults):
    with pytest.raises(Invalid) as refusal:
        SelectType.configured({"options": raw})
    told = [(fault.field, fault.code) for fault in refusal.value.faults]
    assert told == [(f"rules.{field}", code) for field, code in faults]


def test_a_long_circle_is_found_in_one_walk():
    options = [
        {"code": f"c{i}", "retired": True, "replaced_by": f"c{(i + 1) % MOST}"} for i in range(MOST)
    ]
    with pytest.raises(Invalid) as refusal:
        clean_options(options)
    assert {fault.code for fault in refusal.value.faults} == {"contradiction"}


def test_a_thousand_options_are_named_twenty_at_a_time():
    many = SelectType.configured({"options": [{"code": f"c{i}"} for i in range(MOST)]})
    assert many.clean("c999") == "c999"
    with pytest.raises(ValueRefused, match=r"c0, c1, .*, c19 and 980 more\.$"):
        many.clean("x")


def test_options_stand_on_the_wire_without_their_defaults():
    shown = REGION.rules()["options"]
    assert shown[0] == {"code": "eu", "label": "Europe", "colour": "#d73a4a", "order": 2}
    assert shown[4] == {"code": "mars", "retired": True}
    assert [next(iter(option)) for option in shown] == ["code"] * 5
    assert SelectType.configured(REGION.rules()) == REGION
    assert clean_options([{"code": "a", "label": None}]) == (Option("a"),)


@pytest.mark.parametrize(
    ("rules", "field", "code"),
    [
        ({}, "rules.options", "required"),
        ({"options": None, "option_set": None}, "rules.options", "required"),
        ({"options": OPTIONS, "option_set": "regions"}, "rules.option_set", "contradiction"),
        ({"option_set": ""}, "rules.option_set", "invalid"),
        ({"option_set": "1st"}, "rules.option_set", "invalid"),
        ({"option_set": "a" * 51}, "rules.option_set", "invalid"),
        ({"option_set": "a\n"}, "rules.option_set", "invalid"),
        ({"option_set": 5}, "rules.option_set", "wrong_type"),
    ],
)
def test_options_come_from_exactly_one_place(rules, field, code):
    with pytest.raises(Invalid) as refusal:
        SelectType.configured(rules)
    assert [(fault.field, fault.code) for fault in refusal.value.faults] == [(field, code)]


def test_a_shared_set_is_resolved_and_stays_a_name():
    shared = SelectType.configured({"option_set": "regions"})
    with pytest.raises(ValueRefused, match="There is no option to choose"):
        shared.clean("eu")
    resolved = shared.resolved({"regions": clean_options(OPTIONS)})
    assert resolved.clean("eu") == "eu"
    assert resolved.rules() == {"option_set": "regions"}
    assert resolved.json_schema() == REGION.json_schema()
    assert REGION.resolved({}) is REGION
    with pytest.raises(Invalid) as refusal:
        shared.resolved({"others": ()})
    assert [(f.field, f.code) for f in refusal.value.faults] == [
        ("rules.option_set", "unknown_option_set")
    ]


def test_the_schema_accepts_what_may_be_chosen():
    schema = Draft202012Validator(REGION.json_schema())
    assert REGION.json_schema()["enum"] == ["us", "eu"]
    assert schema.is_valid("eu")
    assert not any(schema.is_valid(raw) for raw, _, _ in REFUSED)
    assert SelectType().json_schema() == {"type": "string"}


def test_the_example_is_a_value_under_its_rules():
    assert SelectType.configured(SelectType.example_rules).clean(SelectType.example) == "EU"


def test_the_schema_of_the_rule_accepts_what_the_rule_does():
    rule = next(rule for rule in SelectType.rule_fields() if rule.name == "options")
    schema = Draft202012Validator(rule.metadata["schema"])
    assert schema.is_valid(OPTIONS)
    assert not schema.is_valid([{"code": "_x"}])
    assert not schema.is_valid([{"code": "x", "colour": "red"}])
