"""Counting what would become of all tenants' values."""

from dataclasses import replace
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import tenancy
from attributes import walk
from attributes.conversions import Outcome, Shortcut, Verdict
from attributes.filters.conditions import Condition
from attributes.walk import Judge
from tests.attributes.jobs.hands import fill
from tests.conftest import ACME, GLOBEX
from tests.incidents.listing import row, store

KEPT, LOSSY, IMPOSSIBLE = Verdict.KEPT, Verdict.LOSSY, Verdict.IMPOSSIBLE


def decide(value):
    """Numbers up to 9 are kept, up to 99 lossy."""
    if value < 10:
        return Outcome(KEPT, value)
    return Outcome(LOSSY, 9, "too much") if value < 100 else Outcome(IMPOSSIBLE, None, "far")


BY_PYTHON = Judge(decide)
BY_BOTH = Judge(decide, Shortcut(sure="{value} < '5'::jsonb", value="{value}"))


def shown(counted):
    return {v: [one.value for one in samples] for v, samples in counted.samples.items()}


@pytest.mark.django_db
@pytest.mark.parametrize("judge", [BY_PYTHON, BY_BOTH])
@pytest.mark.parametrize("count", [walk.tally, walk.estimate])
def test_all_tenants_are_counted_and_the_asking_ones_values_shown(
    judge, count, make_attribute, monkeypatch
):
    monkeypatch.setattr(walk, "_SMALL", 0)  # all of so few are in the sample
    attribute = make_attribute()
    ids = fill(attribute, [1, 7, 20, 300])
    fill(attribute, [2, 8, 30, 31, 400], GLOBEX)
    counted = count(attribute.slot, judge, asking=ACME)
    assert (counted.incidents, counted.holders) == (9, 9)
    assert counted.counts == {KEPT: 4, LOSSY: 3, IMPOSSIBLE: 2}
    assert {v: sorted(values) for v, values in shown(counted).items()} == {
        KEPT: [1, 7],
        LOSSY: [20],
        IMPOSSIBLE: [300],
    }
    assert str(counted.samples[LOSSY][0].incident_id) == ids[2]
    assert counted.samples[LOSSY][0].why == "too much"
    nobody = count(attribute.slot, judge)
    assert nobody.counts == counted.counts
    assert shown(nobody) == {KEPT: [], LOSSY: [], IMPOSSIBLE: []}


@pytest.mark.django_db
def test_only_rows_that_meet_the_condition_are_judged(make_attribute):
    attribute = make_attribute()
    fill(attribute, [1, 2, 50])
    fill(attribute, [3], GLOBEX)
    where = f"(attributes -> '{attribute.slot}') > '1'::jsonb"
    counted = walk.tally(attribute.slot, BY_BOTH, where, asking=ACME)
    assert (counted.incidents, counted.holders) == (4, 3)
    assert counted.counts == {KEPT: 2, LOSSY: 1, IMPOSSIBLE: 0}
    assert shown(counted) == {KEPT: [2], LOSSY: [50], IMPOSSIBLE: []}


@pytest.mark.django_db
@pytest.mark.parametrize("count", [walk.tally, walk.estimate])
def test_who_lacks_a_value_is_counted_and_shown(count, make_attribute, monkeypatch):
    monkeypatch.setattr(walk, "_SMALL", 0)
    attribute = make_attribute()
    fill(attribute, [1])
    (lacking, _) = store([row(1, type="SECURITY"), row(2, type="OTHERS")])
    store([row(1, type="SECURITY", tenant_id=GLOBEX)])
    judge = replace(BY_BOTH, lack=Condition("type = %s", ("SECURITY",)))
    counted = count(attribute.slot, judge, asking=ACME)
    assert (counted.incidents, counted.holders) == (4, 1)
    assert counted.counts == {KEPT: 1, LOSSY: 0, IMPOSSIBLE: 2}
    assert [str(one.incident_id) for one in counted.samples[IMPOSSIBLE]] == [lacking]


@pytest.mark.django_db
def test_values_must_differ_within_a_tenant(make_attribute):
    attribute = make_attribute()
    fill(attribute, [1, 2, 2, 2, 3, 3])
    fill(attribute, [1, 4, 4], GLOBEX)
    counted = walk.tally(attribute.slot, replace(walk.KEPT, distinct=""), asking=ACME)
    assert counted.counts == {KEPT: 5, LOSSY: 0, IMPOSSIBLE: 4}
    assert sorted(shown(counted)[IMPOSSIBLE]) == [2, 3]


@pytest.mark.django_db
def test_samples_are_the_first_ones(make_attribute):
    attribute = make_attribute()
    fill(attribute, [number % 5 for number in range(50)])
    counted = walk.tally(attribute.slot, BY_BOTH, asking=ACME)
    assert shown(counted)[KEPT] == [number % 5 for number in range(walk.MOST_SAMPLES)]


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("count", [walk.tally, walk.estimate])
def test_its_statements_are_as_many_however_many_tenants_there_are(
    count, make_attribute, monkeypatch
):
    monkeypatch.setattr(walk, "_SMALL", 0)
    attribute = make_attribute()
    judge = replace(BY_BOTH, lack=Condition("type <> %s", ("x",)), distinct="")

    def statements():
        with CaptureQueriesContext(connection) as queries:
            count(attribute.slot, judge, asking=ACME)
        return len(queries)

    fill(attribute, [1, 1, 7])
    of_one = statements()
    for number in range(6):
        fill(attribute, [1, 1, 7], f"tenant-{number}")
    assert statements() == of_one


@pytest.mark.usefixtures("committed")
def test_all_is_counted_as_of_one_moment(make_attribute, monkeypatch, together):
    """What is written between two statements belongs to neither."""
    attribute = make_attribute()
    fill(attribute, [1, 50])
    stream = tenancy.stream

    def late(*arguments):
        together([partial(fill, attribute, [60, 70])])
        return stream(*arguments)

    monkeypatch.setattr(tenancy, "stream", late)
    counted = walk.tally(attribute.slot, BY_BOTH)
    assert (counted.incidents, counted.holders) == (2, 2)
    assert counted.counts == {KEPT: 1, LOSSY: 1, IMPOSSIBLE: 0}
