"""Every operator of every type and of every own field, against plain Python."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attributes import types
from attributes.filters.language import Reader
from attributes.filters.operators import OPERATORS, Takes
from attributes.filters.targets import of_schema
from attributes.operations.archive import archive_attribute
from attributes.schema import schemas
from attributes.types import clock
from incidents.pages import Part, Query
from incidents.queries import read_page
from incidents.selection import Selection
from incidents.targets import OWN, CodeType, targets_at
from incidents.totals import Wanted
from incidents_project.exact_json import dumps
from incidents_project.refusals import Invalid
from tests.conftest import ACME, GLOBEX
from tests.incidents.listing import START, asked, ids_of, query, row, store
from tests.incidents.oracle import HOLDS, tree_holds
from tests.incidents.samples import CODES, OWN_VALUES, VALUES, compared, read_as, stored
from tests.types.strategies import OPTIONS

pytestmark = pytest.mark.django_db

NOW = datetime(2024, 11, 11, 12, tzinfo=UTC)
BOXES = [
    {"south": -90, "west": -180, "north": 90, "east": 180},
    {"south": 0, "west": 0, "north": Decimal("52.5200066"), "east": Decimal("13.404954")},
    {"south": 0, "west": 170, "north": 20, "east": -170},
    {"south": 0, "west": 180, "north": 20, "east": -180},
    {"south": 0, "west": 0, "north": 0, "east": 0},
]
CIRCLES = [
    {"lat": 0, "lon": 0, "radius": 1},
    {"lat": Decimal("52.52"), "lon": Decimal("13.4"), "radius": 400},
    {"lat": Decimal("52.52"), "lon": Decimal("13.4"), "radius": Decimal("335.5")},
    {"lat": 10, "lon": Decimal("179.9999999"), "radius": 1_000},
    {"lat": 10, "lon": -180, "radius": 100_000},
    {"lat": 90, "lon": 55, "radius": 5_000},
    {"lat": Decimal("89.99"), "lon": -60, "radius": 2_300},
    {"lat": -90, "lon": 0, "radius": Decimal("0.5")},
    {"lat": 0, "lon": 90, "radius": 10_007_600},
    {"lat": 0, "lon": 90, "radius": 10_007_500},
    {"lat": 45, "lon": -170, "radius": 20_000_000},
]

ATTRIBUTES = [(type_.name, operator) for type_ in types.TYPES for operator in type_.operators]
OWN_TYPES = {
    name: CodeType if name in {"status", "type", "severity"} else type(target.type)
    for name, target in OWN.items()
}
OWN_FIELDS = [(name, operator) for name, type_ in OWN_TYPES.items() for operator in type_.operators]


def pairs(raws):
    some = [raws[0], raws[len(raws) // 2], raws[-1]]
    return [[low, high] for low in some for high in some]


def parts(texts):
    parts = {part for text in texts for part in (text, text[:2], text[1:3], text[-1:])}
    return sorted({*parts, *map(str.upper, parts), *map(str.lower, parts), "nowhere"})


# What to ask, of such values.
OPERANDS = {
    Takes.VALUE: lambda raws: raws,
    Takes.VALUES: lambda raws: [raws[:1], raws[:2], raws[::2], raws[1:], [raws[0], raws[0]]],
    Takes.PAIR: pairs,
    Takes.TEXT: parts,
    Takes.CODE: lambda _: CODES,
    Takes.CODES: lambda _: [["red"], ["red", "blue"], ["red", "amber"], ["blue", "red"], CODES],
    Takes.FLAG: lambda _: [True, False],
    Takes.BOX: lambda _: BOXES,
    Takes.CIRCLE: lambda _: CIRCLES,
}


def canonical(type_, takes, raw):
    """What the oracle is given for it."""
    if takes is Takes.VALUE:
        return compared(type_, raw)
    if takes in {Takes.VALUES, Takes.PAIR}:
        return [compared(type_, one) for one in raw]
    return read_as(raw) if takes in {Takes.CODE, Takes.CODES} else raw


def as_text(type_, takes, raw):
    """The same as a query parameter."""
    if takes in {Takes.BOX, Takes.CIRCLE}:
        return ",".join(map(str, raw.values()))
    if takes in {Takes.VALUES, Takes.PAIR, Takes.CODES}:
        return between_commas(map(one_text, raw))
    if isinstance(raw, list) and type_.name == "MULTISELECT":
        return between_commas(raw)
    return dumps(raw).decode() if type_.name == "JSON" and takes is Takes.VALUE else one_text(raw)


def one_text(raw):
    if isinstance(raw, dict):
        return raw["subject"]
    return raw if isinstance(raw, str) else dumps(raw).decode()


def between_commas(texts):
    line = io.StringIO()
    csv.writer(line).writerow(texts)
    return line.getvalue().removesuffix("\r\n")


def found(name, text):
    """The ids that a list with this one query parameter has."""

    def ask(schema):
        reader = Reader(targets_at(schema), NOW)
        condition = reader.parameters({name: [text]})
        if reader.faults:
            raise Invalid.because(reader.faults)
        return Query(condition, selection=Selection(("id",), ()))

    page = read_page(ACME, ask, Part(10_000), total=Wanted.NONE)
    return sorted(str(each["id"]) for each in page.rows)


def check(name, operator, type_, raws, rows):
    """Ask both ways; ``rows`` are ids with their canonical value, or None."""
    takes = OPERATORS[operator].takes
    for raw in OPERANDS[takes](raws):
        operand = canonical(type_, takes, raw)
        expected = sorted(id_ for id_, value in rows if HOLDS[operator](value, operand))
        parameter = f"{name}__{operator}"
        assert found(parameter, as_text(type_, takes, raw)) == expected, raw
        assert found("filter", dumps({parameter: raw}).decode()) == expected, raw


def test_every_operator_has_an_oracle_and_every_target_values():
    assert set(HOLDS) == set(OPERATORS)
    assert set(VALUES) == set(types.names())
    assert set(OWN_VALUES) == set(OWN)
    in_force = targets_at(schemas.now())
    assert {name: type(target.type) for name, target in in_force.items()} == OWN_TYPES


@pytest.fixture
def stored_values(make_attribute, dee):
    """Incidents with each value of a type, some without, some of an older attribute's."""

    def store_values(type_name):
        rules, raws = VALUES[type_name]
        older = "STRING" if type_name != "STRING" else "INTEGER"
        old = make_attribute("value", older).slot
        same_type = archive_attribute(principal=dee, name="value") and make_attribute(
            "value", type_name, rules=rules
        )
        archive_attribute(principal=dee, name="value")
        new = make_attribute("value", type_name, rules=rules)
        type_ = new.typed()
        values = [stored(type_, raw) for raw in raws]
        was = {old: "a" if older == "STRING" else 1, same_type.slot: values[0]}
        held = [*({new.slot: value} for value in values), *({**was, new.slot: v} for v in values)]
        held += [{}, was, {old: None}]
        ids = store([row(number, attributes=one) for number, one in enumerate(held)])
        store([row(1, tenant_id=GLOBEX, attributes=one) for one in held[: len(values)]])
        compared_values = [compared(type_, raw) for raw in raws]
        known = [*compared_values, *compared_values, None, None, None]
        return type_, raws, list(zip(ids, known, strict=True))

    return store_values


