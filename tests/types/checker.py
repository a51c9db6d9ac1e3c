"""A JSON Schema validator for the published schemas: draft 2020-12, formats, and date bounds."""

from decimal import Decimal

import jsonschema
from jsonschema import Draft202012Validator, FormatChecker, validators

from attributes.types.datetime import parse_moment

_formats = FormatChecker(formats=())


def _bound(compare):
    def check(validator, bound, instance, schema):
        if isinstance(instance, str) and not compare(
            _comparable(instance, schema), _comparable(bound, schema)
        ):
            yield jsonschema.ValidationError(f"{instance!r} is beyond {bound!r}")

    return check


def _comparable(text, schema):
    if schema.get("format") == "date-time":
        try:
            return parse_moment(text)
        except Exception:
            return parse_moment("1970-01-01T00:00:00Z")
    return text


_number = Draft202012Validator.TYPE_CHECKER.redefine(
    "number",
    lambda _, value: isinstance(value, int | float | Decimal) and not isinstance(value, bool),
).redefine(
    "integer",
    lambda _, value: not isinstance(value, bool)
    and (isinstance(value, int) or (isinstance(value, Decimal) and value == int(value))),
)
Validator = validators.extend(
    Draft202012Validator,
    {
        "formatMinimum": _bound(lambda value, bound: value >= bound),
        "formatMaximum": _bound(lambda value, bound: value <= bound),
    },
    type_checker=_number,
)


def accepts(schema, value):
    """Whether ``value`` is valid."""
    return Validator(schema, format_checker=_formats).is_valid(value)
