"""Refusals out: one shape for all of them, through the whole stack."""

import json
import logging

import pytest
from django.test import Client

from incidents_project.http import correlation, problem
from incidents_project.http.logs import configuration

MEMBERS = [
    "type", "title", "status", "detail", "code", "errors", "message", "correlation_id", "sent_at",
]  # fmt: skip


@pytest.fixture(autouse=True)
def routes(settings):
    settings.ROOT_URLCONF = "tests.http.urls"
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.MIDDLEWARE = [
        "incidents_project.http.middleware.RequestMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    ]


@pytest.fixture
def client():
    return Client(raise_request_exception=False, enforce_csrf_checks=True)


def told(response, status, code):
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert int(response.headers["Content-Length"]) == len(response.content)
    body = json.loads(response.content)
    assert list(body)[: len(MEMBERS)] == MEMBERS
    assert (body["status"], body["code"]) == (status, code)
    assert body["message"] == body["detail"]
    assert body["correlation_id"] == response.headers["X-Correlation-ID"]
    assert "secret" not in response.content.decode()
    assert "db.internal" not in response.content.decode()
    return body


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("invalid", 400, "required"),
        ("not_found", 404, "not_found"),
        ("forbidden", 403, "no_tenant"),
        ("conflict", 409, "stale_object"),
        ("precondition_failed", 412, "precondition_failed"),
        ("precondition_required", 428, "precondition_required"),
        ("unavailable", 503, "unavailable"),
        ("refused", 400, "refused"),
        ("http404", 404, "not_found"),
        ("denied", 403, "forbidden"),
        ("too_big", 413, "body_too_large"),
        ("suspicious", 400, "bad_request"),
        ("unreadable", 400, "body_cut_short"),
        ("database", 503, "database_unavailable"),
        ("slow", 503, "too_slow"),
        ("deadlock", 503, "busy"),
        ("raw", 503, "database_unavailable"),
        ("interface", 503, "database_unavailable"),
        ("bug", 500, "internal_error"),
        ("api_bug", 500, "internal_error"),
        ("throttled", 429, "throttled"),
        ("validation", 400, "invalid"),
        ("parse", 400, "bad_request"),
    ],
)
def test_every_exception_is_a_problem(client, settings, name, status, code, debug):
    settings.DEBUG = debug
    response = client.get(f"/raises/{name}")
    told(response, status, code)
    assert ("Retry-After" in response.headers) == (status in {429, 503})


def test_members_and_headers_that_go_with_a_problem(client):
    assert told(client.get("/raises/conflict"), 409, "stale_object")["occ_lock"] == 7
    assert client.get("/raises/unavailable").headers["Retry-After"] == "7"
    assert client.get("/raises/throttled").headers["Retry-After"] == "3"
    assert told(client.get("/raises/invalid"), 400, "required")["errors"] == [
        {"field": "a", "code": "required", "message": "Needed."}
    ]
    body = told(client.get("/raises/validation"), 400, "invalid")
    assert body["detail"] == "3 values were refused."
    assert [error["field"] for error in body["errors"]] == ["a", "b.c", "b.c"]


def test_a_missing_token_asks_for_one(client, monkeypatch):
    from tests.http.urls import Raises  # noqa: PLC0415

    class Bearer:
        def authenticate(self, request):
            return None

        def authenticate_header(self, request):
            return "Bearer"

    monkeypatch.setattr(Raises, "authentication_classes", [Bearer])
    response = client.get("/raises/no_token")
    told(response, 401, "not_authenticated")
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("debug", [False, True])
def test_djangos_own_refusals_are_problems_too(client, settings, debug):
    settings.DEBUG = debug
    told(client.get("/nowhere"), 404, "not_found")
    told(client.post("/nowhere", "{}", "application/json"), 404, "not_found")
    told(client.get("/nowhere\0"), 404, "not_found")
    told(client.get("/breaks"), 500, "internal_error")
    told(client.get("/page", headers={"host": "evil.example"}), 400, "bad_host")
    told(client.get("/page?a=%00"), 400, "bad_character")
    told(client.post("/page"), 403, "forbidden")  # Django's CSRF page
    response = client.put("/raises/x", "{}", "application/json")
    told(response, 405, "method_not_allowed")
    assert "POST" in response.headers["Allow"]
    response = client.get("/no-method")
    told(response, 405, "method_not_allowed")
    assert response.headers["Allow"] == "GET"
    told(client.get("/raises/x", headers={"accept": "text/html"}), 406, "not_acceptable")


def test_pages_of_the_admin_stay_pages(client, settings):
    settings.DEBUG = True
    assert client.get("/admin/breaks").headers["Content-Type"].startswith("text/")