@pytest.mark.parametrize(("type_name", "operator"), ATTRIBUTES)
def test_an_operator_of_a_type(stored_values, type_name, operator):
    type_, raws, rows = stored_values(type_name)
    check("attributes.value", operator, type_, raws, rows)


@pytest.mark.parametrize(("name", "operator"), OWN_FIELDS)
def test_an_operator_of_an_own_field(name, operator):
    raws, target = OWN_VALUES[name], OWN[name]
    type_ = CodeType() if OWN_TYPES[name] is CodeType else target.type
    values = [compared(type_, raw) for raw in raws] + [None] * (2 if target.nullable else 0)
    ids = store(
        [row(number, **{name: target.parameter(value)}) for number, value in enumerate(values)]
    )
    if name != "id":
        store([row(1, tenant_id=GLOBEX, **{name: target.parameter(values[0])})])
    check(name, operator, type_, raws, list(zip(ids, values, strict=True)))


def test_a_field_without_an_operator_is_compared_exactly(viewer_api, make_incident):
    open_ = make_incident(status="OPEN")["id"]
    make_incident()
    assert ids_of(asked(viewer_api, "status=OPEN")) == [str(open_)]
    assert ids_of(asked(viewer_api, query(("filter", '{"status": "OPEN"}')))) == [str(open_)]


def test_all_filters_must_hold(viewer_api, make_attribute, make_incident):
    make_attribute("count")
    make_incident(status="OPEN", attributes={"count": 1})
    both = make_incident(status="OPEN", attributes={"count": 5})["id"]
    make_incident(attributes={"count": 5})
    for asked_for in (
        query(("status", "OPEN"), ("attributes.count__gt", "1")),
        query(("status", "OPEN"), ("filter", '{"attributes.count__gt": 1}')),
        query(("filter", '{"status": "OPEN", "attributes.count__gt": 1}')),
    ):
        assert ids_of(asked(viewer_api, asked_for)) == [str(both)]


def test_a_value_from_before_a_rule_was_tightened_is_found(
    viewer_api, make_attribute, make_incident, deployer_api
):
    make_attribute("count")
    old = make_incident(attributes={"count": 500})["id"]
    changed = deployer_api.patch("/v1/incident/attributes/count", {"rules": {"max": 100}})
    assert changed.status_code == 200
    for asked_for in ("attributes.count=500", "attributes.count__range=101,1000"):
        assert ids_of(asked(viewer_api, asked_for)) == [str(old)]


