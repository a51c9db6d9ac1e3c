"""The registry of types: to add one, write its module, name it here, and give it a test table."""

from attributes.types.base import AttributeType, Json
from attributes.types.boolean import BooleanType
from attributes.types.datetime import DateTimeType
from attributes.types.integer import IntegerType
from attributes.types.number import NumberType
from attributes.types.string import StringType
from incidents_project.refusals import Fault, Invalid

TYPES: tuple[type[AttributeType], ...] = (
    BooleanType,
    StringType,
    IntegerType,
    NumberType,
    DateTimeType,
)

BY_NAME = {type_.name: type_ for type_ in TYPES}


def names() -> list[str]:
    """The published names, in the registry's order."""
    return list(BY_NAME)


def choices() -> list[tuple[str, str]]:
    """The types as a form offers them."""
    return [(type_.name, type_.label) for type_ in TYPES]


def build(name: Json, rules: Json) -> AttributeType:
    """The type called ``name`` with ``rules``; ``Invalid`` lists what is wrong with either."""
    found = BY_NAME.get(name) if isinstance(name, str) else None
    if found is None:
        allowed = ", ".join(BY_NAME)
        raise Invalid.because([Fault("type", "unknown_type", f"Must be one of {allowed}.")])
    return found.configured(rules)


__all__ = ["BY_NAME", "TYPES", "AttributeType", "Json", "build", "choices", "names"]
