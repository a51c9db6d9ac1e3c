"""Taking an attribute out of sight and bringing it back: nothing is lost, nothing is rewritten."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import tenancy
from attributes import referrers
from attributes.models import Alias, AttributeMeta, Claim, IndexBuild, Job, JobKind, State
from attributes.operations.archive import Archive, Restore
from attributes.operations.change import carry_out, preview
from attributes.operations.rename import Rename
from attributes.referrers import Referrer
from attributes.walk import tally
from history.models import InstanceEvent
from incidents_project.refusals import Conflict, Invalid, NotFound
from tests.conftest import ACME, DISK_FULL
from tests.incidents.listing import row, store

pytestmark = pytest.mark.django_db

VALUES = [
    ("BOOLEAN", False), ("STRING", ""), ("TEXT", " two\nlines "), ("INTEGER", 0),
    ("NUMBER", Decimal("0.10000000000000000001")), ("DATETIME", "2024-11-11T02:57:27.1Z"),
    ("JSON", {"b": [None, 1], "a": {}}), ("USER", {"subject": "u-1", "name": ""}),
]  # fmt: skip


@pytest.fixture
def archive(dee):
    def archive(name="count", /, **members):
        return carry_out(Archive(name, members), principal=dee)

    return archive


@pytest.fixture
def restore(dee):
    def restore(name="count", /, **members):
        return carry_out(Restore(name, members), principal=dee)

    return restore


def stored_rows():
    """Every row of acme's incidents, and which transaction wrote it where."""
    with tenancy.scope(ACME), connection.cursor() as cursor:
        cursor.execute(
            "SELECT xmin::text, ctid::text, attributes::text FROM incidents_incident ORDER BY id"
        )
        return cursor.fetchall()


def values_of(api, incident):
    return api.get(f"/v1/incident/{incident['id']}").json()["data"]["attributes"]


# Away and back


def test_values_come_back_exactly(make_attribute, make_incident, archive, restore, viewer_api):
    for number, (type_, _) in enumerate(VALUES):
        rules = {"decimal_places": 20} if type_ == "NUMBER" else {}
        make_attribute(f"value{number}", type_, rules=rules)
    sent = {f"value{number}": value for number, (_, value) in enumerate(VALUES)}
    incident = make_incident(attributes=sent)
    before, rows = values_of(viewer_api, incident), stored_rows()
    for name in sent:
        archive(name)
    assert values_of(viewer_api, incident) == {}
    for name in sent:
        restore(name)
    assert values_of(viewer_api, incident) == before
    assert stored_rows() == rows


def test_what_is_archived_is_unknown_to_whoever_asks(make_attribute, archive, owner_api):
    make_attribute("count")
    archive()
    for response in (
        owner_api.get("/v1/incident?attributes.count=5"),
        owner_api.get("/v1/incident?fields=attributes.count"),
        owner_api.post("/v1/incident", {**DISK_FULL, "attributes": {"count": 5}}),
    ):
        assert response.status_code == 400, response.json()


def test_edits_meanwhile_leave_hidden_values_alone(
    make_attribute, make_incident, archive, restore, owner_api
):
    make_attribute("count")
    make_attribute("region", "STRING")
    incident = make_incident(attributes={"count": 5, "region": "eu"})
    archive()
    changed = {"occ_lock": 0, "attributes": {"region": "us"}}
    owner_api.patch(f"/v1/incident/{incident['id']}", changed)
    restore()
    assert values_of(owner_api, incident) == {"count": 5, "region": "us"}


def test_a_namesake_never_meets_the_old_values(make_attribute, make_incident, archive, viewer_api):
    old = make_attribute("count")
    incident = make_incident(attributes={"count": 5})
    archive()
    new = make_attribute("count", "STRING")
    assert new.slot != old.slot
    assert values_of(viewer_api, incident) == {}
    response = viewer_api.get("/v1/incident?attributes.count__isnull=false")
    assert response.json()["data"]["incidents"] == []


def test_a_name_that_was_taken_meanwhile_needs_another(
    make_attribute, make_incident, archive, restore, viewer_api
):
    make_attribute("count")
    incident = make_incident(attributes={"count": 5})
    archive()
    make_attribute("Count")
    with pytest.raises(Conflict) as refusal:
        restore()
    assert refusal.value.code == "name_taken"
    restore(name="hits")
    assert values_of(viewer_api, incident) == {"hits": 5}


