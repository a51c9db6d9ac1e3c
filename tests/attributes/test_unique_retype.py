"""A unique attribute gets another type, and gets it back: its values are unique at every moment."""

from decimal import Decimal
from functools import partial

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import tenancy
from attributes import walk
from attributes.api.presenter import present
from attributes.check import check
from attributes.jobs import retype as retyping
from attributes.models import AttributeMeta, Claim, Job, JobKind, JobState, SpareSlot
from attributes.operations.change import carry_out, preview
from attributes.operations.define import change_attribute
from attributes.operations.jobs import cancel, resume
from attributes.operations.retype import Retype, Undo
from attributes.plans import Risk
from attributes.violations import violations
from attributes.walk import estimate, tally
from incidents.operations.incidents import delete_incident, validate_incident
from incidents_project.refusals import Conflict, Invalid
from incidents_project.versions import ANY
from tests.attributes.jobs.hands import documents, fill, stand, work, write
from tests.conftest import ACME, DISK_FULL, GLOBEX
from tests.incidents.listing import remove

pytestmark = pytest.mark.django_db

NUMBER = {"type": "NUMBER"}


@pytest.fixture
def ticket(make_attribute, dee):
    """Text that was made unique when there were values already."""
    attribute = make_attribute("ticket", "STRING")
    patch(dee, unique=True)
    work()
    return attribute


@pytest.fixture
def filled(ticket, dee):
    """Incidents whose values are claimed; their ids."""

    def fill_in(values, tenant=ACME):
        patch(dee, unique=False)
        ids = fill(ticket, values, tenant)
        patch(dee, unique=True)
        work()
        assert state() == "ENFORCED"
        return ids

    return fill_in


def patch(principal, **members):
    change_attribute(principal=principal, name="ticket", members=members)


def begin(principal, change, **members):
    carry_out(change("ticket", members), principal=principal)
    return Job.objects.open().get()


def change_type(principal, change, **members):
    job = begin(principal, change, **members)
    work()
    assert (stand(job), job.error) == (JobState.DONE, "")
    return job


def state():
    return present(AttributeMeta.objects.get())["unique_state"]


def now(tenant=ACME):
    """What is read of each incident, in the order of their making."""
    slot = AttributeMeta.objects.get().slot
    return [document.get(slot) for document in documents(tenant)]


def claimed(tenant=ACME):
    with tenancy.scope(tenant):
        return Claim.objects.for_tenant(tenant).count()


def refuse(principal, incident_id, value, code="not_unique"):
    with pytest.raises((Conflict, Invalid)) as refused:
        write(principal, incident_id, ticket=value)
    found = refused.value
    assert (found.code if isinstance(found, Conflict) else found.faults[0].code) == code
    assert [fault.field for fault in found.faults] == ["attributes.ticket"]


def require_sound():
    work()  # claims that nobody needs are given back
    assert list(check()) == []


def listed():
    found = violations(ACME, AttributeMeta.objects.get(), None, 100)
    return [(str(one.incident_id), one.code, one.value) for one in found]


# Another type


def test_it_is_unique_in_its_new_type_at_once(filled, dee, ada, make_incident):
    one, other = filled(["1", "2"])
    filled(["1"], GLOBEX)
    change_type(dee, Retype, **NUMBER)
    assert (now(), now(GLOBEX), state()) == ([1, 2], [1], "ENFORCED")
    refuse(ada, other, "1")
    with pytest.raises(Conflict):
        make_incident(attributes={"ticket": 2})
    write(ada, one, ticket=3)
    write(ada, other, ticket=1)
    require_sound()


def test_it_may_have_been_unique_from_the_first(make_attribute, make_incident, dee, ada):
    make_attribute("ticket", "STRING", unique=True)
    one, other = (make_incident(attributes={"ticket": value}) for value in "12")
    change_type(dee, Retype, **NUMBER)
    refuse(ada, other["id"], 1)
    change_type(dee, Undo)
    refuse(ada, one["id"], "2")
    assert now() == ["1", "2"]
    require_sound()


def test_values_are_unique_in_the_old_type_until_then(filled, dee, ada):
    one, other = filled(["1", "2"])
    begin(dee, Retype, **NUMBER)
    refuse(ada, other, "1")
    write(ada, one, ticket="3")
    write(ada, other, ticket="1")
    require_sound()
    assert now() == [3, 1]


def test_who_writes_meanwhile_is_held_to_both_types(filled, dee, ada):
    one, other, _ = filled(["1", "2", "4.0"])
    begin(dee, Retype, **NUMBER, accept={"lossy": 1})
    write(ada, one, ticket="3")
    refuse(ada, other, "3.0")
    with pytest.raises(Conflict):
        validate_incident(principal=ada, body={**DISK_FULL, "attributes": {"ticket": "03"}})
    require_sound()
    assert now() == [3, 2, 4]


