"""Options through their life: added, relabelled, retired, replaced, taken away."""

import random
import threading
import time
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count, islice

import pytest
from django.db import connection, transaction

from accounts import tenancy
from attributes import fence
from attributes.jobs.worker import Worker
from attributes.models import AttributeMeta, Job, JobKind, JobState, OptionSet
from attributes.operations import holders
from attributes.operations.archive import Restore, archive_attribute
from attributes.operations.change import carry_out
from attributes.operations.define import change_attribute
from attributes.operations.jobs import cancel, pause, resume
from attributes.operations.option_sets import (
    change_option_set,
    define_option_set,
    delete_option_set,
    used_by,
)
from attributes.operations.retype import Retype, Undo
from attributes.schema import schemas
from attributes.storage import codes
from history.models import TenantEvent
from incidents import queries
from incidents.models import Incident
from incidents.operations.incidents import create_incident, patch_incident
from incidents.operations.values import set_value
from incidents_project.refusals import Conflict, Invalid, Refusal, Unavailable
from incidents_project.versions import ANY, Expected
from tests.conftest import ACME, DISK_FULL, GLOBEX
from tests.incidents.listing import asked, ids_of, query, row, store
from tests.incidents.oracle import HOLDS

db = pytest.mark.django_db


def options(*given, **changed):
    """``options("a", "b", b={"retired": True})``."""
    return [{"code": code, **changed.get(code, {})} for code in given]


def replaced_by(code):
    return {"retired": True, "replaced_by": code}


RETIRED = {"retired": True}
PLAIN = options("a", "b", "c", "d")
CHAIN = options("a", "b", "c", "d", a=replaced_by("b"), b=replaced_by("c"))


@pytest.fixture
def change(dee):
    """Changes the options of an attribute."""

    def change(listed, name="pick", **members):
        members = {"rules": {"options": listed}, **members}
        return change_attribute(principal=dee, name=name, members=members)

    return change


@pytest.fixture
def change_set(dee):
    def change_set(listed):
        return change_option_set(principal=dee, name="letters", members={"options": listed})

    return change_set


@pytest.fixture
def pick(make_attribute):
    return make_attribute("pick", "SELECT", rules={"options": PLAIN})


@pytest.fixture
def picks(make_attribute):
    return make_attribute("picks", "MULTISELECT", rules={"options": PLAIN})


@pytest.fixture
def letters(dee):
    members = {"name": "letters", "options": PLAIN}
    return define_option_set(principal=dee, members=members)


def work(batches=None, size=500):
    """Carry out what there is to do, or so many batches of it."""
    worker = Worker(max_writer_delay=10.0)
    worker._pace.size = size
    for _ in islice(worker.work(), batches):
        pass


def fill(slot, values, tenant_id=ACME):
    return store([row(n, tenant_id=tenant_id, attributes={slot: v}) for n, v in enumerate(values)])


def rows(tenant_id=ACME):
    """Where each incident's row lies: another place for each time it was written."""
    with tenancy.scope(tenant_id), connection.cursor() as cursor:
        cursor.execute("SELECT ctid::text, xmin::text FROM incidents_incident ORDER BY id")
        return cursor.fetchall()


def held(slot, tenant_id=ACME):
    """What is stored, in the order of the incidents."""
    with tenancy.scope(tenant_id):
        found = Incident.objects.for_tenant(tenant_id).order_by("id")
        return [attributes.get(slot) for attributes in found.values_list("attributes", flat=True)]


def read(incident):
    return queries.read_one(ACME, incident["id"])["attributes"]


def give(principal, incident_id, value, name="pick"):
    return set_value(
        principal=principal, incident_id=incident_id, name=name, value=value, expected=ANY
    )


def refused(call):
    with pytest.raises(Refusal) as refusal:
        call()
    return refusal.value


# One row


