"""The embedded PostgreSQL: made on first use, shared by every process, stopped by the last one.

Two lock files beside the data say who does what. ``postgres.lock`` is held while the server is made
or started, so that of many processes one does it. ``postgres.users`` is shared by all that use the
server; a process that leaves and then gets it for itself was the last, and stops the server. The
kernel drops a killed process's locks: its server runs on, and the next to come finds it.
"""

import atexit
import fcntl
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import psycopg

from incidents_project import env
from incidents_project.database import account, binaries, buffers, leakproof, roles
from incidents_project.database.refusal import ClusterError

SUPERUSER = "postgres"
OWNER = "incidents_owner"
APP = "incidents_app"
DATABASE = "incidents"
PORT = 5432  # names the socket; nothing listens on the network

_SOCKET_PATH_LIMIT = 100  # bytes; systems allow 103 or more
_SEPARATORS = frozenset(b',"')  # of several directories, in the server's and the client's settings
# Which letter is the capital of which, beyond ASCII; text is still ordered by its bytes.
_LETTERS = ("--lc-ctype=C.UTF-8",)
_PATIENCE = 120.0  # seconds: recovery after a power cut takes a while
_CONFIGURATION = {
    "listen_addresses": "",
    "port": str(PORT),
    "max_connections": "200",
    "max_wal_size": "2GB",  # a change of all values must not bring checkpoint upon checkpoint
    "jit": "off",  # compiling takes longer than any statement of ours
    "random_page_cost": "1.1",  # what is not in memory is on an SSD
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",  # emptying a table looks through all of it
}


