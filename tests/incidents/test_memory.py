"""A page shows what is stored now, though most of its text was made for an earlier one."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from orjson import Fragment

from accounts import tenancy
from attributes.operations.change import carry_out
from attributes.operations.rename import Rename
from attributes.schema import schemas
from incidents import memory
from incidents.memory import Memory
from tests.conftest import ACME, GLOBEX, client_of
from tests.incidents.listing import asked

OURS, THEIRS = (ACME, "1", "7"), (GLOBEX, "1", "7")


@pytest.fixture
def owner(committed):
    return client_of(ACME, "incident_owner")


@pytest.fixture
def shown(owner, make_incident):
    """Three incidents, asked for so often that nothing but versions is read of them."""
    made = [make_incident(name=f"Number {number}") for number in range(3)]
    for _ in range(5):
        asked(owner)
    assert read_in(lambda: asked(owner)) == ["versions"]
    return made


def read_in(call):
    """What each statement reads of incidents: their versions, or all of them."""
    with CaptureQueriesContext(connection) as queries:
        call()
    of_incidents = [q["sql"] for q in queries if "FROM incidents_incident" in q["sql"]]
    return ["rows" if '"description"' in sql else "versions" for sql in of_incidents]


def names(api):
    return [incident["name"] for incident in asked(api)["data"]["incidents"]]


def test_what_was_changed_is_shown_changed(owner, shown):
    before = asked(owner)["data"]["incidents"]
    owner.patch(f"/v1/incident/{shown[0]['id']}", {"name": "Another"}, HTTP_IF_MATCH="*")
    after = asked(owner)["data"]["incidents"]
    assert [incident["name"] for incident in after] == ["Number 2", "Number 1", "Another"]
    assert after[:2] == before[:2]


def test_what_is_new_is_read_beside_the_versions(owner, shown, make_incident):
    make_incident(name="New")
    assert read_in(lambda: asked(owner)) == ["versions", "rows"]
    assert names(owner) == ["New", "Number 2", "Number 1", "Number 0"]


def test_what_is_gone_is_not_shown(owner, shown):
    owner.delete(f"/v1/incident/{shown[1]['id']}", HTTP_IF_MATCH="*")
    assert names(owner) == ["Number 2", "Number 0"]


def test_what_is_changed_while_a_page_is_read_does_not_mix_with_it(owner, shown, monkeypatch):
    """It would be shown by a filter that it no longer meets."""
    at = f"/v1/incident/{shown[0]['id']}"
    owner.patch(at, {"name": "First"}, HTTP_IF_MATCH="*")
    read = tenancy.read
    changes = iter([{"name": "Second", "status": "CLOSED"}])

    def read_and_change(*statement):
        found = read(*statement)
        for change in changes:
            owner.patch(at, change, HTTP_IF_MATCH="*")
        return found

    monkeypatch.setattr(tenancy, "read", read_and_change)
    found = asked(owner, "status=NEW&total=none")["data"]["incidents"]
    assert [incident["name"] for incident in found] == ["Number 2", "Number 1"]


def test_a_name_is_shown_as_it_is_now(owner, make_attribute, make_incident, dee):
    make_attribute("count")
    make_incident(attributes={"count": 5})
    for _ in range(5):
        asked(owner)
    carry_out(Rename("count", {"name": "number"}), principal=dee)
    assert asked(owner)["data"]["incidents"][0]["attributes"] == {"number": 5}


def test_a_transaction_sees_its_own_changes(viewer_api, make_incident):
    """None of which may be remembered: they might be taken back."""
    make_incident(name="Mine")
    for _ in range(5):
        assert names(viewer_api) == ["Mine"]
    assert not memory.under(schemas.now().stamp)._young


def test_one_tenants_text_is_not_anothers():
    known = Memory()
    known.keep(OURS, b"{}")
    assert known.recall([OURS, THEIRS]).keys() == {OURS}


def test_what_nobody_asks_for_is_forgotten():
    known = Memory(most=2)
    for number in range(6):
        known.keep((ACME, str(number), "7"), b"{}")
        known.recall([(ACME, "0", "7")])
    assert [v for v in range(6) if known.recall([(ACME, str(v), "7")])] == [0, 4, 5]


def test_a_long_text_is_not_kept():
    known = Memory()
    assert isinstance(known.keep(OURS, b" " * 4_001), Fragment)
    assert known.recall([OURS]) == {}


def test_versions_are_asked_for_first_where_most_are_known():
    known = Memory()
    known.keep(OURS, b"{}")
    assert not known.is_likely
    for _ in range(4):
        known.recall([OURS])
    assert known.is_likely
    for _ in range(4):
        known.recall([THEIRS])
    assert not known.is_likely
