"""Who may do what in the database, decided by the database itself.

The *owner* owns the tables and migrates them. The *application* role, which the service connects
as, owns nothing and meets a wall on every table that has a tenant: it sees the rows of the tenant
its transaction has named, and none before it has named one. The *surveyor* cannot log in: the
service becomes it for a transaction that reads the rows of every tenant, of a few tables, and can
write nothing.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from incidents_project.database import leakproof
from incidents_project.refusals import Conflict

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Role:
    """A role that may log in; without a password where the server asks for none."""

    name: str
    password: str = ""


_ANYBODY = "public"  # as the catalogue of policies says it


@dataclass(frozen=True, slots=True)
class Policy:
    """One row-level security policy; without ``check`` it does not speak about new rows."""

    name: str
    command: LiteralString
    using: sql.Composable
    check: sql.Composable | None = None
    role: str = _ANYBODY


_OF_TENANT = sql.SQL("tenant_id = nullif(current_setting('app.tenant_id', true), '')")
_OF_DIGEST = sql.SQL("digest = nullif(current_setting('app.token_digest', true), '')")
WALL = Policy("tenant_isolation", "ALL", _OF_TENANT, _OF_TENANT)
# A token names its tenant, so it must be found (and its last use noted) before a tenant is known.
TOKEN_TABLE = "accounts_apitoken"  # noqa: S105
TOKEN_DOORS = (
    Policy("token_presented", "SELECT", _OF_DIGEST),
    Policy("token_used", "UPDATE", _OF_DIGEST, _OF_DIGEST),
)
_SURVEY = "tenant_survey"
_LONGEST_NAME = 63  # bytes; PostgreSQL cuts off the rest
_GRANTS_SAY_MORE = 160_000  # the version since which a grant, not a role, says what is inherited


def surveyor_of(app: str) -> str:
    """The name of the role as which the service reads the rows of every tenant."""
    suffix = "_survey"
    if len(app.encode()) + len(suffix) > _LONGEST_NAME:
        suffix = f"_{hashlib.sha256(app.encode()).hexdigest()[:8]}{suffix}"
    return app.encode()[: _LONGEST_NAME - len(suffix)].decode(errors="ignore") + suffix


def _door_of(surveyor: str) -> Policy:
    """What lets the surveyor see.

    It asks who it is once more: a role that was made to inherit from it is still somebody else. As
    a query of its own this is asked once, not of every row.
    """
    using = sql.SQL("(SELECT current_user = {})").format(sql.Literal(surveyor))
    return Policy(_SURVEY, "SELECT", using, role=surveyor)


def is_provisioned(connection: Connection, *, app: str, database: str) -> bool:
    """Whether ``provision`` has made all there is to make by now."""
    return database_exists(connection, database) and may_survey(connection, app)


def database_exists(connection: Connection, database: str) -> bool:
    """Whether the server has a database of that name."""
    return _one(connection, "SELECT 1 FROM pg_database WHERE datname = %s", database) is not None


def provision(
    admin: Connection,
    *,
    owner: Role,
    app: Role,
    database: str,
    owner_creates_databases: bool = False,
) -> list[str]:
    """Make the roles and the database, or put right what is there; answer what was done.

    ``admin`` is in autocommit mode and may create roles and databases.
    """
    _require_fit(admin, owner=owner.name, app=app.name)
    done = [_provide_role(admin, role) for role in (owner, app)]
    done.append(_provide_surveyor(admin, app.name))
    if owner_creates_databases:
        _run(admin, "ALTER ROLE {} CREATEDB", owner.name)
    if not _is_superuser(admin):  # an administrator of a hosted server acts for the owner
        _run(admin, "GRANT {} TO CURRENT_USER", owner.name)
    done.append(_provide_database(admin, database, owner.name))
    with psycopg.connect(_inside(admin, database)) as inside:
        _run(inside, "REVOKE ALL ON DATABASE {} FROM PUBLIC", database)
        _run(inside, "GRANT CONNECT ON DATABASE {} TO {}", database, app.name)
        _run(inside, "ALTER SCHEMA public OWNER TO {}", owner.name)
        _run(inside, "REVOKE ALL ON SCHEMA public FROM PUBLIC")
        _run(inside, "REVOKE CREATE ON SCHEMA public FROM {}", app.name)
        _run(inside, "GRANT USAGE ON SCHEMA public TO {}", app.name)
        done.append(_provide_indexes(inside, database))
    done.append(f"role {app.name} may connect to {database} and owns nothing in it")
    return done


def build_walls(
    connection: Connection,
    app: str,
    *,
    append_only: Collection[str] = (),
    surveyed: Collection[str] = (),
) -> None:
    """Wall in every table that has a tenant, and grant ``app`` what it needs, no more.

    Its surveyor may read what is ``surveyed``. Asked of the catalogue, after every migration, so
    that no table can be forgotten. A table made by other means stays closed to ``app`` until then:
    there are no default privileges.
    """
    surveyor = surveyor_of(app)
    with connection.transaction():
        _require_fit(connection, app=app, owner=connection.info.user)
        _require_there(connection, app)
        for table in _tables_of_tenants(connection):
            _wall(connection, table, _policies(table, surveyor, surveyed))
            if table not in surveyed:
                _run(connection, "DROP POLICY IF EXISTS {} ON public.{}", _SURVEY, table)
        _grant(connection, app, append_only)
        _grant_survey(connection, surveyor, surveyed)


def _policies(table: str, surveyor: str, surveyed: Collection[str]) -> Iterator[Policy]:
    yield WALL
    if table == TOKEN_TABLE:
        yield from TOKEN_DOORS
    if table in surveyed:
        yield _door_of(surveyor)


def _require_fit(connection: Connection, *, owner: str, app: str) -> None:
    surveyor = surveyor_of(app)
    if owner in {app, surveyor}:
        raise Conflict(
            f"DATABASE_URL names the role {app}, and DATABASE_OWNER_URL {owner}, which would be the"
            " service's as well. The service must not own its tables: name two roles."
        )
    query = "SELECT 1 FROM pg_roles WHERE rolname = %s AND (rolsuper OR rolbypassrls)"
    for role in (app, surveyor):
        if _one(connection, query, role):
            raise Conflict(
                f"The role {role}, of the service's DATABASE_URL, is a superuser or bypasses"
                " row-level security, so tenants would not be kept apart. Name another role."
            )


def _require_there(connection: Connection, app: str) -> None:
    if not _one(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", app):
        raise Conflict(
            f"The role {app} of DATABASE_URL does not exist. 'manage.py setup_database' makes it."
        )
    if not may_survey(connection, app):
        raise Conflict(
            f"The role {surveyor_of(app)}, as which {app} reads the rows of every tenant, does not"
            " exist or is not granted to it. Run 'manage.py setup_database' once more: it makes"
            " that role."
        )


def may_survey(connection: Connection, app: str) -> bool:
    """Whether the surveyor is there, for ``app`` to become."""
    query = """
        SELECT pg_has_role(app.oid, surveyor.oid, 'MEMBER')
        FROM pg_roles AS app, pg_roles AS surveyor
        WHERE app.rolname = %s AND surveyor.rolname = %s
        """
    return bool(_one(connection, query, app, surveyor_of(app)))


def _provide_role(admin: Connection, role: Role) -> str:
    known = _one(admin, "SELECT 1 FROM pg_roles WHERE rolname = %s", role.name) is not None
    _run(admin, "ALTER ROLE {} LOGIN" if known else "CREATE ROLE {} LOGIN", role.name)
    # Compiling takes longer than any of the service's statements, and the planner cannot know.
    _run(admin, "ALTER ROLE {} SET jit = off", role.name)
    if role.password:
        # Hashed here, so that the password never stands in the server's log.
        hashed = admin.pgconn.encrypt_password(
            role.password.encode(), role.name.encode(), b"scram-sha-256"
        )
        statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
        admin.execute(statement.format(sql.Identifier(role.name), sql.Literal(hashed.decode())))
    what = f"role {role.name} {'was there' if known else 'made'}"
    return f"{what}, its password set" if role.password else what


def _provide_surveyor(admin: Connection, app: str) -> str:
    """A role to become, not to log in as. ``app`` may become it, and is not it all the time."""
    name = surveyor_of(app)
    known = _one(admin, "SELECT 1 FROM pg_roles WHERE rolname = %s", name) is not None
    _run(admin, "ALTER ROLE {} NOLOGIN" if known else "CREATE ROLE {} NOLOGIN", name)
    if admin.info.server_version >= _GRANTS_SAY_MORE:
        _run(admin, "GRANT {} TO {} WITH INHERIT FALSE, SET TRUE", name, app)
    else:
        _run(admin, "ALTER ROLE {} NOINHERIT", app)
        _run(admin, "GRANT {} TO {}", name, app)
    return f"role {name} {'was there' if known else 'made'}, for {app} to read every tenant's rows"


def _provide_database(admin: Connection, database: str, owner: str) -> str:
    query = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s"
    found = _one(admin, query, database)
    if found is None:
        create: LiteralString = "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'"
        _run(admin, create, database, owner)
        return f"database {database} made"
    if found != owner:
        _run(admin, "ALTER DATABASE {} OWNER TO {}", database, owner)
        return f"database {database} was there and belonged to {found}; now to {owner}"
    return f"database {database} was there"


def _provide_indexes(inside: Connection, database: str) -> str:
    if _is_superuser(inside):
        leakproof.mark(inside)
    if leakproof.indexes_usable(inside):
        return f"{database} can use indexes of attributes"
    return (
        f"{database} cannot use indexes of attributes behind the walls, so filters read all of a"
        " tenant's incidents; run this once as a superuser to change that"
    )


def _inside(connection: Connection, database: str) -> str:
    """The same way in, to another database."""
    # Not info.dsn: it leaves out the password, and needs a home directory.
    options = [option for option in connection.pgconn.info if option.val]
    given = {option.keyword.decode(): (option.val or b"").decode() for option in options}
    return make_conninfo(**given | {"dbname": database})


def _is_superuser(connection: Connection) -> bool:
    return bool(_one(connection, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))


def _tables_of_tenants(connection: Connection) -> list[str]:
    """Every table of the schema with a ``tenant_id``, one wall each."""
    rows = connection.execute(
        """
        SELECT relname FROM pg_class
        JOIN pg_attribute ON attrelid = pg_class.oid
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
          AND attname = 'tenant_id' AND NOT attisdropped
        ORDER BY relname
        """
    )
    return [name for (name,) in rows]


def _wall(connection: Connection, table: str, policies: Iterable[Policy]) -> None:
    # Only what is missing: each of these locks the table for a moment.
    query = """
        SELECT relrowsecurity AND relforcerowsecurity FROM pg_class
        WHERE relname = %s AND relnamespace = 'public'::regnamespace
        """
    if not _one(connection, query, table):
        _run(connection, "ALTER TABLE public.{} ENABLE ROW LEVEL SECURITY", table)
        _run(connection, "ALTER TABLE public.{} FORCE ROW LEVEL SECURITY", table)
    for policy in policies:
        if not _stands(connection, table, policy):
            _run(connection, "DROP POLICY IF EXISTS {} ON public.{}", policy.name, table)
            connection.execute(_create(policy, table))


def _create(policy: Policy, table: str) -> sql.Composed:
    statement = sql.SQL("CREATE POLICY {} ON public.{} FOR {} TO {} USING ({})").format(
        sql.Identifier(policy.name),
        sql.Identifier(table),
        sql.SQL(policy.command),
        sql.SQL("PUBLIC") if policy.role == _ANYBODY else sql.Identifier(policy.role),
        policy.using,
    )
    if policy.check is None:
        return statement
    return statement + sql.SQL(" WITH CHECK ({})").format(policy.check)


def _stands(connection: Connection, table: str, policy: Policy) -> bool:
    """Whether the table has exactly this policy."""
    found = connection.execute(
        """
        SELECT permissive, roles::text[], cmd, qual, with_check FROM pg_policies
        WHERE schemaname = 'public' AND tablename = %s AND policyname = %s
        """,
        (table, policy.name),
    ).fetchone()
    if found is None:
        return False
    permissive, roles, command, using, check = found
    wanted = ("PERMISSIVE", [policy.role], policy.command, _sql(policy.using), _sql(policy.check))
    return (permissive, roles, command, _bare(using), _bare(check)) == wanted


def _sql(condition: sql.Composable | None) -> str:
    return "" if condition is None else _bare(condition.as_string(None))


def _bare(expression: str | None) -> str:
    """An expression without what PostgreSQL adds to it: casts, brackets, capitals."""
    return re.sub(r"::text|::name|[()\s]", "", (expression or "").lower())


def _grant(connection: Connection, app: str, append_only: Collection[str]) -> None:
    _run(connection, "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}", app)
    _run(connection, "REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {}", app)
    _run(connection, "GRANT USAGE ON SCHEMA public TO {}", app)
    _run(connection, "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}", app)
    rights: LiteralString = "SELECT, INSERT, UPDATE, DELETE"
    _run(connection, "GRANT " + rights + " ON ALL TABLES IN SCHEMA public TO {}", app)
    for table, forbidden in _exceptions(connection, append_only):
        _run(connection, forbidden, table, app)


def _grant_survey(connection: Connection, surveyor: str, surveyed: Collection[str]) -> None:
    _run(connection, "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}", surveyor)
    _run(connection, "GRANT USAGE ON SCHEMA public TO {}", surveyor)
    for table in _tables(connection):
        if table in surveyed:
            _run(connection, "GRANT SELECT ON public.{} TO {}", table, surveyor)


def _tables(connection: Connection) -> list[str]:
    rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return [name for (name,) in rows]


def _exceptions(
    connection: Connection, append_only: Collection[str]
) -> Iterator[tuple[str, LiteralString]]:
    for table in _tables(connection):
        if table == "django_migrations":
            yield table, "REVOKE INSERT, UPDATE, DELETE ON public.{} FROM {}"
        elif table in append_only:
            yield table, "REVOKE UPDATE, DELETE ON public.{} FROM {}"


def _run(connection: Connection, statement: LiteralString, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _one(connection: Connection, query: LiteralString, *parameters: str) -> Any:
    """The first column of the first row; None without a row."""
    row = connection.execute(query, parameters).fetchone()
    return None if row is None else row[0]
