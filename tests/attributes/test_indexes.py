"""Indexes of attributes: asked for, built beside the writers, used, and never left half-made."""

import importlib
import io
import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from datetime import timedelta

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.utils import timezone
from psycopg.types.json import Jsonb

from accounts import tenancy
from attributes import indexes, storage
from attributes.models import AttributeMeta, IndexBuild, State
from attributes.operations.archive import archive_attribute
from attributes.operations.define import change_attribute
from attributes.operations.index import Done, reconcile
from attributes.storage import expression
from history.models import InstanceEvent
from incidents_project.database import cluster, leakproof
from tests.conftest import ACME, client_of
from tests.incidents.listing import row, store

PATH = "/v1/incident/attributes"


def attribute_index(*arguments):
    """What the command prints: to standard output, and beside it."""
    out, err = io.StringIO(), io.StringIO()
    call_command("attribute_index", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def define(committed):
    """A deployer's client whose changes are really there."""
    return client_of(ACME, "deployer")


def of(definition):
    return indexes.read().of(definition.slot)


def state(definition):
    definition.refresh_from_db()
    return indexes.read().state(definition)


def steps(**options):
    return [(outcome.name, outcome.done) for outcome in reconcile(**options)]


def as_superuser(statement, *parameters):
    settings = connections["owner"].settings_dict
    with psycopg.connect(
        host=settings["HOST"], port=cluster.PORT, user="postgres", dbname=settings["NAME"]
    ) as admin:
        admin.execute(statement, parameters)


@pytest.fixture
def old_snapshot(committed):
    """A transaction that every concurrent build waits for, once it has made its index."""
    with closing(connections.create_connection("owner")) as other:
        with other.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SELECT 1")
        yield other
    # closing it, sooner or later, lets the build go on


def eventually(holds):
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def in_a_thread(call):
    """``call`` meanwhile; ended when the block is."""
    told = []

    def run():
        try:
            told.append(call())
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    yield told
    thread.join(timeout=30)
    assert not thread.is_alive()


# What is wanted


@pytest.mark.django_db
def test_an_index_is_asked_for_by_a_member_and_its_state_is_told(deployer_api):
    made = deployer_api.post(PATH, {"name": "count", "type": "INTEGER", "indexed": True}).json()
    assert (made["data"]["indexed"], made["data"]["index_state"]) == (True, "BUILDING")
    sent_back = deployer_api.patch(f"{PATH}/count", made["data"]).json()["data"]
    assert sent_back == made["data"]
    changed = deployer_api.patch(f"{PATH}/count", {"indexed": None}).json()["data"]
    assert (changed["indexed"], changed["index_state"]) == (False, "NONE")
    entry = deployer_api.get(f"{PATH}/count/history").json()["data"][0]
    assert [change["field"] for change in entry["changes"]] == ["indexed"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("type_name", "rules", "words"),
    [
        ("STRING", {"max_length": 501}, "set max_length to 500 or less"),
        ("URL", {}, "set max_length to 500 or less"),
        ("TEXT", {"max_length": 10}, "TEXT cannot be indexed"),
        ("JSON", {}, "JSON cannot be indexed"),
        ("GEO_POINT", {}, "GEO_POINT cannot be indexed"),
    ],
)
def test_what_no_index_can_hold_is_refused_in_words(deployer_api, type_name, rules, words):
    body = {"name": "value", "type": type_name, "rules": rules, "indexed": True}
    response = deployer_api.post(PATH, body)
    assert (response.status_code, response.json()["code"]) == (400, "contradiction")
    assert response.json()["errors"][0]["field"] == "indexed"
    assert words in response.json()["detail"]


@pytest.mark.django_db
def test_rules_cannot_outgrow_the_index(deployer_api, make_attribute):
    make_attribute("region", "STRING", indexed=True)
    response = deployer_api.patch(f"{PATH}/region", {"rules": {"max_length": 501}})
    fault = response.json()["errors"][0]
    assert (fault["field"], fault["code"]) == ("rules", "contradiction")
    assert "set indexed to false" in fault["message"]
    both = {"rules": {"max_length": 501}, "indexed": False}
    assert deployer_api.patch(f"{PATH}/region", both).status_code == 200


@pytest.mark.django_db
def test_there_are_no_more_indexes_than_the_budget_allows(deployer_api, make_attribute, settings):
    settings.ATTRIBUTE_INDEX_BUDGET = 1
    make_attribute("count", indexed=True)
    make_attribute("region", "STRING")
    for response in (
        deployer_api.patch(f"{PATH}/region", {"indexed": True}),
        deployer_api.post(PATH, {"name": "other", "type": "DATE", "indexed": True}),
    ):
        assert (response.status_code, response.json()["code"]) == (409, "index_budget")
        assert response.json()["indexed"] == ["count"]
    assert deployer_api.patch(f"{PATH}/count", {"indexed": True}).status_code == 200
    settings.ATTRIBUTE_INDEX_BUDGET = 0
    assert deployer_api.patch(f"{PATH}/count", {"label": "N", "indexed": True}).status_code == 200


@pytest.mark.django_db
def test_indexes_is_no_name_of_an_attribute(deployer_api):
    response = deployer_api.post(PATH, {"name": "Indexes", "type": "DATE"})
    assert response.json()["code"] == "reserved_name"


@pytest.mark.django_db
def test_a_list_reads_the_catalogue_once(viewer_api, make_attribute, django_assert_max_num_queries):
    for number in range(3):
        make_attribute(f"count{number}", indexed=True)
    viewer_api.get(PATH)
    with django_assert_max_num_queries(20) as few:
        viewer_api.get(PATH)
    for number in range(3, 6):
        make_attribute(f"count{number}", indexed=True)
    with django_assert_max_num_queries(len(few)):
        viewer_api.get(PATH)


# Building


def statistics():
    with connection.cursor() as cursor:
        cursor.execute("SELECT stxname FROM pg_statistic_ext")
        return [name for (name,) in cursor.fetchall()]


def test_an_index_is_built_shown_and_dropped(committed, define, make_attribute, make_incident):
    definition = make_attribute(indexed=True)
    for count in range(5):
        make_incident(attributes={"count": count})
    assert steps() == [("count", Done.BUILT)]
    assert steps() == []
    assert statistics() == [indexes.statistics_of(definition.slot)]
    shown = define.get(f"{PATH}/indexes").json()["data"]
    (index,) = shown.pop("indexes")
    assert shown == {"budget": 8, "usable": True, "advice": []}
    assert (index["name"], index["state"], index["rows"]) == ("count", "READY", 5)
    assert index["index"] == f"incidents_incident_{definition.slot}"
    assert index["size_bytes"] > 0
    assert define.get(f"{PATH}/count").json()["data"]["index_state"] == "READY"
    define.patch(f"{PATH}/count", {"indexed": False})
    assert define.get(f"{PATH}/count").json()["data"]["index_state"] == "DROPPING"
    assert steps() == [("count", Done.DROPPED)]
    assert statistics() == []
    assert define.get(f"{PATH}/indexes").json()["data"]["indexes"] == []


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        ("BOOLEAN", True),
        ("NUMBER", "1.5"),
        ("DATE", "2026-03-04"),
        ("SELECT", "EU"),
        ("MULTISELECT", ["EU"]),
        ("USER", {"subject": "ada"}),
    ],
)
def test_every_kind_of_index_can_be_built(
    committed, make_attribute, make_incident, type_name, value
):
    rules = {"options": [{"code": "EU"}]} if "SELECT" in type_name else {}
    definition = make_attribute("value", type_name, rules=rules, indexed=True)
    make_incident(attributes={"value": value})
    make_incident()
    assert steps() == [("value", Done.BUILT)]
    assert of(definition).rows == 1


