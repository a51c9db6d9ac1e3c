"""Every ordered pair of types: what is declared of it, and how its values are converted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from attributes import types
from attributes.conversions import arguments
from attributes.conversions.arguments import Argument
from attributes.conversions.canonical import SHOWN, STORED
from attributes.conversions.choices import CHOICE_PAIRS
from attributes.conversions.documents import JSON_PAIRS
from attributes.conversions.moments import MOMENT_PAIRS
from attributes.conversions.numbers import NUMBER_PAIRS
from attributes.conversions.outcomes import Converter, Fidelity, Outcome, Verdict
from attributes.conversions.pairs import Pair, Pairs, Step, Using, always
from attributes.conversions.shortcuts import shortcut
from attributes.conversions.text import TEXT_PAIRS, difference
from attributes.storage import same
from attributes.types import AttributeType, Json
from attributes.types.options import ChoosingType
from incidents_project.refusals import ValueRefused

PAIRS: Pairs = {**TEXT_PAIRS, **NUMBER_PAIRS, **MOMENT_PAIRS, **CHOICE_PAIRS, **JSON_PAIRS}
_NOTHING_SAID: Mapping[str, Json] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Declared:
    """One cell of the matrix, as it is published."""

    source: str
    target: str
    fidelity: Fidelity
    words: str
    arguments: tuple[Argument, ...] = ()


def declared(source: str, target: str) -> Fidelity:
    """What holds of every value of one type that is to become another; both by name."""
    return _cell(source, target).fidelity


def matrix() -> list[Declared]:
    """Every ordered pair of different types, in the registry's order."""
    names = types.names()
    return [_cell(source, target) for source in names for target in names if source != target]


def clean_arguments(
    source: type[AttributeType], target: type[AttributeType], raw: Json
) -> dict[str, Json]:
    """The member ``using``, with its defaults filled in; ``Invalid`` lists what is wrong."""
    return arguments.clean(_cell(source.name, target.name).arguments, raw)


def converter(
    source: AttributeType, target: AttributeType, using: Mapping[str, Json] = _NOTHING_SAID
) -> Converter:
    """What makes values of ``source`` values of ``target``; ``using`` is clean.

    Arguments that only the opposite direction knows are ignored, so that the way back is asked for
    with the same ``using``.
    """
    pair = _pair(source, target)
    if pair is None:
        return Converter(Fidelity.IMPOSSIBLE, _never(_no_way(source.name, target.name)), None)
    defaults = arguments.defaults(pair.arguments)
    known = {one.name for one in pair.arguments}
    given = {name: value for name, value in using.items() if name in known and value is not None}
    said = defaults | given
    step = _settled(source, pair.step(source, target, said))
    convert = _convert(pair, step, _back(source, target, said), target)
    quick = shortcut(source, target, convert) if said == defaults else None
    return Converter(pair.fidelity, convert, quick)


def _cell(source: str, target: str) -> Declared:
    if source == target:
        return Declared(source, target, Fidelity.LOSSLESS, "The same value.")
    pair = PAIRS.get((source, target))
    if pair is None:
        words = _no_way(source, target)
        return Declared(source, target, Fidelity.IMPOSSIBLE, words)
    return Declared(source, target, pair.fidelity, pair.words, pair.arguments)


def _no_way(source: str, target: str) -> str:
    return f"{source} says nothing that {target} could hold. Text of it may: go through STRING."


def _pair(source: AttributeType, target: AttributeType) -> Pair | None:
    if source.name == target.name:  # with other rules, or another set of options
        return Pair(Fidelity.LOSSLESS, "The same value.", always(STORED[source.name]))
    return PAIRS.get((source.name, target.name))


def _settled(source: AttributeType, step: Step) -> Step:
    """The step from what a value is read as, where options of ``source`` have replaced others."""
    if not isinstance(source, ChoosingType):
        return step
    clean = STORED[source.name]
    return lambda value: step(source.settled(clean(value)))


def _back(source: AttributeType, target: AttributeType, said: Using) -> Step | None:
    pair = _pair(target, source)
    if pair is None:
        return None
    return pair.step(target, source, {**arguments.defaults(pair.arguments), **said})


def _convert(
    pair: Pair, step: Step, back: Step | None, target: AttributeType
) -> Callable[[Json], Outcome]:
    clean, show = target.clean, SHOWN.get(target.name, _as_it_is)

    def convert(value: Json) -> Outcome:
        try:
            converted = clean(show(step(value)))
        except ValueRefused as refused:
            return Outcome(Verdict.IMPOSSIBLE, None, refused.message)
        if back is None:
            return Outcome(Verdict.LOSSY, converted, pair.loses)
        try:
            again = back(converted)
        except ValueRefused:
            return Outcome(Verdict.LOSSY, converted, pair.loses or "has no way back")
        if same(again, value):
            return Outcome(Verdict.KEPT, converted)
        return Outcome(Verdict.LOSSY, converted, pair.loses or _lost(value, again))

    return convert


def _as_it_is(value: Json) -> Json:
    return value


def _lost(value: Json, again: Json) -> str:
    if isinstance(value, str) and isinstance(again, str):
        return difference(value, again)
    return "is written otherwise"


def _never(why: str) -> Callable[[Json], Outcome]:
    outcome = Outcome(Verdict.IMPOSSIBLE, None, why)
    return lambda _value: outcome
