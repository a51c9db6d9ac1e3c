"""Jobs, begun and carried out: by a worker here, or by one in a process of its own."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager

from django.db import connections

from accounts import tenancy
from accounts.models import Tenant
from attributes.jobs.worker import Worker
from attributes.models import Job
from attributes.operations.archive import archive_attribute
from attributes.operations.change import carry_out, preview
from attributes.operations.purge import Purge
from attributes.operations.retype import Retype
from attributes.walk import tally
from incidents.models import Incident
from incidents.operations.incidents import patch_incident
from incidents_project.versions import ANY
from tests.conftest import ACME
from tests.incidents.listing import row, store

PATIENCE = 30  # seconds


def fill(attribute, values, tenant=ACME):
    """An incident for each value; their ids, in order."""
    Tenant.objects.get_or_create(id=tenant)
    rows = [row(n, attributes={attribute.slot: value}) for n, value in enumerate(values)]
    return store([each | {"tenant_id": tenant} for each in rows])


def write(principal, incident_id, **values):
    body = {"attributes": values}
    patch_incident(principal=principal, incident_id=incident_id, body=body, expected=ANY)


def documents(tenant=ACME):
    """What is stored in each incident, in the order of their making."""
    with tenancy.scope(tenant):
        return list(Incident.objects.order_by("id").values_list("attributes", flat=True))


def retype(principal, attribute, type_name, **members):
    carry_out(Retype(attribute.name, {"type": type_name, **members}), principal=principal)
    return Job.objects.open().get(attribute_id=attribute.id)


def purge(principal, attribute, **members):
    archive_attribute(principal=principal, name=attribute.name)
    change = Purge(attribute.name, members)
    carry_out(change, principal=principal, plan=preview(change, tally).hash)
    return Job.objects.open().get(attribute_id=attribute.id)


def work(worker=None, **options):
    """All there is to do now; the turns it took."""
    return list((worker or Worker(max_writer_delay=0.1, **options)).work())


def stand(job):
    job.refresh_from_db()
    return job.state


def free(job):
    """As if a minute had gone by since its worker was last heard of."""
    Job.objects.filter(id=job.id).update(leased_until=None)


def eventually(holds):
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def start(*arguments):
    """``manage.py attribute_jobs`` with these arguments, on the database of the test."""
    database = connections["owner"].settings_dict["NAME"]
    settings = {"DJANGO_SETTINGS_MODULE": f"{__package__}.settings", "TEST_DATABASE": database}
    return subprocess.Popen(
        [sys.executable, "manage.py", "attribute_jobs", *arguments],
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@contextmanager
def running(*arguments):
    """The same, killed in the end if it is still there."""
    process = start(*arguments)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
