"""MULTISELECT by its table."""

import pytest
from jsonschema import Draft202012Validator

from attributes.types.multiselect import MultiSelectType
from attributes.types.options import clean_options
from incidents_project.refusals import Invalid, ValueRefused

OPTIONS = [
    {"code": "web", "order": 9},
    {"code": "api"},
    {"code": "db"},
    {"code": "fax", "retired": True, "replaced_by": "web"},
]

ACCEPTED = [
    ({}, [], []),
    ({}, ["web", "db", "api"], ["api", "db", "web"]),
    ({"max_chosen": 2}, ["web", "api"], ["api", "web"]),
    ({"min_chosen": 3}, ["web", "api", "db"], ["api", "db", "web"]),
    ({"max_chosen": 0}, [], []),
]

REFUSED = [
    ({}, "api", "wrong_type"),
    ({}, None, "wrong_type"),
    ({}, {"api": True}, "wrong_type"),
    ({}, [5], "wrong_type"),
    ({}, [["api"]], "wrong_type"),
    ({}, ["api", "api"], "duplicate_option"),
    ({}, ["api"] * 100_000, "duplicate_option"),
    ({}, ["API"], "unknown_option"),
    ({}, ["fax"], "retired_option"),
    ({"min_chosen": 1}, [], "too_few"),
    ({"max_chosen": 2}, ["api", "db", "web"], "too_many"),
]


def configured(rules):
    return MultiSelectType.configured({"options": OPTIONS, **rules})


@pytest.mark.parametrize(("rules", "raw", "stored"), ACCEPTED)
def test_codes_are_kept_in_the_options_order(rules, raw, stored):
    type_ = configured(rules)
    assert type_.clean(raw) == stored
    assert type_.clean(type_.present(stored)) == stored
    assert Draft202012Validator(type_.json_schema()).is_valid(raw)


@pytest.mark.parametrize(("rules", "raw", "code"), REFUSED)
def test_anything_else_is_refused(rules, raw, code):
    type_ = configured(rules)
    with pytest.raises(ValueRefused) as refusal:
        type_.clean(raw)
    assert refusal.value.code == code
    assert not Draft202012Validator(type_.json_schema()).is_valid(raw)


@pytest.mark.parametrize(
    ("rules", "field", "code"),
    [
        ({"min_chosen": 2, "max_chosen": 1}, "rules.max_chosen", "contradiction"),
        ({"min_chosen": 4}, "rules.min_chosen", "contradiction"),
        ({"min_chosen": -1}, "rules.min_chosen", "out_of_range"),
        ({"max_chosen": 1_001}, "rules.max_chosen", "out_of_range"),
        ({"max_chosen": "many"}, "rules.max_chosen", "wrong_type"),
        ({"option_set": "parts"}, "rules.option_set", "contradiction"),
        ({"options": None}, "rules.options", "required"),
    ],
)
def test_rules_that_cannot_be_are_refused(rules, field, code):
    with pytest.raises(Invalid) as refusal:
        configured(rules)
    assert [(fault.field, fault.code) for fault in refusal.value.faults] == [(field, code)]


def test_a_shared_set_is_resolved_with_the_other_rules():
    type_ = MultiSelectType.configured({"option_set": "parts", "max_chosen": 1})
    resolved = type_.resolved({"parts": clean_options(OPTIONS)})
    assert resolved.clean(["web"]) == ["web"]
    assert resolved.rules() == {"option_set": "parts", "max_chosen": 1}
    with pytest.raises(ValueRefused):
        resolved.clean(["web", "api"])


def test_the_example_is_a_value_under_its_rules():
    type_ = MultiSelectType.configured(MultiSelectType.example_rules)
    assert type_.clean(type_.example) == type_.example
