"""Every route, every method, everybody who may ask: generated from the URL conf."""

import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from accounts.principal import Role
from attributes.models import AttributeMeta, Job, JobKind, JobState, SpareSlot
from attributes.operations.change import carry_out
from attributes.operations.changes import BY_NAME
from attributes.operations.option_sets import define_option_set
from tests.conftest import ACME, DISK_FULL

pytestmark = pytest.mark.django_db

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
PUBLIC = {"schema"}
UNKNOWN = "01939af0-0000-7000-8000-000000000000"
EMPTY = {"version": 1, "attributes": []}
# What is sent where a body is needed; a new route that needs one is named here.
BODIES = {
    ("incidents", "POST"): DISK_FULL,
    ("incident", "PUT"): {**DISK_FULL, "name": "Renamed", "occ_lock": 0},
    ("incident", "PATCH"): {"name": "Renamed", "occ_lock": 0},
    ("incident-values", "POST"): {"name": "region", "value": "eu"},
    ("incident-values", "PUT"): {"name": "count", "value": 6},
    ("comments", "POST"): {"text": "Seen."},
    ("comments", "DELETE"): {"id": "<id:comment_id>"},
    ("comment", "PUT"): {"text": "Seen twice.", "occ_lock": 0},
    ("attributes", "POST"): {"name": "team", "type": "STRING"},
    ("attribute", "PATCH"): {"label": "How many"},
    ("option-sets", "POST"): {"name": "regions", "options": [{"code": "EU"}]},
    ("option-set", "PATCH"): {"label": "Counts"},
    ("incident-validate", "POST"): DISK_FULL,
    ("attribute-preview", "POST"): {"change": "retype", "type": "STRING"},
    ("attribute-rename", "POST"): {"name": "amount"},
    ("attribute-retype", "POST"): {"type": "STRING"},
    ("attribute-backfill", "POST"): {"value": 0},
    ("attribute-document-plan", "POST"): {"document": EMPTY, "prune": True},
    ("attribute-document-apply", "POST"): {"document": EMPTY, "prune": True},
}
NAMES = {
    "name": "count",
    "alias": "number",
    "retyped": "changed",
    "deprecated": "old",
    "archived": "gone",
}
# A route that is about another thing than the rest: what stands for its placeholders.
ABOUT = {
    "attribute-undo": {"name": "retyped"},
    "attribute-reactivate": {"name": "deprecated"},
    "attribute-restore": {"name": "archived"},
    "attribute-purge": {"name": "archived"},
    "attribute-job-resume": {"job": "paused"},
}


@dataclass(frozen=True)
class Route:
    """One path of the API, with what answers each method there."""

    path: str
    name: str
    actions: dict[str, str] = field(hash=False)
    view: type

    def takes(self, method):
        return {"HEAD": "get"}.get(method, method.lower()) in self.actions

    def roles(self, method):
        action = self.actions[{"HEAD": "get"}.get(method, method.lower())]
        return self.view.required_roles[action]

    def send(self, client, method, ids):
        """The answer to this route and method, with placeholders replaced by ``ids``."""
        ids = ids | {place: ids[key] for place, key in ABOUT.get(self.name, {}).items()}
        body = json.dumps(BODIES.get((self.name, method), {}))
        return client.generic(
            method, filled("/" + self.path, ids), filled(body, ids), "application/json"
        )


def filled(text, ids):
    return re.sub(r"<\w+:(\w+)>", lambda match: str(ids[match[1]]), text)


def routes(patterns, prefix=""):
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if not isinstance(pattern, URLPattern):
            yield from routes(pattern.url_patterns, path)
        elif path.startswith("v1/"):
            view = pattern.callback
            kind = getattr(view, "cls", None) or view.view_class
            yield Route(path, pattern.name, getattr(view, "actions", None) or {}, kind)


ROUTES = list(routes(get_resolver().url_patterns))
CLOSED = [route for route in ROUTES if route.name not in PUBLIC]


def cells(chosen, *, where=lambda route, method: True):
    return [
        pytest.param(route, method, id=f"{method} {route.path}")
        for route in chosen
        for method in METHODS
        if where(route, method)
    ]


def routed(route, method):
    return route.takes(method)


@pytest.fixture
def ids(dee, make_attribute, make_incident, owner_api):
    make_attribute("region", "STRING")
    make_attribute("number", "INTEGER")
    change("rename", dee, "number", name="count")
    make_attribute("old", "STRING")
    change("deprecate", dee, "old")
    make_attribute("gone", "STRING")
    change("archive", dee, "gone")
    AttributeMeta.objects.update(archived_at=timezone.now() - timedelta(days=365))
    changed = make_attribute("changed", "STRING")
    SpareSlot.objects.create(
        slot="a999", attribute=changed, type="TEXT", state="RETAINED", kept_until=timezone.now()
    )
    define_option_set(principal=dee, members={"name": "count", "options": [{"code": "one"}]})
    incident = make_incident(attributes={"count": 5})
    path = f"/v1/incident/{incident['id']}/comments"
    comment = owner_api.post(path, {"text": "First."}).json()["data"]
    return NAMES | {
        "incident_id": incident["id"],
        "comment_id": comment["id"],
        "job": job(JobState.WAITING).id,
        "paused": job(JobState.PAUSED).id,
    }


