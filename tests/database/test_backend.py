"""What the product's own backend does otherwise than Django's."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import (
    DatabaseError,
    close_old_connections,
    connection,
    connections,
    transaction,
)
from django.db.backends.postgresql import base
from django.test import Client

from accounts import tenancy
from incidents.models import Incident
from tests.conftest import ACME, client_of

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def api(committed):
    return client_of(ACME, "viewer")


def begin_request():
    """What Django does first; its test client does not."""
    close_old_connections()


def cut():
    """End the connection at the server's side."""
    pid = connection.connection.info.backend_pid

    def end():
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        connections["default"].close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(end).result()


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("path", ["/v1/incident", "/readyz", "/admin/login/"])
def test_a_request_survives_a_connection_that_was_ended(api, path, trusted):
    client = api if path.startswith("/v1") else Client()
    client.cookies["sessionid"] = "nobody's"
    assert client.get(path).status_code == 200
    begin_request()
    assert client.get(path).status_code == 200
    cut()
    if not trusted:
        connection._trusted_until = 0.0
    begin_request()
    assert client.get(path).status_code == 200


def test_a_connection_in_use_is_not_asked_before_each_request(api, monkeypatch):
    asked = []
    usable = base.DatabaseWrapper.is_usable
    monkeypatch.setattr(
        base.DatabaseWrapper, "is_usable", lambda self: asked.append(self) or usable(self)
    )
    for _ in range(5):
        begin_request()
        assert api.get("/v1/incident").status_code == 200
    assert len(asked) <= 1
    connection._trusted_until = 0.0
    begin_request()
    assert api.get("/v1/incident").status_code == 200
    assert len(asked) >= 1


def current_tenant():
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('app.tenant_id', true), '')")
        return cursor.fetchone()[0]


def test_a_transaction_that_could_not_begin_leaves_nothing():
    with (
        pytest.raises(DatabaseError, match="division by zero"),
        connection.opening("SELECT 1 / 0"),
        transaction.atomic(),
    ):
        raise AssertionError("not reached")
    with transaction.atomic():
        assert current_tenant() == ""
    with tenancy.scope(ACME):
        assert current_tenant() == ACME
    assert current_tenant() == ""


def test_a_scope_that_never_began_is_not_the_next_transactions(monkeypatch):
    connection.close()
    with monkeypatch.context() as patch:

        def away(*_):
            raise DatabaseError("away")

        patch.setattr(type(connections["default"]), "connect", away)
        with pytest.raises(DatabaseError, match="away"), tenancy.scope(ACME):
            raise AssertionError("not reached")
    with transaction.atomic():
        assert current_tenant() == ""


def test_rows_can_be_walked_inside_a_transaction_and_outside(make_incident):
    for _ in range(3):
        make_incident()
    with tenancy.scope(ACME):
        walked = Incident.objects.for_tenant(ACME).iterator(chunk_size=1)
        assert len(list(walked)) == 3
        (first, *_) = Incident.objects.for_tenant(ACME)
        assert first.created_at.utcoffset().total_seconds() == 0
    assert list(Incident.objects.for_tenant(ACME).iterator(chunk_size=1)) == []
