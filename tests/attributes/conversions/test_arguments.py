"""What ``using`` changes, and what it may not say."""

from decimal import Decimal

import pytest

from attributes.conversions import clean_arguments, converter
from attributes.types import BY_NAME
from incidents_project.refusals import Invalid
from tests.attributes.conversions.cases import IMPOSSIBLE, KEPT, LOSSY, PLAIN, became

YES_NO = {"true": ["yes", "y"], "false": ["no", ""]}
BERLIN = {"zone": "Europe/Berlin"}
DAY = {"format": "%d/%m/%Y"}
MOMENT = {"format": "%d.%m.%Y %H:%M"}
WITH_OFFSET = {"format": "%Y-%m-%d %H:%M %z"}
AT_NIGHT = "2024-11-11T01:57:00.000000Z"


@pytest.mark.parametrize(
    ("source", "target", "using", "value", "expected"),
    [
        ("NUMBER", "INTEGER", {"rounding": "half_even"}, Decimal("2.5"), (LOSSY, 2)),
        ("NUMBER", "INTEGER", {"rounding": "half_even"}, Decimal("3.5"), (LOSSY, 4)),
        ("NUMBER", "INTEGER", {"rounding": "truncate"}, Decimal("-2.9"), (LOSSY, -2)),
        ("NUMBER", "INTEGER", {"rounding": "truncate"}, 5, (KEPT, 5)),
        ("DURATION", "INTEGER", {"rounding": "truncate"}, 1_500_000, (LOSSY, 1)),
        ("DURATION", "INTEGER", {"unit": "milliseconds"}, 1_500_000, (KEPT, 1500)),
        ("INTEGER", "DATETIME", {"unit": "milliseconds"}, 1, (KEPT, "1970-01-01T00:00:00.001000Z")),
        ("STRING", "BOOLEAN", YES_NO, "yes", (KEPT, True)),
        ("STRING", "BOOLEAN", YES_NO, "Y", (LOSSY, True)),
        ("STRING", "BOOLEAN", YES_NO, "", (LOSSY, False)),
        ("STRING", "BOOLEAN", YES_NO, "true", IMPOSSIBLE),
        ("BOOLEAN", "STRING", YES_NO, True, (KEPT, "yes")),
        ("STRING", "MULTISELECT", {"separator": ";"}, "amber;red", (KEPT, ["amber", "red"])),
        ("MULTISELECT", "TEXT", {"separator": "\n"}, ["amber", "red"], (KEPT, "amber\nred")),
        ("MULTISELECT", "STRING", {"separator": "\n"}, ["amber", "red"], IMPOSSIBLE),
        ("STRING", "DATE", DAY, "11/12/2024", (KEPT, "2024-12-11")),
        ("STRING", "DATE", DAY, "1/2/2024", (LOSSY, "2024-02-01")),
        ("STRING", "DATE", DAY, "2024-12-11", IMPOSSIBLE),
        ("STRING", "DATE", DAY, "31/02/2024", IMPOSSIBLE),
        ("STRING", "DATE", DAY, "١/٢/2024", IMPOSSIBLE),
        ("STRING", "DATE", {"format": "%d%m%Y"}, "1122024", IMPOSSIBLE),
        ("STRING", "DATE", {"format": "%b %d, %Y"}, "NOV 11, 2024", (LOSSY, "2024-11-11")),
        ("DATE", "STRING", {"format": "%B %d, %Y"}, "2024-11-11", (KEPT, "November 11, 2024")),
        ("DATE", "STRING", {"format": "{%d}%%%m %Y"}, "2024-11-09", (KEPT, "{09}%11 2024")),
        ("STRING", "TIME", {"format": "%I:%M %p"}, "12:30 am", (LOSSY, "00:30:00.000000")),
        ("STRING", "TIME", {"format": "%I:%M %p"}, "13:30 PM", IMPOSSIBLE),
        ("TIME", "STRING", {"format": "%I:%M %p"}, "12:30:00.000000", (KEPT, "12:30 PM")),
        ("TIME", "STRING", {"format": "%H:%M"}, "12:30:05.000000", (LOSSY, "12:30")),
        ("STRING", "DATETIME", MOMENT, "11.11.2024 02:57", IMPOSSIBLE),
        ("STRING", "DATETIME", MOMENT | BERLIN, "11.11.2024 02:57", (KEPT, AT_NIGHT)),
        ("STRING", "DATETIME", BERLIN, "2024-11-11T02:57:00", (LOSSY, AT_NIGHT)),
        ("STRING", "DATETIME", BERLIN, "2024-11-11T01:57:00Z", (KEPT, AT_NIGHT)),
        ("STRING", "DATETIME", BERLIN, "2024-10-27T02:30:00", IMPOSSIBLE),  # it is that time twice
        ("STRING", "DATETIME", BERLIN, "2024-03-31T02:30:00", IMPOSSIBLE),  # it never is
        ("STRING", "DATETIME", WITH_OFFSET, "2024-11-11 02:57 +01:00", (LOSSY, AT_NIGHT)),
        ("DATETIME", "STRING", MOMENT | BERLIN, AT_NIGHT, (KEPT, "11.11.2024 02:57")),
        ("DATETIME", "DATE", BERLIN, "2024-11-10T23:00:00.000000Z", (KEPT, "2024-11-11")),
        ("DATETIME", "TIME", BERLIN, "2024-11-10T23:00:00.000000Z", (LOSSY, "00:00:00.000000")),
        ("DATE", "DATETIME", BERLIN, "2024-11-11", (KEPT, "2024-11-10T23:00:00.000000Z")),
        ("DATE", "DATETIME", {"zone": "Pacific/Apia"}, "2011-12-30", IMPOSSIBLE),  # it was left out
        ("JSON", "STRING", {"content": "text"}, "x", (KEPT, "x")),
        ("JSON", "STRING", {"content": "text"}, 5, IMPOSSIBLE),
        ("STRING", "JSON", {"content": "json"}, '{"a":1}', (KEPT, {"a": 1})),
        ("STRING", "JSON", {"content": "json"}, '{ "a": 1 }', (LOSSY, {"a": 1})),
        ("STRING", "JSON", {"content": "json"}, '{"a":1,"a":2}', IMPOSSIBLE),
        ("STRING", "JSON", {"content": "json"}, "x", IMPOSSIBLE),
    ],
)  # fmt: skip
def test_what_is_said_decides(source, target, using, value, expected):
    expected = (IMPOSSIBLE, None) if expected is IMPOSSIBLE else expected
    assert became(source, target, value, using) == expected


