"""Pages of incidents, by number and by cursor."""

from datetime import timedelta

import pytest

from tests.conftest import GLOBEX
from tests.incidents.listing import (
    START,
    asked,
    by_number,
    ids_of,
    query,
    remove,
    row,
    store,
    walked,
)

pytestmark = pytest.mark.django_db


def nothing(total):
    return {"incidents": [], "total": total, "total_is_estimate": False}


def test_a_page_says_where_it_is(viewer_api):
    store([row(number) for number in range(12)])
    body = asked(viewer_api, "page=2&size=5&sort=date,DESC")
    assert body["data"]["total"] == 12
    assert body["page"].pop("next_cursor")
    assert body["page"] == {
        "number": 2,
        "size": 5,
        "total_records": 12,
        "total_is_estimate": False,
        "count": 5,
        "sort": ["date,DESC"],
    }


def test_ten_to_a_page_newest_first_unless_told(viewer_api):
    made = store([row(number) for number in range(12)])
    body = asked(viewer_api)
    assert ids_of(body) == made[::-1][:10]
    assert (body["page"]["number"], body["page"]["size"]) == (1, 10)
    assert body["page"]["sort"] == ["created_at,DESC"]


def test_the_last_page_has_no_cursor_and_the_next_is_empty(viewer_api):
    store([row(number) for number in range(4)])
    assert asked(viewer_api, "page=2&size=2")["page"]["next_cursor"] is None
    body = asked(viewer_api, "page=3&size=2")
    assert (body["data"], body["page"]["count"]) == (nothing(total=4), 0)


def test_the_page_farthest_out_is_empty(viewer_api):
    store([row(1)])
    assert asked(viewer_api, "page=100&size=100")["data"] == nothing(total=1)


def test_pages_by_number_end_where_a_cursor_goes_on(viewer_api):
    response = viewer_api.get("/v1/incident?page=101&size=100")
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert (error["field"], error["code"]) == ("page", "bad_page")
    assert "page.next_cursor" in error["message"]


def test_no_incidents_are_one_empty_page(viewer_api):
    body = asked(viewer_api)
    assert body["data"] == nothing(total=0)
    assert (body["page"]["total_records"], body["page"]["next_cursor"]) == (0, None)


def test_a_page_by_cursor_has_no_number(viewer_api):
    store([row(number) for number in range(3)])
    cursor = asked(viewer_api, "size=2")["page"]["next_cursor"]
    page = asked(viewer_api, f"size=2&cursor={cursor}")["page"]
    assert (page["number"], page["count"], page["total_records"]) == (None, 1, 3)


def test_the_size_may_change_on_the_way(viewer_api):
    made = store([row(number) for number in range(7)])
    cursor = asked(viewer_api, "size=2")["page"]["next_cursor"]
    assert ids_of(asked(viewer_api, f"size=100&cursor={cursor}")) == made[::-1][2:]


@pytest.mark.parametrize(
    ("sort", "meant"),
    [("date", "date,DESC"), ("date,asc", "date,ASC"), ("date,Desc", "date,DESC")],
)
def test_a_direction_is_optional_and_in_any_case(viewer_api, sort, meant):
    assert asked(viewer_api, f"sort={sort}")["page"]["sort"] == [meant]


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
def test_ties_break_by_id(viewer_api, direction):
    made = store([row(1) for _ in range(6)])
    expected = sorted(made, reverse=direction == "DESC")
    for walk in (walked, by_number):
        assert walk(viewer_api, f"sort=date,{direction}", 2) == expected


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
def test_incidents_that_are_not_resolved_come_last_either_way(viewer_api, direction):
    open_, early, late = store(
        [
            row(1),
            row(2, resolved_date=START),
            row(3, resolved_date=START + timedelta(days=1)),
        ]
    )
    expected = [early, late, open_] if direction == "ASC" else [late, early, open_]
    assert ids_of(asked(viewer_api, f"sort=resolved_date,{direction}")) == expected


SORTS = [
    "",
    "sort=created_at,ASC",
    "sort=date,DESC",
    "sort=name,ASC",
    "sort=id,ASC",
    "sort=backdated",
    "sort=resolved_date,ASC",
    "sort=resolved_date,DESC",
    "sort=status,ASC&sort=date,DESC",
    "sort=severity,DESC&sort=resolved_date,ASC",
    "sort=resolved_date,DESC&sort=next_update,ASC&sort=name,DESC",
]
MIXED = [
    row(
        number,
        status=["NEW", "OPEN", "CLOSED"][number % 3],
        severity=["", "LOW"][number % 2],
        backdated=number % 4 == 0,
        date=START + timedelta(days=number % 5),
        resolved_date=None if number % 3 else START + timedelta(hours=number % 2),
        next_update=number % 2,
    )
    for number in range(17)
]


@pytest.mark.parametrize("sort", SORTS)
def test_a_walk_meets_each_incident_once_and_in_the_order_of_the_pages(viewer_api, sort):
    made = store(MIXED)
    by_cursor = walked(viewer_api, sort, 3)
    assert sorted(by_cursor) == sorted(made)
    assert by_cursor == by_number(viewer_api, sort, 4)


@pytest.mark.parametrize("sort", SORTS)
def test_a_walk_is_not_disturbed_by_new_incidents(viewer_api, sort):
    made = store(MIXED)
    before = walked(viewer_api, sort, 100)
    new = iter(range(100, 200))
    met = walked(viewer_api, sort, 3, between=lambda: store([row(next(new), date=START)]))
    assert len(set(met)) == len(met)
    assert [id_ for id_ in met if id_ in set(made)] == before


