"""What a deployer adds to incidents: made, listed, changed and taken away, by name."""

import pytest

from attributes import types
from tests.conftest import ACME

pytestmark = pytest.mark.django_db

PATH = "/v1/incident/attributes"
MEMBERS = [
    "name", "type", "label", "description", "required", "default", "missing_value", "rules",
    "state", "sunset", "archived_at", "required_when", "applies_to", "unique", "unique_state",
    "indexed", "index_state", "group", "help_text", "order", "aliases", "changing_to", "undo_until",
    "job", "id", "occ_lock", "created_at", "created_by", "updated_at", "updated_by",
]  # fmt: skip


def defined(api, name="count", type="INTEGER", **members):  # noqa: A002
    response = api.post(PATH, {"name": name, "type": type, **members})
    assert response.status_code == 201, response.json()
    return response.json()["data"]


def patched(api, name="count", **members):
    response = api.patch(f"{PATH}/{name}", members)
    assert response.status_code == 200, response.json()
    return response.json()["data"]


def names(api, query=""):
    return [attribute["name"] for attribute in api.get(f"{PATH}{query}").json()["data"]]


def test_an_attribute_is_made_and_read_back(deployer_api, viewer_api):
    sent = {
        "name": "count",
        "type": "INTEGER",
        "label": "People affected",
        "description": "As far as known.",
        "required": True,
        "default": 1,
        "rules": {"min": 0, "max": 10},
        "order": 3,
    }
    response = deployer_api.post(PATH, sent)
    made = response.json()["data"]
    assert response.status_code == 201
    assert response.headers["Location"] == f"{PATH}/count"
    assert list(made) == MEMBERS
    assert made == made | sent | {"state": "ACTIVE", "occ_lock": 0}
    assert made["created_by"] == made["updated_by"] == "acme deployer"
    assert viewer_api.get(f"{PATH}/count").json()["data"] == made
    assert viewer_api.get(PATH).json()["data"] == [made]


@pytest.mark.parametrize("type_name", types.names())
def test_name_and_type_are_enough(deployer_api, type_name):
    rules = dict(types.BY_NAME[type_name].example_rules)
    made = defined(deployer_api, "value", type_name, **({"rules": rules} if rules else {}))
    assert made == made | {
        "label": "",
        "description": "",
        "required": False,
        "default": None,
        "rules": rules,
        "order": 0,
    }


@pytest.mark.parametrize("name", ["a", "A1", "a" * 50, "is_pending", "count_", "contains", "class"])
def test_a_name_is_letters_digits_and_single_underscores(deployer_api, name):
    assert defined(deployer_api, name)["name"] == name


@pytest.mark.parametrize(
    ("type_name", "default", "answered"),
    [
        ("BOOLEAN", "false", False),
        ("INTEGER", "5", 5),
        ("NUMBER", "5.50", 5.5),
        ("STRING", "", ""),
        ("DATETIME", "2024-11-11T10:57:27+08:00", "2024-11-11T02:57:27Z"),
    ],
)
def test_a_default_is_kept_in_canonical_form(deployer_api, type_name, default, answered):
    assert defined(deployer_api, "value", type_name, default=default)["default"] == answered
    assert deployer_api.get(f"{PATH}/value").json()["data"]["default"] == answered


def test_attributes_are_listed_in_the_deployers_order(deployer_api, viewer_api):
    for name, order in [("last", 9), ("first", -1), ("second", 0), ("third", 0)]:
        defined(deployer_api, name, order=order)
    assert names(viewer_api) == ["first", "second", "third", "last"]
    patched(deployer_api, "last", order=-2)
    assert names(viewer_api) == ["last", "first", "second", "third"]


def test_attributes_are_everybodys(deployer_api, globex_api):
    defined(deployer_api)
    assert names(globex_api) == ["count"]


def test_a_name_is_found_as_it_is_written(deployer_api, viewer_api):
    defined(deployer_api, "isPending", "BOOLEAN")
    assert viewer_api.get(f"{PATH}/isPending").status_code == 200
    response = viewer_api.get(f"{PATH}/ispending")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_a_change_is_stored_and_counted(deployer_api, viewer_api):
    made = defined(deployer_api)
    changed = patched(deployer_api, label="People", description="All.", required=True, order=4)
    assert changed == made | {
        "label": "People",
        "description": "All.",
        "required": True,
        "order": 4,
        "occ_lock": 1,
        "updated_at": changed["updated_at"],
    }
    assert viewer_api.get(f"{PATH}/count").json()["data"] == changed


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"max": 20}, {"min": 0, "max": 20}),
        ({"min": None}, {"max": 10}),
        ({"min": None, "max": None}, {}),
        ({"min": 5}, {"min": 5, "max": 10}),
        ({}, {"min": 0, "max": 10}),
    ],
)
def test_rules_are_merged(deployer_api, sent, kept):
    defined(deployer_api, rules={"min": 0, "max": 10})
    assert patched(deployer_api, rules=sent)["rules"] == kept


