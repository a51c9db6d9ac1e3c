"""The wire contract's promises, as a client sees them."""

from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attributes.models import AttributeMeta
from incidents.models import Incident
from incidents_project.exact_json import dumps, loads
from tests.conftest import ACME, DISK_FULL

pytestmark = pytest.mark.django_db

CONTRACT_ATTRIBUTE = {"name": "isPending", "type": "BOOLEAN"}
CONTRACT_INCIDENT = {
    "name": "Another Security Breach",
    "status": "NEW",
    "type": "OTHERS",
    "date": "2024-11-11T02:57:27Z",
    "description": "...",
    "reported_by": "John Doe",
    "attributes": {"isPending": True, "count": 5},
    "location": "",
    "severity": "CRITICAL",
    "next_update": 1674521800,
    "resolved_date": None,
    "backdated": False,
}
MEMBERS = [
    "id", "name", "status", "type", "date", "description", "reported_by", "attributes", "location",
    "severity", "next_update", "resolved_date", "backdated", "created_at", "created_by",
    "updated_at", "updated_by", "tenant_id", "occ_lock",
]  # fmt: skip


@pytest.fixture
def defined(make_attribute):
    make_attribute("isPending", "BOOLEAN")
    make_attribute("count", "INTEGER")
    make_attribute("cost", "NUMBER")
    make_attribute("region", "STRING")
    make_attribute("seen", "DATETIME")


def created(api, **overrides):
    response = api.post("/v1/incident", {**DISK_FULL, **overrides})
    assert response.status_code == 201, response.json()
    return response.json()["data"]


def url(incident, tail=""):
    return f"/v1/incident/{incident['id']}{tail}"


def test_the_contracts_attribute_is_created_name_and_type_first(deployer_api):
    response = deployer_api.post("/v1/incident/attributes", CONTRACT_ATTRIBUTE)
    assert response.status_code == 201
    data = response.json()["data"]
    assert list(data)[:2] == ["name", "type"]
    assert (
        data
        | {
            "label": "",
            "description": "",
            "required": False,
            "default": None,
            "rules": {},
            "state": "ACTIVE",
        }
        == data
    )


def test_the_contracts_incident_is_created_and_read_back(owner_api, viewer_api, defined):
    response = owner_api.post("/v1/incident", CONTRACT_INCIDENT)
    incident = response.json()["data"]
    assert response.status_code == 201
    assert response.headers["Location"] == url(incident)
    assert response.headers["ETag"] == '"0"'
    assert list(incident) == MEMBERS
    assert {name: incident[name] for name in CONTRACT_INCIDENT} == CONTRACT_INCIDENT
    assert viewer_api.get(url(incident)).json()["data"] == incident


def test_what_is_left_out_has_the_contracts_defaults(owner_api):
    incident = created(owner_api)
    absent = ("location", "severity", "next_update", "resolved_date", "backdated", "attributes")
    assert [incident[name] for name in absent] == ["", "", 0, None, False, {}]
    assert incident["tenant_id"] == ACME
    assert incident["created_by"] == incident["updated_by"] == "acme incident_owner"


def test_an_envelope_says_when_it_was_sent(owner_api):
    body = owner_api.get("/v1/incident").json()
    assert set(body) == {"data", "page", "sent_at"}
    assert body["sent_at"].endswith("Z")


@pytest.mark.parametrize(
    "sent", [{}, {"location": ""}, {"attributes": {}}, {"attributes": {"region": None}}]
)
def test_a_patch_that_changes_nothing_changes_nothing_at_all(owner_api, defined, sent):
    incident = created(owner_api, attributes={"count": 5})
    response = owner_api.patch(url(incident), {**sent, "occ_lock": 0})
    assert response.status_code == 200
    assert response.json()["data"] == incident
    history = owner_api.get(url(incident, "/history")).json()["data"]
    assert [entry["action"] for entry in history] == ["incident.created"]


def test_putting_an_incident_replaces_its_own_fields_and_keeps_its_values(owner_api, defined):
    incident = created(owner_api, severity="HIGH", location="Hall 3", attributes={"count": 5})
    response = owner_api.put(url(incident), {**DISK_FULL, "name": "Renamed", "occ_lock": 0})
    data = response.json()["data"]
    assert (data["name"], data["severity"], data["location"]) == ("Renamed", "", "")
    assert data["attributes"] == {"count": 5}
    assert (data["occ_lock"], response.headers["ETag"]) == (1, '"1"')


