"""The count of a tenant's incidents is what counting them would answer."""

from functools import partial

import pytest
from django.db import connection, transaction

from accounts import tenancy
from incidents import counts
from incidents.models import Count, Incident
from incidents.operations.incidents import create_incident, delete_incident
from incidents_project.refusals import Conflict, Invalid, PreconditionFailed
from incidents_project.versions import Expected
from tests.conftest import ACME, DISK_FULL, GLOBEX


def total(tenant_id=ACME):
    with tenancy.scope(tenant_id):
        counted = counts.total(tenant_id)
        assert counted == Incident.objects.for_tenant(tenant_id).count()
    return counted


@pytest.mark.django_db
def test_nothing_is_counted_as_none():
    assert total() == 0


@pytest.mark.django_db
def test_each_tenant_counts_its_own(ada, cleo, make_incident):
    made = [make_incident()["id"] for _ in range(3)]
    make_incident(cleo)
    delete_incident(principal=ada, incident_id=made[0], expected=Expected())
    assert (total(ACME), total(GLOBEX)) == (2, 1)


@pytest.mark.django_db
def test_what_was_refused_is_not_counted(ada, make_attribute, make_incident):
    make_attribute("ticket", "STRING", unique=True)
    incident = make_incident(attributes={"ticket": "A-1"})
    with pytest.raises(Invalid):
        make_incident(status="NO SUCH STATUS")
    with pytest.raises(Conflict):
        make_incident(attributes={"ticket": "A-1"})

    def refuse(_):
        raise PreconditionFailed("Changed.")

    with pytest.raises(PreconditionFailed):
        delete_incident(principal=ada, incident_id=incident["id"], expected=Expected(None, refuse))
    assert total() == 1


@pytest.mark.django_db
def test_what_was_rolled_back_is_not_counted(make_incident):
    make_incident()
    with transaction.atomic():
        make_incident()
        transaction.set_rollback(True)
    assert total() == 1


@pytest.mark.usefixtures("committed")
def test_16_at_once_are_all_counted(ada, together):
    def come_and_go():
        for _ in range(5):
            create_incident(principal=ada, body=DISK_FULL)
            gone = create_incident(principal=ada, body=DISK_FULL)["id"]
            delete_incident(principal=ada, incident_id=gone, expected=Expected())

    together([come_and_go] * 16)
    assert total() == 80


@pytest.mark.usefixtures("committed")
def test_writers_on_other_connections_count_elsewhere(ada, together):
    # Connections made one after the other, so that their numbers are too.
    together([partial(create_incident, principal=ada, body=DISK_FULL)] * 8)
    with tenancy.scope(ACME):
        parts = Count.objects.for_tenant(ACME).values_list("incidents", flat=True)
        assert len(parts) > 1
        assert sum(parts) == 8


@pytest.mark.django_db
def test_counting_locks_one_row(make_incident):
    make_incident()
    make_incident()
    with tenancy.scope(ACME):
        shard = connection.connection.info.backend_pid % 16
        assert list(Count.objects.for_tenant(ACME).values_list("shard", "incidents")) == [
            (shard, 2)
        ]
