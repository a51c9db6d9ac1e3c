"""``check_attributes``: what does not agree is found, and what can be mended is mended."""

import io
from datetime import timedelta
from decimal import Decimal
from uuid import UUID as UUID_
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, connections
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import tenancy
from attributes import canonical, check, types
from attributes.check import Kind, Report
from attributes.models import Alias, AttributeMeta, Claim, SlotState, SpareSlot, State
from attributes.operations.archive import Archive
from attributes.operations.change import carry_out
from attributes.operations.rename import Rename
from incidents import counts
from incidents.models import Count
from incidents_project.database import together
from incidents_project.database.owner import OWNER
from incidents_project.exact_json import dumps, loads
from tests.conftest import ACME, GLOBEX
from tests.incidents.listing import row, store
from tests.types.strategies import OPTIONS

pytestmark = pytest.mark.django_db

UUID = "e322ab0e-07b3-49bd-b904-7014512032e3"


def found():
    report = Report()
    for finding in check.check():
        report.add(finding)
    return report


def kinds():
    return found().counts


def command(*arguments):
    """The exit code, and what is printed to standard output."""
    out = io.StringIO()
    try:
        call_command("check_attributes", *arguments, stdout=out, stderr=io.StringIO())
    except SystemExit as ended:
        return ended.code, out.getvalue()
    return 0, out.getvalue()


def put(text, tenant=ACME):
    """An incident whose values are this JSON, behind the product's back; its id."""
    (id_,) = store([row(0, tenant_id=tenant)])
    with tenancy.scope(tenant), connection.cursor() as cursor:
        sql = "UPDATE incidents_incident SET attributes = %s::jsonb WHERE id = %s"
        cursor.execute(sql, [text, id_])
    return id_


# Values

OF = {"SELECT": {"options": OPTIONS}, "MULTISELECT": {"options": OPTIONS}}
CODE, OTHER = sorted(option["code"] for option in OPTIONS)[:2]
FINE = [
    ("BOOLEAN", "false"), ("STRING", '""'), ("STRING", '"é — 日本"'), ("TEXT", '"a\\nb"'),
    ("INTEGER", "-9223372036854775808"), ("INTEGER", "0"), ("NUMBER", "0.1"),
    ("NUMBER", "-12345678901234567890.00000000000000000001"), ("DATE", '"2024-02-29"'),
    ("DATE", '"0001-01-01"'), ("TIME", '"23:59:59.999999"'),
    ("DATETIME", '"1650-01-01T00:00:00.000000Z"'), ("DURATION", "0"),
    ("DURATION", "315576000000000000"), ("SELECT", f'"{CODE}"'), ("MULTISELECT", "[]"),
    ("MULTISELECT", f'["{CODE}", "{OTHER}"]'), ("URL", '"ftp://é.example/a"'),
    ("EMAIL", '"On.Call@example.com"'), ("IP", '"10.0.0.1"'), ("IP", '"2001:db8::1"'),
    ("UUID", f'"{UUID}"'), ("GEO_POINT", '{"lat": -90, "lon": 179.1234567}'),
    ("USER", '{"subject": "ü", "name": ""}'), ("JSON", '{"a": [null, 0.25, {}], "b": "1.10"}'),
    ("JSON", "[" * 16 + "]" * 16), ("JSON", dumps([[]] * 4_000).decode()),
]  # fmt: skip
WRONG = [
    ("BOOLEAN", '"false"'), ("BOOLEAN", "0"), ("STRING", "5"), ("STRING", '"a\\nb"'),
    ("TEXT", "[]"), ("INTEGER", '"5"'), ("INTEGER", "5.0"), ("INTEGER", "9223372036854775808"),
    ("INTEGER", "0.5"), ("NUMBER", "0.10"), ("NUMBER", '"1"'), ("NUMBER", "1e50"),
    ("DATE", '"2023-02-29"'), ("DATE", '"2024-1-1"'), ("TIME", '"24:00:00.000000"'),
    ("TIME", '"12:00"'), ("DATETIME", '"2024-11-11T02:57:27Z"'),
    ("DATETIME", '"2024-11-31T00:00:00.000000Z"'), ("DURATION", '"PT1H"'), ("DURATION", "-1"),
    ("DURATION", "1.5"), ("SELECT", "[]"), ("SELECT", '""'), ("MULTISELECT", f'"{CODE}"'),
    ("MULTISELECT", f'["{OTHER}", "{CODE}"]'), ("MULTISELECT", f'["{CODE}", "{CODE}"]'),
    ("URL", '"HTTPS://example.com"'), ("URL", '"example.com"'), ("EMAIL", '"a@EXAMPLE.com"'),
    ("EMAIL", "{}"), ("IP", '"10.0.0.01"'), ("IP", '"2001:DB8::1"'), ("UUID", f'"{UUID.upper()}"'),
    ("GEO_POINT", '{"lat": 91, "lon": 0}'), ("GEO_POINT", '{"lat": 1.10, "lon": 0}'),
    ("GEO_POINT", '{"lat": 1}'), ("GEO_POINT", '"1,1"'), ("USER", '{"subject": ""}'),
    ("USER", '{"subject": "u", "name": "", "age": 3}'), ("USER", '"u"'), ("JSON", '{"a": 1.50}'),
    ("JSON", "[" * 17 + "]" * 17), ("JSON", dumps([0] * 5_001).decode()),
    ("INCIDENT", '"none"'), ("INCIDENT", f'"{UUID.upper()}"'),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "text"), FINE)
