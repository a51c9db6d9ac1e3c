"""Changing the schema on pages: say what, see what it would do, carry it out."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from attributes.admin.change_forms import offered_for
from attributes.jobs.worker import Worker
from attributes.models import AttributeMeta, Job, JobState, State
from attributes.operations.archive import archive_attribute
from tests.admin.conftest import said

pytestmark = pytest.mark.django_db


@pytest.fixture
def count(make_attribute, make_incident, dora):
    definition = make_attribute("count", "STRING")
    for value in ("1", "007", "<b>many</b>"):
        make_incident(attributes={"count": value})
    return definition


@pytest.fixture
def page(admin_client):
    def post(definition, change, **said):
        url = reverse("admin:attributes_attribute_change", args=[definition.pk, change])
        return admin_client.post(url, said) if said else admin_client.get(url)

    return post


def carried_out(page, definition, change, **said):
    plan = page(definition, change, preview="Preview", **said).context["plan"]
    return page(definition, change, plan=plan.hash, **said)


def offered(admin_client, definition):
    url = reverse("admin:attributes_attributemeta_change", args=[definition.pk])
    links = admin_client.get(url).context["object_links"]
    return [label for _, label in links]


def test_the_preview_counts_and_shows_what_would_become_of_values(page, count):
    shown = page(count, "retype", preview="Preview", type="INTEGER").content.decode()
    assert "Carry it out" in shown
    for words in ("lossy", "has leading zeros", "Must be a whole number", "&lt;b&gt;many"):
        assert words in shown
    assert "<b>many" not in shown


def test_a_retype_is_begun_with_its_plan_and_done_by_a_job(page, count):
    asked = {"type": "INTEGER", "accept": '{"lossy": 1, "impossible": 1}'}
    response = carried_out(page, count, "retype", **asked)
    assert response.status_code == 302
    assert "RETYPE" in said(response)
    list(Worker(max_writer_delay=0.1).work())
    assert Job.objects.get().state == JobState.DONE
    assert AttributeMeta.objects.get().type == "INTEGER"


def test_a_rename_leaves_an_alias_that_can_be_dropped(admin_client, page, count):
    carried_out(page, count, "rename", name="number")
    assert AttributeMeta.objects.get().name == "number"
    assert "Drop alias" in offered(admin_client, count)
    carried_out(page, count, "drop_alias", alias="count")
    assert not AttributeMeta.objects.get().aliases.exists()


def test_archived_attributes_are_restored_or_purged(admin_client, page, count, dee):
    carried_out(page, count, "archive")
    assert offered(admin_client, count) == ["Restore", "Purge"]
    carried_out(page, count, "restore")
    assert AttributeMeta.objects.get().state == State.ACTIVE
    archive_attribute(principal=dee, name="count")
    carried_out(page, count, "purge")
    list(Worker(max_writer_delay=0.1).work())
    assert not AttributeMeta.objects.exists()


def test_the_preview_says_which_former_name_does_not_come_back(page, count, make_attribute):
    carried_out(page, count, "rename", name="number")
    carried_out(page, count, "archive")
    make_attribute("count")
    shown = page(count, "restore", preview="Preview").content.decode()
    assert "count does not come back as a former name" in shown


@pytest.mark.parametrize(("change", "counted"), [("rename", False), ("archive", True)])
def test_values_are_counted_where_a_change_concerns_them(page, count, change, counted):
    asked = {"name": "number"} if change == "rename" else {}
    shown = page(count, change, preview="Preview", **asked).content.decode()
    assert ("Incidents with a value" in shown) is counted


def test_the_preview_says_until_when_it_can_be_undone(page, count, settings):
    settings.ATTRIBUTE_RETENTION_DAYS = 5
    shown = page(count, "retype", preview="Preview", type="INTEGER").content.decode()
    assert f"until {timezone.now() + timedelta(days=5):%Y-%m-%d}" in shown


def test_the_title_tells_the_change_from_the_name(page, count):
    carried_out(page, count, "rename", name="number")
    assert page(count, "drop_alias").context["title"] == "Drop alias: number"


def test_what_a_change_does_is_said_in_plain_words(page, count):
    assert not [name for name in offered_for(count) if "``" in page(count, name).content.decode()]


@pytest.mark.parametrize(
    ("accept", "stops"),
    [
        ("", True),
        ('{"lossy": 1}', True),
        ('{"lossy": 1, "impossible": 1}', False),
        ('{"lossy": 5, "impossible": 5}', False),
    ],
)
def test_the_preview_warns_of_a_job_that_would_stop(page, count, accept, stops):
    asked = {"type": "INTEGER", "accept": accept}
    shown = page(count, "retype", preview="Preview", **asked).content.decode()
    assert ("The job would stop" in shown) is stops
    carried_out(page, count, "retype", **asked)
    list(Worker(max_writer_delay=0.1).work())
    assert Job.objects.get().state == (JobState.BLOCKED if stops else JobState.DONE)


def test_a_plan_that_is_stale_is_told(page, count, make_attribute):
    plan = page(count, "archive", preview="Preview").context["plan"]
    make_attribute("other")
    shown = page(count, "archive", plan=plan.hash)
    assert "Preview again" in shown.content.decode()
    assert AttributeMeta.objects.get(name="count").state == State.ACTIVE


@pytest.mark.parametrize(
    ("change", "asked", "words"),
    [
        ("rename", {"name": "two words"}, "Must begin with a letter"),
        ("retype", {"type": "GEO_POINT", "rules": "{"}, "not JSON"),
        ("deprecate", {"sunset": "soon"}, "sunset"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(page, count, change, asked, words):
    shown = page(count, change, preview="Preview", **asked)
    assert words.lower() in shown.content.decode().lower()
    assert shown.context["plan"] is None


def test_changes_that_make_no_sense_have_no_page(page, count):
    for change in ("undo", "restore", "drop_alias", "nonsense"):
        assert page(count, change).status_code == 404


def test_jobs_are_paused_resumed_and_cancelled(admin_client, page, act, count):
    carried_out(page, count, "retype", type="INTEGER")
    job = Job.objects.get()
    for action, state in (
        ("pause", JobState.PAUSED),
        ("resume", JobState.WAITING),
        ("cancel", JobState.CANCELLED),
    ):
        act("attributes_job", action, job.id)
        job.refresh_from_db()
        assert job.state == state