@db
@pytest.mark.parametrize(
    ("listed", "shown"),
    [
        (options("a", "b", "c", "d", "e"), ["a", "d"]),
        (options("a", "b", "c", "d", a={"label": "First", "colour": "#ffffff"}), ["a", "d"]),
        (options("d", "c", "b", "a"), ["d", "a"]),
        (options("a", "b", "c", "d", a={"order": 7}), ["d", "a"]),
        (options("a", "b", "c", "d", a=RETIRED), ["a", "d"]),
    ],
    ids=["add", "relabel", "reorder", "order", "retire"],
)
@pytest.mark.parametrize("shared", [False, True])
def test_no_incident_is_written(
    letters, make_attribute, make_incident, change, change_set, listed, shown, shared
):
    rules = {"option_set": "letters"} if shared else {"options": PLAIN}
    made = make_attribute("pick", "MULTISELECT", rules=rules)
    incident = make_incident(attributes={"pick": ["d", "a"]})
    before = rows()
    (change_set if shared else change)(listed)
    assert read(incident) == {"pick": shown}
    assert rows() == before
    made.refresh_from_db()
    assert made.occ_lock == (0 if shared else 1)
    assert not Job.objects.exists()


# Retired


@db
def test_a_retired_option_stays_readable_and_is_not_chosen(
    ada, pick, make_incident, change, viewer_api
):
    incident = make_incident(attributes={"pick": "a"})
    change(options("a", "b", a=RETIRED) + options("c", "d"))
    listed = viewer_api.get("/v1/incident/attributes/pick").json()["data"]["rules"]["options"]
    assert listed[0] == {"code": "a", "retired": True}
    assert read(incident) == {"pick": "a"}
    assert ids_of(asked(viewer_api, "attributes.pick=a")) == [str(incident["id"])]
    refusal = refused(partial(make_incident, attributes={"pick": "a"}))
    assert [fault.code for fault in refusal.faults] == ["retired_option"]
    body = {"name": "Renamed", "attributes": {"pick": "a"}}  # what was read, and something else
    patched = patch_incident(
        principal=ada, incident_id=incident["id"], body=body, expected=Expected(0)
    )
    assert (patched["name"], patched["attributes"]) == ("Renamed", {"pick": "a"})


@db
@pytest.mark.parametrize("member", ["default", "missing_value"])
@pytest.mark.parametrize(
    "listed",
    [
        options("a", "b", "c", "d", a=RETIRED),
        options("a", "b", "c", "d", a=replaced_by("b")),
        options("b", "c", "d"),
    ],
    ids=["retire", "replace", "remove"],
)
@pytest.mark.parametrize("archived", [False, True])
def test_what_incidents_get_by_themselves_must_stay_choosable(
    dee, letters, make_attribute, change_set, member, listed, archived
):
    made = make_attribute("pick", "SELECT", rules={"option_set": "letters"})
    AttributeMeta.objects.filter(id=made.id).update(**{member: "a"})
    if archived:
        archive_attribute(principal=dee, name="pick")
    refusal = refused(partial(change_set, listed))
    assert [(fault.field, fault.code) for fault in refusal.faults] == [("options", "in_use")]
    assert f"{member.replace('_', ' ')} of pick" in refusal.faults[0].message


@db
@pytest.mark.parametrize("listed", [CHAIN, options("a", "b", a=RETIRED) + options("c", "d")])
def test_an_own_default_must_stay_choosable_too(make_attribute, change, listed):
    make_attribute("pick", "SELECT", rules={"options": PLAIN}, default="a")
    refusal = refused(partial(change, listed))
    assert [(fault.field, fault.code) for fault in refusal.faults] == [
        ("default", "retired_option")
    ]
    change(listed, default="d")


# Replaced


@db
def test_reads_show_what_replaced_it_from_that_moment(
    pick, picks, make_incident, change, viewer_api
):
    one = make_incident(attributes={"pick": "a", "picks": ["d", "c", "b", "a"]})
    change(CHAIN)
    change(CHAIN, name="picks")
    before = rows()
    shown = {"pick": "c", "picks": ["c", "d"]}
    assert read(one) == shown
    url = f"/v1/incident/{one['id']}"
    assert viewer_api.get(url).json()["data"]["attributes"] == shown
    assert asked(viewer_api)["data"]["incidents"][0]["attributes"] == shown
    assert viewer_api.get(f"{url}/attributes").json()["data"]["pick"] == "c"
    assert rows() == before
    work()
    assert read(one) == shown
    assert held(pick.slot) == ["c"]
    assert held(picks.slot) == [["c", "d"]]


