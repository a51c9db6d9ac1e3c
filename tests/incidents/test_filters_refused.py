"""Filters that cannot be: a 400 that says what is meant or allowed, and all faults at once."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attributes.filters.language import DEPTH, MOST_TERMS
from incidents_project.refusals import MOST_FAULTS
from tests.incidents.listing import asked, query
from tests.test_bad_input import MEMBERS
from tests.types.strategies import JSON, OPTIONS

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(viewer_api, make_attribute):
    """A client of a deployment with an attribute of most types."""
    for name, type_ in [
        ("count", "INTEGER"), ("cost", "NUMBER"), ("region", "STRING"), ("seen", "DATETIME"),
        ("day", "DATE"), ("took", "DURATION"), ("at", "TIME"), ("pending", "BOOLEAN"),
        ("doc", "JSON"), ("place", "GEO_POINT"), ("who", "USER"), ("link", "URL"),
        ("host", "IP"), ("key", "UUID"), ("cause", "INCIDENT"),
    ]:  # fmt: skip
        make_attribute(name, type_)
    make_attribute("colour", "SELECT", rules={"options": OPTIONS})
    make_attribute("tags", "MULTISELECT", rules={"options": OPTIONS})
    return viewer_api


def refused(api, *parameters):
    return api.get(f"/v1/incident?{query(*parameters)}")


def told(response, status, code, field=None):
    """The problem, with this one fault if a field is named."""
    body = response.json()
    assert (response.status_code, body.get("code")) == (status, code), body
    assert response.headers["Content-Type"] == "application/problem+json"
    assert list(body) == MEMBERS
    assert body["message"] == body["detail"] != ""
    if field is not None:
        assert [(error["field"], error["code"]) for error in body["errors"]] == [(field, code)]
    return body


def tree(value):
    return "filter", value if isinstance(value, str) else json.dumps(value)


@pytest.mark.parametrize(
    ("name", "code", "hint"),
    [
        ("statsu", "unknown_parameter", "Did you mean status?"),
        ("statsu__in", "unknown_parameter", "Did you mean status?"),
        ("Status", "unknown_parameter", "Did you mean status?"),
        ("count", "unknown_parameter", "Did you mean attributes.count?"),
        ("count__gte", "unknown_parameter", "Did you mean attributes.count?"),
        ("attributes.cuont", "unknown_attribute", "Did you mean attributes.count?"),
        ("attributes.Count", "unknown_attribute", "Did you mean attributes.count?"),
        ("attribute.count", "unknown_parameter", "Did you mean attributes.count?"),
        ("status__exat", "unknown_operator", "Did you mean status__exact?"),
        ("attributes.region__contains", "unknown_operator", "__icontains?"),
        ("attributes.region__startswith", "unknown_operator", "__istartswith?"),
        ("attributes.colour__gt", "unknown_operator", "exact, ne, in, nin, isnull."),
        ("attributes.place", "unknown_operator", "within, near, isnull."),
        ("attributes.place__exact", "unknown_operator", "within, near, isnull."),
        ("attributes.tags__in", "unknown_operator", "has_any, has_all"),
        ("attributes.doc__gte", "unknown_operator", "exact, contains, isnull."),
        ("attributes.pending__gt", "unknown_operator", "exact, ne, isnull."),
        ("attributes.region__regex", "unknown_operator", "icontains"),
        ("status__", "unknown_operator", "exact"),
        ("attributes.count__", "unknown_operator", "gte"),
        ("attributes.count__gte__lt", "unknown_operator", "gte"),
        ("attributes.count__GTE", "unknown_operator", "gte"),
        ("attributes.count___gte", "unknown_attribute", "Did you mean attributes.count?"),
        ("attributes.count__gte ", "unknown_operator", "Did you mean attributes.count__gte?"),
        ("attributes.count .gte", "unknown_attribute", ""),
        ("attributes.", "unknown_attribute", ""),
        ("attributes.__gte", "unknown_attribute", ""),
        ("attributes", "unknown_parameter", ""),
        ("tenant_id", "unknown_parameter", ""),
        ("__", "unknown_parameter", ""),
        ("__gte", "unknown_parameter", ""),
        ("a__b__c", "unknown_parameter", ""),
        ("attributes.a1", "unknown_attribute", ""),
        ("status\n", "unknown_parameter", "Did you mean status?"),
        ("ſtatus", "unknown_parameter", "Did you mean status?"),
        ("attributes.count'--", "unknown_attribute", "Did you mean attributes.count?"),
        ('"status"', "unknown_parameter", "Did you mean status?"),
        ("💥", "unknown_parameter", ""),
        ("n" * 3_000, "unknown_parameter", ""),
        ("attributes." + "n" * 3_000, "unknown_attribute", ""),
        ("status__" + "n" * 3_000, "unknown_operator", ""),
    ],
    ids=lambda text: ascii(text)[:30],
)
def test_an_unknown_name(api, name, code, hint):
    for parameters in [(name, "5")], [tree({name: 5})]:
        body = told(refused(api, *parameters), 400, code)
        (error,) = body["errors"]
        assert hint in error["message"]
        assert len(error["field"]) <= 101


@pytest.mark.parametrize(("name", "meant"), [("sorted", "sort"), ("totals", "total")])
def test_an_unknown_parameter_may_be_meant_for_one_that_is_no_filter(api, name, meant):
    body = told(refused(api, (name, "5")), 400, "unknown_parameter", name)
    assert body["errors"][0]["message"].endswith(f"Did you mean {meant}?")


def test_a_tree_in_a_tree_is_none(api):
    told(refused(api, tree({"filter": {}})), 400, "unknown_parameter", "filter.filter")
    told(refused(api, tree({"sort": "date"})), 400, "unknown_parameter", "filter.sort")


VALUES = [
    ("status", "GONE", "unknown_code"),
    ("status", "new", "unknown_code"),
    ("status__in", "NEW,GONE", "unknown_code"),
    ("id", "5", "invalid"),
    ("date", "yesterday", "invalid"),
    ("date", "2024-11-11T00:00:00", "no_offset"),
    ("date__gt", "-99999999999d", "invalid"),
    ("date__gt", "-999999999w", "out_of_range"),
    ("date__gt", "now-1y", "invalid"),
    ("date__range", "-7d", "wrong_type"),
    ("date__range", "-7d,now,now", "wrong_type"),
    ("date__range", "now,then", "invalid"),
    ("next_update", "1.5", "invalid"),
    ("occ_lock", "9" * 30, "wrong_type"),
    ("occ_lock", "9223372036854775808", "out_of_range"),
    ("backdated", "yes", "wrong_type"),
    ("backdated", "True", "wrong_type"),
    ("attributes.count", "five", "wrong_type"),
    ("attributes.count", "", "wrong_type"),
    ("attributes.count", "5.5", "wrong_type"),
    ("attributes.count", " 5", "wrong_type"),
    ("attributes.count", "+5", "wrong_type"),
    ("attributes.count", "1e3", "wrong_type"),
    ("attributes.count", "٥", "wrong_type"),
    ("attributes.count", "\uff15", "wrong_type"),
    ("attributes.count", "5,6", "wrong_type"),
    ("attributes.count__in", "", "out_of_range"),
    ("attributes.count__in", "5,,6", "wrong_type"),
    ("attributes.count__in", "5, 6", "wrong_type"),
    ("attributes.count__in", '"5', "invalid"),
    ("attributes.count__in", '"5"x,6', "invalid"),
    ("attributes.count__in", ",".join(["5"] * 101), "out_of_range"),
    ("attributes.count__in", "5" * 200_000, "invalid"),
    ("attributes.count__isnull", "1", "wrong_type"),
    ("attributes.count__isnull", "", "wrong_type"),
    ("attributes.cost", "NaN", "wrong_type"),
    ("attributes.cost", "Infinity", "wrong_type"),
    ("attributes.cost", "1e999999999", "wrong_type"),
    ("attributes.cost", "1e999", "too_many_digits"),
    ("attributes.cost", "1" * 41, "too_many_digits"),
    ("attributes.region", "a\nb", "line_break"),
    ("attributes.region", "a" * 100_001, "too_long"),
    ("attributes.day", "2024-02-30", "invalid"),
    ("attributes.day", "٢٠٢٤-١١-١١", "invalid"),
    ("attributes.day__gte", "-999999999w", "out_of_range"),
    ("attributes.seen", "2024-11-11", "invalid"),
    ("attributes.at", "25:00", "invalid"),
    ("attributes.took", "P1Y", "invalid"),
    ("attributes.took", "-7d", "invalid"),
    ("attributes.pending", "1", "wrong_type"),
    ("attributes.colour", "pink", "unknown_option"),
    ("attributes.colour", "Red", "unknown_option"),
    ("attributes.tags", "red,", "unknown_option"),
    ("attributes.tags__has", "pink", "unknown_option"),
    ("attributes.tags__has", "red,blue", "unknown_option"),
    ("attributes.tags__has_any", "", "out_of_range"),
    ("attributes.tags__has_all", "red,pink", "unknown_option"),
    ("attributes.doc", "{", "unreadable_json"),
    ("attributes.doc", "", "empty_body"),
    ("attributes.doc", "null", "wrong_type"),
    ("attributes.doc__contains", '{"a": NaN}', "bad_number"),
    ("attributes.doc__contains", '{"a": 1, "a": 2}', "duplicate_member"),
    ("attributes.doc__contains", '"\\u0000"', "bad_character"),
    ("attributes.doc__contains", '"\\ud800"', "bad_character"),
    ("attributes.doc__contains", "[" * 40 + "]" * 40, "too_deep"),
    ("attributes.doc__contains", "[" * 20 + "]" * 20, "too_deep"),
    ("attributes.place__within", "1,2,3", "invalid"),
    ("attributes.place__within", "1,2,3,4,5", "invalid"),
    ("attributes.place__within", "-91,0,0,0", "out_of_range"),
    ("attributes.place__within", "1,0,0,0", "contradiction"),
    ("attributes.place__within", "a,b,c,d", "wrong_type"),
    ("attributes.place__near", "0,0,0", "out_of_range"),
    ("attributes.place__near", "0,0,-1", "out_of_range"),
    ("attributes.place__near", "0,0,1e30", "out_of_range"),
    ("attributes.place__near", "0,0", "invalid"),
    ("attributes.place__near", "NaN,0,1", "wrong_type"),
    ("attributes.place__near", "0.12345678,0,1", "too_precise"),
    ("attributes.who", "", "too_short"),
    ("attributes.link", "a.example", "invalid"),
    ("attributes.link", "javascript:alert(1)", "invalid"),
    ("attributes.host", "10.0.0.0/8", "invalid"),
    ("attributes.key", "5", "invalid"),
    ("attributes.cause", "5", "invalid"),
]


@pytest.mark.parametrize(("name", "value", "code"), VALUES, ids=lambda text: ascii(text)[:40])
def test_a_value_that_is_none_of_the_field(api, name, value, code):
    body = told(refused(api, (name, value)), 400, code, name)
    assert len(body["errors"][0]["message"]) < 500


@pytest.mark.parametrize(
    ("sent", "code", "field"),
    [
        ({"status": None}, "wrong_type", "filter.status"),
        ({"status": ["NEW"]}, "wrong_type", "filter.status"),
        ({"status": {"in": ["NEW"]}}, "wrong_type", "filter.status"),
        ({"status__in": "NEW"}, "wrong_type", "filter.status__in"),
        ({"status__in": []}, "out_of_range", "filter.status__in"),
        ({"status__in": [None]}, "wrong_type", "filter.status__in"),
        ({"status__in": [["NEW"]]}, "wrong_type", "filter.status__in"),
        ({"status__in": ["NEW"] * 101}, "out_of_range", "filter.status__in"),
        ({"attributes.count": True}, "wrong_type", "filter.attributes.count"),
        ({"attributes.count": 5.5}, "wrong_type", "filter.attributes.count"),
        ({"attributes.count": 2**63}, "out_of_range", "filter.attributes.count"),
        ({"attributes.count__range": [1]}, "wrong_type", "filter.attributes.count__range"),
        ({"attributes.count__range": [1, None]}, "wrong_type", "filter.attributes.count__range"),
        ({"attributes.count__isnull": 1}, "wrong_type", "filter.attributes.count__isnull"),
        ({"attributes.count__isnull": None}, "wrong_type", "filter.attributes.count__isnull"),
        ({"attributes.region": 5}, "wrong_type", "filter.attributes.region"),
        ({"attributes.region__icontains": 5}, "wrong_type", "filter.attributes.region__icontains"),
        ({"attributes.pending": 1}, "wrong_type", "filter.attributes.pending"),
        ({"attributes.tags": "red"}, "wrong_type", "filter.attributes.tags"),
        ({"attributes.tags__has": ["red"]}, "wrong_type", "filter.attributes.tags__has"),
        ({"attributes.tags__has_any": "red"}, "wrong_type", "filter.attributes.tags__has_any"),
        ({"attributes.who": {"name": "Ada"}}, "invalid", "filter.attributes.who"),
        ({"attributes.place__within": [1, 2]}, "wrong_type", "filter.attributes.place__within"),
        ({"attributes.place__within": {"south": 0}}, "invalid", "filter.attributes.place__within"),
        ({"attributes.place__near": {}}, "invalid", "filter.attributes.place__near"),
        ({"and": {}}, "wrong_type", "filter.and"),
        ({"or": []}, "wrong_type", "filter.or"),
        ({"or": [5]}, "wrong_type", "filter.or[0]"),
        ({"or": [{}, {"and": [None]}]}, "wrong_type", "filter.or[1].and[0]"),
        ({"not": []}, "wrong_type", "filter.not"),
        ({"not": {"status": "GONE"}}, "unknown_code", "filter.not.status"),
        ({"AND": []}, "unknown_parameter", "filter.AND"),
        ({"$or": []}, "unknown_parameter", "filter.$or"),
        ([], "wrong_type", "filter"),
        (5, "wrong_type", "filter"),
        ("", "empty_body", "filter"),
        ("null", "wrong_type", "filter"),
        ("{", "unreadable_json", "filter"),
        ("{'status': 'NEW'}", "unreadable_json", "filter"),
        ('{"status": NaN}', "bad_number", "filter"),
        ('{"attributes.cost": 1e999999999}', "bad_number", "filter"),
        ('{"status": "NEW", "status": "OPEN"}', "duplicate_member", "filter"),
        ('{"status": "\\ud800"}', "bad_character", "filter"),
        ('{"status": "\\u0000"}', "bad_character", "filter"),
        ("\ufeff{}", "bad_encoding", "filter"),
    ],
    ids=lambda sent: ascii(sent)[:40],
)  # fmt: skip
def test_a_tree_that_cannot_be(api, sent, code, field):
    told(refused(api, tree(sent)), 400, code, field)


def nested(depth, inner):
    for _ in range(depth):
        inner = {"not": inner}
    return inner


def test_a_tree_has_so_many_levels_and_no_more(api):
    asked(api, query(tree(nested(DEPTH - 1, {"status": "NEW"}))))
    body = told(refused(api, tree(nested(DEPTH, {"status": "NEW"}))), 400, "too_deep")
    assert str(DEPTH) in body["detail"]
    for far in (100, 5_000):
        told(refused(api, tree('{"not":' * far + "{}" + "}" * far)), 400, "too_deep", "filter")


def test_a_query_has_so_many_terms_and_no_more(api):
    most = {"or": [{"next_update": number} for number in range(MOST_TERMS)]}
    asked(api, query(tree(most)))
    told(refused(api, tree(most), ("status", "NEW")), 400, "bad_filter", "status")
    one_more = {"or": [*most["or"], {"status": "NEW"}]}
    body = told(refused(api, tree(one_more)), 400, "bad_filter")
    assert str(MOST_TERMS) in body["detail"]


@pytest.mark.parametrize("wide", [{"or": [{}] * 5_000}, {"and": [{"or": [{}] * 51}]}])
def test_a_tree_is_so_wide_and_no_wider(api, wide):
    body = told(refused(api, tree(wide)), 400, "bad_filter")
    assert str(MOST_TERMS) in body["detail"]


def test_a_parameter_is_sent_once(api):
    told(api.get("/v1/incident?status=NEW&status=OPEN"), 400, "bad_filter", "status")
    told(api.get("/v1/incident?filter={}&filter={}"), 400, "bad_filter", "filter")


def test_all_faults_are_reported_at_once(api):
    response = refused(
        api,
        ("statsu", "NEW"),
        ("attributes.count", "five"),
        ("sort", "nothing"),
        ("fields", "id,nothing"),
        ("total", "all"),
        ("filter", '{"or": [{"status": "GONE"}, {"attributes.nothing": 1}], "not": 5}'),
    )
    body = told(response, 400, "invalid")
    assert [(error["field"], error["code"]) for error in body["errors"]] == [
        ("total", "bad_total"),
        ("sort", "bad_sort"),
        ("fields", "unknown_field"),
        ("statsu", "unknown_parameter"),
        ("attributes.count", "wrong_type"),
        ("filter.or[0].status", "unknown_code"),
        ("filter.or[1].attributes.nothing", "unknown_attribute"),
        ("filter.not", "wrong_type"),
    ]


@pytest.mark.parametrize(
    "sent",
    [
        "&".join(f"p{number}=1" for number in range(900)),
        query(tree({str(number): 1 for number in range(5_000)})),
        query(tree({"or": [{f"{name}.{number}": 1 for name in range(9)} for number in range(50)]})),
        query(("fields", ",".join(map(str, range(5_000))))),
    ],
    ids=["parameters", "members", "items", "fields"],
)
def test_endless_faults_are_cut_short(api, sent):
    response = api.get(f"/v1/incident?{sent}")
    assert response.status_code == 400
    assert len(response.json()["errors"]) == MOST_FAULTS


@pytest.mark.parametrize(
    "sent",
    [
        "status=%00",
        "attributes.region=a%00b",
        "filter=%00",
        "attributes.%00=5",
        "%00",
        "status=%FF%FE",
        "attributes.region__icontains=%ED%A0%80",
        "%ED%A0%80=1",
        "attributes.count=%D9%A5",
        "status=%",
        "status=%ZZ",
        "status",
        "status=",
        "=",
        "=NEW",
        "&&&status=GONE",
        "filter=%7B%22status%22:%22%ED%A0%80%22%7D",
        "filter=%EF%BB%BF{}",
        "filter=" + "a" * 200_000,
        "&".join(["a=1"] * 2_000),
    ],
    ids=lambda sent: sent[:30],
)
def test_an_odd_query_is_never_an_accident(api, sent):
    response = api.get(f"/v1/incident?{sent}")
    assert response.status_code in {200, 400}
    if response.status_code == 400:
        told(response, 400, response.json()["code"])


@pytest.mark.parametrize(
    "sent", ["attributes.region=%FF", "attributes.region=%", "&", "status=NEW&"]
)
def test_an_odd_query_may_ask_for_something(api, sent):
    asked(api, sent)


NAMES = [
    "status", "date", "id", "next_update", "backdated", "attributes.count", "attributes.cost",
    "attributes.region", "attributes.seen", "attributes.day", "attributes.took", "attributes.at",
    "attributes.pending", "attributes.doc", "attributes.place", "attributes.who", "attributes.link",
    "attributes.host", "attributes.key", "attributes.cause", "attributes.colour", "attributes.tags",
]  # fmt: skip
OPERATORS = [
    "", "__exact", "__ne", "__in", "__nin", "__gt", "__lte", "__range", "__isnull", "__icontains",
    "__iexact", "__istartswith", "__has", "__has_any", "__contains", "__within", "__near", "__x",
]  # fmt: skip
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
EVERY = settings(
    max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


def check_told(response):
    if response.status_code != 200:
        told(response, 400, response.json()["code"])


def test_no_parameter_is_an_accident(api):
    @settings(EVERY)
    @given(
        name=st.builds(str.__add__, st.sampled_from(NAMES), st.sampled_from(OPERATORS)) | TEXTS,
        value=TEXTS
        | st.lists(st.integers() | st.decimals(), max_size=5).map(
            lambda numbers: ",".join(map(str, numbers))
        ),
    )
    def ask(name, value):
        check_told(refused(api, (name, value)))

    ask()


def test_no_tree_is_an_accident(api):
    members = st.dictionaries(
        st.builds(str.__add__, st.sampled_from(NAMES), st.sampled_from(OPERATORS)) | TEXTS,
        JSON,
        max_size=3,
    )
    trees = st.recursive(
        members | JSON,
        lambda inner: st.dictionaries(
            st.sampled_from(["and", "or", "not"]), inner | st.lists(inner, max_size=3)
        ),
        max_leaves=5,
    )

    @settings(EVERY)
    @given(sent=trees)
    def ask(sent):
        check_told(refused(api, tree(json.dumps(sent, default=str))))

    ask()
