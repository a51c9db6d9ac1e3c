"""The cast. Ada writes for acme and Vi reads there; Dee defines; Cleo writes for globex."""

import math
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.apps import apps
from django.db import connections
from django.test.utils import setup_databases, teardown_databases
from rest_framework.test import APIClient

from accounts import operations, tenancy
from accounts.principal import Principal, Role
from accounts.tenancy import TenantOwned
from attributes import usage
from attributes.models import AttributeMeta
from attributes.operations.define import define_attribute
from incidents.operations.incidents import create_incident

ACME, GLOBEX = "acme", "globex"


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: Any, django_db_modify_db_settings: None
) -> Iterator[None]:
    """The owner makes the database; the tests see it as the service does, through the walls."""
    with django_db_blocker.unblock():
        made = setup_databases(0, interactive=False, aliases={"owner", "default"})
    yield
    with django_db_blocker.unblock():
        connections.close_all()
        teardown_databases(made, verbosity=0)


@pytest.fixture(autouse=True)
def _no_count_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counters of use are written every few seconds, which would be one statement more."""
    monkeypatch.setattr(usage.counters, "due", math.inf)


@pytest.fixture
def ada() -> Principal:
    return Principal("ada", "Ada", ACME, frozenset({Role.INCIDENT_OWNER}))


@pytest.fixture
def dee() -> Principal:
    return Principal("dee", "Dee", ACME, frozenset({Role.DEPLOYER}))


@pytest.fixture
def cleo() -> Principal:
    return Principal("cleo", "Cleo", GLOBEX, frozenset({Role.INCIDENT_OWNER}))


@pytest.fixture
def make_attribute(dee: Principal) -> Callable[..., AttributeMeta]:
    def make(name: str = "count", type: str = "INTEGER", **members: Any) -> AttributeMeta:  # noqa: A002
        return define_attribute(principal=dee, members={"name": name, "type": type, **members})

    return make


DISK_FULL = {
    "name": "Disk full",
    "status": "NEW",
    "type": "SYSTEM_FAILURE",
    "date": "2024-11-11T02:57:27Z",
    "description": "db-2 writes nothing.",
    "reported_by": "John Doe",
}


@pytest.fixture
def make_incident(ada: Principal) -> Callable[..., dict[str, Any]]:
    def make(principal: Principal = ada, **overrides: Any) -> dict[str, Any]:
        return create_incident(principal=principal, body={**DISK_FULL, **overrides})

    return make


def client_of(tenant_id: str, *roles: str, **token: Any) -> APIClient:
    """A client with a real token: ``client_of("acme", "viewer")``."""
    client = APIClient()
    _, secret = operations.create_token(
        tenant_id=tenant_id,
        roles=[Role(role) for role in roles],
        name=f"{tenant_id} {'+'.join(roles)}",
        actor="tests",
        **token,
    )
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


@pytest.fixture
def api_of(db: None) -> Callable[..., APIClient]:
    """``client_of``, in a transaction that is undone."""
    return client_of


@pytest.fixture
def anonymous_api(db: None) -> APIClient:
    return APIClient()


@pytest.fixture
def viewer_api(api_of: Callable[..., APIClient]) -> APIClient:
    return api_of(ACME, "viewer")


@pytest.fixture
def owner_api(api_of: Callable[..., APIClient]) -> APIClient:
    return api_of(ACME, "incident_owner")


@pytest.fixture
def deployer_api(api_of: Callable[..., APIClient]) -> APIClient:
    return api_of(ACME, "deployer")


@pytest.fixture
def globex_api(api_of: Callable[..., APIClient]) -> APIClient:
    return api_of(GLOBEX, "incident_owner", "deployer")


@pytest.fixture
def acme(db: None) -> Iterator[None]:
    """The test's own queries are acme's."""
    with tenancy.scope(ACME):
        yield


@pytest.fixture
def stored(db: None) -> Callable[[], dict[str, Any]]:
    """All that is stored, but for tokens, as it is at each call."""
    ours = [apps.get_app_config(app) for app in ("history", "attributes", "incidents")]
    models = [model for app in ours for model in app.get_models()]
    walled = [model for model in models if issubclass(model, TenantOwned)]

    def read() -> dict[str, Any]:
        rows: dict[str, Any] = {}
        for model in set(models) - set(walled):
            rows[model.__name__] = list(model.objects.order_by().values_list())
        for tenant_id in (ACME, GLOBEX):
            with tenancy.scope(tenant_id):
                for model in walled:
                    name = f"{model.__name__} of {tenant_id}"
                    rows[name] = list(model.objects.order_by().values_list())
        return rows

    return read


MADE = "^incidents_incident_a[0-9]+$"  # indexes of attributes
KEPT = {"attributes_epoch", "incidents_code", "django_migrations", "django_content_type"}


def empty() -> None:
    """Take away what was committed: every row but those of the migrations, and indexes."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = {name for (name,) in cursor.fetchall()} - KEPT
        cursor.execute("TRUNCATE " + ", ".join(f'"{name}"' for name in sorted(tables)))
        # What this process knows of the definitions is not in force any more.
        cursor.execute("UPDATE attributes_epoch SET stamp = gen_random_uuid()")
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'i' AND relname ~ %s", [MADE])
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP INDEX "{name}"')
            cursor.execute(f'DROP STATISTICS IF EXISTS "{name}_values"')


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Transactions that really commit, for tests with threads; emptied afterwards."""
    with django_db_blocker.unblock():
        yield
        empty()
        connections.close_all()


@pytest.fixture
def together() -> Callable[..., list[Any]]:
    """Run calls at the same moment, each in a thread with a connection of its own."""

    def run(calls: list[Callable[[], Any]]) -> list[Any]:
        barrier = threading.Barrier(len(calls))

        def one(call: Callable[[], Any]) -> Any:
            try:
                connections["default"].ensure_connection()
                barrier.wait(timeout=30)
                return call()
            finally:
                connections.close_all()

        with ThreadPoolExecutor(len(calls)) as pool:
            return [future.result() for future in [pool.submit(one, call) for call in calls]]

    return run