@db
@pytest.mark.parametrize("drained", [False, True])
def test_what_was_read_is_sent_back_and_changes_nothing(
    ada, pick, picks, make_incident, change, owner_api, drained
):
    incident = make_incident(attributes={"pick": "a", "picks": ["a", "d"]})
    change(CHAIN)
    change(CHAIN, name="picks")
    if drained:
        work()
    url = f"/v1/incident/{incident['id']}"
    found = owner_api.get(url).json()["data"]
    assert owner_api.patch(url, found).json()["data"]["occ_lock"] == 0
    for name, value in (("pick", "c"), ("picks", ["d", "c"]), ("picks", ["c", "d"])):
        assert give(ada, incident["id"], value, name)["occ_lock"] == 0


@db
@pytest.mark.parametrize("drained", [False, True])
def test_a_replaced_option_cannot_be_chosen(pick, picks, make_incident, change, drained):
    incident = make_incident(attributes={"pick": "b"})
    change(CHAIN)
    change(CHAIN, name="picks")
    if drained:
        work()
    refusal = refused(partial(make_incident, attributes={"pick": "a", "picks": ["b", "d"]}))
    told = [(fault.code, fault.message) for fault in refusal.faults]
    assert told == [("retired_option", "This option is retired. Choose c instead.")] * 2
    assert read(incident) == {"pick": "c"}


@db
def test_history_shows_what_was_stored_then(ada, pick, make_incident, change, viewer_api):
    incident = make_incident(attributes={"pick": "a"})
    change(CHAIN)
    work()
    give(ada, incident["id"], "d")
    entries = viewer_api.get(f"/v1/incident/{incident['id']}/history").json()["data"]
    told = [
        (entry["old"], entry["new"])
        for event in entries
        for entry in event["changes"]
        if entry["field"] == "attributes.pick"
    ]
    assert told == [("c", "d"), (None, "a")]


@db
def test_the_job_writes_only_what_it_must(dee, pick, make_incident, change):
    fill(pick.slot, ["a", "b", "c", "d"])
    fill(pick.slot, ["d", "a"], tenant_id=GLOBEX)
    with tenancy.scope(ACME):
        before = list(Incident.objects.order_by("id").values("id", "occ_lock", "updated_at"))
    places = rows()
    change(CHAIN)
    (job,) = Job.objects.all()
    assert (job.kind, job.state, job.requested_by) == (JobKind.REPLACE, JobState.WAITING, "Dee")
    work()
    job.refresh_from_db()
    assert (job.state, job.result) == (JobState.DONE, {"replaced": 3})
    assert held(pick.slot) == ["c", "c", "c", "d"]
    assert held(pick.slot, GLOBEX) == ["d", "c"]
    assert rows()[2:] == places[2:]
    with tenancy.scope(ACME):
        assert (
            list(Incident.objects.order_by("id").values("id", "occ_lock", "updated_at")) == before
        )
        assert not TenantEvent.objects.exists()


@db
def test_a_replaced_option_is_replaced_in_turn(pick, change):
    fill(pick.slot, ["a", "b"])
    change(options("a", "b", "c", "d", a=replaced_by("b")))
    work()
    assert held(pick.slot) == ["b", "b"]
    change(CHAIN)
    work()
    assert held(pick.slot) == ["c", "c"]
    assert [job.result["replaced"] for job in Job.objects.order_by("id")] == [1, 2]


@db
def test_replacements_that_end_at_a_retired_option_show_it(pick, change, viewer_api):
    (incident,) = fill(pick.slot, ["a"])
    change(options("a", "b", "c", "d", a=replaced_by("b"), b=RETIRED))
    work()
    assert ids_of(asked(viewer_api, "attributes.pick=a")) == [incident]
    assert held(pick.slot) == ["b"]


@db
def test_nothing_new_is_replaced_by_sending_the_same_again(pick, change):
    change(CHAIN)
    work()
    change(CHAIN)
    change(options("a", "b", "c", "d", a=replaced_by("b"), b=replaced_by("c"), d={"label": "D"}))
    assert Job.objects.count() == 1