def test_null_takes_a_member_back(deployer_api):
    defined(deployer_api, label="x", description="x", required=True, default=1, order=3)
    cleared = patched(
        deployer_api, label=None, description=None, required=None, default=None, order=None
    )
    told = [cleared[name] for name in ("label", "description", "required", "default", "order")]
    assert told == ["", "", False, None, 0]


def test_null_takes_every_rule_back(deployer_api):
    defined(deployer_api, rules={"min": 0, "max": 10})
    assert patched(deployer_api, rules=None)["rules"] == {}


def test_a_change_of_nothing_changes_nothing(deployer_api, stored):
    made = defined(deployer_api, label="People", rules={"min": 0}, default=5)
    before = stored()["AttributeMeta"]
    for sent in ({}, {"occ_lock": 0}, {"label": "People"}, {"rules": {"min": "0"}}, made):
        assert patched(deployer_api, **sent) == made
    assert stored()["AttributeMeta"] == before
    history = deployer_api.get(f"{PATH}/count/history").json()["data"]
    assert [entry["action"] for entry in history] == ["attribute.created"]


@pytest.mark.parametrize("rules", [{"min": 6}, {"max": 4}])
def test_rules_may_not_leave_the_default_outside(deployer_api, stored, rules):
    defined(deployer_api, default=5)
    before = stored()
    response = deployer_api.patch(f"{PATH}/count", {"rules": rules})
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "default"
    assert stored() == before
    assert patched(deployer_api, rules=rules, default=None)["rules"] == rules


def test_a_default_fills_new_incidents_only(deployer_api, owner_api, make_incident):
    older = make_incident()
    defined(deployer_api, default=5)
    assert owner_api.get(f"/v1/incident/{older['id']}").json()["data"]["attributes"] == {}
    assert make_incident()["attributes"] == {"count": 5}
    assert make_incident(attributes={"count": None})["attributes"] == {}


def test_a_deleted_attribute_is_gone_and_its_name_free(deployer_api, viewer_api):
    first = defined(deployer_api)
    response = deployer_api.delete(f"{PATH}/count")
    assert (response.status_code, response.content) == (204, b"")
    assert names(viewer_api) == []
    assert viewer_api.get(f"{PATH}/count").status_code == 404
    assert deployer_api.delete(f"{PATH}/count").status_code == 404
    assert deployer_api.patch(f"{PATH}/count", {"label": "x"}).status_code == 404
    assert defined(deployer_api, "COUNT", "STRING")["id"] != first["id"]


def test_archived_attributes_are_listed_for_deployers(deployer_api, viewer_api, owner_api):
    first = defined(deployer_api)
    deployer_api.delete(f"{PATH}/count")
    defined(deployer_api)
    (archived,) = deployer_api.get(f"{PATH}?state=ARCHIVED").json()["data"]
    assert (archived["id"], archived["state"]) == (first["id"], "ARCHIVED")
    assert names(deployer_api, "?state=ACTIVE") == ["count"]
    for client in (viewer_api, owner_api):
        assert names(client, "?state=ACTIVE") == ["count"]
        refused = client.get(f"{PATH}?state=ARCHIVED")
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


def history(api, query=""):
    return api.get(f"{PATH}/count/history{query}").json()


def test_each_change_is_one_entry_newest_first(deployer_api):
    made = defined(deployer_api, label="People")
    patched(deployer_api, label="Persons", rules={"min": 0})
    changed, created = history(deployer_api)["data"]
    assert (created["action"], changed["action"]) == ("attribute.created", "attribute.updated")
    assert created["object_id"] == changed["object_id"] == made["id"]
    assert (created["occ_lock_before"], created["occ_lock_after"]) == (None, 0)
    assert (changed["occ_lock_before"], changed["occ_lock_after"]) == (0, 1)
    assert (changed["name"], changed["tenant_id"]) == ("acme deployer", ACME)
    slot = changed["changes"][0]["slot"]
    assert changed["changes"] == [
        {"field": "label", "slot": slot, "old": "People", "new": "Persons"},
        {"field": "rules", "slot": slot, "old": {}, "new": {"min": 0}},
    ]
    new = {change["field"]: change["new"] for change in created["changes"]}
    assert new == new | {"name": "count", "type": "INTEGER", "label": "People"}


def test_the_history_of_an_attribute_is_walked_by_cursor(deployer_api):
    defined(deployer_api)
    for number in range(4):
        patched(deployer_api, order=number + 1)
    found, query = [], "?size=2"
    while query:
        body = history(deployer_api, query)
        found += [entry["occ_lock_after"] for entry in body["data"]]
        cursor = body["page"]["next_cursor"]
        query = cursor and f"?size=2&cursor={cursor}"
    assert found == [4, 3, 2, 1, 0]


def test_a_new_attribute_does_not_inherit_the_history_of_its_name(deployer_api):
    defined(deployer_api)
    deployer_api.delete(f"{PATH}/count")
    assert deployer_api.get(f"{PATH}/count/history").status_code == 404
    defined(deployer_api)
    assert [entry["action"] for entry in history(deployer_api)["data"]] == ["attribute.created"]
