"""``check_attributes`` where everything is committed: indexes, and other people at work."""

import threading
import time

import pytest
from django.db import connections

from attributes.check import Kind
from attributes.models import AttributeMeta, IndexBuild
from attributes.operations.archive import Archive
from attributes.operations.change import carry_out
from tests.attributes.test_check import command, found, kinds

pytestmark = pytest.mark.usefixtures("committed")


def test_an_index_that_is_missing_or_left_over_is_found_and_mended(make_attribute):
    slot = make_attribute("count", indexed=True).slot
    assert kinds() == {Kind.INDEX: 1}
    assert command("--fix") == (0, "Mended indexes: 1.\nEverything is as it should be.\n")
    AttributeMeta.objects.update(indexed=False)
    assert found().examples == {Kind.INDEX: [f"incidents_incident_{slot}: DROPPING"]}
    assert command("--fix")[0] == 0
    assert not IndexBuild.objects.exists()


def test_what_changes_meanwhile_is_no_finding(make_attribute, make_incident, dee):
    """Definitions and values that come while it runs; readers wait for nobody."""
    make_attribute("count")
    stop = threading.Event()

    def write():
        try:
            number = 0
            while not stop.is_set():
                number += 1
                make_attribute(f"value{number}", "STRING", unique=number % 2 == 0)
                make_incident(attributes={"count": number, f"value{number}": f"text {number}"})
                if number % 3 == 0:
                    carry_out(Archive(f"value{number}", {}), principal=dee)
        finally:
            connections.close_all()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            assert kinds() == {}
    finally:
        stop.set()
        writer.join()
