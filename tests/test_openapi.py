"""What the service says of itself is complete, valid and true.

``tests/openapi.json`` is the document of an installation without attributes. Renew it after a
change of the API, and read the difference before you commit it:

    RENEW_OPENAPI=1 pytest tests/test_openapi.py
"""

import ast
import contextlib
import json
import os
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from attributes import types
from attributes.operations.option_sets import define_option_set
from incidents_project.exact_json import dumps
from incidents_project.http.problem import CODES

SNAPSHOT = Path(__file__).parent / "openapi.json"
ROOT = SNAPSHOT.parent.parent
SOMETIMES = {"Deprecation", "Sunset", "Link"}  # headers of some answers
BINDING = {"get", "post", "put", "patch", "delete"}
APPS = ("accounts", "attributes", "history", "incidents", "incidents_project")


@pytest.fixture
def document_of(anonymous_api):
    def read() -> dict[str, Any]:
        response = anonymous_api.get("/v1/schema")
        assert response.status_code == 200
        return read_json(response)

    return read


def read_json(response: Any) -> Any:
    """The answer with exact numbers: 0.05 is a multiple of 0.01, but not as a float."""
    return json.loads(response.content, parse_float=Decimal)


def validator(document: dict[str, Any], schema: dict[str, Any]) -> jsonschema.Draft202012Validator:
    """A validator of one schema of the document; what it refers to is found in the document."""
    return jsonschema.Draft202012Validator(
        {**schema, "components": document["components"]},
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )


def component(document: dict[str, Any], name: str) -> jsonschema.Draft202012Validator:
    return validator(document, document["components"]["schemas"][name])


