"""Changes of the schema while sixteen people write and read: nothing stale, missing or refused."""

import sys
import time
from collections import Counter
from contextlib import contextmanager

import pytest

from accounts import tenancy
from attributes import fence
from attributes.check import check
from attributes.jobs.worker import Worker
from attributes.models import AttributeMeta, Job, JobState, State
from attributes.operations.archive import Archive, Restore
from attributes.operations.change import carry_out, preview
from attributes.operations.define import change_attribute
from attributes.operations.purge import Purge
from attributes.operations.rename import Rename
from attributes.operations.retype import Retype, Undo
from attributes.schema import schemas
from attributes.walk import tally
from incidents.models import Incident
from tests.attributes.crowd import WRITERS, crowd
from tests.attributes.jobs.hands import fill
from tests.conftest import ACME, DISK_FULL
from tests.incidents.listing import row, store

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("committed")]

ROWS = 1_200


def jobs_done():
    """Carry out every job there is."""
    deadline = time.monotonic() + 60
    while Job.objects.open().exists() and time.monotonic() < deadline:
        for _ in Worker(max_writer_delay=0.1).work():
            pass
        time.sleep(0.05)
    assert set(Job.objects.values_list("state", flat=True)) <= {JobState.DONE}, [
        (job.kind, job.state, job.error) for job in Job.objects.all()
    ]


def stored():
    with tenancy.scope(ACME):
        found = Incident.objects.values_list("id", "attributes")
        return {str(id_): document for id_, document in found}


class Values:
    """One attribute of many incidents; each writer has incidents of its own, and remembers."""

    def __init__(self, attribute, first=("7",) * ROWS):
        self.name = attribute.name
        self.ids = fill(attribute, first)
        self.last = dict(zip(self.ids, first, strict=True))

    def write(self, person):
        mine = self.ids[person.number :: WRITERS]
        id_, value = person.chance.choice(mine), str(person.chance.randrange(10**6))
        response = person.api.put(
            f"/v1/incident/{id_}/attributes", {"name": self.name, "value": value}, format="json"
        )
        if response.status_code == 200:
            self.last[id_] = value
        return response

    def read(self, person):
        response = person.api.get(f"/v1/incident?attributes.{self.name}__isnull=false&size=20")
        for incident in response.json()["data"]["incidents"]:
            assert isinstance(incident["attributes"][self.name], str | int)
        return response


@pytest.fixture
def values(make_attribute):
    return Values(make_attribute("n", "STRING"))


def retyped(dee, values):
    carry_out(Retype(values.name, {"type": "INTEGER"}), principal=dee)
    jobs_done()


def stale_and_missing(values, slot):
    documents = stored()
    wrong = Counter()
    for id_, last in values.last.items():
        if slot not in documents[id_]:
            wrong["missing"] += 1
        elif str(documents[id_][slot]) != last:
            wrong["stale"] += 1
    return wrong


def test_a_retype_and_its_undoing(values, dee):
    before = schemas.now().by_name["n"].slot

    def change():
        retyped(dee, values)
        after = schemas.now().by_name["n"].slot
        assert after != before
        time.sleep(2)
        carry_out(Undo("n", {}), principal=dee)
        jobs_done()

    told = crowd(change, values.write, values.read)
    told.require_no_accident()
    assert set(told.statuses) == {200}
    assert stale_and_missing(values, schemas.now().by_name["n"].slot) == {}
    sys.stdout.write(f"worst writer {told.worst * 1_000:.0f} ms\n")


def test_without_the_fence_a_retype_leaves_stale_values(values, dee, monkeypatch):
    """Else the test above would prove nothing."""
    known = schemas.now()

    @contextmanager
    def unfenced(tenant_id):
        """What a cache says that nobody has told of the change."""
        with tenancy.scope(tenant_id):
            yield known

    monkeypatch.setattr(fence, "scope", unfenced)
    crowd(lambda: retyped(dee, values), values.write, lambda _: None, seconds=5)
    assert sum(stale_and_missing(values, schemas.now().by_name["n"].slot).values())


def test_a_unique_value_is_won_once_while_the_type_changes_and_back(make_attribute, dee):
    """At every moment: whoever is first has it, and what is there cannot be taken."""
    ticket = make_attribute("ticket", "STRING")
    values = Values(ticket, [str(n) for n in range(ROWS)])
    fill(ticket, [str(n) for n in range(ROWS, 2 * ROWS)])
    change_attribute(principal=dee, name="ticket", members={"unique": True})
    jobs_done()
    won = Counter()

    def change():
        for kind, members in ((Retype, {"type": "INTEGER"}), (Undo, {}), (Undo, {}), (Undo, {})):
            carry_out(kind("ticket", members), principal=dee)
            jobs_done()
            time.sleep(0.5)

    def write(person):
        return values.write(person) if person.chance.random() < 0.3 else take(person)

    def take(person):
        """What somebody has all the time, or what all are after now."""
        theirs, next_one = person.chance.randrange(ROWS, 2 * ROWS), -1 - len(won)
        value = str(theirs if person.chance.random() < 0.3 else next_one)
        body = {**DISK_FULL, "attributes": {"ticket": value}}
        response = person.api.post("/v1/incident", body, format="json")
        if response.status_code == 201:
            won[value] += 1
        return response

    told = crowd(change, write, values.read)
    told.require_no_accident()
    assert told.statuses.keys() == {200, 201, 409}
    assert told.refusals.keys() == {"not_unique"}
    assert set(won.values()) == {1}
    assert not [value for value in won if int(value) >= 0]
    slot = schemas.now().by_name["ticket"].slot
    assert stale_and_missing(values, slot) == {}
    assert list(check()) == []