@db
@pytest.mark.parametrize(
    "listed",
    [
        options("a", "b", "c", "d", a=replaced_by("d"), b=replaced_by("c")),
        options("a", "b", "c", "d", "e", b=replaced_by("c")),
        options("a", "b", "c", "d", a=replaced_by("b"), b=replaced_by("c"), c=replaced_by("d")),
    ],
    ids=["another", "fewer", "more"],
)
def test_a_replacement_is_not_changed_while_its_job_is_open(pick, change, listed):
    change(CHAIN)
    refusal = refused(partial(change, listed))
    assert (type(refusal), refusal.code) == (Conflict, "job_open")
    assert refusal.members == {"job": str(Job.objects.get().id)}
    pick.refresh_from_db()
    assert pick.rules == {"options": CHAIN}
    work()
    change(listed)


@db
@pytest.mark.parametrize(
    "listed",
    [
        [*CHAIN, {"code": "e"}],
        options("d", "c", "b", "a", a=replaced_by("b"), b=replaced_by("c"), d={"label": "D"}),
        options("a", "b", "c", "d", a=replaced_by("b"), b=replaced_by("c"), d=RETIRED),
    ],
    ids=["add", "relabel", "retire"],
)
def test_what_does_not_touch_the_job_is_changed_beside_it(pick, change, listed):
    fill(pick.slot, ["a", "d"])
    change(CHAIN)
    change(listed)
    work()
    assert held(pick.slot) == ["c", "d"]


@db
def test_an_option_is_not_replaced_while_the_type_is_changed(dee, pick, change):
    carry_out(Retype("pick", {"type": "STRING"}), principal=dee)
    assert refused(partial(change, CHAIN)).code == "job_open"


@db
def test_a_replacement_is_taken_back(dee, pick, change):
    """What the job had written by then stays as it is: it cannot be told apart any more."""
    ids = fill(pick.slot, ["a"] * 4)
    change(CHAIN)
    work(batches=1, size=2)
    job = Job.objects.get()
    cancel(principal=dee, job_id=job.id)
    assert [queries.read_one(ACME, id_)["attributes"]["pick"] for id_ in ids] == ["c"] * 4
    change(PLAIN)
    assert held(pick.slot) == ["c", "c", "a", "a"]
    assert not Job.objects.open().exists()


@db
def test_options_sent_again_begin_a_cancelled_job_anew(dee, pick, change):
    fill(pick.slot, ["a"] * 4)
    change(CHAIN)
    cancel(principal=dee, job_id=Job.objects.get().id)
    change_attribute(principal=dee, name="pick", members={"label": "No options are sent"})
    assert not Job.objects.open().exists()
    change(CHAIN)
    work()
    assert held(pick.slot) == ["c"] * 4
    change(CHAIN)
    assert Job.objects.count() == 2


@db
def test_the_job_rests_and_goes_on(dee, pick, change):
    fill(pick.slot, ["a"] * 9)
    change(CHAIN)
    work(batches=2, size=2)
    job_id = Job.objects.get().id
    pause(principal=dee, job_id=job_id)
    work()
    assert held(pick.slot) == ["c"] * 4 + ["a"] * 5
    resume(principal=dee, job_id=job_id)
    work()
    assert held(pick.slot) == ["c"] * 9
    assert Job.objects.get().result == {"replaced": 9}


@db
def test_a_shared_option_is_replaced_for_everybody(
    dee, letters, make_attribute, make_incident, change_set
):
    rules = {"option_set": "letters"}
    slots = {name: make_attribute(name, "SELECT", rules=rules).slot for name in ("x", "y", "z")}
    incident = make_incident(attributes={"x": "a", "y": "b", "z": "a"})
    archive_attribute(principal=dee, name="z")
    change_set(CHAIN)
    assert read(incident) == {"x": "c", "y": "c"}
    assert sorted(Job.objects.values_list("attribute_name", flat=True)) == ["x", "y"]
    work()
    assert [held(slots[name]) for name in slots] == [["c"], ["c"], ["a"]]
    carry_out(Restore("z", {}), principal=dee)
    assert read(incident) == {"x": "c", "y": "c", "z": "c"}
    work()
    assert held(slots["z"]) == ["c"]