def within(value: Any) -> Iterator[dict[str, Any]]:
    """Every object inside ``value``."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from within(item)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def routes(patterns: list[Any], prefix: str = "/") -> Iterator[tuple[str, set[str]]]:
    """Each route of the URL conf and the methods it takes."""
    for entry in patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, route)
        elif isinstance(entry, URLPattern):
            methods = getattr(entry.callback, "actions", None) or ["get"]
            yield re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route), set(methods) & BINDING


def test_the_document_is_the_committed_one(anonymous_api):
    response = anonymous_api.get("/v1/schema")
    assert response.status_code == 200
    document = response.json()
    if os.environ.get("RENEW_OPENAPI"):
        SNAPSHOT.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    assert document == json.loads(SNAPSHOT.read_text()), (
        "The API's description has changed. If that is meant: RENEW_OPENAPI=1 pytest"
        " tests/test_openapi.py"
    )


def test_every_route_of_v1_is_described_with_every_method(document_of):
    described = {path: set(methods) for path, methods in document_of()["paths"].items()}
    exist: dict[str, set[str]] = {}
    for route, methods in routes(get_resolver().url_patterns):
        if route.startswith("/v1/"):
            exist.setdefault(route, set()).update(methods)
    assert {p: m for p, m in described.items() if p.startswith("/v1/")} == exist


def test_every_operation_says_who_what_and_what_may_be_answered(document_of):
    names = []
    for path, _, operation in operations(document_of()):
        names.append(operation["operationId"])
        assert operation["summary"]
        assert operation["description"]
        assert operation["tags"]
        assert any(status.startswith("2") for status in operation["responses"])
        public = path in {"/v1/schema", "/livez", "/readyz"}
        assert operation["security"] == ([] if public else [{"bearer": []}])
        assert public or {"400", "401", "403", "406", "429", "503"} <= set(operation["responses"])
        assert public or "Needs the role" in operation["description"]
        assert ("requestBody" in operation) == ("415" in operation["responses"])
        assert ("{" in path) == ("404" in operation["responses"])
    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere(document_of):
    document = document_of()
    for member in within(document):
        if "$ref" in member:
            found = document
            for step in member["$ref"].removeprefix("#/").split("/"):
                found = found[step]


def test_every_code_that_can_be_answered_is_published():
    used = set()
    for path in (p for app in APPS for p in (ROOT / app).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                used.update(codes_of_call(node))
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == (
                "default_code"
            ):
                used.update(constants([node.value]))
    assert len(used) > 40
    assert used - set(CODES) == set()


def codes_of_call(node: ast.Call) -> list[str]:
    name = getattr(node.func, "id", "")
    if name == "Fault":
        return constants(node.args[1:2])
    if name == "ValueRefused":
        return constants(node.args[:1])
    if name in {"Conflict", "Forbidden", "Invalid", "NotFound", "Unavailable"}:
        return constants([k.value for k in node.keywords if k.arg == "code"])
    return []


def constants(nodes: list[ast.expr]) -> list[str]:
    return [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]


@pytest.fixture
def attributes(make_attribute, db):
    make_attribute("isPending", "BOOLEAN", label="Is pending", default=False)
    make_attribute("count", "INTEGER", rules={"min": 10}, required=True, description="How many.")
    make_attribute("region", "STRING", rules={"max_length": 4})
    make_attribute("ratio", "NUMBER", rules={"max": "0.05"})
    make_attribute("seen", "DATETIME")


def test_attributes_are_described_as_they_are_now(document_of, attributes):
    schemas = document_of()["components"]["schemas"]
    assert schemas["Incident"]["properties"]["attributes"] == {
        "$ref": "#/components/schemas/AttributeValues"
    }
    read = schemas["AttributeValues"]
    assert read["additionalProperties"] is False
    assert read["properties"]["isPending"]["type"] == "boolean"
    assert read["properties"]["isPending"]["title"] == "Is pending"
    assert read["properties"]["count"]["type"] == "integer"
    assert read["properties"]["count"]["description"] == "How many."
    assert read["properties"]["seen"]["format"] == "date-time"
    created = schemas["AttributeValuesCreate"]
    assert created["required"] == ["count"]
    assert created["properties"]["count"]["minimum"] == 10
    assert created["properties"]["region"]["maxLength"] == 4
    assert created["properties"]["ratio"]["maximum"] == Decimal("0.05")
    assert created["properties"]["isPending"]["default"] is False
    assert "attributes" in schemas["IncidentCreate"]["required"]


def test_what_only_some_incidents_need_is_not_asked_of_all(document_of, make_attribute, owner_api):
    make_attribute("resolution", "TEXT", required=True, required_when=["RESOLVED"])
    make_attribute("cve", "STRING", required=True, applies_to=["SECURITY"], unique=True)
    make_attribute("team", "STRING", required=True, required_when="create")
    document = document_of()
    schemas = document["components"]["schemas"]
    assert schemas["AttributeValuesCreate"]["required"] == ["team"]
    assert (
        "For incidents of SECURITY."
        in schemas["AttributeValues"]["properties"]["cve"]["description"]
    )
    (example,) = schemas["IncidentCreate"]["examples"]
    assert set(example["attributes"]) == {"resolution", "team"}
    assert owner_api.post("/v1/incident", example).status_code == 201
    component(document, "AttributeValuesChange").validate({"cve": None, "team": None})
    assert not component(document, "AttributeValuesCreate").is_valid({"team": None})


@pytest.mark.parametrize("type_", types.TYPES, ids=lambda type_: type_.name)
def test_every_type_describes_itself_by_its_example(document_of, make_attribute, type_):
    name = f"my{type_.name.title().replace('_', '')}"
    make_attribute(name, type_.name, rules=dict(type_.example_rules))
    document = document_of()
    sent = json.loads(dumps(type_.example), parse_float=Decimal)
    (definition,) = [
        form["examples"][0]
        for form in document["components"]["schemas"]["AttributeCreate"]["oneOf"]
        if form["properties"]["type"]["const"] == type_.name
    ]
    component(document, "AttributeCreate").validate(definition)
    component(document, "AttributeValuesCreate").validate({name: sent})
    component(document, "AttributeValuesChange").validate({name: None})
    component(document, "AttributeValueReplace").validate({"name": name, "value": sent})
    (shown,) = document["components"]["schemas"]["AttributeValues"]["examples"]
    assert set(shown) == (set() if type_.refers else {name})
    component(document, "AttributeValues").validate(shown)


def test_what_is_described_follows_every_change_of_an_attribute(
    document_of, make_attribute, deployer_api, anonymous_api
):
    before = anonymous_api.get("/v1/schema")
    make_attribute("count", "INTEGER")
    assert "count" in document_of()["components"]["schemas"]["AttributeValues"]["properties"]
    after = anonymous_api.get("/v1/schema")
    assert after["ETag"] != before["ETag"]
    deployer_api.delete("/v1/incident/attributes/count")
    assert document_of()["components"]["schemas"]["AttributeValues"]["properties"] == {}


@pytest.mark.parametrize("with_attributes", [False, True])
def test_examples_are_what_their_schemas_say(request, document_of, with_attributes):
    if with_attributes:
        request.getfixturevalue("attributes")
    document, checked = document_of(), 0
    for schema in within(document):
        for example in schema.get("examples", ()) if isinstance(schema, dict) else ():
            validator(document, schema).validate(example)
            checked += 1
        content = schema.get("application/problem+json")
        if content:
            validator(document, content["schema"]).validate(content["example"])
            checked += 1
    assert checked > 20


def test_examples_of_requests_are_accepted(document_of, attributes, owner_api, deployer_api):
    schemas = document_of()["components"]["schemas"]
    (create,) = schemas["IncidentCreate"]["examples"]
    assert set(create["attributes"]) == {"isPending", "count", "region", "ratio", "seen"}
    made = owner_api.post("/v1/incident", create)
    assert made.status_code == 201, made.content
    path = made["Location"]
    for name in ("IncidentReplace", "IncidentPatch"):
        (example,) = schemas[name]["examples"]
        body = {**example, "occ_lock": owner_api.get(path).json()["data"]["occ_lock"]}
        send = owner_api.put if name == "IncidentReplace" else owner_api.patch
        assert send(path, body).status_code == 200
    for form in schemas["AttributeValueReplace"]["oneOf"]:
        assert owner_api.put(f"{path}/attributes", form["examples"][0]).status_code == 200
    for form in schemas["AttributeCreate"]["oneOf"]:
        made = deployer_api.post("/v1/incident/attributes", form["examples"][0])
        assert made.status_code == 201, made.content


def test_answers_are_what_their_schemas_say(document_of, attributes, dee, owner_api, deployer_api):
    define_option_set(principal=dee, members={"name": "count", "options": [{"code": "one"}]})
    document = document_of()
    incident = owner_api.post(
        "/v1/incident", document["components"]["schemas"]["IncidentCreate"]["examples"][0]
    )["Location"]
    comment = owner_api.post(f"{incident}/comments", {"text": "Seen."}).json()["data"]["id"]
    retype = deployer_api.post("/v1/incident/attributes/region/retype", {"type": "INTEGER"})
    job = retype.headers["Location"]
    ids = {
        "incident_id": incident.rpartition("/")[2],
        "comment_id": comment,
        "name": "count",
        "job": job.rpartition("/")[2],
    }
    answered = 0
    for path, method, operation in operations(document):
        if method != "get" or operation["security"] == []:
            continue
        deployers = re.search("attributes/({name}/|indexes|jobs|document)", path)
        client = deployer_api if deployers else owner_api
        response = client.get(path.format(**ids))
        assert response.status_code == 200, path
        described = operation["responses"]["200"]
        assert set(described["headers"]) - SOMETIMES <= set(response.headers)
        content = described["content"]["application/json"]
        validator(document, content["schema"]).validate(read_json(response))
        answered += 1
    assert answered == 17
    refused = owner_api.post("/v1/incident", {"name": 5, "colour": "red"})
    component(document, "Problem").validate(read_json(refused))


def test_what_was_read_may_be_sent_back(document_of, attributes, owner_api):
    document = document_of()
    schemas = document["components"]["schemas"]
    made = owner_api.post("/v1/incident", schemas["IncidentCreate"]["examples"][0])
    for name in ("IncidentCreate", "IncidentReplace", "IncidentPatch"):
        component(document, name).validate(read_json(made)["data"])


@pytest.mark.parametrize(
    ("name", "value"),
    [("count", "12"), ("isPending", "true"), ("ratio", "-1.5"), ("region", None), ("count", 12)],
)
def test_values_that_are_accepted_are_described(document_of, attributes, owner_api, name, value):
    document = document_of()
    made = owner_api.post(
        "/v1/incident", document["components"]["schemas"]["IncidentCreate"]["examples"][0]
    )
    body = {"name": name, "value": value}
    component(document, "AttributeValueReplace").validate(body)
    component(document, "AttributeValuesChange").validate({name: value})
    assert owner_api.put(f"{made['Location']}/attributes", body).status_code == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [("count", None), ("count", Decimal("1.5")), ("count", "yes"), ("isPending", 1), ("colour", 1)],
)
def test_values_that_are_refused_are_not_described(document_of, attributes, name, value):
    document = document_of()
    assert not component(document, "AttributeValuesChange").is_valid({name: value})
    assert not component(document, "AttributeValueReplace").is_valid({"name": name, "value": value})


def test_who_has_the_document_already_gets_304(anonymous_api, db):
    first = anonymous_api.get("/v1/schema")
    assert first["Content-Type"] == "application/json"
    again = anonymous_api.get("/v1/schema", HTTP_IF_NONE_MATCH=f"W/{first['ETag']}")
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    other = anonymous_api.get("/v1/schema", HTTP_IF_NONE_MATCH='"0"')
    assert other.status_code == 200


def test_the_document_comes_as_its_own_media_type_to_who_asks(anonymous_api, db):
    media_type = "application/vnd.oai.openapi+json"
    assert anonymous_api.get("/v1/schema", HTTP_ACCEPT=media_type)["Content-Type"] == media_type
    assert anonymous_api.get("/v1/schema", HTTP_ACCEPT="text/html").status_code == 406
    assert anonymous_api.get("/v1/schema?lang=de").json()["code"] == "unknown_parameter"


def test_reading_it_again_costs_one_statement(anonymous_api, db, django_assert_max_num_queries):
    anonymous_api.get("/v1/schema")
    with django_assert_max_num_queries(1):
        anonymous_api.get("/v1/schema")


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_pages_are_whole_and_name_no_other_host(client, db, path):
    response = client.get(path, HTTP_HOST="localhost")
    assert response.status_code == 200
    page = response.content.decode()
    assert set(re.findall(r"https?://([^/\"'\s<]+)", page)) <= {"localhost"}
    assert "<style" not in page
    assert " style=" not in page
    assert re.findall(r"<script(?! src=)", page) == []
    for asset in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        with contextlib.closing(client.get(asset, HTTP_HOST="localhost")) as served:
            assert served.status_code == 200, asset


def test_the_first_page_leads_to_the_docs_and_the_admin(client, db):
    page = client.get("/").content.decode()
    for path in ("/docs", "/v1/schema", "/admin/"):
        assert f'href="{path}"' in page
