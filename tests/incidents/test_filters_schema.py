"""Filters while another process changes the schema, and while the database is too slow."""

from contextlib import contextmanager
from functools import partial

import pytest
from django.db import connection

from accounts import tenancy
from attributes import usage
from attributes.operations.archive import archive_attribute
from attributes.schema import schemas
from incidents import pages
from incidents.codes import codes
from tests.incidents.listing import asked, ids_of, row, store
from tests.types.strategies import OPTIONS

pytestmark = pytest.mark.django_db


@contextmanager
def elsewhere():
    """What is changed in here is changed by another process: this one keeps what it knew."""
    schemas.now()
    kept = schemas._kept, codes._kept
    yield
    schemas._kept, codes._kept = kept


def test_a_new_attribute_is_known_at_once(viewer_api, make_attribute):
    with elsewhere():
        slot = make_attribute("count").slot
    (made,) = store([row(1, attributes={slot: 5})])
    with elsewhere():
        make_attribute("other")
    for query in ("attributes.count=5", "sort=attributes.other", 'filter={"attributes.count":5}'):
        assert ids_of(asked(viewer_api, query)) == [made]
    with elsewhere():
        make_attribute("third")
    assert asked(viewer_api, "fields=attributes.count,attributes.third")["data"]["incidents"] == [
        {"attributes": {"count": 5}}
    ]


@pytest.mark.parametrize(
    "query", ["attributes.count=5", "sort=attributes.count", "fields=attributes.count"]
)
def test_an_archived_attribute_is_refused_at_once(viewer_api, make_attribute, dee, query):
    slot = make_attribute("count").slot
    store([row(1, attributes={slot: 5})])
    assert asked(viewer_api, query)["data"]["total"] == 1
    with elsewhere():
        archive_attribute(principal=dee, name="count")
    assert viewer_api.get(f"/v1/incident?{query}").status_code == 400


def test_an_attribute_that_was_made_anew_has_its_new_type_at_once(viewer_api, make_attribute, dee):
    old = make_attribute("count").slot
    assert asked(viewer_api, "attributes.count=5")["data"]["total"] == 0
    with elsewhere():
        archive_attribute(principal=dee, name="count")
        new = make_attribute("count", "STRING").slot
    store([row(1, attributes={old: 5})])
    made = store([row(2, attributes={old: 5, new: "5"}), row(3, attributes={new: "x"})])
    assert ids_of(asked(viewer_api, "attributes.count=5")) == made[:1]
    assert ids_of(asked(viewer_api, "attributes.count=x")) == made[1:]


def test_a_walk_goes_on_when_its_attribute_is_made_anew(viewer_api, make_attribute, dee):
    old = make_attribute("count").slot
    store([row(number, attributes={old: number}) for number in range(4)])
    query = "sort=attributes.count&size=2"
    cursor = asked(viewer_api, query)["page"]["next_cursor"]
    with elsewhere():
        archive_attribute(principal=dee, name="count")
        make_attribute("count", "BOOLEAN")
    refused = viewer_api.get(f"/v1/incident?{query}&cursor={cursor}")
    assert refused.status_code == 400
    with elsewhere():
        archive_attribute(principal=dee, name="count")
        make_attribute("count", "DATETIME")
    assert asked(viewer_api, f"{query}&cursor={cursor}")["data"]["incidents"]


def test_a_new_option_is_known_at_once(viewer_api, make_attribute, deployer_api):
    make_attribute("colour", "SELECT", rules={"options": OPTIONS})
    assert viewer_api.get("/v1/incident?attributes.colour=pink").status_code == 400
    with elsewhere():
        changed = deployer_api.patch(
            "/v1/incident/attributes/colour", {"rules": {"options": [*OPTIONS, {"code": "pink"}]}}
        )
        assert changed.status_code == 200
    assert asked(viewer_api, "attributes.colour=pink")["data"]["total"] == 0


def test_a_schema_that_changes_while_it_is_read_is_read_again(
    viewer_api, make_attribute, dee, monkeypatch
):
    """The rows are shown with the definitions that they were read under."""
    slot = make_attribute("count").slot
    store([row(1, attributes={slot: 5})])
    assert asked(viewer_api)["data"]["incidents"][0]["attributes"] == {"count": 5}
    read = tenancy.read
    changes = iter([partial(archive_attribute, principal=dee, name="count")])

    def change_and_read(*asked_for):
        with elsewhere():
            next(changes, lambda: None)()
        return read(*asked_for)

    monkeypatch.setattr(tenancy, "read", change_and_read)
    assert asked(viewer_api)["data"]["incidents"][0]["attributes"] == {}


@pytest.fixture
def too_slow(monkeypatch):
    """Every page takes longer than a statement may."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 50")
    select = "SELECT pg_sleep(5), %s::text OFFSET 0"
    monkeypatch.setattr(pages, "page_select", lambda *_: tenancy.Select(select))
    monkeypatch.setattr(usage, "counters", usage.Counters())
    usage.counters.due = float("inf")


@pytest.mark.parametrize("query", ["attributes.count=5", "sort=attributes.count"])
def test_too_slow_a_list_says_which_index_would_help(viewer_api, make_attribute, too_slow, query):
    slot = make_attribute("count").slot
    response = viewer_api.get(f"/v1/incident?{query}")
    body = response.json()
    assert (response.status_code, body["code"]) == (503, "too_slow")
    assert response.headers["Content-Type"] == "application/problem+json"
    assert "Retry-After" in response.headers
    assert "attributes.count has no index" in body["detail"]
    assert usage.counters._counts[slot].timeouts == 1


def test_too_slow_a_list_of_indexed_attributes_names_none(viewer_api, make_attribute, too_slow):
    make_attribute("count", indexed=True)
    make_attribute("other")
    response = viewer_api.get("/v1/incident?attributes.count=5")
    assert (response.status_code, response.json()["code"]) == (503, "too_slow")
    assert "index" not in response.json()["detail"]
    assert usage.counters._counts == {}


def test_after_too_slow_a_list_the_next_one_is_answered(viewer_api, too_slow, monkeypatch):
    assert viewer_api.get("/v1/incident").status_code == 503
    monkeypatch.undo()
    assert viewer_api.get("/v1/incident").status_code == 200
