"""Days, times of day and moments: between one another, and as text of other forms."""

from collections.abc import Callable
from datetime import date, datetime, tzinfo

from attributes.conversions import formats, zones
from attributes.conversions.arguments import DAYS_ZONE
from attributes.conversions.outcomes import Fidelity
from attributes.conversions.pairs import Make, Pair, Pairs, Step, Using
from attributes.types import AttributeType, Json
from attributes.types.date import clean_date
from attributes.types.datetime import clean_moment, parse_moment, shown_moment, stored_moment
from attributes.types.time import clean_time, shown_time
from incidents_project.refusals import ValueRefused

# To text, and from it, by a format where one is given.


def write_day(using: Using) -> Step:
    """A day as text."""
    if "format" not in using:
        return clean_date
    form = formats.compiled(using["format"])
    return lambda stored: form.write(datetime.fromisoformat(clean_date(stored)))


def read_day(using: Using) -> Step:
    """The day that text says."""
    if "format" not in using:
        return lambda text: clean_date(text.strip())
    form = formats.compiled(using["format"])
    return lambda text: form.read(text).date().isoformat()


def write_clock(using: Using) -> Step:
    """A time of day as text."""
    if "format" not in using:
        return lambda stored: shown_time(clean_time(stored))
    form = formats.compiled(using["format"])
    return lambda stored: form.write(datetime.fromisoformat(f"1970-01-01T{clean_time(stored)}"))


def read_clock(using: Using) -> Step:
    """The time of day that text says."""
    if "format" not in using:
        return lambda text: clean_time(text.strip())
    form = formats.compiled(using["format"])
    return lambda text: _clock(form.read(text))


def _clock(at: datetime) -> str:
    return at.time().isoformat(timespec="microseconds")


def write_moment(using: Using) -> Step:
    """A moment as text: in UTC, unless a format and a zone are given."""
    if "format" not in using:
        return lambda stored: shown_moment(clean_moment(stored))
    form = formats.compiled(using["format"])
    zone = zones.zone_of(using.get("zone"))
    return lambda stored: form.write(zones.shown_in(parse_moment(stored), zone))


def read_moment(using: Using) -> Step:
    """The moment that text says; its offset must be in the text or its zone in ``using``."""
    if "format" in using:
        parse = formats.compiled(using["format"]).read
    elif "zone" in using:
        parse = _parse_with_or_without_offset
    else:
        return lambda text: clean_moment(text.strip())

    def read(text: Json) -> str:
        at = parse(text)
        if at.tzinfo is not None:
            return stored_moment(zones.shown_in(at, zones.zone_of(None)))
        if "zone" not in using:
            raise ValueRefused("no_offset", "Must say its offset from UTC; or name a zone.")
        return stored_moment(zones.moment_of(at, zones.zone_of(using["zone"])))

    return read


def _parse_with_or_without_offset(text: str) -> datetime:
    text = text.strip()
    try:
        return parse_moment(text)
    except ValueRefused as refused:
        if refused.code != "no_offset":
            raise
    return parse_moment(f"{text}Z").replace(tzinfo=None)


# Between one another.


_Zoned = Callable[[Json, tzinfo], Json]


def _in_zone(step: _Zoned) -> Make:
    def make(_source: AttributeType, _target: AttributeType, using: Using) -> Step:
        zone = zones.zone_of(using["zone"])
        return lambda stored: step(stored, zone)

    return make


def _start(stored: Json, zone: tzinfo) -> str:
    return stored_moment(zones.start_of(date.fromisoformat(clean_date(stored)), zone))


def _day(stored: Json, zone: tzinfo) -> str:
    return zones.shown_in(parse_moment(stored), zone).date().isoformat()


def _time(stored: Json, zone: tzinfo) -> str:
    return _clock(zones.shown_in(parse_moment(stored), zone))


MOMENT_PAIRS: Pairs = {
    ("DATE", "DATETIME"): Pair(
        Fidelity.LOSSLESS, "The day's first moment.", _in_zone(_start), (DAYS_ZONE,)
    ),
    ("DATETIME", "DATE"): Pair(
        Fidelity.LOSSY,
        "The day it was in the zone.",
        _in_zone(_day),
        (DAYS_ZONE,),
        "has a time of day",
    ),
    ("DATETIME", "TIME"): Pair(
        Fidelity.LOSSY,
        "What clocks showed.",
        _in_zone(_time),
        (DAYS_ZONE,),
        "has a day",
    ),
}
