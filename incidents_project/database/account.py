"""As which user of the operating system the embedded server runs.

Usually as whoever runs the service. PostgreSQL refuses root, so that root hands it to another user;
often that user cannot even reach the files (a checkout under /root, a ``mktemp -d``). Then the
server gets one capability, to pass through directories, rather than us opening those to everyone.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from incidents_project.database.refusal import ClusterError

_NAMES = ("postgres", "nobody")
# Reading past permissions is all it takes; containers usually have only the stronger of the two.
_PASSAGES = (("dac_read_search", 2), ("dac_override", 1))


@dataclass(frozen=True, slots=True)
class Account:
    """A user, and how to run a command as that user."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    def own(self, path: Path) -> None:
        """Give ``path`` to this user."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def require_name(self) -> None:
        """Refuse a user without a name: initdb, though not the server, asks the system for it."""
        try:
            pwd.getpwuid(self.uid)
        except KeyError:
            raise ClusterError(
                f"PostgreSQL cannot make its data as user {self.uid}, who has no name on this"
                " system. Add a line for that user to /etc/passwd (in a container: run as a user"
                " that the image knows, or as root), or set DATABASE_URL."
            ) from None

    def own_all(self, directory: Path) -> None:
        """Give ``directory`` and everything in it to this user."""
        self.own(directory)
        for parent, directories, files in os.walk(directory):
            for name in (*directories, *files):
                self.own(Path(parent, name))


def choose(data: Path, program: str) -> Account:
    """Who runs ``program`` on ``data``, which need not exist yet (its parent does)."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    uid, gid = _ids(data)
    dropped = {"user": uid, "group": gid, "extra_groups": []}
    if _reaches(dropped, data.parent, program):
        return Account(uid, gid, options=dropped)
    return Account(uid, gid, prefix=_passing_through(uid, gid, data))


def _ids(data: Path) -> tuple[int, int]:
    if data.exists():
        status = data.stat()
        if status.st_uid != 0:
            return status.st_uid, status.st_gid
    for name in _NAMES:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return user.pw_uid, user.pw_gid
    raise ClusterError(
        "PostgreSQL does not run as root, and this system has neither a user 'postgres' nor"
        " 'nobody'. Run this as another user, or set DATABASE_URL."
    )


def _reaches(dropped: dict[str, Any], directory: Path, program: str) -> bool:
    script = 'cd "$1" && exec "$2" --version'
    command = ["/bin/sh", "-c", script, "sh", str(directory), program]
    try:
        return not subprocess.run(command, capture_output=True, check=False, **dropped).returncode  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        raise ClusterError(
            "PostgreSQL does not run as root, and this root may not become another user"
            f" ({error}). Run this as another user, or set DATABASE_URL."
        ) from error


def _passing_through(uid: int, gid: int, data: Path) -> tuple[str, ...]:
    setpriv = shutil.which("setpriv")
    passage = _passage()
    if setpriv is None or passage is None:
        raise ClusterError(
            f"PostgreSQL does not run as root, and user {uid}, who would run it, cannot reach"
            f" {data.parent} or the PostgreSQL programs. Run this as another user, move both out"
            " of private directories (DATA_DIR chooses one for the data), or set DATABASE_URL."
        )
    capabilities = f"-all,+{passage}"
    return (
        setpriv,
        f"--reuid={uid}",
        f"--regid={gid}",
        "--clear-groups",
        f"--inh-caps={capabilities}",
        f"--ambient-caps={capabilities}",
    )


def _passage() -> str | None:
    """The capability to pass through private directories, if we have one to hand on."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    sets = dict(line.split(":\t") for line in status.splitlines() if line.startswith("Cap"))
    ours = int(sets["CapPrm"], 16) & int(sets["CapBnd"], 16)
    return next((name for name, bit in _PASSAGES if ours >> bit & 1), None)
