"""Changes of attributes over HTTP: previewed, carried out, taken back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from attributes.api import openapi_changes
from attributes.jobs.worker import Worker
from attributes.operations.changes import BY_NAME
from tests.conftest import ACME, client_of

PATH = "/v1/incident/attributes"
UNKNOWN = "01939af0-0000-7000-8000-000000000000"
LONG = "Must have at most 1 characters."
QUERIES = 5  # definitions, former names, slots, jobs, indexes
in_transaction = pytest.mark.django_db


def data(response, status=200):
    assert response.status_code == status, response.json()
    return response.json()["data"]


def refusal(response, status, code):
    """The problem, whose words say what to do."""
    body = response.json()
    assert (response.status_code, body["code"]) == (status, code), body
    assert body["detail"].endswith((".", "?"))
    return body


def preview(api, change, about="count", **members):
    return api.post(f"{PATH}/{about}/preview", {"change": change, **members})


def ask(api, change, about="count", **members):
    return api.post(f"{PATH}/{about}/{change}", members)


def work():
    """Have every job done that can be."""
    return list(Worker(max_writer_delay=1.0).work())


@pytest.fixture
def texts(make_attribute, make_incident):
    """Text that counts: one value as it would be written, one that loses, one that is none."""
    make_attribute("count", "STRING")
    made = [make_incident(attributes={"count": text}) for text in ("5", "007", "many")]
    return [str(incident["id"]) for incident in made]


# Previews


@in_transaction
def test_a_preview_counts_what_would_become_of_each_value(deployer_api, texts, make_incident):
    make_incident()
    told = data(preview(deployer_api, "retype", type="INTEGER"))
    assert list(told) == [
        "change", "name", "class", "plan", "exact", "incidents", "holders", "outcomes",
        "referrers", "notes", "seconds", "undo_until", "undo_forever",
    ]  # fmt: skip
    assert (told["change"], told["name"], told["class"]) == ("retype", "count", "lossy")
    assert (told["exact"], told["incidents"], told["holders"]) == (True, 4, 3)
    counts = {outcome: found["count"] for outcome, found in told["outcomes"].items()}
    assert counts == {"kept": 1, "lossy": 1, "impossible": 1}
    (lossy,) = told["outcomes"]["lossy"]["samples"]
    assert lossy == {
        "incident_id": texts[1], "value": "007", "becomes": 7, "why": lossy["why"],
    }  # fmt: skip
    (impossible,) = told["outcomes"]["impossible"]["samples"]
    assert (impossible["value"], impossible["becomes"]) == ("many", None)
    assert impossible["why"]
    assert told["undo_until"] > timezone.now().isoformat()


@in_transaction
def test_a_preview_counts_for_all_and_shows_only_its_own_tenants_incidents(
    deployer_api, make_attribute, make_incident, cleo
):
    make_attribute("count", "STRING")
    make_incident(attributes={"count": "ours"})
    make_incident(cleo, attributes={"count": "theirs"})
    told = data(preview(deployer_api, "archive"))
    assert told["holders"] == 2
    assert [sample["value"] for sample in told["outcomes"]["kept"]["samples"]] == ["ours"]
    assert (told["class"], told["undo_until"], told["undo_forever"]) == ("safe", None, True)


@in_transaction
def test_samples_show_values_as_the_api_answers_them(deployer_api, make_attribute, make_incident):
    make_attribute("count", "DURATION")
    make_incident(attributes={"count": "PT90M"})
    (sample,) = data(preview(deployer_api, "retype", type="STRING"))["outcomes"]["kept"]["samples"]
    assert (sample["value"], sample["becomes"]) == ("PT1H30M", "PT1H30M")
    (sample,) = data(preview(deployer_api, "archive"))["outcomes"]["kept"]["samples"]
    assert sample["value"] == "PT1H30M"


@in_transaction
def test_a_quick_preview_says_that_it_is_one_where_it_estimates(deployer_api, texts):
    told = data(preview(deployer_api, "retype", type="INTEGER", exact=False))
    assert told["exact"]  # of so few all are counted
    assert refusal(preview(deployer_api, "archive", exact="perhaps"), 400, "wrong_type")


@in_transaction
def test_a_preview_changes_nothing(deployer_api, texts, stored):
    before = stored()
    for members in ({"change": "rename", "name": "n"}, {"change": "retype", "type": "INTEGER"}):
        data(deployer_api.post(f"{PATH}/count/preview", members))
    assert stored() == before


@in_transaction
@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({}, "required"),
        ({"change": None}, "required"),
        ({"change": "explode"}, "unknown_change"),
        ({"change": ["rename"]}, "unknown_change"),
    ],
    ids=str,
)
def test_a_preview_of_no_change_there_is_names_those_there_are(deployer_api, texts, members, code):
    told = refusal(deployer_api.post(f"{PATH}/count/preview", members), 400, code)
    (fault,) = told["errors"]
    assert fault["field"] == "change"
    assert all(known in fault["message"] for known in BY_NAME)


@in_transaction
def test_a_misspelt_change_is_told_the_nearest(deployer_api, texts):
    assert "Did you mean retype?" in preview(deployer_api, "retyp").json()["detail"]


@in_transaction
def test_a_preview_is_refused_as_the_change_would_be(deployer_api, texts, make_attribute):
    make_attribute("other", "STRING")
    refusal(preview(deployer_api, "rename", name="OTHER"), 409, "name_taken")
    refusal(preview(deployer_api, "retype", type="STRING"), 400, "same_type")
    refusal(preview(deployer_api, "retype", type="BOOLEAN", colour="red"), 400, "unknown_field")
    refusal(preview(deployer_api, "undo"), 409, "nothing_to_undo")
    refusal(preview(deployer_api, "reactivate"), 409, "not_now")
    refusal(preview(deployer_api, "archive", "nothing"), 404, "not_found")
    refusal(preview(deployer_api, "restore"), 404, "not_found")


# Plans and versions


@in_transaction
def test_a_change_with_its_plan_is_what_was_previewed(deployer_api, texts):
    plan = data(preview(deployer_api, "rename", name="hits"))["plan"]
    refusal(ask(deployer_api, "rename", name="calls", plan=plan), 409, "stale_plan")
    assert data(ask(deployer_api, "rename", name="hits", plan=plan))["name"] == "hits"


@in_transaction
def test_a_plan_is_stale_once_any_attribute_was_changed(deployer_api, texts, make_attribute):
    plan = data(preview(deployer_api, "rename", name="hits"))["plan"]
    make_attribute("other")
    refusal(ask(deployer_api, "rename", name="hits", plan=plan), 409, "stale_plan")
    assert data(deployer_api.get(f"{PATH}/count"))["name"] == "count"


@in_transaction
def test_what_may_be_lost_is_named_after_the_preview(deployer_api, texts):
    plan = data(preview(deployer_api, "retype", type="INTEGER"))["plan"]
    accept = {"lossy": 1, "impossible": 1}
    data(ask(deployer_api, "retype", type="INTEGER", plan=plan, accept=accept), 202)


@in_transaction
@pytest.mark.parametrize("plan", [5, True, [], {}])
def test_a_plan_that_is_none(deployer_api, texts, plan):
    told = refusal(ask(deployer_api, "deprecate", plan=plan), 400, "wrong_type")
    assert told["errors"][0]["field"] == "plan"


@in_transaction
def test_a_change_may_say_which_version_it_is_made_against(deployer_api, texts):
    refusal(ask(deployer_api, "deprecate", occ_lock=7), 409, "stale_object")
    refusal(ask(deployer_api, "deprecate", occ_lock="x"), 400, "wrong_type")
    path = f"{PATH}/count/deprecate"
    stale = deployer_api.post(path, {}, headers={"If-Match": '"7"'})
    refusal(stale, 412, "precondition_failed")
    response = deployer_api.post(path, {"occ_lock": 0}, headers={"If-Match": '"0"'})
    assert data(response)["occ_lock"] == 1
    assert response.headers["ETag"] == '"1"'


# Each change


@in_transaction
def test_a_renamed_attribute_shows_the_name_it_had(deployer_api, viewer_api, texts):
    told = data(ask(deployer_api, "rename", name="hits", alias_days=30))
    assert data(viewer_api.get(f"{PATH}/hits")) == told
    (alias,) = told["aliases"]
    assert alias["name"] == "count"
    assert alias["until"][:10] == str(timezone.now().date() + timedelta(days=30))
    assert viewer_api.get(f"/v1/incident/{texts[0]}").json()["data"]["attributes"] == {"hits": "5"}


@in_transaction
def test_a_former_name_is_forgotten_before_its_time(deployer_api, texts):
    data(ask(deployer_api, "rename", name="hits"))
    body = {"name": "count", "type": "DATE"}
    refusal(deployer_api.post(PATH, body), 409, "name_taken")
    refusal(deployer_api.delete(f"{PATH}/hits/aliases/other"), 404, "not_found")
    refusal(deployer_api.delete(f"{PATH}/hits/aliases/count?plan=old"), 409, "stale_plan")
    refusal(deployer_api.delete(f"{PATH}/hits/aliases/count?force=1"), 400, "unknown_parameter")
    response = deployer_api.delete(f"{PATH}/hits/aliases/count", headers={"If-Match": '"1"'})
    assert (response.status_code, response.content) == (204, b"")
    assert data(deployer_api.get(f"{PATH}/hits"))["aliases"] == []
    data(deployer_api.post(PATH, body), 201)


@in_transaction
def test_a_deprecated_attribute_is_listed_with_its_day(deployer_api, viewer_api, texts):
    told = data(ask(deployer_api, "deprecate", sunset="2030-12-31"))
    assert (told["state"], told["sunset"]) == ("DEPRECATED", "2030-12-31")
    assert data(viewer_api.get(PATH)) == data(viewer_api.get(f"{PATH}?state=DEPRECATED")) == [told]
    assert data(viewer_api.get(f"{PATH}?state=ACTIVE")) == []
    refusal(ask(deployer_api, "deprecate", sunset="soon"), 400, "invalid")
    # What need not be said may be left out with its braces.
    again = data(deployer_api.post(f"{PATH}/count/reactivate"))
    assert (again["state"], again["sunset"]) == ("ACTIVE", None)
    refusal(ask(deployer_api, "reactivate"), 409, "not_now")


@in_transaction
def test_an_archived_attribute_comes_back_with_its_values(deployer_api, viewer_api, texts):
    assert deployer_api.delete(f"{PATH}/count").status_code == 204
    (archived,) = data(deployer_api.get(f"{PATH}?state=ARCHIVED"))
    assert archived["archived_at"][:10] == str(timezone.now().date())
    told = data(ask(deployer_api, "restore"))
    assert (told["id"], told["state"], told["archived_at"]) == (archived["id"], "ACTIVE", None)
    incident = viewer_api.get(f"/v1/incident/{texts[1]}").json()["data"]
    assert incident["attributes"] == {"count": "007"}


@in_transaction
def test_of_several_that_had_the_name_one_is_restored_by_its_id(deployer_api, make_attribute):
    first = make_attribute("count", "STRING")
    deployer_api.delete(f"{PATH}/count")
    second = make_attribute("count", "INTEGER")
    deployer_api.delete(f"{PATH}/count")
    refusal(ask(deployer_api, "restore", id=UNKNOWN), 404, "not_found")
    refusal(ask(deployer_api, "restore", id="first"), 400, "invalid")
    assert data(ask(deployer_api, "restore", id=str(first.id)))["type"] == "STRING"
    refusal(ask(deployer_api, "restore"), 409, "name_taken")
    assert data(ask(deployer_api, "restore", name="other"))["id"] == str(second.id)


@in_transaction
def test_what_refers_to_an_attribute_keeps_it_unless_it_is_detached(
    deployer_api, make_attribute, owner_api
):
    make_attribute("count", "STRING")
    data(ask(deployer_api, "retype", type="INTEGER"), 202)
    told = refusal(deployer_api.delete(f"{PATH}/count"), 409, "in_use")
    assert told["referrers"][0].startswith("job RETYPE")
    for detach in ("perhaps", "", "true&detach=true"):
        refusal(deployer_api.delete(f"{PATH}/count?detach={detach}"), 400, "wrong_type")
    refusal(deployer_api.delete(f"{PATH}/count?detach=false"), 409, "in_use")
    assert deployer_api.delete(f"{PATH}/count?detach=true").status_code == 204
    assert data(deployer_api.get(f"{PATH}?state=ARCHIVED"))[0]["changing_to"] is None


@in_transaction
def test_destroying_before_its_time_needs_the_plan(deployer_api, texts):
    deployer_api.delete(f"{PATH}/count")
    refusal(ask(deployer_api, "purge"), 409, "plan_required")
    told = data(preview(deployer_api, "purge"))
    assert (told["class"], told["holders"]) == ("destructive", 3)
    assert (told["undo_until"], told["undo_forever"]) == (None, False)
    response = ask(deployer_api, "purge", plan=told["plan"])
    job = data(response, 202)
    assert (job["kind"], job["state"], job["attribute"]) == ("PURGE", "WAITING", "count")
    assert data(deployer_api.get(response.headers["Location"])) == job
    (purging,) = data(deployer_api.get(f"{PATH}?state=PURGING"))
    assert purging["job"] == job["id"]


@pytest.fixture
def deployer(committed):
    return client_of(ACME, "deployer")


def test_what_is_purged_is_gone_and_its_job_is_the_receipt(deployer, texts):
    deployer.delete(f"{PATH}/count")
    plan = data(preview(deployer, "purge"))["plan"]
    where = ask(deployer, "purge", plan=plan).headers["Location"]
    work()
    receipt = data(deployer.get(where))
    assert (receipt["state"], receipt["result"]["destroyed"]) == ("DONE", 3)
    assert receipt["progress"]["percent"] == 100
    for state in ("ARCHIVED", "PURGING"):
        assert data(deployer.get(f"{PATH}?state={state}")) == []


def test_a_type_is_changed_in_the_background_and_changed_back(deployer, texts):
    response = ask(
        deployer, "retype", type="INTEGER", accept={"lossy": 1, "impossible": 1}, rules={"min": 0}
    )
    begun = data(response, 202)
    job = data(deployer.get(response.headers["Location"]))
    assert (begun["type"], begun["changing_to"], begun["job"]) == ("STRING", "INTEGER", job["id"])
    refusal(ask(deployer, "undo"), 409, "job_open")
    told = refusal(ask(deployer, "retype", type="NUMBER"), 409, "job_open")
    assert told["job"] == job["id"]
    work()
    done = data(deployer.get(f"{PATH}/count"))
    assert (done["type"], done["rules"], done["changing_to"], done["job"]) == (
        "INTEGER", {"min": 0}, None, None,
    )  # fmt: skip
    assert done["undo_until"] > timezone.now().isoformat()
    assert values(deployer, texts) == [5, 7, None]
    back = data(ask(deployer, "undo"), 202)
    assert (back["type"], back["changing_to"]) == ("INTEGER", "STRING")
    work()
    assert data(deployer.get(f"{PATH}/count"))["type"] == "STRING"
    assert values(deployer, texts) == ["5", "007", "many"]


def values(api, ids):
    found = [api.get(f"/v1/incident/{id_}").json()["data"]["attributes"] for id_ in ids]
    return [values.get("count") for values in found]


def test_more_loss_than_was_named_stops_the_job_and_says_what_to_do(deployer, texts):
    response = ask(deployer, "retype", type="INTEGER")
    work()
    job = data(deployer.get(response.headers["Location"]))
    assert job["state"] == "BLOCKED"
    assert '{"lossy": 1, "impossible": 1}' in job["error"]
    assert data(deployer.get(f"{PATH}/count"))["type"] == "STRING"


@in_transaction
def test_a_rule_is_previewed_and_changed_as_it_was_previewed(deployer_api, texts):
    rules = {"max_length": 3}
    told = data(preview(deployer_api, "update", rules=rules))
    assert (told["class"], told["outcomes"]["impossible"]["count"]) == ("safe", 1)
    path = f"{PATH}/count"
    stale = deployer_api.patch(path, {"rules": {"max_length": 4}, "plan": told["plan"]})
    refusal(stale, 409, "stale_plan")
    changed = data(deployer_api.patch(path, {"rules": rules, "plan": told["plan"]}))
    assert (changed["rules"], changed["job"]) == (rules, None)


@in_transaction
def test_uniqueness_begins_with_a_job(deployer_api, texts):
    response = deployer_api.patch(f"{PATH}/count", {"unique": True})
    told = data(response, 202)
    assert (told["unique"], told["unique_state"]) == (True, "VALIDATING")
    assert response.headers["Location"] == f"{PATH}/jobs/{told['job']}"
    assert (
        data(deployer_api.post(PATH, {"name": "id_", "type": "STRING", "unique": True}), 201)[
            "unique_state"
        ]
        == "ENFORCED"
    )


def test_incidents_without_a_value_are_given_one(deployer, make_attribute, make_incident):
    make_attribute("count")
    ids = [make_incident(attributes=values)["id"] for values in ({"count": 5}, {})]
    refusal(ask(deployer, "backfill"), 400, "required")
    refusal(ask(deployer, "backfill", value="many"), 400, "wrong_type")
    response = ask(deployer, "backfill", value=0)
    assert data(response, 202)["job"] in response.headers["Location"]
    work()
    assert values(deployer, ids) == [5, 0]


# Violations


@in_transaction
def test_who_breaks_a_rule_is_listed_by_cursor(deployer_api, viewer_api, texts):
    path = f"{PATH}/count/violations"
    assert data(viewer_api.get(path)) == []
    data(deployer_api.patch(f"{PATH}/count", {"rules": {"max_length": 1}}))
    found = viewer_api.get(path)
    assert data(found) == [
        {"incident_id": texts[1], "code": "too_long", "message": LONG, "value": "007"},
        {"incident_id": texts[2], "code": "too_long", "message": LONG, "value": "many"},
    ]
    assert found.json()["page"] == {
        "size": 10, "count": 2, "sort": ["incident_id,ASC"], "next_cursor": None,
    }  # fmt: skip
    first = viewer_api.get(f"{path}?size=1").json()
    assert [one["value"] for one in first["data"]] == ["007"]
    rest = viewer_api.get(f"{path}?size=1&cursor={first['page']['next_cursor']}").json()
    assert ([one["value"] for one in rest["data"]], rest["page"]["next_cursor"]) == (["many"], None)


@in_transaction
def test_violations_are_of_the_callers_tenant(deployer_api, globex_api, texts):
    path = f"{PATH}/count/violations"
    data(deployer_api.patch(f"{PATH}/count", {"rules": {"max_length": 1}}))
    cursor = deployer_api.get(f"{path}?size=1").json()["page"]["next_cursor"]
    assert data(globex_api.get(path)) == []
    refusal(globex_api.get(f"{path}?cursor={cursor}"), 400, "bad_cursor")
    refusal(globex_api.get(f"{path}?page=1"), 400, "unknown_parameter")
    refusal(globex_api.get(f"{PATH}/nothing/violations"), 404, "not_found")


# What a body may be

BODIES = [
    ("rename", {}, "required", "name"),
    ("rename", {"name": None}, "required", "name"),
    ("rename", {"name": 5}, "wrong_type", "name"),
    ("rename", {"name": "a__b"}, "invalid_name", "name"),
    ("rename", {"name": "status"}, "reserved_name", "name"),
    ("rename", {"name": "document"}, "reserved_name", "name"),
    ("rename", {"name": "n", "alias_days": -1}, "minimum", "alias_days"),
    ("rename", {"name": "n", "alias_days": "long"}, "wrong_type", "alias_days"),
    ("retype", {}, "required", "type"),
    ("retype", {"type": "MONEY"}, "unknown_type", "type"),
    ("retype", {"type": ["INTEGER"]}, "unknown_type", "type"),
    ("retype", {"type": "STRING"}, "same_type", "type"),
    ("retype", {"type": "INTEGER", "rules": {"max_length": 1}}, "unknown_rule", "rules.max_length"),
    ("retype", {"type": "INTEGER", "rules": [5]}, "wrong_type", "rules"),
    ("retype", {"type": "INTEGER", "using": [5]}, "wrong_type", "using"),
    ("retype", {"type": "INTEGER", "using": {"x": 1}}, "unknown_argument", "using.x"),
    ("retype", {"type": "INTEGER", "accept": 5}, "wrong_type", "accept"),
    ("retype", {"type": "INTEGER", "accept": {"all": 5}}, "wrong_type", "accept"),
    ("retype", {"type": "INTEGER", "accept": {"lossy": -1}}, "minimum", "accept.lossy"),
    ("retype", {"type": "INTEGER", "accept": {"lossy": None}}, "wrong_type", "accept.lossy"),
    ("undo", {"type": "STRING"}, "unknown_field", "type"),
    ("deprecate", {"sunset": 5}, "wrong_type", "sunset"),
    ("reactivate", {"force": True}, "unknown_field", "force"),
    ("restore", {"id": 5}, "wrong_type", "id"),
    ("restore", {"name": ""}, "invalid_name", "name"),
    ("purge", {"export": "perhaps"}, "wrong_type", "export"),
]


@in_transaction
@pytest.mark.parametrize(("change", "members", "code", "field"), BODIES, ids=str)
def test_a_change_that_cannot_be_is_named_and_changes_nothing(
    deployer_api, make_attribute, stored, change, members, code, field
):
    make_attribute("count", "STRING")
    before = stored()
    for response in (
        ask(deployer_api, change, **members),
        deployer_api.post(f"{PATH}/count/preview", {"change": change, **members}),
    ):
        told = refusal(response, 400, code)
        assert [fault["field"] for fault in told["errors"]] == [field]
    assert stored() == before


@in_transaction
def test_a_type_that_no_value_could_have_is_refused_with_a_way_around(deployer_api, make_attribute):
    make_attribute("count", "BOOLEAN")
    told = refusal(ask(deployer_api, "retype", type="GEO_POINT"), 400, "impossible_conversion")
    assert "Go through STRING" in told["detail"]


@in_transaction
def test_a_change_is_no_method_but_post_and_no_name_but_those_there_are(deployer_api, texts):
    assert deployer_api.get(f"{PATH}/count/rename").status_code == 405
    for nothing in ("explode", "archive", "drop_alias", "update"):
        assert deployer_api.post(f"{PATH}/count/{nothing}", {}).status_code == 404


@in_transaction
def test_every_change_is_described_with_the_members_it_takes():
    described = {name: set(members) for name, members in openapi_changes.members().items()}
    assert described == {name: set(change.knows) for name, change in BY_NAME.items()}


# Lists


@in_transaction
def test_the_list_costs_the_same_for_any_number_of_attributes(
    viewer_api, deployer_api, make_attribute, django_assert_num_queries
):
    def add(number):
        make_attribute(f"plain{number}")
        make_attribute(f"was{number}")
        data(ask(deployer_api, "rename", f"was{number}", name=f"is{number}"))
        data(ask(deployer_api, "retype", f"is{number}", type="STRING"), 202)
        data(ask(deployer_api, "deprecate", f"plain{number}"))

    add(1)
    viewer_api.get(PATH)  # what is read once per epoch is read
    with django_assert_num_queries(QUERIES):
        viewer_api.get(PATH)
    for number in range(2, 8):
        add(number)
    viewer_api.get(PATH)
    with django_assert_num_queries(QUERIES):
        assert len(data(viewer_api.get(PATH))) == 14
