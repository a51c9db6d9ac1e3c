"""Orders: every target that can be sorted by, against ``sorted``."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attributes import types
from attributes.schema import schemas
from incidents.targets import OWN, targets_at
from tests.incidents.listing import (
    asked,
    by_number,
    ids_of,
    query,
    remove,
    row,
    store,
    walked,
)
from tests.incidents.oracle import in_order
from tests.incidents.samples import OWN_VALUES, VALUES, compared

pytestmark = pytest.mark.django_db

ORDERED = [type_.name for type_ in types.TYPES if type_.ordered]


def sort(keys):
    return query(*(("sort", f"{name},{'DESC' if down else 'ASC'}") for name, down in keys))


def check(api, rows, keys, sizes=(7, 10)):
    """Both kinds of pages give the rows, which have their ids, in the order of the oracle."""
    expected = [values["id"] for values in in_order(rows, keys)]
    assert walked(api, sort(keys), sizes[0]) == expected
    assert by_number(api, sort(keys), sizes[1]) == expected


def with_ids(ids, rows):
    return [{**values, "id": id_} for id_, values in zip(ids, rows, strict=True)]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("type_name", ORDERED)
def test_an_order_of_a_type(viewer_api, make_attribute, type_name, descending):
    rules, raws = VALUES[type_name]
    definition = make_attribute("value", type_name, rules=rules)
    values = [compared(definition.typed(), raw) for raw in [*raws, *raws[::-2]]]
    held = [{}, *({definition.slot: value} for value in values), {}, {}]
    ids = store([row(number, attributes=each) for number, each in enumerate(held)])
    rows = [{"attributes.value": each.get(definition.slot)} for each in held]
    check(viewer_api, with_ids(ids, rows), [("attributes.value", descending)])


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("name", OWN)
def test_an_order_of_an_own_field(viewer_api, name, descending):
    target, raws = OWN[name], OWN_VALUES[name]
    values = [compared(target.type, raw) for raw in raws]
    values += [] if name == "id" else values[::-2]
    values += [None, None] if target.nullable else []
    ids = store(
        [row(number, **{name: target.parameter(value)}) for number, value in enumerate(values)]
    )
    check(viewer_api, with_ids(ids, [{name: value} for value in values]), [(name, descending)])


def test_what_has_no_order_is_not_sorted_by(make_attribute):
    for name, (rules, _) in VALUES.items():
        make_attribute(f"of_{name}", name, rules=rules)
    targets = targets_at(schemas.now())
    sortable = {name for name, target in targets.items() if target.sortable}
    assert sortable == {*OWN, *(f"attributes.of_{name}" for name in ORDERED)}


# Few values each, so that there are ties in every key.
MIXED = {
    "attributes.n": st.sampled_from([None, -1, 0, 10, 9]),
    "attributes.s": st.sampled_from([None, "", "a", "A", "é", "🙂", "a b"]),
    "attributes.seen": st.sampled_from(
        [None, "2024-11-11T02:57:27.000000Z", "2024-11-11T02:57:27.000001Z"]
    ),
    "name": st.sampled_from(["a", "A", "b", "é", "🙂", "a b"]),
    "severity": st.sampled_from(["", "LOW", "HIGH"]),
    "date": st.sampled_from(["2024-11-11T02:57:27.000000Z", "2024-11-11T02:57:27.000001Z"]),
    "resolved_date": st.sampled_from(
        [None, "2024-11-11T02:57:27.000000Z", "2024-11-11T02:57:27.000001Z"]
    ),
    "next_update": st.integers(0, 2),
    "backdated": st.booleans(),
}
KEYS = st.lists(
    st.tuples(st.sampled_from([*MIXED, "id"]), st.booleans()),
    min_size=1,
    max_size=4,
    unique_by=lambda key: key[0],
)


@pytest.fixture
def slots(make_attribute):
    return {
        "attributes.n": make_attribute("n").slot,
        "attributes.s": make_attribute("s", "STRING").slot,
        "attributes.seen": make_attribute("seen", "DATETIME").slot,
    }


def stored_rows(slots, rows):
    def columns(values):
        held = {slot: values[name] for name, slot in slots.items() if values[name] is not None}
        own = {name: OWN[name].parameter(value) for name, value in values.items() if name in OWN}
        return {"attributes": held, **own}

    return store([row(number, **columns(values)) for number, values in enumerate(rows)])


def test_every_mixed_order_is_that_of_sorted(viewer_api, slots):
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        rows=st.lists(st.fixed_dictionaries(MIXED), min_size=1, max_size=14),
        keys=KEYS,
        size=st.integers(1, 4),
    )
    def ask(rows, keys, size):
        remove()
        ids = stored_rows(slots, rows)
        check(viewer_api, with_ids(ids, rows), keys, sizes=(size, 5))

    ask()


def test_an_order_among_those_that_a_filter_finds(viewer_api, slots):
    rows = [
        {
            "attributes.n": number % 4 or None,
            "attributes.s": "ab"[number % 2],
            "attributes.seen": None,
            "next_update": number % 3,
        }
        for number in range(30)
    ]
    ids = stored_rows(slots, rows)
    kept = [values for values in with_ids(ids, rows) if values["next_update"] != 1]
    keys = [("attributes.n", True), ("attributes.s", False)]
    expected = [values["id"] for values in in_order(kept, keys)]
    filtered = f"{sort(keys)}&next_update__ne=1"
    assert walked(viewer_api, filtered, 3) == expected
    assert by_number(viewer_api, filtered, 4) == expected


def test_the_values_of_an_older_attribute_order_nothing(viewer_api, make_attribute, deployer_api):
    old = make_attribute("count").slot
    assert deployer_api.delete("/v1/incident/attributes/count").status_code == 204
    new = make_attribute("count", "STRING").slot
    held = [{old: 1, new: "b"}, {old: 2}, {new: "a"}]
    made = store([row(number, attributes=each) for number, each in enumerate(held)])
    assert ids_of(asked(viewer_api, "sort=attributes.count,ASC")) == [made[2], made[0], made[1]]
