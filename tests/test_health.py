"""The probes, and what the log says of a request."""

import json
import logging

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from incidents_project import health
from tests.conftest import ACME

SUPERUSER = "postgres"


def told(response, code):
    body = json.loads(response.content)
    assert (response.status_code, body["code"]) == (503, code)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert int(response.headers["Retry-After"]) >= 1
    return body


@pytest.fixture
def connect_with(committed, monkeypatch):
    """Let the service connect elsewhere, or as somebody else."""

    def change(**settings):
        connection.close()
        for name, value in settings.items():
            monkeypatch.setitem(connection.settings_dict, name, value)

    yield change
    connection.close()
    monkeypatch.undo()


def test_the_process_answers_whatever_the_database_does(client):
    response = client.get("/livez")  # which has no database here
    assert response.status_code == 200
    assert response.json()["data"] == {"status": "live"}


@pytest.mark.django_db
def test_a_service_that_can_work_is_ready(client):
    response = client.get("/readyz")
    assert (response.status_code, response.json()["data"]) == (200, {"status": "ready"})


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_probes_answer_in_an_envelope_and_are_only_read(client, path):
    assert set(client.get(path).json()) == {"data", "sent_at"}
    assert client.head(path).content == b""
    response = client.post(path)
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert response.headers["Allow"] == "GET, HEAD"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_probes_come_by_address_and_without_https(client, settings, path):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(path, headers={"host": "10.0.0.1:8000"}).status_code == 200


@pytest.mark.django_db
def test_a_migration_that_is_missing_is_waited_for(client, monkeypatch):
    monkeypatch.setattr(health, "_leaves", lambda: frozenset({("incidents", "9999_later")}))
    assert "migrate" in told(client.get("/readyz"), "not_migrated")["detail"]


def test_a_database_that_was_never_migrated_is_waited_for(client, connect_with):
    connect_with(NAME="postgres")
    told(client.get("/readyz"), "not_migrated")


def test_a_role_that_could_see_every_tenant_is_refused(client, connect_with):
    connect_with(USER=SUPERUSER)
    assert "setup_database" in told(client.get("/readyz"), "role_too_powerful")["detail"]


@pytest.mark.django_db
def test_a_database_without_the_role_that_counts_is_waited_for(client, monkeypatch):
    monkeypatch.setattr(health.roles, "surveyor_of", lambda app: f"{app}_of_old")
    assert "setup_database" in told(client.get("/readyz"), "not_migrated")["detail"]


def test_a_database_that_is_away_is_waited_for(client, connect_with):
    connect_with(NAME="not_there")
    told(client.get("/readyz"), "database_unavailable")
    assert client.get("/livez").status_code == 200


def test_a_call_without_a_database_is_503_and_tells_nothing(connect_with):
    connect_with(NAME="not_there")
    client = APIClient(raise_request_exception=False)
    response = client.get("/v1/incident", HTTP_AUTHORIZATION="Bearer inc_" + "a" * 43)
    told(response, "database_unavailable")
    assert b"not_there" not in response.content


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(
    "path", ["/nothing", "/v1", "/v1/nothing", "/livez/", "/favicon.txt", "/docs/x", "/static"]
)
@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_what_is_not_there_is_never_a_page(client, settings, debug, path, accept):
    settings.DEBUG = debug
    for method in (client.get, client.post):
        response = method(path, headers={"accept": accept, "host": "localhost"})
        assert response.status_code == 404
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.json()["code"] == "not_found"


@pytest.fixture
def lines(caplog):
    """The lines that requests leave in the log."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "incidents.request")
    return lambda: [r.msg for r in caplog.records if r.name == "incidents.request"]


@pytest.mark.django_db
def test_the_line_of_a_request_says_who_and_never_the_token(viewer_api, lines, caplog):
    header = viewer_api._credentials["HTTP_AUTHORIZATION"]
    viewer_api.get("/v1/incident?size=5", headers={"X-Request-ID": "r-1"})
    (line,) = lines()
    assert (line["method"], line["route"], line["status"]) == ("GET", "v1/incident", 200)
    assert line["tenant"] == ACME
    assert line["subject"].startswith("token:")
    assert line["correlation_id"] == "r-1"
    assert line["milliseconds"] > 0
    token = header.removeprefix("Bearer ")
    everything = "\n".join(str(record.msg) + record.getMessage() for record in caplog.records)
    assert token not in everything
    assert token[12:] not in everything


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["inc_" + "a" * 43, "hunter2 in the wrong place"])
def test_a_token_that_was_refused_is_not_in_the_log_either(lines, caplog, token):
    Client().get("/v1/incident", headers={"authorization": f"Bearer {token}"})
    (line,) = lines()
    assert (line["status"], line["tenant"], line["subject"]) == (401, None, None)
    everything = "\n".join(str(record.msg) + record.getMessage() for record in caplog.records)
    assert token not in everything


@pytest.mark.django_db
def test_what_was_sent_is_not_in_the_log(owner_api, lines, caplog):
    owner_api.post("/v1/incident?q=hunter2", {"name": "hunter2"})
    owner_api.post("/v1/incident", {"name": "hunter2", "hunter2": True})
    assert [line["status"] for line in lines()] == [400, 400]
    assert "hunter2" not in "\n".join(str(record.msg) for record in caplog.records)
