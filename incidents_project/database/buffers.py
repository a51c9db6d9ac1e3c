"""How much of the machine's memory the embedded server keeps pages in.

A server of its own is given a quarter of the memory (the PostgreSQL manual, "Resource
Consumption"); this one shares the machine with the service, and gets an eighth. PostgreSQL takes
it as it is used.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_MIB = 1024**2
_SHARE = 8
_LEAST, _MOST = 128 * _MIB, 4096 * _MIB  # dropping a table looks through all of it

# What a container may use, by version 2 and by version 1 of Linux's control groups.
_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def size(limits: Iterable[Path] = _LIMITS) -> str:
    """The size of the server's ``shared_buffers``; ``limits`` are files that hold one in bytes."""
    share = min([_installed(), *_limits(limits)]) // _SHARE
    return f"{max(_LEAST, min(share, _MOST)) // _MIB}MB"


def _installed() -> int:
    """Bytes of memory; of a system that does not say, none."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def _limits(files: Iterable[Path]) -> Iterable[int]:
    for file in files:
        with suppress(OSError, ValueError):  # not there, or "max"
            yield int(file.read_text())
