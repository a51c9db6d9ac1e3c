"""``manage.py quickstart``, as a first visitor runs it."""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from incidents_project.database.cluster import Cluster

pytestmark = pytest.mark.slow

MANAGE = Path(__file__).parent.parent / "manage.py"
READY = "ctrl-C stops it"
PATIENCE = 60  # seconds


def environment():
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"EMBEDDED_FSYNC": "off"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def manage(*arguments, **settings):
    return subprocess.run(
        [sys.executable, MANAGE, *map(str, arguments)],
        env=environment() | settings,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


class Quickstart:
    """The command while it runs."""

    def __init__(self, home, port, *options):
        command = [sys.executable, MANAGE, "quickstart", "--data-dir", home, "--port", str(port)]
        self.url = f"http://127.0.0.1:{port}"
        self.output = ""
        self.ready = threading.Event()
        self.process = subprocess.Popen(
            [*command, *options],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.output += line
            if READY in line:
                self.ready.set()

    def __enter__(self):
        deadline = time.monotonic() + PATIENCE
        while not self.ready.wait(0.1):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise AssertionError(f"It did not start: {self.output}")
        return self

    def interrupt(self):
        """What ctrl-C does: every process of the terminal gets the signal."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(PATIENCE)

    def __exit__(self, *exc):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.reader.join()
        self.process.stdout.close()

    def said(self, label):
        """What stands behind a label of the welcome."""
        return re.search(rf"^  {label}\s+(\S.*)$", self.output, re.MULTILINE)[1]

    @property
    def curls(self):
        return [line for line in self.output.splitlines() if line.startswith("curl ")]


def pasted(line):
    """The status of a curl line, run as a shell would run it."""
    if shutil.which("curl") and shutil.which("bash"):
        line += " -o /dev/null -w '%{http_code}'"
        done = subprocess.run(
            ["bash", "-c", line], capture_output=True, text=True, timeout=PATIENCE, check=True
        )
        return int(done.stdout)
    words = shlex.split(line)
    headers = dict(words[i + 1].split(": ", 1) for i, word in enumerate(words) if word == "-H")
    data = words[words.index("-d") + 1].encode() if "-d" in words else None
    url = next(word for word in words if word.startswith("http"))
    with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as response:
        return response.status


def got(url, token=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as response:
        return response.status, response.read()


def total(run, token):
    return json.loads(got(f"{run.url}/v1/incident", token)[1])["data"]["total"]


def indexed(run, token):
    """The state of an index a while after it was asked for."""
    url = f"{run.url}/v1/incident/attributes/region"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    asked = urllib.request.Request(url, b'{"indexed": true}', headers, method="PATCH")
    with urllib.request.urlopen(asked):
        pass
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        state = json.loads(got(url, token)[1])["data"]["index_state"]
        if state != "BUILDING":
            break
        time.sleep(0.5)
    return state


def new_token(home, tenant):
    """A token that the other command makes on the same data."""
    reader = ("--tenant", tenant, "--role", "viewer", "--name", "Other")
    done = manage("create_token", *reader, DATA_DIR=str(home))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def servers_of(home):
    """The PostgreSQL processes on this data, as the process table shows them."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"postgres" in words[0] and any(str(home).encode() in word for word in words):
            found.append(entry.parent.name)
    return found


@dataclass
class Story:
    """Two runs on the same data, and what was seen on the way."""

    home: Path
    outputs: list[str] = field(default_factory=list)
    seen: dict[str, object] = field(default_factory=dict)


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    home = tmp_path_factory.mktemp("quickstart") / "data"
    told = Story(home)
    port = free_port()
    with Quickstart(home, port) as first:
        told.seen["welcome"] = first.output
        owner, deployer = first.said("Owner token"), first.said("Deployer token")
        told.seen["tokens"] = [(owner, deployer)]
        told.seen["pages"] = {
            path: got(first.url + path)[0]
            for path in ("/", "/docs", "/admin/login/", "/livez", "/readyz", "/v1/schema")
        }
        told.seen["demo"] = total(first, owner)
        told.seen["curls"] = [(line, pasted(line)) for line in first.curls]
        told.seen["total"] = [total(first, owner)]
        told.seen["token while it runs"] = total(first, new_token(home, "acme"))
        told.seen["index"] = indexed(first, deployer)
        told.seen["exits"] = [first.interrupt()]
    told.outputs.append(first.output)
    told.seen["servers"] = [servers_of(home)]
    between = new_token(home, "globex")
    told.seen["servers"].append(servers_of(home))
    with Quickstart(home, port) as second:
        told.seen["tokens"].append((second.said("Owner token"), second.said("Deployer token")))
        told.seen["total"].append(total(second, owner))
        told.seen["token while it does not"] = total(second, between)
        told.seen["exits"].append(second.interrupt())
    told.outputs.append(second.output)
    told.seen["servers"].append(servers_of(home))
    return told


def test_it_says_how_to_get_in(story):
    welcome = story.seen["welcome"]
    assert re.search(r"The service runs at http://127\.0\.0\.1:\d+", welcome)
    owner, deployer = story.seen["tokens"][0]
    assert owner.startswith("inc_")
    assert deployer.startswith("inc_")
    assert re.search(r"/admin/\s+user admin, one-time password \S{12,}", welcome)


def test_it_says_so_once(story):
    assert [output.count(READY) for output in story.outputs] == [1, 1]


def test_the_three_curl_lines_work_when_pasted(story):
    assert [status for _, status in story.seen["curls"]] == [200, 201, 201]


def test_its_pages_are_served(story):
    assert set(story.seen["pages"].values()) == {200}


def test_it_comes_with_incidents_and_attributes(story):
    assert story.seen["demo"] == 3


def password(output):
    return re.search(r"one-time password (\S+)", output)[1]


def test_an_index_that_is_asked_for_is_built(story):
    assert story.seen["index"] == "READY"


def test_a_second_run_keeps_what_is_there(story):
    first, second = story.seen["total"]
    assert first == second == story.seen["demo"] + 1
    first, second = story.seen["tokens"]
    assert first == second
    assert password(story.outputs[0]) == password(story.outputs[1])  # nobody has used it up


def test_ctrl_c_stops_it_and_its_database(story):
    assert story.seen["exits"] == [0, 0]
    assert story.seen["servers"] == [[], [], []]
    assert "Traceback" not in "".join(story.outputs)


def test_other_commands_find_the_same_data_while_it_runs_or_not(story):
    assert story.seen["token while it runs"] == story.seen["total"][0]
    assert story.seen["token while it does not"] == 3


def test_a_token_that_was_revoked_is_replaced_at_the_next_run(story):
    owner, _ = story.seen["tokens"][0]
    done = manage("revoke_token", "--tenant", "acme", owner, DATA_DIR=str(story.home))
    assert done.returncode == 0, done.stderr
    with Quickstart(story.home, free_port()) as run:
        assert total(run, run.said("Owner token")) == story.seen["total"][0]
        run.interrupt()


def test_nothing_outlives_a_server_that_was_killed(tmp_path):
    with Quickstart(tmp_path / "data", free_port(), "--no-demo") as run:
        wait_until(lambda: builders_of(run.process.pid))
        os.killpg(run.process.pid, signal.SIGKILL)
        run.process.wait()
    wait_until(lambda: not builders_of(run.process.pid))
    # PostgreSQL runs on until the next to use it has gone.
    server = Cluster(tmp_path / "data")
    server.ensure_running()
    server.leave()
    assert server.postmaster() is None


def wait_until(holds):
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def builders_of(pid):
    """Processes that build indexes for a server that had this id."""
    words = b"--child-of\0%d\0" % pid
    return [p for p in Path("/proc").glob("[0-9]*/cmdline") if words in read(p)]


def read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_without_the_demo_there_is_nothing_but_a_way_in(tmp_path):
    with Quickstart(tmp_path / "data", free_port(), "--no-demo") as run:
        assert run.said("Tenant") == "main"
        assert total(run, run.said("Owner token")) == 0
        assert [pasted(line) for line in run.curls] == [200, 201, 201]
        run.interrupt()


@pytest.mark.parametrize(
    ("port", "words"), [("0", "1 to 65535"), ("65536", "1 to 65535"), ("http", "--port")]
)
def test_a_port_that_cannot_be_is_refused_in_words(tmp_path, port, words):
    done = manage("quickstart", "--data-dir", tmp_path / "data", "--port", port)
    assert done.returncode != 0
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_refused_in_words(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = manage("quickstart", "--data-dir", tmp_path / "data", "--port", port)
    assert done.returncode != 0
    assert f"Port {port} cannot be used" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data" / "postgres").exists()
