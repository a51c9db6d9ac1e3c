"""What the matrix declares, and that every pair keeps to it."""

from pathlib import Path

import pytest
from django.core.management import call_command
from hypothesis import given, settings

from attributes import types
from attributes.conversions import Fidelity, Verdict, clean_arguments, converter, declared, matrix
from attributes.storage import same
from tests.attributes.conversions.cases import CONFIGURED, DIRTY, PLAIN, anything, values

DOCUMENT = Path(__file__).parents[3] / "docs" / "conversions.md"
OF_EACH = pytest.mark.parametrize("source", list(PLAIN.values()), ids=list(PLAIN))
SOME = settings(deadline=None, max_examples=30)


def test_every_ordered_pair_of_different_types_is_declared():
    names = types.names()
    pairs = [(one.source, one.target) for one in matrix()]
    assert pairs == [(one, other) for one in names for other in names if one != other]
    assert len(pairs) == 342
    assert all(one.words and declared(one.source, one.target) is one.fidelity for one in matrix())


def test_text_and_json_hold_a_value_of_every_type():
    for name in types.names():
        assert declared(name, "JSON") is Fidelity.LOSSLESS
        assert declared(name, "TEXT") in {Fidelity.LOSSLESS, Fidelity.LOSSY}


@OF_EACH
def test_values_fare_as_their_pair_is_declared(source):
    @settings(SOME)
    @given(values(source.name))
    def ask(value):
        for target in PLAIN.values():
            way = converter(source, target)
            verdict = way.convert(value).verdict
            assert way.fidelity is declared(source.name, target.name)
            if way.fidelity is Fidelity.LOSSLESS:
                assert verdict is not Verdict.LOSSY
            if way.fidelity is Fidelity.IMPOSSIBLE:
                assert verdict is Verdict.IMPOSSIBLE

    ask()


@OF_EACH
def test_what_is_kept_comes_back_by_the_opposite_conversion(source):
    @settings(SOME)
    @given(values(source.name))
    def ask(value):
        for target in PLAIN.values():
            using = clean_arguments(type(source), type(target), None)
            there = converter(source, target, using).convert(value)
            if there.verdict is Verdict.KEPT:
                again = converter(target, source, using).convert(there.value)
                assert same(again.value, value)

    ask()


@OF_EACH
def test_whatever_lies_in_a_slot_becomes_a_value_of_the_target_or_nothing(source):
    ways = [(converter(source, target), target) for target in CONFIGURED]

    @settings(SOME)
    @given(anything(source.name))
    def ask(value):
        for way, target in ways:
            outcome = way.convert(value)
            if outcome.verdict is Verdict.IMPOSSIBLE:
                assert outcome.value is None
            else:
                assert same(target.clean(target.present(outcome.value)), outcome.value)
            assert bool(outcome.why) is (outcome.verdict is not Verdict.KEPT)

    ask()


@settings(SOME)
@given(DIRTY)
def test_a_type_with_other_rules_takes_the_same_value(value):
    outcome = converter(PLAIN["TEXT"], types.build("TEXT", {"max_length": 5})).convert(value)
    assert (outcome.verdict is Verdict.KEPT) is (outcome.value is not None)


def test_the_published_table_is_what_the_code_says(capsys):
    call_command("attribute_conversions")
    assert DOCUMENT.read_text(encoding="utf-8") == capsys.readouterr().out