# Twins: different values that become the same


def test_of_twins_the_first_is_converted_and_the_others_stay_behind(filled, dee, ada):
    ids = filled(["1.0", "1", "2", "01", "many", "2.0"])
    filled(["1.0"], GLOBEX)
    plan = preview(Retype("ticket", NUMBER), partial(tally, asking=ACME))
    assert plan.risk == Risk.LOSSY
    assert plan.tally.counts == {"kept": 1, "lossy": 2, "impossible": 4}
    assert [str(s.incident_id) for s in plan.tally.samples["lossy"]] == ids[:1]
    assert [s.why for s in plan.tally.samples["impossible"]][1:] == 2 * ["Another incident has it."]
    job = change_type(dee, Retype, **NUMBER, accept={"lossy": 2, "impossible": 4})
    assert job.result == {"holders": 7, "kept": 1, "lossy": 2, "impossible": 4}
    assert (now(), now(GLOBEX)) == ([1, None, 2, None, None, None], [1])
    behind = [(ids[1], "1"), (ids[3], "01"), (ids[4], "many"), (ids[5], "2.0")]
    assert listed() == [(id_, "not_converted", value) for id_, value in behind]
    refuse(ada, ids[1], 1)
    write(ada, ids[1], ticket=5)
    require_sound()


def test_twins_that_nobody_has_named_stop_the_job_before_it_writes(filled, dee):
    filled(["1", "1.0", "2"])
    before = documents()
    job = begin(dee, Retype, **NUMBER, accept={"lossy": 1})
    work()
    assert stand(job) == JobState.BLOCKED
    assert '{"lossy": 0, "impossible": 1}' in job.error
    assert documents() == before
    resume(principal=dee, job_id=job.id, accept={"impossible": 1})
    work()
    assert (stand(job), now()) == (JobState.DONE, [1, None, 2])
    require_sound()


def test_a_value_that_is_written_meanwhile_goes_before_its_twins(filled, dee, ada):
    ids = filled(["1.0", "2", "3"])
    job = begin(dee, Retype, **NUMBER, accept={"lossy": 1})
    write(ada, ids[2], ticket="1")
    work()
    assert stand(job) == JobState.BLOCKED
    resume(principal=dee, job_id=job.id, accept={"impossible": 1})
    work()
    assert (stand(job), now()) == (JobState.DONE, [None, 2, 1])
    require_sound()


def test_what_was_a_twin_when_it_was_its_turn_stays_behind_as_was_named(
    filled, dee, ada, monkeypatch
):
    ids = filled(["1", "1.0", "2"])
    count = retyping._CountAgain.do

    def first_gone(step, job):
        write(ada, ids[0], ticket="7")
        count(step, job)

    monkeypatch.setattr(retyping._CountAgain, "do", first_gone)
    change_type(dee, Retype, **NUMBER, accept={"lossy": 1, "impossible": 1})
    assert now() == [7, None, 2]
    require_sound()


def test_what_nobody_named_is_gone_over_once_more(filled, dee, ada):
    ids = filled(["1.0", "2"])
    job = begin(dee, Retype, **NUMBER, accept={"lossy": 1})
    write(ada, ids[1], ticket="1")
    work()
    assert stand(job) == JobState.BLOCKED
    delete_incident(principal=ada, incident_id=ids[1], expected=ANY)
    resume(principal=dee, job_id=job.id)
    work()
    assert (stand(job), now()) == (JobState.DONE, [1])
    require_sound()
    remove()


def test_a_person_is_one_whatever_the_name(make_attribute, make_incident, dee):
    make_attribute("ticket", "JSON", unique=True)
    for name in ("Ann", "A."):
        make_incident(attributes={"ticket": {"subject": "ann", "name": name}})
    change_type(dee, Retype, type="USER", accept={"impossible": 1})
    assert now() == [{"subject": "ann", "name": "Ann"}, None]
    require_sound()


def test_a_guess_counts_twins_as_well(filled, monkeypatch):
    filled(["1", "1.0", "2", "3"])
    monkeypatch.setattr(walk, "_SMALL", 0)
    monkeypatch.setattr(walk, "_SAMPLED", 4)
    plan = preview(Retype("ticket", NUMBER), partial(estimate, asking=ACME))
    assert plan.tally.counts == {"kept": 3, "lossy": 0, "impossible": 1}