@db
def test_one_open_job_stands_against_the_change_of_a_shared_set(
    dee, letters, make_attribute, change_set
):
    for name in ("x", "y"):
        make_attribute(name, "SELECT", rules={"option_set": "letters"})
    carry_out(Retype("y", {"type": "STRING"}), principal=dee)
    assert refused(partial(change_set, CHAIN)).code == "job_open"
    assert OptionSet.objects.get().options == PLAIN
    assert Job.objects.get().kind == JobKind.RETYPE


@db
def test_a_type_that_is_to_come_counts_as_a_user(dee, letters, make_attribute, change_set):
    make_attribute("x", "STRING")
    rules = {"option_set": "letters"}
    carry_out(Retype("x", {"type": "SELECT", "rules": rules}), principal=dee)
    assert refused(partial(change_set, CHAIN)).code == "job_open"
    assert used_by(letters) == ["x"]
    assert refused(partial(delete_option_set, principal=dee, name="letters")).code == "in_use"
    change_set([*PLAIN, {"code": "e"}])


@db
def test_a_type_that_is_gone_back_to_has_what_replaced_its_options(
    dee, letters, make_attribute, make_incident, change_set
):
    slot = make_attribute("x", "SELECT", rules={"option_set": "letters"}).slot
    incident = make_incident(attributes={"x": "a"})
    carry_out(Retype("x", {"type": "STRING"}), principal=dee)
    work()
    change_set(CHAIN)
    assert read(incident) == {"x": "a"}
    assert refused(partial(change_set, options("c", "d"))).members["options"] == {"a": 1, "b": 0}
    carry_out(Undo("x", {}), principal=dee)
    work()
    assert read(incident) == {"x": "c"}
    assert held(slot) == ["c"]
    change_set(options("c", "d"))


@db
def test_an_archived_attribute_is_gone_on_with_when_it_is_restored(dee, pick, change):
    fill(pick.slot, ["a"])
    change(CHAIN)
    archive_attribute(principal=dee, name="pick", detach=True)
    work()
    assert held(pick.slot) == ["a"]
    carry_out(Restore("pick", {}), principal=dee)
    work()
    assert held(pick.slot) == ["c"]


@db
@pytest.mark.parametrize("kind", ["SELECT", "MULTISELECT"])
def test_a_unique_attribute_has_no_replaced_options(
    dee, letters, make_attribute, change, change_set, kind
):
    make_attribute("own", kind, rules={"options": PLAIN}, unique=True)
    make_attribute("shared", kind, rules={"option_set": "letters"}, unique=True)
    made = partial(make_attribute, "more", kind, rules={"options": CHAIN}, unique=True)
    for call in (made, partial(change, CHAIN, name="own"), partial(change_set, CHAIN)):
        refusal = refused(call)
        assert [fault.code for fault in refusal.faults] == ["contradiction"]
    assert not Job.objects.exists()
    change(CHAIN, name="own", unique=False)


# Found all the while

LISTED = options(
    "a", "b", "c", "d", "e", "f",
    a=replaced_by("b"), b=replaced_by("c"), e=replaced_by("c"), f=RETIRED,
)  # fmt: skip
ENDS = {"a": "c", "b": "c", "e": "c"}
CODES = [option["code"] for option in LISTED]


def ends(value):
    if isinstance(value, list):
        return sorted({ENDS.get(code, code) for code in value})
    return ENDS.get(value, value)


SETS = [[], *([code] for code in CODES), ["a", "b"], ["a", "c"], ["a", "d"], ["b", "e"], ["c", "d"],
        ["d", "f"], ["a", "d", "f"], ["b", "c", "d", "e"], CODES]  # fmt: skip