@pytest.fixture
def unfit(committed, make_attribute, make_incident, dee):
    """An indexed attribute with a value, from before its rules, that no index can hold."""
    definition = make_attribute("note", "STRING", rules={"max_length": 4_000})
    noise = random.Random(7)
    value = "".join(chr(noise.randrange(0x4E00, 0x9FFF)) for _ in range(3_000))
    make_incident(attributes={"note": value})
    members = {"rules": {"max_length": 500}, "indexed": True}
    return change_attribute(principal=dee, name="note", members=members) and definition


def test_a_failed_build_is_visible_leaves_nothing_and_is_tried_again(define, unfit):
    assert steps() == [("note", Done.FAILED)]
    assert not of(unfit).exists
    (index,) = define.get(f"{PATH}/indexes").json()["data"]["indexes"]
    assert index["state"] == "FAILED"
    assert "index row" in index["error"]
    assert index["error"].isascii()  # nothing of the value
    assert steps() == []  # too soon
    for failures in (2, 3):
        IndexBuild.objects.update(finished_at=timezone.now() - timedelta(hours=1))
        assert steps() == [("note", Done.FAILED)]
        assert of(unfit).failures == failures
    IndexBuild.objects.update(finished_at=timezone.now() - timedelta(days=1))
    assert steps() == []  # it is for a person now
    actions = InstanceEvent.objects.order_by("id").values_list("action", flat=True)
    assert list(actions).count("attribute.index_failed") == 3