def test_an_incident_has_no_value_of_an_attribute_that_is_gone(
    viewer_api, make_attribute, make_incident, dee
):
    make_attribute("count")
    make_incident(attributes={"count": 5})
    archive_attribute(principal=dee, name="count")
    response = viewer_api.get("/v1/incident?attributes.count=5")
    assert response.status_code == 400
    make_attribute("count", "STRING")
    assert ids_of(asked(viewer_api, "attributes.count=5")) == []
    assert len(ids_of(asked(viewer_api, "attributes.count__isnull=true"))) == 1


TREE_VALUES = {
    "attributes.n": [None, -1, 0, 1],
    "attributes.s": [None, "", "a", "A", "b"],
    "attributes.m": [None, [], ["red"], ["amber", "red"]],
    "status": ["NEW", "OPEN"],
    "next_update": [0, 5],
    "resolved_date": [None, "2024-11-11T02:57:27.000000Z", "2024-11-12T00:00:00.000000Z"],
}
_SOME = {
    name: [value for value in values if value is not None] for name, values in TREE_VALUES.items()
}
_FLAGS = st.booleans()


def _one(name):
    return st.sampled_from(_SOME[name])


def _terms(name, *operators):
    return [
        st.tuples(
            st.just(f"{name}__{operator}"),
            st.lists(_one(name), min_size=1, max_size=3)
            if operator in {"in", "nin"}
            else st.tuples(_one(name), _one(name)).map(list)
            if operator == "range"
            else _FLAGS
            if operator == "isnull"
            else _one(name),
        )
        for operator in operators
    ]


_EQUALITY, _ORDER = ("exact", "ne", "in", "nin", "isnull"), ("gt", "gte", "lt", "lte", "range")
TERMS = st.one_of(
    *_terms("attributes.n", *_EQUALITY, *_ORDER),
    *_terms("attributes.s", *_EQUALITY, *_ORDER, "icontains", "istartswith", "iexact"),
    *_terms("attributes.m", "exact", "ne", "isnull"),
    *_terms("status", *_EQUALITY),
    *_terms("next_update", *_EQUALITY, *_ORDER),
    *_terms("resolved_date", *_EQUALITY, *_ORDER),
    st.tuples(st.just("attributes.m__has"), st.sampled_from(["red", "amber"])),
)
LEAVES = st.dictionaries(st.nothing(), st.nothing()) | st.lists(TERMS, max_size=2).map(dict)


def _deeper(inner):
    trees = st.lists(inner, min_size=1, max_size=3)
    members = st.tuples(st.sampled_from(["and", "or"]), trees) | st.tuples(st.just("not"), inner)
    return st.lists(members | TERMS, min_size=1, max_size=3).map(dict)


TREES = _deeper(LEAVES) | _deeper(_deeper(LEAVES)) | _deeper(_deeper(_deeper(LEAVES)))


@pytest.fixture
def forest(make_attribute):
    """Incidents with values of every kind and without; their values by id."""
    slots = {
        "attributes.n": make_attribute("n").slot,
        "attributes.s": make_attribute("s", "STRING").slot,
        "attributes.m": make_attribute("m", "MULTISELECT", rules={"options": OPTIONS}).slot,
    }
    steps = list(enumerate(TREE_VALUES.items(), 1))
    some = [
        {name: each[number * step % len(each)] for step, (name, each) in steps}
        for number in range(60)
    ]
    rows = []
    for number, values in enumerate(some):
        held = {slot: values[name] for name, slot in slots.items() if values[name] is not None}
        own = {name: OWN[name].parameter(value) for name, value in values.items() if name in OWN}
        rows.append(row(number, attributes=held, **own))
    return dict(zip(store(rows), some, strict=True))


def test_trees_of_conditions(forest):
    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(tree=TREES)
    def ask(tree):
        expected = sorted(id_ for id_, values in forest.items() if tree_holds(tree, values))
        assert found("filter", dumps(tree).decode()) == expected

    ask()


def test_a_negation_holds_wherever_the_comparison_does_not(forest):
    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(one=LEAVES, other=_deeper(LEAVES))
    def ask(one, other):
        def of(tree):
            return found("filter", dumps(tree).decode())

        assert sorted([*of(one), *of({"not": one})]) == sorted(forest)
        assert of({"not": {"and": [one, other]}}) == of({"or": [{"not": one}, {"not": other}]})
        assert of({"not": {"or": [one, other]}}) == of({"and": [{"not": one}, {"not": other}]})

    ask()