def test_a_former_name_of_another_is_taken_too(make_attribute, archive, restore, dee):
    make_attribute("count")
    archive()
    make_attribute("other")
    carry_out(Rename("other", {"name": "count"}), principal=dee)
    carry_out(Rename("count", {"name": "other"}), principal=dee)
    with pytest.raises(Conflict) as refusal:
        restore()
    assert refusal.value.code == "name_taken"


def test_of_namesakes_the_last_one_comes_back_unless_the_id_says_which(
    make_attribute, archive, restore
):
    first = make_attribute("count")
    archive()
    second = make_attribute("count")
    archive()
    assert restore(id=str(first.id)).id == first.id
    archive()
    assert restore().id == first.id  # the one archived last
    assert restore(name="hits").id == second.id


def test_only_what_is_archived_can_be_restored(make_attribute, restore):
    make_attribute("count")
    with pytest.raises(NotFound):
        restore()
    with pytest.raises(NotFound):
        restore("nothing")


def test_former_names_go_with_the_attribute(make_attribute, archive, restore, dee, viewer_api):
    make_attribute("count")
    carry_out(Rename("count", {"name": "hits"}), principal=dee)
    archive("hits")
    make_attribute("count", "STRING")
    restore("hits")
    assert AttributeMeta.objects.get(name="hits").type == "INTEGER"
    response = viewer_api.get("/v1/incident?attributes.count=text")
    assert (response.status_code, "Deprecation" in response.headers) == (200, False)


def test_an_index_needs_room_when_it_comes_back(make_attribute, archive, restore, settings):
    settings.ATTRIBUTE_INDEX_BUDGET = 1
    make_attribute("count", indexed=True)
    archive()
    make_attribute("region", "STRING", indexed=True)
    with pytest.raises(Conflict) as refusal:
        restore()
    assert refusal.value.code == "index_budget"
    archive("region")
    assert restore().indexed


def test_unique_values_stay_taken_while_out_of_sight(
    make_attribute, make_incident, archive, restore
):
    make_attribute("ticket", "STRING", unique=True)
    make_incident(attributes={"ticket": "A-1"})
    archive("ticket")
    restore("ticket")
    with pytest.raises(Conflict) as refusal:
        make_incident(attributes={"ticket": "A-1"})
    assert refusal.value.code == "not_unique"
    with tenancy.scope(ACME):
        assert Claim.objects.for_tenant(ACME).count() == 1


@pytest.mark.parametrize("members", [{"detach": "perhaps"}, {"why": "old"}])
def test_what_is_wrong_with_an_archiving_is_said(members):
    with pytest.raises(Invalid):
        Archive("count", members)


@pytest.mark.parametrize(
    "members",
    [{"id": "7"}, {"name": "a b"}, {"aliases": "old"}, {"aliases": [1]}, {"why": "sorry"}],
)
def test_what_is_wrong_with_a_restoring_is_said(members):
    with pytest.raises(Invalid):
        Restore("count", members)


# Its former names


@pytest.fixture
def hits(make_attribute, dee):
    """An attribute that was called ``count`` and is called ``hits``, for ten days."""
    make_attribute("count")
    return carry_out(Rename("count", {"name": "hits", "alias_days": 10}), principal=dee)


def former_names():
    return list(Alias.objects.values_list("name", "attribute__name", "since", "until"))


def holders():
    return dict(Alias.objects.values_list("name", "attribute__name"))


def notes(**members):
    return preview(Restore("hits", members), tally).notes


def test_former_names_come_back_for_as_long_as_before(hits, archive, restore, viewer_api):
    before = former_names()
    archive("hits")
    assert former_names() == []
    assert notes() == ()
    restore("hits")
    assert former_names() == before
    assert viewer_api.get("/v1/incident?attributes.count=5").status_code == 200


def test_former_names_are_free_while_it_is_archived(hits, archive, make_attribute):
    archive("hits")
    assert make_attribute("count").is_in_force


@pytest.mark.parametrize("name", ["count", "COUNT"])
def test_a_former_name_that_was_taken_stays_away(hits, archive, restore, make_attribute, name):
    archive("hits")
    make_attribute(name)
    assert notes() == (f"count does not come back as a former name: {name} has it now.",)
    restore("hits")
    assert holders() == {}


def test_a_former_name_that_another_had_since_stays_away(
    hits, archive, restore, make_attribute, dee
):
    archive("hits")
    make_attribute("count")
    carry_out(Rename("count", {"name": "total"}), principal=dee)
    assert notes() == ("count does not come back as a former name: total has it now.",)
    restore("hits")
    assert holders() == {"count": "total"}