@pytest.mark.parametrize(
    ("source", "target", "using", "name", "code"),
    [
        ("NUMBER", "INTEGER", {"rounding": "up"}, "rounding", "unknown_option"),
        ("INTEGER", "NUMBER", {"rounding": "truncate"}, "rounding", "unknown_argument"),
        ("DATE", "IP", {"zone": "UTC"}, "zone", "unknown_argument"),
        ("DATE", "DATETIME", {"zone": "Mars"}, "zone", "unknown_zone"),
        ("DATE", "DATETIME", {"zone": "../etc/passwd"}, "zone", "unknown_zone"),
        ("DATE", "DATETIME", {"zone": 5}, "zone", "wrong_type"),
        ("STRING", "BOOLEAN", {"true": []}, "true", "out_of_range"),
        ("STRING", "BOOLEAN", {"true": [" False"]}, "false", "contradiction"),
        ("STRING", "MULTISELECT", {"separator": "-"}, "separator", "invalid"),
        ("STRING", "DATE", {"format": "%d/%m"}, "format", "invalid_format"),
        ("STRING", "DATE", {"format": "%d/%m/%y"}, "format", "invalid_format"),
        ("STRING", "DATE", {"format": "%d/%m/%Y %H"}, "format", "invalid_format"),
        ("STRING", "DATE", {"format": "%d/%m/%Y %b"}, "format", "invalid_format"),
        ("STRING", "TIME", {"format": "%I:%M"}, "format", "invalid_format"),
        ("STRING", "DATE", {"format": "%d/%m/%Y%"}, "format", "invalid_format"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(source, target, using, name, code):
    with pytest.raises(Invalid) as refusal:
        clean_arguments(BY_NAME[source], BY_NAME[target], using)
    assert [(f.field, f.code) for f in refusal.value.faults] == [(f"using.{name}", code)]


def test_using_must_be_an_object():
    with pytest.raises(Invalid) as refusal:
        clean_arguments(BY_NAME["STRING"], BY_NAME["DATE"], ["%d"])
    assert refusal.value.faults[0].field == "using"


def test_the_way_back_takes_the_same_arguments():
    using = clean_arguments(BY_NAME["STRING"], BY_NAME["JSON"], None)
    assert using == {"content": "text"}
    there = converter(PLAIN["STRING"], PLAIN["JSON"], using).convert("x").value
    assert converter(PLAIN["JSON"], PLAIN["STRING"], using).convert(there).value == "x"
