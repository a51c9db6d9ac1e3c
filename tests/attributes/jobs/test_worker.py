"""A worker: what it does to rows, and what it leaves alone."""

import errno
import threading
from contextlib import closing
from datetime import timedelta

import pytest
from django.db import Error, connection, connections
from django.utils import timezone

from attributes import indexes
from attributes.jobs import exports, lease, purge, retention, worker
from attributes.jobs import retype as retyping
from attributes.jobs.batch import next_batch
from attributes.jobs.kinds import steps_of
from attributes.jobs.pace import Pace
from attributes.jobs.worker import Worker
from attributes.models import AttributeMeta, Job, JobState, SlotState, SpareSlot
from attributes.operations import jobs
from attributes.operations.change import carry_out
from attributes.operations.define import change_attribute
from attributes.operations.index import reconcile
from attributes.operations.retype import Undo
from attributes.schema import schemas
from attributes.types.datetime import shown_moment, stored_moment
from history.models import InstanceEvent
from incidents_project.exact_json import loads
from incidents_project.refusals import Conflict
from tests.attributes.jobs import hands
from tests.attributes.jobs.hands import documents, fill, stand, work
from tests.conftest import ACME, GLOBEX

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def attribute(make_attribute):
    return make_attribute("size", "STRING")


def batches(job, sweep, size=10):
    """Pass after pass of a round; what each changed."""
    while True:
        done = next_batch(job, sweep, size)
        yield done
        job = done.job
        if not done.more:
            return


def taken(name="me"):
    job = lease.take(name)
    return lease.store(job, step=steps_of(job)[0].name)


# Rows


def test_every_value_of_every_tenant_is_converted_and_read_from_the_new_slot(dee, attribute):
    tenants = [ACME, GLOBEX, "Ärzte", "zeta", "Zulu"]
    for tenant in tenants:
        fill(attribute, ["7", "40"], tenant)
    job = hands.retype(dee, attribute, "INTEGER")
    work()
    attribute.refresh_from_db()
    assert (stand(job), job.changed) == (JobState.DONE, 10)
    assert attribute.type == "INTEGER"
    for tenant in tenants:
        assert [document[attribute.slot] for document in documents(tenant)] == [7, 40]


def test_what_a_job_counts_takes_one_processor(dee, attribute):
    fill(attribute, ["7"])
    hands.retype(dee, attribute, "INTEGER")
    work()
    with connection.cursor() as cursor:
        cursor.execute("SHOW max_parallel_workers_per_gather")
        assert cursor.fetchone() == ("0",)


def test_a_batch_goes_far_where_little_is_to_do(dee, attribute):
    fill(attribute, ["7"] * 25)
    hands.retype(dee, attribute, "INTEGER")
    job = taken()
    sweep = next(step for step in steps_of(job) if step.name == "fill")
    passes = list(batches(job, sweep))
    assert [done.changed for done in passes] == [10, 10, 5]
    assert passes[-1].job.seen == 25
    again = lease.store(passes[-1].job, tenant="", host_id=None, seen=0)
    (only,) = batches(again, sweep)
    assert (only.changed, only.job.seen) == (0, 25)


def test_a_row_that_a_writer_holds_is_skipped_and_done_in_a_later_round(dee, attribute):
    held, *_ = fill(attribute, ["7", "8", "9"])
    job = hands.retype(dee, attribute, "INTEGER")
    with closing(connections.create_connection("owner")) as writer, writer.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(f"SET LOCAL app.tenant_id = '{ACME}'")
        cursor.execute("SELECT 1 FROM incidents_incident WHERE id = %s FOR UPDATE", [held])
        turns = []
        for turn in Worker(max_writer_delay=0.1).work():
            turns.append((turn.step, turn.changed, turn.job.round))
            if turn.job.round == 2:
                cursor.execute("ROLLBACK")
    fills = [turn for turn in turns if turn[0] == "fill"]
    assert fills[:2] == [("fill", 2, 1), ("fill", 0, 2)]
    assert sum(changed for _, changed, _ in fills) == 3
    assert stand(job) == JobState.DONE


