"""``manage.py attributes``: changes from a shell, previewed and carried out."""

import io
import json
import os
import shlex
import signal

import pytest
from django.core.management import CommandError, call_command

from attributes.jobs import batch
from attributes.management.commands import attributes as command
from attributes.models import Alias, AttributeMeta, Job, JobState, State
from attributes.operations.changes import ALL
from history.models import InstanceEvent
from tests.attributes.jobs.hands import documents, fill, work
from tests.conftest import ACME, GLOBEX


def attributes(*arguments):
    """What the command prints: to standard output, and beside it."""
    out, err = io.StringIO(), io.StringIO()
    call_command("attributes", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def asked_first(*arguments):
    """The preview, and the command that goes on, of a change that wants to be previewed."""
    out = io.StringIO()
    with pytest.raises(CommandError) as refused:
        call_command("attributes", *arguments, stdout=out)
    assert refused.value.returncode == 2
    first, line = str(refused.value).split("\n")
    assert first == "Nothing was changed. To do this:"
    words = shlex.split(line)
    assert words[:2] == ["manage.py", "attributes"]
    return out.getvalue(), words[2:]


def facts(text):
    """A preview's lines as a dictionary."""
    lines = text.split("\n\n")[0].splitlines()
    return dict(line.split("  ", 1) for line in map(str.strip, lines) if "  " in line)


def fact(text, name):
    return facts(text)[name].strip()


@pytest.fixture
def attribute(committed, make_attribute):
    made = make_attribute("size", "STRING")
    fill(made, ["7", "007", "many", "12"])
    fill(made, ["8"], GLOBEX)
    return made


# Wrong arguments


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "COMMAND"),
        (("improve", "count"), "improve"),
        (("preview",), "CHANGE"),
        (("preview", "improve", "count"), "improve"),
        (("rename", "count"), "NEW_NAME"),
        (("rename", "cuont", "total"), "no such attribute. Did you mean count?"),
        (("rename", "count", "total", "--alias-days", "soon"), "--alias-days"),
        (("rename", "count", "2 words"), "name: "),
        (("retype", "count", "STRONG"), "type: "),
        (("retype", "cuont", "STRING"), "Did you mean count?"),
        (("retype", "count", "STRING", "--rules", "{"), "is not JSON"),
        (("retype", "count", "STRING", "--rules", '{"max_length": 0}'), "max_length"),
        (("retype", "count", "STRING", "--accept", "all"), "lossy=12,impossible=3"),
        (("retype", "count", "STRING", "--accept", "some=1"), "accept: "),
        (("retype", "count", "INTEGER"), "It is of this type."),
        (("preview", "retype", "cuont", "STRING"), "Did you mean count?"),
        (("undo", "count"), "no type to go back to"),
        (("deprecate", "count", "--sunset", "soon"), "sunset: "),
        (("deprecate", "count", "--sunset", "2020-01-01"), "sunset: 2020-01-01 is over"),
        (("reactivate", "count"), "not deprecated"),
        (("restore", "count"), "no archived attribute"),
        (("purge", "count"), "no archived attribute"),
        (("purge", "count", "--id", "7"), "id: "),
        (("drop-alias", "count", "total"), "no former name total"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(make_attribute, arguments, words):
    make_attribute()
    with pytest.raises(CommandError) as refused:
        attributes(*arguments)
    assert words in str(refused.value)
    assert InstanceEvent.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("member", "was", "said", "now"),
    [
        ("required", True, "false", False),
        ("default", 5, "null", None),
        ("order", 5, "0", 0),
        ("rules", {"min": 1}, "null", {}),
    ],
)
def test_what_is_said_to_be_nothing_is_taken_away(make_attribute, member, was, said, now):
    make_attribute("count", **{member: was})
    attributes("update", "count", f"--{member}", said)
    assert getattr(AttributeMeta.objects.get(), member) == now


@pytest.mark.django_db
def test_a_name_can_be_given_up_at_once(make_attribute):
    make_attribute("count")
    attributes("rename", "count", "total", "--alias-days", "0")
    assert not Alias.objects.exists()


@pytest.mark.parametrize(
    ("change", "member", "said"),
    [
        ("update", "rules", "those that change; null takes one, or all, away"),
        ("retype", "rules", "the rules of the new type"),
        ("update", "default", "what new incidents have; null for nothing"),
        ("retype", "default", "what new incidents have, in the new type; converted unless said"),
        ("undo", "default", "what new incidents have, in the type before; converted unless said"),
        ("update", "missing-value", "what incidents without a value are read as; null for nothing"),
        ("restore", "name", "the new name, if another attribute has the old one"),
    ],
)
@pytest.mark.parametrize("preview", [(), ("preview",)], ids=["change", "preview"])
def test_a_member_is_explained_as_its_change_takes_it(capsys, preview, change, member, said):
    parser = command.Command().create_parser("manage.py", "attributes")
    with pytest.raises(SystemExit):
        parser.parse_args([*preview, change, "--help"])
    options = " ".join(capsys.readouterr().out.partition("options:")[2].split())
    assert f"--{member}" in options
    assert said in options


