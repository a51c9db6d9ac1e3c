"""Values that other systems lose, guess at or stumble over."""

from decimal import Decimal

import pytest

from attributes.conversions import Outcome, Verdict, converter
from attributes.types import build
from tests.attributes.conversions.cases import IMPOSSIBLE, KEPT, LOSSY, PLAIN, became, converting

UUID = "e322ab0e-07b3-49bd-b904-7014512032e3"
MOMENT = "2024-11-11T02:57:27.000000Z"


@pytest.mark.parametrize(
    ("target", "text", "expected"),
    [
        ("INTEGER", "12", (KEPT, 12)),
        ("INTEGER", "-9223372036854775808", (KEPT, -(2**63))),
        ("INTEGER", " 12 ", (LOSSY, 12)),
        ("INTEGER", "\u00a012", (LOSSY, 12)),
        ("INTEGER", "007", (LOSSY, 7)),
        ("INTEGER", "+5", (LOSSY, 5)),
        ("INTEGER", "-0", (LOSSY, 0)),
        ("INTEGER", "5.0", (LOSSY, 5)),
        ("INTEGER", "5.5", IMPOSSIBLE),
        ("INTEGER", "", IMPOSSIBLE),
        ("INTEGER", "1e3", IMPOSSIBLE),
        ("INTEGER", "９", IMPOSSIBLE),
        ("INTEGER", "1,000", IMPOSSIBLE),
        ("INTEGER", "1_000", IMPOSSIBLE),
        ("INTEGER", "9223372036854775808", IMPOSSIBLE),
        ("INTEGER", "0" * 100_000 + "x", IMPOSSIBLE),
        ("INTEGER", "n/a", IMPOSSIBLE),
        ("NUMBER", "1.5", (KEPT, Decimal("1.5"))),
        ("NUMBER", "1.50", (LOSSY, Decimal("1.5"))),
        ("NUMBER", "1e3", (LOSSY, 1000)),
        ("NUMBER", "1,5", IMPOSSIBLE),
        ("NUMBER", ".5", IMPOSSIBLE),
        ("NUMBER", "NaN", IMPOSSIBLE),
        ("NUMBER", "0.1234567", IMPOSSIBLE),
        ("BOOLEAN", "true", (KEPT, True)),
        ("BOOLEAN", " FALSE", (LOSSY, False)),
        ("BOOLEAN", "yes", IMPOSSIBLE),
        ("BOOLEAN", "1", IMPOSSIBLE),
        ("BOOLEAN", "", IMPOSSIBLE),
        ("DATE", "2024-02-29", (KEPT, "2024-02-29")),
        ("DATE", "2024-02-29 ", (LOSSY, "2024-02-29")),
        ("DATE", "2023-02-29", IMPOSSIBLE),
        ("DATE", "11/12/2024", IMPOSSIBLE),
        ("DATE", "2024-1-1", IMPOSSIBLE),
        ("TIME", "14:30:00", (KEPT, "14:30:00.000000")),
        ("TIME", "14:30", (LOSSY, "14:30:00.000000")),
        ("DATETIME", "2024-11-11T02:57:27Z", (KEPT, MOMENT)),
        ("DATETIME", "2024-11-11T03:57:27+01:00", (LOSSY, MOMENT)),
        ("DATETIME", "2024-11-11T02:57:27", IMPOSSIBLE),
        ("DATETIME", "2024-11-11", IMPOSSIBLE),
        ("DURATION", "PT1H30M", (KEPT, 5_400_000_000)),
        ("DURATION", "PT90M", (LOSSY, 5_400_000_000)),
        ("UUID", UUID, (KEPT, UUID)),
        ("UUID", UUID.upper(), (LOSSY, UUID)),
        ("UUID", UUID.replace("-", ""), IMPOSSIBLE),
        ("INCIDENT", UUID, (KEPT, UUID)),
        ("EMAIL", "Jo@Example.org", (LOSSY, "Jo@example.org")),
        ("URL", "https://a.example/X", (KEPT, "https://a.example/X")),
        ("URL", "javascript:alert(1)", IMPOSSIBLE),
        ("IP", "::0001", (LOSSY, "::1")),
        ("IP", "010.0.0.1", IMPOSSIBLE),
        ("GEO_POINT", "52.5,13", (KEPT, {"lat": Decimal("52.5"), "lon": 13})),
        ("GEO_POINT", "52.50, 13", (LOSSY, {"lat": Decimal("52.5"), "lon": 13})),
        ("GEO_POINT", "91,0", IMPOSSIBLE),
        ("USER", "jo", (KEPT, {"subject": "jo", "name": ""})),
        ("SELECT", "red", (KEPT, "red")),
        ("SELECT", "RED ", (LOSSY, "red")),
        ("SELECT", "", IMPOSSIBLE),
        ("SELECT", "blue", IMPOSSIBLE),  # it is retired
        ("MULTISELECT", "amber,red", (KEPT, ["amber", "red"])),
        ("MULTISELECT", "red, amber", (LOSSY, ["amber", "red"])),
        ("MULTISELECT", "red,red", IMPOSSIBLE),
        ("MULTISELECT", "red,", IMPOSSIBLE),
        ("MULTISELECT", "", IMPOSSIBLE),
        ("JSON", "5", (KEPT, "5")),
    ],
)
def test_text_is_read_where_it_means_one_thing_and_never_guessed_at(target, text, expected):
    expected = (IMPOSSIBLE, None) if expected is IMPOSSIBLE else expected
    assert became("STRING", target, text) == expected
    assert became("TEXT", target, text) == expected


