"""Numbers: as text, between one another, and as lengths and moments counted in some unit."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from attributes.conversions import canonical
from attributes.conversions.arguments import ROUNDING, UNIT
from attributes.conversions.outcomes import Fidelity
from attributes.conversions.pairs import Make, Pair, Pairs, Step, Using, always
from attributes.types import AttributeType, Json
from attributes.types.base import wrong_type
from attributes.types.boolean import BooleanType
from attributes.types.datetime import parse_moment, stored_moment
from attributes.types.integer import clean_integer
from attributes.types.number import clean_number
from incidents_project.refusals import ValueRefused

_LONGEST = 100  # characters of a number's text; each zero in front is one
_TEXT = re.compile(r"([+-]?)0*([0-9]+)(?:\.([0-9]+))?([eE][+-]?[0-9]{1,3})?")
_DIGIT = re.compile("[0-9]")


def plain(value: Decimal | int) -> str:
    """A number without an exponent."""
    return str(value) if isinstance(value, int) else format(value, "f")


def read_number(text: str) -> Json:
    """The number that text says, in any of the forms that mean just one."""
    sign, whole, fraction, exponent = _parts(text, "a number")
    digits = f"{whole}.{fraction}" if fraction else whole
    return clean_number(f"{sign}{digits}{exponent}")


def read_integer(text: str) -> Json:
    """The whole number that text says: 5.0 is one, 1e3 is how something else may be written."""
    sign, whole, fraction, exponent = _parts(text, "a whole number")
    if fraction or exponent:
        raise wrong_type("a whole number")
    return clean_integer(sign + whole)


def _parts(text: str, what: str) -> tuple[str, str, str, str]:
    match = _TEXT.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if match is None:
        raise wrong_type(what)
    sign, whole, fraction, exponent = match.groups(default="")
    return sign.replace("+", ""), whole, fraction.rstrip("0"), exponent


# What is true is 1, and what is false is 0.


def _number_of(stored: Json) -> Json:
    return int(_clean_boolean(stored))


def _truth_of(stored: Json) -> Json:
    value = clean_number(stored)
    if value not in {0, 1}:
        raise wrong_type("0 or 1")
    return value == 1


_clean_boolean = BooleanType().clean

# Whole numbers.

_ROUNDINGS = {"half_even": ROUND_HALF_EVEN, "truncate": ROUND_DOWN}


def _whole(rounding: str | None) -> Callable[[Decimal | int], Json]:
    """A number as a whole one."""
    if rounding is None:
        return clean_integer
    mode = _ROUNDINGS[rounding]
    return lambda value: clean_integer(Decimal(value).to_integral_value(mode))


def _rounded(_source: AttributeType, _target: AttributeType, using: Using) -> Step:
    whole = _whole(using.get("rounding"))
    return lambda stored: whole(clean_number(stored))


# Lengths and moments: both are microseconds.

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_TICKS = {"seconds": 1_000_000, "milliseconds": 1_000}
_PLACES = {"seconds": 6, "milliseconds": 3}


def _ticks_of_moment(stored: Json) -> int:
    return (parse_moment(stored) - _EPOCH) // _TICK


def _moment_of_ticks(ticks: int) -> str:
    try:
        return stored_moment(_EPOCH + ticks * _TICK)
    except OverflowError:
        raise ValueRefused("out_of_range", "Must be a moment of the years 1 to 9999.") from None


def _counted(ticks_of: Callable[[Json], int]) -> Make:
    """From a time to the number of its units."""

    def make(_source: AttributeType, target: AttributeType, using: Using) -> Step:
        places = _PLACES[using["unit"]]
        read = _whole(using.get("rounding")) if target.name == "INTEGER" else clean_number
        return lambda stored: read(Decimal(f"{ticks_of(stored)}e-{places}"))

    return make


def _timed(of_ticks: Callable[[int], Json]) -> Make:
    """From a number of units to the time."""

    def make(_source: AttributeType, _target: AttributeType, using: Using) -> Step:
        ticks_a_unit = _TICKS[using["unit"]]

        def step(stored: Json) -> Json:
            ticks = Fraction(clean_number(stored)) * ticks_a_unit  # a decimal would round it
            if ticks.denominator > 1:
                raise ValueRefused("too_precise", "Must not be finer than microseconds.")
            return of_ticks(ticks.numerator)

        return step

    return make


_FRACTION = "has a fraction"


def _time_pairs(name: str, what: str, ticks_of: Callable[[Json], int], of: Step) -> Pairs:
    to_whole = f"The {what}; a fraction is impossible unless it is rounded."
    counted = _counted(ticks_of)
    return {
        (name, "INTEGER"): Pair(Fidelity.PARSE, to_whole, counted, (UNIT, ROUNDING), _FRACTION),
        (name, "NUMBER"): Pair(Fidelity.LOSSLESS, f"The {what}, exactly.", counted, (UNIT,)),
        **{
            (number, name): Pair(Fidelity.PARSE, f"Taken as the {what}.", _timed(of), (UNIT,))
            for number in ("INTEGER", "NUMBER")
        },
    }


_truth = Pair(Fidelity.LOSSLESS, "true is 1, false is 0.", always(_number_of))
_truth_back = Pair(
    Fidelity.PARSE, "1 is true, 0 is false, and nothing else is either.", always(_truth_of)
)

NUMBER_PAIRS: Pairs = {
    ("BOOLEAN", "INTEGER"): _truth,
    ("BOOLEAN", "NUMBER"): _truth,
    ("INTEGER", "BOOLEAN"): _truth_back,
    ("NUMBER", "BOOLEAN"): _truth_back,
    ("INTEGER", "NUMBER"): Pair(
        Fidelity.LOSSLESS,
        "The same number.",
        always(lambda stored: clean_number(clean_integer(stored))),
    ),
    ("NUMBER", "INTEGER"): Pair(
        Fidelity.PARSE,
        "The same number; a fraction is impossible unless it is rounded.",
        _rounded,
        (ROUNDING,),
        _FRACTION,
    ),
    **_time_pairs(
        "DURATION", "number of units it lasts", canonical.clean_length, canonical.clean_length
    ),
    **_time_pairs(
        "DATETIME", "number of units since 1970 began in UTC", _ticks_of_moment, _moment_of_ticks
    ),
}