@pytest.mark.parametrize("sent", ["ne=5", "nin=5,6", "isnull=true"])
def test_who_has_no_value_has_not_that_one(viewer_api, make_attribute, make_incident, sent):
    make_attribute("count")
    without = str(make_incident()["id"])
    make_incident(attributes={"count": 5})
    assert ids_of(asked(viewer_api, f"attributes.count__{sent}")) == [without]


@pytest.mark.parametrize(
    ("sent", "hours"),
    [
        ("now", 0), ("-7d", -168), ("now-7d", -168), ("+2h", 2), ("now+2h", 2), ("-60m", -1),
        ("-3600s", -1), ("now+1w", 168), ("-0d", 0),
    ],
)  # fmt: skip
def test_times_may_be_relative(make_attribute, sent, hours):
    slot = make_attribute("seen", "DATETIME").slot
    day = make_attribute("day", "DATE").slot
    moments = [NOW + timedelta(hours=hours, seconds=by) for by in (-1, 0, 1)]
    early, at, late = store(
        [
            row(
                number,
                date=moment,
                next_update=int(moment.timestamp()),
                attributes={
                    slot: f"{moment:%Y-%m-%dT%H:%M:%S}.000000Z",
                    day: f"{moments[1] + timedelta(days=number - 1):%Y-%m-%d}",
                },
            )
            for number, moment in enumerate(moments)
        ]
    )
    for name in ("date", "attributes.seen", "next_update", "attributes.day"):
        assert found(f"{name}__gt", sent) == [late]
        assert found(f"{name}__lt", sent) == [early]
        assert found(name, sent) == [at]


def test_a_relative_time_stands_still_during_a_walk(viewer_api, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: START)
    made = store([row(number, date=START - timedelta(hours=number)) for number in range(1, 7)])
    first = asked(viewer_api, "date__gte=-6h&sort=date,DESC&size=2")
    monkeypatch.setattr(clock, "now", lambda: START + timedelta(days=3))
    cursor = first["page"]["next_cursor"]
    rest = asked(viewer_api, f"date__gte=-6h&sort=date,DESC&size=100&cursor={cursor}")
    assert ids_of(first) + ids_of(rest) == made
    assert ids_of(asked(viewer_api, "date__gte=-6h&sort=date,DESC")) == []


def test_every_attribute_has_the_operators_that_its_type_publishes(make_attribute, viewer_api):
    published = {each["name"]: each["operators"] for each in _types(viewer_api)}
    for name, (rules, _) in VALUES.items():
        make_attribute(f"of_{name}", name, rules=rules)
    for target in of_schema(schemas.now()).values():
        assert published[target.type.name] == list(target.type.operators)


def _types(api):
    return api.get("/v1/incident/attributes/types").json()["data"]["types"]


@pytest.mark.parametrize("name", ["count_", "c_o_u_nt", "exact", "in", "a1", "gte_", "not", "and"])
def test_an_attribute_may_be_called_anything_that_a_name_can_be(viewer_api, make_attribute, name):
    slot = make_attribute(name).slot
    made = store([row(1, attributes={slot: 5})])
    store([row(2, attributes={slot: 4})])
    for operator in ("", "__exact", "__gt", "__in", "__has_any"):
        parameter, value = f"attributes.{name}{operator}", "4" if operator == "__gt" else "5"
        if operator == "__has_any":
            assert viewer_api.get(f"/v1/incident?{parameter}={value}").status_code == 400
        else:
            assert ids_of(asked(viewer_api, f"{parameter}={value}")) == made


LETTERS = [("a", "A"), ("é", "É"), ("ж", "Ж"), ("ñandú", "ÑANDÚ"), ("ωs", "ΩS")]


@pytest.mark.parametrize("name", ["location", "attributes.region"])
@pytest.mark.parametrize(("small", "large"), LETTERS)
def test_text_in_any_case(viewer_api, make_attribute, name, small, large):
    """Beyond ASCII where the database knows letters: its character type is of UTF-8."""
    if not small.isascii() and not knows_letters():
        pytest.skip("the database knows ASCII letters alone")
    slot = make_attribute("region", "STRING").slot
    texts = [f"{small}-1", f"{large}-1", f"x{small}", f"x{large}", "-1", ""]
    made = store(
        [row(number, location=text, attributes={slot: text}) for number, text in enumerate(texts)]
    )
    for letter in (small, large):
        for operator, expected in (
            ("icontains", made[:4]),
            ("istartswith", made[:2]),
            ("iexact", []),
        ):
            found = ids_of(asked(viewer_api, query((f"{name}__{operator}", letter))))
            assert sorted(found) == sorted(expected)
        whole = ids_of(asked(viewer_api, query((f"{name}__iexact", f"{letter}-1"))))
        assert sorted(whole) == sorted(made[:2])
        assert len(ids_of(asked(viewer_api, query((name, f"{letter}-1"))))) == 1


def knows_letters():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'é' ILIKE 'É'")
        return cursor.fetchone()[0]