LISTS = [["a"], ["c"], ["d"], ["a", "d"], ["b", "e"], ["d", "f"], CODES]
ASKED = {
    "SELECT": [
        *((operator, code) for operator in ("exact", "ne") for code in CODES),
        *((operator, listed) for operator in ("in", "nin") for listed in LISTS),
        ("isnull", True),
        ("isnull", False),
    ],
    "MULTISELECT": [
        *((operator, listed) for operator in ("exact", "ne") for listed in SETS),
        *(("has", code) for code in CODES),
        *((operator, listed) for operator in ("has_any", "has_all") for listed in LISTS),
        ("isnull", True),
        ("isnull", False),
    ],
}


def answers(api, type_name):
    found = {}
    for operator, operand in ASKED[type_name]:
        text = ",".join(operand) if isinstance(operand, list) else str(operand).lower()
        text = operand if isinstance(operand, str) else text
        asked_for = query((f"attributes.pick__{operator}", text), ("size", "100"))
        found[operator, text] = sorted(ids_of(asked(api, asked_for)))
    return found


@db
@pytest.mark.parametrize(
    ("type_name", "values"),
    [("SELECT", [*CODES * 3, None, None]), ("MULTISELECT", [*SETS * 2, None, None])],
)
def test_filters_answer_the_same_before_during_and_after_the_job(
    make_attribute, viewer_api, change, type_name, values
):
    made = make_attribute("pick", type_name, rules={"options": options(*CODES)})
    random.Random(5).shuffle(values)
    held_by = [{} if value is None else {made.slot: value} for value in values]
    ids = store([row(number, attributes=each) for number, each in enumerate(held_by)])
    fill(made.slot, [value for value in values if value is not None], tenant_id=GLOBEX)
    change(LISTED)
    expected = {}
    for operator, operand in ASKED[type_name]:
        text = ",".join(operand) if isinstance(operand, list) else str(operand).lower()
        text = operand if isinstance(operand, str) else text
        wanted = operand if operator == "isnull" else ends(operand)
        expected[operator, text] = sorted(
            id_
            for id_, value in zip(ids, values, strict=True)
            if HOLDS[operator](None if value is None else ends(value), wanted)
        )
    assert answers(viewer_api, type_name) == expected
    work(batches=1, size=4)
    left = [value for value in held(made.slot) if value is not None and ends(value) != value]
    assert left
    assert answers(viewer_api, type_name) == expected
    work()
    assert held(made.slot) == [None if value is None else ends(value) for value in values]
    assert answers(viewer_api, type_name) == expected
    change([option for option in LISTED if option["code"] not in ENDS])
    gone = viewer_api.get("/v1/incident?attributes.pick=a").json()
    assert gone["code"] == "unknown_option"


@db
def test_what_is_read_without_a_value_is_found_among_what_was_replaced(
    make_attribute, viewer_api, change
):
    for name, type_name, missing in (("pick", "SELECT", "c"), ("picks", "MULTISELECT", ["c"])):
        members = {"rules": {"options": PLAIN}, "missing_value": missing, "required": True}
        slot = make_attribute(name, type_name, **members).slot
        ids = fill(slot, ["a", "c", "d"] if name == "pick" else [["a"], ["b", "c"], ["d"]])
        ids += store([row(1)])
        change(CHAIN, name=name)
        url = f"attributes.{name}={{}}&id__in={','.join(ids)}".format
        assert sorted(ids_of(asked(viewer_api, url("a")))) == sorted([*ids[:2], ids[3]])
        assert ids_of(asked(viewer_api, url("d"))) == [ids[2]]


# Taken away


