"""What incidents without a value are read as, and how they get one."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attributes import types
from attributes.models import AttributeMeta, Job, JobState
from attributes.operations.backfill import Backfill
from attributes.operations.change import carry_out, preview
from attributes.operations.define import change_attribute
from attributes.operations.jobs import cancel
from attributes.operations.update import Update
from attributes.plans import Risk
from attributes.walk import tally
from incidents_project.exact_json import dumps
from incidents_project.refusals import Conflict, Invalid
from tests.attributes.jobs.hands import documents, stand, work, write
from tests.conftest import ACME, DISK_FULL, GLOBEX
from tests.incidents import test_filters as filters
from tests.incidents import test_sorting as sorting
from tests.incidents.listing import asked, ids_of, query, remove, row, store
from tests.incidents.oracle import tree_holds
from tests.incidents.samples import VALUES, compared, stored
from tests.incidents.test_filters_sql import check_made_of_our_own, statements

pytestmark = pytest.mark.django_db

DEFINE = "/v1/incident/attributes"
ALWAYS = {"required": True}
VIRTUAL = [type_.name for type_ in types.TYPES if not type_.refers]
SETTINGS = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)


@pytest.fixture
def level(make_attribute):
    """An attribute that incidents without a value are read as having 5 of."""
    return make_attribute("level", missing_value=5, **ALWAYS)


@pytest.fixture
def without(level):
    """The id of an incident without a value."""
    return store([row(1)])[0]


def faults(refused):
    return [(fault.field, fault.code) for fault in refused.value.faults]


# Reading


def test_an_incident_without_a_value_is_read_as_having_one(viewer_api, without, level):
    (other,) = store([row(2, attributes={level.slot: 7})])
    listed = asked(viewer_api, "sort=id,ASC")["data"]["incidents"]
    assert [incident["attributes"] for incident in listed] == [{"level": 5}, {"level": 7}]
    one = viewer_api.get(f"/v1/incident/{without}").json()["data"]
    assert one["attributes"] == {"level": 5}
    alone = viewer_api.get(f"/v1/incident/{other}").json()["data"]
    assert alone["attributes"] == {"level": 7}
    values = viewer_api.get(f"/v1/incident/{without}/attributes").json()["data"]
    assert values == {"level": 5}


def test_only_what_is_asked_for_is_shown(viewer_api, without, make_attribute):
    make_attribute("other", "STRING")
    for fields, shown in (("attributes.level", {"level": 5}), ("attributes.other", {})):
        (incident,) = asked(viewer_api, f"fields={fields}")["data"]["incidents"]
        assert incident["attributes"] == shown


def test_it_is_taken_back_as_it_was_said(viewer_api, without, dee):
    change_attribute(principal=dee, name="level", members={"missing_value": None})
    assert viewer_api.get(f"/v1/incident/{without}").json()["data"]["attributes"] == {}


def test_what_is_read_may_be_sent_back(owner_api, without):
    url = f"/v1/incident/{without}"
    read = owner_api.get(url).json()["data"]
    assert owner_api.patch(url, read).json()["data"] == read
    put = owner_api.put(url, read).json()["data"]
    assert (put["attributes"], put["occ_lock"]) == (read["attributes"], 1)
    assert documents() == [{}]
    assert owner_api.get(f"{url}/history").json()["data"][0]["changes"] == []


def test_it_is_a_value_to_whoever_writes(owner_api, without):
    url = f"/v1/incident/{without}/attributes"
    again = owner_api.post(url, {"name": "level", "value": 6})
    assert (again.status_code, again.json()["code"]) == (409, "already_set")
    for cleared in (
        owner_api.delete(f"{url}/level"),
        owner_api.put(url, {"name": "level", "value": None}),
        owner_api.patch(f"/v1/incident/{without}", {"occ_lock": 0, "attributes": {"level": None}}),
    ):
        assert (cleared.status_code, cleared.json()["errors"][0]["code"]) == (400, "required")
    assert owner_api.put(url, {"name": "level", "value": 6}).status_code == 200
    assert owner_api.get(f"/v1/incident/{without}").json()["data"]["attributes"] == {"level": 6}


def test_a_new_incident_has_what_it_says(owner_api, level):
    assert owner_api.post("/v1/incident", DISK_FULL).status_code == 400
    sent = {**DISK_FULL, "attributes": {"level": 5}}
    assert owner_api.post("/v1/incident", sent).status_code == 201
    assert documents() == [{level.slot: 5}]


# What it is for


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"required": True, "required_when": "create"},
        {"required": True, "required_when": ["CLOSED"]},
        {"required": True, "applies_to": ["SECURITY"]},
        {"required": True, "unique": True},
    ],
)
def test_it_is_refused_where_a_value_may_be_cleared_or_differs(make_attribute, members):
    with pytest.raises(Invalid) as refused:
        make_attribute("level", missing_value=5, **members)
    assert ("missing_value", "contradiction") in faults(refused)


@pytest.mark.parametrize(
    ("type_", "rules", "value", "code"),
    [
        ("INTEGER", {"max": 4}, 5, "maximum"),
        ("INTEGER", {}, "five", "wrong_type"),
        ("DATE", {"only": "past"}, "2020-01-01", "contradiction"),
        ("INCIDENT", {}, "e322ab0e-07b3-49bd-b904-7014512032e3", "contradiction"),
    ],
)
def test_it_is_a_value_that_all_can_have(make_attribute, type_, rules, value, code):
    with pytest.raises(Invalid) as refused:
        make_attribute("level", type_, rules=rules, missing_value=value, **ALWAYS)
    assert faults(refused) == [("missing_value", code)]


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"required": False}, "contradiction"),
        ({"required_when": "create"}, "contradiction"),
        ({"applies_to": ["SECURITY"]}, "contradiction"),
        ({"unique": True}, "contradiction"),
        ({"rules": {"max": 4}}, "maximum"),
    ],
)
def test_no_other_rule_may_take_its_sense_away(level, dee, members, code):
    with pytest.raises(Invalid) as refused:
        change_attribute(principal=dee, name="level", members=members)
    assert faults(refused) == [("missing_value", code)]
    change_attribute(principal=dee, name="level", members={"missing_value": None, **members})


def test_it_is_shown_as_the_type_shows_values(deployer_api, make_attribute):
    make_attribute("spent", "DURATION", **ALWAYS)
    sent = {"missing_value": "PT60M", "default": "PT1H"}
    changed = deployer_api.patch(f"{DEFINE}/spent", sent).json()["data"]
    assert (changed["missing_value"], changed["default"]) == ("PT1H", "PT1H")
    again = deployer_api.patch(f"{DEFINE}/spent", changed).json()["data"]
    assert again["occ_lock"] == changed["occ_lock"]


# Filters and orders, against plain Python


@pytest.fixture
def some_without(make_attribute):
    """Incidents with each value of a type and without one, which are read as having ``missing``."""

    def make(type_name, missing):
        rules, raws = VALUES[type_name]
        definition = make_attribute(
            "value", type_name, rules=rules, missing_value=missing, **ALWAYS
        )
        type_ = definition.typed()
        held = [{}, *({definition.slot: stored(type_, raw)} for raw in raws), {}]
        ids = store([row(number, attributes=each) for number, each in enumerate(held)])
        store([row(1, tenant_id=GLOBEX)])
        absent = compared(type_, missing)
        values = [absent, *(compared(type_, raw) for raw in raws), absent]
        return type_, raws, list(zip(ids, values, strict=True))

    return make


@pytest.mark.parametrize("place", ["first", "middle"])
@pytest.mark.parametrize("type_name", VIRTUAL)
def test_every_operator_of_a_type(some_without, type_name, place):
    raws = VALUES[type_name][1]
    missing = raws[0] if place == "first" else raws[len(raws) // 2]
    type_, raws, rows = some_without(type_name, missing)
    for operator in type_.operators:
        filters.check("attributes.value", operator, type_, raws, rows)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("type_name", sorting.ORDERED)
def test_every_order_of_a_type(viewer_api, some_without, type_name, descending):
    raws = VALUES[type_name][1]
    _, _, rows = some_without(type_name, raws[len(raws) // 2])
    values = [{"id": id_, "attributes.value": value} for id_, value in rows]
    sorting.check(viewer_api, values, [("attributes.value", descending)])


MISSING = {"attributes.n": 9, "attributes.s": "a"}


@pytest.fixture
def slots(make_attribute):
    return {
        "attributes.n": make_attribute("n", missing_value=9, **ALWAYS).slot,
        "attributes.s": make_attribute("s", "STRING", missing_value="a", **ALWAYS).slot,
        "attributes.seen": make_attribute("seen", "DATETIME").slot,
        "attributes.m": make_attribute("m", "MULTISELECT", rules={"options": filters.OPTIONS}).slot,
    }


def read(values):
    """Values as they are read."""
    return {**values, **{n: m for n, m in MISSING.items() if n in values and values[n] is None}}


def test_every_mixed_order_and_every_walk(viewer_api, slots):
    @SETTINGS
    @given(
        rows=st.lists(st.fixed_dictionaries(sorting.MIXED), min_size=1, max_size=14),
        keys=sorting.KEYS,
        first=st.sampled_from(sorted(MISSING)),
        down=st.booleans(),
        size=st.integers(1, 4),
    )
    def ask(rows, keys, first, down, size):
        remove()
        stored_slots = {name: slot for name, slot in slots.items() if name in sorting.MIXED}
        ids = sorting.stored_rows(stored_slots, rows)
        keys = [(first, down), *(key for key in keys if key[0] != first)]
        as_read = sorting.with_ids(ids, [read(values) for values in rows])
        sorting.check(viewer_api, as_read, keys, sizes=(size, 5))
        sorting.check(viewer_api, as_read, [*keys[1:], keys[0]], sizes=(size, 5))

    ask()


def test_trees_of_conditions(forest):
    as_read = {id_: read(values) for id_, values in forest.items()}

    @SETTINGS
    @given(tree=filters.TREES)
    def ask(tree):
        expected = sorted(id_ for id_, values in as_read.items() if tree_holds(tree, values))
        assert filters.found("filter", dumps(tree).decode()) == expected

    ask()


@pytest.fixture
def forest(slots):
    steps = list(enumerate(filters.TREE_VALUES.items(), 1))
    some = [
        {name: each[number * step % len(each)] for step, (name, each) in steps}
        for number in range(60)
    ]
    rows = []
    for number, values in enumerate(some):
        held = {s: values[n] for n, s in slots.items() if values.get(n) is not None}
        own = {n: filters.OWN[n].parameter(v) for n, v in values.items() if n in filters.OWN}
        rows.append(row(number, attributes=held, **own))
    return dict(zip(store(rows), some, strict=True))


def test_what_is_listed_is_what_was_asked_for(viewer_api, forest):
    for asked_for, holds in (
        ("attributes.n=9", lambda n: n == 9),
        ("attributes.n__ne=9", lambda n: n != 9),
        ("attributes.n__gt=0", lambda n: n > 0),
    ):
        found = asked(viewer_api, f"{asked_for}&fields=id,attributes.n&size=100&total=exact")
        shown = [incident["attributes"]["n"] for incident in found["data"]["incidents"]]
        expected = [n for values in forest.values() if holds(n := read(values)["attributes.n"])]
        assert sorted(shown) == sorted(expected)
        assert found["data"]["total"] == len(expected)


def test_its_value_is_a_parameter(viewer_api, make_attribute):
    mark = "QzXv'; {} %s"
    make_attribute("who", "STRING", missing_value=mark, **ALWAYS)
    make_attribute("n", missing_value=73917391, **ALWAYS)
    ids = store([row(number) for number in range(3)])
    for asked_for in (
        query(("attributes.who", mark), ("sort", "attributes.n")),
        query(("attributes.who__icontains", "zxv'"), ("sort", "attributes.who,ASC")),
        query(("sort", "attributes.who,ASC"), ("sort", "attributes.n")),
        query(("sort", "name,ASC"), ("sort", "attributes.who"), ("attributes.n__in", "73917391")),
    ):
        with statements() as sent:
            first = asked(viewer_api, f"{asked_for}&size=2")
            rest = asked(viewer_api, f"{asked_for}&cursor={first['page']['next_cursor']}")
        assert sorted([*ids_of(first), *ids_of(rest)]) == ids
        for sql in sent:
            assert "QzXv" not in sql
            assert "7391" not in sql
            if "FROM incidents_incident" in sql:
                check_made_of_our_own(sql)


def test_a_walk_goes_on_when_a_value_is_read_where_there_was_none(viewer_api, make_attribute, dee):
    slot = make_attribute("n", **ALWAYS).slot
    held = [{slot: 1}, {slot: 9}, {}, {}, {slot: 3}]
    ids = store([row(number, attributes=each) for number, each in enumerate(held)])
    first = asked(viewer_api, "sort=attributes.n,ASC&size=4")
    assert ids_of(first) == [ids[0], ids[4], ids[1], ids[2]]
    change_attribute(principal=dee, name="n", members={"missing_value": 5})
    rest = asked(viewer_api, f"sort=attributes.n,ASC&cursor={first['page']['next_cursor']}")
    assert ids_of(rest) == [ids[3], ids[1]]


# Backfill


def backfill(principal, **members):
    carry_out(Backfill("level", members), principal=principal)
    return Job.objects.open().get()


def test_a_backfill_writes_what_was_read(viewer_api, level, dee):
    store([row(1), row(2, attributes={level.slot: 7}), row(3)])
    store([row(1, tenant_id=GLOBEX)])
    before = asked(viewer_api, "")["data"]
    job = backfill(dee)
    work()
    assert stand(job) == JobState.DONE
    assert job.result["filled"] == 3
    assert [each[level.slot] for each in documents()] == [5, 7, 5]
    assert documents(GLOBEX) == [{level.slot: 5}]
    assert asked(viewer_api, "")["data"] == before
    level.refresh_from_db()
    assert level.missing_value is None


def test_a_backfill_writes_the_default_or_what_is_said(make_attribute, dee):
    slot = make_attribute("level", default=3).slot
    store([row(1)])
    backfill(dee)
    work()
    assert documents() == [{slot: 3}]
    remove()
    store([row(1)])
    backfill(dee, value="4")
    work()
    assert documents() == [{slot: 4}]


def test_a_value_that_was_written_meanwhile_stays(level, ada, dee):
    ids = store([row(number) for number in range(3)])
    backfill(dee)
    write(ada, ids[1], level=8)
    work()
    assert [each[level.slot] for each in documents()] == [5, 8, 5]


def test_a_backfill_is_for_those_that_have_the_attribute(make_attribute, dee):
    slot = make_attribute("level", applies_to=["SECURITY"]).slot
    store([row(1), row(2, type="SECURITY")])
    told = preview(Backfill("level", {"value": 1}), tally)
    assert (told.risk, told.undo_forever, told.undo_until) == (Risk.ONLINE, False, None)
    assert told.tally.counts["kept"] == 1
    backfill(dee, value=1)
    work()
    assert documents() == [{}, {slot: 1}]


def test_a_backfill_is_previewed(level, dee):
    ids = store([row(1), row(2, attributes={level.slot: 7}), row(3)])
    told = preview(Backfill("level", {}), lambda *each: tally(*each, asking=ACME)).tally
    assert (told.incidents, told.holders, told.counts["kept"]) == (3, 1, 3)
    shown = {str(s.incident_id): (s.value, s.becomes) for s in told.samples["kept"]}
    assert shown == {ids[0]: (None, 5), ids[1]: (7, 7), ids[2]: (None, 5)}


@pytest.mark.parametrize(
    ("members", "sent", "code"),
    [
        ({}, {}, "required"),
        ({}, {"value": "five"}, "wrong_type"),
        ({"unique": True}, {"value": 5}, "contradiction"),
        ({"required": True, "missing_value": 4}, {"value": 5}, "contradiction"),
        ({}, {"value": 5, "more": 1}, "unknown_field"),
    ],
)
def test_a_backfill_needs_one_value_for_all(make_attribute, dee, members, sent, code):
    make_attribute("level", **members)
    with pytest.raises(Invalid) as refused:
        carry_out(Backfill("level", sent), principal=dee)
    assert code in [code for _, code in faults(refused)]


def test_what_a_job_goes_by_holds_still(level, dee):
    job = backfill(dee)
    for members in ({"missing_value": None}, {"default": 3}, {"rules": {"max": 9}}):
        with pytest.raises(Conflict) as refused:
            change_attribute(principal=dee, name="level", members=members)
        assert refused.value.code == "job_open"
    same = {"missing_value": 5, "rules": {}, "default": None, "unique": False}
    change_attribute(principal=dee, name="level", members={"label": "How high", **same})
    cancel(principal=dee, job_id=job.id)
    change_attribute(principal=dee, name="level", members={"missing_value": None})
    assert AttributeMeta.objects.get().label == "How high"


def test_a_cancelled_backfill_leaves_what_is_read(viewer_api, level, dee, without):
    cancel(principal=dee, job_id=backfill(dee).id)
    work()
    assert asked(viewer_api, "attributes.level=5")["data"]["total"] == 1
    assert preview(Update("level", {"missing_value": None}), tally).risk is Risk.SAFE
    assert Decimal(AttributeMeta.objects.get().missing_value) == 5
