"""USER by its table."""

import pytest
from jsonschema import Draft202012Validator

from attributes.types.user import UserType
from incidents_project.refusals import ValueRefused

USER = UserType()
SCHEMA = Draft202012Validator(USER.json_schema())

ACCEPTED = [
    ({"subject": "u-1", "name": "Jo Doe"}, {"subject": "u-1", "name": "Jo Doe"}),
    ({"subject": "u-1"}, {"subject": "u-1", "name": ""}),
    ("u-1", {"subject": "u-1", "name": ""}),
    ({"name": "", "subject": "x" * 150}, {"subject": "x" * 150, "name": ""}),
    ({"subject": "ü🙂", "name": "a\u00a0b"}, {"subject": "ü🙂", "name": "a\u00a0b"}),
]

REFUSED = [
    (None, "wrong_type"),
    (5, "wrong_type"),
    (["u-1"], "wrong_type"),
    ({}, "invalid"),
    ({"name": "Jo"}, "invalid"),
    ({"subject": "u-1", "mail": "x"}, "invalid"),
    ({"subject": None}, "wrong_type"),
    ({"subject": 5}, "wrong_type"),
    ({"subject": "u-1", "name": None}, "wrong_type"),
    ({"subject": ""}, "too_short"),
    ("", "too_short"),
    ({"subject": "x" * 151}, "too_long"),
    ({"subject": "u-1", "name": "x" * 151}, "too_long"),
    ({"subject": "a\nb"}, "invalid_text"),
    ({"subject": "a\n"}, "invalid_text"),
    ({"subject": "a\0b"}, "invalid_text"),
    ({"subject": "u-1", "name": "\u202egnp.exe"}, "invalid_text"),
    ({"subject": "u-1", "name": "a\u2028b"}, "invalid_text"),
]


@pytest.mark.parametrize(("raw", "stored"), ACCEPTED)
def test_a_person_is_always_the_object(raw, stored):
    assert USER.clean(raw) == stored
    assert USER.clean(USER.present(stored)) == stored
    assert SCHEMA.is_valid(stored)
    assert isinstance(raw, str) or SCHEMA.is_valid(raw)


@pytest.mark.parametrize(("raw", "code"), REFUSED)
def test_anything_else_is_refused(raw, code):
    with pytest.raises(ValueRefused) as refusal:
        USER.clean(raw)
    assert refusal.value.code == code
    assert not SCHEMA.is_valid(raw)


def test_half_a_character_is_refused():
    with pytest.raises(ValueRefused) as refusal:
        USER.clean({"subject": "\ud800"})
    assert refusal.value.code == "invalid_text"


def test_the_example_is_a_value():
    assert USER.present(USER.clean(USER.example)) == USER.example
