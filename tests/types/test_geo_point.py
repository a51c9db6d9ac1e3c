"""GEO_POINT by its table."""

from decimal import Decimal as D  # noqa: N817 - there are many

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from attributes.types.geo_point import GeoPointType
from incidents_project.refusals import Invalid, ValueRefused

BERLIN = {"south": D("52.3"), "west": 13, "north": D("52.7"), "east": D("13.8")}
FIJI = {"south": -20, "west": 176, "north": -15, "east": -178}

ACCEPTED = [
    ({}, {"lat": 0, "lon": 0}, {"lat": 0, "lon": 0}),
    ({}, {"lat": D("-0.0"), "lon": D("180.0")}, {"lat": 0, "lon": 180}),
    ({}, {"lat": -90, "lon": -180}, {"lat": -90, "lon": -180}),
    ({}, {"lat": "52.5200066", "lon": "13.40"}, {"lat": D("52.5200066"), "lon": D("13.4")}),
    ({}, {"lon": D("1.10000000000"), "lat": D("1E+1")}, {"lat": 10, "lon": D("1.1")}),
    (
        {"within": BERLIN},
        {"lat": D("52.5"), "lon": D("13.4")},
        {"lat": D("52.5"), "lon": D("13.4")},
    ),
    ({"within": BERLIN}, {"lat": D("52.3"), "lon": 13}, {"lat": D("52.3"), "lon": 13}),
    ({"within": FIJI}, {"lat": -18, "lon": 178}, {"lat": -18, "lon": 178}),
    ({"within": FIJI}, {"lat": -18, "lon": -179}, {"lat": -18, "lon": -179}),
    ({"within": FIJI}, {"lat": -18, "lon": 180}, {"lat": -18, "lon": 180}),
]

REFUSED = [
    ({}, None, "wrong_type"),
    ({}, "52.5,13.4", "wrong_type"),
    ({}, [52, 13], "wrong_type"),
    ({}, {}, "invalid"),
    ({}, {"lat": 1}, "invalid"),
    ({}, {"lat": 1, "lon": 1, "alt": 1}, "invalid"),
    ({}, {"lat": None, "lon": 1}, "wrong_type"),
    ({}, {"lat": True, "lon": 1}, "wrong_type"),
    ({}, {"lat": 1, "lon": "1,5"}, "wrong_type"),
    ({}, {"lat": D("NaN"), "lon": 1}, "wrong_type"),
    ({}, {"lat": 1.5, "lon": 1}, "wrong_type"),
    ({}, {"lat": {"lat": 1}, "lon": 1}, "wrong_type"),
    ({}, {"lat": D("90.0000001"), "lon": 1}, "out_of_range"),
    ({}, {"lat": 1, "lon": D("-180.0000001")}, "out_of_range"),
    ({}, {"lat": 1, "lon": D("0.00000001")}, "too_precise"),
    ({}, {"lat": 1, "lon": "1e400"}, "too_many_digits"),
    ({}, {"lat": 10**5000, "lon": 1}, "too_many_digits"),
    ({"within": BERLIN}, {"lat": D("52.8"), "lon": D("13.4")}, "outside_box"),
    ({"within": BERLIN}, {"lat": D("52.5"), "lon": D("12.9")}, "outside_box"),
    ({"within": FIJI}, {"lat": -18, "lon": 175}, "outside_box"),
    ({"within": FIJI}, {"lat": -18, "lon": 0}, "outside_box"),
]


@pytest.mark.parametrize(("rules", "raw", "stored"), ACCEPTED)
def test_a_point_is_kept_exactly(rules, raw, stored):
    type_ = GeoPointType.configured(rules)
    cleaned = type_.clean(raw)
    assert cleaned == stored
    assert [type(value) for value in cleaned.values()] == [type(v) for v in stored.values()]
    assert type_.clean(type_.present(cleaned)) == stored
    assert Draft202012Validator(type_.json_schema()).is_valid(cleaned)


@pytest.mark.parametrize(("rules", "raw", "code"), REFUSED)
def test_anything_else_is_refused(rules, raw, code):
    with pytest.raises(ValueRefused) as refusal:
        GeoPointType.configured(rules).clean(raw)
    assert refusal.value.code == code


def test_the_refusal_names_the_box():
    with pytest.raises(ValueRefused, match=r"^Must lie within south 52\.3, west 13, north 52\.7"):
        GeoPointType.configured({"within": BERLIN}).clean({"lat": 0, "lon": 0})


@pytest.mark.parametrize(
    ("within", "code"),
    [
        ("all", "wrong_type"),
        ({}, "invalid"),
        (BERLIN | {"top": 1}, "invalid"),
        (BERLIN | {"east": 181}, "out_of_range"),
        (BERLIN | {"east": "x"}, "wrong_type"),
        (BERLIN | {"north": 5}, "contradiction"),
    ],
)
def test_a_box_that_cannot_be_is_refused(within, code):
    with pytest.raises(Invalid) as refusal:
        GeoPointType.configured({"within": within})
    assert [(f.field, f.code) for f in refusal.value.faults] == [("rules.within", code)]


def test_a_box_reads_back_as_it_was_given():
    assert GeoPointType.configured({"within": FIJI}).rules() == {"within": FIJI}
    assert GeoPointType().rules() == {}


degrees = st.decimals(-200, 200, places=8) | st.integers(-200, 200) | st.decimals(-30, 30, places=7)


@given(st.sampled_from([{}, {"within": BERLIN}, {"within": FIJI}]), degrees, degrees)
def test_schema_and_clean_agree(rules, lat, lon):
    type_ = GeoPointType.configured(rules)
    raw = {"lat": lat, "lon": lon}
    try:
        type_.clean(raw)
    except ValueRefused:
        accepted = False
    else:
        accepted = True
    assert Draft202012Validator(type_.json_schema()).is_valid(raw) == accepted
