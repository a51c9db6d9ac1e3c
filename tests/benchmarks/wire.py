"""HTTP/1.1 over one kept connection, and no more of it than the benchmark needs.

The client shares the machine with what it measures, so it must cost next to nothing; the standard
library's takes longer to read an answer's head than some of the answers take to make.
"""

import socket

HOST = "127.0.0.1"
_CHUNK = 1 << 16
_LENGTH = b"content-length:"


class Wire:
    """A connection that is kept alive."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket: socket.socket | None = None

    def renew(self) -> None:
        """Connect anew: another of the service's processes may take it this time."""
        self.close()
        self.socket = socket.create_connection((HOST, self.port), timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes, wanted: int) -> bytes:
        """The body of the answer, which must have the status ``wanted``."""
        if self.socket is None:
            self.renew()
        assert self.socket is not None
        self.socket.sendall(request)
        received = self._more()
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._more()
        head, body = received[:end], received[end + 4 :]
        missing = _length(head) - len(body)
        if missing > 0:
            parts = [body]
            while missing > 0:
                parts.append(self._more())
                missing -= len(parts[-1])
            body = b"".join(parts)
        if int(head[9:12]) != wanted:
            asked = request.partition(b"\r\n")[0].decode()
            raise SystemExit(f"{asked} answered {head[9:12].decode()}: {body.decode()[:500]}")
        return body

    def _more(self) -> bytes:
        assert self.socket is not None
        received = self.socket.recv(_CHUNK)
        if not received:
            raise SystemExit("The service hung up.")
        return received

    def close(self) -> None:
        """Hang up."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def request(method: str, path: str, token: str = "", body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _length(head: bytes) -> int:
    """What the head says; in these answers there is always one."""
    lower = head.lower()
    start = lower.find(_LENGTH)
    if start < 0:
        raise SystemExit(f"An answer without a length: {head.decode()}")
    return int(lower[start + len(_LENGTH) :].partition(b"\r\n")[0])
