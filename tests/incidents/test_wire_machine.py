"""The service against a dictionary: whatever clients do, in whatever order, the two agree."""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from rest_framework.test import APIClient

from accounts import operations
from accounts.principal import Role
from attributes import types
from incidents_project.database.fields import ExactJSONField
from incidents_project.exact_json import dumps
from incidents_project.refusals import ValueRefused
from tests.conftest import DISK_FULL
from tests.types.strategies import GOOD, JSON

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

DEFINE = "/v1/incident/attributes"
NOWHERE = "01939af0-0000-7000-8000-000000000000"
ORDINARY = {
    f"{name.lower()}_{number}": ({"name": f"{name.lower()}_{number}", "type": name, "rules": rules})
    for name, cases in GOOD.items()
    for number, (rules, _) in enumerate(cases)
}
SPECIAL = {
    "team": {"name": "team", "type": "STRING", "default": "db"},
    "ticket": {"name": "ticket", "type": "INTEGER", "unique": True},
    "cve": {"name": "cve", "type": "STRING", "applies_to": ["SECURITY"]},
    "cause": {
        "name": "cause",
        "type": "STRING",
        "required": True,
        "required_when": ["CLOSED"],
    },
}
DEFINED = ORDINARY | SPECIAL
TYPES = {
    name: types.build(members["type"], members.get("rules", {}))
    for name, members in DEFINED.items()
}
SENT = {
    f"{name.lower()}_{number}": values
    for name, cases in GOOD.items()
    for number, (_, values) in enumerate(cases)
} | {
    "team": st.sampled_from(["", "db", "web"]),
    "ticket": st.sampled_from([1, 2, "2", 3]),
    "cve": st.sampled_from(["CVE-1", "CVE-2"]),
    "cause": st.sampled_from(["rain", ""]),
}
# What is sent for an incident's own fields, and what is answered.
OWN = {
    "name": [("Disk full", "Disk full"), (" 🙂", " 🙂")],
    "status": [("NEW", "NEW"), ("OPEN", "OPEN"), ("CLOSED", "CLOSED")],
    "type": [("SECURITY", "SECURITY"), ("OTHERS", "OTHERS")],
    "date": [("2024-02-29T23:30:00.50-01:00", "2024-03-01T00:30:00.500000Z")],
    "description": [("", ""), ("two\nlines", "two\nlines")],
    "reported_by": [("Jo", "Jo")],
    "location": [("Hall 3", "Hall 3"), ("", ""), (None, "")],
    "severity": [("HIGH", "HIGH"), ("", ""), (None, "")],
    "next_update": [("1674521800", 1674521800), ("1970-01-01T00:00:09Z", 9), (None, 0)],
    "resolved_date": [("2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00Z"), (None, None)],
    "backdated": [("true", True), (False, False), (None, False)],
}
WRONG_OWN = {
    "name": [" ", None, 5],
    "status": ["MAYBE", None, ""],
    "date": ["2024-02-29T23:30:00", "now", 0],
    "next_update": [-1, "1.5", True],
    "backdated": [1, "yes"],
    "colour": ["red", None],
}
DEFAULTS = {
    "location": "", "severity": "", "next_update": 0, "resolved_date": None, "backdated": False,
}  # fmt: skip
read = ExactJSONField().from_db_value


def wire(value):
    """JSON text; integers of any size as they are."""

    def plain(value):
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, list):
            return [plain(item) for item in value]
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            return Decimal(value)
        return value

    return dumps(plain(value))


def shown(name, raw):
    """The canonical form of what was sent, or None where it is refused."""
    type_ = TYPES[name]
    try:
        return read(wire(type_.present(type_.clean(raw))).decode())
    except ValueRefused:
        return None


def differ(one, other):
    return dumps(one, sort_keys=True) != dumps(other, sort_keys=True)


@dataclass
class Expected:
    """An incident as the model has it."""

    own: dict
    values: dict = field(default_factory=dict)
    occ_lock: int = 0
    created_at: str = ""


