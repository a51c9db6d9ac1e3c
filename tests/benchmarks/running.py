"""Starting what is measured, and stopping it again: PostgreSQL and gunicorn, each a process."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import psycopg

from incidents_project.database import cluster
from tests.benchmarks import data, twin

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
_PATIENCE = 60.0  # seconds for the service to start
_THIN_NEEDS = ("fastapi", "uvicorn", "uvloop", "httptools", "psycopg_pool", "pydantic")
# What would have the service run on another database, or behind HTTPS.
_FOREIGN = ("DATABASE_", "SECRET_KEY", "WEB_", "ALLOWED_HOSTS", "HTTPS", "DEBUG", "DJANGO_")


@dataclass(frozen=True)
class Place:
    """A data directory, and the environment in which the product finds it."""

    data_dir: Path
    environment: Mapping[str, str]
    server: cluster.Cluster

    def manage(self, *arguments: str) -> str:
        """What ``manage.py`` printed."""
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"manage.py {' '.join(arguments)} failed:\n{done.stderr}")
        return done.stdout.strip()

    @property
    def socket_dir(self) -> str:
        """Where PostgreSQL listens."""
        return str(self.server.ensure_running())

    def connect(self, user: str = cluster.SUPERUSER) -> psycopg.Connection[Any]:
        """A connection of our own, in autocommit mode."""
        return psycopg.connect(
            host=self.socket_dir,
            port=cluster.PORT,
            user=user,
            dbname=cluster.DATABASE,
            autocommit=True,
        )

    @property
    def kept(self) -> Path:
        """What this data directory was loaded with; only the benchmark's own have it."""
        return self.data_dir / "benchmark.json"


@dataclass(frozen=True)
class Service:
    """The running service."""

    process: subprocess.Popen[bytes]
    port: int

    def connect(self) -> HTTPConnection:
        """A connection that is kept alive."""
        return HTTPConnection(HOST, self.port, timeout=60)


@contextmanager
def place(data_dir: Path | None, log_level: str) -> Iterator[Place]:
    """A data directory with its PostgreSQL running; a temporary one is removed afterwards."""
    with ExitStack() as stack:
        if data_dir is None:
            made = tempfile.TemporaryDirectory(prefix="incidents-benchmark-")
            data_dir = Path(stack.enter_context(made))
        yield stack.enter_context(_running(data_dir.expanduser().resolve(), log_level))


@contextmanager
def _running(data_dir: Path, log_level: str) -> Iterator[Place]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)
    }
    environment |= {
        "DATA_DIR": str(data_dir),
        "THROTTLE_RATE": "0",
        "LOG_LEVEL": log_level,
        "LOG_FORMAT": "JSON",  # as in production
    }
    server = cluster.Cluster(data_dir)
    found = Place(data_dir, environment, server)
    if (data_dir / "postgres").exists() and not found.kept.exists():
        raise SystemExit(
            f"{data_dir} holds data that is not the benchmark's, and it would be replaced. Choose"
            " an empty directory."
        )
    data_dir.mkdir(parents=True, exist_ok=True)
    if not found.kept.exists():
        found.kept.write_text("{}")
    try:
        server.ensure_running()
        yield found
    finally:
        server.leave()


@contextmanager
def service(found: Place, workers: int | None) -> Iterator[Service]:
    """Gunicorn with the project's own settings, until the block ends."""
    port = _free_port()
    environment = {**found.environment, "BIND": f"{HOST}:{port}"}
    if workers is not None:
        environment["WEB_WORKERS"] = str(workers)
    # A worker that is replaced half way would take its CPU time with it.
    command = ["gunicorn", "--max-requests", "0", "incidents_project.wsgi"]
    with _served(found, "service", command, environment, port, "/readyz") as running:
        yield running


@contextmanager
def thin(found: Place, answers: str) -> Iterator[Service]:
    """The thin service under uvicorn: a process for each CPU, since each keeps one busy."""
    port = _free_port()
    database = f"host={found.socket_dir} port={cluster.PORT} user={cluster.SUPERUSER}"
    environment = {
        **found.environment,
        "THIN_DATABASE": f"{database} dbname={cluster.DATABASE}",
        "THIN_ANSWERS": answers,
    }
    command = [
        "uvicorn",
        "--host",
        HOST,
        "--port",
        str(port),
        "--workers",
        str(os.cpu_count() or 1),
    ]
    command += ["--loop", "uvloop", "--http", "httptools"]
    # A line for each request where ours writes one.
    command += ["--log-level", found.environment["LOG_LEVEL"].lower(), "tests.benchmarks.thin:app"]
    ready = f"/{data.LARGEST}/incidents"
    with _served(found, "thin", command, environment, port, ready) as running:
        yield running


