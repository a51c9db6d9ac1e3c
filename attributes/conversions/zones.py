"""Time zones, and what the clocks in them show."""

from datetime import UTC, date, datetime, time, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from attributes.types import Json
from attributes.types.base import wrong_type
from incidents_project.refusals import ValueRefused, did_you_mean

UTC_NAME = "UTC"
_NOT_PLACES = frozenset({"localtime", "Factory"})


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(available_timezones()) - _NOT_PLACES | {UTC_NAME}


def clean_zone(raw: Json) -> str:
    """The name of a zone in the tz database."""
    if not isinstance(raw, str):
        raise wrong_type("the name of a time zone such as Europe/Berlin")
    if raw not in _names():
        hint = did_you_mean(raw, _names())
        raise ValueRefused("unknown_zone", f"Must be a time zone such as Europe/Berlin.{hint}")
    return raw


def zone_of(name: str | None) -> tzinfo:
    """The zone; UTC where none is named."""
    return UTC if name in {None, UTC_NAME} else ZoneInfo(str(name))


def shown_in(moment: datetime, zone: tzinfo) -> datetime:
    """What calendar and clock show at the moment."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        raise _outside() from None


def moment_of(naive: datetime, zone: tzinfo) -> datetime:
    """The moment at which clocks show ``naive``, which must be neither none nor one of two."""
    local = naive.replace(tzinfo=zone)
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        raise ValueRefused("ambiguous", f"Clocks in {zone} show this time twice, or never.")
    return _in_utc(local)


def start_of(day: date, zone: tzinfo) -> datetime:
    """The first moment of a day: where clocks go forward at midnight, it is later than 00:00."""
    moment = _in_utc(datetime.combine(day, time(), zone))
    if shown_in(moment, zone).date() != day:
        raise ValueRefused("invalid", f"There was no such day in {zone}.")
    return moment


def _in_utc(local: datetime) -> datetime:
    try:
        return local.astimezone(UTC)
    except OverflowError:
        raise _outside() from None


def _outside() -> ValueRefused:
    return ValueRefused("out_of_range", "Must be a moment of the years 1 to 9999.")