def test_while_the_first_of_twins_is_held_another_is_not_changed_unnamed(dee, attribute):
    held, _ = fill(attribute, ["7", "7.0"])
    change_attribute(principal=dee, name="size", members={"unique": True})
    work()
    job = hands.retype(dee, attribute, "NUMBER", accept={"impossible": 1})
    with closing(connections.create_connection("owner")) as writer, writer.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(f"SET LOCAL app.tenant_id = '{ACME}'")
        cursor.execute("SELECT 1 FROM incidents_incident WHERE id = %s FOR UPDATE", [held])
        for turn in Worker(max_writer_delay=0.1).work():
            if turn.job.round == 1:
                cursor.execute("ROLLBACK")
    attribute.refresh_from_db()
    assert stand(job) == JobState.DONE
    assert [document.get(attribute.slot) for document in documents()] == [7, None]


def test_what_is_written_meanwhile_stands(dee, ada, attribute, make_incident):
    made = make_incident(attributes={"size": "7"})
    job = hands.retype(dee, attribute, "INTEGER")
    hands.write(ada, made["id"], size="8")
    make_incident(attributes={"size": "9"})
    work()
    attribute.refresh_from_db()
    assert [document[attribute.slot] for document in documents()] == [8, 9]
    assert (stand(job), job.changed) == (JobState.DONE, 0)


# Two workers


def test_a_worker_that_has_lost_its_lease_writes_nothing(dee, attribute):
    fill(attribute, ["7"] * 30)
    job = hands.retype(dee, attribute, "INTEGER")
    slow = taken("slow")
    sweep = next(step for step in steps_of(slow) if step.name == "fill")
    slow = next_batch(slow, sweep, 10).job
    hands.free(job)
    quick = lease.take("quick")
    with pytest.raises(lease.LostError):
        next_batch(slow, sweep, 10)
    with pytest.raises(lease.LostError):
        lease.store(slow, state=JobState.FAILED)
    with pytest.raises(lease.LostError):
        lease.latest(slow)
    lease.give_back(slow)
    assert stand(job) == JobState.RUNNING
    assert job.worker == "quick"
    assert next_batch(quick, sweep, 100).changed == 20


def test_a_job_is_taken_by_one_of_many(dee, attribute, together):
    hands.retype(dee, attribute, "INTEGER")
    found = together([lambda number=number: lease.take(str(number)) for number in range(6)])
    assert len([job for job in found if job is not None]) == 1


def test_a_lease_is_renewed_while_an_act_lasts(dee, attribute, monkeypatch):
    monkeypatch.setattr(lease, "_RENEWAL", 0.05)
    hands.retype(dee, attribute, "INTEGER")
    job = lease.take("me")
    until = job.leased_until
    with lease.kept_alive(job):
        hands.eventually(lambda: Job.objects.get(id=job.id).leased_until > until)
    lease.store(job)


# Pause, resume, cancel


def half_way(steer, job, principal, *, after=1):
    """Steer a job when its sweep has changed something; the turns until its worker noticed."""
    mine = Worker(max_writer_delay=0.01)
    mine._pace.size = 10
    swept = 0
    for turn in mine.work():
        swept += bool(turn.changed)
        if swept == after:
            steer(principal=principal, job_id=job.id)
            swept += 1
    return stand(job)


def test_a_paused_job_rests_and_goes_on_where_it_was(dee, attribute):
    fill(attribute, ["7"] * 50)
    job = hands.retype(dee, attribute, "INTEGER")
    assert half_way(jobs.pause, job, dee) == JobState.PAUSED
    assert (job.step, job.changed) == ("fill", 10)
    assert work() == []
    jobs.resume(principal=dee, job_id=job.id)
    work()
    assert (stand(job), job.changed) == (JobState.DONE, 50)


def test_a_cancelled_retype_leaves_the_originals_and_nothing_else(dee, attribute):
    fill(attribute, ["7"] * 50)
    job = hands.retype(dee, attribute, "INTEGER")
    assert half_way(jobs.cancel, job, dee) == JobState.CANCELLED
    attribute.refresh_from_db()
    assert attribute.type == "STRING"
    assert documents() == [{attribute.slot: "7"}] * 50
    assert not SpareSlot.objects.exists()
    assert not Job.objects.open().exists()


def test_history_says_that_a_cancelled_retype_lost_its_spare_values_only(dee, attribute):
    fill(attribute, ["7"] * 50)
    job = hands.retype(dee, attribute, "INTEGER")
    half_way(jobs.cancel, job, dee)
    told = InstanceEvent.objects.order_by("id").last()
    (gone,) = told.changes
    assert told.action == "attribute.spare_values_purged"
    assert gone["field"] == "spare values"
    assert (gone["type"], gone["slot"]) == ("INTEGER", job.parameters["target"])
    assert (gone["old"], gone["new"]) == (10, 0)


