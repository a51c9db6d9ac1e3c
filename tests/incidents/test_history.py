"""Every change leaves one entry: who, when, what it was and what it became."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from accounts import tenancy
from attributes.operations.archive import archive_attribute
from attributes.operations.define import change_attribute, define_attribute
from history.models import TenantEvent
from incidents.models import Kind
from incidents.operations.codes import add_code, change_code
from incidents.operations.comments import add_comment, change_comment, delete_comment
from incidents.operations.incidents import (
    create_incident,
    delete_incident,
    patch_incident,
    replace_incident,
)
from incidents.operations.values import clear_value, set_value
from incidents_project.versions import ANY
from tests.conftest import ACME, DISK_FULL

pytestmark = pytest.mark.django_db

MEMBERS = [
    "id", "at", "subject", "name", "tenant_id", "action", "object_id", "occ_lock_before",
    "occ_lock_after", "changes", "correlation_id",
]  # fmt: skip


@pytest.fixture
def count(make_attribute):
    return make_attribute("count", "INTEGER")


def created(api, **overrides):
    response = api.post("/v1/incident", {**DISK_FULL, **overrides})
    assert response.status_code == 201, response.json()
    return response.json()["data"]


def url(incident, tail=""):
    return f"/v1/incident/{incident['id']}{tail}"


def entries(api, incident):
    response = api.get(url(incident, "/history"))
    assert response.status_code == 200
    return response.json()["data"]


def actions(api, incident):
    return [entry["action"] for entry in entries(api, incident)]


def test_an_entry_says_who_when_and_what(owner_api, viewer_api, count):
    incident = created(owner_api)
    response = owner_api.patch(
        url(incident),
        {"name": "Disk very full", "attributes": {"count": 5}, "occ_lock": 0},
        headers={"X-Correlation-ID": "change-42"},
    )
    (entry, _) = entries(viewer_api, incident)
    assert list(entry) == MEMBERS
    assert entry["subject"].startswith("token:")
    assert (entry["name"], entry["tenant_id"]) == ("acme incident_owner", ACME)
    assert timezone.now() - datetime.fromisoformat(entry["at"]) < timedelta(minutes=1)
    assert (entry["action"], entry["object_id"]) == ("incident.updated", incident["id"])
    assert (entry["occ_lock_before"], entry["occ_lock_after"]) == (0, 1)
    assert entry["correlation_id"] == response.headers["X-Correlation-ID"] == "change-42"
    assert entry["changes"] == [
        {"field": "name", "old": "Disk full", "new": "Disk very full"},
        {"field": "attributes.count", "slot": count.slot, "old": None, "new": 5},
    ]


def test_the_first_entry_holds_what_the_incident_was_created_with(owner_api, count):
    incident = created(owner_api, severity="HIGH", attributes={"count": 5})
    (entry,) = entries(owner_api, incident)
    assert (entry["occ_lock_before"], entry["occ_lock_after"]) == (None, 0)
    new = {change["field"]: change["new"] for change in entry["changes"]}
    assert all(change["old"] is None for change in entry["changes"])
    assert new == new | DISK_FULL | {"severity": "HIGH", "attributes.count": 5}


def test_the_last_entry_holds_what_was_deleted(owner_api, count):
    incident = created(owner_api, attributes={"count": 5})
    owner_api.delete(url(incident))
    entry = entries(owner_api, incident)[0]
    assert entry["action"] == "incident.deleted"
    assert (entry["occ_lock_before"], entry["occ_lock_after"]) == (0, None)
    old = {change["field"]: change["old"] for change in entry["changes"]}
    assert all(change["new"] is None for change in entry["changes"])
    assert old == old | DISK_FULL | {"attributes.count": 5}


def test_a_deleted_incidents_history_is_its_tenants_alone(owner_api, viewer_api, globex_api):
    incident = created(owner_api)
    owner_api.delete(url(incident))
    assert actions(viewer_api, incident) == ["incident.deleted", "incident.created"]
    assert globex_api.get(url(incident, "/history")).status_code == 404


def test_each_change_of_an_incident_its_values_and_comments_is_one_entry(owner_api, count):
    incident = created(owner_api)
    values, comments = url(incident, "/attributes"), url(incident, "/comments")
    owner_api.put(url(incident), {**DISK_FULL, "severity": "LOW", "occ_lock": 0})
    owner_api.post(values, {"name": "count", "value": 5})
    owner_api.put(values, {"name": "count", "value": 6})
    owner_api.delete(f"{values}/count")
    comment = owner_api.post(comments, {"text": "First."}).json()["data"]
    owner_api.put(f"{comments}/{comment['id']}", {"text": "Second.", "occ_lock": 0})
    owner_api.delete(f"{comments}/{comment['id']}")
    told = [
        (entry["action"], entry["occ_lock_before"], entry["occ_lock_after"])
        for entry in reversed(entries(owner_api, incident))
    ]
    assert told == [
        ("incident.created", None, 0),
        ("incident.updated", 0, 1),
        ("incident.updated", 1, 2),
        ("incident.updated", 2, 3),
        ("incident.updated", 3, 4),
        ("comment.created", None, 0),
        ("comment.updated", 0, 1),
        ("comment.deleted", 1, None),
    ]


def test_a_change_of_one_value_names_it_and_its_slot(owner_api, count):
    incident = created(owner_api, attributes={"count": 5})
    owner_api.put(url(incident, "/attributes"), {"name": "count", "value": "6"})
    owner_api.delete(url(incident, "/attributes/count"))
    cleared, replaced, _ = entries(owner_api, incident)
    about = {"field": "attributes.count", "slot": count.slot}
    assert replaced["changes"] == [about | {"old": 5, "new": 6}]
    assert cleared["changes"] == [about | {"old": 6, "new": None}]


def test_a_comments_entry_keeps_its_text(owner_api):
    incident = created(owner_api)
    path = url(incident, "/comments")
    comment = owner_api.post(path, {"text": "First.", "name": "Sam"}).json()["data"]
    owner_api.delete(f"{path}/{comment['id']}")
    deleted, said, _ = entries(owner_api, incident)
    assert deleted["object_id"] == said["object_id"] == comment["id"]
    assert said["changes"] == [
        {"field": "name", "old": None, "new": "Sam"},
        {"field": "text", "old": None, "new": "First."},
    ]
    assert deleted["changes"] == [
        {"field": "name", "old": "Sam", "new": None},
        {"field": "text", "old": "First.", "new": None},
    ]


def test_what_changes_nothing_leaves_no_entry(owner_api, count):
    incident = created(owner_api, attributes={"count": 5})
    values = url(incident, "/attributes")
    owner_api.patch(url(incident), incident)
    owner_api.patch(url(incident), {"occ_lock": 0})
    owner_api.put(values, {"name": "count", "value": "5"})
    owner_api.post(values, {"name": "count", "value": 6})  # it is set already
    owner_api.patch(url(incident), {"name": "Stale", "occ_lock": 7})
    owner_api.patch(url(incident), {"name": 5, "occ_lock": 0})
    assert actions(owner_api, incident) == ["incident.created"]


def test_entries_outlive_the_attribute_and_its_name(owner_api, deployer_api, count):
    incident = created(owner_api, attributes={"count": 5})
    before = entries(owner_api, incident)
    deployer_api.delete("/v1/incident/attributes/count")
    again = {"name": "count", "type": "STRING"}
    deployer_api.post("/v1/incident/attributes", again)
    owner_api.patch(url(incident), {"occ_lock": 0, "attributes": {"count": "many"}})
    newest, *older = entries(owner_api, incident)
    assert older == before
    assert older[0]["changes"][-1] == {
        "field": "attributes.count",
        "slot": count.slot,
        "old": None,
        "new": 5,
    }
    assert newest["changes"][0]["slot"] != count.slot


def test_history_is_walked_newest_first_by_cursor(owner_api):
    incident = created(owner_api)
    for number in range(6):
        owner_api.patch(url(incident), {"name": f"Name {number}", "occ_lock": number})
    found, query = [], "size=3"
    while query:
        body = owner_api.get(url(incident, f"/history?{query}")).json()
        assert set(body["page"]) == {"size", "count", "sort", "next_cursor"}
        assert body["page"]["count"] == len(body["data"])
        found += [entry["occ_lock_after"] for entry in body["data"]]
        # What happens meanwhile is newer, and so not met.
        owner_api.patch(url(incident), {"location": f"Hall {len(found)}"}, HTTP_IF_MATCH="*")
        cursor = body["page"]["next_cursor"]
        query = cursor and f"size=3&cursor={cursor}"
    assert found == [6, 5, 4, 3, 2, 1, 0]


def test_another_incidents_cursor_is_refused(owner_api):
    first, second = created(owner_api), created(owner_api)
    owner_api.patch(url(first), {"name": "Changed", "occ_lock": 0})
    cursor = owner_api.get(url(first, "/history?size=1")).json()["page"]["next_cursor"]
    response = owner_api.get(url(second, f"/history?cursor={cursor}"))
    assert (response.status_code, response.json()["code"]) == (400, "bad_cursor")


def test_an_incident_that_never_was_has_no_history(viewer_api):
    response = viewer_api.get("/v1/incident/01939af0-0000-7000-8000-000000000000/history")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("statement", ["UPDATE {} SET name = ''", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.parametrize("table", ["history_tenantevent", "history_instanceevent"])
def test_nobody_can_alter_an_entry(make_incident, count, table, statement):
    make_incident()
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        tenancy.scope(ACME),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table))


# Who has such a subject cannot be written down: the history's insert fails in the database itself.
def unwritable(principal):
    return replace(principal, subject="s" * 151)


def incident_changes(incident_id, comment):
    incident = {"incident_id": incident_id, "expected": ANY}
    said = {"comment_id": comment.id, **incident}
    value = {"name": "count", **incident}
    return {
        "create": (create_incident, {"body": DISK_FULL}),
        "put": (replace_incident, {"body": {**DISK_FULL, "name": "x"}, **incident}),
        "patch": (patch_incident, {"body": {"name": "x"}, **incident}),
        "delete": (delete_incident, incident),
        "set": (set_value, {"value": 6, **value}),
        "clear": (clear_value, value),
        "edit": (change_comment, {"body": {"text": "x"}, **said}),
        "withdraw": (delete_comment, said),
        "comment": (add_comment, {"incident_id": incident_id, "body": {"text": "x"}}),
    }


CHANGES = ["create", "put", "patch", "delete", "set", "clear", "edit", "withdraw", "comment"]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_whose_entry_cannot_be_written_does_not_happen(
    ada, make_incident, count, stored, change
):
    incident = make_incident(attributes={"count": 5})
    comment = add_comment(principal=ada, incident_id=incident["id"], body={"text": "First."})
    before = stored()
    operation, arguments = incident_changes(incident["id"], comment)[change]
    with pytest.raises(DatabaseError):
        operation(principal=unwritable(ada), **arguments)
    assert stored() == before


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        (define_attribute, {"members": {"name": "team", "type": "STRING"}}),
        (change_attribute, {"name": "count", "members": {"label": "x"}}),
        (archive_attribute, {"name": "count"}),
        (add_code, {"kind": Kind.STATUS, "code": "PARKED"}),
        (change_code, {"kind": Kind.STATUS, "code": "NEW", "changes": {"retired": True}}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_change_of_the_schema_without_its_entry_does_not_happen(
    dee, count, stored, operation, arguments
):
    before = stored()
    with pytest.raises(DatabaseError):
        operation(principal=unwritable(dee), **arguments)
    assert stored() == before


def test_an_entry_whose_change_is_undone_is_undone_with_it(ada, make_incident, stored):
    before = stored()
    with suppress(LookupError), tenancy.scope(ACME):
        incident = make_incident()
        patch_incident(principal=ada, incident_id=incident["id"], body={"name": "x"}, expected=ANY)
        assert TenantEvent.objects.filter(tenant_id=ACME).count() == 2
        raise LookupError
    assert stored() == before
