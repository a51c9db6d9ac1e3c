"""Requests and answers as nearly all of them are, read and written in one go.

Gunicorn takes a request apart step by step, ready for whatever HTTP allows. Most requests make use
of little of it: their head and body are there at once, each header stands once, nothing is encoded
or upgraded. Those are read here, into the same environment; any other is left to gunicorn, and so
is every answer that is not one piece of known length.
"""

import io
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

from gunicorn import SERVER, util
from gunicorn.http.wsgi import FileWrapper, Response, base_environ
from gunicorn.http2.negotiation import peer_trusted_for_h2c

Environ = dict[str, Any]

_REQUEST = re.compile(
    rb"(GET|HEAD|POST|PUT|PATCH|DELETE) (/(?!/)[!\"$-~]*) HTTP/1\.1\r\n"
    rb"((?:[A-Za-z0-9-]+:[\t -~]*\r\n)+)\r\n"
)
_LONGEST = 9  # digits of a length
# What changes how a message is to be read, or sent.
_UNUSUAL = frozenset({"TRANSFER-ENCODING", "EXPECT", "UPGRADE", "HTTP2-SETTINGS", "TE", "TRAILER"})
_UNPRINTABLE = re.compile("[^\t\r\n -~\x80-\xff]")
_BODILESS = ("1", "204", "304")


@dataclass(frozen=True, slots=True)
class Peer:
    """Both ends of a connection, and what is the same for all of its requests."""

    environ: Mapping[str, Any]
    longest: int  # bytes of a head
    most: int  # fields of it
    schemes: Mapping[str, str]  # what says "https", by the name of the variable

    @classmethod
    def of(cls, cfg: Any, client: tuple[Any, ...], server: tuple[Any, ...]) -> Self:
        """The ends of a connection of TCP, under gunicorn's settings."""
        headers = cfg.secure_scheme_headers if peer_trusted_for_h2c(cfg, client) else {}
        environ = {
            **base_environ(cfg),
            "wsgi.multithread": True,
            "wsgi.url_scheme": "http",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": client[0],
            "REMOTE_PORT": str(client[1]),
            "SERVER_NAME": server[0],
            "SERVER_PORT": str(server[1]),
            "SCRIPT_NAME": "",
        }
        return cls(
            environ,
            min(cfg.limit_request_line, cfg.limit_request_field_size),
            cfg.limit_request_fields,
            {f"HTTP_{name.replace('-', '_')}": value for name, value in headers.items()},
        )


@dataclass(frozen=True, slots=True)
class Usual:
    """A request, and what was received behind it. Gunicorn asks for ``version`` and the rest."""

    method: str
    environ: Environ
    rest: bytes
    is_last: bool  # of its connection, as the client wants it
    version: tuple[int, int] = (1, 1)

    def should_close(self) -> bool:
        """Whether no other request will follow."""
        return self.is_last


def read(received: bytes, peer: Peer) -> Usual | None:
    """The request that stands first in what was received; None if gunicorn is to read it."""
    found = _REQUEST.match(received)
    if found is None or found.end() > peer.longest:
        return None
    method, target, fields = (part.decode("ascii") for part in found.groups())
    headers = _headers(fields, peer.most)
    if headers is None or "HTTP_HOST" not in headers:
        return None
    length = headers.get("CONTENT_LENGTH", "0")
    if not length.isdigit() or len(length) > _LONGEST:
        return None
    end = found.end() + int(length)
    if end > len(received):
        return None
    path, _, query = target.partition("?")
    environ = {
        **peer.environ,
        **headers,
        "REQUEST_METHOD": method,
        "RAW_URI": target,
        "PATH_INFO": util.unquote_to_wsgi_str(path) if "%" in path else path,
        "QUERY_STRING": query,
        "wsgi.input": io.BytesIO(received[found.end() : end]),
    }
    secure = {headers[name] == value for name, value in peer.schemes.items() if name in headers}
    if secure:
        if len(secure) > 1:
            return None
        environ["wsgi.url_scheme"] = "https" if secure.pop() else "http"
    is_last = headers.get("HTTP_CONNECTION", "").lower() == "close"
    return Usual(method, environ, received[end:], is_last)


def _headers(fields: str, most: int) -> dict[str, str] | None:
    """The fields by the names of their variables; None where one is unusual, or there twice."""
    lines = fields.split("\r\n")
    lines.pop()
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[_variable(name)] = value.strip(" \t")
    return None if len(lines) > most or len(headers) < len(lines) or "" in headers else headers


@lru_cache(maxsize=1_024)
def _variable(name: str) -> str:
    name = name.upper()
    if name in _UNUSUAL:
        return ""
    variable = name.replace("-", "_")
    return variable if variable in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{variable}"


class Answer(Response):  # type: ignore[misc] # gunicorn has no types
    """What is sent for a usual request: as one piece where it is one, else as gunicorn does."""

    def __init__(self, request: Usual, sock: Any, cfg: Any) -> None:
        super().__init__(request, sock, cfg)
        self._told: tuple[str, list[tuple[str, str]]] | None = None

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Any:
        """Keep what is said until it is known what follows."""
        if self._told is None and self.status is None and exc_info is None:
            self._told = status, headers
            return self.write
        self._begin()
        return super().start_response(status, headers, exc_info)

    def send_at_once(self, body: Iterable[bytes]) -> bool:
        """All of the answer, if it is one piece; False where it has to be written bit by bit."""
        piece = self._one_piece(body)
        if piece is None:
            return False
        self.headers_sent = True
        self.sock.sendall(piece)
        return True

    def send(self, body: Iterable[bytes]) -> None:
        """All of the answer, bit by bit."""
        if isinstance(body, FileWrapper):
            self.write_file(body)
            self.close()
        else:
            for part in body:
                self.write(part)
            self.close()

    def send_headers(self) -> None:
        """As gunicorn does."""
        self._begin()
        super().send_headers()

    def write(self, arg: bytes) -> None:
        """A part of the body, as gunicorn does."""
        self._begin()
        super().write(arg)

    def write_file(self, respiter: Any) -> None:
        """A file, as gunicorn does."""
        self._begin()
        super().write_file(respiter)

    def _begin(self) -> None:
        if self._told is not None:
            told, self._told = self._told, None
            super().start_response(*told)

    def _one_piece(self, body: Iterable[bytes]) -> bytes | None:
        """Head and body together; None where gunicorn is to write them."""
        if self._told is None or type(body) is not list or len(body) != 1:
            return None
        status, headers = self._told
        if status.startswith(_BODILESS) or self.req.method == "HEAD":
            return None
        length = None
        closes = self.must_close or self.req.should_close()
        lines = [
            f"HTTP/1.1 {status}\r\nServer: {SERVER}\r\nDate: {_date(int(time.time()))}\r\n",
            f"Connection: {'close' if closes else 'keep-alive'}\r\n",
        ]
        for name, value in headers:
            known = name.lower()
            if known == "content-length":
                length = value
            elif known in util.hop_headers:
                return None
            lines.append(f"{name}: {value}\r\n")
        lines.append("\r\n")
        head = "".join(lines)
        ends = len(headers) + 5  # a value that holds a line's end would be a header of its own
        if head.count("\n") != ends or head.count("\r") != ends or _UNPRINTABLE.search(head):
            return None
        piece: bytes = body[0]
        if length != str(len(piece)):
            return None
        self.response_length = len(piece)
        return head.encode("latin-1") + piece


@lru_cache(maxsize=2)
def _date(second: int) -> str:
    return str(util.http_date(second))