def test_a_rename(values, dee):
    def change():
        for name in ("m", "n", "m"):
            carry_out(Rename(schemas.now().attributes[0].name, {"name": name}), principal=dee)
            time.sleep(1)

    def read(person):
        response = person.api.get("/v1/incident?attributes.n__isnull=false&size=20")
        for incident in response.json()["data"]["incidents"]:
            assert set(incident["attributes"]) in ({"n"}, {"m"})
        return response

    told = crowd(change, values.write, read)
    told.require_no_accident()
    assert set(told.statuses) == {200}
    assert stale_and_missing(values, schemas.now().by_name["m"].slot) == {}


def test_archive_recreate_and_restore(values, dee, make_attribute):
    """Nobody ever meets a value of the namesake."""
    first = schemas.now().by_name["n"].slot

    def change():
        for _ in range(3):
            carry_out(Archive("n", {}), principal=dee)
            make_attribute("n", "INTEGER")
            time.sleep(0.7)
            carry_out(Archive("n", {}), principal=dee)
            archived = next(a for a in all_archived() if a.slot == first)
            carry_out(Restore("n", {"id": str(archived.id)}), principal=dee)
            time.sleep(0.7)

    def read(person):
        response = person.api.get("/v1/incident?size=20")
        for incident in response.json()["data"]["incidents"]:
            assert incident["attributes"].keys() <= {"n"}
        return response

    written = {}

    def write(person):
        mine = values.ids[person.number :: WRITERS]
        id_, value = person.chance.choice(mine), str(person.chance.randrange(10**6))
        body = {"name": "n", "value": value}
        response = person.api.put(f"/v1/incident/{id_}/attributes", body, format="json")
        if response.status_code == 200:
            shown = response.json()["data"]["attributes"]["n"]
            assert str(shown) == value
            if isinstance(shown, str):
                written[id_] = value
        return response

    told = crowd(change, write, read)
    told.require_no_accident()
    assert told.refusals.keys() <= {"unknown_attribute"}
    documents = stored()
    assert {id_: documents[id_][first] for id_ in written} == written


def all_archived():
    return AttributeMeta.objects.filter(state=State.ARCHIVED)


def test_a_purge_leaves_everything_else(values, dee, make_attribute):
    doomed = make_attribute("doomed", "STRING")
    others = store([row(n, attributes={doomed.slot: "x"}) for n in range(ROWS, 2 * ROWS)])

    def change():
        carry_out(Archive("doomed", {}), principal=dee)
        plan = preview(Purge("doomed", {}), tally).hash
        carry_out(Purge("doomed", {}), principal=dee, plan=plan)
        jobs_done()

    told = crowd(change, values.write, values.read)
    told.require_no_accident()
    assert set(told.statuses) == {200}
    documents = stored()
    assert not [id_ for id_, document in documents.items() if doomed.slot in document]
    assert stale_and_missing(values, schemas.now().by_name["n"].slot) == {}
    assert set(others) <= set(documents)


def test_an_option_that_is_retired(dee, make_attribute):
    options = [{"code": "A"}, {"code": "B"}]
    attribute = make_attribute("choice", "SELECT", rules={"options": options})
    ids = store([row(n, attributes={attribute.slot: "B"}) for n in range(200)])
    retired_at = []

    def change():
        retired = [{"code": "A", "retired": True}, {"code": "B"}]
        change_attribute(principal=dee, name="choice", members={"rules": {"options": retired}})
        retired_at.append(time.monotonic())

    def write(person):
        began = time.monotonic()
        response = person.api.put(
            f"/v1/incident/{person.chance.choice(ids)}/attributes",
            {"name": "choice", "value": person.chance.choice("AB")},
            format="json",
        )
        if response.status_code == 200 and retired_at and began > retired_at[0]:
            wrote = response.json()["data"]["attributes"]["choice"]
            assert wrote == "B" or response.request, wrote
        return response

    def read(person):
        response = person.api.get("/v1/incident?attributes.choice__in=A,B&size=20")
        for incident in response.json()["data"]["incidents"]:
            assert incident["attributes"]["choice"] in {"A", "B"}
        return response

    told = crowd(change, write, read, seconds=4)
    told.require_no_accident()
    assert told.refusals.keys() == {"retired_option"}


def test_a_value_that_becomes_unique(dee, make_attribute):
    """Of many who send the same value at once one wins, from the first moment on."""
    make_attribute("ticket", "STRING")
    introduced = []
    won = Counter()

    def change():
        change_attribute(principal=dee, name="ticket", members={"unique": True})
        introduced.append(True)
        jobs_done()

    def write(person):
        began_unique = bool(introduced)
        value = f"T-{person.chance.randrange(10**9) if not began_unique else len(won)}"
        body = {**DISK_FULL, "attributes": {"ticket": value}}
        response = person.api.post("/v1/incident", body, format="json")
        if response.status_code == 201:
            won[value] += 1
        return response

    def read(person):
        return person.api.get("/v1/incident?size=20&fields=attributes.ticket")

    told = crowd(change, write, read, seconds=6)
    told.require_no_accident()
    assert told.refusals.keys() <= {"not_unique"}
    assert set(won.values()) == {1}
    assert len(stored()) == sum(won.values())
