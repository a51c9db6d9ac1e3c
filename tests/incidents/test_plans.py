"""The statements of a list, planned by PostgreSQL as the service's role over 50,000 incidents."""

import itertools
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections
from psycopg import sql

from accounts import tenancy
from accounts.principal import Principal, Role
from attributes.filters.language import Reader
from attributes.operations.define import define_attribute
from attributes.operations.index import Done, reconcile
from attributes.schema import schemas
from incidents import pages, sorting, ways
from incidents.pages import Part, Query
from incidents.targets import targets_at
from incidents.totals import Wanted
from incidents.ways import WALKED, Way
from tests import conftest
from tests.conftest import ACME, GLOBEX

ROWS = 50_000
OPTIONS = [
    *({"code": code} for code in ("DB", "DISK", "DNS", "MAIL", "NET", "RAM", "UI", "WEB")),
    {"code": "WWW", "retired": True, "replaced_by": "WEB"},
]
ATTRIBUTES = {
    "count": ("INTEGER", {}, "g"),
    "loss": ("NUMBER", {}, "g * 1.37"),
    "ticket": ("STRING", {}, "'T' || g"),
    "kind": ("SELECT", {"options": OPTIONS}, "(ARRAY['DB', 'DISK', 'DNS', 'MAIL'])[mod(g, 4) + 1]"),
    "seen": ("DATETIME", {}, "'2024-01-01T00:00:00.' || lpad(g::text, 6, '0') || 'Z'"),
    "tags": (
        "MULTISELECT",
        {"options": OPTIONS},
        'CASE WHEN mod(g, 500) = 0 THEN \'["UI", "WEB"]\' ELSE \'["DB"]\' END::jsonb',
    ),
    "lead": ("USER", {}, "jsonb_build_object('subject', 'u' || g, 'name', '')"),
    "level": ("INTEGER", {}, "CASE WHEN mod(g, 2) = 0 THEN g END"),
}
VIRTUAL = {"level": {"required": True, "missing_value": 9_999}}  # of every other incident
FILL = """
    INSERT INTO incidents_incident (id, tenant_id, name, status, type, date, description,
        reported_by, attributes, location, severity, next_update, backdated, created_at,
        created_by, updated_at, updated_by, occ_lock)
    SELECT gen_random_uuid(), %s, 'Disk full', 'NEW', 'OTHERS', now(), '', 'Jo',
           jsonb_strip_nulls(jsonb_build_object({values})), '', '', 0, false,
           now() - g * interval '1 second', 'Jo', now(), 'Jo', 0
    FROM generate_series(1, %s) AS g
"""


@pytest.fixture(scope="module")
def slots(django_db_setup, django_db_blocker):
    """Every attribute with its index, and incidents of two tenants with values of each."""
    dee = Principal("dee", "Dee", ACME, frozenset({Role.DEPLOYER}))
    with django_db_blocker.unblock():
        slots = {}
        for name, (type_, rules, _) in ATTRIBUTES.items():
            members = {"name": name, "type": type_, "rules": rules, "indexed": True}
            members |= VIRTUAL.get(name, {})
            slots[name] = define_attribute(principal=dee, members=members).slot
        values = ", ".join(f"'{slots[name]}', {made}" for name, (*_, made) in ATTRIBUTES.items())
        for tenant_id in (ACME, GLOBEX):
            with tenancy.scope(tenant_id), connection.cursor() as cursor:
                cursor.execute(FILL.format(values=values), [tenant_id, ROWS // 2])
        assert {outcome.done for outcome in reconcile()} == {Done.BUILT}
        yield slots
        conftest.empty()
        connections.close_all()


def plan(query, position=None, run=0):
    """How a run of a page is carried out, the first one."""
    return plan_of(query, sorting.runs(query.keys, position)[run])


def plan_of(query, run):
    statement, parameters = pages.page_select(schemas.now(), query, run, 51).of(ACME)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}", parameters)
        return "\n".join(line for (line,) in cursor.fetchall())


def asked(*filters, sort=()):
    targets = targets_at(schemas.now())
    faults = []
    keys = sorting.parse(sort, targets, faults)
    reader = Reader(targets, datetime.now(UTC), faults=faults)
    condition = reader.parameters({name: [text] for name, text in filters})
    assert not faults
    return Query(condition, keys, used=tuple(reader.used))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "operator", "text"),
    [
        ("count", "", "77"),
        ("count", "__in", "77,78"),
        ("count", "__range", "70,80"),
        ("count", "__lt", "20"),
        ("loss", "", "1.37"),
        ("loss", "__lte", "20"),
        ("ticket", "", "T77"),
        ("ticket", "__in", "T1,T2,T3"),
        ("ticket", "__gt", "T9999"),
        ("seen", "__lt", "2024-01-01T00:00:00.000020Z"),
        ("kind", "", "WEB"),
        ("kind", "", "WWW"),
        ("kind", "__in", "WEB,UI"),
        ("tags", "", "UI,WWW"),
        ("tags", "__has", "WEB"),
        ("tags", "__has_any", "WEB,UI"),
        ("tags", "__has_all", "WEB,UI"),
        ("lead", "", "u77"),
        ("lead", "__in", "u1,u2"),
    ],
)
def test_a_filter_that_finds_few_uses_the_index(slots, name, operator, text):
    found = plan(asked((f"attributes.{name}{operator}", text)))
    assert f"incidents_incident_{slots[name]}" in found, found


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["count", "loss", "ticket", "seen"])
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
def test_a_sort_walks_the_index(slots, name, direction):
    found = plan(asked(sort=[f"attributes.{name},{direction}"]))
    assert f"incidents_incident_{slots[name]}" in found, found
    assert "Sort" not in found, found


