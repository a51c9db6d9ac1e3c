"""What the application role may do: its tenant's rows, and nothing it was not given."""

from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from incidents_project.database import cluster, roles
from incidents_project.refusals import Conflict

TABLES = """
CREATE TABLE notes (tenant_id varchar(64), id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE log (tenant_id text, id int GENERATED ALWAYS AS IDENTITY, said text);
CREATE TABLE codes (code text PRIMARY KEY);
CREATE TABLE django_migrations (name text);
CREATE TABLE accounts_apitoken (tenant_id varchar(64), digest varchar(64), used int);
"""


def build_walls(connection):
    roles.build_walls(
        connection,
        "incidents_app",
        append_only={"log", "not_there_yet"},
        surveyed={"notes", "codes", "not_there_yet"},
    )


@pytest.fixture
def owner(scratch, connect):
    connection = connect("incidents_owner")
    connection.execute(TABLES)
    build_walls(connection)
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
    build_walls(owner)
    assert policies(owner) == before


def test_a_wall_with_a_hole_is_built_again(owner, app):
    owner.execute("ALTER POLICY tenant_isolation ON notes USING (true)")
    owner.execute("ALTER TABLE log NO FORCE ROW LEVEL SECURITY")
    owner.execute("GRANT UPDATE ON log TO incidents_app")
    build_walls(owner)
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


# Surveys of every tenant


@contextmanager
def surveying(connection):
    with connection.transaction():
        connection.execute("SET LOCAL ROLE incidents_app_survey")
        yield connection


@pytest.fixture
def noted(app):
    """Two tenants' rows in each table."""
    for tenant in ("acme", "globex"):
        enter(app, tenant)
        app.execute("INSERT INTO notes VALUES (%s, 1)", (tenant,))
        app.execute("INSERT INTO log (tenant_id) VALUES (%s)", (tenant,))
        app.execute("INSERT INTO accounts_apitoken VALUES (%s, %s)", (tenant, tenant))
    enter(app, "")
    return app


def test_the_surveyor_sees_every_tenants_rows(noted):
    with surveying(noted):
        assert count(noted, "notes") == 2


def test_the_service_gives_the_role_back_with_the_transaction(noted):
    with surveying(noted):
        pass
    assert noted.execute("SELECT current_user").fetchone() == ("incidents_app",)
    assert count(noted, "notes") == 0


@pytest.mark.parametrize("table", ["log", "accounts_apitoken", "django_migrations"])
def test_the_surveyor_sees_no_other_table(noted, table):
    with pytest.raises(InsufficientPrivilege, match="denied for table"), surveying(noted):
        count(noted, table)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO notes VALUES ('acme', 2)",
        "UPDATE notes SET id = 2",
        "DELETE FROM notes",
        "SELECT FROM notes FOR UPDATE",
        "TRUNCATE notes",
        "INSERT INTO codes VALUES ('NEW')",
        "CREATE TABLE mine ()",
        "SELECT nextval('log_id_seq')",
    ],
)
def test_the_surveyor_writes_nothing(noted, statement):
    with pytest.raises(InsufficientPrivilege), surveying(noted):
        noted.execute(statement)


def test_nobody_logs_in_as_the_surveyor(server, connect):
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        connect("incidents_app_survey", "incidents")


@pytest.fixture
def inheriting(server, connect):
    """The service's role is the surveyor all the time: somebody meant well."""
    admin = connect("postgres", "postgres")
    admin.execute("ALTER ROLE incidents_app INHERIT")
    if admin.info.server_version >= 160_000:
        admin.execute("GRANT incidents_app_survey TO incidents_app WITH INHERIT TRUE")
    yield admin
    with admin:
        provisioned(admin)


def provisioned(admin):
    names = {"owner": cluster.OWNER, "app": cluster.APP}
    wanted = {kind: roles.Role(name) for kind, name in names.items()}
    return roles.provision(admin, **wanted, database=cluster.DATABASE)