def test_what_failed_is_repaired_when_its_cause_is_gone(committed, unfit):
    with pytest.raises(CommandError, match="Not every index"):
        attribute_index("repair")
    with tenancy.scope(ACME), connection.cursor() as cursor:
        cursor.execute("UPDATE incidents_incident SET attributes = '{}'")
    assert "The index of note is ready." in attribute_index("repair")[0]
    assert (state(unfit), of(unfit).error) == ("READY", "")
    assert "as it should be" in attribute_index("repair")[0]


def test_asking_again_begins_anew(committed, unfit, dee):
    assert steps() == [("note", Done.FAILED)]
    for indexed in (False, True):
        change_attribute(principal=dee, name="note", members={"indexed": indexed})
    assert state(unfit) == "BUILDING"
    assert steps() == [("note", Done.FAILED)]


def test_an_index_that_a_dead_builder_left_is_built_anew(committed, make_attribute):
    definition = make_attribute(indexed=True)
    list(reconcile())
    as_superuser(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass",
        indexes.name_of(definition.slot),
    )
    assert state(definition) == "BUILDING"
    assert steps() == [("count", Done.BUILT)]
    assert of(definition).valid


def test_what_a_builder_did_not_live_to_finish_is_finished(committed, make_attribute):
    definition = make_attribute(indexed=True)
    list(reconcile())
    IndexBuild.objects.update(finished_at=None)
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"DROP STATISTICS {indexes.statistics_of(definition.slot)}")
    assert steps() == [("count", Done.BUILT)]
    assert statistics() == [indexes.statistics_of(definition.slot)]
    assert steps() == []