@db
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize(
    ("values", "counts"),
    [
        (["a"], {"a": 2, "b": 0}),
        (["a", "b", "b", "c"], {"a": 2, "b": 4}),
        (["c", "d"], None),
    ],
)
@pytest.mark.parametrize("type_name", ["SELECT", "MULTISELECT"])
def test_an_option_is_taken_away_when_nobody_has_it(
    letters, make_attribute, change, change_set, type_name, values, counts, shared
):
    rules = {"option_set": "letters"} if shared else {"options": PLAIN}
    alter = change_set if shared else change
    slot = make_attribute("pick", type_name, rules=rules).slot
    values = [[value, "d"] for value in values] if type_name == "MULTISELECT" else values
    fill(slot, values)
    fill(slot, values, tenant_id=GLOBEX)
    alter(options("a", "b", "c", "d", a=RETIRED, b=RETIRED))
    if counts is None:
        alter(options("c", "d"))
        return
    refusal = refused(partial(alter, options("c", "d")))
    assert (type(refusal), refusal.code) == (Conflict, "in_use")
    assert refusal.members == {"options": counts}
    assert [fault.field for fault in refusal.faults] == ["options" if shared else "rules.options"]
    alter(options("a", "b", "c", "d", a=replaced_by("c"), b=replaced_by("d")))
    assert refused(partial(alter, options("c", "d"))).members == {"options": counts}
    work()
    alter(options("c", "d"))


@db
def test_an_option_that_can_still_be_chosen_is_not_taken_away(pick, deployer_api):
    response = deployer_api.patch(
        "/v1/incident/attributes/pick", {"rules": {"options": options("b", "c", "d")}}
    )
    assert (response.status_code, response.json()["code"]) == (409, "in_use")
    assert response.json()["options"] == {"a": 0}


@db
def test_an_attribute_takes_its_options_from_elsewhere(dee, letters, pick, make_incident, change):
    rules = {"options": None, "option_set": "letters"}
    make_incident(attributes={"pick": "a"})
    change(None, rules=rules)
    rules = {"options": options("b", "c", "d"), "option_set": None}
    assert refused(partial(change, None, rules=rules)).members["options"] == {"a": 1}
    change(None, rules={"options": [*CHAIN, {"code": "e"}], "option_set": None})
    work()
    assert held(pick.slot) == ["c"]


@db
def test_an_archived_attribute_counts(dee, letters, make_attribute, make_incident, change_set):
    make_attribute("x", "SELECT", rules={"option_set": "letters"})
    make_incident(attributes={"x": "a"})
    archive_attribute(principal=dee, name="x")
    change_set(options("a", "b", "c", "d", a=RETIRED))
    refusal = refused(partial(change_set, options("b", "c", "d")))
    assert refusal.members == {"options": {"a": 1}}


@db
def test_a_set_that_nobody_uses_loses_any_option(letters, change_set):
    assert change_set(options("d")).options == options("d")


@pytest.fixture
def recounting(monkeypatch):
    """Has something happen while it is counted, so often; answers how often it was counted."""
    counted = count()

    def recounting(happens, times):
        really = holders._count

        def counting(question):
            found = really(question)
            if next(counted) < times:
                happens()
            return found

        monkeypatch.setattr(holders, "_count", counting)
        return counted

    return recounting


@db
def test_it_is_counted_again_if_anything_was_changed_meanwhile(
    pick, change, make_attribute, recounting
):
    change(options("a", "b", "c", "d", a=RETIRED))
    names = (f"other{number}" for number in count())
    counted = recounting(lambda: make_attribute(next(names)), 2)
    change(options("b", "c", "d"))
    assert next(counted) == 3


@db
def test_several_counts_for_one_change_are_no_reason_to_give_up(dee, make_attribute):
    gone = [chr(ord("a") + number) for number in range(9)]
    for code in gone:
        listed = options("z", code, **{code: RETIRED})
        make_attribute(f"pick_{code}", "SELECT", rules={"options": listed})

    @holders.counts_first
    @transaction.atomic
    def take_all_away():
        with holders.as_of(fence.change().stamp):
            for code in gone:
                rules = {"rules": {"options": options("z")}}
                change_attribute(principal=dee, name=f"pick_{code}", members=rules)

    take_all_away()


@db
def test_an_option_retired_and_taken_away_at_once_could_still_be_chosen(dee, pick):
    @holders.counts_first
    @transaction.atomic
    def retire_and_take_away():
        with holders.as_of(fence.change().stamp):
            for listed in (options("a", "b", "c", "d", a=RETIRED), options("b", "c", "d")):
                rules = {"rules": {"options": listed}}
                change_attribute(principal=dee, name="pick", members=rules)

    refusal = refused(retire_and_take_away)
    assert refusal.members == {"options": {"a": 0}}


