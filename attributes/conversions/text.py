"""Text: every type's values written as text, and read from it.

What is read may be written otherwise than the type writes it, as long as it means one thing:
``" 007 "`` is 7. It is then lossy, because 7 is written ``"7"``.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from attributes import types
from attributes.conversions import choices, moments
from attributes.conversions.arguments import (
    CLOCK_FORMAT,
    DAY_FORMAT,
    FALSE,
    MOMENT_FORMAT,
    SEPARATOR,
    TRUE,
    ZONE,
    Argument,
    fold,
)
from attributes.conversions.canonical import STORED, clean_length
from attributes.conversions.numbers import plain, read_integer, read_number
from attributes.conversions.outcomes import Fidelity
from attributes.conversions.pairs import Pair, Pairs, Step, Using
from attributes.types import AttributeType, Json
from attributes.types.base import wrong_type
from attributes.types.duration import parse_duration, shown_duration
from incidents_project.refusals import ValueRefused

Write = Callable[[Json], str]
Read = Callable[[str], Json]

_TEXTS = ("STRING", "TEXT")
# Codes are text too, so what is written in one word can become an option.
_WORDS = ("BOOLEAN", "INTEGER", "NUMBER")
_BOOLEAN, _GEO_POINT = STORED["BOOLEAN"], STORED["GEO_POINT"]


def writer(type_: AttributeType, using: Using) -> Write:
    """How the type's values are written."""
    make = _WRITERS.get(type_.name)
    return STORED[type_.name] if make is None else make(using)


def reader(type_: AttributeType, using: Using) -> Read:
    """How text is read as a value of the type."""
    make = _READERS.get(type_.name)
    if make is not None:
        return make(type_, using)
    read = STORED[type_.name]
    return lambda text: read(text.strip())


def _write_boolean(using: Using) -> Write:
    false, true = using["false"][0], using["true"][0]
    return lambda stored: true if _BOOLEAN(stored) else false


def _read_boolean(_type: AttributeType, using: Using) -> Read:
    meanings = {fold(word): False for word in using["false"]}
    meanings |= {fold(word): True for word in using["true"]}
    known = ", ".join(repr(word) for word in (*using["true"], *using["false"]))

    def read(text: str) -> Json:
        meaning = meanings.get(fold(text))
        if meaning is None:
            raise ValueRefused("wrong_type", f"Must be one of {known}.")
        return meaning

    return read


def _write_point(stored: Json) -> str:
    point = _GEO_POINT(stored)
    return f"{plain(point['lat'])},{plain(point['lon'])}"


def _read_point(text: str) -> Json:
    numbers = text.split(",")
    if len(numbers) != 2:
        raise wrong_type("latitude and longitude such as 52.52,13.405")
    return _GEO_POINT(dict(zip(("lat", "lon"), map(read_number, numbers), strict=True)))


_WRITERS: Mapping[str, Callable[[Using], Write]] = {
    "BOOLEAN": _write_boolean,
    "INTEGER": lambda _: lambda stored: plain(STORED["INTEGER"](stored)),
    "NUMBER": lambda _: lambda stored: plain(STORED["NUMBER"](stored)),
    "DATE": moments.write_day,
    "TIME": moments.write_clock,
    "DATETIME": moments.write_moment,
    "DURATION": lambda _: lambda stored: shown_duration(clean_length(stored)),
    "MULTISELECT": choices.join,
    "GEO_POINT": lambda _: _write_point,
    "USER": lambda _: lambda stored: STORED["USER"](stored)["subject"],
}
_READERS: Mapping[str, Callable[[AttributeType, Using], Read]] = {
    "BOOLEAN": _read_boolean,
    # White space belongs to these.
    "STRING": lambda *_: STORED["STRING"],
    "TEXT": lambda *_: STORED["TEXT"],
    "USER": lambda *_: STORED["USER"],
    "INTEGER": lambda *_: read_integer,
    "NUMBER": lambda *_: read_number,
    "DATE": lambda _, using: moments.read_day(using),
    "TIME": lambda _, using: moments.read_clock(using),
    "DATETIME": lambda _, using: moments.read_moment(using),
    "DURATION": lambda *_: lambda text: parse_duration(text.strip()),
    "SELECT": lambda type_, _: choices.finder(type_),
    "MULTISELECT": choices.splitter,
    "GEO_POINT": lambda *_: _read_point,
}


def _through_text(source: AttributeType, target: AttributeType, using: Using) -> Step:
    write, read = writer(source, using), reader(target, using)
    return lambda stored: read(write(stored))


