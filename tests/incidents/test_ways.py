"""Whichever way leads to a page, and however often it is asked for, it is the same page."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import tenancy
from incidents import pages, ways
from incidents.models import Incident
from incidents.ways import Question, Way, Ways
from tests.conftest import ACME, GLOBEX
from tests.incidents.listing import START, asked, ids_of, query, remove, row, store, walked
from tests.incidents.oracle import in_order, tree_holds

pytestmark = pytest.mark.django_db

ROWS = 60
SIZES = [1, 3, 10, 50]
OPTIONS = [{"code": "DB"}, {"code": "NET"}, {"code": "UI"}]
OPTIONS += [{"code": "WEB"}, {"code": "WWW", "retired": True, "replaced_by": "WEB"}]
TREES = [
    {"count": 7},
    {"count": 30},
    {"count": 1_000},
    {"count__gte": 0},
    {"count__gte": 40},
    {"count__range": [3, 6], "count__ne": 4},
    {"count__gte": 10, "count__lt": 20},
    {"count__gt": 20, "count__lt": 10},
    {"count__in": [1, 2, 30]},
    {"count__isnull": True},
    {"not": {"count__lt": 30}},
    {"or": [{"count": 7}, {"kind": "NET"}]},
    {"and": [{"count__gte": 5}, {"count__lte": 50}]},
    {"or": [{"count__lt": 5}]},
    {"kind": "DB"},
    {"kind": "WEB"},
    {"kind": "UI"},
    {"kind__ne": "DB"},
    {"kind": "DB", "count__lt": 15},
    {"level": 1},
    {"level__gte": 5},
    {"level__lt": 3},
    {"note": "odd"},
    {"note__icontains": "d", "count__lt": 30},
    {"doc__contains": {"a": 1}},
    {"count": 30, "reported_by": "Bo"},
]
SORTS = ["", "created_at,ASC", "date,DESC", "attributes.count,ASC", "attributes.level,DESC"]


@pytest.fixture(autouse=True)
def _short_walks(monkeypatch):
    monkeypatch.setattr(pages, "WALKED", 12)
    monkeypatch.setattr(ways, "lately", Ways())


@pytest.fixture
def slots(make_attribute):
    made = {
        "count": make_attribute("count", indexed=True),
        "kind": make_attribute("kind", "SELECT", indexed=True, rules={"options": OPTIONS}),
        "level": make_attribute("level", indexed=True, required=True, missing_value=5),
        "note": make_attribute("note", "STRING"),
        "doc": make_attribute("doc", "JSON"),
    }
    return {name: definition.slot for name, definition in made.items()}


def values_of(number):
    """The newest has the greatest number."""
    values = {
        "count": None if number % 11 == 0 else 30 if number % 4 == 0 else number,
        "kind": "NET" if number == 5 else ("DB", "DB", "WEB", "WWW")[number % 4],
        "level": None if number % 3 == 0 else number % 7,
        "note": "odd" if number % 2 else None,
        "doc": {"a": number % 5},
    }
    return {name: value for name, value in values.items() if value is not None}


@pytest.fixture
def stored(slots):
    """Incidents of acme as the oracle compares them; globex has the same."""

    def columns(number):
        values = {slots[name]: value for name, value in values_of(number).items()}
        return {"attributes": values, "reported_by": "Bo" if number % 5 else "Ada"}

    store([row(n, tenant_id=GLOBEX, **columns(n)) for n in range(ROWS)])
    ids = store([row(n, **columns(n)) for n in range(ROWS)])
    absent = dict.fromkeys(slots)
    rows = []
    for number, id_ in enumerate(ids):
        values = absent | {"level": 5} | values_of(number)
        values["kind"] = {"WWW": "WEB"}.get(values["kind"], values["kind"])
        values |= {"id": id_, "created_at": number, "date": 0, "name": f"Incident {number}"}
        rows.append(values | {"reported_by": columns(number)["reported_by"]})
    return rows


def sent(tree):
    """The tree with the names that a client has for attributes."""
    if isinstance(tree, list):
        return [sent(each) for each in tree]
    renamed = {}
    for name, value in tree.items():
        if name in {"and", "or", "not"}:
            renamed[name] = sent(value)
        else:
            renamed[name if name == "reported_by" else f"attributes.{name}"] = value
    return renamed


def expected(rows, tree, sort):
    name, _, direction = (sort or "created_at,DESC").removeprefix("attributes.").partition(",")
    keys = [(name, direction != "ASC")]
    return [each["id"] for each in in_order([r for r in rows if tree_holds(tree, r)], keys)]


@pytest.mark.parametrize("tree", TREES, ids=json.dumps)
def test_a_page_is_the_same_whenever_it_is_asked_for(viewer_api, stored, tree):
    for sort in SORTS:
        said = query(("filter", json.dumps(sent(tree))), *([("sort", sort)] if sort else []))
        whole = expected(stored, tree, sort)
        for _ in range(4):
            for size in SIZES:
                body = asked(viewer_api, f"{said}&size={size}")
                assert ids_of(body) == whole[:size], (sort, size)
                assert body["data"]["total"] == len(whole)
        assert walked(viewer_api, said, 7) == whole
        assert ids_of(asked(viewer_api, f"{said}&size=7&page=2")) == whole[7:14]


LATELY = "planned for what was created lately"


def looked(api, said):
    """The ways that were tried for a page, once the schema in force is known."""
    asked(api)
    with CaptureQueriesContext(connection) as queries:
        asked(api, f"{said}&total=none&fields=id")
    tried = [each["sql"] for each in queries if "AS key0" in each["sql"]]
    marks = {Way.WALK: "LIMIT 12) AS first_rows", Way.FEW: "AS first_rows"}
    marks[LATELY] = 'created_at" >='
    return [next((way for way, mark in marks.items() if mark in sql), Way.PLANNED) for sql in tried]


def test_few_are_found_at_once(viewer_api, stored):
    for said in ("attributes.count=7", "attributes.count=1000", "attributes.kind=NET"):
        for _ in range(3):
            assert looked(viewer_api, said) == [Way.FEW]


def test_many_are_walked(viewer_api, stored):
    said = "attributes.kind=DB&size=3"
    assert looked(viewer_api, said) == [Way.FEW, Way.WALK]
    assert looked(viewer_api, said) == looked(viewer_api, said) == [Way.WALK]


def test_many_that_are_far_between_are_planned_for(viewer_api, stored):
    said = "attributes.count__lt=20&size=3"
    assert looked(viewer_api, said) == [Way.FEW, Way.WALK, Way.PLANNED]
    assert looked(viewer_api, said) == looked(viewer_api, said) == [LATELY]


def test_what_is_far_between_is_not_walked_for_with_other_values(viewer_api, stored):
    looked(viewer_api, "attributes.count__lt=20&size=3")
    assert looked(viewer_api, "attributes.count__lt=19&size=3") == [Way.FEW, LATELY]
    assert looked(viewer_api, "attributes.count__lt=19&size=3") == [LATELY]
    assert looked(viewer_api, "attributes.count__lt=3&size=3") == [Way.FEW]


def test_what_lies_further_back_than_others_did_is_found_and_remembered(viewer_api, stored):
    looked(viewer_api, "attributes.count__lt=40&size=3")
    further = "attributes.count__lt=9&size=3"
    assert looked(viewer_api, further) == [Way.FEW, LATELY, Way.PLANNED]
    assert looked(viewer_api, further) == [LATELY]


def test_how_far_back_to_look_is_counted_from_where_a_page_begins(viewer_api, stored):
    said = "attributes.count__lt=20&size=3&sort=created_at,DESC"
    cursor = asked(viewer_api, said)["page"]["next_cursor"]
    assert looked(viewer_api, f"{said}&cursor={cursor}") == [LATELY]


def test_only_the_newest_of_what_an_index_finds_are_looked_for_lately(viewer_api, stored):
    for said in ("attributes.count__lt=20&sort=created_at,ASC", "attributes.kind__ne=DB"):
        looked(viewer_api, f"{said}&size=7")
        assert LATELY not in looked(viewer_api, f"{said}&size=7")


def test_what_is_walked_is_so_although_other_values_are_far_between(viewer_api, stored):
    said = "attributes.count__lt={}&attributes.note=odd&size=3"
    looked(viewer_api, said.format(60))
    looked(viewer_api, said.format(20))
    assert looked(viewer_api, said.format(60)) == [Way.WALK]
    assert looked(viewer_api, said.format(20)) == [Way.PLANNED]


def test_few_that_no_index_finds_are_walked_for_once(viewer_api, stored):
    said = "attributes.count=7&attributes.note=odd"
    assert looked(viewer_api, said) == [Way.WALK, Way.PLANNED]
    assert looked(viewer_api, said) == looked(viewer_api, said) == [Way.PLANNED]


def test_few_need_no_walk_in_an_order_that_is_not_walked(viewer_api, stored):
    said = "sort=name&attributes.kind=DB&size=3"
    assert looked(viewer_api, said) == [Way.FEW, Way.PLANNED]
    assert looked(viewer_api, said) == [Way.PLANNED]
    assert looked(viewer_api, "sort=name&attributes.count=7") == [Way.FEW]


def test_what_many_meet_is_known_of_one_question_alone(viewer_api, stored):
    looked(viewer_api, "attributes.kind=DB&size=3")
    assert looked(viewer_api, "attributes.kind=NET&size=3") == [Way.FEW]
    assert looked(viewer_api, "attributes.count=7&size=3") == [Way.FEW]


def test_few_that_become_many_and_few_again(viewer_api, slots):
    def add(number):
        store([row(n, attributes={slots["count"]: 7}) for n in range(number)])

    said = "attributes.count=7&size=5"
    add(3)
    for _ in range(3):
        assert len(ids_of(asked(viewer_api, said))) == 3
    add(9)
    for _ in range(3):
        assert len(ids_of(asked(viewer_api, said))) == 5
    with tenancy.scope(ACME):
        kept = Incident.objects.for_tenant(ACME).values_list("id", flat=True)[:4]
    remove(id__in=[str(id_) for id_ in kept[1:]])
    for _ in range(3):
        assert len(ids_of(asked(viewer_api, said))) == 5
    remove()
    for _ in range(3):
        assert ids_of(asked(viewer_api, said)) == []
    add(2)
    assert looked(viewer_api, said) == [Way.FEW]


def days(number):
    return timedelta(days=number)


def test_as_many_again_are_looked_at_as_the_older_half_of_a_page_tells():
    known, question = Ways(), Question(1, form=2)
    assert known.since(question, None) is None
    known.note_page(question, START - days(60), START - days(100), is_first=True)
    assert known.since(question, None) == START - days(180)
    assert known.since(question, START) == START - days(160)
    assert known.since(Question(3, form=2), START) == START - days(160)
    assert known.since(Question(1, form=3), None) == START - days(180)
    assert known.since(Question(3, form=3), None) is None


def test_what_went_far_is_forgotten_slowly():
    known, other = Ways(), Question(3, form=2)
    known.note_page(Question(1, form=2), START - days(60), START - days(100), is_first=True)
    known.note_page(other, START - days(10), START - days(20), is_first=True)
    assert known.since(Question(4, form=2), None) == START - days(166)
    assert known.since(Question(4, form=2), START) == START - days(144)
    assert known.since(other, None) == START - days(40)
    known.note_page(other, START - days(300), START - days(320), is_first=True)
    assert known.since(other, None) == START - days(360)


def test_a_later_page_says_nothing_of_the_first_one():
    known, question = Ways(), Question(1, form=2)
    known.note_page(question, START - days(10), START - days(20), is_first=True)
    known.note_page(question, START - days(300), START - days(400), is_first=False)
    assert known.since(question, None) == START - days(40)
    assert known.since(question, START) == START - days(400)


def test_no_more_is_known_than_there_is_room_for():
    known = Ways(most=3)
    for number in range(10):
        known.note(Question(number, form=number), Way.PLANNED, [Way.FEW, Way.WALK])
        known.note_page(Question(number, form=number), START, START, is_first=True)
    assert len(known._led) <= 3
    assert len(known._far_between) <= 3
    assert len(known._reach) <= 6
    assert known.to_try(Question(9, form=9)) == ()
    assert known.to_try(Question(10, form=9)) == (Way.FEW,)
    assert known.to_try(Question(0, form=0)) == (Way.FEW, Way.WALK)