@pytest.mark.parametrize(
    ("source", "target", "value", "expected"),
    [
        ("TEXT", "STRING", "one\ntwo", IMPOSSIBLE),
        ("TEXT", "STRING", "x" * 256, IMPOSSIBLE),  # nothing is cut off
        ("INTEGER", "STRING", 2**62, (KEPT, str(2**62))),
        ("NUMBER", "STRING", Decimal("0.0000001"), (KEPT, "0.0000001")),
        ("NUMBER", "STRING", Decimal(10**30), (KEPT, "1" + 30 * "0")),
        ("BOOLEAN", "TEXT", False, (KEPT, "false")),
        ("TIME", "STRING", "14:30:00.000000", (KEPT, "14:30:00")),
        ("DATETIME", "STRING", MOMENT, (KEPT, "2024-11-11T02:57:27Z")),
        ("GEO_POINT", "STRING", {"lat": 1, "lon": Decimal("2.5")}, (KEPT, "1,2.5")),
        ("USER", "STRING", {"subject": "jo", "name": ""}, (KEPT, "jo")),
        ("USER", "STRING", {"subject": "jo", "name": "Jo"}, (LOSSY, "jo")),
        ("MULTISELECT", "STRING", ["amber", "red"], (KEPT, "amber,red")),
        ("MULTISELECT", "STRING", [], (LOSSY, "")),
        (
            "JSON",
            "STRING",
            {"b": [None, "\u2028"], "a": 1},
            (KEPT, r'{"a":1,"b":[null,"\u2028"]}'),
        ),
        ("JSON", "STRING", "x", (KEPT, '"x"')),
        ("INTEGER", "BOOLEAN", 1, (KEPT, True)),
        ("INTEGER", "BOOLEAN", 2, IMPOSSIBLE),
        ("BOOLEAN", "NUMBER", True, (KEPT, 1)),
        ("INTEGER", "NUMBER", 2**63 - 1, (KEPT, 2**63 - 1)),
        ("NUMBER", "INTEGER", Decimal("2.5"), IMPOSSIBLE),
        ("NUMBER", "INTEGER", Decimal(2**63), IMPOSSIBLE),
        ("INTEGER", "DURATION", 90, (KEPT, 90_000_000)),
        ("INTEGER", "DURATION", -1, IMPOSSIBLE),
        ("DURATION", "NUMBER", 1, (KEPT, Decimal("0.000001"))),
        ("DURATION", "INTEGER", 1_500_000, IMPOSSIBLE),
        ("NUMBER", "DURATION", Decimal("0.0000001"), IMPOSSIBLE),
        ("INTEGER", "DATETIME", 1731293847, (KEPT, MOMENT)),
        ("INTEGER", "DATETIME", 2**62, IMPOSSIBLE),
        ("DATETIME", "INTEGER", MOMENT, (KEPT, 1731293847)),
        ("DATETIME", "DATE", MOMENT, (LOSSY, "2024-11-11")),
        ("DATETIME", "DATE", "2024-11-11T00:00:00.000000Z", (KEPT, "2024-11-11")),
        ("DATETIME", "TIME", "2024-11-11T00:00:00.000000Z", (LOSSY, "00:00:00.000000")),
        ("DATE", "DATETIME", "2024-11-11", (KEPT, "2024-11-11T00:00:00.000000Z")),
        ("SELECT", "MULTISELECT", "red", (KEPT, ["red"])),
        ("MULTISELECT", "SELECT", ["red"], (KEPT, "red")),
        ("MULTISELECT", "SELECT", ["amber", "red"], IMPOSSIBLE),
        ("MULTISELECT", "SELECT", [], IMPOSSIBLE),
        ("UUID", "INCIDENT", UUID, (KEPT, UUID)),
        ("DATETIME", "JSON", MOMENT, (KEPT, "2024-11-11T02:57:27Z")),
        ("DURATION", "JSON", 5_400_000_000, (KEPT, "PT1H30M")),
        ("JSON", "DATETIME", "2024-11-11T02:57:27Z", (KEPT, MOMENT)),
        ("JSON", "INTEGER", 5, (KEPT, 5)),
        ("JSON", "INTEGER", "5", IMPOSSIBLE),
        ("JSON", "BOOLEAN", "true", IMPOSSIBLE),
        ("JSON", "MULTISELECT", ["red", "amber"], (LOSSY, ["amber", "red"])),
        ("DATE", "IP", "2024-11-11", IMPOSSIBLE),
    ],
)
def test_a_value_of_another_type_is_kept_lossy_or_impossible(source, target, value, expected):
    expected = (IMPOSSIBLE, None) if expected is IMPOSSIBLE else expected
    assert became(source, target, value) == expected


