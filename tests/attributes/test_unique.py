"""Unique from now on: who writes is held to it at once, a job finds what was there twice."""

from collections import Counter
from functools import partial

import pytest

from accounts import tenancy
from attributes.api.presenter import present
from attributes.jobs import claim
from attributes.models import AttributeMeta, Claim, Job, JobState
from attributes.operations.archive import archive_attribute
from attributes.operations.backfill import Backfill
from attributes.operations.change import carry_out, preview
from attributes.operations.define import change_attribute
from attributes.operations.jobs import cancel, resume
from attributes.operations.retype import Retype
from attributes.operations.update import Update
from attributes.plans import Risk
from attributes.violations import violations
from attributes.walk import estimate, tally
from history.models import InstanceEvent
from incidents.operations.incidents import create_incident, delete_incident
from incidents_project.refusals import Conflict, Invalid
from incidents_project.versions import ANY
from tests.attributes.jobs.hands import documents, fill, stand, work, write
from tests.conftest import ACME, DISK_FULL, GLOBEX
from tests.incidents.listing import remove

in_transaction = pytest.mark.django_db


def patch(principal, **members):
    change_attribute(principal=principal, name="ticket", members=members)


def introduce(principal):
    patch(principal, unique=True)
    return Job.objects.open().get()


def state():
    return present(AttributeMeta.objects.get(name="ticket"))["unique_state"]


def claimed(tenant=ACME):
    with tenancy.scope(tenant):
        return Claim.objects.for_tenant(tenant).count()


def listed(attribute, tenant=ACME):
    found = violations(tenant, attribute, None, 100)
    assert {one.code for one in found} <= {"not_unique"}
    return [str(one.incident_id) for one in found]


def refuse_unique(principal, incident_id, value):
    with pytest.raises(Conflict) as refused:
        write(principal, incident_id, ticket=value)
    assert refused.value.code == "not_unique"


@pytest.fixture
def ticket(make_attribute):
    return make_attribute("ticket", "STRING")


@in_transaction
def test_values_that_are_unique_are_so_from_now_on(ticket, dee, ada):
    assert state() == "NONE"
    one, other, _ = fill(ticket, ["A", "B", "C"])
    fill(ticket, ["A"], GLOBEX)
    job = introduce(dee)
    assert state() == "VALIDATING"
    work()
    assert (stand(job), job.result, state()) == (JobState.DONE, {"duplicates": 0}, "ENFORCED")
    assert (claimed(), claimed(GLOBEX)) == (3, 1)
    refuse_unique(ada, other, "A")
    write(ada, one, ticket="D")
    write(ada, other, ticket="A")


@in_transaction
def test_who_writes_is_held_to_it_before_the_job_has_begun(ticket, dee, ada):
    one, other = fill(ticket, ["A", "B"])
    introduce(dee)
    write(ada, one, ticket="C")
    refuse_unique(ada, other, "C")


@in_transaction
def test_what_is_there_twice_is_counted_listed_and_mended(ticket, dee, ada):
    ids = fill(ticket, ["A", "B", "A", "A", "B", "C"])
    job = introduce(dee)
    work()
    assert (stand(job), job.result["duplicates"]) == (JobState.BLOCKED, 3)
    assert job.error.startswith("3 values are another incident's as well.")
    assert (state(), listed(ticket)) == ("VALIDATING", [ids[2], ids[3], ids[4]])
    write(ada, ids[0], ticket="D")  # the first of the three that have it
    write(ada, ids[3], ticket=None)
    write(ada, ids[4], ticket="E")
    assert listed(ticket) == []
    resume(principal=dee, job_id=job.id)
    work()
    assert (stand(job), state(), claimed()) == (JobState.DONE, "ENFORCED", 5)


@in_transaction
def test_what_has_no_other_by_now_is_no_duplicate(ticket, dee, ada):
    ids = fill(ticket, ["A", "A"])
    job = introduce(dee)
    work()
    delete_incident(principal=ada, incident_id=ids[0], expected=ANY)
    assert listed(ticket) == []
    resume(principal=dee, job_id=job.id)
    work()
    assert stand(job) == JobState.DONE
    remove()


@in_transaction
def test_a_duplicate_may_be_edited_in_every_other_way(ticket, dee, ada, make_attribute):
    make_attribute("other")
    ids = fill(ticket, ["A", "A"])
    introduce(dee)
    for id_ in ids:
        write(ada, id_, other=1)
        write(ada, id_, ticket="A")
    work()
    for id_ in ids:
        write(ada, id_, other=2, ticket="A")


