"""What the application role may do: its tenant's rows, and nothing it was not given."""

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from incidents_project.database import roles
from incidents_project.refusals import Conflict

TABLES = """
CREATE TABLE notes (tenant_id varchar(64), id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE log (tenant_id text, id int GENERATED ALWAYS AS IDENTITY, said text);
CREATE TABLE codes (code text PRIMARY KEY);
CREATE TABLE django_migrations (name text);
CREATE TABLE accounts_apitoken (tenant_id varchar(64), digest varchar(64), used int);
"""


@pytest.fixture
def owner(scratch, connect):
    connection = connect("incidents_owner")
    connection.execute(TABLES)
    roles.build_walls(connection, "incidents_app", append_only={"log", "not_there_yet"})
    return connection


@pytest.fixture
def app(owner, connect):
    return connect("incidents_app")


def enter(connection, tenant):
    connection.execute("SELECT set_config('app.tenant_id', %s, false)", (tenant,))


def count(connection, table):
    return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def test_without_a_tenant_there_are_no_rows(app):
    enter(app, "acme")
    app.execute("INSERT INTO notes VALUES ('acme', 1)")
    enter(app, "")
    assert count(app, "notes") == 0


def test_another_tenants_rows_are_not_there(app):
    enter(app, "acme")
    app.execute("INSERT INTO notes VALUES ('acme', 1)")
    enter(app, "globex")
    assert count(app, "notes") == 0
    assert app.execute("DELETE FROM notes").rowcount == 0


def test_a_row_cannot_be_written_for_another_tenant(app):
    enter(app, "globex")
    with pytest.raises(InsufficientPrivilege, match="row-level security"):
        app.execute("INSERT INTO notes VALUES ('acme', 1)")


def test_the_owner_meets_the_wall_too(owner, app):
    enter(app, "acme")
    app.execute("INSERT INTO notes VALUES ('acme', 1)")
    assert count(owner, "notes") == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log SET said = ''",
        "DELETE FROM log",
        "TRUNCATE log",
        "TRUNCATE notes",
        "INSERT INTO django_migrations VALUES ('x')",
        "CREATE TABLE mine ()",
        "ALTER TABLE notes DISABLE ROW LEVEL SECURITY",
        "SET ROLE incidents_owner",
    ],
)
def test_the_application_role_may_not(app, statement):
    enter(app, "acme")
    with pytest.raises(InsufficientPrivilege):
        app.execute(statement)


def test_an_append_only_table_can_be_appended_to_and_read(app):
    enter(app, "acme")
    app.execute("INSERT INTO log (tenant_id, said) VALUES ('acme', 'hello')")
    assert count(app, "log") == 1


def test_a_table_of_no_tenant_is_open(app):
    app.execute("INSERT INTO codes VALUES ('NEW')")
    assert count(app, "codes") == 1


def test_a_table_made_since_stays_closed_until_walls_are_built(owner, app):
    owner.execute("CREATE TABLE later (tenant_id text)")
    with pytest.raises(InsufficientPrivilege):
        count(app, "later")
    roles.build_walls(owner, "incidents_app")
    assert count(app, "later") == 0


def test_a_presented_token_is_found_before_its_tenant_is_known(app):
    enter(app, "acme")
    app.execute("INSERT INTO accounts_apitoken VALUES ('acme', 'd1', 0), ('acme', 'd2', 0)")
    enter(app, "")
    app.execute("SELECT set_config('app.token_digest', 'd1', false)")
    assert app.execute("SELECT digest FROM accounts_apitoken").fetchall() == [("d1",)]
    assert app.execute("UPDATE accounts_apitoken SET used = 1").rowcount == 1
    assert app.execute("DELETE FROM accounts_apitoken").rowcount == 0


def policies(connection):
    return connection.execute("SELECT oid, polname FROM pg_policy ORDER BY oid").fetchall()


