"""Pages of incidents, by number and by cursor, in every order that can be asked for."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import tenancy
from incidents.models import Incident
from tests.conftest import ACME, GLOBEX

pytestmark = pytest.mark.django_db

START = datetime(2024, 11, 11, 2, 57, 27, tzinfo=UTC)


def row(number, **columns):
    return {
        "tenant_id": ACME,
        "name": f"Incident {number}",
        "status": "NEW",
        "type": "OTHERS",
        "date": START,
        "description": "...",
        "reported_by": "John Doe",
        "created_at": START + timedelta(minutes=number),
        **columns,
    }


def store(rows):
    """The rows as incidents, without the care of the operation; returns their ids."""
    with tenancy.scope(rows[0]["tenant_id"]):
        made = Incident.objects.bulk_create([Incident(**columns) for columns in rows])
    return [str(incident.id) for incident in made]


def asked(api, query=""):
    response = api.get(f"/v1/incident?{query}")
    assert response.status_code == 200, response.json()
    return response.json()


def ids_of(body):
    return [incident["id"] for incident in body["data"]["incidents"]]


def walked(api, query, size, *, between=lambda: None):
    """All ids, page after page, by cursor."""
    found, cursor = [], ""
    while True:
        body = asked(api, f"{query}&size={size}{cursor}")
        found += ids_of(body)
        if body["page"]["next_cursor"] is None:
            return found
        assert body["page"]["count"] == size
        cursor = f"&cursor={body['page']['next_cursor']}"
        between()


def by_number(api, query, size):
    """All ids, page after page, by number."""
    found, number = [], 1
    while page := ids_of(asked(api, f"{query}&size={size}&page={number}")):
        found += page
        number += 1
    return found


def test_a_page_says_where_it_is(viewer_api):
    store([row(number) for number in range(12)])
    body = asked(viewer_api, "page=2&size=5&sort=date,DESC")
    assert body["data"]["total"] == 12
    assert body["page"].pop("next_cursor")
    assert body["page"] == {
        "number": 2,
        "size": 5,
        "total_records": 12,
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
    assert (body["data"], body["page"]["count"]) == ({"incidents": [], "total": 4}, 0)


def test_the_page_farthest_out_is_empty(viewer_api):
    store([row(1)])
    assert asked(viewer_api, "page=999999999&size=100")["data"] == {"incidents": [], "total": 1}


def test_no_incidents_are_one_empty_page(viewer_api):
    body = asked(viewer_api)
    assert body["data"] == {"incidents": [], "total": 0}
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

    def delete_where_it_stands():
        with tenancy.scope(ACME):
            Incident.objects.filter(id__in=made[6:8]).delete()

    met = walked(viewer_api, "", 3, between=delete_where_it_stands)
    assert met == made[::-1]


def test_a_page_holds_and_counts_the_tenants_own_incidents(viewer_api):
    own = store([row(1)])
    store([row(2, tenant_id=GLOBEX)])
    body = asked(viewer_api)
    assert (ids_of(body), body["data"]["total"]) == (own, 1)


MOMENTS = st.integers(0, 2).map(lambda seconds: START + timedelta(microseconds=seconds))
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.integers(0, 2**128 - 1).map(lambda number: UUID(int=number)),
            "name": st.sampled_from(["a", "A", "b", "é", "🙂", "a b", ""]),
            "severity": st.sampled_from(["", "LOW", "HIGH"]),
            "date": MOMENTS,
            "resolved_date": st.none() | MOMENTS,
            "next_update": st.integers(0, 2),
            "backdated": st.booleans(),
        }
    ),
    min_size=1,
    max_size=9,
    unique_by=lambda columns: columns["id"],
)
KEYS = st.lists(
    st.tuples(
        st.sampled_from(
            ["id", "name", "severity", "date", "resolved_date", "next_update", "backdated"]
        ),
        st.booleans(),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda key: key[0],
)


def in_order(rows, keys):
    """What ``sorted`` makes of it: the last key first, and nothing where there is no value."""
    if "id" not in [column for column, _ in keys]:
        keys = [*keys, ("id", keys[-1][1])]
    for column, descending in reversed(keys):
        have = [columns for columns in rows if columns[column] is not None]
        have_not = [columns for columns in rows if columns[column] is None]
        rows = sorted(have, key=lambda columns: columns[column], reverse=descending) + have_not
    return [str(columns["id"]) for columns in rows]


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=ROWS, keys=KEYS, size=st.integers(1, 4))
def test_every_order_is_that_of_sorted(viewer_api, rows, keys, size):
    with tenancy.scope(ACME):
        Incident.objects.all().delete()
    store([row(number, **columns) for number, columns in enumerate(rows)])
    query = "&".join(
        f"sort={column},{'DESC' if descending else 'ASC'}" for column, descending in keys
    )
    assert walked(viewer_api, query, size) == in_order(rows, keys)
    assert by_number(viewer_api, query, 4) == in_order(rows, keys)
