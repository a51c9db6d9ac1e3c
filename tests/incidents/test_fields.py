"""Answers with only the members that were asked for."""

import pytest

from attributes.operations.archive import archive_attribute
from incidents.presenter import COLUMNS
from tests.conftest import ACME
from tests.incidents.listing import asked, ids_of, row, store, walked

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident(make_attribute, make_incident, dee):
    make_attribute("gone")
    make_attribute("count")
    make_attribute("cost", "NUMBER")
    make_attribute("unset", "STRING")
    made = make_incident(attributes={"count": 5, "cost": 1, "gone": 7})
    archive_attribute(principal=dee, name="gone")
    return made


def answers(api, incident, fields):
    """What the list and the incident itself answer, which is the same."""
    (listed,) = asked(api, fields)["data"]["incidents"]
    one = api.get(f"/v1/incident/{incident['id']}?{fields}").json()["data"]
    assert list(one.items()) == list(listed.items())
    return listed


@pytest.mark.parametrize(
    ("fields", "members"),
    [
        ("fields=id", ["id"]),
        ("fields=name,id", ["id", "name"]),
        ("fields=id,id,name", ["id", "name"]),
        ("fields=occ_lock,tenant_id", ["tenant_id", "occ_lock"]),
        ("fields=name&fields=id", ["id", "name"]),
        ("fields=id,attributes.count", ["id", "attributes"]),
        ("fields=attributes.count,name", ["name", "attributes"]),
    ],
)
def test_the_members_are_those_that_were_asked_for_in_their_usual_order(
    viewer_api, incident, fields, members
):
    assert list(answers(viewer_api, incident, fields)) == members


@pytest.mark.parametrize("name", COLUMNS)
def test_every_member_can_be_asked_for_alone(viewer_api, incident, name):
    whole = answers(viewer_api, incident, "")
    assert answers(viewer_api, incident, f"fields={name}") == {name: whole[name]}


@pytest.mark.parametrize(
    ("fields", "values"),
    [
        ("attributes", {"count": 5, "cost": 1}),
        ("attributes.count", {"count": 5}),
        ("attributes.count,attributes.cost", {"count": 5, "cost": 1}),
        ("attributes.unset", {}),
        ("attributes.unset,attributes.cost", {"cost": 1}),
        ("attributes.count,attributes", {"count": 5, "cost": 1}),
        ("attributes,attributes.count", {"count": 5, "cost": 1}),
    ],
)
def test_attributes_can_be_asked_for_one_by_one(viewer_api, incident, fields, values):
    assert answers(viewer_api, incident, f"fields={fields}") == {"attributes": values}


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("nmae", "name"),
        ("attributes.cuont", "attributes.count"),
        ("count", "attributes.count"),
        ("Status", "status"),
    ],
)
def test_an_unknown_member_is_refused_with_its_nearest_spelling(
    viewer_api, incident, name, nearest
):
    for path in ("/v1/incident", f"/v1/incident/{incident['id']}"):
        response = viewer_api.get(f"{path}?fields=id,{name}")
        assert response.status_code == 400
        (error,) = response.json()["errors"]
        assert (error["field"], error["code"]) == ("fields", "unknown_field")
        assert error["message"].endswith(f"Did you mean {nearest}?")


def test_every_unknown_member_is_reported(viewer_api, incident):
    response = viewer_api.get("/v1/incident?fields=one,id,two,attributes.gone&sort=three")
    assert response.status_code == 400
    errors = response.json()["errors"]
    assert [error["field"] for error in errors] == ["sort", "fields", "fields", "fields"]
    assert "attributes.gone" in errors[-1]["message"]


def test_the_version_is_told_whatever_is_asked_for(viewer_api, owner_api, incident):
    path = f"/v1/incident/{incident['id']}?fields=name"
    response = viewer_api.get(path)
    assert response.headers["ETag"] == '"0"'
    assert viewer_api.get(path, HTTP_IF_NONE_MATCH='"0"').status_code == 304
    changed = owner_api.patch(path.partition("?")[0], {"name": "x"}, HTTP_IF_MATCH='"0"')
    assert changed.status_code == 200
    assert viewer_api.get(path).headers["ETag"] == '"1"'


@pytest.mark.parametrize("sort", ["", "sort=attributes.count", "sort=resolved_date&sort=date,ASC"])
@pytest.mark.parametrize("fields", ["id", "id,attributes.cost", "id,attributes", "id,date"])
def test_a_walk_needs_no_member_but_those_that_are_asked_for(
    viewer_api, make_attribute, sort, fields
):
    count, cost = make_attribute("count").slot, make_attribute("cost", "NUMBER").slot
    store(
        [
            row(number, attributes={count: number // 3, cost: 1} if number % 4 else {})
            for number in range(15)
        ]
    )
    whole = ids_of(asked(viewer_api, f"{sort}&size=100"))
    assert walked(viewer_api, f"{sort}&fields={fields}", 2) == whole


def test_members_are_for_reading(owner_api, incident):
    for method, path in (("POST", ""), ("PATCH", f"/{incident['id']}")):
        response = owner_api.generic(
            method, f"/v1/incident{path}?fields=id", "{}", "application/json"
        )
        assert response.status_code == 400
        assert response.json()["code"] == "unknown_parameter"


def test_values_of_an_older_attribute_are_not_shown(viewer_api, make_attribute, dee):
    old = make_attribute("count").slot
    archive_attribute(principal=dee, name="count")
    make_attribute("count", "STRING")
    store([row(1, tenant_id=ACME, attributes={old: 5})])
    assert asked(viewer_api, "fields=attributes.count")["data"]["incidents"] == [{"attributes": {}}]