class Wire(RuleBasedStateMachine):
    """A tenant of its own, and a dictionary of the incidents it should have."""

    numbers = count()
    steps = 0

    @initialize()
    def arrive(self):
        self.tenant_id = f"machine-{next(self.numbers)}"
        self.client = APIClient()
        _, secret = operations.create_token(
            tenant_id=self.tenant_id,
            roles=[Role.INCIDENT_OWNER, Role.DEPLOYER],
            name="machine",
            actor="tests",
        )
        self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        self.model: dict[str, Expected] = {}
        self.touched = None

    def ask(self, method, url, body=None, **headers):
        sent = b"" if body is None else wire(body)
        response = self.client.generic(method, url, sent, "application/json", headers=headers)
        told = read(response.content.decode()) if response.content else None
        return response.status_code, told

    def url(self, tail=""):
        return f"/v1/incident/{self.touched}{tail}"

    def choose(self, data):
        self.touched = data.draw(st.sampled_from(sorted(self.model)))
        return self.model[self.touched]

    def draw_value(self, data, name):
        """Something that is sent for the attribute, and what it means."""
        if TYPES[name].refers:
            raw = data.draw(st.sampled_from([*sorted(self.model), NOWHERE])).upper()
            return raw, raw.lower() if raw.lower() in self.model else None
        raw = data.draw(SENT[name])
        return raw, shown(name, raw)

    def draw_values(self, data, *, nulls=True):
        """Values that are right by themselves, and their canonical forms."""
        names = data.draw(st.lists(st.sampled_from(sorted(DEFINED)), max_size=5, unique=True))
        sent, meant = {}, {}
        for name in names:
            if nulls and data.draw(st.integers(0, 3)) == 0:
                sent[name] = meant[name] = None
                continue
            raw, canonical = self.draw_value(data, name)
            if canonical is not None:
                sent[name], meant[name] = raw, canonical
        return sent, meant

    def draw_own(self, data, names=None):
        if names is None:
            names = data.draw(st.lists(st.sampled_from(sorted(OWN)), max_size=3, unique=True))
        pairs = {name: data.draw(st.sampled_from(OWN[name])) for name in names}
        return {n: p[0] for n, p in pairs.items()}, {n: p[1] for n, p in pairs.items()}

    def refusal(self, before, own, meant):
        """What the rules about the whole incident say of a change: a status, or None."""
        after = {k: v for k, v in (before.values | meant).items() if v is not None}
        entering = own.get("status") == "CLOSED" != before.own.get("status")
        closed = own.get("status", before.own.get("status")) == "CLOSED"
        cleared = before.values.get("cause") is not None and "cause" not in after
        if (entering or (closed and cleared)) and "cause" not in after:
            return 400
        cve = meant.get("cve")
        kind = own.get("type", before.own.get("type"))
        if cve is not None and kind != "SECURITY" and cve != before.values.get("cve"):
            return 400
        others = [i.values.get("ticket") for key, i in self.model.items() if i is not before]
        if after.get("ticket") is not None and after["ticket"] in others:
            return 409
        return None

    def apply(self, incident, own, meant, *, always=False):
        """Change the model as the service should."""
        values = {k: v for k, v in (incident.values | meant).items() if v is not None}
        own = incident.own | own
        if always or differ([own, values], [incident.own, incident.values]):
            incident.own, incident.values = own, values
            incident.occ_lock += 1

    @precondition(lambda self: len(self.model) < 4)
    @rule(data=st.data())
    def create(self, data):
        sent, meant = self.draw_values(data)
        own_sent, own = self.draw_own(data)
        own_meant = {**DEFAULTS, **DISK_FULL, **own}
        if "team" not in sent:
            meant["team"] = "db"
        before = Expected({})
        refused = self.refusal(before, own_meant, meant)
        code, told = self.ask("POST", "/v1/incident", {**DISK_FULL, **own_sent, "attributes": sent})
        assert code == (refused or 201), told
        if not refused:
            values = {name: value for name, value in meant.items() if value is not None}
            self.touched = told["data"]["id"]
            created_at = told["data"]["created_at"]
            self.model[self.touched] = Expected(own_meant, values, 0, created_at)

    @precondition(lambda self: self.model)
    @rule(data=st.data(), method=st.sampled_from(["PATCH", "PATCH", "PUT"]), header=st.booleans())
    def change(self, data, method, header):
        incident = self.choose(data)
        sent, meant = self.draw_values(data)
        if method == "PATCH":
            own_sent, own = self.draw_own(data)
        else:
            own_sent, own = self.draw_own(data, sorted(set(OWN) - {"location", "backdated"}))
            own = {**DEFAULTS, **own}
        body = {**own_sent, **({"attributes": sent} if sent or data.draw(st.booleans()) else {})}
        headers = {"If-Match": f'"{incident.occ_lock}"'} if header else {}
        body |= {} if header else {"occ_lock": incident.occ_lock}
        refused = self.refusal(incident, own, meant)
        code, told = self.ask(method, self.url(), body, **headers)
        assert code == (refused or 200), told
        if not refused:
            self.apply(incident, own, meant, always=method == "PUT")

    @precondition(lambda self: self.model)
    @rule(data=st.data(), method=st.sampled_from(["POST", "PUT"]))
    def one_value(self, data, method):
        incident = self.choose(data)
        name = data.draw(st.sampled_from(sorted(DEFINED)))
        raw, canonical = self.draw_value(data, name)
        if canonical is not None and method == "PUT" and data.draw(st.integers(0, 4)) == 0:
            raw = canonical = None
        elif canonical is None:
            refused = 409 if method == "POST" and name in incident.values else 400
            code, told = self.ask(method, self.url("/attributes"), {"name": name, "value": raw})
            assert code == refused, told
            return
        refused = self.refusal(incident, {}, {name: canonical})
        if method == "POST" and name in incident.values:
            refused = 409
        body = {"name": name, "value": raw}
        body |= {"occ_lock": incident.occ_lock} if data.draw(st.booleans()) else {}
        code, told = self.ask(method, self.url("/attributes"), body)
        assert code == (refused or (201 if method == "POST" else 200)), told
        if not refused:
            self.apply(incident, {}, {name: canonical})

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def clear_value(self, data):
        incident = self.choose(data)
        name = data.draw(st.sampled_from([*sorted(incident.values), "boolean_0", "nothing"]))
        code, told = self.ask("DELETE", self.url(f"/attributes/{name}"))
        expected = 204 if name in incident.values else 404
        if name == "cause" and expected == 204 and incident.own["status"] == "CLOSED":
            expected = 400
        assert code == expected, told
        if code == 204:
            self.apply(incident, {}, {name: None})

    @precondition(lambda self: self.model)
    @rule(data=st.data(), method=st.sampled_from(["PATCH", "PUT"]), away=st.sampled_from([-1, 1]))
    def write_against_another_version(self, data, method, away):
        incident = self.choose(data)
        sent, _ = self.draw_values(data)
        version = incident.occ_lock + away
        body = {**DISK_FULL, "name": "Stale", "attributes": sent}
        if version >= 0:
            code, told = self.ask(method, self.url(), {**body, "occ_lock": version})
            assert (code, told["occ_lock"]) == (409, incident.occ_lock)
            one = {"name": "text_0", "value": "stale", "occ_lock": version}
            assert self.ask("PUT", self.url("/attributes"), one)[0] == 409
        tag = {"If-Match": f'"{version}"'}
        assert self.ask(method, self.url(), body, **tag)[0] == 412
        assert self.ask("DELETE", self.url(), None, **tag)[0] == 412
        assert self.ask(method, self.url(), body)[0] == 428

    @precondition(lambda self: self.model)
    @rule(data=st.data(), method=st.sampled_from(["PATCH", "PUT"]))
    def write_something_wrong(self, data, method):
        incident = self.choose(data)
        body = {**DISK_FULL, "name": "Wrong", "occ_lock": incident.occ_lock}
        sent, _ = self.draw_values(data)
        name = data.draw(st.sampled_from([*sorted(DEFINED), "nothing"]))
        raw = data.draw(JSON)
        wrong_value = raw is not None and (
            name == "nothing"
            or (shown(name, raw) is None and differ(raw, incident.values.get(name)))
            or (TYPES[name].refers and raw not in self.model)
        )
        if wrong_value:
            sent[name] = raw
        else:
            own = data.draw(st.sampled_from(sorted(WRONG_OWN)))
            body[own] = data.draw(st.sampled_from(WRONG_OWN[own]))
        code, told = self.ask(method, self.url(), {**body, "attributes": sent})
        assert code == 400, (told, sent)
        if told["code"] in {"bad_character", "bad_number"}:
            return  # the parser refused the body before anybody looked for fields
        field_ = f"attributes.{name}" if wrong_value else own
        assert field_ in [error["field"] for error in told["errors"]]

    @precondition(lambda self: self.model)
    @rule(name=st.sampled_from(sorted(DEFINED)))
    def take_an_attribute_away_and_back(self, name):
        assert self.ask("DELETE", f"{DEFINE}/{name}")[0] == 204
        code, told = self.ask("PUT", self.url("/attributes"), {"name": name, "value": None})
        assert code == (400 if self.touched in self.model else 404), told
        assert self.ask("POST", DEFINE, DEFINED[name])[0] == 201
        for incident in self.model.values():
            incident.values.pop(name, None)

    @precondition(lambda self: len(self.model) > 1)
    @rule(data=st.data())
    def delete(self, data):
        incident = self.choose(data)
        assert self.ask("DELETE", self.url())[0] == 204
        assert self.ask("GET", self.url())[0] == 404
        code, told = self.ask("GET", self.url("/history?size=100"))
        assert (code, len(told["data"])) == (200, min(100, incident.occ_lock + 2))
        del self.model[self.touched]
        self.touched = min(self.model)

    @precondition(lambda self: self.model)
    @rule()
    def list_them_all(self):
        _, told = self.ask("GET", "/v1/incident?size=100")
        found = told["data"]["incidents"]
        assert (told["data"]["total"], len(found)) == (len(self.model), len(self.model))
        for row in found:
            self.agree(row)
            code, told = self.ask("GET", f"/v1/incident/{row['id']}/history?size=100")
            assert (code, len(told["data"])) == (200, min(100, row["occ_lock"] + 1))

    @invariant()
    def what_is_read_is_the_model(self):
        Wire.steps += 1
        if not getattr(self, "model", None) or self.touched not in self.model:
            return
        code, told = self.ask("GET", self.url())
        assert code == 200
        self.agree(told["data"])
        sent_back, answer = self.ask("PATCH", self.url(), told["data"])
        assert (sent_back, answer["data"]) == (200, told["data"])
        _, values = self.ask("GET", self.url("/attributes"))
        assert not differ(values["data"], told["data"]["attributes"])

    def agree(self, row):
        incident = self.model[row["id"]]
        expected = incident.own | {
            "id": row["id"],
            "tenant_id": self.tenant_id,
            "occ_lock": incident.occ_lock,
            "attributes": incident.values,
            "created_at": incident.created_at,
            "created_by": "machine",
            "updated_by": "machine",
        }
        found = {name: value for name, value in row.items() if name != "updated_at"}
        assert not differ(found, expected), json.dumps([found, expected], default=str)


@pytest.fixture
def defined(deployer_api):
    for members in DEFINED.values():
        response = deployer_api.generic("POST", DEFINE, wire(members), "application/json")
        assert response.status_code == 201, response.json()


def test_the_service_and_a_dictionary_agree(defined):
    Wire.steps = 0
    run_state_machine_as_test(
        Wire,
        settings=settings(
            max_examples=30,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],  # a failure is told as it was found: shrinking takes minutes
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert Wire.steps >= 500