@in_transaction
def test_it_is_taken_back_by_cancelling(ticket, dee, ada):
    ids = fill(ticket, ["A", "A"])
    job = introduce(dee)
    work()
    cancel(principal=dee, job_id=job.id)
    assert (state(), listed(ticket)) == ("NONE", [])
    write(ada, ids[0], ticket="B")
    write(ada, ids[1], ticket="B")
    work()
    assert claimed() == 0


@in_transaction
@pytest.mark.parametrize("worked", [False, True], ids=["waiting", "blocked"])
def test_giving_uniqueness_up_ends_the_job(ticket, dee, ada, worked):
    ids = fill(ticket, ["A", "A"])
    job = introduce(dee)
    if worked:
        work()
    patch(dee, unique=False)
    assert (stand(job), state(), listed(ticket)) == (JobState.CANCELLED, "NONE", [])
    told = InstanceEvent.objects.order_by("id").last().changes
    assert [(each["field"], each["old"], each["new"]) for each in told] == [
        ("unique", True, False),
        ("job", str(job.id), None),
    ]
    write(ada, ids[1], ticket="B")
    write(ada, ids[0], ticket="B")
    work()
    assert claimed() == 0


@in_transaction
def test_rules_may_change_while_duplicates_are_mended(ticket, dee, ada):
    ids = fill(ticket, ["A", "A"])
    job = introduce(dee)
    work()
    patch(dee, label="Ticket", rules={"max_length": 9})
    assert (stand(job), listed(ticket)) == (JobState.BLOCKED, ids[1:])
    write(ada, ids[1], ticket="B")
    resume(principal=dee, job_id=job.id)
    work()
    assert (stand(job), state()) == (JobState.DONE, "ENFORCED")


@in_transaction
def test_an_option_may_go_while_duplicates_are_mended(make_attribute, dee):
    options = [{"code": "a"}, {"code": "b", "retired": True}]
    ticket = make_attribute("ticket", "SELECT", rules={"options": options})
    fill(ticket, ["a", "a"])
    job = introduce(dee)
    work()
    patch(dee, rules={"options": options[:1]})
    assert stand(job) == JobState.BLOCKED


@in_transaction
def test_what_gives_uniqueness_up_may_replace_options_at_once(make_attribute, dee):
    ticket = make_attribute("ticket", "SELECT", rules={"options": [{"code": "a"}, {"code": "b"}]})
    fill(ticket, ["a", "a"])
    introduce(dee)
    work()
    replaced = {"code": "a", "retired": True, "replaced_by": "b"}
    patch(dee, unique=False, rules={"options": [replaced, {"code": "b"}]})
    work()
    assert [each[ticket.slot] for each in documents()] == ["b", "b"]


@in_transaction
def test_neither_a_retype_nor_a_backfill_begins_while_duplicates_are_mended(ticket, dee):
    fill(ticket, ["A", "A"])
    job = introduce(dee)
    work()
    for change in (Retype("ticket", {"type": "TEXT"}), Backfill("ticket", {"value": "B"})):
        with pytest.raises(Conflict) as refused:
            carry_out(change, principal=dee)
        assert refused.value.code == "job_open"
    assert stand(job) == JobState.BLOCKED


@in_transaction
def test_the_preview_of_giving_uniqueness_up_names_the_job(ticket, dee):
    fill(ticket, ["A", "A"])
    job = introduce(dee)
    plan = preview(Update("ticket", {"unique": False}), tally)
    assert (plan.risk, [str(each) for each in plan.referrers]) == (
        Risk.SAFE,
        [f"job CLAIM {job.id}"],
    )


@in_transaction
def test_claims_of_an_earlier_time_stand_in_nobodys_way(ticket, dee, ada):
    one, other = fill(ticket, ["A", "B"])
    introduce(dee)
    work()
    patch(dee, unique=False)
    write(ada, one, ticket="C")
    introduce(dee)
    write(ada, other, ticket="A")
    work()
    assert (state(), listed(ticket), claimed()) == ("ENFORCED", [], 2)


@in_transaction
def test_what_was_unique_from_the_first_gives_its_claims_back(make_attribute, make_incident, dee):
    make_attribute("ticket", "STRING", unique=True)
    make_incident(attributes={"ticket": "A"})
    work()
    assert claimed() == 1
    patch(dee, unique=False)
    make_incident(attributes={"ticket": "A"})
    work()
    assert claimed() == 0
    introduce(dee)
    work()
    assert len(listed(AttributeMeta.objects.get())) == 1


