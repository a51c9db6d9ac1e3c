"""What runs without an index is counted, without a tenant, and never at a request's cost."""

import io
import math

import pytest
from django.core.management import call_command
from django.db import DatabaseError

from attributes import usage
from attributes.models import UnindexedUse

pytestmark = pytest.mark.django_db


@pytest.fixture
def counters(monkeypatch):
    monkeypatch.setattr(usage, "counters", usage.Counters())
    return usage.counters


def counted(slot):
    return UnindexedUse.objects.values_list("uses", "slow_uses", "timeouts", "total_ms").get(
        slot=slot
    )


def test_uses_are_added_up(counters):
    usage.note(["a1", "a2"], 40.0)  # the first is written at once
    assert counted("a1") == (1, 0, 0, 40.0)
    usage.note(["a1"], 250.0)
    usage.note(["a1"], 15_000.0, timed_out=True)
    assert counted("a1") == (1, 0, 0, 40.0)
    counters.flush()
    assert counted("a1") == (3, 2, 1, 15_290.0)
    assert UnindexedUse.objects.get(slot="a1").greatest_ms == 15_000.0
    assert counted("a2") == (1, 0, 0, 40.0)


def test_many_notes_are_one_statement(counters, django_assert_num_queries):
    counters.due = math.inf
    for number in range(1, 50):
        usage.note([f"a{number}"], 1.0)
    with django_assert_num_queries(3):  # in a savepoint
        counters.flush()
    with django_assert_num_queries(0):
        counters.flush()
        usage.note([], 1.0)


def test_a_write_that_fails_is_nobodys_problem(counters, monkeypatch):
    def refuse(counts):
        raise DatabaseError

    monkeypatch.setattr(usage, "_write", refuse)
    usage.note(["a1"], 1.0)


@pytest.fixture
def slow(counters, make_attribute):
    region = make_attribute("region", "STRING")
    note = make_attribute("note", "TEXT")
    fast = make_attribute("fast", "STRING")
    usage.note([region.slot], 300.0)
    usage.note([region.slot, fast.slot], 20.0)
    usage.note([note.slot], 200.0)
    counters.flush()
    return region


def test_deployers_are_told_what_was_slow_the_costliest_first(slow, deployer_api):
    advice = deployer_api.get("/v1/incident/attributes/indexes").json()["data"]["advice"]
    assert [one["name"] for one in advice] == ["region", "note"]
    assert (advice[0]["uses"], advice[0]["slow_uses"], advice[0]["mean_ms"]) == (2, 1, 160.0)
    assert advice[0]["advice"] == "Set indexed to true."
    assert advice[1]["advice"] == "TEXT cannot be indexed."


def test_the_command_tells_the_same(slow):
    out = io.StringIO()
    call_command("attribute_index", "list", "--advise", stdout=out)
    assert "300 ms" in out.getvalue()
    assert "Set indexed to true." in out.getvalue()


def test_what_is_indexed_needs_no_advice(slow, deployer_api):
    deployer_api.patch("/v1/incident/attributes/region", {"indexed": True})
    advice = deployer_api.get("/v1/incident/attributes/indexes").json()["data"]["advice"]
    assert [one["name"] for one in advice] == ["note"]
