"""What conversions say: of a pair of types, and of one value."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from attributes.types import Json


class Fidelity(StrEnum):
    """What is declared of an ordered pair of types, apart from the rules of the target."""

    LOSSLESS = "lossless"  # every value is kept
    LOSSY = "lossy"  # every value has a counterpart, and some lose something on the way
    PARSE = "parse"  # some values have no counterpart
    IMPOSSIBLE = "impossible"  # no value has one


class Verdict(StrEnum):
    """What becomes of one value."""

    KEPT = "kept"  # the way back gives the same JSON
    LOSSY = "lossy"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one value: the target's canonical JSON, and why it is not KEPT."""

    verdict: Verdict
    value: Json = None  # None where it is impossible
    why: str = ""  # "has leading zeros"; the refusal's message where it is impossible


@dataclass(frozen=True, slots=True)
class Shortcut:
    """The same in SQL, for the values it is sure of; in both, ``{value}`` stands for a JSONB.

    There is no other brace and no percent sign in either, so they may be put in by ``format``, by
    ``replace``, and into statements with parameters.
    """

    sure: str  # a condition that is true only for values that are KEPT; never raises
    value: str  # the converted JSONB; defined where ``sure`` is true, so to be guarded by a CASE


@dataclass(frozen=True, slots=True)
class Converter:
    """How values of one configured type become values of another."""

    fidelity: Fidelity
    convert: Callable[[Json], Outcome]  # of what is stored; never raises, whatever JSON it is given
    shortcut: Shortcut | None
