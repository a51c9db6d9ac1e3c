"""Attributes that are to be used no more: readable, and writable only where there is a value."""

from datetime import UTC, datetime

import pytest

from attributes.models import AttributeMeta, State
from attributes.operations.change import carry_out, preview
from attributes.operations.deprecate import Deprecate, Reactivate
from attributes.operations.rename import Rename
from attributes.types import clock
from attributes.walk import tally
from history.models import InstanceEvent
from incidents_project.refusals import Conflict, Invalid
from tests.conftest import DISK_FULL

pytestmark = pytest.mark.django_db

SUNSET = "2099-05-01"
SCHEMA = "/v1/incident/attributes/schema"
DOCUMENT = "/v1/schema"


@pytest.fixture
def deprecate(dee):
    def deprecate(name="count", **members):
        return carry_out(Deprecate(name, members), principal=dee)

    return deprecate


@pytest.fixture
def count(make_attribute, make_incident, deprecate):
    """An attribute that is deprecated by now, and an incident that has 5 of it."""
    make_attribute("count", required=True, default=1)
    incident = make_incident(attributes={"count": 5})
    deprecate(sunset=SUNSET)
    return f"/v1/incident/{incident['id']}"


def codes(response):
    assert response.status_code == 400, response.json()
    return [(fault["field"], fault["code"]) for fault in response.json()["errors"]]


def test_it_is_still_answered(count, viewer_api):
    response = viewer_api.get(count)
    assert response.json()["data"]["attributes"] == {"count": 5}
    assert "Deprecation" not in response.headers


def test_an_incident_that_has_a_value_may_have_another(count, owner_api):
    response = owner_api.patch(count, {"occ_lock": 0, "attributes": {"count": 6}})
    assert response.json()["data"]["attributes"] == {"count": 6}
    response = owner_api.put(f"{count}/attributes", {"name": "count", "value": 7})
    assert response.json()["data"]["attributes"] == {"count": 7}


def test_a_value_may_go_even_if_it_was_required(count, owner_api):
    assert owner_api.delete(f"{count}/attributes/count").status_code == 204
    response = owner_api.put(f"{count}/attributes", {"name": "count", "value": 7})
    assert codes(response) == [("value", "deprecated")]


def test_a_new_incident_cannot_have_one(count, owner_api):
    response = owner_api.post("/v1/incident", {**DISK_FULL, "attributes": {"count": 5}})
    assert codes(response) == [("attributes.count", "deprecated")]
    assert SUNSET in response.json()["detail"]


def test_a_new_incident_needs_none_and_gets_no_default(count, owner_api):
    response = owner_api.post("/v1/incident", DISK_FULL)
    assert response.json()["data"]["attributes"] == {}


def test_null_is_no_value_and_may_be_sent(count, owner_api):
    response = owner_api.post("/v1/incident", {**DISK_FULL, "attributes": {"count": None}})
    assert response.status_code == 201


def test_whoever_names_it_is_told(count, owner_api):
    at = int(AttributeMeta.objects.get().deprecated_at.timestamp())
    for response in (
        owner_api.get("/v1/incident?attributes.count=5"),
        owner_api.get("/v1/incident?sort=attributes.count"),
        owner_api.get("/v1/incident?fields=attributes.count"),
        owner_api.patch(count, {"occ_lock": 0, "attributes": {"count": 6}}),
        owner_api.delete(f"{count}/attributes/count"),
        owner_api.post("/v1/incident", {**DISK_FULL, "attributes": {"count": 5}}),
    ):
        assert response.headers["Deprecation"] == f"@{at}"
        assert response.headers["Sunset"] == "Fri, 01 May 2099 00:00:00 GMT"
        assert response.headers["Link"] == '</v1/incident/attributes/count>; rel="deprecation"'


def test_without_a_date_there_is_no_sunset(make_attribute, deprecate, viewer_api):
    make_attribute("count")
    deprecate()
    response = viewer_api.get("/v1/incident?attributes.count=5")
    assert "Deprecation" in response.headers
    assert "Sunset" not in response.headers