INHERITS = "SELECT pg_has_role('incidents_app', 'incidents_app_survey', 'USAGE')"


def test_the_service_does_not_see_what_the_surveyor_does_even_if_it_inherits(noted, inheriting):
    assert noted.execute(INHERITS).fetchone() == (True,)
    assert count(noted, "notes") == 0
    enter(noted, "acme")
    assert noted.execute("SELECT tenant_id FROM notes").fetchall() == [("acme",)]


def test_the_service_does_not_inherit_and_provision_sees_to_it(app, inheriting):
    provisioned(inheriting)
    assert app.execute(INHERITS).fetchone() == (False,)


def test_a_table_that_is_surveyed_no_more_is_closed_to_the_surveyor(owner, noted):
    roles.build_walls(owner, "incidents_app")
    with pytest.raises(InsufficientPrivilege, match="denied for table"), surveying(noted):
        count(noted, "notes")
    assert "tenant_survey" not in {name for _, name in policies(owner)}


@pytest.mark.parametrize("grant", ["", "CREATE ROLE their_app_survey"])
def test_walls_are_not_built_without_the_surveyor(grant, owner, deployer_roles):
    deployer_roles.execute("CREATE ROLE their_app")
    deployer_roles.execute(grant)
    with pytest.raises(Conflict, match="setup_database"):
        roles.build_walls(owner, "their_app")


def test_a_surveyor_who_could_do_more_is_refused(deployer_roles):
    deployer_roles.execute("CREATE ROLE their_app_survey BYPASSRLS")
    with pytest.raises(Conflict, match="their_app_survey"):
        provision(deployer_roles)


def test_the_owner_is_no_surveyor(deployer_roles):
    with pytest.raises(Conflict, match="two roles"):
        provision(deployer_roles, owner=roles.Role("their_app_survey"))


@pytest.mark.parametrize("app", ["a" * 56, "a" * 57, "a" * 63, "é" * 31])
def test_the_surveyors_name_is_one_that_postgresql_keeps(app):
    surveyor = roles.surveyor_of(app)
    assert len(surveyor.encode()) <= 63
    assert surveyor.endswith("_survey")
    assert surveyor != roles.surveyor_of(app[:-1])


def test_a_long_name_gets_its_surveyor(deployer_roles, connect):
    app = roles.Role("their ä \"'(" + "o" * 50)
    provision(deployer_roles, app=app)
    their_owner = connect("their_owner", "their_db")
    their_owner.execute(TABLES)
    roles.build_walls(their_owner, app.name, surveyed={"notes"})
    before = policies(their_owner)
    roles.build_walls(their_owner, app.name, surveyed={"notes"})
    assert policies(their_owner) == before


@pytest.fixture
def deployer_roles(server, connect):
    admin = connect("postgres", "postgres")
    yield admin
    admin.execute("DROP DATABASE IF EXISTS their_db WITH (FORCE)")
    for (role,) in admin.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'their%'"):
        admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


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
        "role their_app_survey made, for their_app to read every tenant's rows",
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
    assert provision(deployer_roles)[2:4] == [
        "role their_app_survey was there, for their_app to read every tenant's rows",
        "database their_db was there",
    ]


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
        their_owner = connect("their_owner", "their_db")
        their_owner.execute("CREATE TABLE notes (tenant_id text)")
        roles.build_walls(their_owner, "their_app", surveyed={"notes"})
        assert provision(connect("hosted", "postgres"))[2].startswith("role their_app_survey was")
        their_app = connect("their_app", "their_db")
        their_app.execute("SET ROLE their_app_survey")
        assert count(their_app, "notes") == 0
    finally:
        deployer_roles.execute("DROP DATABASE IF EXISTS their_db WITH (FORCE)")
        deployer_roles.execute("DROP ROLE IF EXISTS their_app, their_app_survey, their_owner")
        deployer_roles.execute("DROP ROLE hosted")