def test_a_value_of_its_type_is_no_finding(type_, text, make_attribute):
    slot = make_attribute("value", type_, rules=OF.get(type_, {})).slot
    put(f'{{"{slot}": {text}}}')
    assert kinds() == {}


@pytest.mark.parametrize(("type_", "text"), WRONG)
def test_any_other_value_is_found(type_, text, make_attribute):
    slot = make_attribute("value", type_, rules=OF.get(type_, {})).slot
    id_ = put(f'{{"{slot}": {text}}}')
    report = found()
    assert report.counts == {Kind.VALUE: 1}
    assert report.examples[Kind.VALUE][0].startswith(f"{ACME}/{id_} value ({slot}): ")


ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.decimals(allow_nan=False, allow_infinity=False, places=3).map(Decimal)
    | st.sampled_from([loads(text) for _, text in FINE + WRONG])
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["lat", "lon", "subject", "name", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(values=st.lists(ANY_JSON, min_size=1, max_size=30))
def test_sql_is_never_surer_than_python_and_never_fails(values, db):
    documents = [dumps(value).decode() for value in values]
    for type_ in types.TYPES:
        typed = type_.configured(OF.get(type_.name, {}))
        condition = canonical.sure(typed, "value")
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT value::text FROM (SELECT unnest(%s::text[])::jsonb AS value) AS made"
                f" WHERE {condition}",
                [documents],
            )
            for (text,) in cursor.fetchall():
                assert canonical.wrong(typed, loads(text)) is None, (type_.name, text)


@pytest.mark.parametrize("type_", types.TYPES, ids=lambda type_: type_.name)
def test_sql_is_sure_of_an_ordinary_value(type_):
    typed = type_.configured(type_.example_rules)
    value = dumps(typed.clean(typed.an_example())).decode()
    with connection.cursor() as cursor:
        sql = f"SELECT {canonical.sure(typed, 'value')} FROM (SELECT %s::jsonb AS value) AS made"
        cursor.execute(sql, [value])
        # A list of options is one of few, each of which Python looks at once.
        assert cursor.fetchone()[0] is (type_.name != "MULTISELECT")


@pytest.mark.parametrize(
    "id_",
    [UUID, "a26ef3b3-27c9-40d6-a99d-4c85560c551a", str(UUID_(int=0)), str(UUID_(int=2**128 - 1))],
)
def test_sql_is_sure_of_the_form_of_every_reference(id_):
    for typed in (type_() for type_ in types.TYPES if type_.refers):
        with connection.cursor() as cursor:
            sql = (
                f"SELECT {canonical.sure(typed, 'value')} FROM (SELECT %s::jsonb AS value) AS made"
            )
            cursor.execute(sql, [f'"{id_}"'])
            assert cursor.fetchone() == (True,)


def test_rules_that_were_tightened_since_are_no_matter(make_attribute, make_incident):
    definition = make_attribute("region", "STRING")
    make_incident(attributes={"region": "somewhere"})
    AttributeMeta.objects.filter(id=definition.id).update(rules={"max_length": 3})
    assert kinds() == {}


def test_a_stored_null_is_found(make_attribute):
    put(f'{{"{make_attribute("doc", "JSON").slot}": null}}')
    assert kinds() == {Kind.NULL: 1}


@pytest.mark.parametrize("text", ["[]", "5", "null", '"a1"', '["a1"]'])
def test_values_that_are_no_object_are_found(text, make_attribute):
    make_attribute("count")
    put(text)
    assert kinds() == {Kind.SHAPE: 1}


@pytest.mark.parametrize("slot", ["a999", "count", "'; --", '"', "%s", "a1'", "x" * 500])
def test_a_slot_that_nobody_knows_is_found(slot, make_attribute):
    make_attribute("count")
    id_ = put(dumps({slot: 5}).decode())
    put(dumps({slot: None}).decode())
    report = found()
    assert report.counts == {Kind.SLOT: 2}
    assert report.examples[Kind.SLOT][0] == f"{ACME}/{id_} {slot[:50]}"


