"""The workers of gunicorn that the service runs in: ``EpollWorker`` on Linux, elsewhere threads."""

import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from gunicorn import util
from gunicorn.http import get_parser
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

from incidents_project.http import usual

_HOUSEKEEPING = 1.0  # seconds between two looks at what has expired
_ENDING = 0.05  # the same, while the worker ends
_BREATH = 0.1  # seconds; when the process may open no more files, for one to be closed
_HEAD = 16_384  # bytes; of a longer head a thread waits for the rest
_TCP = {socket.AF_INET, socket.AF_INET6}


class QuietWorker(ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """Gunicorn's threads, that end without a traceback."""

    def init_signals(self) -> None:
        """Leave ctrl-C to the master: a terminal sends it to all, and the master tells its workers.

        It tells them to quit, which would raise SystemExit wherever they are; ending at the next
        turn of their loop does the same without a traceback.
        """
        super().init_signals()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGQUIT, self.handle_exit)


class Reader:
    """Stands where gunicorn has its parser: reads what is usual, and leaves the rest to that."""

    def __init__(self, cfg: Any, conn: TConn) -> None:
        self.received = b""
        self._sock = conn.sock
        self._peer = usual.Peer.of(cfg, conn.client, conn.server)
        self._theirs = get_parser(cfg, conn.sock, conn.client)
        self._is_theirs = False

    @property
    def is_whole(self) -> bool:
        """Whether the head of the next request has been received, or will not end."""
        received = self.received
        return b"\r\n\r\n" in received or b"\n\n" in received or len(received) >= _HEAD

    def receive(self) -> bool:
        """Take what is there; False where nothing will come any more."""
        try:
            more = self._sock.recv(_HEAD, socket.MSG_DONTWAIT)
        except BlockingIOError:  # a false alarm
            return True
        except OSError:  # it was cut
            return False
        self.received += more
        return bool(more)

    def __next__(self) -> Any:
        """The next request."""
        request = usual.read(self.received, self._peer)
        self._is_theirs = request is None
        if request is None:
            self._theirs.unreader.unread(self.received)
            self.received = b""
            return next(self._theirs)
        self.received = request.rest
        return request

    def finish_body(self, deadline: float) -> bool:
        """Pass by what nobody has read of the body; False where that takes too long."""
        if not self._is_theirs:
            return True
        finished: bool = self._theirs.finish_body(deadline=deadline)
        self.received = self._theirs.unreader.take_buffered()
        return finished


