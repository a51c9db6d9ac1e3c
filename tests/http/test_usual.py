"""Requests that are read in one go are read as gunicorn would; answers are written as it would."""

import io

import pytest
from gunicorn.config import Config
from gunicorn.http import wsgi
from gunicorn.http.parser import RequestParser
from hypothesis import given
from hypothesis import strategies as st

from incidents_project.http import usual

CLIENT, SERVER = ("127.0.0.1", 4711), ("127.0.0.1", 8000)
OURS_ALONE = {"wsgi.input", "wsgi.errors", "gunicorn.socket", "wsgi.early_hints"}


def settings(**changed):
    config = Config()
    for name, value in changed.items():
        config.set(name, value)
    return config


def read(received, config=None, client=CLIENT):
    return usual.read(received, usual.Peer.of(config or settings(), client, SERVER))


def as_gunicorn(received, config=None, client=CLIENT):
    """The environment that gunicorn makes, and the body."""
    config = config or settings()
    request = next(RequestParser(config, iter([received]), client))
    _, environ = wsgi.create(request, Sock(), client, SERVER, config)
    environ["wsgi.multithread"] = True
    return told(environ), request.body.read()


def told(environ):
    return {name: value for name, value in environ.items() if name not in OURS_ALONE}


class Sock:
    """What was sent."""

    def __init__(self):
        self.sent = b""

    def sendall(self, data):
        self.sent += data

    send = sendall


def head(*lines, first="GET /v1/incident?page=2 HTTP/1.1"):
    return "\r\n".join([first, *lines, "", ""]).encode("latin-1")


HOST = "Host: localhost"


@pytest.mark.parametrize(
    "received",
    [
        head(HOST),
        head("host:localhost:8000", "X-A:  \t padded \t", "ACCEPT: */*"),
        head(HOST, "Authorization: Bearer inc_a", "Connection: close"),
        head(HOST, first="GET /%2e%2e/%C3%A9/%00?q=%00&a=b?c HTTP/1.1"),
        head(HOST, first='GET /a;b/"c"[d]{e}|^`~ HTTP/1.1'),
        head(HOST, "X-Forwarded-Proto: https", "X-Forwarded-For: 10.0.0.1"),
        head(HOST, "X-Forwarded-Proto: http", "X-Empty:"),
        head(HOST, "X-Forwarded-Proto: HTTPS"),
        head(HOST, "Content-Type: application/json", "Content-Length: 7", first="PUT / HTTP/1.1")
        + b'{"a":1}',
        head(HOST, "Content-Length: 0", first="DELETE /x HTTP/1.1"),
        head(HOST, "Content-Length: 007", first="POST /x HTTP/1.1") + b"1234567",
    ],
)
@pytest.mark.parametrize("client", [CLIENT, ("192.0.2.1", 1)])
def test_a_usual_request_is_read_as_gunicorn_reads_it(received, client):
    request = read(received, client=client)
    environ, body = as_gunicorn(received, client=client)
    assert told(request.environ) == environ
    assert request.environ["wsgi.input"].read() == body
    assert request.rest == b""


@pytest.mark.parametrize(
    "received",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: a",
        b"GET / HTTP/1.1\nHost: a\n\n",
        head(HOST, first="GET / HTTP/1.0"),
        head(HOST, first="get / HTTP/1.1"),
        head(HOST, first="GET //x HTTP/1.1"),
        head(HOST, first="GET /a#b HTTP/1.1"),
        head(HOST, first="GET http://localhost/ HTTP/1.1"),
        head(HOST, first="OPTIONS * HTTP/1.1"),
        head(HOST, first="GET /\xe9 HTTP/1.1"),
        head(first="GET / HTTP/1.1"),
        head("Accept: */*"),
        head(HOST, HOST),
        head(HOST, "X-A: 1", "x-a: 2"),
        head(HOST, "X_A: 1"),
        head(HOST, "X-A : 1"),
        head(HOST, "X-A: 1", " folded"),
        head(HOST, "X-A: \xe9"),
        head(HOST, "X-A: a\0b"),
        head(HOST, "Transfer-Encoding: chunked", first="POST / HTTP/1.1"),
        head(HOST, "Expect: 100-continue", "Content-Length: 0", first="POST / HTTP/1.1"),
        head(HOST, "Upgrade: h2c"),
        head(HOST, "Content-Length: 8", first="POST / HTTP/1.1") + b"1234567",
        head(HOST, "Content-Length: +1", first="POST / HTTP/1.1") + b"1",
        head(HOST, "Content-Length: 1, 1", first="POST / HTTP/1.1") + b"1",
        head(HOST, "Content-Length: 9999999999", first="POST / HTTP/1.1"),
        head(HOST, "X-Forwarded-Proto: https", "X-Forwarded-Ssl: off"),
        head(HOST, f"X-A: {'a' * 9_000}"),
        head(HOST, *(f"X-{n}: 1" for n in range(100))),
    ],
)
def test_any_other_is_left_to_gunicorn(received):
    assert read(received) is None


