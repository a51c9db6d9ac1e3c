"""What may be said about a conversion: the members of ``using``."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from attributes.conversions import formats, zones
from attributes.conversions.formats import Kind
from attributes.types import Json
from attributes.types.base import clean_text, wrong_type
from attributes.types.characters import check_length, clean_choice, clean_line
from incidents_project.refusals import Fault, Invalid, ValueRefused

MOST_WORDS = 50
LONGEST_WORD = 255
LONGEST_SEPARATOR = 10


@dataclass(frozen=True, slots=True)
class Argument:
    """One member of ``using``; without a default it may be left out and says something else."""

    name: str
    help_text: str
    check: Callable[[Json], Json]
    schema: dict[str, Any]
    default: Json = None


def _choice(name: str, help_text: str, *choices: str, default: Json = None) -> Argument:
    schema = {"type": "string", "enum": list(choices)}
    return Argument(name, help_text, clean_choice(*choices), schema, default)


def _clean_separator(raw: Json) -> str:
    value = clean_text(raw)
    check_length(value, 1, LONGEST_SEPARATOR)
    if any(formats.is_ascii_word(character) or character in "-." for character in value):
        words = "Must not have letters, digits, underscores, hyphens or points: codes have them."
        raise ValueRefused("invalid", words)
    return value


def _clean_words(raw: Json) -> list[str]:
    if not isinstance(raw, list):
        raise wrong_type("a list of texts")
    if not 1 <= len(raw) <= MOST_WORDS:
        raise ValueRefused("out_of_range", f"Must be a list of 1 to {MOST_WORDS}.")
    words = list(map(clean_line, raw))
    for word in words:
        check_length(word, 0, LONGEST_WORD)
    return words


_WORDS = {
    "type": "array",
    "items": {"type": "string", "maxLength": LONGEST_WORD},
    "minItems": 1,
    "maxItems": MOST_WORDS,
}


def _format(kind: Kind, what: str) -> Argument:
    return Argument(
        "format",
        f"How {what} is written as text, such as `{kind.example}`; ISO 8601 if it is not given.",
        lambda raw: formats.clean_format(raw, kind),
        {"type": "string", "maxLength": formats.LONGEST},
    )


ROUNDING = _choice(
    "rounding",
    "What becomes of a fraction: `half_even` goes to the nearest whole number, and from the middle"
    " to the even one; `truncate` goes towards zero. Without it a fraction is impossible.",
    "half_even",
    "truncate",
)
UNIT = _choice("unit", "What the number counts.", "seconds", "milliseconds", default="seconds")
ZONE = Argument(
    "zone",
    "The time zone (`Europe/Berlin`) of times that do not say their offset from UTC, which are"
    " impossible without it. With a `format` it is also the zone in which moments are written.",
    zones.clean_zone,
    {"type": "string"},
)
DAYS_ZONE = replace(
    ZONE, help_text="The time zone whose days and clocks are meant.", default=zones.UTC_NAME
)
DAY_FORMAT = _format(formats.DAY, "a day")
CLOCK_FORMAT = _format(formats.CLOCK, "a time of day")
MOMENT_FORMAT = _format(formats.MOMENT, "a moment")
SEPARATOR = Argument(
    "separator",
    "What stands between two options.",
    _clean_separator,
    {"type": "string", "minLength": 1, "maxLength": LONGEST_SEPARATOR},
    ",",
)
TRUE = Argument(
    "true", "The texts that mean true; the first is written.", _clean_words, _WORDS, ["true"]
)
FALSE = Argument(
    "false", "The texts that mean false; the first is written.", _clean_words, _WORDS, ["false"]
)
CONTENT = _choice(
    "content",
    "`json`: the text is that of any JSON. `text`: it is itself a JSON string.",
    "json",
    "text",
)
CONTENT_IS_JSON = replace(CONTENT, default="json")
CONTENT_IS_TEXT = replace(CONTENT, default="text")


def defaults(arguments: Iterable[Argument]) -> dict[str, Json]:
    """What holds where nothing is said."""
    return {one.name: one.default for one in arguments if one.default is not None}


def clean(arguments: Iterable[Argument], raw: Json) -> dict[str, Json]:
    """``using`` with the defaults filled in, so that the way back can be asked for the same.

    ``Invalid`` lists every member that is unknown or wrong.
    """
    known = {one.name: one for one in arguments}
    if raw is None:
        raw = {}
    if not isinstance(raw, dict):
        raise Invalid.because([Fault("using", "wrong_type", "Must be an object.")])
    using = defaults(known.values())
    faults: list[Fault] = []
    for name, value in raw.items():
        if name not in known:
            allowed = ", ".join(known) or "none"
            message = f"This conversion has the arguments: {allowed}."
            faults.append(Fault(f"using.{name}", "unknown_argument", message))
        elif value is not None:  # null is "not said"
            try:
                using[name] = known[name].check(value)
            except ValueRefused as refused:
                faults.append(refused.at(f"using.{name}"))
    if not faults and "true" in using:
        both = set(map(fold, using["true"])) & set(map(fold, using["false"]))
        if both:
            message = f"Must not mean true as well: {', '.join(sorted(both))}."
            faults.append(Fault("using.false", "contradiction", message))
    if faults:
        raise Invalid.because(faults)
    return using


def fold(text: str) -> str:
    """Text without what may differ between two ways to write one word."""
    return text.strip().casefold()
