"""What SQL is sure of is what Python says."""

import pytest
from django.db import connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from attributes.conversions import Verdict, converter
from attributes.types import build
from incidents_project.exact_json import dumps, loads
from tests.attributes.conversions.cases import CONFIGURED, ODD, PLAIN, anything, converting

pytestmark = pytest.mark.django_db
SOME = settings(
    deadline=None,
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
MORE = [  # rules that bound what SQL says
    build("INTEGER", {"min": -5}),
    build("STRING", {"min_length": 2, "max_length": 4}),
    build("DATE", {"min": "2000-01-01", "max": "2030-12-31"}),
    build("DATETIME", {"min": "2000-01-01T00:00:00Z"}),
    build("TIME", {"min": "06:00"}),
    build("URL", {"max_length": 20}),
    build("IP", {"version": 6}),
    build("NUMBER", {"decimal_places": 0}),
    build("MULTISELECT", {"options": [{"code": "red"}, {"code": "x", "retired": True}]}),
    build("SELECT", {"options": [{"code": "true"}, {"code": "5"}]}),
]


def asked(shortcuts, values):
    """For each value, as it is read: what each shortcut says, as (sure, converted)."""
    columns = ", ".join(
        f"({s.sure}) IS TRUE, CASE WHEN {s.sure} THEN ({s.value})::text END" for s in shortcuts
    ).replace("{value}", "value")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT value::text, {columns} FROM jsonb_array_elements(%s::jsonb) AS value",
            [dumps(values).decode()],
        )
        for read, *said in cursor.fetchall():
            yield loads(read), list(zip(said[::2], said[1::2], strict=True))


def as_stored(texts):
    """JSON as PostgreSQL writes it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t::jsonb::text FROM unnest(%s::text[]) WITH ORDINALITY AS u(t, n) ORDER BY n",
            [texts],
        )
        return [text for (text,) in cursor.fetchall()]


def can_be_stored(value):
    try:
        return rb"\u0000" not in dumps(value)
    except TypeError:  # half a surrogate pair
        return False


def ways_from(source):
    ways = [converter(source, target) for target in [*CONFIGURED, *MORE]]
    return [way for way in ways if way.shortcut is not None]


@pytest.mark.parametrize(
    "source",
    [s for s in [*PLAIN.values(), MORE[-1]] if ways_from(s)],
    ids=lambda source: source.name,
)
def test_where_sql_is_sure_python_says_the_same(source):
    ways = ways_from(source)

    @settings(SOME)
    @example(ODD)
    @given(st.lists(anything(source.name), min_size=20, max_size=40))
    def ask(values):
        values = list(filter(can_be_stored, values))
        said, meant = [], []
        for value, answers in asked([way.shortcut for way in ways], values):
            for way, (sure, converted) in zip(ways, answers, strict=True):
                if sure:
                    outcome = way.convert(value)
                    assert outcome.verdict is Verdict.KEPT, (value, way.shortcut)
                    said.append(converted)
                    meant.append(dumps(outcome.value).decode())
        assert said == as_stored(meant)

    ask()


@pytest.mark.parametrize(
    ("source", "target", "value"),
    [
        ("STRING", "INTEGER", "-120"),
        ("STRING", "NUMBER", "0.25"),
        ("STRING", "BOOLEAN", "true"),
        ("STRING", "DATE", "2024-11-30"),
        ("STRING", "TIME", "14:30:00"),
        ("STRING", "DATETIME", "2024-11-11T02:57:27.5Z"),
        ("STRING", "UUID", "e322ab0e-07b3-49bd-b904-7014512032e3"),
        ("STRING", "EMAIL", "on-call@mail.example.com"),
        ("STRING", "URL", "https://status.example.com/incidents/7?a=b"),
        ("STRING", "IP", "192.0.2.1"),
        ("STRING", "SELECT", "red"),
        ("STRING", "TEXT", "Überlauf: 5 %"),
        ("TEXT", "STRING", "one line"),
        ("TEXT", "JSON", "two\nlines"),
        ("INTEGER", "NUMBER", -3),
        ("INTEGER", "STRING", 0),
        ("NUMBER", "INTEGER", 7),
        ("BOOLEAN", "INTEGER", False),
        ("DATE", "TEXT", "2024-11-30"),
        ("DATE", "DATETIME", "2024-11-30"),
        ("DATETIME", "STRING", "2024-11-11T02:57:27.000000Z"),
        ("DATETIME", "DATE", "2024-11-11T00:00:00.000000Z"),
        ("TIME", "JSON", "14:30:00.000000"),
        ("SELECT", "STRING", "red"),
        ("SELECT", "MULTISELECT", "red"),
        ("MULTISELECT", "SELECT", ["red"]),
        ("UUID", "INCIDENT", "e322ab0e-07b3-49bd-b904-7014512032e3"),
        ("JSON", "NUMBER", 5),
    ],
)
def test_sql_is_sure_of_ordinary_values(source, target, value):
    way = converting(source, target)
    ((read, ((sure, converted),)),) = asked([way.shortcut], [value])
    assert sure
    assert loads(converted) == way.convert(read).value


def test_rules_of_free_text_and_arguments_leave_it_to_python():
    assert converting("TEXT", "STRING", pattern="^a").shortcut is None
    assert converting("STRING", "DATE", only="past").shortcut is None
    assert converting("STRING", "DATE", {"format": "%d/%m/%Y"}).shortcut is None


def test_a_shortcut_can_be_put_into_any_statement():
    for source in PLAIN.values():
        for target in [*CONFIGURED, *MORE]:
            way = converter(source, target)
            for sql in (way.shortcut.sure, way.shortcut.value) if way.shortcut else ():
                assert sql.format(value="v") == sql.replace("{value}", "v")
                assert "%" not in sql
