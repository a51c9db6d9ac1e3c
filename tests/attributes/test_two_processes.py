"""Two processes of the service: what one changes, the other knows in its next request."""

import json
import subprocess
import sys

import pytest
from django.db import connection

from accounts.operations import create_token
from accounts.principal import Role
from attributes.operations.archive import Archive, Restore
from attributes.operations.change import carry_out
from attributes.operations.rename import Rename
from tests.conftest import ACME

SERVICE = """
import json, sys
import django
django.setup()
from django.db import connections
connections["default"].settings_dict["NAME"] = sys.argv[1]
from rest_framework.test import APIClient
client = APIClient(SERVER_NAME="localhost")
client.credentials(HTTP_AUTHORIZATION=f"Bearer {sys.argv[2]}")
for path in sys.stdin:
    response = client.get(path.strip())
    print(json.dumps([response.status_code, response.json().get("data")]), flush=True)
"""


@pytest.fixture
def elsewhere(committed):
    """Asks another process of the service, which has been running since the test began."""
    _, token = create_token(tenant_id=ACME, roles=[Role.VIEWER], name="elsewhere", actor="tests")
    arguments = [sys.executable, "-c", SERVICE, connection.settings_dict["NAME"], token]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(arguments, **pipes) as process:

        def ask(path):
            process.stdin.write(f"{path}\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield ask
        process.stdin.close()


def test_each_change_is_seen_in_the_next_request(elsewhere, make_attribute, make_incident, dee):
    make_attribute("count")
    path = f"/v1/incident/{make_incident(attributes={'count': 5})['id']}?fields=attributes"
    assert elsewhere(path) == [200, {"attributes": {"count": 5}}]
    for change, values in (
        (Rename("count", {"name": "hits"}), {"hits": 5}),
        (Archive("hits", {}), {}),
        (Restore("hits", {"name": "count"}), {"count": 5}),
    ):
        carry_out(change, principal=dee)
        assert elsewhere(path) == [200, {"attributes": values}]


def test_a_former_name_is_known_there_too(elsewhere, make_attribute, make_incident, dee):
    make_attribute("count")
    incident = make_incident(attributes={"count": 5})
    path = "/v1/incident?attributes.count=5&fields=id&total=none"
    before = elsewhere(path)
    assert before[1]["incidents"] == [{"id": str(incident["id"])}]
    carry_out(Rename("count", {"name": "hits"}), principal=dee)
    assert elsewhere(path) == before
