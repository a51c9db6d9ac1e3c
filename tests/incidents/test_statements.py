"""How many SQL statements a request costs: few, and no more when there is more."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import recent
from incidents import totals
from tests.conftest import ACME, DISK_FULL, client_of

# Really committed, as when serving: within an outer transaction, tenancy has more to say.
pytestmark = pytest.mark.usefixtures("committed")

PAGE = 2  # statements of a list without a total: whose token it is, and the page


@pytest.fixture(autouse=True)
def _every_token_is_looked_up(monkeypatch):
    monkeypatch.setattr(recent, "TRUSTED_FOR", 0)


FRAME = re.compile(r"(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b")


@pytest.fixture
def owner(committed):
    return client_of(ACME, "incident_owner")


@pytest.fixture
def fill(make_attribute, make_incident):
    """So many attributes, and so many incidents with a value for each."""

    def fill(attributes, incidents):
        for number in range(attributes):
            make_attribute(f"value{number}")
        values = {f"value{number}": number for number in range(attributes)}
        return [make_incident(attributes=values)["id"] for _ in range(incidents)], values

    return fill


def statements(call):
    """What ``call`` sends to the database, once everything is warm."""
    call()
    with CaptureQueriesContext(connection) as queries:
        response = call()
    assert response.status_code in {200, 201}, response.json()
    return [query["sql"] for query in queries if not FRAME.match(query["sql"])]


@pytest.mark.parametrize("attributes", [1, 50])
def test_reading_an_incident(owner, fill, attributes):
    (incident,), _ = fill(attributes, 1)
    assert len(statements(lambda: owner.get(f"/v1/incident/{incident}"))) == 2


@pytest.fixture
def listed(owner):
    def listed(query):
        return statements(lambda: owner.get(f"/v1/incident?{query}"))

    return listed


@pytest.mark.parametrize(("attributes", "incidents"), [(1, 10), (50, 10), (1, 100)])
def test_a_page_of_incidents(owner, fill, listed, attributes, incidents):
    fill(attributes, incidents + 1)
    page = f"size={incidents}"
    cursor = owner.get(f"/v1/incident?{page}").json()["page"]["next_cursor"]
    for query in (page, f"{page}&cursor={cursor}"):
        assert len(listed(f"{query}&total=none")) == PAGE
    assert len(listed(page)) == PAGE + 1


@pytest.mark.parametrize("attributes", [1, 50])
@pytest.mark.parametrize(
    "query",
    [
        "status=NEW",
        "attributes.value0__gte=0",
        'attributes.value0__gte=0&date__lt=now&filter={"or":[{"status":"NEW"}]}',
        "sort=attributes.value0",
        "fields=id,attributes.value0",
    ],
)
def test_filters_and_orders_of_a_page(fill, listed, attributes, query):
    fill(attributes, 3)
    for total, more in (("&total=none", 0), ("", 1), ("&total=exact", 1)):
        assert len(listed(f"{query}&size=2{total}")) == PAGE + more


def test_a_page_that_shows_the_end_needs_no_counting(fill, listed):
    fill(1, 3)
    assert len(listed("status=NEW&total=exact")) == PAGE
    assert len(listed("status=NEW&size=2&page=2&total=exact")) == PAGE


def test_a_page_that_reaches_those_without_a_value(fill, listed):
    fill(1, 3)
    assert len(listed("sort=attributes.value0&total=none")) == PAGE + 1


def test_a_total_that_is_an_estimate(fill, listed, monkeypatch):
    fill(1, 3)
    monkeypatch.setattr(totals, "COUNTED", 1)
    assert len(listed("status=NEW&size=2")) == PAGE + 3


def test_an_empty_page(fill, listed):
    """The epoch is read by itself where no row tells it."""
    fill(1, 1)
    assert len(listed("status=OPEN&total=none")) == PAGE + 1


@pytest.mark.parametrize("attributes", [1, 50])
def test_creating_an_incident(owner, fill, attributes):
    _, values = fill(attributes, 0)
    body = DISK_FULL | {"attributes": values}
    assert len(statements(lambda: owner.post("/v1/incident", body))) == 2


@pytest.mark.parametrize("attributes", [1, 50])
def test_changing_an_incident(owner, fill, attributes):
    (incident,), values = fill(attributes, 1)
    changed = iter([dict.fromkeys(values, -1), dict.fromkeys(values, -2)])

    def change():
        body = {"attributes": next(changed)}
        return owner.patch(f"/v1/incident/{incident}", body, HTTP_IF_MATCH="*")

    assert len(statements(change)) == 3


@pytest.mark.parametrize("path", ["comments", "history", "attributes"])
def test_what_belongs_to_an_incident(owner, fill, path):
    (incident,), _ = fill(1, 1)
    at = f"/v1/incident/{incident}/comments"
    for _ in range(3):
        owner.post(at, {"text": "Seen."})
    assert len(statements(lambda: owner.get(f"/v1/incident/{incident}/{path}"))) == 2