_ARGUMENTS: Mapping[str, tuple[Argument, ...]] = {
    "BOOLEAN": (TRUE, FALSE),
    "DATE": (DAY_FORMAT,),
    "TIME": (CLOCK_FORMAT,),
    "DATETIME": (MOMENT_FORMAT, ZONE),
    "MULTISELECT": (SEPARATOR,),
}
_HOW_WRITTEN: Mapping[str, str] = {
    "BOOLEAN": "true or false.",
    "INTEGER": "Its digits.",
    "NUMBER": "Its digits, without an exponent.",
    "DATE": "As 2024-11-11, unless a format is given.",
    "TIME": "As 14:30:00, unless a format is given.",
    "DATETIME": "As 2024-11-11T02:57:27Z, unless a format is given.",
    "DURATION": "As PT1H30M.",
    "SELECT": "The option's code.",
    "MULTISELECT": "The options' codes; an empty list becomes empty text, and is lossy.",
    "GEO_POINT": "Latitude and longitude, as 52.52,13.405.",
    "USER": "The subject; a name is lost.",
}
_HOW_READ: Mapping[str, str] = {
    "BOOLEAN": "true or false; nothing else has a truth unless it is said.",
    "INTEGER": "A whole number, without an exponent.",
    "NUMBER": "A number with a decimal point, without separators of thousands.",
    "DATE": "As 2024-11-11, unless a format is given.",
    "TIME": "As 14:30 or 14:30:00, unless a format is given.",
    "DATETIME": "As 2024-11-11T02:57:27Z, with any offset, unless a format is given.",
    "DURATION": "As PT1H30M.",
    "SELECT": "An option's code, or its code or label in any case; what could be two is neither.",
    "MULTISELECT": "Codes or labels of options, separated; empty text is not an empty list.",
    "GEO_POINT": "Latitude and longitude, as 52.52,13.405.",
    "USER": "A subject, without a name.",
    "STRING": "The same text, where it is one line.",
}
_LOSES: Mapping[str, str] = {
    "USER": "has a name",
    "MULTISELECT": "is an empty list, or has an option that is gone",
}


def _written(name: str) -> Pair:
    return Pair(
        Fidelity.LOSSY if name in _LOSES else Fidelity.LOSSLESS,
        _HOW_WRITTEN.get(name, "The same text."),
        _through_text,
        _ARGUMENTS.get(name, ()),
        _LOSES.get(name, ""),
    )


def _read(name: str) -> Pair:
    words = _HOW_READ.get(name, "Text that is a value of the type.")
    return Pair(Fidelity.PARSE, words, _through_text, _ARGUMENTS.get(name, ()))


def _pairs() -> Iterator[tuple[tuple[str, str], Pair]]:
    for name in types.names():
        if name not in {*_TEXTS, "JSON"}:
            for text in _TEXTS:
                yield (name, text), _written(name)
                yield (text, name), _read(name)
    for name in _WORDS:
        yield (name, "SELECT"), _read_of(name, "SELECT")
        yield ("SELECT", name), _read_of("SELECT", name)
    yield ("STRING", "TEXT"), _written("STRING")
    yield ("TEXT", "STRING"), _read("STRING")
    same = Pair(
        Fidelity.LOSSLESS,
        "The same id; whether there is such an incident is not looked at.",
        _through_text,
    )
    yield ("UUID", "INCIDENT"), same
    yield ("INCIDENT", "UUID"), Pair(Fidelity.LOSSLESS, "The same id.", _through_text)


def _read_of(source: str, target: str) -> Pair:
    """Between a code and what can be written in one word."""
    arguments = _ARGUMENTS.get(source, ()) + _ARGUMENTS.get(target, ())
    words = (
        "The option that its text names, by code or label."
        if target == "SELECT"
        else "What the option's code says, as text would."
    )
    return Pair(Fidelity.PARSE, words, _through_text, arguments)


TEXT_PAIRS: Pairs = dict(_pairs())


# What text loses when it is read.

_MOST_SHOWN = 40  # characters
_IS_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_IN_NUMBERS = (
    (re.compile(r"\+"), "has a plus sign"),
    (re.compile(r"-0+(?:\.0*)?$"), "is a negative zero"),
    (re.compile("[+-]?0+[0-9]"), "has leading zeros"),
    (re.compile(r"[^.]*\.[0-9]*0(?![0-9])"), "has zeros at the end of its fraction"),
    (re.compile("[^eE]*[eE]"), "has an exponent"),
)


def difference(text: str, back: str) -> str:
    """What ``text`` has that is gone from ``back``, which means the same."""
    trimmed = text.strip()
    found = ["has white space around it"] if text != trimmed else []
    if trimmed == back:
        pass
    elif _IS_NUMBER.fullmatch(trimmed) and _IS_NUMBER.fullmatch(back):
        found += [words for pattern, words in _IN_NUMBERS if pattern.match(trimmed)]
    elif trimmed.casefold() == back.casefold():
        found.append("is in another letter case")
    else:
        more = "…" if len(back) > _MOST_SHOWN else ""
        found.append(f"is written otherwise than {back[:_MOST_SHOWN]}{more}")
    return " and ".join(found) or "is written otherwise"