def change(kind, dee, about, /, **members):
    carry_out(BY_NAME[kind](about, members), principal=dee)


def job(state):
    """Of an attribute that is no more, so that it stands in nobody's way."""
    return Job.objects.create(
        kind=JobKind.RETYPE,
        state=state,
        attribute_id=uuid4(),
        attribute_name="busy",
        parameters={"source": "a997", "target": "a998"},
        requested_by="Dee",
    )


def proper(response):
    """Every answer is an envelope or a problem, under its correlation id."""
    told = response.headers["X-Correlation-ID"]
    if response.status_code == 204 or response.request["REQUEST_METHOD"] == "HEAD":
        assert response.content == b""
        return {}
    body = json.loads(response.content)
    if response.status_code < 400:
        assert response.headers["Content-Type"] == "application/json"
        assert set(body) - {"page"} == {"data", "sent_at"}
    else:
        assert response.headers["Content-Type"] == "application/problem+json"
        assert (body["status"], body["correlation_id"]) == (response.status_code, told)
    return body


def test_the_url_conf_was_found():
    assert {route.name for route in ROUTES} >= PUBLIC | {"incidents", "incident", "attributes"}


@pytest.mark.parametrize("route", CLOSED, ids=lambda route: route.path)
def test_every_routed_action_names_its_roles(route):
    assert route.actions
    for action in route.actions.values():
        assert route.view.required_roles[action] <= set(Role), action
        assert route.view.required_roles[action], action


@pytest.mark.parametrize(("route", "method"), cells(CLOSED))
def test_a_stranger_is_asked_for_a_token(anonymous_api, route, method):
    ids = NAMES | dict.fromkeys(("incident_id", "comment_id", "job", "paused"), UNKNOWN)
    response = route.send(anonymous_api, method, ids)
    proper(response)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("method", METHODS)
def test_the_document_is_public_and_only_read(anonymous_api, method):
    response = anonymous_api.generic(method, "/v1/schema")
    if method in {"GET", "HEAD"}:
        assert response.status_code == 200
    else:
        assert proper(response)["code"] == "method_not_allowed"
        assert "GET" in response.headers["Allow"]


@pytest.mark.parametrize(
    ("route", "method"), cells(CLOSED, where=lambda route, method: not route.takes(method))
)
def test_a_method_that_is_not_there_is_405_for_every_role(api_of, stored, route, method, ids):
    client = api_of(ACME, *Role)
    before = stored()
    response = route.send(client, method, ids)
    proper(response)
    assert response.status_code == 405
    allowed = {name.strip() for name in response.headers["Allow"].split(",")}
    assert allowed - {"HEAD", "OPTIONS"} == {name.upper() for name in route.actions} - {"HEAD"}
    assert stored() == before


@pytest.mark.parametrize(("route", "method"), cells(CLOSED, where=routed))
@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_do_what_its_table_says(api_of, stored, route, method, role, ids):
    client = api_of(ACME, role)
    before = stored()
    response = route.send(client, method, ids)
    body = proper(response)
    if role in route.roles(method):
        assert 200 <= response.status_code < 300, body
    else:
        assert (response.status_code, body.get("code", "forbidden")) == (403, "forbidden")
        assert stored() == before


def unsigned(response):
    """The answer without what is each answer's own."""
    body = re.sub(rb'"(correlation_id|sent_at)":"[^"]*"', b"", response.content)
    own = {"X-Correlation-ID"}
    return response.status_code, body, {k: v for k, v in response.headers.items() if k not in own}


@pytest.mark.parametrize(
    ("route", "method"),
    cells(CLOSED, where=lambda route, method: route.takes(method) and "_id>" in route.path),
)
def test_another_tenants_ids_are_like_unknown_ones(globex_api, stored, route, method, ids):
    before = stored()
    theirs = route.send(globex_api, method, ids)
    nobodys = route.send(globex_api, method, {**ids, "incident_id": UNKNOWN, "comment_id": UNKNOWN})
    assert theirs.status_code == 404
    assert proper(theirs).get("code", "not_found") == "not_found"
    assert unsigned(theirs) == unsigned(nobodys)
    assert stored() == before


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_another_tenants_comment_is_not_under_ones_own_incident(
    globex_api, make_incident, cleo, stored, ids, method
):
    own = make_incident(cleo)["id"]
    before = stored()
    route = next(route for route in ROUTES if route.name == "comment")
    theirs = route.send(globex_api, method, {**ids, "incident_id": own})
    nobodys = route.send(globex_api, method, {**ids, "incident_id": own, "comment_id": UNKNOWN})
    assert theirs.status_code == 404
    assert unsigned(theirs) == unsigned(nobodys)
    assert stored() == before


def test_another_tenants_incidents_are_in_no_list(globex_api, ids):
    body = globex_api.get("/v1/incident").json()
    assert (body["data"]["incidents"], body["data"]["total"]) == ([], 0)
    assert body["page"]["total_records"] == 0
