"""One cluster made once, and copies of it; tables made in a database of its own."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from incidents_project.database import cluster
from incidents_project.database.cluster import Cluster


@pytest.fixture(autouse=True)
def _not_durable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDED_FSYNC", "off")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that has been used and left."""
    home = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EMBEDDED_FSYNC", "off")
        server = Cluster(home)
        server.ensure_running()
        server.leave()
    return home


def copy(made: Path, home: Path) -> Path:
    """A copy of a data directory, with its owners."""
    subprocess.run(["cp", "-a", f"{made}/postgres", f"{made}/postgres.log", home], check=True)
    return home


@pytest.fixture
def home(made: Path) -> Path:
    """For tests that leave the data as they found it."""
    return made


@pytest.fixture
def own_home(made: Path, tmp_path: Path) -> Path:
    """For tests that do damage."""
    return copy(made, tmp_path)


@pytest.fixture
def open_cluster() -> Iterator[Callable[[Path], Cluster]]:
    """Clusters that are left when the test ends."""
    opened: list[Cluster] = []

    def open_one(home: Path, **options: Any) -> Cluster:
        opened.append(Cluster(home, **options))
        return opened[-1]

    yield open_one
    for server in opened:
        server.leave()


USER = """
import sys
from pathlib import Path
from incidents_project.database.cluster import Cluster
server = Cluster(Path(sys.argv[1]))
print(server.ensure_running(), server.postmaster(), flush=True)
sys.stdin.readline()
"""


class User:
    """Another process that uses the server."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def postmaster(self) -> int:
        """Wait until it has the server; whose process id."""
        return int(self.process.stdout.readline().split()[-1])

    def leave(self) -> None:
        self.process.communicate("go\n", timeout=60)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=60)


@pytest.fixture
def user() -> Iterator[Callable[[Path], User]]:
    users: list[User] = []

    def start(home: Path) -> User:
        users.append(User(home))
        return users[-1]

    yield start
    for each in users:
        if each.process.poll() is None:
            each.leave()


@pytest.fixture(scope="session")
def server(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A running server for tests that are not about its life."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EMBEDDED_FSYNC", "off")
        running = Cluster(copy(made, tmp_path_factory.mktemp("server")))
        running.ensure_running()
        yield running
        running.leave()


Connect = Callable[..., psycopg.Connection[Any]]


@pytest.fixture
def connect(server: Cluster) -> Iterator[Connect]:
    """``connect("incidents_app", "incidents")``: a connection that is closed after the test."""
    opened: list[psycopg.Connection[Any]] = []

    def open_one(user: str, dbname: str = "scratch") -> psycopg.Connection[Any]:
        host = str(server.ensure_running())
        opened.append(
            psycopg.connect(host=host, port=cluster.PORT, user=user, dbname=dbname, autocommit=True)
        )
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture
def scratch(server: Cluster) -> Iterator[str]:
    """An empty database of the owner's."""
    with psycopg.connect(
        host=str(server.ensure_running()), user="postgres", dbname="postgres", autocommit=True
    ) as admin:
        admin.execute("CREATE DATABASE scratch OWNER incidents_owner")
        yield "scratch"
        admin.execute("DROP DATABASE scratch WITH (FORCE)")


@pytest.fixture
def private_home(made: Path) -> Iterator[Path]:
    """A data directory that only its owner can reach, as ``mktemp -d`` makes them."""
    parent = Path(os.path.realpath("/tmp"), f"incidents-private-{os.getpid()}")
    parent.mkdir(mode=0o700)
    home = parent / "var"
    home.mkdir()
    yield copy(made, home)
    shutil.rmtree(parent)