def test_a_walk_is_not_disturbed_by_deleted_incidents(viewer_api):
    made = store([row(number) for number in range(9)])

    met = walked(viewer_api, "", 3, between=lambda: remove(id__in=made[6:8]))
    assert met == made[::-1]


def test_a_page_holds_and_counts_the_tenants_own_incidents(viewer_api):
    own = store([row(1)])
    store([row(2, tenant_id=GLOBEX)])
    body = asked(viewer_api)
    assert (ids_of(body), body["data"]["total"]) == (own, 1)


def refused_cursor(api, asked_for):
    response = api.get(f"/v1/incident?{asked_for}")
    return response.status_code == 400 and response.json()["code"] == "bad_cursor"


@pytest.fixture
def walk(viewer_api, make_attribute):
    """The cursor of a walk with an order and filters, and what it must not be taken for."""
    make_attribute("count")
    store([row(number, status="OPEN", next_update=number) for number in range(1, 6)])
    asked_for = "sort=date&status=OPEN&next_update__gt=0&size=2"
    return asked_for, asked(viewer_api, asked_for)["page"]["next_cursor"]


@pytest.mark.parametrize(
    "other",
    [
        "",
        "sort=date",
        "sort=date&status=OPEN",
        "sort=date&status=OPEN&next_update__gt=1",
        "sort=date&status__in=OPEN&next_update__gt=0",
        "sort=date&status=OPEN&next_update__gt=0&filter={}",
        "sort=date&status=OPEN&next_update__gt=0&attributes.count__isnull=true",
        "sort=date,ASC&status=OPEN&next_update__gt=0",
        "sort=date&sort=name&status=OPEN&next_update__gt=0",
        "status=OPEN&next_update__gt=0",
    ],
)
def test_a_cursor_belongs_to_its_order_and_its_filters(viewer_api, walk, other):
    assert refused_cursor(viewer_api, f"{other}&cursor={walk[1]}")


@pytest.mark.parametrize(
    "same",
    [
        "next_update__gt=0&sort=date&status=OPEN",
        "sort=date&status=OPEN&next_update__gt=0&size=100",
        "sort=date&status=OPEN&next_update__gt=0&fields=id",
        "sort=date&status=OPEN&next_update__gt=0&fields=id,attributes.count&total=none",
        "sort=date&status=OPEN&next_update__gt=0&total=exact",
    ],
)
def test_size_fields_and_total_may_change_on_the_way(viewer_api, walk, same):
    first, cursor = walk
    second = asked(viewer_api, f"{same}&cursor={cursor}")
    assert ids_of(asked(viewer_api, first)) + ids_of(second) == ids_of(
        asked(viewer_api, "sort=date")
    )


def test_a_cursor_belongs_to_its_tenant(globex_api, walk):
    asked_for, cursor = walk
    assert refused_cursor(globex_api, f"{asked_for}&cursor={cursor}")


@pytest.mark.parametrize("place", [0, 5, 16, 22, 30, 60, -1])
def test_a_cursor_that_was_changed_is_refused(viewer_api, walk, place):
    asked_for, cursor = walk
    other = "A" if cursor[place] != "A" else "Q"
    changed = f"{cursor[:place]}{other}{cursor[place:][1:]}"
    assert refused_cursor(viewer_api, f"{asked_for}&cursor={changed}")


def test_a_walk_goes_on_with_what_was_put_between(viewer_api, make_attribute):
    """Values come and go while the client walks: who is ahead is met, who is behind is not."""
    slot = make_attribute("count").slot
    made = store([row(number, attributes={slot: number * 10}) for number in range(1, 5)])
    without = store([row(number) for number in range(2)])
    page = asked(viewer_api, "sort=attributes.count,ASC&size=2")
    assert ids_of(page) == made[:2]
    (ahead, _, none) = store([row(9, attributes=values) for values in ({slot: 25}, {slot: 15}, {})])
    remove(id__in=[made[1], made[2]])
    cursor = page["page"]["next_cursor"]
    rest = asked(viewer_api, f"sort=attributes.count,ASC&size=100&cursor={cursor}")
    assert ids_of(rest) == [ahead, made[3], *without, none]


LONG = [
    ("description", ["a" * 50_000, "a" * 50_000 + "b", "b" * 100_000]),
    ("attributes.note", ["é" * 4_000, "é" * 4_001, "ж" * 4_000]),
    ("attributes.link", [f"https://a.example/{letter * 2_000}" for letter in "éжя"]),
    ("attributes.note", ["a" * length for length in (1_800, 1_900, 1_950, 2_000, 3_000, 5_000)]),
]


@pytest.mark.parametrize(("name", "values"), LONG, ids=lambda text: str(text)[:20])
def test_a_walk_over_long_values(viewer_api, make_attribute, name, values):
    slots = {
        "attributes.note": make_attribute("note", "STRING", rules={"max_length": 5_000}).slot,
        "attributes.link": make_attribute("link", "URL").slot,
    }
    made = store(
        [
            row(
                number, **({"attributes": {slots[name]: value}} if name in slots else {name: value})
            )
            for number, value in enumerate(values)
        ]
    )
    assert walked(viewer_api, query(("sort", f"{name},ASC")), 1) == made
    assert by_number(viewer_api, query(("sort", f"{name},ASC")), 1) == made


def test_a_walk_over_long_values_ends_where_it_stands_on_what_is_gone(viewer_api):
    made = store([row(number, description=letter * 5_000) for number, letter in enumerate("abc")])
    page = asked(viewer_api, "sort=description,ASC&size=1")
    remove(id__in=made[:1])
    cursor = page["page"]["next_cursor"]
    assert refused_cursor(viewer_api, f"sort=description,ASC&cursor={cursor}")
