"""Lists whose transactions are real: what others change meanwhile, what one leaves to the next."""

import pytest
from django.db import DataError, connection

from attributes.filters.conditions import EVERYTHING, Condition
from attributes.operations.archive import archive_attribute
from incidents import counts, queries, totals
from incidents.operations.incidents import delete_incident
from incidents_project.versions import Expected
from tests.conftest import ACME, GLOBEX, client_of
from tests.incidents.listing import asked, ids_of, row, store, walked

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def viewer(committed):
    return client_of(ACME, "viewer")


@pytest.mark.parametrize("tries", [queries._TRIES, 0])  # none: changes are kept out at once
def test_a_filter_never_meets_the_values_of_an_older_attribute(
    viewer, make_attribute, dee, together, monkeypatch, tries
):
    """It is of one type or of the other, or there is no such attribute: nothing between."""
    monkeypatch.setattr(queries, "_TRIES", tries)
    numbers = make_attribute("value").slot
    store([row(1, attributes={numbers: 5})])

    def change():
        for number in range(10):
            archive_attribute(principal=dee, name="value")
            slot = make_attribute("value", "INTEGER" if number % 2 else "STRING").slot
            store([row(2, attributes={slot: 5 if number % 2 else "5"})])

    def read():
        told = []
        for _ in range(60):
            response = viewer.get("/v1/incident?attributes.value=5&fields=id,attributes.value")
            told.append((response.status_code, response.json()))
        return told

    _, *answers = together([change, *[read] * 3])
    for status, body in [told for reader in answers for told in reader]:
        assert status in {200, 400}, body
        if status == 400:
            codes = [error["code"] for error in body["errors"]]
            assert codes == ["unknown_field", "unknown_attribute"]
        else:
            shown = [incident["attributes"] for incident in body["data"]["incidents"]]
            assert shown in ([{"value": 5}], [{"value": "5"}], [])
    assert len(ids_of(asked(viewer, "attributes.value=5"))) == 1


def test_a_walk_that_others_write_into_meets_all_that_stays(viewer, ada, make_incident, together):
    made = store([row(number, next_update=number % 3) for number in range(60)])
    stays, goes = set(made[::2]), made[1::2]

    def write():
        for id_ in goes:
            delete_incident(principal=ada, incident_id=id_, expected=Expected())
            make_incident(next_update=1)

    def walk():
        return walked(viewer, "", 4)

    _, *walks = together([write, *[walk] * 3])
    for met in walks:
        assert len(set(met)) == len(met)
        assert stays <= set(met)


@pytest.mark.parametrize("condition", [EVERYTHING, Condition('"status" = %s', ("NEW",))])
def test_what_was_read_for_one_tenant_opens_nothing_to_the_next(condition):
    store([row(number) for number in range(3)])
    assert totals.count(ACME, condition) == counts.total(ACME) == 3
    assert totals.count(GLOBEX, condition) == counts.total(GLOBEX) == 0
    with pytest.raises(DataError):
        totals.count(ACME, Condition("1 / 0 = 1"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM incidents_incident")
        assert cursor.fetchone() == (0,)