PIECES = [
    "\r\n",
    "\n",
    ":",
    " ",
    "\t",
    "Host: a",
    "X-B: c",
    "x_b: c",
    "Content-Length: 1",
    "é",
    "\0",
]


@given(
    st.lists(st.sampled_from(PIECES) | st.text(max_size=3)).map("".join),
    st.sampled_from(["GET / HTTP/1.1", "POST /%zz?%2 HTTP/1.1", "GET //a HTTP/1.1"]),
)
def test_what_is_read_here_gunicorn_reads_alike(more, first):
    received = f"{first}\r\nHost: a\r\n{more}\r\n\r\nbody".encode("latin-1", "replace")
    request = read(received)
    if request is not None:
        environ, _ = as_gunicorn(received)
        assert told(request.environ) == environ


def test_what_follows_a_request_is_kept():
    request = read(head(HOST, "Content-Length: 2", first="PUT / HTTP/1.1") + b"ab" + head(HOST))
    assert request.environ["wsgi.input"].read() == b"ab"
    assert request.rest == head(HOST)


def answered(status, headers, body, *, method="GET", lines=(HOST,)):
    request = read(head(*lines, first=f"{method} / HTTP/1.1"))
    answer = usual.Answer(request, Sock(), settings())
    answer.start_response(status, headers)
    if not answer.send_at_once(body):
        answer.send(body)
    return answer


def by_gunicorn(status, headers, body, *, method="GET", lines=(HOST,)):
    received = head(*lines, first=f"{method} / HTTP/1.1")
    request = next(RequestParser(settings(), iter([received]), CLIENT))
    answer = wsgi.Response(request, Sock(), settings())
    answer.start_response(status, headers)
    for part in body:
        answer.write(part)
    answer.close()
    return answer


LENGTH = ("Content-Length", "4")


@pytest.mark.parametrize(
    ("status", "headers", "body", "more"),
    [
        ("200 OK", [LENGTH, ("ETag", '"1"')], [b"body"], {}),
        ("404 Not Found", [("content-length", "4"), ("X-A", "\xe9")], [b"body"], {}),
        ("200 OK", [LENGTH], [b"body"], {"lines": (HOST, "Connection: close")}),
        ("200 OK", [LENGTH], [b"body"], {"method": "HEAD"}),
        ("200 OK", [LENGTH], [b"bo", b"dy"], {}),
        ("200 OK", [LENGTH], (b"body",), {}),
        ("200 OK", [LENGTH], [b"longer than said"], {}),
        ("200 OK", [], [b"body"], {}),
        ("200 OK", [LENGTH, ("Connection", "close")], [b"body"], {}),
        ("204 No Content", [], [b""], {}),
        ("304 Not Modified", [("ETag", '"1"')], [b""], {}),
    ],
)
def test_an_answer_is_sent_as_gunicorn_sends_it(monkeypatch, status, headers, body, more):
    monkeypatch.setattr("gunicorn.util.http_date", lambda *_: "today")
    usual._date.cache_clear()
    ours = answered(status, headers, body, **more)
    theirs = by_gunicorn(status, headers, body, **more)
    assert ours.sock.sent == theirs.sock.sent
    assert ours.should_close() == theirs.should_close()
    usual._date.cache_clear()


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\nb", "a\rb", "a\0b"])
def test_a_header_cannot_be_two(value):
    with pytest.raises(Exception, match="X-A"):
        answered("200 OK", [LENGTH, ("X-A", value)], [b"body"])


def test_a_file_is_sent_as_gunicorn_sends_it():
    answer = answered("200 OK", [LENGTH], wsgi.FileWrapper(io.BytesIO(b"body")))
    assert answer.sock.sent.endswith(b"\r\n\r\nbody")
