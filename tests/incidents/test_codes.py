"""Code tables: what incidents may be, and what some of them still are."""

import pytest

from history.models import InstanceEvent
from incidents.models import Code, Kind
from incidents.operations.codes import add_code, change_code
from incidents_project.refusals import Conflict, Invalid, NotFound
from tests.conftest import DISK_FULL

pytestmark = pytest.mark.django_db

SEEDED = {
    Kind.STATUS: ["NEW", "OPEN", "IN_PROGRESS", "RESOLVED", "CLOSED"],
    Kind.TYPE: ["SECURITY", "PERFORMANCE", "MAINTENANCE", "SYSTEM_FAILURE", "OTHERS"],
    Kind.SEVERITY: ["LOW", "MEDIUM", "MAJOR", "HIGH", "CRITICAL"],
}


@pytest.fixture
def retire(dee):
    def change(kind, code, *, retired=True):
        change_code(principal=dee, kind=kind, code=code, changes={"retired": retired})

    return change


def refused(response, field):
    errors = response.json()["errors"]
    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in errors] == [(field, "unknown_code")]
    return errors[0]["message"]


@pytest.mark.parametrize("kind", list(Kind))
def test_the_contracts_codes_are_there_from_the_start(owner_api, kind):
    message = refused(owner_api.post("/v1/incident", DISK_FULL | {kind.value: "MAYBE"}), kind.value)
    assert message == f"Must be one of {', '.join(SEEDED[kind])}."
    for code in SEEDED[kind]:
        sent = DISK_FULL | {kind.value: code}
        assert owner_api.post("/v1/incident", sent).status_code == 201


def test_a_code_may_be_chosen_as_soon_as_it_is_added(owner_api, dee):
    sent = DISK_FULL | {"status": "PARKED"}
    refused(owner_api.post("/v1/incident", sent), "status")
    add_code(principal=dee, kind=Kind.STATUS, code="PARKED", order=-1)
    assert owner_api.post("/v1/incident", sent).status_code == 201
    message = refused(owner_api.post("/v1/incident", DISK_FULL | {"status": "MAYBE"}), "status")
    assert message.startswith("Must be one of PARKED, ")


def test_a_code_is_for_one_kind(owner_api, dee):
    add_code(principal=dee, kind=Kind.STATUS, code="SECURITY")
    assert owner_api.post("/v1/incident", DISK_FULL | {"status": "SECURITY"}).status_code == 201
    refused(owner_api.post("/v1/incident", DISK_FULL | {"severity": "SECURITY"}), "severity")


@pytest.mark.parametrize(("kind", "code"), [("status", "NEW"), ("severity", "HIGH")])
def test_a_retired_code_cannot_be_chosen(owner_api, make_incident, retire, kind, code):
    other = {"status": "OPEN", "severity": "LOW"}[kind]
    at = f"/v1/incident/{make_incident(**{kind: other})['id']}"
    retire(Kind(kind), code)
    sent = DISK_FULL | {"status": "OPEN", kind: code}
    message = refused(owner_api.post("/v1/incident", sent), kind)
    assert f" {code}" not in message
    refused(owner_api.put(at, sent | {"occ_lock": 0}), kind)
    refused(owner_api.patch(at, {kind: code, "occ_lock": 0}), kind)


@pytest.mark.parametrize(("kind", "code"), [("status", "NEW"), ("severity", "HIGH")])
def test_an_incident_keeps_a_code_that_was_retired(owner_api, make_incident, retire, kind, code):
    at = f"/v1/incident/{make_incident(**{kind: code})['id']}"
    retire(Kind(kind), code)
    read = owner_api.get(at).json()["data"]
    assert read[kind] == code
    put = owner_api.put(at, read | {"name": "Renamed"})
    assert (put.status_code, put.json()["data"][kind]) == (200, code)
    assert owner_api.patch(at, put.json()["data"] | {"name": "Again"}).status_code == 200


def test_a_retired_code_that_was_left_is_not_found_again(owner_api, make_incident, retire):
    at = f"/v1/incident/{make_incident(status='NEW')['id']}"
    retire(Kind.STATUS, "NEW")
    assert owner_api.patch(at, {"status": "OPEN", "occ_lock": 0}).status_code == 200
    refused(owner_api.patch(at, {"status": "NEW", "occ_lock": 1}), "status")


def test_a_code_comes_back(owner_api, retire):
    retire(Kind.STATUS, "NEW")
    retire(Kind.STATUS, "NEW", retired=False)
    assert owner_api.post("/v1/incident", DISK_FULL).status_code == 201


@pytest.mark.parametrize("code", ["", "new", "1ST", "A B", "É", "A" * 51, "NEW\n", "A-B"])
def test_a_code_is_capitals_digits_and_underscores(dee, stored, code):
    before = stored()
    with pytest.raises(Invalid):
        add_code(principal=dee, kind=Kind.STATUS, code=code)
    assert stored() == before


def test_a_code_is_added_once(dee, retire):
    retire(Kind.STATUS, "NEW")
    with pytest.raises(Conflict) as refusal:
        add_code(principal=dee, kind=Kind.STATUS, code="NEW")
    assert refusal.value.code == "name_taken"


def test_a_code_that_is_not_there_cannot_be_changed(dee):
    with pytest.raises(NotFound):
        change_code(principal=dee, kind=Kind.STATUS, code="GONE", changes={"retired": True})


def test_every_change_of_a_code_is_in_the_history(dee):
    code = add_code(principal=dee, kind=Kind.STATUS, code="PARKED", label="Parked")
    changes = {"label": "On hold", "retired": True}
    for _ in range(2):  # the second changes nothing
        change_code(principal=dee, kind=Kind.STATUS, code="PARKED", changes=changes)
    entries = InstanceEvent.objects.filter(object_id=code.id).order_by("id")
    created, changed = entries
    assert (created.action, changed.action) == ("code.created", "code.updated")
    assert (changed.subject, changed.name, changed.actor_tenant) == ("dee", "Dee", "acme")
    assert changed.subject_name == "status PARKED"
    assert changed.changes == [
        {"field": "label", "old": "Parked", "new": "On hold"},
        {"field": "retired", "old": False, "new": True},
    ]
    assert Code.objects.get(id=code.id).label == "On hold"
