"""The worker of gunicorn that the service runs in."""

import select
import signal
from threading import BoundedSemaphore
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

_LINGER = 5  # milliseconds


class LingeringWorker(ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """Threads, each of which waits a moment for the next request on the connection it has served.

    Gunicorn hands a connection back to its main thread after every request, which hands the next
    one to a thread again: a tenth of what reading an incident costs. A client that asks again at
    once is spared that, but only while nobody else waits, and one thread is always left to others.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._places = BoundedSemaphore(max(self.cfg.threads - 1, 1))

    def init_signals(self) -> None:
        """Leave ctrl-C to the master: a terminal sends it to all, and the master tells its workers.

        It tells them to quit, which would raise SystemExit wherever they are; ending at the next
        turn of their loop does the same without a traceback.
        """
        super().init_signals()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGQUIT, self.handle_exit)

    def handle(self, conn: TConn) -> Any:
        """Serve what comes on this connection; answers whether to keep it."""
        kept = super().handle(conn)
        while kept is True and self._is_asked_again(conn):
            kept = super().handle(conn)
        return kept

    def _is_asked_again(self, conn: TConn) -> bool:
        # What was read ahead is for gunicorn to find: it would not make the socket readable.
        if not self.alive or self._others_wait() or conn.parser.unreader.buf.getvalue():
            return False
        if not self._places.acquire(blocking=False):
            return False
        try:
            poll = select.poll()
            poll.register(conn.sock, select.POLLIN)
            return bool(poll.poll(_LINGER))
        finally:
            self._places.release()

    def _others_wait(self) -> bool:
        return self.cfg.threads < 2 or not self.tpool._work_queue.empty()  # noqa: SLF001
