"""Incidents that break a rule now: listed, and never held up for it."""

import pytest

from attributes import violations as module
from attributes import windows
from attributes.models import Job
from attributes.operations.archive import archive_attribute
from attributes.operations.define import change_attribute
from attributes.violations import violations
from incidents_project.refusals import NotFound
from tests.attributes.jobs.hands import fill, retype, work
from tests.conftest import ACME, GLOBEX
from tests.incidents.listing import row, store

pytestmark = pytest.mark.django_db


def tighten(principal, **members):
    change_attribute(principal=principal, name="count", members=members)


def listed(attribute, after=None, size=10, tenant=ACME):
    return violations(tenant, attribute, after, size)


def ids_of(found):
    return [str(one.incident_id) for one in found]


@pytest.fixture
def broken(make_attribute, dee):
    """Fifty values of which those above 30 are refused by now."""
    attribute = make_attribute()
    ids = fill(attribute, list(range(50)))
    tighten(dee, rules={"max": 30})
    return attribute, ids[31:]


def test_a_page_goes_on_behind_an_id(broken, monkeypatch):
    attribute, expected = broken
    monkeypatch.setattr(windows, "_WINDOW", 7)
    monkeypatch.setattr(module, "_CHUNK", 3)
    for size in (1, 4, 100):
        found, after = [], None
        while page := listed(attribute, after, size):
            assert len(page) <= size
            found += ids_of(page)
            after = page[-1].incident_id
        assert found == expected


def test_a_page_that_is_full_reads_no_further(broken, monkeypatch):
    attribute, expected = broken
    monkeypatch.setattr(windows, "_WINDOW", 5)
    read = []
    monkeypatch.setattr(module.tenancy, "read", lambda *each: read.append(1) or _read(*each))
    assert ids_of(listed(attribute, None, 2)) == expected[:2]
    assert len(read) < 2 * 8  # of the ten windows seven, each found and read


_read = module.tenancy.read


def test_they_are_the_tenants_own(make_attribute, dee):
    attribute = make_attribute()
    fill(attribute, [5], GLOBEX)
    (own,) = fill(attribute, [6])
    tighten(dee, rules={"max": 1})
    (found,) = listed(attribute)
    assert (str(found.incident_id), found.code, found.value) == (own, "maximum", 6)
    assert found.message == "Must be at most 1."


def test_a_value_is_shown_as_it_is_answered(make_attribute, dee):
    attribute = make_attribute("count", "DURATION")
    fill(attribute, [attribute.typed().clean("PT90M")])
    tighten(dee, rules={"max": "PT1H"})
    assert listed(attribute)[0].value == "PT1H30M"


def test_what_could_not_be_converted_is_listed(make_attribute, dee):
    attribute = make_attribute("count", "STRING")
    ids = fill(attribute, ["5", "many", "7"])
    retype(dee, attribute, "INTEGER", accept={"impossible": 1})
    work()
    assert Job.objects.get().state == "DONE"
    attribute.refresh_from_db()
    (found,) = listed(attribute)
    assert (str(found.incident_id), found.code, found.value) == (ids[1], "not_converted", "many")
    tighten(dee, required=True)
    store([row(9)])
    assert [one.code for one in listed(attribute)] == ["not_converted", "required"]


def test_of_an_attribute_that_is_gone_there_are_none(broken, dee):
    archive_attribute(principal=dee, name="count")
    with pytest.raises(NotFound):
        listed(broken[0])


@pytest.fixture
def violating(make_attribute, make_incident, dee):
    """An incident that breaks a rule, one that a value is asked of, one that has a twin's value."""
    for name in ("high", "needed", "ticket"):
        make_attribute(name)
    first = make_incident(attributes={"high": 99, "ticket": 1})
    second = make_incident(attributes={"high": 98, "ticket": 1})
    for name, members in (
        ("high", {"rules": {"max": 10}}),
        ("needed", {"required": True}),
        ("ticket", {"unique": True}),
    ):
        change_attribute(principal=dee, name=name, members=members)
    work()
    return [f"/v1/incident/{incident['id']}" for incident in (first, second)]


def test_who_breaks_a_rule_is_not_held_up(owner_api, violating):
    for url in violating:
        assert owner_api.patch(url, {"occ_lock": 0, "name": "Renamed"}).status_code == 200
        read = owner_api.get(url).json()["data"]
        assert owner_api.patch(url, read).json()["data"] == read
        assert owner_api.put(url, read).status_code == 200
        sent = {"occ_lock": 2, "status": "CLOSED", "attributes": {"high": 7}}
        changed = owner_api.patch(url, sent)
        assert changed.json()["data"]["attributes"] == {"high": 7, "ticket": 1}


def test_who_makes_it_worse_is_refused(owner_api, violating):
    url = violating[0]
    for values, status, code in (
        ({"high": 97}, 400, "maximum"),
        ({"needed": "x"}, 400, "wrong_type"),
    ):
        refused = owner_api.patch(url, {"occ_lock": 0, "attributes": values})
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (status, code)


def test_a_value_that_is_not_unique_and_breaks_a_rule_is_told_as_both(make_attribute, dee):
    attribute = make_attribute()
    fill(attribute, [50, 50])
    tighten(dee, rules={"max": 30})
    tighten(dee, unique=True)
    work()
    (found,) = listed(attribute)[1:]
    assert found.code == "not_unique"
    assert found.message == "Another incident has it. Must be at most 30."