def test_an_option_that_another_replaced_would_make_twins(ticket, dee):
    replaced = [{"code": "A"}, {"code": "B", "retired": True, "replaced_by": "A"}]
    with pytest.raises(Invalid) as refused:
        carry_out(
            Retype("ticket", {"type": "SELECT", "rules": {"options": replaced}}), principal=dee
        )
    assert refused.value.faults[0].code == "contradiction"


# Back again


def test_originals_come_back_as_they_were_and_are_unique(filled, dee, ada):
    originals = ["007", "7.50", " 8", "1", "1.0", "many", "", "9"]
    ids = filled(originals)
    change_type(dee, Retype, **NUMBER, accept={"lossy": 3, "impossible": 3})
    write(ada, ids[7], ticket=10)
    refuse(ada, ids[5], 7)
    job = change_type(dee, Undo)
    assert (now(), job.changed, state()) == ([*originals[:7], "10"], 1, "ENFORCED")
    for value in originals[:7]:
        refuse(ada, ids[7], value)
    write(ada, ids[7], ticket="9")
    require_sound()


def test_while_it_is_undone_nobody_can_take_what_is_kept(filled, dee, ada):
    ids = filled(["1", "1.0", "2"])
    change_type(dee, Retype, **NUMBER, accept={"lossy": 0, "impossible": 1})
    write(ada, ids[0], ticket=5)
    begin(dee, Undo)
    write(ada, ids[2], ticket=1)
    refuse(ada, ids[0], 1)
    work()
    assert now() == ["5", "1.0", "1"]
    require_sound()


def test_what_was_written_since_and_another_kept_stays_behind(filled, dee, ada):
    ids = filled(["1.0", "1", "2"])
    change_type(dee, Retype, **NUMBER, accept={"lossy": 1, "impossible": 1})
    write(ada, ids[0], ticket=5)
    write(ada, ids[2], ticket=1)  # the text of which ids[1] still has
    plan = preview(Undo("ticket", {}), partial(tally, asking=ACME))
    assert plan.tally.counts == {"kept": 1, "lossy": 0, "impossible": 1}
    (sample,) = plan.tally.samples["impossible"]
    assert (str(sample.incident_id), sample.value) == (ids[2], 1)
    change_type(dee, Undo, accept={"impossible": 1})
    assert now() == ["5", "1", None]
    assert listed() == [(ids[2], "not_converted", Decimal(1))]
    require_sound()


def test_what_is_written_since_may_become_twins_on_the_way_back(make_attribute, filled, dee, ada):
    ids = filled(["2024-11-11", "2024-11-12", "2024-11-13"])
    change_type(dee, Retype, type="DATE")
    change_type(dee, Retype, type="DATETIME")
    write(ada, ids[0], ticket="2024-12-24T08:00:00Z")
    write(ada, ids[1], ticket="2024-12-24T09:00:00Z")
    plan = preview(Undo("ticket", {}), tally)
    assert plan.tally.counts == {"kept": 0, "lossy": 1, "impossible": 1}
    change_type(dee, Undo, accept={"lossy": 1, "impossible": 1})
    assert now() == ["2024-12-24", None, "2024-11-13"]
    require_sound()


def test_it_can_be_undone_and_done_again(filled, dee, ada):
    ids = filled(["1", "1.0", "2"])
    change_type(dee, Retype, **NUMBER, accept={"impossible": 1})
    for _ in range(2):
        change_type(dee, Undo)
        assert now() == ["1", "1.0", "2"]
        refuse(ada, ids[0], "1.0")
        change_type(dee, Undo, accept={"impossible": 1})
        assert now() == [1, None, 2]
        refuse(ada, ids[1], 1)
    require_sound()


def test_values_from_before_it_was_unique_are_found_out_when_they_come_back(filled, dee, ada):
    ids = filled(["many", "2", "3"])
    patch(dee, unique=False)
    write(ada, ids[2], ticket="many")
    change_type(dee, Retype, **NUMBER, accept={"impossible": 2})
    patch(dee, unique=True)
    work()
    change_type(dee, Undo)
    assert (now(), state()) == (["many", "2", "many"], "VALIDATING")
    job = Job.objects.open().get()
    work()
    assert (job.kind, stand(job), job.result) == (
        JobKind.CLAIM,
        JobState.BLOCKED,
        {"duplicates": 1},
    )
    assert listed() == [(ids[2], "not_unique", "many")]
    refuse(ada, ids[1], "many")
    write(ada, ids[2], ticket="few")
    resume(principal=dee, job_id=job.id)
    require_sound()
    assert state() == "ENFORCED"


