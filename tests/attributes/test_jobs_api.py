"""Jobs over HTTP: listed, looked at and steered."""

from datetime import UTC, datetime

import pytest

from attributes.jobs import progress
from attributes.jobs.worker import Worker
from attributes.models import Job, JobKind, JobState
from tests.conftest import ACME, client_of

PATH = "/v1/incident/attributes"
JOBS = f"{PATH}/jobs"
UNKNOWN = "01939af0-0000-7000-8000-000000000000"
in_transaction = pytest.mark.django_db


def data(response, status=200):
    assert response.status_code == status, response.json()
    return response.json()["data"]


def refusal(response, status, code):
    body = response.json()
    assert (response.status_code, body["code"]) == (status, code), body
    return body


def retype(api, name="count", **members):
    """The path of the job."""
    response = api.post(f"{PATH}/{name}/retype", {"type": "INTEGER", **members})
    assert response.status_code == 202, response.json()
    return response.headers["Location"]


@pytest.fixture
def job(deployer_api, make_attribute):
    make_attribute("count", "STRING")
    return retype(deployer_api)


@in_transaction
def test_a_job_says_what_it_does_for_whom_and_how_far_it_is(deployer_api, job):
    told = data(deployer_api.get(job))
    assert list(told) == [
        "id", "kind", "state", "attribute", "step", "error", "progress", "result", "requested_by",
        "created_at", "started_at", "finished_at",
    ]  # fmt: skip
    assert told == told | {
        "kind": "RETYPE",
        "state": "WAITING",
        "attribute": "count",
        "step": "",
        "error": "",
        "result": {},
        "requested_by": "acme deployer",
        "started_at": None,
        "finished_at": None,
    }
    assert told["progress"] == {
        "seen": 0,
        "total": 0,
        "percent": 0,
        "changed": 0,
        "rows_per_second": None,
        "seconds_left": None,
    }


@in_transaction
def test_jobs_are_listed_newest_first_by_cursor_and_by_state(deployer_api, job, make_attribute):
    for name in ("b", "c"):
        make_attribute(name, "STRING")
        retype(deployer_api, name)
    data(deployer_api.post(f"{job}/pause"))
    assert names(deployer_api.get(JOBS)) == ["c", "b", "count"]
    assert names(deployer_api.get(f"{JOBS}?state=PAUSED")) == ["count"]
    assert names(deployer_api.get(f"{JOBS}?state=DONE")) == []
    first = deployer_api.get(f"{JOBS}?size=2").json()
    assert first["page"] == first["page"] | {"size": 2, "count": 2, "sort": ["created_at,DESC"]}
    cursor = first["page"]["next_cursor"]
    rest = deployer_api.get(f"{JOBS}?size=2&cursor={cursor}")
    assert (names(rest), rest.json()["page"]["next_cursor"]) == (["count"], None)
    refusal(deployer_api.get(f"{JOBS}?state=PAUSED&cursor={cursor}"), 400, "bad_cursor")


def names(response):
    return [job["attribute"] for job in data(response)]


@in_transaction
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("state=GONE", "unknown_state"),
        ("state=", "unknown_state"),
        ("state=DONE&state=DONE", "unknown_state"),
        ("size=0", "bad_size"),
        ("page=1", "unknown_parameter"),
    ],
)
def test_a_bad_parameter_of_the_list(deployer_api, query, code):
    refusal(deployer_api.get(f"{JOBS}?{query}"), 400, code)


@in_transaction
def test_the_list_costs_the_same_for_any_number_of_jobs(
    deployer_api, job, make_attribute, django_assert_num_queries
):
    for number in range(5):
        make_attribute(f"more{number}", "STRING")
        retype(deployer_api, f"more{number}")
    with django_assert_num_queries(1):
        assert len(data(deployer_api.get(JOBS))) == 6


@in_transaction
def test_a_job_that_is_paused_waits_until_it_is_resumed(deployer_api, job):
    assert data(deployer_api.post(f"{job}/pause"))["state"] == "PAUSED"
    refusal(deployer_api.post(f"{job}/pause", {}), 409, "not_now")
    assert data(deployer_api.post(f"{job}/resume", {"accept": None}))["state"] == "WAITING"
    refusal(deployer_api.post(f"{job}/resume"), 409, "not_now")
    entries = data(deployer_api.get(f"{PATH}/count/history"))
    assert [entry["action"] for entry in entries[:2]] == ["job.resume", "job.pause"]


@in_transaction
def test_a_job_that_is_cancelled_ends(deployer_api, job):
    told = data(deployer_api.post(f"{job}/cancel"))
    assert told["state"] == "CANCELLED"
    assert told["finished_at"]
    assert data(deployer_api.get(f"{PATH}/count"))["changing_to"] is None
    for verb in ("pause", "resume", "cancel"):
        refusal(deployer_api.post(f"{job}/{verb}"), 409, "not_now")