def test_null_clears_a_value_and_absent_leaves_it(owner_api, defined):
    incident = created(owner_api, attributes={"count": 5, "region": ""})
    assert incident["attributes"] == {"count": 5, "region": ""}
    sent = {"occ_lock": 0, "attributes": {"count": None}}
    assert owner_api.patch(url(incident), sent).json()["data"]["attributes"] == {"region": ""}


def test_a_stale_lock_is_refused_and_changes_nothing(owner_api):
    incident = created(owner_api)
    owner_api.patch(url(incident), {"name": "First", "occ_lock": 0})
    response = owner_api.patch(url(incident), {"name": "Second", "occ_lock": 0})
    assert (response.status_code, response.json()["code"]) == (409, "stale_object")
    assert owner_api.get(url(incident)).json()["data"]["name"] == "First"


def test_an_update_says_which_version_it_changes(owner_api):
    incident = created(owner_api)
    for method in (owner_api.put, owner_api.patch):
        response = method(url(incident), {**DISK_FULL, "name": "x"})
        assert (response.status_code, response.json()["code"]) == (428, "precondition_required")


@pytest.mark.parametrize(
    ("header", "status"),
    [('"0"', 200), ("*", 200), ('"7", "0"', 200), ('"7"', 412), ('W/"0"', 412), ("0", 412)],
)
def test_if_match_guards_an_update(owner_api, header, status):
    incident = created(owner_api)
    response = owner_api.patch(url(incident), {"name": "x"}, headers={"If-Match": header})
    assert response.status_code == status


def test_if_match_guards_a_delete(owner_api):
    incident = created(owner_api)
    assert owner_api.delete(url(incident), headers={"If-Match": '"7"'}).status_code == 412
    assert owner_api.delete(url(incident), headers={"If-Match": '"0"'}).status_code == 204
    assert owner_api.get(url(incident)).status_code == 404


def test_a_client_that_holds_the_version_is_not_sent_it_again(owner_api):
    incident = created(owner_api)
    response = owner_api.get(url(incident), headers={"If-None-Match": '"0"'})
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["ETag"] == '"0"'


def test_a_single_value_is_set_once_replaced_and_cleared(owner_api, defined):
    incident = created(owner_api)
    values = url(incident, "/attributes")
    first = owner_api.post(values, {"name": "count", "value": "5"})
    assert (first.status_code, first.json()["data"]["attributes"]) == (201, {"count": 5})
    again = owner_api.post(values, {"name": "count", "value": 6})
    assert (again.status_code, again.json()["code"]) == (409, "already_set")
    assert owner_api.put(values, {"name": "count", "value": 6}).status_code == 200
    assert owner_api.get(values).json()["data"] == {"count": 6}
    cleared = owner_api.put(values, {"name": "count", "value": None})
    assert cleared.json()["data"]["attributes"] == {}
    assert owner_api.delete(f"{values}/count").status_code == 404


def test_a_deleted_attribute_is_gone_at_once_and_its_name_meets_no_old_value(
    owner_api, deployer_api, defined
):
    incident = created(owner_api, attributes={"count": 5})
    assert deployer_api.delete("/v1/incident/attributes/count").status_code == 204
    assert owner_api.get(url(incident)).json()["data"]["attributes"] == {}
    again = {"name": "Count", "type": "STRING"}
    assert deployer_api.post("/v1/incident/attributes", again).status_code == 201
    assert owner_api.get(url(incident)).json()["data"]["attributes"] == {}
    slots = AttributeMeta.objects.filter(name__iexact="count").values_list("slot", flat=True)
    assert len(set(slots)) == 2


def test_values_lie_under_their_slot(owner_api, defined, acme):
    incident = created(owner_api, attributes={"count": 5})
    slot = AttributeMeta.objects.get(name="count").slot
    assert Incident.objects.get(id=incident["id"]).attributes == {slot: 5}


def test_a_rule_tightened_later_does_not_stop_an_unrelated_edit(owner_api, deployer_api, defined):
    incident = created(owner_api, attributes={"count": 5})
    tightened = {"rules": {"min": 100}, "required": True}
    assert deployer_api.patch("/v1/incident/attributes/count", tightened).status_code == 200
    whole = owner_api.put(url(incident), {**incident, "name": "Renamed"})
    assert (whole.status_code, whole.json()["data"]["attributes"]) == (200, {"count": 5})
    touched = owner_api.patch(url(incident), {"occ_lock": 1, "attributes": {"count": 6}})
    assert touched.json()["code"] == "minimum"