def test_every_change_is_a_subcommand_and_can_be_previewed():
    parser = command.Command().create_parser("manage.py", "attributes")
    text = parser.format_help()
    for change in ALL:
        assert change.change.replace("_", "-") in text


# Previews


@pytest.mark.django_db
def test_a_preview_says_class_counts_time_undo_and_plan(make_attribute, make_incident):
    make_attribute("size", "STRING")
    for value in ("7", "007", "many"):
        make_incident(attributes={"size": value})
    told, _ = attributes("preview", "retype", "size", "INTEGER")
    assert told.startswith("retype")
    found = {name: fact(told, name) for name in ("class", "incidents", "have a value")}
    assert found == {"class": "lossy", "incidents": "3", "have a value": "3"}
    assert [fact(told, name) for name in ("kept", "lossy", "impossible")] == ["1"] * 3
    assert fact(told, "undo").startswith("until ")
    assert len(fact(told, "plan")) == 32
    assert "many" not in told


@pytest.mark.django_db
def test_samples_are_shown_of_the_tenant_that_is_named(make_attribute, make_incident, cleo):
    make_attribute("size", "STRING")
    mine = make_incident(attributes={"size": "007"})
    make_incident(cleo, attributes={"size": "secret"})
    told, _ = attributes("preview", "retype", "size", "INTEGER", "--tenant", ACME)
    assert str(mine["id"]) in told
    assert '"007"' in told
    assert "secret" not in told
    assert fact(told, "impossible") == "1"


@pytest.mark.django_db
def test_a_preview_in_json_is_for_programs(make_attribute, make_incident):
    make_attribute("size", "STRING")
    make_incident(attributes={"size": "007"})
    arguments = ("preview", "retype", "size", "INTEGER", "--estimate", "--tenant", ACME, "--json")
    plan = json.loads(attributes(*arguments)[0])
    assert (plan["class"], plan["holders"]) == ("lossy", 1)
    (sample,) = plan["outcomes"]["lossy"]["samples"]
    assert (sample["value"], sample["becomes"]) == ("007", 7)


@pytest.mark.django_db
def test_a_preview_changes_nothing(make_attribute, stored):
    make_attribute()
    before = stored()
    attributes("preview", "rename", "count", "total")
    attributes("preview", "archive", "count")
    assert stored() == before


# Changes that are done at once


@pytest.mark.django_db
def test_a_rename_keeps_the_old_name_until_it_is_dropped(make_attribute):
    make_attribute()
    assert attributes("rename", "count", "total", "--by", "dee")[0] == "total: rename done.\n"
    assert Alias.objects.get().name == "count"
    assert InstanceEvent.objects.latest("id").name == "dee"
    attributes("rename", "total", "total")
    assert InstanceEvent.objects.count() == 2
    attributes("drop-alias", "total", "count")
    assert not Alias.objects.exists()
    with pytest.raises(CommandError, match="no former name"):
        attributes("drop-alias", "total", "count")


@pytest.mark.django_db
def test_an_attribute_is_deprecated_reactivated_archived_and_restored(make_attribute):
    made = make_attribute()
    states = []
    for arguments in (
        ("deprecate", "count", "--sunset", "2999-01-31"),
        ("reactivate", "count"),
        ("archive", "count"),
        ("restore", "count", "--name", "total"),
    ):
        attributes(*arguments)
        made.refresh_from_db()
        states.append(made.state)
    assert states == [State.DEPRECATED, State.ACTIVE, State.ARCHIVED, State.ACTIVE]
    assert made.name == "total"


@pytest.mark.django_db
def test_a_preview_says_which_former_name_does_not_come_back(make_attribute):
    make_attribute()
    attributes("rename", "count", "total")
    attributes("archive", "total")
    make_attribute("count")
    told, _ = attributes("preview", "restore", "total")
    assert fact(told, "note") == ("count does not come back as a former name: count has it now.")


@pytest.mark.django_db
def test_a_plan_of_another_epoch_is_stale(make_attribute):
    make_attribute()
    plan = json.loads(attributes("preview", "archive", "count", "--json")[0])["plan"]
    make_attribute("another")
    with pytest.raises(CommandError, match="Preview again"):
        attributes("archive", "count", "--plan", plan)
    assert AttributeMeta.objects.in_force().count() == 2


@pytest.mark.django_db
def test_what_was_done_is_told_in_json(make_attribute):
    made = make_attribute()
    told = json.loads(attributes("archive", "count", "--json")[0])
    assert told == {
        "id": str(made.id),
        "name": "count",
        "type": "INTEGER",
        "state": "ARCHIVED",
        "occ_lock": 1,
        "job": None,
    }


# Changes that are previewed first


