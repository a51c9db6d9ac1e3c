"""INCIDENT by its table."""

from uuid import UUID

import pytest
from jsonschema import Draft202012Validator

from attributes.types.incident import IncidentType
from attributes.types.string import StringType
from incidents_project.refusals import ValueRefused

INCIDENT = IncidentType()
SCHEMA = Draft202012Validator(INCIDENT.json_schema())
ID = "e322ab0e-07b3-49bd-b904-7014512032e3"

REFUSED = [
    (None, "wrong_type"),
    (5, "wrong_type"),
    ({"id": ID}, "wrong_type"),
    ("", "invalid"),
    (ID[:-1], "invalid"),
    (ID + "\n", "invalid"),
    (f" {ID}", "invalid"),
    (f"{{{ID}}}", "invalid"),
    (f"urn:uuid:{ID}", "invalid"),
    (ID.replace("-", ""), "invalid"),
    (ID.replace("e", "g"), "invalid"),
    (ID.replace("3", "٣"), "invalid"),
]


@pytest.mark.parametrize("raw", [ID, ID.upper()])
def test_an_id_is_kept_in_lower_case(raw):
    assert INCIDENT.clean(raw) == ID
    assert SCHEMA.is_valid(raw)


@pytest.mark.parametrize(("raw", "code"), REFUSED)
def test_anything_else_is_refused(raw, code):
    with pytest.raises(ValueRefused) as refusal:
        INCIDENT.clean(raw)
    assert refusal.value.code == code
    assert not SCHEMA.is_valid(raw)


def test_it_says_which_incident_it_names():
    assert INCIDENT.refers == "incident"
    assert INCIDENT.references(ID) == (UUID(ID),)
    assert StringType.refers is None
    assert StringType().references(ID) == ()