@pytest.mark.django_db
def test_a_second_key_sorts_only_what_is_equal(slots):
    found = plan(asked(sort=["attributes.count,ASC", "date,DESC"]))
    assert f"incidents_incident_{slots['count']}" in found, found
    assert "Incremental Sort" in found, found


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "value"), [("count", 20_000), ("ticket", "T2"), ("seen", "2024-01-01T00:00:00.01Z")]
)
def test_a_cursor_goes_on_in_the_index(slots, name, value):
    position = [value, "e322ab0e-07b3-49bd-b904-7014512032e3"]
    found = plan(asked(sort=[f"attributes.{name},ASC"]), position)
    assert "Sort" not in found, found
    condition = next(line for line in found.splitlines() if "Index Cond" in line)
    assert "ROW" in condition, found


@pytest.mark.django_db
def test_a_mixed_cursor_begins_in_the_index(slots):
    position = [20_000, "2024-11-11T02:57:27Z", "e322ab0e-07b3-49bd-b904-7014512032e3"]
    found = plan(asked(sort=["attributes.count,ASC", "date,DESC"]), position)
    condition = next(line for line in found.splitlines() if "Index Cond" in line)
    assert "'20000'::numeric" in condition, found


@pytest.mark.django_db
def test_the_index_tells_old_incidents_from_new_ones(slots, forgotten):
    """Some hundreds meet the filter, too many to look at each for the newest of them."""
    query, since = asked(("attributes.count__range", "3000,3400")), timedelta(seconds=3_100)
    question = pages._question(ACME, query)
    now = datetime.now(UTC)
    ways.lately.note_page(question, now - since, now - since, is_first=True)
    (lately,) = pages._lately_created(query, Part(50), sorting.runs(query.keys)[0], question)
    found = plan_of(query, lately)
    condition = next(line for line in found.splitlines() if "Index Cond" in line)
    assert f"incidents_incident_{slots['count']}" in found, found
    assert "'3400'::numeric" in condition, found
    assert "created_at >=" in condition, found


@pytest.mark.django_db
def test_a_status_and_the_usual_order_are_one_index(slots):
    found = plan(asked(("status", "CLOSED")))
    assert "incident_status" in found, found
    assert "Sort" not in found, found


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("operator", "text"),
    [("", "78"), ("__in", "76,78"), ("__range", "70,80"), ("__lt", "20"), ("__gte", "24990")],
)
def test_a_filter_uses_the_index_where_no_value_is_read_as_another(slots, operator, text):
    """What is asked of the missing value is answered before a row is looked at."""
    found = plan(asked((f"attributes.level{operator}", text)))
    assert f"incidents_incident_{slots['level']}" in found, found