def missing_for_thin() -> list[str]:
    """What the thin service needs and does not find."""
    return [name for name in _THIN_NEEDS if find_spec(name) is None]


def require_thin() -> None:
    """Say what to install, before anything else is done."""
    if missing := missing_for_thin():
        raise SystemExit(
            f"The thin service needs {', '.join(missing)}. Run"
            " 'pip install -r tests/benchmarks/requirements.txt' in this environment, or measure"
            " without it: --no-thin."
        )


@contextmanager
def _served(
    found: Place,
    name: str,
    command: list[str],
    environment: Mapping[str, str],
    port: int,
    ready: str,
) -> Iterator[Service]:
    log = found.data_dir / f"{name}.log"
    with log.open("wb") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=told,
            start_new_session=True,  # ctrl-C is for us, who then stop it
        )
    try:
        _await_ready(process, port, ready, log)
        yield Service(process, port)
    finally:
        _stop(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _await_ready(process: subprocess.Popen[bytes], port: int, path: str, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        connection = HTTPConnection(HOST, port, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.05)
    raise SystemExit(f"It did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    family = [process.pid, *(child.pid for child in _children(process.pid))]
    process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        for pid in family:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.wait()


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all its descendants so far."""
    total = 0.0
    for process in [psutil.Process(pid), *_children(pid)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


@dataclass(frozen=True)
class Prepared:
    """What the operations need to know."""

    token: str
    slots: dict[str, str]  # by attribute name


def prepare(found: Place, incidents: int) -> Prepared:
    """Migrate, issue tokens, define the attributes through the API, load the incidents."""
    found.manage("migrate", "--verbosity", "0")
    kept: dict[str, Any] = json.loads(found.kept.read_text())
    if "token" not in kept:
        kept["token"] = _token(found, "incident_owner")
        kept["deployer"] = _token(found, "deployer")
        found.kept.write_text(json.dumps(kept))
    slots = _slots(found)
    if data.ATTRIBUTES.keys() - slots.keys():
        with service(found, 1) as running:
            _define(running, kept["deployer"], data.ATTRIBUTES.keys() - slots.keys())
        slots = _slots(found)
    loaded = [data.VERSION, incidents]
    if kept.get("loaded") != loaded:
        found.kept.write_text(json.dumps({**kept, "loaded": None}))
        with found.connect() as connection:
            data.load(connection, slots, incidents)
            twin.make(connection, slots)
        for name in data.INDEXED:
            found.manage("attribute_index", "create", name)
        found.kept.write_text(json.dumps({**kept, "loaded": loaded}))
    return Prepared(kept["token"], slots)


def forget_measured(found: Place) -> None:
    """Take away what was created by an earlier measurement, and have nothing left to tidy up."""
    with found.connect() as connection:
        data.forget_measured(connection)
        twin.forget_measured(connection)
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def _token(found: Place, role: str) -> str:
    words = ["--tenant", data.LARGEST, "--role", role, "--name", f"Benchmark {role}"]
    return found.manage("create_token", *words)


def _slots(found: Place) -> dict[str, str]:
    with found.connect() as connection:
        query = "SELECT name, slot FROM attributes_attributemeta WHERE state = 'ACTIVE'"
        return dict(connection.execute(query).fetchall())


def _define(running: Service, token: str, names: set[str]) -> None:
    connection = running.connect()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    for name in (name for name in data.ATTRIBUTES if name in names):
        attribute = data.ATTRIBUTES[name]
        body = json.dumps({"name": name, "type": attribute.type, "rules": attribute.rules})
        connection.request("POST", "/v1/incident/attributes", body, headers)
        answer = connection.getresponse()
        told = answer.read()
        if answer.status != 201:
            raise SystemExit(f"The attribute {name} was refused: {told.decode()}")
    connection.close()