def test_required_and_default_are_for_new_incidents(owner_api, deployer_api):
    define = "/v1/incident/attributes"
    deployer_api.post(define, {"name": "team", "type": "STRING", "required": True})
    deployer_api.post(define, {"name": "drill", "type": "BOOLEAN", "default": "false"})
    refused = owner_api.post("/v1/incident", DISK_FULL).json()
    assert refused["errors"] == [
        {
            "field": "attributes.team",
            "code": "required",
            "message": "This attribute is required.",
        }
    ]
    assert created(owner_api, attributes={"team": "db"})["attributes"] == {
        "team": "db",
        "drill": False,
    }


def test_every_wrong_field_is_reported_at_once(owner_api, defined):
    response = owner_api.post(
        "/v1/incident",
        {
            **DISK_FULL,
            "date": "2024-11-11T02:57:27",
            "status": "MAYBE",
            "colour": "red",
            "attributes": {"count": True, "contains": 1},
        },
    )
    told = response.json()
    assert (response.status_code, told["code"]) == (400, "invalid")
    assert {(error["field"], error["code"]) for error in told["errors"]} == {
        ("colour", "unknown_field"),
        ("status", "unknown_code"),
        ("date", "no_offset"),
        ("attributes.count", "wrong_type"),
        ("attributes.contains", "unknown_attribute"),
    }


def test_what_the_server_makes_cannot_be_assigned(owner_api):
    incident = created(
        owner_api,
        id="e322ab0e-07b3-49bd-b904-7014512032e3",
        tenant_id="globex",
        created_by="Mallory",
        occ_lock=77,
    )
    assert incident["id"] != "e322ab0e-07b3-49bd-b904-7014512032e3"
    assert (incident["tenant_id"], incident["created_by"]) == (ACME, "acme incident_owner")
    assert incident["occ_lock"] == 0


def test_next_update_takes_both_forms_and_answers_seconds(owner_api):
    assert created(owner_api, next_update="2023-01-24T00:56:40Z")["next_update"] == 1674521800
    assert created(owner_api, next_update="1674521800")["next_update"] == 1674521800
    refused = owner_api.post("/v1/incident", {**DISK_FULL, "next_update": -1})
    assert refused.json()["errors"][0]["field"] == "next_update"


VALUES = st.fixed_dictionaries(
    {},
    optional={
        "isPending": st.booleans(),
        "count": st.integers(-(2**63), 2**63 - 1),
        "cost": st.decimals(
            allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12
        ).map(str),
        "region": st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=255),
        "seen": st.datetimes(
            min_value=datetime(1971, 1, 1),  # noqa: DTZ001
            max_value=datetime(2199, 1, 1),  # noqa: DTZ001
        ).map(lambda moment: moment.isoformat(timespec="microseconds") + "Z"),
    },
)
BODIES = st.fixed_dictionaries(
    {
        "name": st.text("abc é🙂", min_size=1).filter(lambda text: text.strip()),
        "attributes": VALUES,
    },
    optional={
        "severity": st.sampled_from(["", "LOW", "CRITICAL"]),
        "resolved_date": st.sampled_from([None, "2026-01-01T00:00:00.5+02:00"]),
        "backdated": st.booleans(),
        "next_update": st.integers(0, 2**32),
    },
)
PROPERTY = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@PROPERTY
@given(body=BODIES)
def test_what_was_read_can_be_sent_back_and_changes_nothing(owner_api, defined, body):
    def send(method, sent):  # numbers as they stand in the text, never as floats
        answer = method(url(incident), dumps(sent), content_type="application/json")
        assert answer.status_code == 200
        return loads(answer.content.decode())["data"]

    incident = created(owner_api, **body)
    incident = loads(owner_api.get(url(incident)).content.decode())["data"]
    for sent in (incident, {"occ_lock": 0}):
        assert send(owner_api.patch, sent) == incident
    answer = send(owner_api.put, incident)
    changed = {name for name in MEMBERS if answer[name] != incident[name]}
    assert changed <= {"occ_lock", "updated_at", "updated_by"}
    assert answer["occ_lock"] == 1
