"""What is stored, read again without its attribute's rules.

A value from before a rule was tightened is still a value. What is no value of the type at all is
refused; a slot should not hold any, and a conversion must not fail where one does.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from attributes.types import Json
from attributes.types.base import clean_text, wrong_type
from attributes.types.boolean import BooleanType
from attributes.types.characters import clean_line
from attributes.types.date import clean_date
from attributes.types.datetime import clean_moment, shown_moment
from attributes.types.duration import LONGEST, parse_duration, shown_duration
from attributes.types.email import EmailType
from attributes.types.geo_point import GeoPointType
from attributes.types.incident import IncidentType
from attributes.types.integer import clean_integer
from attributes.types.ip import IpType
from attributes.types.json import JsonType
from attributes.types.number import clean_number
from attributes.types.options import clean_code
from attributes.types.time import clean_time, shown_time
from attributes.types.url import UrlType
from attributes.types.user import UserType
from attributes.types.uuid import UuidType
from incidents_project.refusals import ValueRefused

Read = Callable[[Json], Json]

_URL = UrlType()
_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)  # an address is not relative to the clock


def clean_url(raw: Json) -> Json:
    """An address of any scheme and host."""
    return _URL.operand(raw, _ANY_TIME)


def clean_codes(raw: Json) -> list[str]:
    """Codes in the order of their text."""
    if not isinstance(raw, list):
        raise wrong_type("a list of codes of options")
    codes = sorted(map(clean_code, raw))
    if len(set(codes)) < len(codes):
        raise ValueRefused("duplicate_option", "Every code must be there only once.")
    return codes


def clean_length(stored: Json) -> int:
    """A duration, in microseconds."""
    length = clean_integer(stored)
    if not 0 <= length <= LONGEST:
        raise ValueRefused("out_of_range", f"Must be from 0 to {shown_duration(LONGEST)}.")
    return length


# From the JSON of a client, or from what is stored: these take both.
_BOTH: Mapping[str, Read] = {
    "BOOLEAN": BooleanType().clean,
    "STRING": clean_line,
    "TEXT": clean_text,
    "INTEGER": clean_integer,
    "NUMBER": clean_number,
    "DATE": clean_date,
    "TIME": clean_time,
    "DATETIME": clean_moment,
    "SELECT": clean_code,
    "MULTISELECT": clean_codes,
    "URL": clean_url,
    "EMAIL": EmailType().clean,
    "IP": IpType().clean,
    "UUID": UuidType().clean,
    "GEO_POINT": GeoPointType().clean,
    "USER": UserType().clean,
    "INCIDENT": IncidentType().clean,
    "JSON": JsonType().clean,
}
STORED: Mapping[str, Read] = {**_BOTH, "DURATION": clean_length}
SENT: Mapping[str, Read] = {**_BOTH, "DURATION": parse_duration}

# What the API answers, where that is not what is stored.
SHOWN: Mapping[str, Callable[[Json], str]] = {
    "TIME": shown_time,
    "DATETIME": shown_moment,
    "DURATION": shown_duration,
}