def test_slots_out_of_sight_are_known_and_their_values_looked_at(make_attribute, dee):
    slot = make_attribute("count").slot
    put(f'{{"{slot}": 5}}')
    carry_out(Archive("count", {}), principal=dee)
    assert kinds() == {}
    put(f'{{"{slot}": "5"}}')
    assert kinds() == {Kind.VALUE: 1}


def test_what_is_being_destroyed_is_not_looked_at(make_attribute):
    definition = make_attribute("count")
    SpareSlot.objects.create(
        slot="a900", attribute=definition, type="DATE", state=SlotState.PURGING
    )
    put('{"a900": "no date"}')
    assert kinds() == {Kind.IDLE: 1}


def test_originals_are_looked_at_by_their_own_type(make_attribute):
    definition = make_attribute("count")
    SpareSlot.objects.create(
        slot="a900", attribute=definition, type="STRING", state=SlotState.RETAINED
    )
    put('{"a900": "007"}')
    assert kinds() == {}
    put('{"a900": 7}')
    assert kinds() == {Kind.VALUE: 1}


@pytest.mark.parametrize(("type_", "text"), [("SELECT", '"GONE"'), ("MULTISELECT", '["GONE"]')])
def test_an_option_that_does_not_exist_is_found(type_, text, make_attribute):
    slot = make_attribute("value", type_, rules=OF[type_]).slot
    put(f'{{"{slot}": {text}}}')
    assert kinds() == {Kind.OPTION: 1}


def test_a_retired_option_is_an_option(make_attribute):
    options = [{"code": "NEW"}, {"code": "OLD", "retired": True}]
    slot = make_attribute("value", "SELECT", rules={"options": options}).slot
    put(f'{{"{slot}": "OLD"}}')
    assert kinds() == {}


def test_a_reference_to_what_is_gone_is_found(make_attribute, make_incident):
    slot = make_attribute("cause", "INCIDENT").slot
    make_incident(attributes={"cause": str(make_incident()["id"])})
    assert kinds() == {}
    put(f'{{"{slot}": "{UUID}"}}')
    report = found()
    assert report.counts == {Kind.REFERENCE: 1}
    assert report.examples[Kind.REFERENCE][0].endswith(f"cause ({slot}): names {UUID}")


def test_another_tenants_incident_is_as_good_as_none(make_attribute, make_incident, cleo):
    slot = make_attribute("cause", "INCIDENT").slot
    make_incident(attributes={})
    put(f'{{"{slot}": "{make_incident(cleo)["id"]}"}}')
    assert kinds() == {Kind.REFERENCE: 1}


def test_every_tenant_is_looked_at(make_attribute):
    slot = make_attribute("count").slot
    for tenant in (ACME, GLOBEX):
        put(f'{{"{slot}": "5"}}', tenant)
    report = found()
    assert report.counts == {Kind.VALUE: 2}
    assert {example.split("/")[0] for example in report.examples[Kind.VALUE]} == {ACME, GLOBEX}


def test_many_slots_are_looked_at_by_several_statements(make_attribute, monkeypatch):
    monkeypatch.setattr(check, "_TOGETHER", 3)
    slots = [make_attribute(f"value{number}").slot for number in range(7)]
    put(dumps(dict.fromkeys(slots, "5")).decode())
    assert kinds() == {Kind.VALUE: 7}


# Claims


@pytest.fixture
def ticket(make_attribute, make_incident):
    """A unique attribute that two incidents have values of."""
    definition = make_attribute("ticket", "STRING", unique=True)
    for value in ("A-1", 'a "ü"\t'):
        make_incident(attributes={"ticket": value})
    return definition


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        ("INTEGER", [1, 2]), ("NUMBER", [Decimal("0.5"), 10**17]),
        ("DATETIME", ["2024-11-11T02:57:27Z"]),
        ("USER", [{"subject": "u", "name": "U"}, "ö"]), ("JSON", [{"b": [1, "x"], "a": "é"}]),
    ],
)  # fmt: skip
def test_claims_of_any_type_agree_with_their_values(type_, values, make_attribute, make_incident):
    make_attribute("value", type_, unique=True)
    for value in values:
        make_incident(attributes={"value": value})
    assert kinds() == {}


def test_a_value_without_its_claim_is_found_and_mended(ticket):
    assert kinds() == {}
    with tenancy.scope(ACME):
        before = list(Claim.objects.values_list("slot", "digest", "host_id").order_by("digest"))
        Claim.objects.all().delete()
    assert kinds() == {Kind.UNCLAIMED: 2}
    assert command("--fix") == (0, "Mended claims: 2.\nEverything is as it should be.\n")
    with tenancy.scope(ACME):
        after = list(Claim.objects.values_list("slot", "digest", "host_id").order_by("digest"))
    assert after == before


