"""The second wall, asked by raw SQL as the service's own role."""

import pytest
from django.db import DatabaseError, connection, transaction

from accounts import tenancy
from incidents.models import Incident
from tests.conftest import ACME, GLOBEX

pytestmark = pytest.mark.django_db


def rows(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


TENANT_TABLES = """
    SELECT class.relname, class.relrowsecurity AND class.relforcerowsecurity,
           (SELECT attname FROM pg_attribute
             WHERE attrelid = class.oid AND attnum = key.indkey[0])
    FROM pg_class AS class
    JOIN pg_attribute AS tenant ON tenant.attrelid = class.oid AND tenant.attname = 'tenant_id'
    JOIN pg_index AS key ON key.indrelid = class.oid AND key.indisprimary
    WHERE class.relnamespace = 'public'::regnamespace AND class.relkind IN ('r', 'p')
"""


def test_every_table_with_a_tenant_forces_row_security_and_begins_its_key_with_it():
    tables = rows(TENANT_TABLES)
    assert {name for name, _, _ in tables} == {
        "accounts_apitoken",
        "attributes_claim",
        "history_tenantevent",
        "incidents_comment",
        "incidents_count",
        "incidents_incident",
    }
    assert all(forced and first == "tenant_id" for _, forced, first in tables)


def test_the_service_is_no_superuser_and_owns_nothing():
    assert rows("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user") == [
        (False, False)
    ]
    assert rows("SELECT relname FROM pg_class WHERE relowner = current_user::regrole") == []


@pytest.mark.parametrize(
    "table",
    ["accounts_apitoken", "history_tenantevent", "incidents_comment", "incidents_incident"],
)
def test_without_a_tenant_there_is_nothing(table, make_incident, owner_api):
    incident = make_incident()
    owner_api.post(f"/v1/incident/{incident['id']}/comments", {"text": "Hello"})
    rows("SET LOCAL app.token_digest = ''")
    assert rows(f"SELECT count(*) FROM {table}") == [(0,)]


def test_another_tenants_rows_cannot_be_touched(make_incident):
    incident = make_incident()
    with tenancy.scope(GLOBEX), connection.cursor() as cursor:
        cursor.execute("UPDATE incidents_incident SET name = 'Mine'")
        assert cursor.rowcount == 0
        cursor.execute("DELETE FROM incidents_incident WHERE id = %s", [incident["id"]])
        assert cursor.rowcount == 0


def test_no_row_can_be_given_to_another_tenant(make_incident):
    make_incident()
    with pytest.raises(DatabaseError, match="row-level security"), tenancy.scope(ACME):
        Incident.objects.update(tenant_id=GLOBEX)


@pytest.mark.parametrize("table", ["history_tenantevent", "history_instanceevent"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET name = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
def test_history_cannot_be_rewritten(table, statement):
    with pytest.raises(DatabaseError, match="permission denied"), tenancy.scope(ACME):
        rows(statement.format(table))


def test_a_presented_digest_opens_its_own_token_only(api_of):
    api_of(ACME, "viewer")
    api_of(GLOBEX, "viewer")
    with tenancy.scope(ACME):
        [(digest,)] = rows("SELECT digest FROM accounts_apitoken")
    rows("SELECT set_config('app.token_digest', %s, true)", digest)
    assert rows("SELECT tenant_id FROM accounts_apitoken") == [(ACME,)]


def test_scope_gives_back_the_outer_tenant(make_incident):
    with tenancy.scope(ACME):
        with tenancy.scope(GLOBEX):
            pass
        assert rows("SELECT current_setting('app.tenant_id')") == [(ACME,)]
    assert rows("SELECT current_setting('app.tenant_id')") == [("",)]


# Surveys of every tenant


COUNTED = "SELECT count(*) FROM incidents_incident"
IN_FORCE = """
    SELECT current_user, current_setting('statement_timeout'),
           current_setting('transaction_read_only'), current_setting('app.tenant_id', true)
"""


@pytest.fixture
def of_each(make_incident, cleo):
    """An incident of each tenant."""
    make_incident()
    make_incident(cleo)


def test_a_survey_sees_every_tenants_incidents_and_then_no_more(of_each):
    with tenancy.survey():
        assert rows(COUNTED) == [(2,)]
    assert rows(COUNTED) == [(0,)]


def test_a_survey_sees_nothing_but_what_surveys_are_about():
    seen = """
        SELECT relname FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
          AND has_table_privilege(current_user, oid, 'SELECT')
    """
    with tenancy.survey():
        assert {name for (name,) in rows(seen)} == {
            "attributes_attributemeta",
            "attributes_claim",
            "attributes_epoch",
            "attributes_job",
            "attributes_optionset",
            "attributes_spareslot",
            "incidents_count",
            "incidents_incident",
        }


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM incidents_incident",
        "UPDATE attributes_epoch SET version = 9",
        "CREATE TABLE x ()",
    ],
)
def test_a_survey_writes_nothing(statement, of_each):
    with pytest.raises(DatabaseError, match=r"denied|read-only"), tenancy.survey():
        rows(statement)


def test_a_survey_inside_a_tenants_transaction_gives_back_what_was_in_force(of_each):
    with tenancy.scope(ACME):
        before = rows(IN_FORCE)
        with tenancy.survey():
            assert rows(COUNTED) == [(2,)]
            assert rows(IN_FORCE) != before
        assert rows(IN_FORCE) == before
        assert rows(COUNTED) == [(1,)]


def test_a_survey_that_fails_gives_back_what_was_in_force(of_each):
    before = rows(IN_FORCE)
    for statement in ("SELECT 1 / 0", "SELECT nothing"):
        with pytest.raises(DatabaseError), tenancy.survey():
            rows(statement)
        assert rows(IN_FORCE) == before
    with pytest.raises(KeyError), tenancy.survey():
        raise KeyError
    assert rows(IN_FORCE) == before


def test_a_survey_inside_a_survey_is_still_one(of_each):
    with tenancy.survey():
        with tenancy.survey():
            pass
        assert rows(COUNTED) == [(2,)]
    assert rows(COUNTED) == [(0,)]


def test_what_was_written_before_a_survey_in_a_transaction_stays_written(make_incident):
    with transaction.atomic():
        make_incident()
        with tenancy.survey():
            assert rows(COUNTED) == [(1,)]
    with tenancy.scope(ACME):
        assert rows(COUNTED) == [(1,)]


def test_a_stream_that_is_left_leaves_the_connection_as_it_was():
    with tenancy.survey():
        streamed = tenancy.stream("SELECT generate_series(1, %s)", [100_000])
        assert [next(streamed) for _ in range(3)] == [(1,), (2,), (3,)]
        streamed.close()
    assert rows("SELECT 1") == [(1,)]


def test_a_stream_fails_as_any_statement_does():
    with pytest.raises(DatabaseError, match="division"), tenancy.survey():
        list(tenancy.stream("SELECT 1 / (3 - number) FROM generate_series(1, 9) AS number"))
    assert rows("SELECT 1") == [(1,)]
