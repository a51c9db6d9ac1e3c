"""Options: found by what text says of them, and between one and several."""

from collections.abc import Callable, Iterable

from attributes.conversions.arguments import fold
from attributes.conversions.canonical import clean_codes
from attributes.conversions.outcomes import Fidelity
from attributes.conversions.pairs import Pair, Pairs, Using, always
from attributes.types import AttributeType, Json
from attributes.types.options import Choices, ChoosingType, clean_code
from incidents_project.refusals import ValueRefused


def finder(type_: AttributeType) -> Callable[[str], str]:
    """The code of the option that a text names: its code, or its code or label in any case.

    A text that could be two options is neither. A retired option is found where nothing else is,
    so that the type can say what to choose instead.
    """
    assert isinstance(type_, ChoosingType)  # noqa: S101 - what the callers ask with
    choices = type_.choices
    named = _named(choices, choices.choosable)
    retired = _named(choices, choices.retired)

    def find(text: str) -> str:
        if text in choices.places:
            return text
        found = named.get(fold(text)) or retired.get(fold(text))
        if found is None:
            raise choices.refusal(text)
        if len(found) > 1:
            raise ValueRefused("ambiguous", f"Could be {' or '.join(sorted(found))}.")
        return next(iter(found))

    return find


def _named(choices: Choices, codes: Iterable[str]) -> dict[str, set[str]]:
    named: dict[str, set[str]] = {}
    for code in codes:
        for name in filter(None, (code, choices.labels[code])):
            named.setdefault(fold(name), set()).add(code)
    return named


def join(using: Using) -> Callable[[Json], str]:
    """Several codes as one text."""
    separator: str = using["separator"]
    return lambda stored: separator.join(clean_codes(stored))


def splitter(type_: AttributeType, using: Using) -> Callable[[str], Json]:
    """The codes of the options that one text names. Empty text does not say "none of them"."""
    separator: str = using["separator"]
    find = finder(type_)
    return lambda text: clean_codes([find(part.strip()) for part in text.split(separator)])


def _only(stored: Json) -> Json:
    codes = clean_codes(stored)
    if len(codes) != 1:
        raise ValueRefused("not_one", f"Has {len(codes) or 'no'} options chosen, not one.")
    return codes[0]


CHOICE_PAIRS: Pairs = {
    ("SELECT", "MULTISELECT"): Pair(
        Fidelity.LOSSLESS,
        "The one option, by its code.",
        always(lambda stored: [clean_code(stored)]),
    ),
    ("MULTISELECT", "SELECT"): Pair(
        Fidelity.PARSE, "The option, by its code, where just one is chosen.", always(_only)
    ),
}
