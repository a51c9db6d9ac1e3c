"""The cast. Ada writes for acme and Vi reads there; Dee defines; Cleo writes for globex."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from rest_framework.test import APIClient

from accounts import operations, tenancy
from accounts.principal import Principal, Role
from attributes.models import AttributeMeta
from attributes.operations.define import define_attribute
from incidents.operations.incidents import create_incident

ACME, GLOBEX = "acme", "globex"


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


@pytest.fixture
def api_of(db: None) -> Callable[..., APIClient]:
    """A client with a real token: ``api_of("acme", "viewer")``."""

    def connect(tenant_id: str, *roles: str, **token: Any) -> APIClient:
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

    return connect


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
def committed(transactional_db: None) -> Iterator[None]:
    """Transactions that really commit, for tests with threads; everything is emptied afterwards."""
    yield
    connections.close_all()
    call_command("flush", interactive=False, verbosity=0)