class EpollWorker(QuietWorker):
    """Threads that all wait for the next request, on whatever connection it comes.

    Gunicorn's main thread watches the connections, hands each request to a thread and takes the
    connection back: at eight connections a tenth of what reading an incident costs. Here the kernel
    wakes one of the threads that wait. It tells of a connection once and is then asked to watch it
    again, so that two threads never serve the same. One that sends nothing, or not all of a
    request's head, occupies nobody.
    """

    def init_process(self) -> None:
        """What may not be shared with other processes is made in this one."""
        self._epoll = select.epoll()
        self._told = os.eventfd(0)  # wakes the main thread
        self._over = os.eventfd(0)  # wakes all the others, for the last time
        self._listeners: dict[int, socket.socket] = {}
        self._door = threading.Lock()  # who accepts a connection also writes it down
        # Those that wait for a request; whoever takes one out has it for itself.
        self._idle: dict[int, TConn] = {}
        self._open: set[TConn] = set()
        # Where nobody asked for what only gunicorn has, requests need not go through all of it.
        self._reads = _is_plain(self.cfg)
        self.keepalived_conns = self._idle  # gunicorn asks how many there are
        super().init_process()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Stop: answer what is under way, and end."""
        self.alive = False
        os.eventfd_write(self._told, 1)

    def run(self) -> None:
        """Serve until told to stop."""
        self._epoll.register(self._over, select.EPOLLIN)
        threads = [
            threading.Thread(target=self._serve, name=f"serve-{n}", daemon=True)
            for n in range(self.cfg.threads)
        ]
        for thread in threads:
            thread.start()
        while self.alive and self.is_parent_alive():
            self.notify()
            self._listen()
            self._close_expired()
            self._sleep(_HOUSEKEEPING)
        self.alive = False
        self._end()
        os.eventfd_write(self._over, 1)
        for thread in threads:
            thread.join(_HOUSEKEEPING)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """Answer; head and body leave together. Whether the connection may be kept."""
        if isinstance(req, usual.Usual):
            return self._answer_usual(req, conn)
        # "100 Continue" is waited for; it must not wait itself.
        if conn.sock.family not in _TCP or req._expected_100_continue:  # noqa: SLF001
            return super().handle_request(req, conn)
        with _in_one_piece(conn.sock):
            return super().handle_request(req, conn)

    def _answer_usual(self, request: usual.Usual, conn: TConn) -> bool:
        answer = usual.Answer(request, conn.sock, self.cfg)
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive = False
        if not (self.alive and self.cfg.keepalive and len(self._idle) < self.max_keepalived):
            answer.force_close()
        try:
            body = self.wsgi(request.environ, answer.start_response)
            try:
                if not answer.send_at_once(body):
                    with _in_one_piece(conn.sock):
                        answer.send(body)
            finally:
                if hasattr(body, "close"):
                    body.close()
        except OSError:
            raise
        except (Exception, SystemExit):
            if not answer.headers_sent:
                raise
            # Another answer behind what has been sent would be taken for its body.
            self.log.exception("Error handling request")
            util.close_graceful(conn.sock)
            return False
        return not answer.should_close()

    # The main thread

    def _sleep(self, seconds: float) -> None:
        if select.select([self._told], [], [], seconds)[0]:
            os.eventfd_read(self._told)

    def _listen(self) -> None:
        """Accept connections, as long as there are not too many."""
        with self._door:
            if len(self._open) >= self.worker_connections or self._listeners:
                return
            for listener in self.sockets:
                listener.settimeout(0)
                self._listeners[listener.fileno()] = listener
                # Every process is told of a connection, and whoever is free takes it. Told alone
                # (EPOLLEXCLUSIVE), the same process would get nearly all of them.
                self._epoll.register(listener.fileno(), select.EPOLLIN)

    def _listen_no_more(self) -> None:
        """Behind the door: nobody accepts anything meanwhile, or afterwards."""
        for fd in self._listeners:
            self._epoll.unregister(fd)
        self._listeners.clear()

    def _close_expired(self) -> None:
        now = time.monotonic()
        for fd, conn in self._idle.copy().items():
            if conn.timeout <= now and self._idle.pop(fd, None) is conn:
                self._close(conn, graceful=False)

    def _close(self, conn: TConn, *, graceful: bool) -> None:
        self._open.discard(conn)
        conn.close(graceful=graceful)

    def _end(self) -> None:
        """Let what is under way be answered; who might be sending a request has a moment yet."""
        with self._door:
            self._listen_no_more()
        now = time.monotonic()
        lingering, deadline = now + STOP_KEEPALIVE_LINGER, now + self.cfg.graceful_timeout
        while self._open and time.monotonic() < deadline:
            self.notify()
            for conn in self._idle.copy().values():
                conn.timeout = min(conn.timeout, lingering)
            self._close_expired()
            self._sleep(_ENDING)
        for listener in self.sockets:
            listener.close()

    # The others

    def _serve(self) -> None:
        while True:
            for fd, events in self._epoll.poll(maxevents=1):
                if fd == self._over:
                    return
                try:
                    self._turn(fd, over=events != select.EPOLLIN)
                except (Exception, SystemExit):
                    self.log.exception("A connection was lost.")

    def _turn(self, fd: int, *, over: bool) -> None:
        """Whatever it is that can be read there; ``over`` says that nothing will follow."""
        if fd in self._listeners:
            with self._door:
                self._accept(fd)
        elif (conn := self._idle.pop(fd, None)) is not None:
            kept = False
            try:
                kept = self._go_on(conn, over=over)
            finally:
                if kept:
                    self._watch(conn, self._epoll.modify)
                else:
                    self._close(conn, graceful=True)

    def _accept(self, fd: int) -> None:
        listener = self._listeners.get(fd)
        if listener is None:  # too many by now
            return
        try:
            sock, client = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):  # another process was quicker
            return
        except OSError as error:
            self.log.warning("No connection can be accepted: %s", error)
            time.sleep(_BREATH)
            return
        conn = TConn(self.cfg, sock, client, listener.getsockname())
        conn.data_ready = True  # it is not looked at before
        if self._reads and sock.family in _TCP:
            conn.parser = Reader(self.cfg, conn)
        self._open.add(conn)
        if len(self._open) >= self.worker_connections:
            self._listen_no_more()
        self._watch(conn, self._epoll.register)

    def _go_on(self, conn: TConn, *, over: bool) -> bool:
        """Answer what has come; whether the connection is kept.

        What was read ahead would not make it readable.
        """
        reader = conn.parser
        if not isinstance(reader, Reader):
            kept = self.handle(conn)
            while kept is True and conn.parser.unreader.buf.getvalue():
                kept = self.handle(conn)
            return kept is True
        if not reader.receive():
            return False
        while reader.received and (reader.is_whole or over):
            if self.handle(conn) is not True:
                return False
        return True

    def _watch(self, conn: TConn, ask: Callable[[int, int], None]) -> None:
        conn.set_timeout()
        fd = conn.sock.fileno()
        self._idle[fd] = conn  # the kernel stops watching what is closed by itself
        ask(fd, select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLONESHOT)


def _is_plain(cfg: Any) -> bool:
    """Whether requests are plain HTTP, and nobody is to be told of each of them."""
    told = cfg.accesslog or any(
        cfg.settings[hook].get() is not cfg.settings[hook].default
        for hook in ("pre_request", "post_request")
    )
    # A prefix of all paths is gunicorn's to take away.
    told = told or "SCRIPT_NAME" in os.environ
    return not (told or cfg.is_ssl or cfg.proxy_protocol != "off" or "h2" in cfg.http_protocols)


@contextmanager
def _in_one_piece(sock: socket.socket) -> Iterator[None]:
    """Have the kernel keep what does not fill a segment until the end."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    try:
        yield
    finally:
        with suppress(OSError):  # closed
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)


WORKER = f"{__name__}.{'EpollWorker' if sys.platform == 'linux' else 'QuietWorker'}"
