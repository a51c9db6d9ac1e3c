"""How dates and times may be written: the part of strptime that means one thing everywhere.

It is read by a pattern of its own: strptime takes digits of other scripts, names of the server's
language, and two digits of a year, of which it guesses the century.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from attributes.types import Json
from attributes.types.characters import check_length, clean_line
from incidents_project.refusals import ValueRefused

LONGEST = 50  # characters of a format

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_PLACE = {name[:3].lower(): number for number, name in enumerate(_MONTHS, 1)}
# A single digit only where it touches no other: 1122024 could be the 1st or the 11th.
_DIGITS = r"(?:[0-9]{2}|(?<![0-9])[0-9](?![0-9]))"
_Y, _MONTH, _D, _H, _M, _S, _F, _P, _Z = (
    "year", "month", "day", "hour", "minute", "second", "fraction", "half", "offset",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Directive:
    """``%Y`` and the like: which part it is, its pattern, how it is written, and what it means."""

    part: str
    pattern: str
    written: str  # for str.format, with the moment and its names
    words: str


DIRECTIVES = {
    "%Y": Directive(_Y, "[0-9]{4}", "{at.year:04}", "the year, four digits"),
    "%m": Directive(_MONTH, _DIGITS, "{at.month:02}", "the month, 01 to 12"),
    "%b": Directive(_MONTH, "|".join(m[:3] for m in _MONTHS), "{month:.3}", "Jan to Dec"),
    "%B": Directive(_MONTH, "|".join(_MONTHS), "{month}", "January to December"),
    "%d": Directive(_D, _DIGITS, "{at.day:02}", "the day, 01 to 31"),
    "%H": Directive(_H, _DIGITS, "{at.hour:02}", "the hour, 00 to 23"),
    "%I": Directive(_H, _DIGITS, "{hour:02}", "the hour, 01 to 12, which needs %p"),
    "%p": Directive(_P, "AM|PM", "{half}", "AM or PM"),
    "%M": Directive(_M, _DIGITS, "{at.minute:02}", "the minute, 00 to 59"),
    "%S": Directive(_S, _DIGITS, "{at.second:02}", "the second, 00 to 59"),
    "%f": Directive(_F, "[0-9]{1,6}", "{at.microsecond:06}", "the second's fraction, to 6 digits"),
    "%z": Directive(_Z, "Z|[+-][0-9]{2}:?[0-5][0-9]", "{offset}", "Z, +0100 or +01:00"),
    "%%": Directive("", "%", "%", "a percent sign"),
}
_PIECE = re.compile("%.?|[^%]+", re.DOTALL)
_WORD = re.compile("[A-Za-z0-9_]")


def is_ascii_word(character: str) -> bool:
    """Whether a code of an option may have it anywhere."""
    return _WORD.match(character) is not None


@dataclass(frozen=True, slots=True)
class Kind:
    """Which parts a format must name, and which it may."""

    example: str
    needed: frozenset[str]
    allowed: frozenset[str]


_DAY, _CLOCK = frozenset({_Y, _MONTH, _D}), frozenset({_H, _M})
DAY = Kind("%d.%m.%Y", _DAY, _DAY)
CLOCK = Kind("%I:%M %p", _CLOCK, _CLOCK | {_S, _F, _P})
MOMENT = Kind("%d/%m/%Y %H:%M", _DAY | _CLOCK, DAY.allowed | CLOCK.allowed | {_Z})
_NAMES = {_Y: "%Y", _MONTH: "%m", _D: "%d", _H: "%H", _M: "%M"}


def clean_format(raw: Json, kind: Kind) -> str:
    """A format that names each part once, and all that are needed."""
    value = clean_line(raw)
    check_length(value, 1, LONGEST)
    pieces = _PIECE.findall(value)
    unknown = [piece for piece in pieces if piece[0] == "%" and piece not in DIRECTIVES]
    if unknown:
        known = ", ".join(DIRECTIVES)
        raise ValueRefused("invalid_format", f"{unknown[0]} is unknown; there are {known}.")
    parts = [part for piece in pieces if (part := _part(piece))]
    if len(set(parts)) < len(parts):
        raise ValueRefused("invalid_format", "Must name each part only once.")
    for part in sorted(kind.needed.difference(parts)):
        raise ValueRefused("invalid_format", f"Must name the {part}, as {_NAMES[part]} does.")
    for part in parts:
        if part not in kind.allowed:
            raise ValueRefused("invalid_format", f"Must not name the {part}.")
    if ("%I" in pieces) != (_P in parts):
        raise ValueRefused("invalid_format", "%I and %p are for each other.")
    if _F in parts and _S not in parts:
        raise ValueRefused("invalid_format", "%f is for %S.")
    return value


def _part(piece: str) -> str:
    return DIRECTIVES[piece].part if piece in DIRECTIVES else ""


class Format:
    """A format that was cleaned, ready for use."""

    __slots__ = ("_pattern", "_written", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        pieces = _PIECE.findall(text)
        self._pattern = re.compile("".join(map(_pattern, pieces)), re.IGNORECASE | re.ASCII)
        self._written = "".join(map(_written, pieces))

    def read(self, text: str) -> datetime:
        """What ``text`` says; naive where it says no offset, and in 1970 where it says no day."""
        match = self._pattern.fullmatch(text) or self._pattern.fullmatch(text.strip())
        if match is None:
            raise ValueRefused("invalid", f"Must be written as {self.text} says.")
        parts = match.groupdict()
        try:
            return datetime(
                int(parts.get(_Y, 1970)),
                _month(parts.get(_MONTH, "1")),
                int(parts.get(_D, 1)),
                _hour(int(parts.get(_H, 0)), parts.get(_P)),
                int(parts.get(_M, 0)),
                int(parts.get(_S, 0)),
                int(parts.get(_F, "0").ljust(6, "0")),
                _offset(parts.get(_Z)),
            )
        except ValueError:
            raise ValueRefused("invalid", "Must be a day and a time that exist.") from None

    def write(self, at: datetime) -> str:
        """The text of ``at``."""
        return self._written.format(
            at=at,
            month=_MONTHS[at.month - 1],
            hour=at.hour % 12 or 12,
            half="PM" if at.hour >= 12 else "AM",
            offset=f"{at:%z}",
        )


def _pattern(piece: str) -> str:
    directive = DIRECTIVES.get(piece)
    if directive is None:
        return re.escape(piece)
    return f"(?P<{directive.part}>{directive.pattern})" if directive.part else directive.pattern


def _written(piece: str) -> str:
    if piece in DIRECTIVES:
        return DIRECTIVES[piece].written
    return piece.replace("{", "{{").replace("}", "}}")


def _month(text: str) -> int:
    return _PLACE.get(text[:3].lower()) or int(text)


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError
    return hour % 12 + (12 if half.upper() == "PM" else 0)


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text in "Zz":
        return UTC
    length = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-length if text[0] == "-" else length)


@lru_cache(maxsize=128)
def compiled(text: str) -> Format:
    """The format, ready for use."""
    return Format(text)
