"""The registry of types: to add one, write its module, name it here, and give it a test table."""

from attributes.types.base import AttributeType, Json
from attributes.types.boolean import BooleanType
from attributes.types.date import DateType
from attributes.types.datetime import DateTimeType
from attributes.types.duration import DurationType
from attributes.types.email import EmailType
from attributes.types.geo_point import GeoPointType
from attributes.types.incident import IncidentType
from attributes.types.integer import IntegerType
from attributes.types.ip import IpType
from attributes.types.json import JsonType
from attributes.types.multiselect import MultiSelectType
from attributes.types.number import NumberType
from attributes.types.select import SelectType
from attributes.types.string import StringType
from attributes.types.text import TextType
from attributes.types.time import TimeType
from attributes.types.url import UrlType
from attributes.types.user import UserType
from attributes.types.uuid import UuidType
from incidents_project.refusals import Fault, Invalid

TYPES: tuple[type[AttributeType], ...] = (
    BooleanType,
    StringType,
    TextType,
    IntegerType,
    NumberType,
    DateType,
    TimeType,
    DateTimeType,
    DurationType,
    SelectType,
    MultiSelectType,
    UrlType,
    EmailType,
    IpType,
    UuidType,
    GeoPointType,
    UserType,
    IncidentType,
    JsonType,
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
