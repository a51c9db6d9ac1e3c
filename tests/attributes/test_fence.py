"""The schema that is in force: known to every process, whatever happens to a change of it."""

import os
import subprocess
import sys
from contextlib import suppress
from functools import partial

import pytest
from django.db import connections, transaction

from accounts import operations
from accounts.principal import Role
from attributes import fence
from attributes.models import Epoch
from attributes.operations.archive import archive_attribute
from attributes.operations.define import change_attribute, define_attribute
from attributes.schema import PerEpoch, _load, schemas
from incidents.models import Kind
from incidents.operations.codes import add_code, change_code
from tests.conftest import ACME

COUNT = {"name": "count", "type": "INTEGER"}


def in_force():
    return [attribute.name for attribute in schemas.now().attributes]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "operation",
    [
        partial(define_attribute, members={"name": "team", "type": "STRING"}),
        partial(change_attribute, name="count", members={"label": "How many"}),
        partial(archive_attribute, name="count"),
        partial(add_code, kind=Kind.STATUS, code="PARKED"),
        partial(change_code, kind=Kind.STATUS, code="NEW", changes={"retired": True}),
    ],
    ids=lambda operation: operation.func.__name__,
)
def test_every_change_begins_an_epoch(dee, make_attribute, operation):
    make_attribute("count")
    before = Epoch.objects.get()
    operation(principal=dee)
    after = Epoch.objects.get()
    assert after.version == before.version + 1
    assert after.stamp != before.stamp


@pytest.mark.django_db
def test_values_do_not_begin_an_epoch(make_attribute, make_incident):
    make_attribute("count")
    before = Epoch.objects.values().get()
    make_incident(attributes={"count": 5})
    assert Epoch.objects.values().get() == before


@pytest.mark.django_db
def test_a_schema_is_read_once_per_epoch(make_attribute, django_assert_num_queries):
    make_attribute("count")
    first = schemas.now()
    with django_assert_num_queries(1):  # which epoch it is
        assert schemas.now() is first


@pytest.mark.django_db
def test_a_slot_is_never_given_twice(dee, make_attribute):
    slots = []
    for _ in range(3):
        slots.append(make_attribute("count").slot)
        archive_attribute(principal=dee, name="count")
    assert len(set(slots)) == 3


@pytest.mark.django_db
def test_a_change_that_is_undone_leaves_no_trace_in_the_cache(make_attribute):
    make_attribute("kept")
    with suppress(LookupError), transaction.atomic():
        make_attribute("undone")
        assert in_force() == ["kept", "undone"]
        raise LookupError
    assert in_force() == ["kept"]
    # Takes the version that was undone, but not its stamp.
    make_attribute("other")
    assert in_force() == ["kept", "other"]


@pytest.mark.usefixtures("committed")
def test_what_is_not_committed_yet_is_seen_by_nobody_else(make_attribute, together):
    with transaction.atomic():
        make_attribute("count")
        assert in_force() == ["count"]
        assert together([in_force]) == [[]]
    assert together([in_force]) == [["count"]]


@pytest.mark.usefixtures("committed")
def test_a_cache_that_was_filled_before_the_change_notices_it(make_attribute):
    other = PerEpoch(_load)
    assert list(other.now().by_name) == []
    make_attribute("count")
    assert list(other.now().by_name) == ["count"]


ANOTHER_PROCESS = """
import sys
import django
django.setup()
from django.db import connections
from rest_framework.test import APIClient
connections["default"].settings_dict["NAME"] = sys.argv[1]
client = APIClient()
client.credentials(HTTP_AUTHORIZATION="Bearer " + sys.argv[2], HTTP_HOST="localhost")
for _ in sys.stdin:
    sent = {"name": "Disk full", "status": "NEW", "type": "OTHERS", "date": "2024-11-11T02:57:27Z",
            "description": "...", "reported_by": "John Doe", "attributes": {"count": 5}}
    told = client.post("/v1/incident", sent).json()
    print(told["code"] if "code" in told else told["data"]["attributes"], flush=True)
"""


@pytest.mark.usefixtures("committed")
def test_another_process_knows_it_in_its_next_request(dee):
    _, token = operations.create_token(
        tenant_id=ACME, roles=[Role.INCIDENT_OWNER], name="Other", actor="tests"
    )
    database = connections["default"].settings_dict["NAME"]
    with subprocess.Popen(
        [sys.executable, "-c", ANOTHER_PROCESS, database, token],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:

        def ask():
            process.stdin.write("\n")
            return process.stdout.readline().strip()

        assert ask() == "unknown_attribute"
        define_attribute(principal=dee, members=COUNT)
        assert ask() == "{'count': 5}"
        archive_attribute(principal=dee, name="count")
        assert ask() == "unknown_attribute"
        process.stdin.close()


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("enter", [fence.enter, fence.change])
def test_the_fence_needs_a_transaction(enter):
    with pytest.raises(AssertionError, match="transaction"):
        enter()


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["short", "long" * 400])  # remembered as it was answered, and not
def test_what_is_remembered_of_values_ends_with_the_schema(
    dee, make_attribute, make_incident, viewer_api, text
):
    make_attribute("note", type="STRING", rules={"max_length": 2_000})
    make_incident(attributes={"note": text})

    def shown():
        (incident,) = viewer_api.get("/v1/incident").json()["data"]["incidents"]
        return incident["attributes"]

    assert [shown(), shown()] == [{"note": text}] * 2
    archive_attribute(principal=dee, name="note")
    assert shown() == {}
