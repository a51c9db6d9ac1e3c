"""The rules that every attribute may have, as a client meets them."""

import pytest

from attributes.models import Claim
from tests.conftest import ACME, DISK_FULL

pytestmark = pytest.mark.django_db

DEFINE = "/v1/incident/attributes"


@pytest.fixture
def define(deployer_api):
    def define(name, type, **members):  # noqa: A002
        response = deployer_api.post(DEFINE, {"name": name, "type": type, **members})
        assert response.status_code == 201, response.json()

    return define


def record(api, **members):
    return api.post("/v1/incident", {**DISK_FULL, **members})


def faults(response):
    return [(error["field"], error["code"]) for error in response.json()["errors"]]


def test_required_means_always_unless_the_deployer_says_more(owner_api, define):
    define("cause", "STRING", required=True)
    assert faults(record(owner_api)) == [("attributes.cause", "required")]
    incident = record(owner_api, attributes={"cause": "rain"}).json()["data"]
    url = f"/v1/incident/{incident['id']}"
    cleared = owner_api.patch(url, {"occ_lock": 0, "attributes": {"cause": None}})
    assert faults(cleared) == [("attributes.cause", "required")]


def test_required_on_creation_may_be_cleared_afterwards(owner_api, define):
    define("cause", "STRING", required=True, required_when="create")
    assert faults(record(owner_api)) == [("attributes.cause", "required")]
    incident = record(owner_api, attributes={"cause": "rain"}).json()["data"]
    url = f"/v1/incident/{incident['id']}"
    cleared = owner_api.patch(url, {"occ_lock": 0, "attributes": {"cause": None}})
    assert cleared.json()["data"]["attributes"] == {}


@pytest.fixture
def cause_at_the_end(define):
    define("cause", "STRING", required=True, required_when=["CLOSED", "RESOLVED"])


def test_a_status_asks_for_its_values_when_it_is_entered(owner_api, cause_at_the_end):
    incident = record(owner_api).json()["data"]
    url = f"/v1/incident/{incident['id']}"
    refused = owner_api.patch(url, {"occ_lock": 0, "status": "RESOLVED"})
    assert faults(refused) == [("attributes.cause", "required")]
    sent = {"occ_lock": 0, "status": "RESOLVED", "attributes": {"cause": "rain"}}
    assert owner_api.patch(url, sent).status_code == 200
    cleared = owner_api.patch(url, {"occ_lock": 1, "attributes": {"cause": None}})
    assert faults(cleared) == [("attributes.cause", "required")]


def test_a_status_asks_a_new_incident_too(owner_api, cause_at_the_end):
    assert faults(record(owner_api, status="CLOSED")) == [("attributes.cause", "required")]


def test_who_is_at_a_status_already_is_not_held_up(owner_api, deployer_api, define):
    incident = record(owner_api, status="CLOSED").json()["data"]
    define("cause", "STRING", required=True, required_when=["CLOSED"])
    url = f"/v1/incident/{incident['id']}"
    assert owner_api.patch(url, {"occ_lock": 0, "name": "Renamed"}).status_code == 200


def test_an_attribute_applies_to_some_types_of_incident(owner_api, define):
    define("cve", "STRING", applies_to=["SECURITY"], required=True)
    assert record(owner_api).status_code == 201
    sent = {"attributes": {"cve": "CVE-2026-1"}}
    assert faults(record(owner_api, **sent)) == [("attributes.cve", "not_applicable")]
    assert faults(record(owner_api, type="SECURITY")) == [("attributes.cve", "required")]
    assert record(owner_api, type="SECURITY", **sent).status_code == 201


def test_a_value_stays_when_the_type_moves_away_from_it(owner_api, define):
    define("cve", "STRING", applies_to=["SECURITY"])
    sent = {"type": "SECURITY", "attributes": {"cve": "CVE-2026-1"}}
    incident = record(owner_api, **sent).json()["data"]
    url = f"/v1/incident/{incident['id']}"
    moved = owner_api.patch(url, {"occ_lock": 0, "type": "OTHERS"}).json()["data"]
    assert moved["attributes"] == {"cve": "CVE-2026-1"}
    assert owner_api.put(url, moved).status_code == 200


@pytest.mark.parametrize(
    ("members", "fields"),
    [
        ({"required_when": "never"}, ["required_when"]),
        ({"required_when": []}, ["required_when"]),
        ({"required_when": ["DONE"]}, ["required_when"]),
        ({"applies_to": "SECURITY"}, ["applies_to"]),
        ({"applies_to": ["SECURITY", "SECURITY"]}, ["applies_to"]),
        ({"required": True, "applies_to": ["FLOOD"]}, ["applies_to"]),
        ({"unique": True, "default": 5}, ["default"]),
        (
            {"applies_to": ["FLOOD"], "default": 11, "rules": {"max": 10}, "unique": "perhaps"},
            ["applies_to", "unique", "default"],
        ),
        ({"rules": {"min": 3, "max": 2}}, ["rules.max"]),
    ],
)
def test_rules_that_contradict_themselves_are_refused_all_at_once(deployer_api, members, fields):
    response = deployer_api.post(DEFINE, {"name": "count", "type": "INTEGER", **members})
    assert response.status_code == 400
    assert [field for field, _ in faults(response)] == fields


