"""JSON by its table, and schemas that mean harm."""

import time
from decimal import Decimal as D  # noqa: N817 - there are many

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from attributes.types.json import JsonType
from incidents_project.refusals import Invalid, ValueRefused

JSON = JsonType()


def nested(depth, inner=1):
    for _ in range(depth):
        inner = [inner]
    return inner


def with_schema(schema):
    return JsonType.configured({"schema": schema})


ACCEPTED = [
    (False, False),
    ("", ""),
    ("5", "5"),
    ({}, {}),
    ([], []),
    ({"": None}, {"": None}),
    ([None, True, {"a": "ü🙂"}], [None, True, {"a": "ü🙂"}]),
    (D("0.10"), D("0.1")),
    ([D("5.0"), D("-0.0"), D("1E+2")], [5, 0, 100]),
    (10**30, D(10**30)),
    (nested(16), nested(16)),
    ("a" * (64 * 1024 - 2), "a" * (64 * 1024 - 2)),
    ([1] * 5_000, [1] * 5_000),
]

REFUSED = [
    (None, "wrong_type"),
    (float("nan"), "wrong_type"),
    (D("NaN"), "wrong_type"),
    ([D("Infinity")], "wrong_type"),
    (1.5, "wrong_type"),
    ((1, 2), "wrong_type"),
    ({1: 2}, "wrong_type"),
    (10**40, "too_many_digits"),
    ({"a": D("1e400")}, "too_many_digits"),
    ("\0", "invalid_text"),
    ({"\ud800": 1}, "invalid_text"),
    ({"a": ["\udfff"]}, "invalid_text"),
    (nested(17), "too_deep"),
    (nested(5_000), "too_deep"),
    ("a" * 65 * 1024, "too_long"),
    ("\x01" * 11_000, "too_long"),
    ([1] * 5_001, "too_many"),
    ([[1] * 2_000] * 3, "too_many"),
]


@pytest.mark.parametrize(("raw", "stored"), ACCEPTED)
def test_json_is_kept_exactly(raw, stored):
    cleaned = JSON.clean(raw)
    assert repr(cleaned) == repr(stored)
    assert repr(JSON.clean(JSON.present(cleaned))) == repr(stored)


@pytest.mark.parametrize(("raw", "code"), REFUSED)
def test_what_is_not_bounded_json_is_refused(raw, code):
    with pytest.raises(ValueRefused) as refusal:
        JSON.clean(raw)
    assert refusal.value.code == code


RECORD = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "https://example.com/record",
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 5},
        "loss": {"$ref": "#/$defs/share"},
        "next": {"$ref": "#"},
        "tags": {"type": "array", "items": {"enum": ["a", 1, True]}, "uniqueItems": True},
    },
    "patternProperties": {"^x-": {"multipleOf": D("0.1")}},
    "required": ["name"],
    "unevaluatedProperties": False,
    "$defs": {"share": {"type": "number", "minimum": 0, "exclusiveMaximum": D("1.5")}},
}

GOOD = [
    {"name": "a"},
    {"name": "a", "loss": D("1.4999999999999999999999999999999999")},
    {"name": "a", "next": {"name": "b", "next": {"name": "c"}}},
    {"name": "a", "tags": ["a", 1, True]},
    {"name": "a", "x-1": D("123456789012345678901234567890.1")},
]

BAD = [
    ([], "must be of type object."),
    ({}, "'name' is a required property."),
    ({"name": "abcdef"}, "name: must have at most 5 characters."),
    ({"name": "a", "loss": True}, "loss: must be of type number."),
    ({"name": "a", "loss": D("1.5")}, "loss: must be less than 1.5."),
    ({"name": "a", "next": {"name": 5}}, "next.name: must be of type string."),
    ({"name": "a", "tags": ["a", False]}, 'tags[1]: must be "a", 1, true.'),
    ({"name": "a", "tags": [1, D("1.0")]}, "tags: must not hold an item twice."),
    ({"name": "a", "x-1": D("0.15")}, "x-1: must be a multiple of 0.1."),
    ({"name": "a", "y": 1}, "y: is not allowed."),
    (
        {"name": 1, "loss": -1, "tags": 1},
        "name: must be of type string; loss: must be at least 0; tags: must be of type array.",
    ),
]


@pytest.mark.parametrize("raw", GOOD)
def test_a_schema_lets_its_values_through(raw):
    type_ = with_schema(RECORD)
    assert type_.clean(raw) == raw