class Cluster:
    """The server of one data directory, as this process sees it."""

    def __init__(self, data_dir: Path, directories: Iterable[Path] | None = None) -> None:
        self.home = data_dir.resolve()
        self.data = self.home / "postgres"
        self.log = self.home / "postgres.log"
        self._directories = None if directories is None else tuple(directories)
        self._users: int | None = None
        self._pid = 0  # who joined; a fork inherits the attribute, not the membership
        self._thread_lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ensure_running(self) -> Path:
        """Start the server unless it runs; answer the directory of its socket."""
        with self._thread_lock:
            if self._pid != os.getpid() or self.postmaster() is None:
                try:
                    self._join()
                except OSError as error:
                    raise self._unusable(error) from error
                except psycopg.Error as error:
                    raise ClusterError(f"PostgreSQL does not answer: {error}") from error
            return self._running_socket_dir()

    def leave(self) -> None:
        """Use the server no longer; stop it when nobody else does."""
        if self._pid != os.getpid() or self._users is None:
            return
        # Closed, not unlocked: a fork that still has the descriptor goes on using the server.
        os.close(self._users)
        self._users, self._pid = None, 0
        atexit.unregister(self.leave)
        with _undisturbed():
            alone = _open_lock(self.home / "postgres.users")
            try:
                fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._stop()
            except BlockingIOError:
                self._leave_running()
            finally:
                os.close(alone)

    def _leave_running(self) -> None:
        """To those who still use it; Python would warn of a child that outlives us."""
        if self._process is not None:
            self._process.returncode = 0

    def postmaster(self) -> int | None:
        """The running server's process id.

        The file may be stale and its number by now another process's, in a container even our own.
        """
        pid = self._written_pid()
        return pid if pid and f" -D {self.data} " in _command_line(pid) else None

    def program(self, name: str) -> str:
        """Where the program ``name`` of this data's PostgreSQL version is."""
        return self._binaries().path(name)

    def _join(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        with _locked(self.home / "postgres.lock") as lock:
            if self._pid != os.getpid():
                self._use()
            try:
                started = self._start(lock)
                with self._connect() as admin:
                    if started or not roles.is_provisioned(admin, app=APP, database=DATABASE):
                        self._provision(admin)
            except BaseException:
                self.leave()
                raise

    def _provision(self, admin: roles.Connection) -> None:
        owner, app = roles.Role(OWNER), roles.Role(APP)
        roles.provision(
            admin, owner=owner, app=app, database=DATABASE, owner_creates_databases=True
        )
        with self._connect("template1") as template:  # of which databases of tests are made
            leakproof.mark(template)

    def _use(self) -> None:
        inherited, self._users = self._users, _open_lock(self.home / "postgres.users")
        if inherited is not None:
            os.close(inherited)
        fcntl.flock(self._users, fcntl.LOCK_SH)  # waits for one who is just stopping the server
        self._pid = os.getpid()
        atexit.register(self.leave)

    def _start(self, lock: int) -> bool:
        """Start the server, after making its data if need be; False when it runs already."""
        if self.postmaster() is not None and self._becomes_ready():
            return False
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=5)  # ours, and dying: let the system forget it
        programs = self._binaries()
        runner = account.choose(self.data, programs.path("postgres"))
        if not self._is_made():
            self._make(programs, runner, lock)
        elif self.data.stat().st_uid != runner.uid:
            runner.own_all(self.data)
        socket_dir = self._make_socket_dir(runner)
        self._forget_the_dead(socket_dir)
        command = [*runner.prefix, programs.path("postgres"), "-D", str(self.data)]
        for name, value in _configuration(socket_dir).items():
            command += ["-c", f"{name}={value}"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_environment(),
                start_new_session=True,  # ctrl-C in the terminal is for us, not for the server
                **runner.options,
            )
        if not self._becomes_ready(self._process):
            raise ClusterError(f"PostgreSQL did not start.{self._last_words()}")
        return True

    def _becomes_ready(self, started: "subprocess.Popen[bytes] | None" = None) -> bool:
        """Wait for the server; False when it goes away instead."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            if self._pid_file()[7:8] == ["ready   "] and self.postmaster() is not None:
                return True
            gone = self.postmaster() is None if started is None else started.poll() is not None
            if gone:
                return False
            time.sleep(0.02)
        raise ClusterError(
            f"PostgreSQL is not ready after {_PATIENCE:.0f} seconds.{self._last_words()}"
        )

    def _forget_the_dead(self, socket_dir: Path) -> None:
        """PostgreSQL would take any living process of a stale file's number for a server."""
        pid = self._written_pid()
        if pid and "postgres" in _command_line(pid).split(" ")[0]:
            return  # a server that we did not start: PostgreSQL has to decide
        socket = f".s.PGSQL.{PORT}"
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for name in (socket, f"{socket}.lock"):
            (socket_dir / name).unlink(missing_ok=True)

    def _stop(self) -> None:
        pid = self.postmaster()
        if pid is None:
            return
        socket_dir = self._running_socket_dir()
        os.kill(pid, signal.SIGINT)  # a fast shutdown: open transactions are rolled back
        deadline = time.monotonic() + _PATIENCE
        while self.postmaster() is not None and time.monotonic() < deadline:
            time.sleep(0.02)
        if self._process is not None and self._process.pid == pid:
            self._process.wait()
        if self.home not in socket_dir.parents:
            shutil.rmtree(socket_dir, ignore_errors=True)  # ours alone, made for this server

    def _make(self, programs: binaries.Binaries, runner: account.Account, lock: int) -> None:
        """Make the data beside its place and move it there whole."""
        runner.require_name()
        unfinished = self.home / "postgres.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        runner.own(unfinished)
        command = [*runner.prefix, programs.path("initdb"), "-D", str(unfinished)]
        command += ["-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C"]
        command += ["--data-checksums"] if _durable() else ["--data-checksums", "--no-sync"]
        made = self._initdb([*command, *_LETTERS], runner, lock)
        if "invalid locale name" in made.stderr:  # a system with no letters beyond ASCII
            made = self._initdb(command, runner, lock)
        if made.returncode:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise ClusterError(f"PostgreSQL could not make its data: {made.stderr.strip()}")
        unfinished.rename(self.data)

    def _initdb(
        self, command: list[str], runner: account.Account, lock: int
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(  # noqa: S603
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=_environment(),
            pass_fds=(lock,),  # should we be killed, nobody starts over before it has ended
            **runner.options,
        )

    def _is_made(self) -> bool:
        if (self.data / "PG_VERSION").exists():
            return True
        if self.data.exists() and any(self.data.iterdir()):
            raise ClusterError(
                f"{self.data} is not a PostgreSQL data directory. Move it away, or choose another"
                " directory with DATA_DIR."
            )
        return False

    def _binaries(self) -> binaries.Binaries:
        try:
            major = int((self.data / "PG_VERSION").read_text(encoding="ascii"))
        except FileNotFoundError:
            major = None
        return binaries.choose(major, self._directories)

    def _make_socket_dir(self, runner: account.Account) -> Path:
        """A directory that only the server's user may enter, with a path short enough."""
        directory = self.home / "postgres.socket"
        path = os.fsencode(directory / f".s.PGSQL.{PORT}")
        if len(path) > _SOCKET_PATH_LIMIT or set(path) & _SEPARATORS:
            digest = hashlib.sha256(os.fsencode(f"{runner.uid} {self.home}")).hexdigest()[:16]
            directory = Path(tempfile.gettempdir(), f"incidents-{digest}").absolute()
        directory.mkdir(mode=0o700, exist_ok=True)
        found = directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), runner.uid}:
            raise ClusterError(f"{directory} belongs to somebody else. Remove it, or set TMPDIR.")
        directory.chmod(0o700)
        runner.own(directory)
        return directory

    def _running_socket_dir(self) -> Path:
        # Asked of the server, not worked out again: another process may have another TMPDIR.
        return Path(self._pid_file()[4])

    def _written_pid(self) -> int:
        first = self._pid_file()[:1]
        return int(first[0]) if first and first[0].isdigit() else 0

    def _pid_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []

    def _connect(self, database: str = "postgres") -> roles.Connection:
        return psycopg.connect(
            host=str(self._running_socket_dir()),
            port=PORT,
            user=SUPERUSER,
            dbname=database,
            autocommit=True,
        )

    def _last_words(self) -> str:
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:]
        except OSError:
            return ""
        return "\n".join(["", f"The end of {self.log}:", *lines])

    def _unusable(self, error: OSError) -> ClusterError:
        where = error.filename or self.home
        return ClusterError(
            f"The embedded database in {self.home} cannot be used: {where}: {error.strerror}. Run"
            " this as the user who owns that directory, or choose another with DATA_DIR."
        )


@cache
def at(data_dir: Path) -> Cluster:
    """This process's one view of the server of ``data_dir``."""
    return Cluster(data_dir)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Without signals: a second ctrl-C must not leave the server running."""
    held = {signal.SIGINT, signal.SIGTERM, signal.SIGQUIT}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    descriptor = _open_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _command_line(pid: int) -> str:
    """What ``pid`` runs; empty when it runs no more."""
    if sys.platform != "linux":
        command = ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603
    try:
        return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" "))
    except OSError:
        return ""


def _configuration(socket_dir: Path) -> dict[str, str]:
    configuration = _CONFIGURATION | {
        "unix_socket_directories": f'"{socket_dir}"',
        "shared_buffers": buffers.size(),
    }
    return configuration if _durable() else configuration | _NOT_DURABLE


def _durable() -> bool:
    """Off for tests alone: without fsync a power cut may destroy the data."""
    return env.flag("EMBEDDED_FSYNC", default=True)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}
