"""The benchmark runs. How fast anything is, is no business of a test."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.benchmarks.operations import NAMES
from tests.benchmarks.running import ROOT

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-m", "tests.benchmarks.service", "--incidents", "200"]


def start(*more: str, tmp: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *more],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def short_tmp(tmp_path_factory):
    return tmp_path_factory.mktemp("b")


def test_it_prints_every_operation_and_leaves_nothing_behind(short_tmp):
    run = start("--seconds", "0.3", tmp=short_tmp)
    printed, _ = run.communicate(timeout=180)
    assert run.returncode == 0, printed
    for name in NAMES:
        assert re.search(rf"^{name} .*\d$", printed, re.MULTILINE), printed
    assert list(short_tmp.iterdir()) == []


def test_ctrl_c_stops_all_that_it_started(short_tmp):
    run = start("--seconds", "60", tmp=short_tmp)
    try:
        for line in run.stdout:
            if "measuring" in line:
                break
        time.sleep(1)
        started = psutil.Process(run.pid).children(recursive=True)
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=60)
    finally:
        run.kill()
    assert len(started) > 5  # PostgreSQL's processes and gunicorn's
    _, alive = psutil.wait_procs(started, timeout=10)
    assert alive == []
    assert list(short_tmp.iterdir()) == []
