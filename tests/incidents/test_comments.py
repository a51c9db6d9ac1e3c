"""What people say about an incident."""

import pytest

from incidents.operations.comments import add_comment
from tests.conftest import ACME

pytestmark = pytest.mark.django_db

MEMBERS = [
    "id", "incident_id", "user_id", "name", "text", "created_at", "created_by", "updated_at",
    "updated_by", "occ_lock", "tenant_id",
]  # fmt: skip


@pytest.fixture
def incident(make_incident):
    return make_incident()


@pytest.fixture
def path(incident):
    return f"/v1/incident/{incident['id']}/comments"


@pytest.fixture
def comment(owner_api, path):
    return owner_api.post(path, {"text": "Disk ordered."}).json()["data"]


def texts(api, path):
    return [comment["text"] for comment in api.get(path).json()["data"]]


def test_a_comment_is_added_and_read_back(owner_api, viewer_api, incident, path):
    response = owner_api.post(path, {"text": "Disk ordered."})
    comment = response.json()["data"]
    assert response.status_code == 201
    assert response.headers["ETag"] == '"0"'
    assert list(comment) == MEMBERS
    assert comment["text"] == "Disk ordered."
    assert (comment["incident_id"], comment["tenant_id"]) == (str(incident["id"]), ACME)
    assert comment["user_id"].startswith("token:")
    assert comment["name"] == comment["created_by"] == comment["updated_by"]
    assert (comment["created_by"], comment["occ_lock"]) == ("acme incident_owner", 0)
    assert comment["created_at"] == comment["updated_at"]
    assert viewer_api.get(path).json()["data"] == [comment]


def test_the_name_of_who_said_it_may_be_given(owner_api, path):
    comment = owner_api.post(path, {"text": "On it.", "name": "Sam"}).json()["data"]
    assert (comment["name"], comment["created_by"]) == ("Sam", "acme incident_owner")


def test_an_incident_without_comments_has_an_empty_list(viewer_api, path):
    body = viewer_api.get(path).json()
    assert body["data"] == []
    assert body["page"] == {
        "size": 10,
        "count": 0,
        "sort": ["created_at,ASC"],
        "next_cursor": None,
    }


def test_comments_are_listed_oldest_first_by_cursor(ada, viewer_api, incident, path):
    said = [f"Comment {number}" for number in range(5)]
    for text in said:
        add_comment(principal=ada, incident_id=incident["id"], body={"text": text})
    found, query = [], "size=2"
    while query:
        body = viewer_api.get(f"{path}?{query}").json()
        found += [comment["text"] for comment in body["data"]]
        cursor = body["page"]["next_cursor"]
        query = cursor and f"size=2&cursor={cursor}"
    assert found == said


def test_comments_of_another_incident_are_not_listed(viewer_api, comment, make_incident):
    other = make_incident()["id"]
    assert texts(viewer_api, f"/v1/incident/{other}/comments") == []


def test_a_comment_is_replaced(owner_api, path, comment):
    response = owner_api.put(f"{path}/{comment['id']}", {"text": "Disk arrived.", "occ_lock": 0})
    changed = response.json()["data"]
    assert (response.status_code, response.headers["ETag"]) == (200, '"1"')
    assert (changed["text"], changed["occ_lock"]) == ("Disk arrived.", 1)
    differing = {name for name in MEMBERS if changed[name] != comment[name]}
    assert differing == {"text", "occ_lock", "updated_at"}


def test_what_was_read_can_be_put_back(owner_api, path, comment):
    changed = owner_api.put(f"{path}/{comment['id']}", comment).json()["data"]
    assert {name for name in MEMBERS if changed[name] != comment[name]} <= {
        "occ_lock",
        "updated_at",
    }


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({}, 428, "precondition_required"),
        ({"occ_lock": 7}, 409, "stale_object"),
        ({"occ_lock": "x"}, 400, "wrong_type"),
    ],
)
def test_a_replacement_says_which_version_it_replaces(owner_api, path, comment, sent, status, code):
    response = owner_api.put(f"{path}/{comment['id']}", {"text": "Later.", **sent})
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert texts(owner_api, path) == ["Disk ordered."]


def test_if_match_guards_a_comment(owner_api, path, comment):
    at = f"{path}/{comment['id']}"
    stale, held = {"If-Match": '"7"'}, {"If-Match": '"0"'}
    assert owner_api.put(at, {"text": "x"}, headers=stale).status_code == 412
    assert owner_api.delete(at, headers=stale).status_code == 412
    assert owner_api.put(at, {"text": "x"}, headers=held).status_code == 200


@pytest.mark.parametrize("older_path", [False, True])
def test_a_comment_is_deleted(owner_api, path, comment, older_path):
    if older_path:
        response = owner_api.delete(path, {"id": comment["id"]})
    else:
        response = owner_api.delete(f"{path}/{comment['id']}")
    assert (response.status_code, response.content) == (204, b"")
    assert texts(owner_api, path) == []
    assert owner_api.delete(f"{path}/{comment['id']}").status_code == 404


def test_a_comment_is_not_under_another_incident(owner_api, comment, make_incident):
    at = f"/v1/incident/{make_incident()['id']}/comments"
    assert owner_api.put(f"{at}/{comment['id']}", {"text": "x", "occ_lock": 0}).status_code == 404
    assert owner_api.delete(f"{at}/{comment['id']}").status_code == 404
    assert owner_api.delete(at, {"id": comment["id"]}).status_code == 404


def test_a_comment_leaves_the_incidents_version_alone(owner_api, incident, comment):
    read = owner_api.get(f"/v1/incident/{incident['id']}").json()["data"]
    assert (read["occ_lock"], read["updated_by"]) == (0, incident["updated_by"])


def test_comments_go_with_their_incident(owner_api, incident, path, comment):
    assert owner_api.delete(f"/v1/incident/{incident['id']}").status_code == 204
    response = owner_api.get(path)
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_nobody_comments_on_an_incident_that_is_not_there(owner_api, stored):
    before = stored()
    path = "/v1/incident/01939af0-0000-7000-8000-000000000000/comments"
    assert owner_api.post(path, {"text": "Hello?"}).status_code == 404
    assert stored() == before
