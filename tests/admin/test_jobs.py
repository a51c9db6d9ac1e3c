"""Background work in the admin."""

import pytest
from django.urls import reverse

from attributes.models import AttributeMeta, Job, JobKind, JobState
from attributes.operations.change import carry_out
from attributes.operations.retype import Retype
from tests.admin.conftest import said
from tests.attributes.jobs import hands
from tests.attributes.jobs.hands import work

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(make_attribute, make_incident, dee):
    """A change of type that would lose a value in each way."""
    make_attribute("count", "STRING")
    for value in ("007", "<b>many</b>"):
        make_incident(attributes={"count": value})
    carry_out(Retype("count", {"type": "INTEGER"}), principal=dee)
    return Job.objects.get()


@pytest.fixture
def blocked(job):
    work()
    job.refresh_from_db()
    assert job.state == JobState.BLOCKED
    return job


@pytest.fixture
def page(admin_client):
    def get(job):
        return admin_client.get(reverse("admin:attributes_job_change", args=[job.pk]))

    return get


@pytest.fixture
def steer(admin_client):
    """Answer the question before an action on some jobs; without an answer it is only asked."""

    def post(verb, *jobs, **answer):
        chosen = {"action": verb, "_selected_action": [str(job.pk) for job in jobs]}
        return admin_client.post(reverse("admin:attributes_job_changelist"), chosen | answer)

    return post


def asked(response):
    return list(response.context["form"].fields)


def test_what_would_be_lost_is_told_and_asked_before_a_conversion_is_resumed(steer, blocked):
    question = steer("resume", blocked)
    assert asked(question) == ["accept"]
    assert "1 values would be changed" in question.content.decode()


def test_the_way_back_from_a_question_is_not_called_as_the_cancelling_of_a_job(steer, blocked):
    assert ">Cancel<" not in steer("resume", blocked).content.decode()


def test_a_conversion_goes_on_with_what_is_accepted(steer, blocked):
    steer("resume", blocked, confirmed="yes", accept='{"lossy": 1, "impossible": 1}')
    work()
    blocked.refresh_from_db()
    assert blocked.state == JobState.DONE
    assert AttributeMeta.objects.get().type == "INTEGER"


def test_a_conversion_resumed_without_a_word_keeps_what_was_accepted(steer, blocked):
    before = blocked.parameters
    assert "Resume" in said(steer("resume", blocked, confirmed="yes", accept=""))
    blocked.refresh_from_db()
    assert (blocked.state, blocked.parameters) == (JobState.WAITING, before)


@pytest.mark.parametrize(
    ("accept", "words"),
    [
        ("{", "not JSON"),
        ("7", "Must be an object with the numbers"),
        ('{"lossy": -1}', "accept.lossy: "),
    ],
)
def test_what_is_wrong_with_it_is_said_and_asked_again(steer, blocked, accept, words):
    again = steer("resume", blocked, confirmed="yes", accept=accept)
    assert words in again.content.decode()
    blocked.refresh_from_db()
    assert blocked.state == JobState.BLOCKED


def test_it_is_not_asked_of_others(steer, job, blocked):
    assert asked(steer("cancel", blocked)) == []
    Job.objects.update(kind=JobKind.BACKFILL)
    assert asked(steer("resume", blocked)) == []
    Job.objects.update(kind=JobKind.RETYPE, state=JobState.PAUSED)
    assert asked(steer("resume", blocked)) == []


def test_it_is_not_asked_of_several_at_once(steer, blocked, make_attribute, dee):
    make_attribute("other", "STRING")
    carry_out(Retype("other", {"type": "INTEGER"}), principal=dee)
    question = steer("resume", *Job.objects.all())
    assert asked(question) == []
    assert "one job at a time" in question.content.decode()


@pytest.mark.parametrize(
    ("state", "verbs"),
    [
        (JobState.WAITING, ["pause", "cancel"]),
        (JobState.RUNNING, ["pause", "cancel"]),
        (JobState.PAUSED, ["resume", "cancel"]),
        (JobState.BLOCKED, ["resume", "cancel"]),
        (JobState.FAILED, ["resume", "cancel"]),
        (JobState.DONE, []),
        (JobState.CANCELLED, []),
    ],
)
def test_the_page_of_a_job_offers_what_its_state_allows(page, job, state, verbs):
    Job.objects.update(state=state)
    assert [verb for verb, _ in page(job).context["object_actions"]] == verbs


def test_a_purge_is_not_offered_to_be_cancelled(page, make_attribute, dee):
    job = hands.purge(dee, make_attribute("count"))
    assert [verb for verb, _ in page(job).context["object_actions"]] == ["pause"]


def test_the_page_of_a_job_links_to_its_attribute(page, job):
    attribute = reverse("admin:attributes_attributemeta_change", args=[job.attribute_id])
    assert f'<a href="{attribute}">count</a>' in page(job).content.decode()


def test_an_attribute_that_was_destroyed_is_only_named(page, make_attribute, dee):
    definition = make_attribute("count")
    attribute = reverse("admin:attributes_attributemeta_change", args=[definition.pk])
    job = hands.purge(dee, definition)
    work()
    shown = page(job).content.decode()
    assert "count" in shown
    assert attribute not in shown