def test_a_retype_is_previewed_and_goes_on_as_it_says(attribute):
    told, line = asked_first("retype", "size", "INTEGER", "--rules", '{"min": -5}')
    assert fact(told, "have a value") == "5"
    assert line[-2:][0] == "--plan"
    assert line[line.index("--accept") + 1] == "lossy=1,impossible=1"
    assert not Job.objects.exists()
    told, err = attributes(*line, "--wait")
    assert "Retype of size has begun: job" in told
    assert "Retype of size: done, 4 incidents changed." in err
    attribute.refresh_from_db()
    assert (attribute.type, attribute.rules) == ("INTEGER", {"min": -5})
    assert [document.get(attribute.slot) for document in documents()] == [7, 7, None, 12]
    with pytest.raises(CommandError, match="Preview again"):
        attributes(*line)


def test_a_change_of_type_is_undone(attribute):
    before = documents()
    _, line = asked_first("retype", "size", "INTEGER")
    attributes(*line, "--wait")
    attributes("undo", "size", "--wait")
    work()
    attribute.refresh_from_db()
    assert attribute.type == "STRING"
    assert [document[attribute.slot] for document in documents()] == [
        document[attribute.slot] for document in before
    ]


def test_waiting_for_what_is_blocked_ends_with_what_to_do(attribute):
    plan = json.loads(attributes("preview", "retype", "size", "INTEGER", "--json")[0])["plan"]
    with pytest.raises(CommandError) as refused:
        attributes("retype", "size", "INTEGER", "--plan", plan, "--wait")
    job = Job.objects.get()
    assert '"lossy": 1, "impossible": 1' in str(refused.value)
    assert f"attribute_jobs resume {job.id}" in str(refused.value)
    with pytest.raises(CommandError, match="A job works on"):
        attributes("retype", "size", "TEXT")


def test_ctrl_c_while_waiting_leaves_the_job_to_a_worker(attribute, monkeypatch):
    look = batch._look

    def press(*arguments):
        os.kill(os.getpid(), signal.SIGINT)
        return look(*arguments)

    _, line = asked_first("retype", "size", "INTEGER")
    with monkeypatch.context() as patched:
        patched.setattr(batch, "_look", press)
        with pytest.raises(KeyboardInterrupt):
            attributes(*line, "--wait")
    job = Job.objects.get()
    assert (job.state, job.leased_until) == (JobState.RUNNING, None)
    work()
    job.refresh_from_db()
    assert job.state == JobState.DONE


def test_a_purge_is_previewed_and_goes_on_as_it_says(attribute):
    attributes("archive", "size")
    told, line = asked_first("purge", "size", "--export")
    assert (fact(told, "class"), fact(told, "undo")) == ("destructive", "never")
    assert "--export" in line
    attributes(*line, "--wait")
    assert not AttributeMeta.objects.exists()
    assert documents() == [{}] * 4
    with pytest.raises(CommandError, match="no archived attribute"):
        attributes(*line)


# What a user would be misled by


def test_a_purge_is_previewed_as_the_loss_of_all(attribute):
    attributes("archive", "size")
    text, _ = attributes("preview", "purge", "size", "--tenant", ACME)
    assert (fact(text, "kept"), fact(text, "lossy")) == ("0", "5")
    assert text.count("It is destroyed.") == 4


def test_a_job_that_has_little_to_do_is_not_told_as_none(attribute):
    text, _ = attributes("preview", "retype", "size", "INTEGER")
    assert fact(text, "takes") == "about 0.1 s, in the background"


def test_a_stopped_job_is_told_how_to_go_on(attribute):
    _, line = asked_first("retype", "size", "INTEGER")
    bare = line[: line.index("--accept")] + line[line.index("--plan") :]
    with pytest.raises(CommandError, match=r"--accept lossy=NUMBER,impossible=NUMBER' lets"):
        attributes(*bare, "--wait")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("preview", "deprecate", "count", "--tenant", "acne"), "no such tenant"),
        (("deprecate", "count", "--by", " "), "--by"),
    ],
)
def test_who_is_nobody_is_refused(make_attribute, arguments, words):
    make_attribute()
    with pytest.raises(CommandError, match=words):
        attributes(*arguments)


def test_a_document_whose_job_has_stopped_has_not_come_true(attribute, tmp_path):
    file = tmp_path / "attributes.yaml"
    text, _ = attributes("export")
    file.write_text(text.replace("type: STRING", "type: INTEGER"))
    assert "The retype of size stops before values are lost" in planned(file)
    attributes("apply", str(file), "--allow", "lossy")
    work()
    first, second = planned(file).splitlines()
    assert first == "Nothing to do but for what has stopped:"
    assert second.startswith("Retype of size: BLOCKED.")


def planned(file):
    """What ``plan`` prints where something is left to do."""
    out = io.StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("attributes", "plan", str(file), stdout=out)
    assert end.value.code == 2
    return out.getvalue()
