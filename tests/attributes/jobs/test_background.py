"""The worker beside a server: started with it, started anew when it dies, ended with it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.attributes.jobs.hands import eventually
from tests.test_quickstart import environment, free_port, manage

pytestmark = pytest.mark.slow


def children(pid):
    """The processes that a process has started, as the process table shows them."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = entry.read_text().rpartition(")")[2].split()[:2]
            words = (entry.parent / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if int(parent) == pid and state != "Z":
            found.append((int(entry.parent.name), words))
    return found


def workers(server):
    """The ids of the processes that carry out jobs for a server."""
    watchers = [pid for pid, words in children(server) if b"incidents_project.background" in words]
    return [pid for one in watchers for pid, words in children(one) if b"attribute_jobs" in words]


@pytest.fixture
def serve(tmp_path):
    """Gunicorn with these settings, on a database of its own."""
    assert manage("migrate", "--verbosity", "0", DATA_DIR=str(tmp_path)).returncode == 0
    started = []

    def start(**settings):
        settings |= {"DATA_DIR": str(tmp_path), "BIND": f"127.0.0.1:{free_port()}"}
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "incidents_project.wsgi"],
            env=environment() | settings | {"WEB_WORKERS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_server_runs_jobs_where_it_is_told_to(serve):
    server = serve(RUN_JOBS="true")
    eventually(lambda: workers(server.pid))
    (first,) = workers(server.pid)
    os.kill(first, signal.SIGKILL)
    eventually(lambda: workers(server.pid) not in ([], [first]))
    (second,) = workers(server.pid)
    server.terminate()
    told, _ = server.communicate(timeout=60)
    assert not Path(f"/proc/{second}").exists()
    assert "Traceback" not in told


def test_a_server_that_is_killed_takes_its_worker_along(serve):
    server = serve(RUN_JOBS="true")
    eventually(lambda: workers(server.pid))
    (worker,) = workers(server.pid)
    server.kill()
    eventually(lambda: not Path(f"/proc/{worker}").exists())


def test_a_server_leaves_jobs_to_others_unless_it_is_told(serve):
    server = serve()
    eventually(lambda: children(server.pid))
    server.terminate()
    told, _ = server.communicate(timeout=60)
    assert workers(server.pid) == []
    assert "Traceback" not in told
