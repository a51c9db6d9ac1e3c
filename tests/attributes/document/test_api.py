"""The document over HTTP."""

import pytest

from attributes.document.parse import read
from attributes.models import AttributeMeta
from tests.attributes.document.hands import exported

PATH = "/v1/incident/attributes/document"
DOCUMENT = {"version": 1, "attributes": [{"name": "count", "type": "INTEGER"}]}
TEXT = "version: 1\nattributes:\n  - name: count\n    type: INTEGER\n"

pytestmark = pytest.mark.django_db


@pytest.fixture
def post(deployer_api):
    def post(verb, document=DOCUMENT, **members):
        return deployer_api.post(f"{PATH}/{verb}", {"document": document, **members}, "json")

    return post


def test_it_is_exported_as_json_and_as_yaml(deployer_api, make_attribute):
    make_attribute("cost", "NUMBER", rules={"min": 0})
    answered = deployer_api.get(PATH)
    assert answered.status_code == 200
    in_yaml = deployer_api.get(PATH, HTTP_ACCEPT="application/yaml")
    assert in_yaml.headers["Content-Type"] == "application/yaml"
    assert in_yaml.content.decode() == exported()
    assert read(in_yaml.content.decode()).value == answered.json()["data"]


def test_a_refusal_is_a_problem_also_for_who_asks_for_yaml(viewer_api):
    answered = viewer_api.get(PATH, HTTP_ACCEPT="application/yaml")
    assert answered.status_code == 403
    assert answered.headers["Content-Type"] == "application/problem+json"
    assert answered.json()["code"] == "forbidden"


@pytest.mark.parametrize("document", [DOCUMENT, TEXT], ids=["object", "text"])
def test_it_is_planned_and_applied(post, document):
    planned = post("plan", document).json()["data"]
    assert [step["says"] for step in planned["steps"]] == ["define count (INTEGER)"]
    assert (planned["classes"], planned["steps"][0]["undo_forever"]) == (["safe"], True)
    applied = post("apply", document, plan=planned["plan"])
    assert applied.status_code == 200
    assert applied.json()["data"] == planned | {"jobs": []}
    assert post("plan", document).json()["data"]["steps"] == []
    assert AttributeMeta.objects.get().name == "count"


def test_jobs_that_were_begun_are_told(post, make_attribute):
    make_attribute("count", "STRING")
    (job,) = post("apply").json()["data"]["jobs"]
    assert (job["kind"], job["attribute"]) == ("RETYPE", "count")


def test_samples_are_the_callers_own(post, make_attribute, make_incident, cleo):
    make_attribute("count", "STRING")
    mine = make_incident(attributes={"count": "007"})
    make_incident(cleo, attributes={"count": "008"})
    (step,) = post("plan").json()["data"]["steps"]
    lossy = step["outcomes"]["lossy"]
    assert lossy["count"] == 2
    assert [sample["incident_id"] for sample in lossy["samples"]] == [str(mine["id"])]


def test_faults_of_text_are_told_with_line_and_column(post):
    answered = post("plan", TEXT + "    label: NO\n")
    assert answered.status_code == 400
    (fault,) = answered.json()["errors"]
    assert fault["field"] == "line 5, column 12: attributes[0].label"


def test_faults_of_an_object_are_told_by_their_place(post):
    answered = post("plan", {"version": 1, "attributes": [{"name": "count", "type": "NONE"}]})
    (fault,) = answered.json()["errors"]
    assert (fault["field"], fault["code"]) == ("attributes[0].type", "unknown_type")


@pytest.mark.parametrize("document", [None, 3, [], True])
def test_what_is_no_document_is_refused_by_its_name(post, document):
    (fault,) = post("plan", document).json()["errors"]
    assert fault["field"] == "document"


@pytest.mark.parametrize(
    ("verb", "members", "status", "code"),
    [
        ("plan", {"document": None}, 400, "required"),
        ("plan", {"document": 5}, 400, "wrong_type"),
        ("plan", {"allow": []}, 400, "unknown_field"),
        ("plan", {"prune": "perhaps"}, 400, "wrong_type"),
        ("plan", {"exact": 1}, 400, "wrong_type"),
        ("apply", {"exact": True}, 400, "unknown_field"),
        ("apply", {"plan": 5}, 400, "wrong_type"),
        ("apply", {"plan": "of yesterday"}, 409, "stale_plan"),
        ("apply", {"allow": ["safe"]}, 400, "wrong_type"),
        ("apply", {"allow": [[]]}, 400, "wrong_type"),
        ("apply", {"allow": "lossy"}, 400, "wrong_type"),
    ],
)
def test_what_is_wrong_beside_the_document_is_refused(post, stored, verb, members, status, code):
    before = stored()
    answered = post(verb, **members)
    assert (answered.status_code, answered.json()["code"]) == (status, code)
    assert stored() == before


def test_losses_must_be_allowed(post, make_attribute, make_incident):
    make_attribute("count", "STRING")
    make_incident(attributes={"count": "007"})
    answered = post("apply")
    assert (answered.status_code, answered.json()["code"]) == (409, "not_allowed")
    assert answered.json()["classes"] == ["lossy"]
    assert post("apply", allow=["lossy"]).status_code == 200


@pytest.mark.parametrize("role", ["viewer_api", "owner_api", "globex_api"])
def test_only_deployers_may(request, role):
    client = request.getfixturevalue(role)
    expected = 200 if role == "globex_api" else 403
    assert client.get(PATH).status_code == expected
    for verb in ("plan", "apply"):
        answered = client.post(f"{PATH}/{verb}", {"document": DOCUMENT}, "json")
        assert answered.status_code == expected
