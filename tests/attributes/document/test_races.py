"""Two at once, and one who is killed in the middle: there is never half of a document."""

import os
import signal
import subprocess
import sys

import pytest
from django.db import connection

from attributes.document.apply import export
from attributes.models import AttributeMeta
from incidents_project.refusals import Conflict
from tests.attributes.document.hands import apply, exported, plan, version

pytestmark = pytest.mark.usefixtures("committed")

# The command, which stops when all is done and nothing is committed yet.
COMMAND = """
import sys, time
import django
django.setup()
from django.db import connections
connections["default"].settings_dict["NAME"] = sys.argv[1]
from attributes.document import apply
def begun(done):
    print("in the middle", flush=True)
    time.sleep(60)
apply._begun = begun
from django.core.management import call_command
call_command("attributes", "apply", sys.argv[2])
"""


def document(label):
    return {
        "version": 1,
        "attributes": [
            {"name": "count", "type": "INTEGER", "label": label},
            {"name": label, "type": "STRING"},
        ],
    }


def test_of_two_at_once_one_wins_and_the_other_is_told_so(dee, make_attribute, together):
    make_attribute("count")
    labels = ("one", "two", "three")
    hashes = {label: plan(dee, document(label)).hash for label in labels}

    def attempt(label):
        try:
            apply(dee, document(label), plan=hashes[label])
        except Conflict as refusal:
            return refusal.code
        return label

    answers = together([lambda label=label: attempt(label) for label in labels])
    (winner,) = set(answers) & set(labels)
    assert sorted(answers) == sorted([winner, "stale_plan", "stale_plan"])
    names = {each["name"]: each.get("label") for each in export()["attributes"]}
    assert names == {"count": winner, winner: None}


def test_who_planned_nothing_is_told_too_that_another_was_faster(dee, together):
    def attempt(label):
        try:
            apply(dee, document(label), prune=True)
        except Conflict as refusal:
            return refusal.code
        return "done"

    answers = set(together([lambda n=n: attempt(f"label{n}") for n in range(4)]))
    assert answers <= {"done", "stale_plan"}
    assert "done" in answers
    in_force = list(AttributeMeta.objects.in_force().values_list("name", "label"))
    (other,) = [name for name, _ in in_force if name != "count"]
    assert dict(in_force)["count"] == other


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "ctrl-C"])
def test_who_is_killed_in_the_middle_leaves_nothing(dee, make_attribute, tmp_path, number):
    make_attribute("count")
    before, epoch = exported(), version()
    path = tmp_path / "attributes.yaml"
    path.write_text(
        "version: 1\nattributes:\n"
        "  - {name: total, type: INTEGER, rename_from: count}\n  - {name: more, type: STRING}\n"
    )
    arguments = [sys.executable, "-c", COMMAND, connection.settings_dict["NAME"], str(path)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(arguments, **pipes) as process:
        assert process.stdout.readline() == "in the middle\n"
        os.kill(process.pid, number)
        assert process.wait(30) != 0
    assert (exported(), version()) == (before, epoch)
    apply(dee, path.read_text())
    assert sorted(each["name"] for each in export()["attributes"]) == ["more", "total"]