def test_a_cancelled_undo_keeps_the_originals(dee, ada, attribute, make_incident):
    touched = make_incident(attributes={"size": "1"})
    fill(attribute, ["007"] * 30)
    hands.retype(dee, attribute, "INTEGER", accept={"lossy": 30})
    work()
    hands.write(ada, touched["id"], size=2)
    carry_out(Undo("size", {}), principal=dee)
    job = Job.objects.open().get()
    jobs.cancel(principal=dee, job_id=job.id)
    work()
    spare = SpareSlot.objects.get()
    assert (spare.slot, spare.state) == (attribute.slot, SlotState.RETAINED)
    assert spare.kept_until > timezone.now()
    assert [document.get(attribute.slot) for document in documents()][1:] == ["007"] * 30
    carry_out(Undo("size", {}), principal=dee)
    work()
    assert [document[attribute.slot] for document in documents()] == ["2", *["007"] * 30]


def test_a_purge_is_paused_but_not_cancelled(dee, attribute):
    fill(attribute, ["7"] * 30)
    job = hands.purge(dee, attribute)
    assert half_way(jobs.pause, job, dee) == JobState.PAUSED
    with pytest.raises(Conflict, match="paused but not cancelled"):
        jobs.cancel(principal=dee, job_id=job.id)
    jobs.resume(principal=dee, job_id=job.id)
    work()
    assert (stand(job), job.changed) == (JobState.DONE, 30)
    assert documents() == [{}] * 30
    assert not AttributeMeta.objects.exists()


# What stops a job


def test_a_job_stops_before_more_is_lost_than_was_accepted(dee, attribute):
    fill(attribute, ["7", "007", "many", "12"])
    job = hands.retype(dee, attribute, "INTEGER", accept={"lossy": 1})
    work()
    assert stand(job) == JobState.BLOCKED
    assert '"lossy": 1, "impossible": 1' in job.error
    assert documents() == [{attribute.slot: value} for value in ("7", "007", "many", "12")]
    jobs.resume(principal=dee, job_id=job.id, accept={"lossy": 1, "impossible": 0})
    work()
    assert stand(job) == JobState.BLOCKED
    jobs.resume(principal=dee, job_id=job.id, accept={"lossy": 1, "impossible": 1})
    work()
    old = attribute.slot
    attribute.refresh_from_db()
    assert stand(job) == JobState.DONE
    assert [document.get(attribute.slot) for document in documents()] == [7, 7, None, 12]
    assert [document[old] for document in documents()] == ["7", "007", "many", "12"]


def test_a_full_disk_fails_the_job_and_not_the_worker(dee, make_attribute, attribute, monkeypatch):
    other = make_attribute("other", "STRING")
    fill(attribute, ["7"] * 3)
    job = hands.purge(dee, attribute, export=True)
    fine = hands.retype(dee, other, "INTEGER")

    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(exports.os, "fsync", full)
        work()
    assert (stand(job), stand(fine)) == (JobState.FAILED, JobState.DONE)
    assert job.error == "No space left on device. Mend that, and resume the job."
    assert documents() == [{attribute.slot: "7"}] * 3
    jobs.resume(principal=dee, job_id=job.id)
    work()
    assert stand(job) == JobState.DONE
    assert len(values_of(job)) == 3


def test_what_nobody_foresaw_fails_the_job_without_quoting_a_value(dee, attribute, monkeypatch):
    fill(attribute, ["7"])
    job = hands.retype(dee, attribute, "INTEGER")

    def stumble(*_):
        raise ValueError("secret of acme")

    with monkeypatch.context() as patched:
        patched.setattr(retyping._Fill, "write", stumble)
        work()
    assert stand(job) == JobState.FAILED
    assert "ValueError" in job.error
    assert "secret" not in job.error
    jobs.resume(principal=dee, job_id=job.id)
    work()
    assert stand(job) == JobState.DONE


def test_a_value_that_postgresql_refuses_is_not_quoted(dee, attribute, monkeypatch):
    fill(attribute, ["secret"])
    job = hands.purge(dee, attribute)
    monkeypatch.setattr(
        purge._Destroy, "needs", lambda _: f"(attributes->>'{attribute.slot}')::int = 1"
    )
    work()
    assert stand(job) == JobState.FAILED
    assert "22P02" in job.error
    assert "secret" not in job.error


