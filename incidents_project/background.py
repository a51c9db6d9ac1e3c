"""A process beside the server that carries out jobs and builds indexes.

Not a thread: the server forks. Between the two stands a watcher, which starts the process anew when
it dies; the server cannot wait for it, for it takes every child that ends for a worker of its own.

``python -m incidents_project.background --child-of PID`` is the watcher.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_GLANCE = 0.2  # seconds between two looks at whether the server and the process are there
_PAUSE = 2.0  # seconds before it is started anew
_FAREWELL = 30  # seconds in which it may take back what it was doing


class Background:
    """The watcher, as the server sees it.

    Out of reach of ctrl-C, which would meet it while it starts; the server ends it, and it ends by
    itself when the server is gone.
    """

    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Once the service answers."""
        watcher = [sys.executable, "-m", "incidents_project.background"]
        self.process = subprocess.Popen(  # noqa: S603
            [*watcher, "--child-of", str(os.getpid())],
            cwd=_ROOT,
            env=os.environ | {"DATA_DIR": _data_dir()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            process_group=0,
        )

    def stop(self) -> None:
        """Let it take back what it was doing."""
        if self.process is not None:
            _end(self.process, _FAREWELL + 5)
            self.process = None


class _Watcher:
    """Keeps a worker running for as long as the server does."""

    def __init__(self, server: int) -> None:
        self._server = server
        self._told = False

    def watch(self) -> None:
        """Start it, and again whenever it has died."""
        signal.signal(signal.SIGTERM, self._hear)
        run = ["attribute_jobs", "run", "--every", "1", "--child-of", str(os.getpid())]
        while not self._over():
            process = subprocess.Popen([sys.executable, str(_ROOT / "manage.py"), *run])  # noqa: S603
            while not self._over() and process.poll() is None:
                time.sleep(_GLANCE)
            _end(process, _FAREWELL)
            until = time.monotonic() + _PAUSE
            while not self._over() and time.monotonic() < until:
                time.sleep(_GLANCE)

    def _over(self) -> bool:
        return self._told or os.getppid() != self._server

    def _hear(self, *_: object) -> None:
        self._told = True


def _end(process: "subprocess.Popen[bytes]", patience: float) -> None:
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _data_dir() -> str:
    return str(Path(os.environ.get("DATA_DIR") or _ROOT / "var").expanduser().absolute())


background = Background()  # one of each server, also when gunicorn reads its configuration again

if __name__ == "__main__":
    _Watcher(int(sys.argv[-1])).watch()
