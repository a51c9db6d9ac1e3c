"""Surveys that are transactions of their own, as when serving."""

import pytest
from django.db import DatabaseError, connection

from accounts import tenancy
from tests.accounts.test_row_security import COUNTED, IN_FORCE, rows

pytestmark = pytest.mark.usefixtures("committed")


def test_the_role_ends_with_the_transaction(make_incident):
    make_incident()
    before = rows(IN_FORCE)
    with tenancy.survey():
        assert rows(COUNTED) == [(1,)]
    assert rows(IN_FORCE) == before
    assert rows(COUNTED) == [(0,)]


def test_the_role_ends_with_a_transaction_that_fails():
    before = rows(IN_FORCE)
    with pytest.raises(DatabaseError), tenancy.survey():
        rows("SELECT 1 / 0")
    assert rows(IN_FORCE) == before
    with pytest.raises(KeyError), tenancy.survey():
        raise KeyError
    assert rows(IN_FORCE) == before


def test_a_survey_is_of_one_moment(make_incident, together):
    make_incident()
    with tenancy.survey():
        assert rows(COUNTED) == [(1,)]
        together([make_incident])
        assert rows(COUNTED) == [(1,)]
    with tenancy.survey():
        assert rows(COUNTED) == [(2,)]


def test_a_survey_keeps_no_writer_waiting(make_incident, together):
    with tenancy.survey():
        rows(COUNTED)
        together([make_incident] * 4)


def test_another_tables_rows_are_refused_and_the_connection_goes_on():
    with pytest.raises(DatabaseError, match="denied for table"), tenancy.survey():
        rows("SELECT FROM accounts_apitoken")
    assert connection.is_usable()
    assert rows("SELECT current_user") == [("incidents_app",)]
