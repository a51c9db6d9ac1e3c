"""The worker that the service runs in, as gunicorn runs it: one process of two threads."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="epoll is Linux's")

ROOT = Path(__file__).parents[2]
PATIENCE = 20  # seconds
APP = """
import os, time

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/slow":
        time.sleep(1)
    if path == "/exit":
        raise SystemExit
    body = str(os.getpid()).encode() if path == "/pid" else path.encode()
    body += environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return iter([body]) if path == "/parts" else [body]
"""


class Server:
    """gunicorn with the worker."""

    def __init__(self, home, *options, bind="127.0.0.1:0"):
        (home / "app.py").write_text(APP)
        self.log = home / "log"
        command = [sys.executable, "-m", "gunicorn", "app:app", "--chdir", home]
        command += ["--worker-class", "incidents_project.http.worker.EpollWorker", "--threads", "2"]
        command += ["--config", "/dev/null", "--no-control-socket", "--log-level", "info"]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*command, "--bind", bind, *options],
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stderr=log,
                start_new_session=True,
            )
        self.address = self.said("Listening at: ").split()[0]
        self.said("Booting worker")

    def said(self, words):
        """The rest of the line that begins so, once it is written."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for line in self.log.read_text().splitlines():
                if words in line:
                    return line.split(words, 1)[1]
            time.sleep(0.02)
        raise AssertionError(self.log.read_text())

    def connect(self):
        port = int(self.address.rsplit(":", 1)[1])
        return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)

    def ask(self, path):
        with self.connect() as client:
            return asked(client, path)

    def stop(self, number=signal.SIGTERM):
        os.killpg(self.process.pid, number)
        return self.process.wait(PATIENCE)


def send(client, path, more=""):
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n".encode())