@in_transaction
def test_a_purge_is_paused_but_not_cancelled(deployer_api, make_attribute):
    make_attribute()
    deployer_api.delete(f"{PATH}/count")
    plan = data(deployer_api.post(f"{PATH}/count/preview", {"change": "purge"}))["plan"]
    job = deployer_api.post(f"{PATH}/count/purge", {"plan": plan}).headers["Location"]
    told = refusal(deployer_api.post(f"{job}/cancel"), 409, "not_now")
    assert "paused" in told["detail"]
    assert data(deployer_api.post(f"{job}/pause"))["state"] == "PAUSED"


@in_transaction
@pytest.mark.parametrize(
    ("verb", "members", "code", "field"),
    [
        ("pause", {"accept": {}}, "unknown_field", "accept"),
        ("cancel", {"force": True}, "unknown_field", "force"),
        ("resume", {"force": True}, "unknown_field", "force"),
        ("resume", {"accept": 5}, "wrong_type", "accept"),
        ("resume", {"accept": {"all": 5}}, "wrong_type", "accept"),
        ("resume", {"accept": {"lossy": -1}}, "minimum", "accept.lossy"),
        ("resume", {"accept": {"lossy": "many"}}, "wrong_type", "accept.lossy"),
    ],
    ids=str,
)
def test_a_body_that_steers_nothing(deployer_api, job, stored, verb, members, code, field):
    before = stored()
    told = refusal(deployer_api.post(f"{job}/{verb}", members), 400, code)
    assert [fault["field"] for fault in told["errors"]] == [field]
    assert stored() == before


@in_transaction
def test_a_job_that_is_not_there(deployer_api):
    refusal(deployer_api.get(f"{JOBS}/{UNKNOWN}"), 404, "not_found")
    refusal(deployer_api.get(f"{JOBS}/first"), 404, "not_found")
    for verb in ("pause", "resume", "cancel"):
        refusal(deployer_api.post(f"{JOBS}/{UNKNOWN}/{verb}"), 404, "not_found")
        refusal(deployer_api.post(f"{JOBS}/{UNKNOWN}/{verb}?now=1"), 400, "unknown_parameter")


@in_transaction
def test_jobs_is_no_name_of_an_attribute(deployer_api):
    refusal(deployer_api.post(PATH, {"name": "Jobs", "type": "DATE"}), 400, "reserved_name")


def test_a_blocked_job_goes_on_when_what_may_be_lost_is_named(
    committed, make_attribute, make_incident
):
    api = client_of(ACME, "deployer")
    make_attribute("count", "STRING")
    make_incident(attributes={"count": "007"})
    job = retype(api)
    list(Worker(max_writer_delay=1.0).work())
    told = data(api.get(job))
    assert (told["state"], told["step"]) == ("BLOCKED", "count")
    assert data(api.post(f"{job}/resume", {"accept": {"lossy": 1}}))["error"] == ""
    list(Worker(max_writer_delay=1.0).work())
    told = data(api.get(job))
    assert (told["state"], told["result"]["lossy"]) == ("DONE", 1)
    assert told["progress"] == told["progress"] | {"seen": 1, "total": 1, "changed": 1}
    assert told["progress"]["percent"] == 100
    assert told["finished_at"] > told["started_at"] > told["created_at"]


# How far a job is


def at(step, state=JobState.RUNNING, **row):
    job = Job(
        kind=JobKind.RETYPE,
        state=state,
        step=step,
        total=1_000,
        parameters={"source": "a1", "target": "a2"},
        created_at=datetime.now(UTC),
        **row,
    )
    told = progress.of(job)
    return told.percent, told.rows_per_second, told.seconds_left


def test_progress_is_of_the_rows_that_were_gone_over():
    assert at("") == at("count") == (0.0, None, None)
    assert at("fill", seen=250, worked_ms=500) == (25.0, 500, 1.5)
    assert at("switch", worked_ms=2_000) == (100.0, 500, None)
    assert at("switch", JobState.DONE, worked_ms=2_000) == (100.0, 500, None)


def test_a_job_that_rests_has_no_time_left():
    for state in (JobState.PAUSED, JobState.FAILED, JobState.CANCELLED):
        assert at("fill", state, seen=250, worked_ms=500) == (25.0, 500, None)


def test_rows_that_were_held_do_not_take_progress_back():
    assert at("fill", seen=10, round=1, worked_ms=1_000)[0] == 99.0
    assert at("fill", seen=2_000, worked_ms=1_000)[0] == 100.0  # some were added