@db
def test_it_is_not_counted_for_ever(pick, change, make_attribute, recounting):
    change(options("a", "b", "c", "d", a=RETIRED))
    names = (f"other{number}" for number in count())
    recounting(lambda: make_attribute(next(names)), 100)
    with pytest.raises(Unavailable) as refusal:
        change(options("b", "c", "d"))
    assert refusal.value.code == "schema_busy"


@db
def test_an_option_that_came_back_meanwhile_is_seen(pick, ada, change, make_incident, recounting):
    change(options("a", "b", "c", "d", a=RETIRED))

    def come_back():
        change(PLAIN)
        make_incident(attributes={"pick": "a"})

    recounting(come_back, 1)
    refusal = refused(partial(change, options("b", "c", "d")))
    assert refusal.members == {"options": {"a": 1}}


@pytest.mark.parametrize("code", ["'", "a'b", "", "a b", "a\n", "%s", "a\\", "é", "$1"])
def test_no_code_ends_its_literal(code):
    with pytest.raises(ValueError, match="codes"):
        codes(["a", code])


# At once

LIVES = [
    PLAIN,
    options("a", "b", "c", "d", b=RETIRED),
    options("a", "b", "c", "d", b=replaced_by("c")),
    options("a", "c", "d"),
]


def attempt(call):
    with suppress(Conflict, Invalid, Unavailable):
        return call()


@pytest.fixture
def live(ada, together):
    """Four writers choose options all the while that one of them comes and goes.

    Answers the codes that values were left with when their option was gone, and which changes of
    the options were carried out.
    """

    def live(slot, alter, lives):
        ids = fill(slot, ["a"] * 12)
        stop, dangling, done = [], set(), set()

        def write(number):
            chance = random.Random(number)
            while not stop:
                code, id_ = chance.choice("abcd"), chance.choice(ids)
                if chance.random() < 0.2:
                    body = {**DISK_FULL, "attributes": {"pick": code}}
                    attempt(partial(create_incident, principal=ada, body=body))
                else:
                    attempt(partial(give, ada, id_, code))

        def change():
            try:
                for life in range(lives):
                    listed = LIVES[life % len(LIVES)]
                    if attempt(partial(alter, listed)) is not None:
                        done.add(life % len(LIVES))
                        time.sleep(0.05)
                        dangling.update(set(held(slot)) - {option["code"] for option in listed})
                    if life % 8 not in {2, 4}:  # now and then a job is open, or values are left
                        work()
            finally:
                stop.append(True)

        together([*(partial(write, number) for number in range(4)), change])
        return dangling, done

    return live


@pytest.mark.slow
@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("shared", [False, True])
def test_no_value_is_left_whose_option_is_gone(
    letters, make_attribute, change, change_set, live, shared
):
    rules = {"option_set": "letters"} if shared else {"options": PLAIN}
    slot = make_attribute("pick", "SELECT", rules=rules).slot
    dangling, done = live(slot, change_set if shared else change, 40)
    assert (dangling, done) == (set(), {0, 1, 2, 3})


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("fenced", [True, False])
def test_a_writer_who_is_slow_is_waited_for(pick, ada, change, together, monkeypatch, fenced):
    """Without the fence a value would be left whose option is gone."""
    (incident,) = fill(pick.slot, ["a"])
    enter, inside, goes_on = fence.scope, threading.Event(), threading.Event()

    @contextmanager
    def slowly(tenant_id):
        with enter(tenant_id) if fenced else tenancy.scope(tenant_id) as schema:
            known = schema if fenced else schemas.now()
            inside.set()
            goes_on.wait(timeout=30)
            yield known

    def write():
        monkeypatch.setattr(fence, "scope", slowly)
        give(ada, incident, "b")

    def take_away():
        inside.wait(timeout=30)
        if fenced:
            threading.Timer(0.3, goes_on.set).start()
        change(options("a", "b", "c", "d", b=RETIRED))
        told = attempt(partial(change, options("a", "c", "d")))
        goes_on.set()
        return told

    _, taken_away = together([write, take_away])
    assert held(pick.slot) == ["b"]
    assert (taken_away is None) == fenced