def test_a_chunked_body_needs_a_length(client):
    response = client.generic("POST", "/raises/x", HTTP_TRANSFER_ENCODING="chunked")
    told(response, 411, "length_required")


def test_probes_ask_by_address(client):
    assert client.get("/livez", headers={"host": "10.0.0.1"}).status_code == 200


def test_head_is_get_without_a_body(client):
    for path in ["/raises/x", "/page", "/nowhere"]:
        response = client.head(path)
        assert response.content == b""
        assert int(response.headers["Content-Length"]) > 0


def test_an_answer_without_a_body_has_no_length(client):
    response = client.delete("/raises/x")
    assert response.status_code == 204
    assert "Content-Length" not in response.headers
    assert "Content-Type" not in response.headers


@pytest.mark.parametrize("charset", ["utf-7", "unicode_escape", "utf-16"])
def test_the_charset_of_a_body_does_not_reach_the_query(client, charset):
    query = "a=%5Cu0000%2BAAA-"
    response = client.generic(
        "GET", "/raises/x", CONTENT_TYPE=f"a/b; charset={charset}", QUERY_STRING=query
    )
    assert json.loads(response.content)["data"]["query"] == {"a": "\\u0000+AAA-"}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"X-Correlation-ID": "abc-1._Z"}, True),
        ({"X-Request-ID": "abc-1._Z"}, True),
        ({"X-Correlation-ID": "not sane", "X-Request-ID": "abc-1._Z"}, True),
        ({"X-Correlation-ID": "abc-1._Z", "X-Request-ID": "other"}, True),
        ({"X-Correlation-ID": "a" * 129}, False),
        ({"X-Correlation-ID": "abc\n"}, False),
        ({"X-Correlation-ID": "é"}, False),
        ({}, False),
    ],
)
def test_a_sane_correlation_id_is_kept(client, sent, kept):
    response = client.get("/raises/x", headers=sent)
    answered = response.headers["X-Correlation-ID"]
    assert json.loads(response.content)["data"]["correlation_id"] == answered
    assert (answered == "abc-1._Z") == kept
    assert answered.isascii()
    assert correlation.known() != answered


def test_two_requests_have_two_ids(client):
    first, second = (client.get("/page").headers["X-Correlation-ID"] for _ in range(2))
    assert first != second


@pytest.fixture
def lines(monkeypatch):
    """What was logged, as the JSON lines that production writes."""
    import structlog  # noqa: PLC0415

    before = structlog.get_config()
    config = configuration("INFO", style="JSON")
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=config["formatters"]["line"]["processors"],
        foreign_pre_chain=config["formatters"]["line"]["foreign_pre_chain"],
    )
    found = []

    class Keep(logging.Handler):
        def emit(self, record):
            found.append(json.loads(formatter.format(record)))

    keep = Keep()
    quiet = config["filters"]["with_traceback"]["()"]()
    request_logger = logging.getLogger("django.request")
    loggers = [logging.getLogger("incidents"), request_logger]
    levels = [logger.level for logger in loggers]
    loggers[0].setLevel("INFO")
    request_logger.setLevel("ERROR")
    request_logger.addFilter(quiet)
    for logger in loggers:
        logger.addHandler(keep)
    yield found
    for logger, level in zip(loggers, levels, strict=True):
        logger.removeHandler(keep)
        logger.setLevel(level)
    request_logger.removeFilter(quiet)
    structlog.configure(**before)


def test_a_request_leaves_one_line_without_its_query(client, lines):
    client.get(
        "/raises/http404?q=secret", headers={"authorization": "Bearer secret", "x-request-id": "r1"}
    )
    (line,) = lines
    assert line["event"] == "request"
    assert line["route"] == "raises/<name>"
    assert (line["method"], line["status"]) == ("GET", 404)
    assert line["milliseconds"] > 0
    assert line["correlation_id"] == "r1"
    assert (line["tenant"], line["subject"]) == (None, None)
    assert "secret" not in json.dumps(line)


@pytest.mark.parametrize("path", ["/raises/bug", "/breaks"])
def test_a_bug_leaves_its_traceback_once(client, lines, path):
    client.get(path, headers={"x-request-id": "r1"})
    assert len(lines) == 2
    assert "KeyError: 'secret'" in lines[0]["exception"]
    assert {line["correlation_id"] for line in lines} == {"r1"}


def test_the_codes_are_snake_case_and_explained():
    for code, meaning in problem.CODES.items():
        assert code.replace("_", "").isalpha()
        assert code.islower()
        assert meaning.endswith(".")