def answer(client):
    """The body of the next answer."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += client.recv(1) or pytest.fail(f"closed after {head}")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n"), head
    length = int(head.lower().split(b"content-length: ")[1].split()[0])
    return client.recv(length, socket.MSG_WAITALL).decode() if length else ""


def asked(client, path):
    send(client, path)
    return answer(client)


@contextmanager
def started(home, *options, **named):
    server = Server(home, *options, **named)
    try:
        yield server
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with started(tmp_path_factory.mktemp("server")) as server:
        yield server


def test_a_connection_is_kept(server):
    with server.connect() as client:
        assert [asked(client, f"/{n}") for n in range(20)] == [f"/{n}" for n in range(20)]


def test_requests_sent_at_once_are_answered_in_their_order(server):
    with server.connect() as client:
        for n in range(20):
            send(client, f"/{n}")
        assert [answer(client) for _ in range(20)] == [f"/{n}" for n in range(20)]


def test_who_says_nothing_occupies_nobody(server):
    silent = [server.connect() for _ in range(50)]
    assert server.ask("/heard") == "/heard"
    for client in silent:
        client.close()


def test_who_begins_and_does_not_go_on_occupies_nobody(server):
    begun = [server.connect() for _ in range(10)]
    for client in begun:
        client.sendall(b"GET /begun HTTP/1.1\r\nHo")
    time.sleep(0.2)
    assert server.ask("/heard") == "/heard"
    for client in begun:
        client.sendall(b"st: localhost\r\n\r\n")
    assert [answer(client) for client in begun] == ["/begun"] * 10
    for client in begun:
        client.close()


def test_a_request_may_come_byte_by_byte(server):
    with server.connect() as client:
        for _ in range(2):
            for byte in b"POST /bytes HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n and":
                client.sendall(bytes([byte]))
                time.sleep(0.002)
            assert answer(client) == "/bytes and"


@pytest.mark.parametrize("head", [b"GET / HTTP/1.1\n\n", b"GET /" + b"a" * 20_000])
def test_what_never_becomes_a_request_is_refused(server, head):
    with server.connect() as client:
        client.sendall(head)
        assert client.recv(12) in {b"HTTP/1.1 400", b"HTTP/1.1 414"}


def test_half_a_request_of_someone_who_has_left_costs_nothing(server):
    for _ in range(20):
        with server.connect() as client:
            client.sendall(b"GET /half HTTP/1.1\r\nHo")
            client.shutdown(socket.SHUT_WR)
            assert client.recv(1) == b""
    time.sleep(0.2)
    process = psutil.Process(server.process.pid).children()[0]
    before = process.cpu_times()
    time.sleep(0.5)
    after = process.cpu_times()
    assert after.user + after.system - before.user - before.system < 0.2


def test_a_slow_answer_holds_up_nobody_else(server):
    with server.connect() as slow, server.connect() as quick:
        send(slow, "/slow")
        for _ in range(20):
            assert asked(quick, "/quick") == "/quick"
        slow.setblocking(False)
        with pytest.raises(BlockingIOError):
            slow.recv(1)
        slow.settimeout(PATIENCE)
        assert answer(slow) == "/slow"


@pytest.mark.parametrize("path", ["/together", "/parts"])
def test_head_and_body_leave_together(server, path):
    with server.connect() as client:
        for _ in range(20):
            send(client, path)
            assert client.recv(65_536).endswith(b"\r\n\r\n" + path.encode())


def test_a_prefix_of_all_paths_is_taken_away(tmp_path, monkeypatch):
    monkeypatch.setenv("SCRIPT_NAME", "/prefix")
    with started(tmp_path) as server:
        assert server.ask("/prefix/path") == "/path"


def test_a_body_may_wait_for_the_word_to_go_on(server):
    with server.connect() as client:
        send(client, "/body", "Expect: 100-continue\r\nContent-Length: 4\r\n")
        assert (
            client.recv(len(b"HTTP/1.1 100 Continue\r\n\r\n"), socket.MSG_WAITALL).split()[1]
            == b"100"
        )
        client.sendall(b" and")
        assert answer(client) == "/body and"


def test_who_leaves_in_the_middle_is_let_go(server):
    for _ in range(5):
        with server.connect() as client:
            client.sendall(b"GET /half HTTP/1.1\r\nHo")
        with server.connect() as client:
            send(client, "/slow")
    assert server.ask("/still") == "/still"


def test_a_thread_outlives_what_its_request_raises(server):
    for _ in range(5):
        with server.connect() as client:
            send(client, "/exit")
            client.recv(65_536)
    assert server.ask("/still") == "/still"


def test_every_connection_is_served_by_one_thread_at_a_time(server):
    clients = [server.connect() for _ in range(16)]
    for n in range(50):
        for client in clients:
            send(client, f"/{n}")
        assert [answer(client) for client in clients] == [f"/{n}"] * 16
    for client in clients:
        client.close()


def test_an_unused_connection_is_closed(tmp_path):
    with started(tmp_path, "--keep-alive", "1") as server, server.connect() as client:
        assert asked(client, "/") == "/"
        assert client.recv(1) == b""


def test_no_more_connections_than_allowed(tmp_path):
    with started(tmp_path, "--worker-connections", "3") as server:
        silent = [server.connect() for _ in range(3)]
        with server.connect() as waiting:
            send(waiting, "/waits")
            waiting.settimeout(0.3)
            with pytest.raises(TimeoutError):
                waiting.recv(1)
            waiting.settimeout(PATIENCE)
            silent.pop().close()
            assert answer(waiting) == "/waits"
        for client in silent:
            client.close()


def test_processes_share_the_connections(tmp_path):
    with started(tmp_path, "--workers", "4") as server:
        while server.log.read_text().count("Booting worker") < 4:
            time.sleep(0.02)
        time.sleep(1)  # until they listen
        with ExitStack() as stack:
            clients = []
            for _ in range(32):
                clients.append(stack.enter_context(server.connect()))
                time.sleep(0.01)  # until whoever took it waits again
            assert len({asked(client, "/pid") for client in clients}) > 1


def test_a_process_is_replaced_after_so_many_requests(tmp_path):
    with started(tmp_path, "--max-requests", "5") as server:
        before = server.ask("/pid")
        deadline = time.monotonic() + PATIENCE
        while server.ask("/pid") == before:
            assert time.monotonic() < deadline


def test_what_is_under_way_is_answered_before_the_end(tmp_path):
    with started(tmp_path) as server, server.connect() as idle, server.connect() as busy:
        assert asked(idle, "/") == "/"
        send(busy, "/slow")
        time.sleep(0.2)
        server.process.terminate()
        assert answer(busy) == "/slow"
        assert idle.recv(1) == b""
        assert server.process.wait(PATIENCE) == 0


def test_ctrl_c_ends_it_without_a_traceback(tmp_path):
    with started(tmp_path) as server:
        assert server.ask("/") == "/"
        assert server.stop(signal.SIGINT) == 0
        assert "Traceback" not in server.log.read_text()


def test_a_socket_of_a_file_will_do(tmp_path):
    with (
        started(tmp_path, bind=f"unix:{tmp_path}/socket"),
        socket.socket(socket.AF_UNIX) as client,
    ):
        client.connect(str(tmp_path / "socket"))
        assert asked(client, "/file") == "/file"
