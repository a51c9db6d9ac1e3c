"""Bad input, one row each: a problem that names the field, nothing changed, never a 5xx."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import tenancy
from accounts.models import ApiToken
from accounts.principal import Principal, Role
from tests.conftest import ACME, DISK_FULL, GLOBEX

pytestmark = pytest.mark.django_db

MEMBERS = [
    "type", "title", "status", "detail", "code", "errors", "message", "correlation_id", "sent_at",
]  # fmt: skip
EXTRAS = {
    "body_too_large": ["limit"],
    "unknown_parameter": ["allowed"],
    "stale_object": ["occ_lock"],
    "precondition_failed": ["occ_lock"],
}
UNKNOWN = "01939af0-0000-7000-8000-000000000000"
NOBODYS = Principal("nobody", "Nobody", "", frozenset(Role))


def told(response, status, code, field=None):
    """The problem, which is exactly as the contract says."""
    body = response.json()
    assert (response.status_code, body["code"]) == (status, code), body
    assert response.headers["Content-Type"] == "application/problem+json"
    assert list(body) == MEMBERS + EXTRAS.get(code, [])
    assert (body["type"], body["status"]) == ("about:blank", status)
    assert body["message"] == body["detail"] != ""
    assert body["correlation_id"] == response.headers["X-Correlation-ID"]
    if field is not None:
        errors = [(error["field"], error["code"]) for error in body["errors"]]
        assert errors == [(field, code)], body
    for error in body["errors"]:
        assert list(error) == ["field", "code", "message"]
        assert error["message"].endswith((".", "?")), error
    return body


@pytest.fixture
def defined(make_attribute):
    make_attribute("isPending", "BOOLEAN")
    make_attribute("count", "INTEGER", rules={"min": 0, "max": 100})
    make_attribute("cost", "NUMBER")
    make_attribute("region", "STRING")
    make_attribute("seen", "DATETIME")


@pytest.fixture
def incident(defined, make_incident):
    return make_incident(attributes={"count": 5})


@pytest.fixture
def unchanged(incident, stored):
    """Whatever the test sends, the database is afterwards as it was before."""
    before = stored()
    yield
    assert stored() == before


def raw(client, body, content_type="application/json", path="/v1/incident", **extra):
    return client.generic("POST", path, body, content_type, **extra)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty_body"),
        (b" \n", "empty_body"),
        (b"{", "unreadable_json"),
        (b"{'name': 1}", "unreadable_json"),
        (b'{"name": 1,}', "unreadable_json"),
        (b'{"name": 1} x', "unreadable_json"),
        (b'{"name": "a\0b"}', "unreadable_json"),
        (b'{"name": NaN}', "bad_number"),
        (b'{"name": -Infinity}', "bad_number"),
        (b'{"name": 1e400}', "bad_number"),
        (b'{"attributes": {"cost": 1e400}}', "bad_number"),
        (b'{"name": ' + b"9" * 41 + b"}", "bad_number"),
        (b'{"name": "\\u0000"}', "bad_character"),
        (b'{"\\u0000": "x"}', "bad_character"),
        (b'{"attributes": {"region": "\\ud800"}}', "bad_character"),
        (b'{"name": "a", "name": "b"}', "duplicate_member"),
        (b'{"attributes": {"count": 1, "count": 2}}', "duplicate_member"),
        (b"[" * 1_000 + b"]" * 1_000, "too_deep"),
        (b'{"attributes":' * 1_000 + b"1" + b"}" * 1_000, "too_deep"),
        (b"\xef\xbb\xbf{}", "bad_encoding"),
        (b'{"name": "\xff"}', "bad_encoding"),
        (b'{"name": "\xed\xa0\x80"}', "bad_encoding"),
        (b"[]", "wrong_type"),
        (b"null", "wrong_type"),
        (b'"text"', "wrong_type"),
        (b"5", "wrong_type"),
    ],
    ids=lambda value: repr(value)[:32],
)
def test_a_body_that_is_no_object_of_ours(owner_api, unchanged, body, code):
    told(raw(owner_api, body), 400, code)


@pytest.mark.parametrize(
    ("content_type", "status", "code"),
    [
        ("application/json; charset=latin-1", 415, "unsupported_media_type"),
        ("application/json; charset=utf-16", 415, "unsupported_media_type"),
        ("application/json; charset=nonsense", 415, "unsupported_media_type"),
        ("application/merge-patch+json", 415, "unsupported_media_type"),
        ("application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        ("multipart/form-data; boundary=x", 415, "unsupported_media_type"),
        ("text/plain", 415, "unsupported_media_type"),
        ("", 415, "unsupported_media_type"),
    ],
)
def test_a_body_that_is_not_json_in_utf_8(owner_api, unchanged, content_type, status, code):
    told(raw(owner_api, json.dumps(DISK_FULL), content_type), status, code)


def test_a_body_over_the_limit(owner_api, unchanged):
    start, end = b'{"name": "', b'"}'
    body = start + b"a" * (1_048_577 - len(start) - len(end)) + end
    assert told(raw(owner_api, body), 413, "body_too_large")["limit"] == 1_048_576
    told(raw(owner_api, body[:10] + body[11:]), 400, "invalid")  # one byte less is read


def test_a_body_of_unknown_length(owner_api, unchanged):
    sent = owner_api.generic("POST", "/v1/incident", HTTP_TRANSFER_ENCODING="chunked")
    told(sent, 411, "length_required")


def test_an_answer_that_is_not_json(owner_api, unchanged):
    told(owner_api.get("/v1/incident", headers={"Accept": "text/html"}), 406, "not_acceptable")


FAULTY_MEMBERS = [
    ("name", True, "wrong_type"),
    ("name", ["Disk full"], "wrong_type"),
    ("name", 5, "wrong_type"),
    ("name", None, "required"),
    ("name", "", "blank"),
    ("name", " \t", "blank"),
    ("name", "a" * 256, "too_long"),
    ("status", "MAYBE", "unknown_code"),
    ("status", "new", "unknown_code"),
    ("status", "", "unknown_code"),
    ("status", ["NEW"], "wrong_type"),
    ("type", "NEW", "unknown_code"),
    ("severity", "HUGE", "unknown_code"),
    ("severity", 1, "wrong_type"),
    ("description", {"text": "x"}, "wrong_type"),
    ("description", "a" * 100_001, "too_long"),
    ("reported_by", False, "wrong_type"),
    ("location", 7, "wrong_type"),
    ("date", None, "required"),
    ("date", 1731293847, "wrong_type"),
    ("date", "yesterday", "invalid"),
    ("date", "2024-11-11", "invalid"),
    ("date", "2024-11-11T02:57:27", "no_offset"),
    ("date", "2024-02-30T00:00:00Z", "invalid"),
    ("date", "2024-11-11T02:57:27+25:00", "invalid"),
    ("date", "2016-12-31T23:59:60Z", "invalid"),
    ("date", "2024-11-11T02:57:27.12345678Z", "too_precise"),
    ("date", "1969-12-31T23:59:59Z", "minimum"),
    ("date", "1970-01-01T00:00:00+01:00", "minimum"),
    ("date", "2201-01-01T00:00:00Z", "maximum"),
    ("date", "0001-01-01T00:00:00+14:00", "invalid"),
    ("date", "9999-12-31T23:59:59-14:00", "invalid"),
    ("date", "2024-11-11T02:57:27Z\n", "invalid"),
    ("resolved_date", "", "invalid"),
    ("resolved_date", True, "wrong_type"),
    ("next_update", -1, "minimum"),
    ("next_update", 1.5, "wrong_type"),
    ("next_update", True, "wrong_type"),
    ("next_update", "soon", "invalid"),
    ("next_update", "²", "wrong_type"),
    ("next_update", 2**63, "out_of_range"),
    ("backdated", 1, "wrong_type"),
    ("backdated", "yes", "wrong_type"),
    ("attributes", [], "wrong_type"),
    ("attributes", None, "wrong_type"),
    ("attributes", "count", "wrong_type"),
    ("colour", "red", "unknown_field"),
    ("Name", "x", "unknown_field"),
    ("", "x", "unknown_field"),
    ("a" * 100, "x", "unknown_field"),
    ("tenantId", "globex", "unknown_field"),
]
FAULTY_VALUES = [
    ("count", True, "wrong_type"),
    ("count", "5.5", "wrong_type"),
    ("count", 5.5, "wrong_type"),
    ("count", "five", "wrong_type"),
    ("count", "", "wrong_type"),
    ("count", [5], "wrong_type"),
    ("count", {}, "wrong_type"),
    ("count", 2**63, "out_of_range"),
    ("count", -1, "minimum"),
    ("count", 101, "maximum"),
    ("isPending", 1, "wrong_type"),
    ("isPending", "yes", "wrong_type"),
    ("isPending", "True", "wrong_type"),
    ("cost", "1e400", "too_many_digits"),
    ("cost", "NaN", "wrong_type"),
    ("cost", "1,5", "wrong_type"),
    ("cost", False, "wrong_type"),
    ("region", 5, "wrong_type"),
    ("region", ["eu"], "wrong_type"),
    ("region", "a" * 256, "too_long"),
    ("seen", "2024-11-11T02:57:27", "no_offset"),
    ("seen", "1969-12-31T23:59:59Z", "minimum"),
    ("seen", 5, "wrong_type"),
    ("Count", 5, "unknown_attribute"),
    ("a1", 5, "unknown_attribute"),
    ("contains", 5, "unknown_attribute"),
    ("count__gte", 5, "unknown_attribute"),
    ("", 5, "unknown_attribute"),
]


@pytest.mark.parametrize(("name", "value", "code"), FAULTY_MEMBERS, ids=lambda v: repr(v)[:24])
def test_a_wrong_member_is_named_in_post_put_and_patch(
    owner_api, incident, unchanged, name, value, code
):
    at = f"/v1/incident/{incident['id']}"
    told(owner_api.post("/v1/incident", DISK_FULL | {name: value}), 400, code, name)
    told(owner_api.put(at, DISK_FULL | {"occ_lock": 0, name: value}), 400, code, name)
    told(owner_api.patch(at, {"occ_lock": 0, name: value}), 400, code, name)


@pytest.mark.parametrize(("name", "value", "code"), FAULTY_VALUES, ids=lambda v: repr(v)[:24])
def test_a_wrong_value_is_named_wherever_values_are_sent(
    owner_api, incident, unchanged, name, value, code
):
    at, sent = f"/v1/incident/{incident['id']}", {"attributes": {name: value}}
    field = f"attributes.{name}"
    told(owner_api.post("/v1/incident", DISK_FULL | sent), 400, code, field)
    told(owner_api.patch(at, sent | {"occ_lock": 0}), 400, code, field)
    single = {"name": name, "value": value}
    about = "name" if code == "unknown_attribute" else "value"
    if name:
        told(owner_api.put(f"{at}/attributes", single), 400, code, about)


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"value": 5}, "required", "name"),
        ({"name": None, "value": 5}, "required", "name"),
        ({"name": "", "value": 5}, "required", "name"),
        ({"name": 5, "value": 5}, "wrong_type", "name"),
        ({"name": ["count"], "value": 5}, "wrong_type", "name"),
        ({"name": "region"}, "required", "value"),
        ({"name": "region", "value": "x", "type": "STRING"}, "unknown_field", "type"),
        ({"name": "region", "value": "x", "occ_lock": "x"}, "wrong_type", "occ_lock"),
    ],
)
@pytest.mark.parametrize("method", ["post", "put"])
def test_a_single_value_needs_its_name_and_value(
    owner_api, incident, unchanged, method, body, code, field
):
    at = f"/v1/incident/{incident['id']}/attributes"
    told(getattr(owner_api, method)(at, body), 400, code, field)


def test_every_required_member_that_is_missing_is_named(owner_api, unchanged):
    body = told(owner_api.post("/v1/incident", {}), 400, "required")
    assert {error["field"] for error in body["errors"]} == set(DISK_FULL)


@pytest.mark.parametrize(
    ("lock", "status", "code"),
    [
        (None, 428, "precondition_required"),
        (7, 409, "stale_object"),
        ("7", 409, "stale_object"),
        (2**62, 409, "stale_object"),
        (-1, 400, "wrong_type"),
        (0.5, 400, "wrong_type"),
        (2**63, 400, "wrong_type"),
        (True, 400, "wrong_type"),
        (False, 400, "wrong_type"),
        ("", 400, "wrong_type"),
        ("zero", 400, "wrong_type"),
        ("0\n", 400, "wrong_type"),
        ("\u0660", 400, "wrong_type"),
        ([0], 400, "wrong_type"),
        ({}, 400, "wrong_type"),
    ],
)
@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_version_that_is_missing_stale_or_none(
    owner_api, incident, unchanged, method, lock, status, code
):
    sent = DISK_FULL | {"name": "Renamed", "occ_lock": lock}
    response = getattr(owner_api, method)(f"/v1/incident/{incident['id']}", sent)
    told(response, status, code, "occ_lock" if status == 400 else None)


@pytest.mark.parametrize("header", ["0", '"1"', 'W/"0"', "", '"', "garbage", '"0', "\xff", '"00"'])
@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_an_if_match_that_does_not_hold(owner_api, incident, unchanged, method, header):
    sent = DISK_FULL | {"name": "Renamed", "occ_lock": 0}
    response = getattr(owner_api, method)(
        f"/v1/incident/{incident['id']}", sent, headers={"If-Match": header}
    )
    assert told(response, 412, "precondition_failed")["occ_lock"] == 0


COLLECTIONS = ["/v1/incident", "/v1/incident/{id}/history", "/v1/incident/{id}/comments"]


@pytest.mark.parametrize("path", COLLECTIONS)
@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("size=0", "bad_size", "size"),
        ("size=101", "bad_size", "size"),
        ("size=ten", "bad_size", "size"),
        ("size=", "bad_size", "size"),
        ("size=5&size=6", "bad_size", "size"),
        ("size=1e1", "bad_size", "size"),
        ("cursor=", "bad_cursor", "cursor"),
        ("cursor=garbage", "bad_cursor", "cursor"),
        ("cursor=%F0%9F%92%A5", "bad_cursor", "cursor"),
        ("cursor=" + "A" * 5_000, "bad_cursor", "cursor"),
        ("cursor=a&cursor=b", "bad_cursor", "cursor"),
        ("status=NEW%00", "bad_character", None),
        ("%00=1", "bad_character", None),
    ],
)
def test_a_bad_parameter_of_a_collection(viewer_api, incident, path, query, code, field):
    path = path.format(id=incident["id"])
    told(viewer_api.get(f"{path}?{query}"), 400, code, field)


@pytest.mark.parametrize("path", COLLECTIONS)
@pytest.mark.parametrize("name", ["colour", "Size"])
def test_a_parameter_that_a_collection_does_not_have(viewer_api, incident, path, name):
    response = viewer_api.get(f"{path.format(id=incident['id'])}?{name}=5")
    body = response.json()
    assert (response.status_code, body["code"]) == (400, "unknown_parameter")
    assert [error["field"] for error in body["errors"]] == [name]


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("page=0", "bad_page", "page"),
        ("page=-1", "bad_page", "page"),
        ("page=", "bad_page", "page"),
        ("page=1.0", "bad_page", "page"),
        ("page=two", "bad_page", "page"),
        ("page=9999999999", "bad_page", "page"),
        ("page=1&page=2", "bad_page", "page"),
        ("page=1&cursor=x", "bad_cursor", "cursor"),
        ("sort=", "bad_sort", "sort"),
        ("sort=;drop", "bad_sort", "sort"),
        ("sort=date;DROP TABLE incidents_incident", "bad_sort", "sort"),
        ("sort=date,DESC--", "bad_sort", "sort"),
        ("sort=date,", "bad_sort", "sort"),
        ("sort=date,UP", "bad_sort", "sort"),
        ("sort=date,DESC,name", "bad_sort", "sort"),
        ("sort=-date", "bad_sort", "sort"),
        ("sort=Date", "bad_sort", "sort"),
        ("sort=attributes", "bad_sort", "sort"),
        ("sort=tenant_id", "bad_sort", "sort"),
        ("sort=date&sort=date", "bad_sort", "sort"),
        ("sort=date,ASC&sort=date,DESC", "bad_sort", "sort"),
        ("sort=id&sort=name&sort=date&sort=type&sort=status&sort=severity", "bad_sort", "sort"),
        ("sort=date%00", "bad_character", None),
        ("page=1001", "bad_page", "page"),
        ("page=101&size=100", "bad_page", "page"),
        ("total=", "bad_total", "total"),
        ("total=EXACT", "bad_total", "total"),
        ("total=exact&total=none", "bad_total", "total"),
        ("fields=", "unknown_field", "fields"),
        ("fields=id,,name", "unknown_field", "fields"),
        ("fields=id, name", "unknown_field", "fields"),
        ("fields=Name", "unknown_field", "fields"),
        ("fields=attributes.nothing", "unknown_field", "fields"),
        ("fields=attributes.", "unknown_field", "fields"),
        ("fields=*", "unknown_field", "fields"),
        ("fields=id;drop", "unknown_field", "fields"),
        ("status=GONE", "unknown_code", "status"),
        ("status=new", "unknown_code", "status"),
        ("status=NEW&status=OPEN", "bad_filter", "status"),
        ("status__in=", "out_of_range", "status__in"),
        ("next_update=soon", "invalid", "next_update"),
        ("date__gte=-7x", "invalid", "date__gte"),
        ("attributes.count__gte=five", "wrong_type", "attributes.count__gte"),
        ("attributes.count__range=1", "wrong_type", "attributes.count__range"),
        ("attributes.count__isnull=1", "wrong_type", "attributes.count__isnull"),
        ("filter=", "empty_body", "filter"),
        ("filter=[]", "wrong_type", "filter"),
        ("filter={}&filter={}", "bad_filter", "filter"),
        ('filter={"and": {}}', "wrong_type", "filter.and"),
        ('filter={"status": null}', "wrong_type", "filter.status"),
        ('filter={"status": "NEW", "status": "OPEN"}', "duplicate_member", "filter"),
    ],
)
def test_a_bad_parameter_of_the_list(viewer_api, incident, query, code, field):
    told(viewer_api.get(f"/v1/incident?{query}"), 400, code, field)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/incident/{id}"),
        ("POST", "/v1/incident"),
        ("PUT", "/v1/incident/{id}"),
        ("PATCH", "/v1/incident/{id}"),
        ("DELETE", "/v1/incident/{id}"),
        ("GET", "/v1/incident/{id}/attributes"),
        ("POST", "/v1/incident/{id}/attributes"),
        ("DELETE", "/v1/incident/{id}/attributes/count"),
        ("POST", "/v1/incident/{id}/comments"),
        ("DELETE", "/v1/incident/{id}/comments"),
        ("GET", "/v1/incident/attributes"),
        ("POST", "/v1/incident/attributes"),
        ("GET", "/v1/incident/attributes/count"),
        ("PATCH", "/v1/incident/attributes/count"),
        ("DELETE", "/v1/incident/attributes/count"),
        ("GET", "/v1/incident/attributes/count/history"),
        ("GET", "/v1/incident/attributes/count/violations"),
        ("POST", "/v1/incident/attributes/count/preview"),
        ("POST", "/v1/incident/attributes/count/rename"),
        ("GET", "/v1/incident/attributes/jobs"),
    ],
)
def test_an_unknown_parameter_is_never_ignored(api_of, incident, unchanged, method, path):
    client = api_of(ACME, "incident_owner", "deployer")
    path = path.format(id=incident["id"])
    response = client.generic(method, f"{path}?force=true", "{}", "application/json")
    told(response, 400, "unknown_parameter", "force")


@pytest.mark.parametrize("query", ["state=GONE", "state=active", "state=", "state=ACTIVE&state=x"])
def test_a_state_that_attributes_do_not_have(deployer_api, query):
    told(deployer_api.get(f"/v1/incident/attributes?{query}"), 400, "unknown_state", "state")


@pytest.fixture
def cursor(viewer_api, make_incident):
    for _ in range(2):
        make_incident()
    return viewer_api.get("/v1/incident?size=1").json()["page"]["next_cursor"]


@pytest.mark.parametrize("change", [str.swapcase, lambda text: text[:-1], lambda text: text + "A"])
def test_a_cursor_that_was_tampered_with(viewer_api, cursor, change):
    told(viewer_api.get(f"/v1/incident?cursor={change(cursor)}"), 400, "bad_cursor", "cursor")


def test_a_cursor_of_another_order_or_list(viewer_api, cursor, incident):
    for path in ("/v1/incident?sort=date&", f"/v1/incident/{incident['id']}/history?"):
        told(viewer_api.get(f"{path}cursor={cursor}"), 400, "bad_cursor", "cursor")


def test_a_cursor_of_another_tenant(globex_api, cursor):
    told(globex_api.get(f"/v1/incident?cursor={cursor}"), 400, "bad_cursor", "cursor")


@pytest.mark.parametrize(
    "path",
    [
        "/v1",
        "/v1/",
        "/v1/incident/",
        "/v1/incidents",
        "/v1/incident/5",
        "/v1/incident/not-a-uuid",
        "/v1/incident/{id}/",
        "/v1/incident/{id}/nothing",
        "/v1/incident/{id}0",
        "/v1/incident/{{{id}}}",
        "/v1/incident/{id}%0A",
        "/v1/incident/{id}%00",
        "/v1/incident/%FF%FE",
        "/v1/incident/..%2F..%2Fetc%2Fpasswd",
        "/v1/incident/{id}/attributes/",
        "/v1/incident/{id}/attributes/" + "a" * 51,
        "/v1/incident/{id}/attributes/a%20b",
        "/v1/incident/{id}/attributes/count%0A",
        "/v1/incident/{id}/comments/",
        "/v1/incident/{id}/comments/5",
        "/v1/incident/attributes/",
        "/v1/incident/attributes/5",
        "/v1/incident/attributes/caf%C3%A9",
        "/v1/incident/attributes/count/",
        "/v1/schema/",
        "/livez/",
        "/docs/",
    ],
)
def test_a_path_that_is_not_there(api_of, incident, unchanged, path):
    client = api_of(ACME, "incident_owner", "deployer")
    path = path.format(id=incident["id"])
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        told(client.generic(method, path, "{}", "application/json"), 404, "not_found")


NAMES = [
    (None, "required"),
    (5, "wrong_type"),
    (["count"], "wrong_type"),
    ("", "invalid_name"),
    ("a" * 51, "invalid_name"),
    ("1st", "invalid_name"),
    ("_count", "invalid_name"),
    ("my__count", "invalid_name"),
    ("my count", "invalid_name"),
    (" count", "invalid_name"),
    ("count ", "invalid_name"),
    ("count\n", "invalid_name"),
    ("count\t", "invalid_name"),
    ("co-unt", "invalid_name"),
    ("co.unt", "invalid_name"),
    ('"count"', "invalid_name"),
    ("count'; DROP TABLE incidents_incident; --", "invalid_name"),
    ("\u0430mount", "invalid_name"),  # a Cyrillic one
    ("\uff41mount", "invalid_name"),  # a fullwidth one
    ("amount\u200b", "invalid_name"),
    ("\u017fpeed", "invalid_name"),  # becomes an ASCII letter in upper case
    ("\u212ag", "invalid_name"),  # becomes one in lower case
    ("num\u0661", "invalid_name"),
    ("café", "invalid_name"),
    ("id", "reserved_name"),
    ("name", "reserved_name"),
    ("NAME", "reserved_name"),
    ("Status", "reserved_name"),
    ("tenant_id", "reserved_name"),
    ("TENANT_ID", "reserved_name"),
    ("attributes", "reserved_name"),
    ("Attributes", "reserved_name"),
    ("occ_lock", "reserved_name"),
    ("resolved_date", "reserved_name"),
]


@pytest.mark.parametrize(("name", "code"), NAMES, ids=lambda value: ascii(value)[:24])
def test_a_name_that_no_attribute_can_have(deployer_api, unchanged, name, code):
    body = {"name": name, "type": "STRING"}
    told(deployer_api.post("/v1/incident/attributes", body), 400, code, "name")


def test_a_name_with_nul(deployer_api, unchanged):
    body = {"name": "co\0unt", "type": "STRING"}
    told(deployer_api.post("/v1/incident/attributes", body), 400, "bad_character", "name")


@pytest.mark.parametrize("name", ["count", "COUNT", "ispending"])
def test_a_name_that_is_taken_in_any_case(deployer_api, unchanged, name):
    body = {"name": name, "type": "STRING"}
    told(deployer_api.post("/v1/incident/attributes", body), 409, "name_taken")


DEFINITIONS = [
    ({"type": None}, "required", "type"),
    ({"type": "boolean"}, "unknown_type", "type"),
    ({"type": "MONEY"}, "unknown_type", "type"),
    ({"type": ["STRING"]}, "unknown_type", "type"),
    ({"rules": []}, "wrong_type", "rules"),
    ({"rules": ""}, "wrong_type", "rules"),
    ({"rules": False}, "wrong_type", "rules"),
    ({"rules": "min"}, "wrong_type", "rules"),
    ({"rules": {"max_length": 5}}, "unknown_rule", "rules.max_length"),
    ({"rules": {"required": True}}, "unknown_rule", "rules.required"),
    ({"rules": {"min": "x"}}, "wrong_type", "rules.min"),
    ({"rules": {"min": True}}, "wrong_type", "rules.min"),
    ({"rules": {"min": 5, "max": 4}}, "contradiction", "rules.max"),
    ({"type": "STRING", "rules": {"max_length": 0}}, "out_of_range", "rules.max_length"),
    ({"default": "x"}, "wrong_type", "default"),
    ({"rules": {"min": 5}, "default": 4}, "minimum", "default"),
    ({"label": 5}, "wrong_type", "label"),
    ({"label": "a" * 201}, "too_long", "label"),
    ({"description": "a" * 2_001}, "too_long", "description"),
    ({"required": 1}, "wrong_type", "required"),
    ({"required": "yes"}, "wrong_type", "required"),
    ({"order": "first"}, "wrong_type", "order"),
    ({"order": 2**31}, "maximum", "order"),
    ({"slot": "a1"}, "unknown_field", "slot"),
    ({"colour": "red"}, "unknown_field", "colour"),
]


@pytest.mark.parametrize(("members", "code", "field"), DEFINITIONS, ids=str)
def test_a_definition_that_cannot_be(deployer_api, unchanged, members, code, field):
    body = {"name": "amount", "type": "INTEGER"} | members
    told(deployer_api.post("/v1/incident/attributes", body), 400, code, field)


@pytest.mark.parametrize(
    ("members", "code", "field"),
    [
        ({"name": "amount"}, "read_only", "name"),
        ({"name": "COUNT"}, "read_only", "name"),
        ({"type": "STRING"}, "read_only", "type"),
        ({"rules": {"min": 101}}, "contradiction", "rules.max"),
        ({"rules": []}, "wrong_type", "rules"),
        ({"rules": {"max_length": 5}}, "unknown_rule", "rules.max_length"),
        ({"default": 101}, "maximum", "default"),
        ({"label": ["x"]}, "wrong_type", "label"),
        ({"occ_lock": "x"}, "wrong_type", "occ_lock"),
        ({"slot": "a1"}, "unknown_field", "slot"),
    ],
    ids=str,
)
def test_a_change_of_a_definition_that_cannot_be(deployer_api, unchanged, members, code, field):
    told(deployer_api.patch("/v1/incident/attributes/count", members), 400, code, field)


def test_a_change_of_an_older_definition(deployer_api, unchanged):
    body = {"label": "How many", "occ_lock": 7}
    response = deployer_api.patch("/v1/incident/attributes/count", body)
    assert told(response, 409, "stale_object")["occ_lock"] == 0


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "required", "text"),
        ({"text": None}, "required", "text"),
        ({"text": ""}, "blank", "text"),
        ({"text": 5}, "wrong_type", "text"),
        ({"text": "a" * 10_001}, "too_long", "text"),
        ({"text": "x", "name": 5}, "wrong_type", "name"),
        ({"text": "x", "name": "a" * 151}, "too_long", "name"),
        ({"text": "x", "mood": "bad"}, "unknown_field", "mood"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_comment_that_cannot_be(owner_api, incident, unchanged, body, code, field):
    path = f"/v1/incident/{incident['id']}/comments"
    told(owner_api.post(path, body), 400, code, field)


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "required", "id"),
        ({"id": None}, "required", "id"),
        ({"id": ""}, "invalid", "id"),
        ({"id": 5}, "wrong_type", "id"),
        ({"id": 12345678123456781234567812345678}, "wrong_type", "id"),
        ({"id": [UNKNOWN]}, "wrong_type", "id"),
        ({"id": "first"}, "invalid", "id"),
        ({"id": UNKNOWN, "text": "x"}, "unknown_field", "text"),
    ],
    ids=str,
)
def test_a_comment_that_is_not_named(owner_api, incident, unchanged, body, code, field):
    path = f"/v1/incident/{incident['id']}/comments"
    told(owner_api.delete(path, body), 400, code, field)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer  ",
        "Bearer garbage",
        "Bearer inc_" + "a" * 42,
        "Bearer inc_" + "a" * 43,
        "Bearer inc_" + "a" * 44,
        "Bearer inc_" + "a" * 100_000,
        "Bearer inc_" + "\xe9" * 43,
        "Bearer inc_" + "a" * 42 + "\0",
        "Bearer \xff\xfe",
        "Bearer a b",
        "Basic YWRhOnNlY3JldA==",
        "Token abc",
        "inc_" + "a" * 43,
    ],
    ids=lambda header: ascii(header)[:24],
)
def test_a_token_that_is_none(anonymous_api, unchanged, header):
    response = anonymous_api.post("/v1/incident", DISK_FULL, HTTP_AUTHORIZATION=header)
    told(response, 401, "not_authenticated")
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "state",
    [{"expires_at": timezone.now() - timedelta(seconds=1)}, {"revoked_at": timezone.now()}],
    ids=lambda state: next(iter(state)),
)
def test_a_token_whose_time_is_over(owner_api, unchanged, state):
    with tenancy.scope(ACME):
        ApiToken.objects.update(**state)
    response = owner_api.post("/v1/incident", DISK_FULL)
    told(response, 401, "not_authenticated")
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_of_no_tenant(owner_api, unchanged, monkeypatch):
    who = "accounts.authentication.BearerAuthentication.principal_of"
    monkeypatch.setattr(who, lambda _, token: NOBODYS)
    told(owner_api.get("/v1/incident"), 403, "no_tenant")


@pytest.mark.parametrize(
    "mine",
    [
        {"tenant_id": GLOBEX},
        {"id": UNKNOWN},
        {"created_by": "Mallory", "updated_by": "Mallory"},
        {"created_at": "1999-01-01T00:00:00Z"},
        {"occ_lock": 41},
    ],
    ids=str,
)
def test_what_the_server_makes_is_not_taken_from_a_body(owner_api, mine):
    made = owner_api.post("/v1/incident", DISK_FULL | mine).json()["data"]
    assert all(made[name] != value for name, value in mine.items())
    sent = {"name": "Renamed"} | mine | {"occ_lock": 0}
    changed = owner_api.patch(f"/v1/incident/{made['id']}", sent).json()["data"]
    kept = {"id", "tenant_id", "created_at", "created_by", "updated_by"}
    assert {name: changed[name] for name in kept} == {name: made[name] for name in kept}
    assert changed["occ_lock"] == 1