def test_a_deadlock_is_tried_again(dee, attribute, monkeypatch):
    fill(attribute, ["7"])
    job = hands.retype(dee, attribute, "INTEGER")
    write = retyping._Fill.write
    tries = []

    def stumble(*arguments):
        tries.append(1)
        if len(tries) == 1:
            with connection.cursor() as cursor:
                cursor.execute("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$")
        return write(*arguments)

    monkeypatch.setattr(retyping._Fill, "write", stumble)
    mine = Worker(max_writer_delay=0.1)
    work(mine)
    assert stand(job) == JobState.RUNNING
    work(mine)
    assert (stand(job), job.changed) == (JobState.DONE, 1)


def test_a_database_that_went_away_fails_no_job(dee, attribute, monkeypatch):
    fill(attribute, ["7"])
    job = hands.retype(dee, attribute, "INTEGER")
    write = retyping._Fill.write

    def cut_off(*arguments):
        connection.connection.close()
        return write(*arguments)

    mine = Worker(max_writer_delay=0.1)
    with monkeypatch.context() as patched:
        patched.setattr(retyping._Fill, "write", cut_off)
        with pytest.raises(Error):
            work(mine)
    assert stand(job) == JobState.RUNNING
    work(mine)
    assert (stand(job), job.changed) == (JobState.DONE, 1)


# Indexes


def test_an_indexed_attribute_is_switched_when_its_new_index_is_ready(dee, make_attribute):
    attribute = make_attribute("size", "STRING", indexed=True, rules={"max_length": 20})
    list(reconcile())
    fill(attribute, ["7"] * 5)
    job = hands.retype(dee, attribute, "INTEGER")
    mine = Worker(max_writer_delay=0.1)
    work(mine)
    assert (stand(job), job.step) == (JobState.RUNNING, "index")
    assert AttributeMeta.objects.get().type == "STRING"
    list(reconcile())
    work(mine)
    attribute.refresh_from_db()
    assert (stand(job), attribute.type) == (JobState.DONE, "INTEGER")
    assert indexes.read().of(attribute.slot).valid


# Exports


def lines_of(job):
    return [loads(line) for line in exports.path_of(job).read_text().splitlines()]


def values_of(job):
    head, *values = lines_of(job)
    assert head.keys() == {"purged"}
    return values


def test_a_file_of_what_is_destroyed_says_first_what_it_is(dee, attribute):
    (id_,) = fill(attribute, ["7"])
    hands.retype(dee, attribute, "INTEGER", rules={"min": 0})
    work()
    before, attribute = attribute.slot, AttributeMeta.objects.get()
    job = hands.purge(dee, attribute, export=True)
    work()
    head, *values = lines_of(job)
    assert head["purged"] == {
        "attribute": attribute.name,
        "uid": str(attribute.id),
        "job": str(job.id),
        "requested_by": "Dee",
        "requested_at": shown_moment(stored_moment(job.created_at)),
        "slots": {
            attribute.slot: {"type": "INTEGER", "rules": {"min": 0}},
            before: {"type": "STRING", "rules": {}},
        },
    }
    assert [(line["id"], line["slot"], line["value"]) for line in values] == [
        (id_, attribute.slot, 7),
        (id_, before, "7"),
    ]


