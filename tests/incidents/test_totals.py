"""How many incidents a list is a page of."""

import pytest
from django.db import connection

from accounts import tenancy
from attributes.filters.conditions import EVERYTHING
from incidents import counts, totals
from tests.conftest import ACME, GLOBEX
from tests.incidents.listing import START, asked, remove, row, store

pytestmark = pytest.mark.django_db


def total(api, query=""):
    """The number and whether it is an estimate, which the page says in the same words."""
    body = asked(api, query)
    told = body["data"]["total"], body["data"]["total_is_estimate"]
    assert told == (body["page"]["total_records"], body["page"]["total_is_estimate"])
    return told


@pytest.fixture
def few_are_counted(monkeypatch):
    monkeypatch.setattr(totals, "COUNTED", 5)


def test_a_list_without_filters_counts_what_was_created_and_not_deleted(owner_api, make_incident):
    made = [make_incident()["id"] for _ in range(5)]
    assert total(owner_api) == (5, False)
    for id_ in made[:2]:
        assert owner_api.delete(f"/v1/incident/{id_}", HTTP_IF_MATCH="*").status_code == 204
    assert total(owner_api) == (3, False)


@pytest.mark.usefixtures("few_are_counted")
@pytest.mark.parametrize("query", ["", "total=exact", "size=1", "sort=date&page=3&size=5"])
def test_a_list_without_filters_is_exact_however_long(viewer_api, query):
    store([row(number) for number in range(30)])
    assert total(viewer_api, query) == (30, False)


@pytest.mark.usefixtures("few_are_counted")
@pytest.mark.parametrize("matching", [0, 1, 5])
def test_a_filter_is_counted_exactly_up_to_a_limit(viewer_api, matching):
    store([row(number, next_update=number) for number in range(30)])
    assert total(viewer_api, f"next_update__lt={matching}&size=2") == (matching, False)


@pytest.mark.usefixtures("few_are_counted")
def test_beyond_it_is_an_estimate_that_says_so(viewer_api):
    store([row(number, next_update=number) for number in range(30)])
    number, is_estimate = total(viewer_api, "next_update__lt=25&size=2")
    assert is_estimate
    assert totals.COUNTED < number <= 30


@pytest.mark.usefixtures("few_are_counted")
@pytest.mark.parametrize("expected", [0, 3, 1_000_000])
def test_an_estimate_is_between_what_was_counted_and_all_there_is(
    viewer_api, monkeypatch, expected
):
    monkeypatch.setattr(totals, "_expected", lambda *_: expected)
    store([row(number) for number in range(30)])
    assert total(viewer_api, "status=NEW") == (min(max(expected, 6), 30), True)


@pytest.mark.usefixtures("few_are_counted")
@pytest.mark.parametrize("page", ["size=25", "size=10&page=3", "size=8&page=4", "size=100"])
@pytest.mark.parametrize("sort", ["date", "resolved_date", "resolved_date&sort=attributes.count"])
def test_a_page_by_number_that_shows_the_end_shows_how_many(viewer_api, make_attribute, page, sort):
    slot = make_attribute("count").slot
    store(
        [
            row(
                number,
                next_update=number,
                resolved_date=None if number % 3 else START,
                attributes={slot: number} if number % 2 else {},
            )
            for number in range(30)
        ]
    )
    assert total(viewer_api, f"next_update__lt=25&{page}&sort={sort}") == (25, False)


def test_a_page_beyond_the_end_does_not_guess(viewer_api):
    store([row(number) for number in range(5)])
    assert total(viewer_api, "status=NEW&page=2") == (5, False)
    assert total(viewer_api, "status=OPEN&page=2") == (0, False)


@pytest.mark.usefixtures("few_are_counted")
def test_an_exact_total_can_be_asked_for(viewer_api):
    store([row(number, next_update=number) for number in range(30)])
    assert total(viewer_api, "next_update__lt=25&total=exact&size=2") == (25, False)


@pytest.mark.parametrize("query", ["total=none", "total=none&status=NEW", "total=none&filter={}"])
def test_no_total_is_told_when_nobody_wants_one(viewer_api, query):
    store([row(1)])
    assert total(viewer_api, query) == (None, False)


def test_a_filter_that_asks_for_nothing_is_none(viewer_api):
    store([row(1)])
    assert total(viewer_api, "filter={}") == (1, False)


def test_the_total_is_that_of_the_whole_walk_on_every_page(viewer_api):
    store([row(number) for number in range(5)])
    cursor = asked(viewer_api, "size=2&status=NEW")["page"]["next_cursor"]
    assert total(viewer_api, f"size=2&status=NEW&cursor={cursor}") == (5, False)


@pytest.mark.parametrize("query", ["", "total=exact", "status=NEW", "status=NEW&total=exact"])
def test_another_tenants_incidents_are_never_counted(viewer_api, globex_api, query):
    store([row(1)])
    store([row(number, tenant_id=GLOBEX) for number in range(3)])
    assert total(viewer_api, query) == (1, False)
    assert total(globex_api, query) == (3, False)


@pytest.mark.usefixtures("few_are_counted")
def test_an_estimate_tells_nothing_of_another_tenant(viewer_api):
    store([row(number, tenant_id=GLOBEX) for number in range(30)])
    store([row(1)])
    assert total(viewer_api, "status=NEW") == (1, False)


@pytest.mark.parametrize("tenant_id", ["", GLOBEX])
@pytest.mark.parametrize("table", ["incidents_incident", "incidents_count"])
def test_the_database_shows_nothing_where_no_tenant_or_another_is_named(tenant_id, table):
    store([row(number) for number in range(3)])
    assert (totals.count(ACME, EVERYTHING), counts.total(ACME)) == (3, 3)
    with tenancy.scope(tenant_id), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table} WHERE tenant_id = %s", [ACME])
        assert cursor.fetchone() == (0,)


def test_nothing_is_left_of_a_count_when_everything_is_deleted(viewer_api):
    store([row(number) for number in range(3)])
    remove()
    assert total(viewer_api) == (0, False)
