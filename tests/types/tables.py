"""How a row of a type's table is checked: by the type, and by the type's own JSON Schema."""

from datetime import datetime
from decimal import Decimal, localcontext

import pytest
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.validators import extend

from attributes.types.duration import LONGEST, parse_duration
from attributes.types.pattern import compiled
from incidents_project.refusals import Invalid, ValueRefused

FORMATS = FormatChecker(formats=["date", "email", "uuid"])


@FORMATS.checks("date-time", raises=ValueError)
def _is_moment(text):
    return not isinstance(text, str) or bool(datetime.fromisoformat(text.upper()).tzinfo)


def _comparable(kind, text):
    if kind == "date-time":
        return datetime.fromisoformat(text.upper())
    if kind == "duration":
        try:
            return parse_duration(text)
        except ValueRefused as refused:
            return LONGEST + 1 if refused.code == "out_of_range" else None
    return text


def _at_least(_validator, bound, value, schema):
    if _compared(value, bound, schema) < 0:
        yield ValidationError("too early or too short")


def _at_most(_validator, bound, value, schema):
    if _compared(value, bound, schema) > 0:
        yield ValidationError("too late or too long")


def _compared(value, bound, schema):
    kind = schema["format"]
    if not isinstance(value, str):
        return 0  # bounds speak of text alone
    try:
        value, bound = _comparable(kind, value), _comparable(kind, bound)
    except (ValueError, TypeError, AttributeError):
        return 0  # refused for another reason
    if value is None or value == bound:
        return 0
    return -1 if value < bound else 1


def _matches(_validator, pattern, value, _schema):
    if isinstance(value, str) and not compiled(pattern).search(value):
        yield ValidationError("does not match")


def _is_number(_checker, value):
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _is_integer(checker, value):
    return _is_number(checker, value) and value == int(value)


_Validator = extend(
    Draft202012Validator,
    {"formatMinimum": _at_least, "formatMaximum": _at_most, "pattern": _matches},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"number": _is_number, "integer": _is_integer}
    ),
)


def short(value):
    """The name of a row's value, where its text would be no name."""
    if isinstance(value, str) and len(value) > 40:
        return f"{value[:20]!a}...{len(value)}"
    return "huge" if isinstance(value, int) and value > 2**64 else None


def schema_accepts(type_, value):
    """Whether the type's JSON Schema does."""
    with localcontext(prec=100):
        return _Validator(type_.json_schema(), format_checker=FORMATS).is_valid(value)


def is_typed(type_, value):
    """Whether this is the JSON kind of the type, and not text that older clients send for it."""
    kind = type_.json_schema()["type"]
    return (kind == "string") == isinstance(value, str) and not isinstance(value, bool)


def check_accepted(type_class, rules, raw, stored, shown):
    """``raw`` is stored and shown as the row says; what is shown can be sent back."""
    type_ = type_class.configured(rules)
    assert type_class.configured(type_.rules()) == type_
    cleaned = type_.clean(raw)
    assert (cleaned, type(cleaned)) == (stored, type(stored))
    assert type_.present(cleaned) == shown
    assert type_.clean(shown) == stored
    assert schema_accepts(type_, shown)
    assert not is_typed(type_, raw) or schema_accepts(type_, raw)


def check_refused(type_class, rules, raw, code, *, by_schema=True):
    """``raw`` is refused with the code, in words, and by the schema too."""
    type_ = type_class.configured(rules)
    with pytest.raises(ValueRefused) as refusal:
        type_.clean(raw)
    assert refusal.value.code == code
    assert refusal.value.message.startswith("Must ")
    if by_schema:
        assert not schema_accepts(type_, raw)


def check_rules_refused(type_class, rules, faults):
    """The rules are refused with these fields and codes, all at once."""
    with pytest.raises(Invalid) as refusal:
        type_class.configured(rules)
    assert [(fault.field, fault.code) for fault in refusal.value.faults] == faults


NO_TEXT = [None, True, 5, Decimal("0.5"), 10**4000, [], ["a"], {}, {"a": 1}, [[[[]]]]]
HOSTILE = [
    "",
    " ",
    "\n",
    "0" * 10_000,
    "9" * 10_000,
    "a" * 10_000,
    "\x00",
    "\ud800",
    "\u202e",
    "\u200b",
    "\ufeff",
    "\u0662\u0660\u0662\u0664-\u0661\u0661-\u0661\u0661",
    "\uff11\uff12",
    "-",
    "+",
    ":",
    "P",
    "@",
    "%",
    "[",
    "://",
    "💥" * 100,
]


def check_hostile(type_class, raw):
    """Whatever is sent is a value that reads back, or refused."""
    type_ = type_class.configured({})
    try:
        stored = type_.clean(raw)
    except ValueRefused:
        return
    assert type_.clean(type_.present(stored)) == stored
