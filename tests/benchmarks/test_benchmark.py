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
from tests.benchmarks.report import IN_DATABASE
from tests.benchmarks.running import ROOT, missing_for_thin

pytestmark = pytest.mark.slow
with_thin = pytest.mark.skipif(
    bool(missing_for_thin()), reason="needs tests/benchmarks/requirements.txt"
)

COMMAND = [sys.executable, "-m", "tests.benchmarks.service", "--sizes", "2000"]


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


def printed_by(*options: str, tmp: Path) -> str:
    run = start(*options, tmp=tmp)
    printed, _ = run.communicate(timeout=240)
    assert run.returncode == 0, printed
    assert list(tmp.iterdir()) == []
    return printed


def test_it_prints_every_operation_and_leaves_nothing_behind(short_tmp):
    printed = printed_by("--seconds", "0.1", "--connections", "2", "--no-thin", tmp=short_tmp)
    for name in NAMES:
        assert re.search(rf"^{name} +\| +[\d.]+ ", printed, re.MULTILINE), printed
    for name in IN_DATABASE:
        assert re.search(rf"^{name}: database time .* (met|missed)$", printed, re.MULTILINE)


@with_thin
def test_the_thin_service_finds_and_does_the_same(short_tmp):
    only = [word for name in ("select", "read", "update") for word in ("--only", name)]
    printed = printed_by("--seconds", "0.1", "--connections", "1", *only, tmp=short_tmp)
    assert re.search(
        r"^select: requests by the thin service's .* (met|missed)$", printed, re.MULTILINE
    )


def test_smaller_sizes_are_measured_beside_the_largest(short_tmp):
    only = ["--no-thin", "--only", "select", "--connections", "1", "--seconds", "0.1"]
    printed = printed_by(*only, "--sizes", "400,2000", tmp=short_tmp)
    assert re.search(r"^select: time by 400 incidents' .* (met|missed)$", printed, re.MULTILINE)


def test_ctrl_c_stops_all_that_it_started(short_tmp):
    thin = ["--no-thin"] if missing_for_thin() else []
    run = start("--seconds", "60", *thin, tmp=short_tmp)
    try:
        for line in run.stdout:
            if "Measuring" in line:
                break
        time.sleep(3)
        started = psutil.Process(run.pid).children(recursive=True)
        run.send_signal(signal.SIGINT)
        printed, _ = run.communicate(timeout=60)
    finally:
        run.kill()
    assert "Traceback" not in printed, printed
    assert len(started) > 5  # PostgreSQL's processes, the services' and the clients'
    _, alive = psutil.wait_procs(started, timeout=10)
    assert alive == []
    assert list(short_tmp.iterdir()) == []
