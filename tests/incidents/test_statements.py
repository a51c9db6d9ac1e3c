"""How many SQL statements a request costs: few, and no more when there is more."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts import operations
from accounts.principal import Role
from tests.conftest import ACME, DISK_FULL

# Really committed, as when serving: within an outer transaction, tenancy has more to say.
pytestmark = pytest.mark.usefixtures("committed")

FRAME = re.compile(r"(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b")


@pytest.fixture
def owner(committed):
    client = APIClient()
    _, token = operations.create_token(
        tenant_id=ACME, roles=[Role.INCIDENT_OWNER], name="Counter", actor="tests"
    )
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


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
    assert len(statements(lambda: owner.get(f"/v1/incident/{incident}"))) == 3


@pytest.mark.parametrize(("attributes", "incidents"), [(1, 10), (50, 10), (1, 100)])
def test_a_page_of_incidents(owner, fill, attributes, incidents):
    fill(attributes, incidents + 1)
    page = f"/v1/incident?size={incidents}"
    cursor = owner.get(page).json()["page"]["next_cursor"]
    assert len(statements(lambda: owner.get(page))) == 4
    assert len(statements(lambda: owner.get(f"{page}&cursor={cursor}"))) == 4


@pytest.mark.parametrize("attributes", [1, 50])
def test_creating_an_incident(owner, fill, attributes):
    _, values = fill(attributes, 0)
    body = DISK_FULL | {"attributes": values}
    assert len(statements(lambda: owner.post("/v1/incident", body))) == 6


@pytest.mark.parametrize("attributes", [1, 50])
def test_changing_an_incident(owner, fill, attributes):
    (incident,), values = fill(attributes, 1)
    changed = iter([dict.fromkeys(values, -1), dict.fromkeys(values, -2)])

    def change():
        body = {"attributes": next(changed)}
        return owner.patch(f"/v1/incident/{incident}", body, HTTP_IF_MATCH="*")

    assert len(statements(change)) == 7


@pytest.mark.parametrize("path", ["comments", "history", "attributes"])
def test_what_belongs_to_an_incident(owner, fill, path):
    (incident,), _ = fill(1, 1)
    at = f"/v1/incident/{incident}/comments"
    for _ in range(3):
        owner.post(at, {"text": "Seen."})
    assert len(statements(lambda: owner.get(f"/v1/incident/{incident}/{path}"))) == 3