@pytest.mark.parametrize("batches", [0, 1])
def test_what_a_batch_wrote_that_did_not_commit_is_cut_off(dee, attribute, monkeypatch, batches):
    ids = fill(attribute, ["a", "b", "c"])
    job = hands.purge(dee, attribute, export=True)
    mine = taken()
    sweep = steps_of(mine)[0]
    for _ in range(batches):
        mine = next_batch(mine, sweep, 1).job

    def die(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(lease, "keep", die)
        with pytest.raises(KeyboardInterrupt):
            next_batch(mine, sweep, 1)
    assert len(values_of(job)) == batches + 1
    hands.free(job)
    work()
    assert [(line["id"], line["value"]) for line in values_of(job)] == list(
        zip(ids, ["a", "b", "c"], strict=True)
    )


def test_a_file_that_was_moved_away_stops_the_purge(dee, attribute):
    fill(attribute, ["a", "b"])
    job = hands.purge(dee, attribute, export=True)
    mine = taken()
    next_batch(mine, steps_of(mine)[0], 1)
    path = exports.path_of(job)
    kept = path.read_bytes()
    path.unlink()
    hands.free(job)
    work()
    assert stand(job) == JobState.BLOCKED
    assert "Put it back" in job.error
    path.write_bytes(kept)
    jobs.resume(principal=dee, job_id=job.id)
    work()
    assert stand(job) == JobState.DONE
    assert [line["value"] for line in values_of(job)] == ["a", "b"]


# What is kept only for so long


def age():
    over = timezone.now() - timedelta(seconds=1)
    SpareSlot.objects.filter(state=SlotState.RETAINED).update(kept_until=over)


def test_originals_whose_time_is_over_are_destroyed(dee, attribute):
    fill(attribute, ["7"])
    hands.retype(dee, attribute, "INTEGER")
    work()
    age()
    work()
    attribute.refresh_from_db()
    assert documents() == [{attribute.slot: 7}]
    assert not SpareSlot.objects.exists()
    told = InstanceEvent.objects.order_by("id").last()
    assert (told.action, told.changes[0]["type"]) == ("attribute.spare_values_purged", "STRING")


def test_originals_of_a_busy_attribute_wait_without_a_new_epoch(dee, attribute):
    fill(attribute, ["7"])
    hands.retype(dee, attribute, "INTEGER")
    work()
    job = hands.retype(dee, attribute, "TEXT")
    jobs.pause(principal=dee, job_id=job.id)
    age()
    before = schemas.now().stamp
    retention.enforce()
    assert schemas.now().stamp == before
    assert SpareSlot.objects.filter(state=SlotState.RETAINED).exists()


# The fence and the pace


def test_a_change_of_the_schema_gets_in_between_two_batches(dee, attribute, make_attribute):
    fill(attribute, ["7"] * 3_000)
    job = hands.retype(dee, attribute, "INTEGER")
    made = []

    def define():
        try:
            made.append(make_attribute("another"))
        finally:
            connections.close_all()

    thread = threading.Thread(target=define)
    for turn in Worker(max_writer_delay=0.05).work():
        if turn.step == "fill" and not thread.ident:
            thread.start()
    thread.join(10)
    assert made
    assert stand(job) == JobState.DONE


def test_batches_grow_while_they_are_quick_and_shrink_at_once():
    pace = Pace(0.1)
    first = pace.size = 500
    pace.learn(0.01, first)
    assert pace.size == round(first * 1.25)
    pace.learn(0.01, 0)
    assert pace.size == round(first * 1.25)
    pace.learn(1.0, first)
    assert pace.size < first / 2
    for _ in range(20):
        pace.learn(10.0, 1)
    assert pace.size == 50


def vacuumed():
    """How often the table was."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT vacuum_count FROM pg_stat_user_tables WHERE relname = 'incidents_incident'"
        )
        return cursor.fetchone()[0]


def test_a_table_that_was_rewritten_is_vacuumed(dee, attribute, monkeypatch):
    monkeypatch.setattr(worker, "_VACUUM_LEAST", 10)
    fill(attribute, ["7"] * 30)
    before = vacuumed()
    hands.retype(dee, attribute, "INTEGER")
    work()
    hands.eventually(lambda: vacuumed() > before)


def test_a_vacuum_that_somebody_stood_against_is_made_up_for(committed, monkeypatch):
    monkeypatch.setattr(worker, "_VACUUM_LEAST", 1)
    monkeypatch.setattr(worker.indexes, "rows_of_table", lambda: 100)
    before, running = vacuumed(), Worker(max_writer_delay=0.1)
    with closing(connections.create_connection("owner")) as other, other.cursor() as cursor:
        cursor.execute("BEGIN; LOCK incidents_incident IN SHARE UPDATE EXCLUSIVE MODE")
        running._vacuum(30)
        assert vacuumed() == before
        cursor.execute("ROLLBACK")
    running._vacuum(5)
    hands.eventually(lambda: vacuumed() > before)


def test_batches_hold_the_fence_only_while_they_run(dee, attribute):
    fill(attribute, ["7"] * 20)
    hands.retype(dee, attribute, "INTEGER")
    for _ in Worker(max_writer_delay=0.1).work():
        with closing(connections.create_connection("owner")) as other, other.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(7717, 1)")
            assert cursor.fetchone()[0]