@in_transaction
def test_claims_are_cleaned_up_some_at_a_time(ticket, dee, monkeypatch):
    monkeypatch.setattr(claim, "_MANY", 2)
    fill(ticket, ["A", "B", "C", "D", "E"])
    introduce(dee)
    work()
    patch(dee, unique=False)
    claim.clean_up()
    assert claimed() == 0


@in_transaction
def test_archived_while_it_is_found_out_it_is_not_unique(ticket, dee):
    fill(ticket, ["A", "A"])
    job = introduce(dee)
    archive_attribute(principal=dee, name="ticket", detach=True)
    assert stand(job) == JobState.CANCELLED
    assert not AttributeMeta.objects.get().unique


@in_transaction
@pytest.mark.parametrize("count", [tally, estimate])
def test_duplicates_are_counted_before(ticket, dee, count):
    ids = fill(ticket, ["A", "B", "A", "A", "C"])
    fill(ticket, ["A", "A", "B"], GLOBEX)
    plan = preview(Update("ticket", {"unique": True}), partial(count, asking=ACME))
    assert (plan.risk, plan.tally.counts) == (Risk.ONLINE, {"kept": 5, "lossy": 0, "impossible": 3})
    (sample,) = plan.tally.samples["impossible"]
    assert (str(sample.incident_id), sample.value) == (ids[3], "A")
    job = introduce(dee)
    work()
    assert (stand(job), job.result["duplicates"]) == (JobState.BLOCKED, 3)


@in_transaction
def test_a_person_is_one_whatever_the_name(make_attribute, dee):
    lead = make_attribute("ticket", "USER")
    ids = fill(lead, [{"subject": "ann", "name": "Ann"}, {"subject": "ann", "name": ""}])
    plan = preview(Update("ticket", {"unique": True}), partial(tally, asking=ACME))
    assert plan.tally.counts["impossible"] == 1
    (sample,) = plan.tally.samples["impossible"]
    assert sample.value == {"subject": "ann", "name": ""}
    introduce(dee)
    work()
    assert listed(lead) == ids[1:]


@in_transaction
@pytest.mark.parametrize("members", [{"default": "A"}, {"required": True, "missing_value": "A"}])
def test_what_many_have_is_not_unique(ticket, dee, members):
    with pytest.raises(Invalid):
        patch(dee, unique=True, **members)


@pytest.mark.slow
def test_of_many_at_once_one_wins(committed, make_attribute, dee, ada, together):
    """Writers of the same few values, while the attribute becomes unique and the job runs."""
    ticket = make_attribute("ticket", "STRING")
    fill(ticket, [f"old-{number}" for number in range(500)])
    introduce(dee)

    def writer(number):
        won = Counter()
        for value in range(40):
            body = {**DISK_FULL, "attributes": {"ticket": f"old-{value * 20}-{number % 2}"}}
            try:
                create_incident(principal=ada, body=body)
                won[body["attributes"]["ticket"]] += 1
            except Conflict as refused:
                won[refused.code] += 1
        return won

    def worker(_number):
        work()
        return Counter()

    *told, _ = together([*(partial(writer, number) for number in range(8)), partial(worker, 0)])
    work()
    won = sum(told, Counter())
    assert won.pop("not_unique") == 8 * 40 - 80
    assert set(won.values()) == {1}
    assert len(won) == 80
    assert Job.objects.get().state == JobState.DONE
    assert listed(ticket) == []
    assert claimed() == 580


@pytest.mark.slow
def test_a_value_that_is_there_is_taken_once(committed, make_attribute, dee, ada, together):
    """Of those who take a value that the job has not seen yet at most one wins; it is listed."""
    ticket = make_attribute("ticket", "STRING")
    (first,) = fill(ticket, ["A"])
    introduce(dee)
    body = {**DISK_FULL, "attributes": {"ticket": "A"}}

    def writer():
        try:
            return create_incident(principal=ada, body=body)["id"]
        except Conflict:
            return None

    made = together([*(writer for _ in range(6)), work])[:-1]
    work()
    winners = [id_ for id_ in made if id_ is not None]
    assert len(winners) <= 1
    assert len(listed(ticket)) == len(winners)
    assert (state() == "VALIDATING") == bool(winners)
    assert set(listed(ticket)) <= {str(first), *map(str, winners)}
