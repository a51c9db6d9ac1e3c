"""Giving incidents a value while people give them values."""

from functools import partial

import pytest

from attributes.operations.backfill import Backfill
from attributes.operations.change import carry_out
from tests.attributes.jobs.hands import documents, work, write
from tests.incidents.listing import row, store


@pytest.mark.slow
def test_writers_of_the_moment_win(committed, make_attribute, ada, dee, together):
    slot = make_attribute("level").slot
    ids = store([row(number) for number in range(400)])
    carry_out(Backfill("level", {"value": 5}), principal=dee)

    def writer(number):
        for place in range(number, len(ids), 4):
            write(ada, ids[place], level=100 + place)

    together([*(partial(writer, number) for number in range(4)), work])
    assert [each[slot] for each in documents()] == [100 + place for place in range(len(ids))]
