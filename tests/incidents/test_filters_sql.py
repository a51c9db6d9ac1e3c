"""What a client sends is never the text of a statement: neither names nor values."""

import ast
import json
import re
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.presenter import COLUMNS
from tests.incidents.listing import query, row, store
from tests.types.strategies import OPTIONS

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parents[2]
MARK = "QzXv"
HOSTILE = [
    "{}", "'{}", "{}'--", "'; DROP TABLE incidents_incident; --{}", '"{}"', "{}%s", "%({})s", "%{}",
    "${}$", "$$ {} $$", "E'\\{}'", "\\{}", "{}::jsonb", "/*{}*/", "{}\\", "?{}", "{{{}}}", "a1'{}",
    "U&'{}'", "{},", '"{},{}"',
]  # fmt: skip
MARKED = st.builds(
    lambda form, before, after: before + form.replace("{}", MARK) + after,
    st.sampled_from(HOSTILE),
    st.text(max_size=3),
    st.text(max_size=3),
).filter(lambda text: not re.search("[\x00\ud800-\udfff]", text))
NUMBER = 73917391  # a mark as well
DAY = "2173-07-13"
TEXTUAL = [
    "name", "description", "reported_by", "location", "created_by", "attributes.region",
    "attributes.note", "attributes.who", "attributes.doc",
]  # fmt: skip
ODD = ["status", "id", "date", "attributes.count", "attributes.place", "attributes.tags"]
OPERATORS = ["", "exact", "ne", "in", "nin", "gt", "lte", "range", "icontains", "contains", MARK]
NAMES = st.one_of(
    st.builds(
        lambda name, operator: f"{name}__{operator}" if operator else name,
        st.sampled_from([*TEXTUAL, *ODD]),
        st.sampled_from(OPERATORS),
    ),
    MARKED,
    MARKED.map("attributes.{}".format),
    MARKED.map("attributes.region__{}".format),
)


@pytest.fixture
def api(viewer_api, make_attribute):
    slot = make_attribute("region", "STRING").slot
    for name, type_ in [
        ("note", "TEXT"), ("who", "USER"), ("doc", "JSON"), ("count", "INTEGER"),
        ("cost", "NUMBER"), ("place", "GEO_POINT"),
        ("seen", "DATETIME"), ("day", "DATE"), ("link", "URL"),
    ]:  # fmt: skip
        make_attribute(name, type_)
    tags = [*OPTIONS, {"code": f"{MARK}.1"}]
    make_attribute("tags", "MULTISELECT", rules={"options": tags})
    make_attribute("colour", "SELECT", rules={"options": tags})
    store([row(number, attributes={slot: MARK}) for number in range(3)])
    return viewer_api


@contextmanager
def statements():
    """The text of every statement that is sent in here, apart from its parameters."""
    sent = []

    def note(execute, sql, parameters, many, context):
        sent.append(sql)
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(note):
        yield sent


# All that the statement of a list is made of.
WORDS = {
    "SELECT", "FROM", "WHERE", "AND", "OR", "IS", "NOT", "NULL", "TRUE", "true", "false", "ANY",
    "ILIKE", "ORDER", "BY", "ASC", "DESC", "NULLS", "LAST", "LIMIT", "OFFSET", "CASE", "WHEN",
    "THEN", "END", "AS", "EXPLAIN", "FORMAT", "JSON", "count", "matching", "stamp",
    "attributes_epoch", "incidents_incident", "tenant_id", "id", "jsonb", "text", "uuid", "bigint",
    "boolean", "timestamptz", "float8", "radians", "sin", "cos", "asin", "sqrt", "least",
    "CROSS", "JOIN", "LATERAL", "ALL", "answer", "asking", "set_config", "key0", "key1", "key2",
    "in_force", "coalesce", "row_id", "xmin", "generate_series", "first_rows", "now",
}  # fmt: skip
TOKEN = re.compile(
    r"""\s+ | %s | ::|->>?|\#>>|@>|<=|>=|[<>=+*/^(),\[\].-] | (?P<quoted>"[a-z_]+")
    | (?P<literal>'(?:a[1-9][0-9]*|lat|lon|subject|app\.tenant_id|\{\})')
    | (?P<number>[0-9][0-9.]*)
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)""",
    re.VERBOSE,
)
NUMBERS = {"0", "1", "2", "6371008.8", "1000000000"}


def check_made_of_our_own(sql):
    place = 0
    while place < len(sql):
        token = TOKEN.match(sql, place)
        assert token, sql[place:]
        found = token.groupdict()
        if found["quoted"]:
            assert found["quoted"].strip('"') in COLUMNS
        if found["word"]:
            assert found["word"] in WORDS, found["word"]
        if found["number"]:
            assert found["number"] in NUMBERS or re.search("(LIMIT|OFFSET) $", sql[:place]), sql
        place = token.end()


def check(api, *parameters):
    with statements() as sent:
        response = api.get(f"/v1/incident?{query(*parameters)}")
    assert response.status_code in {200, 400}, response.json()
    for sql in sent:
        assert MARK.lower() not in sql.lower(), sql
        assert str(NUMBER) not in sql, sql
        assert "2173" not in sql, sql
        if "FROM incidents_incident" in sql:
            check_made_of_our_own(sql)
    return response


