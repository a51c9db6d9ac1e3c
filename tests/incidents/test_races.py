"""Many at once, with real threads and real commits."""

from functools import partial

import pytest
from django.db import connection

from accounts import tenancy
from attributes.operations.archive import archive_attribute
from incidents import queries
from incidents.models import Incident
from incidents.operations.incidents import create_incident, patch_incident
from incidents.operations.values import set_value
from incidents_project.refusals import Conflict, Refusal
from incidents_project.versions import Expected
from tests.conftest import ACME, DISK_FULL

pytestmark = pytest.mark.usefixtures("committed")


def outcome(call):
    try:
        return call()
    except Refusal as refusal:
        return refusal


def test_of_64_writers_with_one_lock_one_wins(ada, make_incident, together):
    incident = make_incident()
    writers = [
        partial(
            patch_incident,
            principal=ada,
            incident_id=incident["id"],
            body={"name": f"Writer {number}"},
            expected=Expected(occ_lock=0),
        )
        for number in range(64)
    ]
    outcomes = together([partial(outcome, writer) for writer in writers])
    won = [told for told in outcomes if isinstance(told, dict)]
    assert len(won) == 1
    assert all(told.code == "stale_object" for told in outcomes if isinstance(told, Conflict))
    assert queries.read_one(ACME, incident["id"])["name"] == won[0]["name"]


def test_16_writers_of_16_values_of_one_incident_all_stand(
    ada, make_attribute, make_incident, together
):
    names = [f"value{number}" for number in range(16)]
    for name in names:
        make_attribute(name)
    incident = make_incident()
    together(
        [
            partial(
                set_value,
                principal=ada,
                incident_id=incident["id"],
                name=name,
                value=number,
                expected=Expected(),
            )
            for number, name in enumerate(names)
        ]
    )
    stored = queries.read_one(ACME, incident["id"])
    assert stored["attributes"] == {name: number for number, name in enumerate(names)}
    assert stored["occ_lock"] == 16


def test_no_value_is_acknowledged_after_its_attribute_is_gone(
    ada, dee, make_attribute, make_incident, together
):
    slot = make_attribute("count").slot
    incidents = [make_incident()["id"] for _ in range(32)]

    def write(incident_id):
        acknowledged = 0
        for number in range(200):
            told = outcome(
                partial(
                    set_value,
                    principal=ada,
                    incident_id=incident_id,
                    name="count",
                    value=number,
                    expected=Expected(),
                )
            )
            if isinstance(told, Refusal):
                assert told.code == "unknown_attribute"
                return acknowledged
            acknowledged = number
        return acknowledged

    outcomes = together(
        [
            *[partial(write, incident_id) for incident_id in incidents],
            partial(archive_attribute, principal=dee, name="count"),
        ]
    )
    with tenancy.scope(ACME):
        stored = {row.id: row.attributes.get(slot) for row in Incident.objects.for_tenant(ACME)}
    for incident_id, acknowledged in zip(incidents, outcomes, strict=False):
        assert stored[incident_id] in (acknowledged, None if acknowledged == 0 else acknowledged)


def test_a_stuck_writer_delays_the_deployer_but_no_other_writer(
    ada, dee, make_attribute, make_incident, together
):
    make_attribute("count")
    incident = make_incident()

    def stuck():
        with tenancy.scope(ACME), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock_shared(7717, 1)")
            cursor.execute("SELECT pg_sleep(1.5)")

    def writers():
        return [
            patch_incident(
                principal=ada,
                incident_id=incident["id"],
                body={"name": f"Write {number}"},
                expected=Expected(),
            )["occ_lock"]
            for number in range(20)
        ]

    def change():
        return archive_attribute(principal=dee, name="count").state

    _, written, state = together([stuck, writers, change])
    assert written == list(range(1, 21))
    assert state == "ARCHIVED"


def test_of_64_writers_of_one_unique_value_one_wins(ada, make_attribute, together):
    make_attribute("ticket", "STRING", unique=True)
    writer = partial(
        create_incident, principal=ada, body={**DISK_FULL, "attributes": {"ticket": "A-1"}}
    )
    outcomes = together([partial(outcome, writer)] * 64)
    assert sum(isinstance(told, dict) for told in outcomes) == 1
    assert {told.code for told in outcomes if isinstance(told, Refusal)} == {"not_unique"}


def test_writers_that_swap_unique_values_do_not_wait_for_each_other(
    ada, make_attribute, make_incident, together
):
    make_attribute("ticket", "STRING", unique=True)
    ids = [make_incident(attributes={"ticket": ticket})["id"] for ticket in "AB"]

    def swap(mine, values):
        return [
            outcome(
                partial(
                    set_value,
                    principal=ada,
                    incident_id=ids[mine],
                    name="ticket",
                    value=values[turn % 2],
                    expected=Expected(),
                )
            )
            for turn in range(60)
        ]

    outcomes = together([partial(swap, mine, values) for mine in (0, 1) for values in ("AB", "BA")])
    refused = {told.code for each in outcomes for told in each if isinstance(told, Refusal)}
    assert refused <= {"not_unique"}
    held = [queries.read_one(ACME, id_)["attributes"]["ticket"] for id_ in ids]
    assert sorted(held) == ["A", "B"]