@pytest.mark.parametrize(("raw", "message"), BAD)
def test_a_schema_says_where_and_what(raw, message):
    with pytest.raises(ValueRefused) as refusal:
        with_schema(RECORD).clean(raw)
    assert (refusal.value.code, refusal.value.message) == ("schema", message)


def test_five_errors_are_told_and_each_is_short():
    type_ = with_schema({"items": {"type": "string"}, "required": ["x" * 9_000]})
    with pytest.raises(ValueRefused) as refusal:
        type_.clean(list(range(4_000)))
    assert refusal.value.message.count("must be of type string") == 5
    with pytest.raises(ValueRefused) as refusal:
        type_.clean({"y" * 9_000: 1})
    assert len(refusal.value.message) < 300


HARMFUL = [
    ({"$ref": "http://example.com/schema"}, "must point into this schema"),
    ({"$ref": "file:///etc/passwd"}, "must point into this schema"),
    ({"$ref": "other.json#/a"}, "must point into this schema"),
    ({"$ref": "https://json-schema.org/draft/2020-12/schema"}, "must point into this schema"),
    ({"$ref": "#/$defs/none"}, "there is no schema"),
    ({"$ref": "#/properties", "properties": {}}, "there is no schema"),
    ({"$ref": "#none"}, "there is no schema"),
    ({"$ref": "#"}, "must not refer to itself"),
    ({"anyOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"not": {"$ref": "#"}}}}, "to itself"),
    ({"$dynamicRef": "#x"}, "only $ref"),
    ({"$dynamicAnchor": "x"}, "only $ref"),
    ({"items": {"$id": "http://example.com/"}}, "only the whole schema"),
    ({"items": {"$schema": "http://json-schema.org/draft-07/schema#"}}, "only the whole schema"),
    ({"$schema": "http://json-schema.org/draft-07/schema#"}, "must be https://json-schema.org"),
    ({"$defs": {"a": {"$anchor": "x"}, "b": {"$anchor": "x"}}}, "there is another"),
    ({"type": "text"}, "/type: "),
    ({"properties": {"a": {"minLength": -1}}}, "/properties/a/minLength: "),
    ({"properties": [1]}, "/properties: "),
    ({"items": 5}, "/items: "),
    ({"multipleOf": 0}, "/multipleOf: "),
    ({"pattern": "(?=a)"}, "/pattern: Must be a regular expression"),
    ({"pattern": r"(a)\1"}, "/pattern: Must be a regular expression"),
    ({"patternProperties": {"(": True}}, "/patternProperties: Must be a regular expression"),
    ({"pattern": "a" * 501}, "at most 500"),
    ({"patternProperties": {f"a{i}": {} for i in range(51)}}, "at most 50 patterns"),
    (
        {"$defs": {f"a{i}": {"$ref": f"#/$defs/a{i + 1}"} for i in range(20)} | {"a20": {}}},
        "through one another",
    ),
]


@pytest.mark.parametrize(("schema", "words"), HARMFUL)
def test_a_schema_that_means_harm_is_refused_when_defined(schema, words):
    with pytest.raises(Invalid) as refusal:
        with_schema(schema)
    (fault,) = refusal.value.faults
    assert (fault.field, fault.code) == ("rules.schema", "schema")
    assert words in fault.message
    assert len(fault.message) < 400


@pytest.mark.parametrize(
    ("schema", "code"),
    [
        (True, "wrong_type"),
        ("{}", "wrong_type"),
        ({"title": "a" * 32 * 1024}, "too_long"),
        ({"enum": list(range(1_000))}, "too_many"),
        ({"default": nested(16)}, "too_deep"),
        ({"const": "\0"}, "invalid_text"),
    ],
)
def test_a_schema_is_bounded_itself(schema, code):
    with pytest.raises(Invalid) as refusal:
        with_schema(schema)
    assert [(f.field, f.code) for f in refusal.value.faults] == [("rules.schema", code)]


def exploding(keyword):
    levels = {f"a{i}": {keyword: [{"$ref": f"#/$defs/a{i + 1}"}] * 30} for i in range(4)}
    last = {"type": "object"} if keyword == "allOf" else {"type": "string"}
    return {"$defs": levels | {"a4": last}, "$ref": "#/$defs/a0"}


@pytest.mark.parametrize(
    ("schema", "raw"),
    [
        (exploding("allOf"), {}),
        (exploding("anyOf"), {}),
        (exploding("oneOf"), {}),
        ({"unevaluatedProperties": False, **exploding("allOf")}, {"a": 1}),
        ({"allOf": [{"uniqueItems": True}] * 300}, [[i] for i in range(2_000)]),
        (
            {"allOf": [{"$ref": "#/$defs/a"}] * 200, "$defs": {"a": {"items": {"pattern": "a"}}}},
            ["a"] * 900,
        ),
        ({"pattern": "(a|b)*a(a|b){90}c"}, "ab" * 30_000),
        ({"propertyNames": {"pattern": "x{1,90}y"}}, {"x" * 80 + str(i): 1 for i in range(700)}),
    ],
)
def test_a_schema_that_multiplies_its_work_is_cut_off(schema, raw):
    type_ = with_schema(schema)
    began = time.process_time()
    with pytest.raises(ValueRefused) as refusal:
        type_.clean(raw)
    assert refusal.value.code in {"schema_too_slow", "schema"}
    assert time.process_time() - began < 2


def test_exponential_schemas_have_a_code_of_their_own():
    with pytest.raises(ValueRefused) as refusal:
        with_schema(exploding("allOf")).clean({})
    assert refusal.value.code == "schema_too_slow"


def test_a_pattern_for_backtracking_engines_is_linear_here():
    began = time.process_time()
    with pytest.raises(ValueRefused) as refusal:
        with_schema({"pattern": "^(a+)+$"}).clean("a" * 60_000 + "b")
    assert refusal.value.code == "schema"
    assert time.process_time() - began < 0.1


def test_the_deepest_schema_on_the_deepest_value_fits_on_the_stack():
    inner = {"type": ["array", "integer"], "items": {"$ref": "#"}}
    for _ in range(3):
        inner = {"anyOf": [inner]}
    schema = {"$defs": {"a": inner, "b": {"anyOf": [{"$ref": "#/$defs/a"}]}}}
    schema["anyOf"] = [{"$ref": "#/$defs/b"}]
    type_ = with_schema(schema)

    def called_from(frames):
        return called_from(frames - 1) if frames else type_.clean(nested(16))

    assert called_from(200) == nested(16)


def test_recursion_through_values_is_fine():
    tree = with_schema({"type": "array", "items": {"$ref": "#tree"}, "$anchor": "tree"})
    assert tree.clean([[], [[]]]) == [[], [[]]]
    with pytest.raises(ValueRefused, match=r"\[1\]\[0\]: must be of type array"):
        tree.clean([[], [1]])


def test_formats_are_words():
    assert with_schema({"format": "date"}).clean("never") == "never"


def test_without_a_schema_anything_but_null():
    schema = Draft202012Validator(JSON.json_schema())
    assert all(schema.is_valid(raw) for raw, _ in ACCEPTED)
    assert not schema.is_valid(None)


def test_the_published_schema_means_the_same_wherever_it_is_embedded():
    inside = with_schema(RECORD).json_schema()
    document = {"properties": {"attributes": {"properties": {"a": inside, "b": inside}}}}
    Draft202012Validator.check_schema(document)
    outside = Draft202012Validator(document)
    for good in GOOD:
        if "x-1" not in good:  # Decimal's remainder in the library itself is not exact
            assert outside.is_valid({"attributes": {"a": good}})
    for bad, _ in BAD:
        assert not outside.is_valid({"attributes": {"b": bad}})


def test_rules_read_back_as_they_were_given():
    type_ = with_schema(RECORD)
    assert type_.rules() == {"schema": RECORD}
    assert JsonType.configured(type_.rules()) == type_
    assert JSON.rules() == {}
    assert [rule.name for rule in JsonType.rule_fields()] == ["schema"]


def test_the_example_is_a_value():
    assert JSON.present(JSON.clean(JSON.example)) == JSON.example


scalars = st.none() | st.booleans() | st.text() | st.integers() | st.decimals() | st.floats()
anything = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(anything)
def test_nothing_raises_anything_but_a_refusal(raw):
    for type_ in (JSON, with_schema(RECORD)):
        try:
            cleaned = type_.clean(raw)
        except ValueRefused:
            continue
        assert type_.clean(type_.present(cleaned)) == cleaned


KEYWORDS = ["type", "$ref", "items", "allOf", "enum", "pattern", "$id", "minItems", "properties"]


@given(
    st.recursive(
        scalars | st.sampled_from(["#", "string", "#/items"]),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYWORDS), inner),
        max_leaves=20,
    ),
    anything,
)
def test_no_schema_raises_anything_but_a_refusal(schema, raw):
    try:
        type_ = with_schema(schema if isinstance(schema, dict) else {"items": schema})
        type_.clean(raw)
    except (Invalid, ValueRefused):
        pass