def test_what_should_have_gone_already_was_deprecated_before(
    make_attribute, deprecate, viewer_api, monkeypatch
):
    make_attribute("count")
    monkeypatch.setattr(clock, "now", lambda: datetime(2020, 1, 1, 12, tzinfo=UTC))
    deprecate(sunset="2020-01-01")
    response = viewer_api.get("/v1/incident?attributes.count=5")
    at = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp())
    assert response.headers["Deprecation"] == f"@{at}"
    assert response.headers["Sunset"] == "Wed, 01 Jan 2020 00:00:00 GMT"


def test_the_sooner_of_its_name_and_itself_is_told(count, dee, viewer_api):
    carry_out(Rename("count", {"name": "hits", "alias_days": 1}), principal=dee)
    response = viewer_api.get("/v1/incident?attributes.count=5")
    assert "2099" not in response.headers["Sunset"]


def test_schemas_mark_it_and_ask_for_it_no_more(count, viewer_api):
    published = viewer_api.get(SCHEMA).json()["data"]
    described = published["properties"]["count"]
    assert described["deprecated"] is True
    assert described["x-sunset"] == SUNSET
    assert "default" not in described
    assert published["required"] == []


def test_the_api_document_marks_it_and_does_not_offer_it_to_new_incidents(count, viewer_api):
    schemas = viewer_api.get(DOCUMENT).json()["components"]["schemas"]
    for name in ("AttributeValues", "AttributeValuesChange"):
        described = schemas[name]["properties"]["count"]
        assert (described["deprecated"], described["x-sunset"]) == (True, SUNSET)
    assert schemas["AttributeValuesCreate"]["properties"] == {}
    assert "oneOf" not in schemas["AttributeValue"]


def test_the_api_document_marks_its_filters(count, viewer_api):
    parameters = viewer_api.get(DOCUMENT).json()["components"]["parameters"]
    assert parameters["filter.attributes.count__gte"]["deprecated"] is True


def test_another_date_is_another_change_and_the_same_is_none(count, deprecate):
    before = AttributeMeta.objects.get()
    deprecate(sunset=SUNSET)
    assert AttributeMeta.objects.get().occ_lock == before.occ_lock
    deprecate(sunset="2098-01-01")
    after = AttributeMeta.objects.get()
    assert after.occ_lock == before.occ_lock + 1
    assert after.deprecated_at == before.deprecated_at
    assert InstanceEvent.objects.filter(action="attribute.deprecated").count() == 2


@pytest.mark.parametrize("go", [carry_out, preview], ids=["change", "preview"])
def test_a_day_that_is_over_is_refused(make_attribute, dee, stored, go):
    make_attribute("count")
    before = stored()
    asked = {"principal": dee} if go is carry_out else {"walk": tally}
    with pytest.raises(Invalid) as refused:
        go(Deprecate("count", {"sunset": "2020-01-01"}), **asked)
    (fault,) = refused.value.faults
    assert (fault.field, fault.code) == ("sunset", "past")
    assert "archive it" in fault.message
    assert stored() == before


def test_a_day_that_it_has_may_be_said_again_when_it_is_over(count, deprecate, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: datetime(2100, 1, 1, tzinfo=UTC))
    deprecate(sunset=SUNSET)
    with pytest.raises(Invalid):
        deprecate(sunset="2099-05-02")


def test_it_can_be_taken_back(count, dee, owner_api):
    carry_out(Reactivate("count", {}), principal=dee)
    response = owner_api.post("/v1/incident", DISK_FULL)
    assert response.json()["data"]["attributes"] == {"count": 1}
    assert "Deprecation" not in owner_api.get("/v1/incident?attributes.count=5").headers
    definition = AttributeMeta.objects.get()
    assert (definition.state, definition.sunset, definition.deprecated_at) == (
        State.ACTIVE,
        None,
        None,
    )


def test_only_what_is_deprecated_can_be_reactivated(make_attribute, dee):
    make_attribute("count")
    with pytest.raises(Conflict):
        carry_out(Reactivate("count", {}), principal=dee)


@pytest.mark.parametrize("members", [{"sunset": "tomorrow"}, {"sunset": 7}, {"until": SUNSET}])
def test_what_is_wrong_is_said(members):
    with pytest.raises(Invalid):
        Deprecate("count", members)
