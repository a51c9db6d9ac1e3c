"""``manage.py attribute_jobs``: what it shows, steers and refuses."""

import io
import os
import signal

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connections

from attributes.jobs import batch
from attributes.management import crew
from attributes.models import Job, JobState
from history.models import InstanceEvent
from tests.attributes.jobs import hands
from tests.attributes.jobs.hands import fill, stand


def attribute_jobs(*arguments):
    """What the command prints: to standard output, and beside it."""
    out, err = io.StringIO(), io.StringIO()
    call_command("attribute_jobs", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def job(committed, dee, make_attribute):
    """A retype that cannot go on: one of its values is no number."""
    attribute = make_attribute("size", "STRING")
    fill(attribute, ["7", "many", "12"])
    return hands.retype(dee, attribute, "INTEGER")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "COMMAND"),
        (("improve",), "improve"),
        (("run", "--every", "0"), "--every: '0' is not from 1 to 86400 seconds"),
        (("run", "--every", "soon"), "'soon' is not from 1 to 86400 seconds"),
        (("run", "--max-writer-delay", "9"), "not from 10 to 10000 milliseconds"),
        (("run", "--max-writer-delay", "0.1"), "not from 10 to 10000 milliseconds"),
        (("pause",), "job"),
        (("pause", "size"), "'attribute_jobs list' shows them"),
        (("cancel", "01a2095f-e894-76cd-b129-a7a655f4425f"), "There is no such job."),
        (("resume", "size", "--accept", "12"), "must look like lossy=12,impossible=3"),
        (("resume", "size", "--accept", "lossy=-1"), "must look like lossy=12,impossible=3"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(arguments, words):
    with pytest.raises(CommandError) as refused:
        attribute_jobs(*arguments)
    assert words in str(refused.value)


@pytest.mark.django_db
def test_where_there_is_no_job_it_says_so():
    assert attribute_jobs("list") == ("There is no open job.\n", "")
    assert attribute_jobs("list", "--all") == ("There is no job.\n", "")


def test_a_blocked_job_is_shown_with_what_to_do_and_resumed(job):
    told, _ = attribute_jobs("run", "--once")
    assert "Retype of size: BLOCKED." in told
    listed, _ = attribute_jobs("list")
    assert str(job.id) in listed
    assert '"impossible": 1' in listed
    told, _ = attribute_jobs("resume", "size", "--accept", "lossy=0,impossible=1", "--by", "dee")
    assert told == "Retype of size: WAITING\n"
    assert attribute_jobs("run", "--once")[0].endswith("done, 2 incidents changed.\n")
    assert attribute_jobs("list")[0] == "There is no open job.\n"
    assert "DONE" in attribute_jobs("list", "--all")[0]
    assert InstanceEvent.objects.get(action="job.resume").name == "dee"


def test_a_job_is_paused_resumed_and_cancelled_by_its_id(job):
    assert attribute_jobs("pause", str(job.id))[0] == "Retype of size: PAUSED\n"
    assert attribute_jobs("run", "--once")[0] == ""
    with pytest.raises(CommandError, match="PAUSED cannot pause"):
        attribute_jobs("pause", "size")
    attribute_jobs("resume", str(job.id))
    assert attribute_jobs("cancel", "size")[0] == "Retype of size: CANCELLED\n"
    with pytest.raises(CommandError, match="CANCELLED cannot resume"):
        attribute_jobs("resume", str(job.id))


@pytest.fixture
def ctrl_c(monkeypatch):
    """Ctrl-C in the middle of the first batch that has work to do."""
    look = batch._look

    def press(*arguments):
        os.kill(os.getpid(), signal.SIGINT)
        return look(*arguments)

    monkeypatch.setattr(batch, "_look", press)


def test_ctrl_c_lets_a_batch_end_and_gives_the_job_back(job, ctrl_c):
    attribute_jobs("run", "--once")
    attribute_jobs("resume", "size", "--accept", "impossible=1")
    attribute_jobs("run", "--every", "1")
    assert stand(job) == JobState.RUNNING
    assert (job.changed, job.leased_until) == (2, None)


def test_ctrl_c_twice_takes_the_batch_back(job, monkeypatch):
    def press(*_):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError

    monkeypatch.setattr(batch, "_look", press)
    attribute_jobs("run", "--once")
    attribute_jobs("resume", "size", "--accept", "impossible=1")
    attribute_jobs("run", "--every", "1")
    assert stand(job) == JobState.RUNNING
    assert (job.changed, job.leased_until) == (0, None)


def test_a_database_that_is_away_is_waited_for_and_told_of_once(job, monkeypatch):
    work, tries = crew.Crew.work, []

    def away(self, only=None):
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("connection refused")
        os.kill(os.getpid(), signal.SIGTERM)
        return work(self, only)

    monkeypatch.setattr(crew.Crew, "work", away)
    _, err = attribute_jobs("run", "--every", "1")
    assert err == "Waiting, for the database refused: connection refused\n"
    assert len(tries) == 3


@pytest.mark.django_db
def test_once_says_that_the_database_refused(monkeypatch):
    def away(*_):
        raise OperationalError("connection refused")

    monkeypatch.setattr(crew.Crew, "work", away)
    with pytest.raises(CommandError, match="connection refused"):
        attribute_jobs("run", "--once")


def test_without_an_owner_jobs_are_done_and_indexes_are_not(job, monkeypatch):
    databases = {name: each for name, each in connections.settings.items() if name != "owner"}
    monkeypatch.setattr(connections, "settings", databases)
    out, err = attribute_jobs("run", "--once")
    assert "DATABASE_OWNER_URL" in err
    assert "BLOCKED" in out
    monkeypatch.undo()
    assert Job.objects.get().state == JobState.BLOCKED
