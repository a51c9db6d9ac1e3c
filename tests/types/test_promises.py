"""What every type promises, asked of all of them at once."""

import json
from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from attributes import types
from attributes.storage import same
from incidents_project.database.fields import ExactJSONField
from incidents_project.exact_json import dumps
from incidents_project.refusals import ValueRefused
from tests.types.strategies import GOOD, JSON
from tests.types.tables import schema_accepts

CONFIGURED = [
    pytest.param(types.build(name, rules), values, id=f"{name}{number or ''}")
    for name, cases in GOOD.items()
    for number, (rules, values) in enumerate(cases)
]
EVERY = settings(
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture,
    ],
)  # fmt: skip
read = ExactJSONField().from_db_value


def cleaned(type_, raw):
    """The stored value, or None where it was refused; anything else that is raised is a bug."""
    try:
        return type_.clean(raw)
    except ValueRefused:
        return None


def test_every_type_is_asked():
    assert set(GOOD) == set(types.names())


@pytest.mark.parametrize(("type_", "values"), CONFIGURED)
def test_nothing_a_client_sends_raises_anything_but_a_refusal(type_, values):
    @settings(EVERY, max_examples=1_000)
    @given(st.one_of(JSON, values))
    def ask(raw):
        stored = cleaned(type_, raw)
        if stored is not None:
            assert same(read(dumps(stored).decode()), stored)
            assert same(type_.clean(type_.present(stored)), stored)

    ask()


@pytest.mark.parametrize(("type_", "values"), CONFIGURED)
def test_the_published_schema_accepts_just_what_the_type_accepts(type_, values):
    json.dumps(type_.json_schema(), default=float)

    @settings(EVERY, max_examples=200)
    @given(values if type_.name == "JSON" else st.one_of(values, JSON))
    def ask(raw):
        assume(raw is not None)
        stored = cleaned(type_, raw)
        if stored is None:
            assert not schema_accepts(type_, raw)
        elif is_typed(type_, raw):
            assert schema_accepts(type_, raw)
        if stored is not None:
            assert schema_accepts(type_, type_.present(stored))

    ask()


def is_typed(type_, raw):
    """Whether ``raw`` is of the JSON kind the type answers, rather than the text of one."""
    shown = type_.present(type_.clean(raw))
    if isinstance(raw, dict) and isinstance(shown, dict):
        return all(
            not isinstance(raw[key], str) or isinstance(shown[key], str)
            for key in raw
            if key in shown
        )
    number = (int, Decimal)
    return type(raw) is type(shown) or (isinstance(raw, number) and isinstance(shown, number))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("type_", "values"), [case for case in CONFIGURED if case.values[0].ordered]
)
def test_values_are_in_order_in_the_database_just_when_they_are_in_order(type_, values):
    @settings(EVERY, max_examples=60)
    @given(st.lists(values, min_size=2, max_size=12))
    def ask(raws):
        stored = [value for value in (cleaned(type_, raw) for raw in raws) if value is not None]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT value FROM jsonb_array_elements(%s::jsonb) AS value ORDER BY value",
                [dumps(stored).decode()],
            )
            ordered = [read(value) for (value,) in cursor.fetchall()]
        assert ordered == sorted(stored)

    ask()
