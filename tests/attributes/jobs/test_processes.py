"""Workers as processes: killed, cut off, several at once, and asked to end."""

import os
import random
import signal
import time
from contextlib import ExitStack

import psycopg
import pytest
from django.db import connections

from attributes.check import check
from attributes.jobs import exports
from attributes.models import AttributeMeta, Job, JobState
from attributes.operations.define import change_attribute
from history.models import InstanceEvent
from incidents_project.database import cluster
from incidents_project.exact_json import loads
from tests.attributes.jobs import hands
from tests.attributes.jobs.hands import documents, eventually, fill, running, stand, work

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("committed")]

ROWS = 12_000
VALUES = ["7", "007", "12", "many", "-3"] * (ROWS // 5)
LOST = {"lossy": ROWS // 5, "impossible": ROWS // 5}
SLOWLY = ("run", "--max-writer-delay", "10")


@pytest.fixture
def attribute(make_attribute):
    return make_attribute("size", "STRING")


def changed(job):
    return Job.objects.values_list("changed", flat=True).get(id=job.id)


def kill_ten_workers(job):
    """Each at a random moment while it works, the others waiting for the job."""
    chance = random.Random(7)
    with ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(running(*SLOWLY, "--every", "1"))
        for _ in range(10):
            before = changed(job)
            eventually(lambda before=before: changed(job) > before)
            time.sleep(chance.uniform(0, 0.05))
            assert stand(job) == JobState.RUNNING
            os.kill(int(job.worker.split(":")[1]), signal.SIGKILL)
            hands.free(job)
    assert stand(job) == JobState.RUNNING


def roles(attribute):
    """What is stored, by what each slot is for; the attribute may be gone."""
    live = AttributeMeta.objects.filter(id=attribute.id).values_list("slot", flat=True).first()
    names = {attribute.slot: "before", live: "now"}
    return [{names[slot]: v for slot, v in document.items()} for document in documents()]


def test_a_retype_whose_workers_are_killed_ends_as_one_that_is_left_alone(dee, attribute):
    fill(attribute, VALUES)
    job = hands.retype(dee, attribute, "INTEGER", accept=LOST)
    kill_ten_workers(job)
    work()
    becomes = {"7": 7, "007": 7, "12": 12, "-3": -3}
    expected = [
        {"before": value} | ({"now": becomes[value]} if value in becomes else {})
        for value in VALUES
    ]
    assert (stand(job), job.changed) == (JobState.DONE, ROWS - LOST["impossible"])
    assert roles(attribute) == expected


def test_a_retype_of_unique_values_whose_workers_are_killed_ends_the_same(dee, attribute):
    values = [f"{n // 2}.0" if n % 2 else f"{n // 2}" for n in range(ROWS)]
    fill(attribute, values)
    change_attribute(principal=dee, name="size", members={"unique": True})
    work()
    job = hands.retype(dee, attribute, "NUMBER", accept={"impossible": ROWS // 2})
    kill_ten_workers(job)
    work()
    expected = [
        {"before": value} | ({} if value.endswith(".0") else {"now": int(value)})
        for value in values
    ]
    assert (stand(job), job.changed) == (JobState.DONE, ROWS // 2)
    assert roles(attribute) == expected
    assert list(check()) == []


def test_a_purge_whose_workers_are_killed_destroys_and_exports_each_value_once(dee, attribute):
    ids = fill(attribute, VALUES)
    job = hands.purge(dee, attribute, export=True)
    kill_ten_workers(job)
    work()
    assert (stand(job), job.changed, job.result["destroyed"]) == (JobState.DONE, ROWS, ROWS)
    assert documents() == [{}] * ROWS
    head, *lines = (loads(line) for line in exports.path_of(job).read_text().splitlines())
    assert head["purged"]["job"] == str(job.id)
    assert [(line["id"], line["value"]) for line in lines] == list(zip(ids, VALUES, strict=True))
    assert InstanceEvent.objects.filter(action="attribute.purged").count() == 1


def test_two_workers_at_once_do_every_row_once(dee, attribute, make_attribute):
    other = make_attribute("other", "STRING")
    ids = fill(attribute, ["7"] * 3_000)
    fill(other, ["8"] * 3_000)
    found = [hands.retype(dee, each, "INTEGER") for each in (attribute, other)]
    with running("run", "--every", "1"), running("run", "--every", "1"):
        eventually(lambda: not Job.objects.open().exists())
    assert [(stand(job), job.changed) for job in found] == [(JobState.DONE, 3_000)] * 2
    assert len(ids) == 3_000


def test_a_worker_that_is_cut_off_from_the_database_goes_on(dee, attribute):
    fill(attribute, VALUES)
    job = hands.retype(dee, attribute, "INTEGER", accept=LOST)
    settings = connections["owner"].settings_dict
    with (
        running(*SLOWLY, "--every", "1") as worker,
        psycopg.connect(
            host=settings["HOST"], port=cluster.PORT, user="postgres", dbname=settings["NAME"]
        ) as admin,
    ):
        for _ in range(3):
            before = changed(job)
            eventually(lambda before=before: changed(job) > before)
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND usename = 'incidents_app'"
                " AND pid <> ALL(%s)",
                [[connections["default"].connection.info.backend_pid]],
            )
            admin.commit()
        eventually(lambda: stand(job) not in {JobState.WAITING, JobState.RUNNING})
        assert worker.poll() is None
    assert (stand(job), job.error) == (JobState.DONE, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_that_is_asked_to_end_gives_its_job_back(dee, attribute, number):
    fill(attribute, VALUES)
    job = hands.retype(dee, attribute, "INTEGER", accept=LOST)
    with running(*SLOWLY) as worker:
        eventually(lambda: changed(job) > 0)
        worker.send_signal(number)
        told, _ = worker.communicate(timeout=hands.PATIENCE)
    assert worker.returncode == 0
    assert "Traceback" not in told
    assert "Retype of size: fill" in told
    assert stand(job) == JobState.RUNNING
    assert job.leased_until is None
    work()
    assert stand(job) == JobState.DONE


def test_a_worker_ends_with_the_process_that_started_it(dee, attribute):
    with running("run", "--child-of", "1") as worker:
        assert worker.wait(hands.PATIENCE) == 0


def test_once_does_what_there_is_and_ends(dee, make_attribute):
    attribute = make_attribute("size", "STRING", indexed=True, rules={"max_length": 20})
    fill(attribute, ["7"] * 10)
    job = hands.retype(dee, attribute, "INTEGER")
    with running("run", "--once") as worker:
        told, _ = worker.communicate(timeout=hands.PATIENCE)
    assert worker.returncode == 0
    assert stand(job) == JobState.DONE
    assert "Retype of size: done, 10 incidents changed." in told
    assert "The index of size is ready." in told