@pytest.mark.parametrize(
    ("target", "rules", "value", "why"),
    [
        ("INTEGER", {"max": 10}, "11", "Must be at most 10."),
        ("STRING", {"max_length": 2}, "abc", "Must have at most 2 characters."),
        ("STRING", {"pattern": "^a"}, "bc", "Must match ^a"),
        ("SELECT", {"options": [{"code": "a"}]}, "b", "Must be one of a."),
    ],
)
def test_what_the_rules_refuse_is_impossible_and_says_so(target, rules, value, why):
    convert = converting("TEXT", target, **rules).convert
    assert convert(value) == Outcome(Verdict.IMPOSSIBLE, None, why)


@pytest.mark.parametrize(
    ("source", "target", "value", "why"),
    [
        ("STRING", "INTEGER", " 007 ", "has white space around it and has leading zeros"),
        ("STRING", "NUMBER", "+1.50", "has a plus sign and has zeros at the end of its fraction"),
        ("STRING", "NUMBER", "1e3", "has an exponent"),
        ("STRING", "BOOLEAN", "TRUE", "is in another letter case"),
        ("STRING", "TIME", "14:30", "is written otherwise than 14:30:00"),
        ("DATETIME", "DATE", MOMENT, "has a time of day"),
        ("DATETIME", "TIME", MOMENT, "has a day"),
        ("USER", "STRING", {"subject": "jo", "name": "Jo"}, "has a name"),
    ],
)
def test_what_is_lost_is_said_in_plain_words(source, target, value, why):
    assert converting(source, target).convert(value).why == why


OPTIONS = {
    "options": [
        {"code": "us", "label": "States"},
        {"code": "eu", "label": "Europe"},
        {"code": "uk", "label": "US"},
        {"code": "old", "label": "Europe", "retired": True, "replaced_by": "eu"},
    ]
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("us", (KEPT, "us")),  # the code itself, whatever else is labelled so
        ("US", IMPOSSIBLE),  # the code of one, the label of another
        ("europe", (LOSSY, "eu")),  # the retired one is not asked about
        ("old", IMPOSSIBLE),
    ],
)
def test_an_option_is_found_by_code_or_label_unless_it_could_be_two(text, expected):
    expected = (IMPOSSIBLE, None) if expected is IMPOSSIBLE else expected
    assert became("STRING", "SELECT", text, **OPTIONS) == expected


def test_a_shared_set_of_options_has_labels_too():
    options = build("SELECT", OPTIONS).options
    shared = build("SELECT", {"option_set": "regions"}).resolved({"regions": options})
    assert converter(PLAIN["STRING"], shared).convert("Europe").value == "eu"


def test_options_of_another_set_are_found_by_code():
    outcome = converter(PLAIN["SELECT"], build("MULTISELECT", OPTIONS)).convert("red")
    assert outcome.verdict is Verdict.IMPOSSIBLE


def test_a_replaced_option_is_what_it_is_read_as():
    assert converter(PLAIN["SELECT"], PLAIN["STRING"]).convert("blue").value == "green"
    assert became("MULTISELECT", "JSON", ["blue", "red"]) == (LOSSY, ["green", "red"])


def test_a_value_from_before_a_rule_was_tightened_is_still_a_value():
    few = converter(build("INTEGER", {"max": 5}), PLAIN["STRING"])
    assert few.convert(7) == Outcome(Verdict.KEPT, "7")


def test_a_pair_that_makes_no_sense_says_what_to_do():
    assert "go through STRING" in converting("DATE", "IP").convert("2024-11-11").why
