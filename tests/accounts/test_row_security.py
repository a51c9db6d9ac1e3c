"""The second wall, asked by raw SQL as the service's own role."""

import pytest
from django.db import DatabaseError, connection

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