def test_building_again_leaves_what_stands(owner):
    before = policies(owner)
    roles.build_walls(owner, "incidents_app", append_only={"log"})
    assert policies(owner) == before


def test_a_wall_with_a_hole_is_built_again(owner, app):
    owner.execute("ALTER POLICY tenant_isolation ON notes USING (true)")
    owner.execute("ALTER TABLE log NO FORCE ROW LEVEL SECURITY")
    owner.execute("GRANT UPDATE ON log TO incidents_app")
    roles.build_walls(owner, "incidents_app", append_only={"log"})
    enter(app, "acme")
    app.execute("INSERT INTO notes VALUES ('acme', 1)")
    enter(app, "globex")
    assert count(app, "notes") == 0
    forced = "SELECT relforcerowsecurity FROM pg_class WHERE relname = 'log'"
    assert owner.execute(forced).fetchone() == (True,)
    with pytest.raises(InsufficientPrivilege):
        app.execute("UPDATE log SET said = ''")


@pytest.mark.parametrize(
    ("app_role", "words"),
    [
        ("postgres", "superuser"),
        ("incidents_owner", "two roles"),
        ("nobody_here", "does not exist"),
    ],
)
def test_a_role_that_would_see_through_walls_is_refused(owner, app_role, words):
    with pytest.raises(Conflict, match=words):
        roles.build_walls(owner, app_role)


@pytest.fixture
def deployer_roles(server, connect):
    admin = connect("postgres", "postgres")
    yield admin
    admin.execute("DROP DATABASE IF EXISTS their_db WITH (FORCE)")
    for role in ("their_app", "their_owner"):
        admin.execute(f"DROP ROLE IF EXISTS {role}")


def provision(admin, **overrides):
    wanted = {
        "owner": roles.Role("their_owner", "o'wner"),
        "app": roles.Role("their_app", "äpp"),
        "database": "their_db",
    }
    return roles.provision(admin, **wanted | overrides)


def test_provision_makes_roles_and_database_and_says_so(deployer_roles, connect):
    assert provision(deployer_roles) == [
        "role their_owner made, its password set",
        "role their_app made, its password set",
        "database their_db made",
        "their_db can use indexes of attributes",
        "role their_app may connect to their_db and owns nothing in it",
    ]
    connect("their_owner", "their_db").execute("CREATE TABLE notes (tenant_id text)")
    for kind in ("TABLE", "TEMP TABLE"):
        with pytest.raises(InsufficientPrivilege):
            connect("their_app", "their_db").execute(f"CREATE {kind} mine ()")
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        connect("incidents_app", "their_db")


def test_provision_again_finds_it_all_there(deployer_roles):
    provision(deployer_roles)
    assert provision(deployer_roles)[2] == "database their_db was there"


def test_a_password_is_never_sent_as_text(deployer_roles):
    provision(deployer_roles)
    query = "SELECT rolpassword FROM pg_authid WHERE rolname = 'their_app'"
    assert deployer_roles.execute(query).fetchone()[0].startswith("SCRAM-SHA-256$")


def test_a_superuser_is_refused_as_the_services_role(deployer_roles):
    with pytest.raises(Conflict, match="superuser"):
        provision(deployer_roles, app=roles.Role("postgres"))


def test_an_administrator_who_is_no_superuser_is_enough(deployer_roles, connect):
    deployer_roles.execute("CREATE ROLE hosted LOGIN CREATEROLE CREATEDB")
    try:
        done = provision(connect("hosted", "postgres"))
        assert "database their_db made" in done
        assert any("cannot use indexes of attributes" in line for line in done)
        connect("their_owner", "their_db").execute("CREATE TABLE notes (tenant_id text)")
    finally:
        deployer_roles.execute("DROP DATABASE IF EXISTS their_db WITH (FORCE)")
        deployer_roles.execute("DROP ROLE IF EXISTS their_app")
        deployer_roles.execute("DROP ROLE IF EXISTS their_owner")
        deployer_roles.execute("DROP ROLE hosted")