def test_a_unique_value_is_one_incidents_of_a_tenant(owner_api, globex_api, define):
    define("ticket", "NUMBER", unique=True)
    first = record(owner_api, attributes={"ticket": "1.50"}).json()["data"]
    again = record(owner_api, attributes={"ticket": 1.5})
    assert (again.status_code, again.json()["code"]) == (409, "not_unique")
    assert faults(again) == [("attributes.ticket", "not_unique")]
    assert record(globex_api, attributes={"ticket": 1.5}).status_code == 201
    owner_api.patch(f"/v1/incident/{first['id']}", {"occ_lock": 0, "attributes": {"ticket": 2}})
    assert record(owner_api, attributes={"ticket": 1.5}).status_code == 201


def test_a_deleted_incident_gives_its_unique_value_back(owner_api, define, acme):
    define("ticket", "STRING", unique=True)
    first = record(owner_api, attributes={"ticket": "A-1"}).json()["data"]
    assert owner_api.delete(f"/v1/incident/{first['id']}").status_code == 204
    assert not Claim.objects.filter(tenant_id=ACME).exists()
    assert record(owner_api, attributes={"ticket": "A-1"}).status_code == 201


def test_a_reference_leads_to_an_incident_of_the_tenant(owner_api, globex_api, define):
    define("parent", "INCIDENT")
    own = record(owner_api).json()["data"]["id"]
    theirs = record(globex_api).json()["data"]["id"]
    assert record(owner_api, attributes={"parent": own}).status_code == 201
    for id_ in (theirs, "01939af0-0000-7000-8000-000000000000"):
        refused = record(owner_api, attributes={"parent": id_})
        assert faults(refused) == [("attributes.parent", "no_such_reference")]


SETS = f"{DEFINE}/option-sets"
REGIONS = {"name": "regions", "options": [{"code": "EU", "label": "Europe"}, {"code": "US"}]}


def test_attributes_share_a_set_of_options(owner_api, deployer_api, define):
    assert deployer_api.post(SETS, REGIONS).status_code == 201
    define("home", "SELECT", rules={"option_set": "regions"})
    define("away", "MULTISELECT", rules={"option_set": "regions"})
    good = {"home": "EU", "away": ["US", "EU"]}
    assert record(owner_api, attributes=good).json()["data"]["attributes"] == {
        "home": "EU",
        "away": ["EU", "US"],
    }
    retired = [{"code": "EU"}, {"code": "US", "retired": True, "replaced_by": "CA"}, {"code": "CA"}]
    assert deployer_api.patch(f"{SETS}/regions", {"options": retired}).status_code == 200
    assert faults(record(owner_api, attributes={"home": "US"})) == [
        ("attributes.home", "retired_option")
    ]
    assert record(owner_api, attributes={"home": "CA"}).status_code == 201


def test_an_option_that_values_may_have_is_not_removed(deployer_api, define):
    deployer_api.post(SETS, REGIONS)
    define("home", "SELECT", rules={"option_set": "regions"})
    define("own", "SELECT", rules={"options": [{"code": "a"}, {"code": "b"}]})
    fewer = {"options": [{"code": "EU"}]}
    assert faults(deployer_api.patch(f"{SETS}/regions", fewer)) == [("options", "in_use")]
    fewer = {"rules": {"options": [{"code": "a"}]}}
    assert faults(deployer_api.patch(f"{DEFINE}/own", fewer)) == [("rules.options", "in_use")]
    refused = deployer_api.delete(f"{SETS}/regions")
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, [("name", "invalid_name"), ("options", "required")]),
        ({"name": "a b", "options": []}, [("name", "invalid_name"), ("options", "too_few")]),
        (
            {"name": "x", "options": [{"code": "a"}, {"code": "A"}]},
            [("options[1].code", "duplicate_option")],
        ),
        ({"name": "x", "options": [{"code": "a"}], "more": 1}, [("more", "unknown_field")]),
    ],
)
def test_a_set_that_cannot_be_is_refused_all_at_once(deployer_api, members, expected):
    assert faults(deployer_api.post(SETS, members)) == expected


def test_validating_says_what_creating_would(owner_api, define, stored):
    define("ticket", "STRING", unique=True)
    record(owner_api, attributes={"ticket": "A-1"})
    before = stored()
    url = "/v1/incident/validate"
    fine = owner_api.post(url, {**DISK_FULL, "attributes": {"ticket": "A-2"}})
    assert fine.status_code == 200
    assert fine.json()["data"]["incident"]["attributes"] == {"ticket": "A-2"}
    taken = owner_api.post(url, {**DISK_FULL, "attributes": {"ticket": "A-1"}})
    assert (taken.status_code, taken.json()["code"]) == (409, "not_unique")
    wrong = owner_api.post(url, {**DISK_FULL, "date": "now", "attributes": {"tickets": 1}})
    assert faults(wrong) == [("date", "invalid"), ("attributes.tickets", "unknown_attribute")]
    assert stored() == before