def test_a_claim_without_its_value_is_found_and_mended(ticket):
    with tenancy.scope(ACME):
        kept = Claim.objects.first()
        of = {"tenant_id": ACME, "slot": kept.slot}
        Claim.objects.create(digest="0" * 64, host_id=kept.host_id, **of)
        Claim.objects.create(digest="1" * 64, host_id=uuid4(), **of)
        Claim.objects.create(digest="2" * 64, host_id=uuid4(), **of | {"slot": "a900"})
    assert kinds() == {Kind.CLAIM: 3}
    assert command("--fix") == (0, "Mended claims: 3.\nEverything is as it should be.\n")
    with tenancy.scope(ACME):
        assert Claim.objects.count() == 2


def test_of_two_incidents_with_one_value_one_stays_a_finding(ticket):
    put(f'{{"{ticket.slot}": "A-1"}}')
    assert kinds() == {Kind.UNCLAIMED: 1}
    assert command("--fix")[0] == 1


def test_claims_of_what_is_archived_stay(ticket, dee):
    carry_out(Archive("ticket", {}), principal=dee)
    assert kinds() == {}


# What is not of one incident


@pytest.mark.parametrize("error", [3, -2])
def test_a_wrong_count_is_found_and_mended(error, make_incident):
    make_incident()
    with tenancy.scope(ACME):
        together.carry_out(counts.add(ACME, error))
    report = found()
    assert report.counts == {Kind.COUNT: 1}
    assert report.examples[Kind.COUNT] == [f"{ACME}: {-error:+d}"]
    assert command("--fix") == (0, "Mended counts: 1.\nEverything is as it should be.\n")
    assert counts.total(ACME) == 1


def test_a_tenant_without_any_count_is_found_too(make_incident):
    make_incident()
    with tenancy.scope(ACME):
        Count.objects.all().delete()
    assert kinds() == {Kind.COUNT: 1}


def test_a_former_name_past_its_date_is_found_and_forgotten(make_attribute, dee):
    make_attribute("count")
    carry_out(Rename("count", {"name": "hits"}), principal=dee)
    assert kinds() == {}
    Alias.objects.update(until=timezone.now() - timedelta(seconds=1))
    report = found()
    assert report.examples == {Kind.ALIAS: ["count of hits"]}
    assert command("--fix") == (0, "Mended former names: 1.\nEverything is as it should be.\n")
    assert not Alias.objects.exists()


def test_a_slot_that_nobody_fills_or_destroys_is_found(make_attribute):
    filled, purged = make_attribute("count"), make_attribute("old")
    SpareSlot.objects.create(
        slot="a900", attribute=filled, type="STRING", state=SlotState.FILLING,
        filled_from=filled.slot,
    )  # fmt: skip
    AttributeMeta.objects.filter(id=purged.id).update(state=State.PURGING)
    assert found().examples == {
        Kind.IDLE: ["count (a900): FILLING", f"old ({purged.slot}): PURGING"]
    }


# The command


def test_a_clean_check_says_so_and_ends_with_0(make_attribute, make_incident):
    make_attribute("count")
    make_incident(attributes={"count": 5})
    assert command() == (0, "Everything is as it should be.\n")


def test_findings_are_told_line_by_line_with_a_few_examples(make_attribute, stored):
    slot = make_attribute("count").slot
    for _ in range(7):
        put(f'{{"{slot}": "secret"}}')
    put('{"a999": 1}')
    before = stored()
    code, said = command()
    lines = said.splitlines()
    assert code == 1
    assert [line.split(":")[0] for line in lines] == [
        "1 values in slots that nobody knows",
        "7 values that are not of their type",
    ]
    assert lines[1].count(ACME) == 5
    assert lines[1].endswith("; ...")
    assert "secret" not in said
    assert stored() == before


def test_mending_touches_no_value(make_attribute, stored):
    slot = make_attribute("count").slot
    put(f'{{"{slot}": "5", "a999": 1}}')
    before = stored()
    assert command("--fix")[0] == 1
    assert stored() == before


def test_a_database_that_refuses_ends_with_2(monkeypatch):
    def refuse():
        raise OperationalError("gone")

    monkeypatch.setattr(check.every, "now", refuse)
    with pytest.raises(CommandError) as refusal:
        command()
    assert refusal.value.returncode == 2


def test_mending_needs_the_owner(monkeypatch):
    monkeypatch.delitem(connections.databases, OWNER)
    with pytest.raises(CommandError) as refusal:
        command("--fix")
    assert refusal.value.returncode == 2