def test_claims_of_an_earlier_time_stand_in_nobodys_way(filled, dee, ada):
    ids = filled(["1", "2"])
    change_type(dee, Retype, **NUMBER)
    patch(dee, unique=False)
    write(ada, ids[0], ticket=2)
    write(ada, ids[1], ticket=1)
    patch(dee, unique=True)
    work()
    change_type(dee, Undo)
    require_sound()
    assert (now(), state(), claimed()) == (["2", "1"], "ENFORCED", 4)


def test_what_is_not_unique_any_more_goes_back_without_claims(filled, dee, ada):
    ids = filled(["1", "2"])
    change_type(dee, Retype, **NUMBER)
    patch(dee, unique=False)
    write(ada, ids[0], ticket=2)
    change_type(dee, Undo)
    require_sound()
    assert (now(), state(), claimed()) == (["2", "2"], "NONE", 0)


def test_claims_go_with_the_originals_when_those_are_destroyed(filled, dee, ada):
    ids = filled(["1", "2"])
    change_type(dee, Retype, **NUMBER)
    SpareSlot.objects.update(kept_until=timezone.now())
    work()
    require_sound()
    assert (now(), claimed()) == ([1, 2], 2)
    refuse(ada, ids[0], 2)


# Taken back half way


def test_a_cancelled_retype_leaves_everything_as_it_was(filled, dee, ada):
    ids = filled(["1", "1.0", "2"])
    before = documents(), claimed()
    job = begin(dee, Retype, **NUMBER)
    write(ada, ids[0], ticket="7")
    write(ada, ids[0], ticket="1")
    work()
    assert stand(job) == JobState.BLOCKED
    cancel(principal=dee, job_id=job.id)
    require_sound()
    assert ((documents(), claimed()), state()) == (before, "ENFORCED")
    refuse(ada, ids[2], "1.0")
    write(ada, ids[2], ticket="1.00")


def test_a_cancelled_undo_leaves_it_unique_and_can_be_begun_anew(filled, dee, ada):
    ids = filled(["01", "2", "3"])
    change_type(dee, Retype, **NUMBER, accept={"lossy": 1})
    job = begin(dee, Undo)
    write(ada, ids[1], ticket=4)
    cancel(principal=dee, job_id=job.id)
    require_sound()
    write(ada, ids[2], ticket=2)
    refuse(ada, ids[2], 4)
    change_type(dee, Undo)
    assert now() == ["01", "4", "2"]
    require_sound()


def test_who_goes_gives_back_what_was_kept(filled, dee, ada, make_incident):
    ids = filled(["1", "2"])
    change_type(dee, Retype, **NUMBER)
    delete_incident(principal=ada, incident_id=ids[0], expected=ANY)
    make_incident(attributes={"ticket": 1})
    assert claimed() == 3
    change_type(dee, Undo)
    assert now() == ["2", "1"]
    require_sound()
    remove()


# What the preview says is what happens

texts = st.lists(
    st.builds(
        "".join,
        st.tuples(
            st.sampled_from(["", "0", "00", " "]),
            st.sampled_from(["1", "2", "3", "x"]),
            st.sampled_from(["", ".0", ".5", ".50"]),
        ),
    ),
    unique=True,
    max_size=14,
)
written = st.lists(
    st.tuples(st.integers(0, 13), st.sampled_from(["1", "1.5", "2", "3", "3.5", "4"])), max_size=8
)


@pytest.mark.slow
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(values=texts, type_=st.sampled_from(["NUMBER", "INTEGER"]), since=written)
def test_twins_are_counted_as_they_are_found(values, type_, since, dee, ada, make_attribute):
    AttributeMeta.objects.all().delete()
    Job.objects.all().delete()
    remove()
    ticket = make_attribute("ticket", "STRING")
    ids = fill(ticket, values) if values else []
    patch(dee, unique=True)
    work()
    for change, members in ((Retype, {"type": type_}), (Undo, {}), (Undo, {})):
        told = preview(change("ticket", members), tally).tally
        accept = {name: told.counts[name] for name in ("lossy", "impossible")}
        before = [found for found in now() if found is not None]
        job = change_type(dee, change, **members, accept=accept)
        assert job.result == {"holders": told.holders, **told.counts}
        assert job.changed == told.counts["kept"] + told.counts["lossy"]
        after = [found for found in now() if found is not None]
        assert len(set(after)) == len(after)
        if change is Retype:
            became = zip(values, now(), strict=True)
            assert sum(str(found) == value for value, found in became) == told.counts["kept"]
        assert len(before) - told.counts["impossible"] <= len(after)
        require_sound()
        for place, value in since:
            if place < len(ids):
                try:
                    write(ada, ids[place], ticket=value)
                except (Conflict, Invalid):  # another has it, or it is no INTEGER
                    continue