def test_the_types_say_what_a_form_editor_needs(viewer_api):
    data = viewer_api.get(f"{DEFINE}/types").json()["data"]
    integer = next(type_ for type_ in data["types"] if type_["name"] == "INTEGER")
    assert integer["widget"] == "number"
    assert {"exact", "gte"} <= set(integer["operators"])
    assert [rule["name"] for rule in integer["rules"]] == ["min", "max", "unit"]
    assert {"required", "required_when", "applies_to", "unique"} <= set(data["common"])


def test_the_schema_is_of_one_type_and_is_not_sent_twice(viewer_api, define):
    define("cve", "STRING", applies_to=["SECURITY"], required=True)
    define("count", "INTEGER", label="People", rules={"min": 0}, default=0)
    url = f"{DEFINE}/schema"
    whole = viewer_api.get(url)
    assert list(whole.json()["data"]["properties"]) == ["cve", "count"]
    others = viewer_api.get(url, {"type": "OTHERS"}).json()["data"]
    assert (list(others["properties"]), others["required"]) == (["count"], [])
    assert viewer_api.get(url, {"type": "SECURITY"}).json()["data"]["required"] == ["cve"]
    tag = {"If-None-Match": whole.headers["ETag"]}
    assert viewer_api.get(url, headers=tag).status_code == 304
    define("more", "STRING")
    assert viewer_api.get(url, headers=tag).status_code == 200
    assert faults(viewer_api.get(url, {"type": "NOPE"})) == [("type", "unknown_code")]


@pytest.mark.parametrize("name", ["types", "schema", "jobs"])
def test_no_attribute_takes_the_place_of_what_is_published(deployer_api, name):
    response = deployer_api.post(DEFINE, {"name": name, "type": "STRING"})
    assert faults(response) == [("name", "reserved_name")]


OPTIONS = [{"code": "api"}, {"code": "web"}, {"code": "db"}]


def test_reordering_options_changes_no_value(owner_api, deployer_api, define):
    define("parts", "MULTISELECT", unique=True, rules={"options": OPTIONS})
    incident = record(owner_api, attributes={"parts": ["web", "api"]}).json()["data"]
    assert incident["attributes"] == {"parts": ["api", "web"]}
    deployer_api.patch(f"{DEFINE}/parts", {"rules": {"options": OPTIONS[::-1]}})
    url = f"/v1/incident/{incident['id']}"
    read = owner_api.get(url).json()["data"]
    assert read["attributes"] == {"parts": ["web", "api"]}
    assert owner_api.patch(url, read).json()["data"]["occ_lock"] == 0
    assert record(owner_api, attributes={"parts": ["api", "web"]}).status_code == 409


def test_moving_to_a_type_asks_for_what_it_requires(owner_api, define):
    define("cve", "STRING", required=True, applies_to=["SECURITY"])
    define("cause", "STRING", required=True, required_when=["CLOSED"], applies_to=["SECURITY"])
    url = f"/v1/incident/{record(owner_api, status='CLOSED').json()['data']['id']}"
    moved = owner_api.patch(url, {"occ_lock": 0, "type": "SECURITY"})
    assert faults(moved) == [("attributes.cve", "required"), ("attributes.cause", "required")]
    values = {"cve": "CVE-1", "cause": "rain"}
    sent = {"occ_lock": 0, "type": "SECURITY", "attributes": values}
    assert owner_api.patch(url, sent).status_code == 200


def test_a_person_is_one_whatever_the_name(owner_api, define):
    define("lead", "USER", unique=True)
    assert record(owner_api, attributes={"lead": "ann"}).status_code == 201
    again = {"lead": {"subject": "ann", "name": "Ann"}}
    assert record(owner_api, attributes=again).status_code == 409


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ([{"code": "EU", "retired": True}, {"code": "US"}], "options"),
        ([{"code": "EU"}, {"code": "US", "retired": True}], "options"),
    ],
)
def test_a_set_stays_fit_for_the_attributes_that_share_it(deployer_api, define, change, field):
    deployer_api.post(SETS, REGIONS)
    define("home", "SELECT", rules={"option_set": "regions"}, default="EU")
    define("both", "MULTISELECT", rules={"option_set": "regions", "min_chosen": 2})
    refused = deployer_api.patch(f"{SETS}/regions", {"options": change})
    assert set(faults(refused)) == {(field, "in_use")}


def test_what_no_shared_option_could_satisfy_is_refused(deployer_api):
    deployer_api.post(SETS, REGIONS)
    rules = {"option_set": "regions", "min_chosen": 3}
    members = {"name": "both", "type": "MULTISELECT", "rules": rules}
    assert faults(deployer_api.post(DEFINE, members)) == [("rules.min_chosen", "contradiction")]


@pytest.mark.parametrize("where", ["own", "values"])
def test_a_million_faults_are_told_by_their_first(owner_api, where):
    names = {f"k{number}": 1 for number in range(50_000)}
    response = record(owner_api, **(names if where == "own" else {"attributes": names}))
    told = response.json()
    assert (response.status_code, len(told["errors"])) == (400, 100)
    assert told["detail"].startswith("More than 100 values were refused")
    assert len(response.content) < 20_000
