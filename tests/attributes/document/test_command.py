"""``manage.py attributes export | plan | apply``: what they print, and what they exit with."""

import io
import json
import sys

import pytest
from django.core.management import CommandError, call_command

from attributes.models import AttributeMeta
from history.models import InstanceEvent
from tests.attributes.document.hands import exported

DOCUMENT = "version: 1\nattributes:\n  - name: count\n    type: INTEGER\n"

pytestmark = pytest.mark.django_db


def run(*arguments):
    """What is printed, and the exit status."""
    out, status = io.StringIO(), 0
    try:
        call_command("attributes", *arguments, stdout=out)
    except SystemExit as end:
        status = end.code
    except CommandError as error:
        return str(error), error.returncode
    return out.getvalue(), status


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "attributes.yaml"
        path.write_text(text)
        return str(path)

    return write


def test_a_plan_of_something_exits_with_2_and_names_itself(file):
    printed, status = run("plan", file(DOCUMENT))
    assert status == 2
    lines = printed.splitlines()
    assert lines[0].split() == ["class", "step", "values", "undo"]
    assert lines[1].split() == [*["safe", "define", "count", "(INTEGER)", "at", "any", "time"]]
    assert lines[-1].startswith("plan ")
    assert not AttributeMeta.objects.exists()


def test_it_is_applied_by_its_name(file):
    path = file(DOCUMENT)
    planned = json.loads(run("plan", path, "--json")[0])
    printed, status = run("apply", path, "--plan", planned["plan"], "--by", "Dee")
    assert (printed, status) == ("Done: define count (INTEGER).\n", 0)
    assert InstanceEvent.objects.get().name == "Dee"


def test_a_plan_of_nothing_exits_with_0(file):
    path = file(DOCUMENT)
    run("apply", path)
    assert run("plan", path) == ("Nothing to do.\n", 0)
    assert run("apply", path) == ("Nothing to do.\n", 0)


def test_what_is_exported_is_true(file):
    run("apply", file(DOCUMENT))
    for form in ([], ["--json"]):
        printed, status = run("export", *form)
        assert status == 0
        assert run("plan", file(printed)) == ("Nothing to do.\n", 0)
    assert run("export")[0] == exported()


def test_a_document_may_come_from_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(DOCUMENT.encode())))
    assert run("apply", "-")[1] == 0
    assert AttributeMeta.objects.get().name == "count"


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_wrong_document_exits_with_1_and_tells_each_fault_on_its_line(file, command):
    printed, status = run(command, file(DOCUMENT + "    label: NO\n    order: 1_0\n"))
    assert status == 1
    assert [line.partition(": attributes")[0] for line in printed.splitlines()] == [
        "line 5, column 12",
        "line 6, column 12",
    ]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (None, "cannot be read: No such file or directory."),
        (b"\xff", "line 1, column 1: "),
        ("version: 1\n# Gr\u00f6\u00dfe ".encode() + b"\xfc", "line 2, column 9: "),
    ],
)
def test_a_file_that_cannot_be_read_exits_with_1(tmp_path, raw, said):
    path = tmp_path / "attributes.yaml"
    if raw is not None:
        path.write_bytes(raw)
    printed, status = run("plan", str(path))
    assert status == 1
    assert said in printed


def test_a_stale_plan_exits_with_1(file, make_attribute):
    path = file(DOCUMENT)
    planned = json.loads(run("plan", path, "--json", "--prune")[0])
    make_attribute("other")
    printed, status = run("apply", path, "--plan", planned["plan"], "--prune")
    assert status == 1
    assert "changed since" in printed


def test_what_is_missing_is_archived_with_prune_only(file, make_attribute):
    make_attribute("other")
    path = file(DOCUMENT)
    printed, status = run("apply", path)
    assert status == 1
    assert "The attribute other" in printed
    assert run("apply", path, "--prune")[1] == 0
    assert AttributeMeta.objects.in_force().get().name == "count"


def test_losses_are_counted_in_the_plan_and_must_be_allowed(file, make_attribute, make_incident):
    make_attribute("count", "STRING")
    for text in ("7", "007", "many"):
        make_incident(attributes={"count": text})
    path = file(DOCUMENT)
    printed, _ = run("plan", path)
    assert "1 kept, 1 lossy, 1 impossible" in printed
    printed, status = run("apply", path)
    assert status == 1
    assert "must be allowed" in printed
    printed, status = run("apply", path, "--allow", "lossy,destructive")
    assert status == 0
    assert "goes on in the background" in printed


def test_a_class_that_need_not_be_allowed_is_refused(file):
    printed, status = run("apply", file(DOCUMENT), "--allow", "safe")
    assert status == 1
    assert "lossy" in printed
