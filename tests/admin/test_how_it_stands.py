"""What the page of an attribute says beside its settings."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from attributes.jobs.worker import Worker
from attributes.models import Job
from attributes.operations import jobs
from attributes.operations.change import carry_out
from attributes.operations.rename import Rename
from attributes.operations.retype import Retype

pytestmark = pytest.mark.django_db


@pytest.fixture
def count(make_attribute, make_incident):
    definition = make_attribute("count", "STRING")
    make_incident(attributes={"count": "<b>7</b>"})
    return definition


@pytest.fixture
def retype(dee):
    def begin(**accept):
        carry_out(Retype("count", {"type": "INTEGER", "accept": accept}), principal=dee)
        return Job.objects.get()

    return begin


@pytest.fixture
def fact(admin_client):
    """What a page says in one row."""

    def read(definition, field):
        url = reverse("admin:attributes_attributemeta_change", args=[definition.pk])
        shown = admin_client.get(url).content.decode()
        row = shown.partition(f'form-row field-{field}"')[2].partition("form-row")[0]
        return " ".join(row.partition('class="readonly">')[2].partition("</div>")[0].split())

    return read


def work():
    list(Worker(max_writer_delay=0.1).work())


@pytest.mark.parametrize("field", ["former_names", "undo", "missing", "job"])
def test_what_there_is_none_of_is_said_to_be_none(fact, count, field):
    assert fact(count, field) == "none"


def test_a_former_name_is_shown_with_its_end(fact, count, dee):
    carry_out(Rename("count", {"name": "number", "alias_days": 3}), principal=dee)
    end = timezone.now() + timedelta(days=3)
    assert fact(count, "former_names").startswith(f"count until {end:%Y-%m-%d}")


def test_a_former_name_that_has_ended_is_not_shown(fact, count, dee):
    carry_out(Rename("count", {"name": "number"}), principal=dee)
    count.aliases.update(until=timezone.now())
    assert fact(count, "former_names") == "none"


def test_until_when_the_type_can_be_taken_back_is_shown(fact, count, retype, settings):
    settings.ATTRIBUTE_RETENTION_DAYS = 5
    retype(impossible=1)
    work()
    end = timezone.now() + timedelta(days=5)
    assert fact(count, "undo").startswith(f"back to Text until {end:%Y-%m-%d}")


def test_what_is_read_where_there_is_no_value_is_shown_as_json(fact, make_attribute):
    members = {"required": True, "missing_value": "2024-11-11T02:57:27+08:00"}
    assert fact(make_attribute("seen", "DATETIME", **members), "missing") == (
        "&quot;2024-11-10T18:57:27Z&quot;"
    )


def test_a_job_is_linked_and_says_what_it_waits_for(fact, count, retype, dee):
    job = retype()
    page = reverse("admin:attributes_job_change", args=[job.pk])
    assert f'<a href="{page}">Retype: waiting</a>' in fact(count, "job")
    assert "when a worker is free" in fact(count, "job")
    jobs.pause(principal=dee, job_id=job.id)
    assert "when it is resumed" in fact(count, "job")


def test_a_job_that_has_stopped_says_what_to_do(fact, count, retype):
    retype()
    work()
    assert "Retype: blocked" in fact(count, "job")
    assert "Mend them, or resume" in fact(count, "job")


def test_a_job_that_has_ended_is_not_shown(fact, count, retype):
    retype(impossible=1)
    work()
    assert fact(count, "job") == "none"