def test_a_former_name_that_is_over_gives_way_to_one_that_comes_back(
    hits, archive, restore, make_attribute, dee
):
    archive("hits")
    make_attribute("count")
    carry_out(Rename("count", {"name": "total"}), principal=dee)
    Alias.objects.update(until=timezone.now())
    restore("hits")
    assert holders() == {"count": "hits"}


def test_a_former_name_that_is_free_again_comes_back(hits, archive, restore, make_attribute):
    archive("hits")
    make_attribute("count")
    archive("count")
    restore("hits")
    assert holders() == {"count": "hits"}


def test_a_former_name_whose_time_is_over_stays_away(hits, archive, restore):
    Alias.objects.update(until=timezone.now())
    archive("hits")
    assert notes() == ()
    restore("hits")
    assert holders() == {}


def test_restored_under_a_former_name_it_has_that_no_more(hits, archive, restore):
    archive("hits")
    assert notes(name="Count") == ()
    restore("hits", name="Count")
    assert holders() == {}


def test_only_those_former_names_come_back_that_are_listed(hits, archive, restore, dee):
    carry_out(Rename("hits", {"name": "total"}), principal=dee)
    archive("total")
    restore("total", aliases=["hits"])
    assert holders() == {"hits": "total"}


def test_only_a_former_name_can_come_back(hits, archive, restore):
    archive("hits")
    with pytest.raises(NotFound):
        restore("hits", aliases=["total"])


def test_history_tells_which_former_names_came_back(hits, archive, restore, make_attribute, dee):
    carry_out(Rename("hits", {"name": "total"}), principal=dee)
    until = Alias.objects.get(name="hits").until
    archive("total")
    make_attribute("count")
    restore("total")
    told = InstanceEvent.objects.order_by("id").last().changes
    assert [(each["old"], each["new"]) for each in told if each["field"] == "alias"] == [
        (None, f"hits until {until.isoformat()}"),
        ("count", None),
    ]


# Who refers to it


@pytest.fixture
def view(monkeypatch):
    """A saved view that refers to whatever attribute is asked about, until it is detached."""
    monkeypatch.setattr(referrers, "_registered", [])
    ended = []
    referrers.register(
        lambda definition: [] if definition.uid in ended else [Referrer("view", "Mine")],
        ended.append,
    )
    return ended


def test_what_is_referred_to_stays_and_the_referrers_are_listed(make_attribute, view, archive):
    definition = make_attribute("count")
    with pytest.raises(Conflict) as refusal:
        archive()
    assert refusal.value.code == "in_use"
    assert refusal.value.members == {"referrers": ["view Mine"]}
    definition.refresh_from_db()
    assert (definition.state, view) == (State.ACTIVE, [])


def test_detaching_ends_the_references(make_attribute, view, archive):
    definition = make_attribute("count")
    assert archive(detach=True).state == State.ARCHIVED
    assert view == [definition.uid]


def test_a_job_and_the_building_of_an_index_are_referrers(make_attribute, archive):
    definition = make_attribute("count", indexed=True)
    IndexBuild.objects.create(slot=definition.slot)
    job = Job.objects.create(
        kind=JobKind.BACKFILL,
        attribute_id=definition.id,
        attribute_name="count",
        requested_by="Dee",
    )
    with pytest.raises(Conflict) as refusal:
        archive()
    assert refusal.value.members == {
        "referrers": [f"job BACKFILL {job.id}", "index build of count"]
    }
    assert archive(detach=True).state == State.ARCHIVED
    assert not Job.objects.open().exists()


# What it costs


@pytest.mark.parametrize("step", [0, 1, 2], ids=["rename", "archive", "restore"])
def test_no_incident_is_read_or_written_however_many_there_are(
    step, make_attribute, archive, restore, dee
):
    slot = make_attribute("count").slot

    def statements():
        """Of one of three changes, after which everything is as before."""
        found = []
        for change in (
            lambda: carry_out(Rename("count", {"name": "hits"}), principal=dee),
            lambda: archive("hits"),
            lambda: restore("hits", name="count"),
        ):
            with CaptureQueriesContext(connection) as queries:
                change()
            found.append([query["sql"] for query in queries])
        return found[step]

    statements()  # warm
    few = statements()
    store([row(number, attributes={slot: number}) for number in range(200)])
    before = stored_rows()
    many = statements()
    assert len(many) == len(few)
    assert not [sql for sql in many if "incidents_incident" in sql]
    assert stored_rows() == before