@pytest.mark.django_db
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("run", [0, -1])
def test_a_sort_walks_the_index_on_both_sides_of_what_is_read_for_none(slots, direction, run):
    found = plan(asked(sort=[f"attributes.level,{direction}"]), run=run)
    assert f"incidents_incident_{slots['level']}" in found, found
    assert "Sort" not in found, found


@pytest.mark.django_db
@pytest.mark.parametrize(("value", "reads"), [(20, True), (20_000, False)])
def test_a_cursor_reads_only_runs_that_are_to_come(slots, value, reads):
    position = [value, "e322ab0e-07b3-49bd-b904-7014512032e3"]
    for run in (0, 1):
        found = plan(asked(sort=["attributes.level,ASC"]), position, run)
        assert ("One-Time Filter: false" not in found) == reads, found


def plans_after(query, size=50, times=20):
    """How often its last statement was planned for its values, and how often it was not.

    It is asked for that often after a start in which the way to its page is found.
    """
    for _ in range(3 + times):
        pages.read(ACME, schemas.now(), query, Part(size), Wanted.NONE)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT statement, custom_plans, generic_plans FROM pg_prepared_statements"
            " WHERE statement LIKE '%%incidents_incident%%' ORDER BY prepare_time DESC LIMIT 1"
        )
        (found,) = cursor.fetchall()
    return found


@pytest.fixture
def forgotten(monkeypatch):
    """No way is known."""
    monkeypatch.setattr(ways, "lately", ways.Ways())


@pytest.mark.django_db
def test_a_filter_that_finds_few_is_planned_once(slots, forgotten):
    statement, custom, generic = plans_after(asked(("attributes.ticket", "T77")))
    assert "AS first_rows" in statement
    assert (custom, generic > 10) == (5, True)


@pytest.mark.django_db
def test_a_filter_that_many_meet_is_planned_once(slots, forgotten):
    statement, custom, generic = plans_after(asked(("attributes.kind", "DB")))
    assert f"LIMIT {WALKED}) AS first_rows" in statement
    assert (custom, generic > 10) == (5, True)


@pytest.mark.django_db
def test_a_filter_in_the_order_of_its_index_is_planned_once(slots, forgotten):
    query = asked(("attributes.count__gte", "500"), sort=["attributes.count,DESC"])
    statement, custom, generic = plans_after(query)
    assert "AS first_rows" not in statement
    assert (custom, generic > 10) == (5, True)


@pytest.mark.django_db
def test_any_other_filter_is_prepared_but_planned_for_its_values_each_time(slots, forgotten):
    """More than a page meets it, and the newest thousands do not."""
    statement, custom, generic = plans_after(asked(("attributes.count__gte", "24000")))
    assert "AS first_rows" not in statement
    assert (custom > 10, generic) == (True, 0)


WAYS = {
    Way.FEW: [("ticket", "T77"), ("kind", "DB"), ("count__lt", "20"), ("count__gte", "20")],
    Way.WALK: [("ticket", "T77"), ("kind", "DB"), ("tags__has", "WEB"), ("level__gte", "7")],
}


@pytest.mark.django_db
@pytest.mark.parametrize("plan_for", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize(
    ("way", "filtered"), [(way, filtered) for way in WAYS for filtered in WAYS[way]]
)
def test_a_bounded_way_reads_no_more_than_its_first_rows(slots, way, filtered, plan_for):
    """By an index that has them in that order, whether PostgreSQL knows the values or not."""
    name, text = filtered
    query = asked((f"attributes.{name}", text))
    select = pages.page_select(schemas.now(), query, sorting.runs(query.keys)[0], 51, way=way)
    statement, parameters = select.of(ACME)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('plan_cache_mode', %s, true)", [plan_for])
        numbers = itertools.count(1)
        numbered = re.sub("%s", lambda _: f"${next(numbers)}", statement)
        cursor.execute(f"PREPARE page AS {numbered}")
        values = ", ".join(sql.Literal(value).as_string(None) for value in parameters)
        cursor.execute(f"EXPLAIN EXECUTE page ({values})")
        found = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("DEALLOCATE page")
    index = slots[name.partition("__")[0]] if way is Way.FEW else "created"
    scan = next(line for line in found.splitlines() if "on incidents_incident" in line)
    assert "Index Scan" in scan, found
    assert index in scan, found
    assert found.count("Sort Key") == (way is Way.FEW), found
