"""A front-end author's try: incidents for deployments never seen, from what is published alone."""

import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema.validators import extend

from attributes import types
from incidents_project.database.fields import ExactJSONField
from tests.conftest import DISK_FULL
from tests.incidents.test_wire_machine import wire
from tests.types import tables
from tests.types.strategies import GOOD, JSON
from tests.types.test_promises import is_typed

pytestmark = pytest.mark.django_db

DEFINE = "/v1/incident/attributes"
EVERY = {
    f"{name.lower()}_{number}": {
        "name": f"{name.lower()}_{number}",
        "type": name,
        "rules": {rule: value for rule, value in rules.items() if rule != "pattern"},
    }
    for name, cases in GOOD.items()
    if name != "INCIDENT"  # a form looks one up; the schema says it must be there
    for number, (rules, _) in enumerate(cases)
}
SETS = {"name": "regions", "options": [{"code": "EU", "retired": True}, {"code": "US"}]}
DEPLOYMENTS = {
    "nothing": [],
    "all": list(EVERY.values()),
    "all_required": [{**members, "required": True} for members in EVERY.values()],
    "bounds": [
        {"name": "early", "type": "DATE", "required": True, "rules": {"max": "1999-12-31"}},
        {"name": "late", "type": "DATETIME", "required": True,
         "rules": {"min": "2100-01-01T00:00:00Z", "max": "2101-01-01T00:00:00Z"}},
        {"name": "long", "type": "DURATION", "required": True, "rules": {"min": "PT90H"}},
        {"name": "night", "type": "TIME", "required": True, "rules": {"min": "23:30"}},
        {"name": "few", "type": "NUMBER", "required": True,
         "rules": {"min": Decimal("0.05"), "max": Decimal("0.06"), "decimal_places": 2}},
        {"name": "cold", "type": "INTEGER", "required": True, "rules": {"max": -40}},
        {"name": "short", "type": "STRING", "required": True, "rules": {"max_length": 1}},
        {"name": "wordy", "type": "STRING", "required": True, "rules": {"min_length": 99}},
        {"name": "home", "type": "SELECT", "required": True, "rules": {"option_set": "regions"}},
        {"name": "box", "type": "GEO_POINT", "required": True,
         "rules": {"within": {"south": -80, "north": -70, "west": 100, "east": 101}}},
    ],
    "scoped": [
        {"name": "cve", "type": "STRING", "required": True, "applies_to": ["SECURITY"]},
        {"name": "rpo", "type": "DURATION", "applies_to": ["OTHERS", "MAINTENANCE"]},
        {"name": "cause", "type": "TEXT", "required": True,
         "required_when": ["RESOLVED", "CLOSED"]},
        {"name": "team", "type": "STRING", "required": True, "default": "db"},
        {"name": "who", "type": "USER", "required": True, "required_when": "create"},
        {"name": "ticket", "type": "UUID", "required": True, "unique": True},
    ],
}  # fmt: skip
PLACES = [("SECURITY", "NEW"), ("OTHERS", "CLOSED"), ("MAINTENANCE", "RESOLVED")]


read = ExactJSONField().from_db_value


def build(schema):
    """A value that a JSON Schema allows, by a builder that knows no attribute type."""
    if schema.get("examples"):
        return schema["examples"][0]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("anyOf"):
        return build({**schema, **schema["anyOf"][0], "anyOf": None})
    return BUILDERS[schema.get("type", "object")](schema)


def build_text(schema):
    if "formatMinimum" in schema:
        return schema["formatMinimum"]
    return "x" * max(schema.get("minLength", 0), min(1, schema["maxLength"]))


def build_number(schema):
    return schema.get("minimum", schema.get("maximum", 0))


def build_object(schema):
    return {name: build(schema["properties"][name]) for name in schema.get("required", ())}


def build_list(schema):
    if "enum" in schema.get("items", {}):
        return schema["items"]["enum"][: schema.get("minItems", 1)]
    return [build(schema["items"]) for _ in range(schema.get("minItems", 0))]


BUILDERS = {
    "boolean": lambda _: False,
    "string": build_text,
    "number": build_number,
    "integer": build_number,
    "object": build_object,
    "array": build_list,
}


class Author:
    """Knows three addresses, and how to build what a schema asks for."""

    def __init__(self, api):
        self.api = api

    def published(self, kind, stage):
        answer = self.api.get(f"{DEFINE}/schema", {"type": kind, "status": stage})
        return read(answer.content.decode())["data"]

    def incident(self, kind, stage, *, only_required):
        schema = self.published(kind, stage)
        names = schema["required"] if only_required else schema["properties"]
        values = {name: build(schema["properties"][name]) for name in names}
        return {**self.own_fields(), "type": kind, "status": stage, "attributes": values}

    def own_fields(self):
        document = read(self.api.get("/v1/schema").content.decode())
        body = document["paths"]["/v1/incident"]["post"]["requestBody"]
        schema = self.resolved(document, body["content"]["application/json"]["schema"])
        return {
            name: OWN.get(name) or build(self.resolved(document, schema["properties"][name]))
            for name in schema["required"]
            if name not in {"type", "status", "attributes"}
        }

    def resolved(self, document, schema):
        if "$ref" not in schema:
            return schema
        for part in schema["$ref"].removeprefix("#/").split("/"):
            document = document[part]
        return document


