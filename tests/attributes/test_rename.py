"""Another name for an attribute, and what becomes of the old one."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from attributes.models import Alias
from attributes.operations.change import carry_out
from attributes.operations.rename import DropAlias, Rename
from attributes.types import clock
from incidents_project.refusals import Conflict, Invalid, NotFound
from tests.conftest import DISK_FULL
from tests.incidents.listing import ids_of, query, row, store, walked

pytestmark = pytest.mark.django_db

HEADERS = ("Deprecation", "Sunset", "Link")


@pytest.fixture
def rename(dee):
    def rename(name, new, **members):
        return carry_out(Rename(name, {"name": new, **members}), principal=dee)

    return rename


@pytest.fixture
def count(make_attribute, rename):
    """An attribute that was called ``count`` until now, and is called ``hits``."""
    make_attribute("count")
    return rename("count", "hits")


@pytest.fixture
def later(monkeypatch):
    def move(**distance):
        monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(**distance))

    return move


def path(incident):
    return f"/v1/incident/{incident['id']}"


def said(response):
    return [header for header in HEADERS if header in response.headers]


def fault(response):
    assert response.status_code == 400, response.json()
    (found,) = response.json()["errors"]
    return found["field"], found["code"], found["message"]


# The name


def test_a_value_is_answered_by_the_new_name_alone(
    make_attribute, make_incident, rename, owner_api
):
    make_attribute("count")
    incident = make_incident(attributes={"count": 5})
    rename("count", "hits")
    answer = owner_api.get(path(incident)).json()["data"]
    assert answer["attributes"] == {"hits": 5}


def test_history_keeps_the_names_of_its_time(make_attribute, make_incident, rename, owner_api):
    make_attribute("count")
    incident = make_incident(attributes={"count": 5})
    rename("count", "hits")
    owner_api.put(f"{path(incident)}/attributes", {"name": "hits", "value": 6})
    entries = owner_api.get(f"{path(incident)}/history").json()["data"]
    fields = [change["field"] for entry in entries for change in entry["changes"]]
    assert [field for field in fields if field.startswith("attributes")] == [
        "attributes.hits",
        "attributes.count",
    ]


@pytest.mark.parametrize("name", ["region", "REGION", "count", "COUNT"])
def test_neither_a_name_nor_a_former_name_can_be_taken(name, count, make_attribute, rename):
    make_attribute("region", "STRING")
    make_attribute("other")
    with pytest.raises(Conflict) as refusal:
        rename("other", name)
    assert refusal.value.code == "name_taken"


def test_an_attribute_may_take_back_its_own_former_name(count, rename, owner_api, make_incident):
    rename("hits", "count")
    assert [alias.name for alias in Alias.objects.all()] == ["hits"]
    incident = make_incident(attributes={"hits": 3})
    assert incident["attributes"] == {"count": 3}


def test_a_name_may_change_its_case_alone_and_leaves_no_alias(make_attribute, rename):
    make_attribute("count")
    assert rename("count", "Count").name == "Count"
    assert not Alias.objects.exists()


def test_without_days_no_alias_stays(make_attribute, rename, owner_api):
    make_attribute("count")
    rename("count", "hits", alias_days=0)
    response = owner_api.get("/v1/incident?attributes.count=5")
    assert fault(response)[:2] == ("attributes.count", "unknown_attribute")


# Writing by a former name


def test_a_new_incident_may_use_a_former_name(count, owner_api):
    response = owner_api.post("/v1/incident", {**DISK_FULL, "attributes": {"count": 5}})
    assert response.json()["data"]["attributes"] == {"hits": 5}
    assert said(response) == list(HEADERS)


def test_validate_knows_former_names(count, owner_api):
    response = owner_api.post("/v1/incident/validate", {**DISK_FULL, "attributes": {"count": 5}})
    assert response.json()["data"]["incident"]["attributes"] == {"hits": 5}
    assert said(response) == list(HEADERS)


@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_change_may_use_a_former_name(method, count, make_incident, owner_api):
    incident = make_incident(attributes={"hits": 5})
    sent = {"occ_lock": 0, "attributes": {"count": 6}}
    whole = {**DISK_FULL, **sent} if method == "put" else sent
    response = getattr(owner_api, method)(path(incident), whole)
    assert response.json()["data"]["attributes"] == {"hits": 6}
    assert said(response) == list(HEADERS)


def test_null_clears_by_a_former_name(count, make_incident, owner_api):
    incident = make_incident(attributes={"hits": 5})
    response = owner_api.patch(path(incident), {"occ_lock": 0, "attributes": {"count": None}})
    assert response.json()["data"]["attributes"] == {}


@pytest.mark.parametrize("method", ["post", "put"])
def test_one_value_is_set_by_a_former_name(method, count, make_incident, owner_api):
    values = f"{path(make_incident())}/attributes"
    response = getattr(owner_api, method)(values, {"name": "count", "value": 6})
    assert response.json()["data"]["attributes"] == {"hits": 6}
    assert said(response) == list(HEADERS)


def test_one_value_is_cleared_by_a_former_name(count, make_incident, owner_api):
    incident = make_incident(attributes={"hits": 5})
    response = owner_api.delete(f"{path(incident)}/attributes/count")
    assert (response.status_code, said(response)) == (204, list(HEADERS))
    assert owner_api.get(path(incident)).json()["data"]["attributes"] == {}


def test_a_required_attribute_is_there_under_its_former_name(make_attribute, rename, owner_api):
    make_attribute("count", required=True, default=1)
    rename("count", "hits")
    response = owner_api.post("/v1/incident", {**DISK_FULL, "attributes": {"count": 5}})
    assert response.json()["data"]["attributes"] == {"hits": 5}


@pytest.mark.parametrize("sent", [{"count": 5, "hits": 5}, {"hits": None, "count": 5}])
def test_an_attribute_may_be_named_only_once(sent, count, owner_api, stored):
    before = stored()
    response = owner_api.post("/v1/incident", {**DISK_FULL, "attributes": sent})
    assert fault(response)[:2] == ("attributes.hits", "named_twice")
    assert stored() == before


def test_a_refusal_says_so_too(count, owner_api):
    response = owner_api.post("/v1/incident", {**DISK_FULL, "attributes": {"count": "many"}})
    assert fault(response)[:2] == ("attributes.hits", "wrong_type")
    assert said(response) == list(HEADERS)


# Asking by a former name


@pytest.fixture
def three(count):
    """Incidents with 0, 1 and 2."""
    return store([row(number, attributes={count.slot: number}) for number in range(3)])


@pytest.mark.parametrize(
    "asking",
    [
        ("attributes.count", "1"),
        ("attributes.count__in", "1"),
        ("filter", '{"attributes.count": 1}'),
        ("filter", '{"or": [{"not": {"attributes.count__ne": 1}}]}'),
    ],
)
def test_a_filter_may_use_a_former_name(asking, three, viewer_api):
    response = viewer_api.get(f"/v1/incident?{query(asking)}")
    assert ids_of(response.json()) == [three[1]]
    assert said(response) == list(HEADERS)


def test_a_sort_may_use_a_former_name_and_is_answered_by_the_new_one(three, viewer_api):
    response = viewer_api.get("/v1/incident?sort=attributes.count,ASC")
    assert ids_of(response.json()) == three
    assert response.json()["page"]["sort"] == ["attributes.hits,ASC"]
    assert said(response) == list(HEADERS)


def test_a_sort_names_an_attribute_once(three, viewer_api):
    response = viewer_api.get("/v1/incident?sort=attributes.count&sort=attributes.hits")
    assert fault(response)[1] == "bad_sort"


@pytest.mark.parametrize("where", ["/v1/incident", "one"])
def test_fields_may_use_a_former_name(where, three, viewer_api):
    where = f"/v1/incident/{three[2]}" if where == "one" else where
    response = viewer_api.get(f"{where}?fields=attributes.count")
    found = response.json()["data"]
    found = found if "attributes" in found else found["incidents"][0]
    assert found == {"attributes": {"hits": 2}}
    assert said(response) == list(HEADERS)


def test_a_walk_goes_on_over_a_rename(make_attribute, rename, viewer_api):
    slot = make_attribute("count").slot
    made = store([row(number, attributes={slot: number}) for number in range(5)])
    asking = "sort=attributes.count,ASC&attributes.count__gte=0"
    renames = iter([("count", "hits"), ("hits", "times")])

    def between():
        rename(*next(renames))

    assert walked(viewer_api, asking, 2, between=between) == made


# What the client is told


def test_the_headers_say_since_when_until_when_and_of_what(count, viewer_api):
    alias = Alias.objects.get()
    response = viewer_api.get("/v1/incident?attributes.count=5")
    assert response.headers["Deprecation"] == f"@{int(alias.since.timestamp())}"
    assert parsedate_to_datetime(response.headers["Sunset"]) == alias.until.replace(microsecond=0)
    assert response.headers["Link"] == '</v1/incident/attributes/hits>; rel="deprecation"'


def test_of_several_the_earliest_sunset_is_told(count, make_attribute, rename, viewer_api):
    make_attribute("region", "STRING")
    rename("region", "zone", alias_days=3)
    until = Alias.objects.get(name="region").until
    response = viewer_api.get("/v1/incident?attributes.count=5&attributes.region=eu")
    assert parsedate_to_datetime(response.headers["Sunset"]) == until.replace(microsecond=0)
    assert response.headers["Link"].count("rel=") == 2


@pytest.mark.parametrize("asking", ["", "?attributes.hits=5", "?fields=attributes.hits"])
def test_who_uses_the_new_name_is_told_nothing(asking, three, viewer_api):
    viewer_api.get("/v1/incident?attributes.count=5")
    assert said(viewer_api.get(f"/v1/incident{asking}")) == []


# Names whose time is over


@pytest.mark.parametrize(
    ("asking", "field"),
    [
        ("attributes.count=1", "attributes.count"),
        ("fields=attributes.count", "fields"),
        ("sort=attributes.count", "sort"),
    ],
)
def test_an_expired_name_is_unknown_and_the_new_one_is_told(
    asking, field, three, later, viewer_api
):
    later(days=181)
    response = viewer_api.get(f"/v1/incident?{asking}")
    found = fault(response)
    assert found[0] == field
    assert found[2].endswith("It is called attributes.hits now.")
    assert said(response) == []


def test_an_expired_name_is_unknown_to_writers(count, later, owner_api):
    later(days=181)
    response = owner_api.post("/v1/incident", {**DISK_FULL, "attributes": {"count": 5}})
    message = "No such attribute. It is called hits now."
    assert fault(response) == ("attributes.count", "unknown_attribute", message)


def test_an_expired_name_may_be_taken(count, later, make_attribute, make_incident):
    Alias.objects.update(until=datetime.now(UTC) - timedelta(days=1))
    make_attribute("count", "STRING")
    made = make_incident(attributes={"count": "text", "hits": 5})
    assert made["attributes"] == {"count": "text", "hits": 5}


def test_a_dropped_name_is_unknown_at_once(count, dee, viewer_api, make_attribute):
    carry_out(DropAlias("hits", {"alias": "count"}), principal=dee)
    response = viewer_api.get("/v1/incident?attributes.count=5")
    assert fault(response)[1] == "unknown_attribute"
    make_attribute("count")


def test_only_a_former_name_can_be_dropped(count, dee):
    with pytest.raises(NotFound):
        carry_out(DropAlias("hits", {"alias": "hits"}), principal=dee)


@pytest.mark.parametrize("name", ["Count", "COUNT"])
def test_former_names_are_as_exact_in_case_as_names(name, count, viewer_api):
    response = viewer_api.get(f"/v1/incident?attributes.{name}=5")
    assert fault(response)[1] == "unknown_attribute"


@pytest.mark.parametrize(
    "members", [{}, {"name": "a b"}, {"name": "status"}, {"name": "x", "alias_days": -1}, {"x": 1}]
)
def test_what_is_wrong_with_a_rename_is_said(members):
    with pytest.raises(Invalid):
        Rename("count", members)


def test_attributes_may_swap_their_names_when_the_aliases_are_dropped(
    make_attribute, make_incident, rename, viewer_api
):
    make_attribute("one")
    make_attribute("two")
    incident = make_incident(attributes={"one": 1, "two": 2})
    rename("one", "between", alias_days=0)
    rename("two", "one", alias_days=0)
    rename("between", "two", alias_days=0)
    answer = viewer_api.get(path(incident)).json()["data"]
    assert answer["attributes"] == {"one": 2, "two": 1}