EVERY = settings(
    max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


def test_no_name_and_no_value_of_a_parameter(api):
    @settings(EVERY)
    @given(name=NAMES, value=MARKED)
    def ask(name, value):
        check(api, (name, value))

    ask()


def test_no_name_and_no_value_of_a_tree(api):
    @settings(EVERY)
    @given(
        tree=st.recursive(
            st.dictionaries(NAMES, MARKED | st.lists(MARKED, max_size=2), max_size=3),
            lambda inner: st.fixed_dictionaries({"and": st.lists(inner, max_size=2), "not": inner}),
            max_leaves=4,
        )
    )
    def ask(tree):
        check(api, ("filter", json.dumps(tree)))

    ask()


def test_no_other_parameter(api):
    @settings(EVERY)
    @given(
        name=st.sampled_from(["sort", "fields", "total", "page", "size", "cursor", "filter"]),
        value=st.one_of(
            MARKED,
            MARKED.map("attributes.{}".format),
            MARKED.map("attributes.region,{}".format),
            MARKED.map("id,{}".format),
        ),
    )
    def ask(name, value):
        assert check(api, (name, value)).status_code == 400

    ask()


VALID = [
    ("attributes.region", f"'{MARK}'"),
    ("attributes.region__in", f'{MARK},"{MARK},\'"'),
    ("attributes.region__icontains", f"%{MARK}\\"),
    ("attributes.note__iexact", MARK),
    ("attributes.who", f"{MARK}'"),
    ("attributes.doc", f'{{"{MARK}": "{MARK}"}}'),
    ("attributes.doc__contains", f'["{MARK}", {NUMBER}]'),
    ("attributes.count", str(NUMBER)),
    ("attributes.count__in", f"{NUMBER},{NUMBER}"),
    ("attributes.count__range", f"{NUMBER},{NUMBER}"),
    ("attributes.cost__gt", f"{NUMBER}.5"),
    ("attributes.place__near", f"1.7391739,1.7391739,{NUMBER / 10}"),
    ("attributes.place__within", "1.7391739,2.1739173,3,4"),
    ("attributes.seen__lt", f"{DAY}T00:00:00Z"),
    ("attributes.day", DAY),
    ("attributes.link", f"https://{MARK}.example/"),
    ("attributes.tags__has_any", f"red,{MARK}.1"),
    ("attributes.tags", f"red,{MARK}.1"),
    ("attributes.colour__nin", f"{MARK}.1"),
    ("name__istartswith", f"{MARK}_%"),
    ("description__in", f"{MARK},x"),
    ("next_update__gt", str(NUMBER)),
    ("date__range", f"{DAY}T00:00:00Z,now"),
    ("id", f"{NUMBER}-0000-7000-8000-000000000000"),
]


@pytest.mark.parametrize(("name", "value"), VALID)
@pytest.mark.parametrize("total", ["total=exact", "total=none", "sort=attributes.region"])
def test_a_value_is_a_parameter(api, name, value, total):
    beside = tuple(total.split("="))
    assert check(api, (name, value), beside).status_code == 200
    assert check(api, (name, value), beside, ("filter", json.dumps({"not": {}}))).status_code == 200


def test_what_a_cursor_holds_is_a_parameter(api):
    for sort in ("attributes.region", "name", "attributes.region,ASC"):
        first = check(api, ("sort", sort), ("size", "1")).json()
        cursor = first["page"]["next_cursor"]
        assert check(api, ("sort", sort), ("cursor", cursor)).status_code == 200


# What stands in the text of statements: constants, slots, and the SQL that is made of those.
FROM_US = {
    "'' if is_null else 'NOT '", "', '.join(assignments)", "', '.join(members)", "EARTH_RADIUS",
    "UNPACKED", "_NAMES", "OF_TENANT", "_PLACES", "_VERSION", "_matching(condition)",
    "_unpacked(a)", "a.slot",
    "box.sql", "column", "condition.sql", "distance", "end", "first.target.sql", "key.target.sql",
    "self.compared_as",
    "lat", "limit", "listed", "lon", "n", "name", "offset", "read", "order.sql", "self.array",
    "show(_unpacked(attribute))", "slots", "statement", "target.mark", "target.marks", "target.sql",
    "target.text", "tenancy.ASKING", "text", "value", "values", "where.sql", "word",
    "columns", "listed(presenter.columns)", "pages.select(columns)", "stamped(shown)",
    "stamped(columns)", "head", "rows.sql", "first.sql", "most", "condition_then.sql",
    "query.condition.found_by",
}  # fmt: skip
SQL = re.compile(
    r"\b(SELECT|INSERT|UPDATE|DELETE|WHERE|FROM|AND|IS|ILIKE|EXPLAIN|LIMIT|ANY)\b|::|@>|%s"
)
READERS = [
    *sorted((ROOT / "attributes/filters").glob("*.py")),
    *sorted((ROOT / "incidents").glob("*.py")),
]


@pytest.mark.parametrize("path", READERS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_only_our_own_stands_in_a_statement(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.JoinedStr) or not SQL.search(ast.unparse(node)):
            continue
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                text = ast.unparse(part.value)
                assert text in FROM_US, f"{path}:{part.lineno}: {text}"