def test_an_index_of_another_form_is_dropped_by_migrate_and_built_anew(committed, make_attribute):
    definition = make_attribute(indexed=True)
    name, value = indexes.name_of(definition.slot), expression(definition.slot)
    migration = importlib.import_module("incidents.migrations.0006_indexes_of_attributes")
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"CREATE INDEX {name} ON incidents_incident (tenant_id, {value}, id)")
        cursor.execute(migration.DROPPED)
    assert steps() == [("count", Done.BUILT)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_indexdef(%s::regclass)", [name])
        made = " ".join(cursor.fetchone()[0].split())
    assert "numeric END), id, created_at)" in made


def test_indexes_of_nobody_and_of_the_long_archived_are_dropped(committed, make_attribute, dee):
    kept, archived, gone = (make_attribute(name, indexed=True) for name in ("a", "b", "c"))
    list(reconcile())
    for definition in (kept, archived):
        archive_attribute(principal=dee, name=definition.name)
    assert steps() == []
    long_ago = timezone.now() - timedelta(days=2)
    AttributeMeta.objects.filter(pk=archived.pk).update(archived_at=long_ago)
    AttributeMeta.objects.filter(pk=gone.pk).delete()
    assert steps() == [("b", Done.DROPPED), (indexes.name_of(gone.slot), Done.DROPPED)]
    assert AttributeMeta.objects.get(pk=kept.pk).state == State.ARCHIVED
    assert of(kept).valid


def test_what_is_being_built_is_shown_and_stops_no_writer(
    define, make_attribute, make_incident, old_snapshot
):
    definition = make_attribute(indexed=True)
    phase = "waiting for old snapshots"
    with in_a_thread(steps) as told, closing(old_snapshot):
        eventually(lambda: of(definition).phase == phase)
        (index,) = define.get(f"{PATH}/indexes").json()["data"]["indexes"]
        assert (index["state"], index["progress"]["phase"]) == ("BUILDING", phase)
        assert phase in attribute_index("list")[0]
        make_incident(attributes={"count": 5})
    assert told == [[("count", Done.BUILT)]]


def test_of_two_builders_one_waits_and_finds_it_done(old_snapshot, make_attribute):
    definition = make_attribute(indexed=True)
    waits = threading.Event()

    def second():
        eventually(lambda: of(definition).exists)
        return steps(waiting=waits.set)

    with in_a_thread(steps) as first, in_a_thread(second) as other, closing(old_snapshot):
        assert waits.wait(20)
    assert (first, other) == ([[("count", Done.BUILT)]], [[]])


@pytest.fixture
def ctrl_c():
    """Ctrl-C interrupts, also where the tests run in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_leaves_nothing_behind(old_snapshot, make_attribute, ctrl_c, number):
    definition = make_attribute()

    def interrupt():
        eventually(lambda: of(definition).exists)
        os.kill(os.getpid(), number)

    with in_a_thread(interrupt), pytest.raises(KeyboardInterrupt):
        attribute_index("create", "count")
    old_snapshot.close()
    assert not of(definition).exists
    assert state(definition) == "BUILDING"
    assert steps() == [("count", Done.BUILT)]


# The command


def test_an_index_is_created_and_dropped_by_name(committed, make_attribute):
    definition = make_attribute()
    assert attribute_index("create", "count") == ("The index of count is ready.\n", "")
    assert "already" in attribute_index("create", "count")[0]
    assert state(definition) == "READY"
    assert attribute_index("drop", "count") == ("The index of count is gone.\n", "")
    assert "already" in attribute_index("drop", "count")[0]
    assert state(definition) == "NONE"


def test_a_build_that_fails_says_what_to_do(committed, unfit):
    with pytest.raises(CommandError, match="attribute_index drop note"):
        attribute_index("create", "note")
    assert "index row" in attribute_index("list")[0]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("create", "cuont"), "no such attribute. Did you mean count?"),
        (("drop", "cuont"), "Did you mean count?"),
        (("create", "place"), "GEO_POINT cannot be indexed"),
        (("repair", "--every", "0"), "--every"),
        (("repair", "--every", "soon"), "--every"),
        (("improve",), "improve"),
        ((), "COMMAND"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(make_attribute, arguments, words):
    make_attribute()
    make_attribute("place", "GEO_POINT")
    with pytest.raises(CommandError) as refused:
        attribute_index(*arguments)
    assert words in str(refused.value)


@pytest.mark.django_db
def test_without_an_owner_the_variable_to_set_is_named(monkeypatch):
    databases = {name: each for name, each in connections.settings.items() if name != "owner"}
    monkeypatch.setattr(connections, "settings", databases)
    with pytest.raises(CommandError, match="DATABASE_OWNER_URL"):
        attribute_index("create", "count")


@pytest.mark.django_db
def test_a_database_that_cannot_use_indexes_is_told_of(deployer_api, monkeypatch):
    assert attribute_index("list") == ("No attribute is indexed.\n", "")
    monkeypatch.setattr(leakproof, "FUNCTIONS", ("jsonb_out(jsonb)",))
    assert "as a superuser" in attribute_index("list")[1]
    assert deployer_api.get(f"{PATH}/indexes").json()["data"]["usable"] is False


def test_a_database_that_refuses_is_told_of_in_words(committed, monkeypatch):
    monkeypatch.setattr(indexes, "_READ", "SELECT 1 / 0 WHERE %(table)s <> ''")
    with pytest.raises(CommandError, match="division by zero"):
        attribute_index("list")


@pytest.mark.slow
def test_a_worker_ends_cleanly_when_it_is_stopped(tmp_path):
    environment = os.environ | {"DATA_DIR": str(tmp_path), "EMBEDDED_FSYNC": "off"}
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "--verbosity", "0"], env=environment, check=True)
    repair = [*manage, "attribute_index", "repair", "--every", "1"]
    worker = subprocess.Popen(repair, env=environment, stderr=subprocess.PIPE, text=True)
    eventually((tmp_path / "postgres" / "postmaster.pid").exists)
    time.sleep(1)
    worker.terminate()
    assert (worker.communicate(timeout=30)[1], worker.returncode) == ("", 130)
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()


# Being used

ROWS = 50_000


@pytest.fixture
def many(committed, make_attribute):
    """An indexed attribute and as many incidents as make a scan of the table a bad plan."""
    definition = make_attribute(indexed=True)
    rules = {"options": [{"code": "EU"}]}
    tags = make_attribute("tags", "MULTISELECT", rules=rules, indexed=True)
    insert = """
        INSERT INTO incidents_incident (id, tenant_id, name, status, type, date, description,
            reported_by, attributes, location, severity, next_update, backdated, created_at,
            created_by, updated_at, updated_by, occ_lock)
        SELECT gen_random_uuid(), %s, 'n', 'NEW', 'OTHERS', now(), '', '', CASE WHEN n %% 4 > 0 THEN
            jsonb_build_object(%s::text, n / 20, %s::text, jsonb_build_array(n %% 1000)) ELSE '{}'
            END, '', '', 0, false, now(), '', now(), '', 0
        FROM generate_series(1, %s) AS n
    """
    with tenancy.scope(ACME), connection.cursor() as cursor:
        cursor.execute(insert, [ACME, definition.slot, tags.slot, ROWS])
    list(reconcile())
    return definition, tags


def plan(where, *parameters):
    statement = f"EXPLAIN SELECT id FROM incidents_incident WHERE tenant_id = %s AND {where}"
    with tenancy.scope(ACME), connection.cursor() as cursor:
        cursor.execute(statement, [ACME, *parameters])
        return "\n".join(line for (line,) in cursor.fetchall())


def test_the_service_uses_indexes_behind_its_wall(many):
    count, tags = many
    value = storage.indexed(count.slot, count.typed())
    first = "00000000-0000-0000-0000-000000000000"
    sort = f"{value} IS NOT NULL ORDER BY {value}, id LIMIT 50"
    wanted = [
        (f"{value} = %s", 7),
        (f"{value} >= %s AND {value} < %s", 7, 9),
        (f"{value} = ANY(%s::numeric[])", [7, 9]),
        (sort,),
        (sort.replace(f"{value}, id", f"{value} DESC, id DESC"),),
        (f"({value}, id) > (%s, %s) AND {sort}", 7, first),
    ]
    for where, *parameters in wanted:
        told = plan(where, *parameters)
        assert indexes.name_of(count.slot) in told, told
        assert "Seq Scan" not in told
        if "%s" in where:
            condition = next(line for line in told.splitlines() if "Index Cond" in line)
            assert count.slot in condition, told
    told = plan(f"{expression(tags.slot)} @> %s", Jsonb([7]))
    assert f"Bitmap Index Scan on {indexes.name_of(tags.slot)}" in told, told


def test_what_is_stored_and_no_number_is_neither_in_an_index_nor_in_its_way(define):
    """Nothing of ours stores it; who restores or edits a database may."""
    define.post(PATH, {"name": "count", "type": "INTEGER", "indexed": True}, format="json")
    slot, viewer = AttributeMeta.objects.get(name="count").slot, client_of(ACME, "viewer")
    store([row(n, attributes={slot: value}) for n, value in enumerate([7, "7", None, [7], 8])])
    assert steps() == [("count", Done.BUILT)]
    store([row(5, attributes={slot: "eight"})])
    for said, found in [("=7", 1), ("__gte=0", 2), ("__ne=7", 5)]:
        listed = viewer.get(f"/v1/incident?attributes.count{said}&fields=id")
        assert listed.json()["data"]["total"] == found
    listed = viewer.get("/v1/incident?sort=attributes.count,DESC&fields=name")
    names = [incident["name"] for incident in listed.json()["data"]["incidents"]]
    assert (len(names), names[:2]) == (6, ["Incident 4", "Incident 0"])