OWN = {"date": DISK_FULL["date"]}


def ask(api, url, body):
    return api.generic("POST", url, wire(body), "application/json")


@pytest.fixture
def deploy(deployer_api):
    def deploy(definitions):
        assert ask(deployer_api, f"{DEFINE}/option-sets", SETS).status_code == 201
        for members in definitions:
            response = ask(deployer_api, DEFINE, members)
            assert response.status_code == 201, response.json()

    return deploy


@pytest.mark.parametrize("only_required", [True, False], ids=["required", "whole"])
@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_an_author_builds_incidents_of_a_deployment_never_seen(
    owner_api, deploy, deployment, only_required
):
    definitions = DEPLOYMENTS[deployment]
    deploy(definitions)
    author = Author(owner_api)
    for kind, stage in PLACES:
        body = author.incident(kind, stage, only_required=only_required)
        if "ticket" in body["attributes"]:  # unique: the form's user says which
            body["attributes"]["ticket"] = (
                f"00000000-0000-0000-0000-{PLACES.index((kind, stage)):012}"
            )
        response = ask(owner_api, "/v1/incident", body)
        assert response.status_code == 201, (response.json(), body)
        assert set(response.json()["data"]["attributes"]) >= set(body["attributes"])


def test_every_published_type_can_be_defined_from_its_entry_alone(owner_api, deployer_api):
    published = read(owner_api.get(f"{DEFINE}/types").content.decode())["data"]["types"]
    assert [type_["name"] for type_ in published] == types.names()
    for type_ in published:
        rules = {}
        if any(rule["name"] == "options" for rule in type_["rules"]):
            rules["options"] = [{"code": "EU"}, {"code": "US"}]
        members = {"name": f"my_{type_['name'].lower()}", "type": type_["name"], "rules": rules}
        response = ask(deployer_api, DEFINE, members)
        assert response.status_code == 201, response.json()


RULED = {
    f"{name.lower()}_{number}": (types.build(name, rules), values)
    for name, cases in GOOD.items()
    if name != "INCIDENT"
    for number, (rules, values) in enumerate(cases)
}
NEEDED = {"boolean_0", "date_1", "user_0"}


def is_valid(schema, values):
    """Whether the schema, read by a validator with its extra keywords, allows the values."""
    validator = extend(tables._Validator)(schema, format_checker=tables.FORMATS)
    with tables.localcontext(prec=100):
        return validator.is_valid(values)


def test_the_published_schema_and_the_service_agree_on_whole_sets_of_values(owner_api, deploy):
    deploy(
        {
            **members,
            "required": members["name"] in NEEDED,
            "rules": GOOD[members["type"]][int(members["name"][-1])][0],
        }
        for members in EVERY.values()
    )
    schema = Author(owner_api).published(DISK_FULL["type"], DISK_FULL["status"])
    assert set(schema["required"]) == NEEDED
    counted = {True: 0, False: 0}

    @settings(
        max_examples=300,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def agree(data):
        names = data.draw(st.lists(st.sampled_from(sorted(RULED)), max_size=4, unique=True))
        base = {"boolean_0": True, "date_1": "2024-02-29", "user_0": {"subject": "jo"}}
        values = base if data.draw(st.integers(0, 5)) else {}
        for name in names:
            type_, good = RULED[name]
            likely = data.draw(st.integers(0, 4)) > 0 or type_.name == "JSON"
            raw = data.draw(good if likely else JSON)
            values = {**values, name: raw}
        if data.draw(st.integers(0, 9)) == 0:
            values = {**values, "nothing": 1}
        values = read(wire(values).decode())
        response = ask(owner_api, "/v1/incident/validate", {**DISK_FULL, "attributes": values})
        assert response.status_code in {200, 400}
        accepted, allowed = response.status_code == 200, is_valid(schema, values)
        counted[accepted] += 1
        if allowed:
            assert accepted, json.dumps([response.json(), values], default=str)
        elif accepted:  # only text that denotes a value of another JSON kind
            assert not all(is_typed(RULED[n][0], v) for n, v in values.items() if v is not None)
        if accepted:
            shown = read(response.content.decode())["data"]["incident"]["attributes"]
            assert is_valid(schema, shown)

    agree()
    assert min(counted.values()) > 50
