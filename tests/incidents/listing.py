"""Many incidents at once, and lists of them as a client walks them."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from accounts import tenancy
from incidents import counts
from incidents.models import Incident
from incidents_project.database.together import carry_out
from tests.conftest import ACME

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
    """The rows of one tenant as incidents, counted, without the care of the operation; their ids.

    Ids are in the order of the rows.
    """
    tenant_id = rows[0]["tenant_id"]
    with tenancy.scope(tenant_id):
        made = Incident.objects.bulk_create([Incident(**columns) for columns in rows])
        carry_out(counts.know(tenant_id), counts.add(tenant_id, len(made)))
    return [str(incident.id) for incident in made]


def remove(**which):
    """Take acme's incidents away, and count them no more."""
    with tenancy.scope(ACME):
        deleted, _ = Incident.objects.for_tenant(ACME).filter(**which).delete()
        carry_out(counts.add(ACME, -deleted))


def query(*parameters):
    """``name, value`` pairs as a query."""
    return "&".join(f"{quote(name)}={quote(value)}" for name, value in parameters)


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
