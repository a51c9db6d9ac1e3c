"""The matrix for people, in Markdown."""

from collections.abc import Iterator

from attributes import types
from attributes.conversions.arguments import Argument
from attributes.conversions.formats import DIRECTIVES
from attributes.conversions.matrix import Declared, declared, matrix
from attributes.conversions.outcomes import Fidelity
from incidents_project.exact_json import dumps

_SIGNS = {
    Fidelity.LOSSLESS: "=",
    Fidelity.LOSSY: "~",
    Fidelity.PARSE: "?",
    Fidelity.IMPOSSIBLE: "",
}
_START = """\
# Conversions between types

What becomes of the values of an attribute that gets another type. This page is printed by
`python manage.py attribute_conversions`.

A value is **kept** if converting it back gives exactly what was stored, **lossy** if it has a
counterpart from which it does not come back (`"007"` becomes 7, and 7 is written `"7"`), and
**impossible** if it has none. Nothing is guessed, and nothing is cut to fit: what the new
attribute's rules refuse is impossible. An option that another has replaced is converted as that
one, as it is read, and is lossy. Where values of a unique attribute would become the same (`"1"`
and `"1.0"` the NUMBER 1), that of the first incident is converted, and the others are impossible.

| sign | declared | of the values, apart from the rules |
|:-:|---|---|
| = | lossless | every one is kept |
| ~ | lossy | every one has a counterpart, and some lose something |
| ? | parse | some have no counterpart |
| | impossible | none has one; go through STRING |
"""
_READING = """\
## How text is read

White space around it, leading zeros, a plus sign, zeros at the end of a fraction, another letter
case of `true`, of codes and of labels, and another offset from UTC are read, and are lossy. Empty
text is a value of STRING, TEXT and JSON and of nothing else. Digits of other scripts, separators of
thousands, numbers without a digit on one side of the point and days in another order are
impossible, unless an argument says how to read them.
"""


def page() -> str:
    """The whole page."""
    sections = (_START, _grid(), _READING, _sentences(), _arguments(), _formats())
    return "\n".join(sections)


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    rule = tuple("---" for _ in head)
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, rule, *rows))


def _grid() -> str:
    names = types.names()
    rows = (
        (f"**{source}**", *("" if source == target else _sign(source, target) for target in names))
        for source in names
    )
    return "## The matrix\n\nFrom the row's type to the column's.\n\n" + _table(("", *names), rows)


def _sign(source: str, target: str) -> str:
    return _SIGNS[declared(source, target)]


def _possible() -> list[Declared]:
    return [one for one in matrix() if one.fidelity is not Fidelity.IMPOSSIBLE]


def _sentences() -> str:
    rows = (
        (
            one.source,
            one.target,
            one.fidelity.value,
            one.words,
            ", ".join(f"`{argument.name}`" for argument in one.arguments),
        )
        for one in _possible()
    )
    return "## What each conversion does\n\n" + _table(
        ("from", "to", "declared", "how", "arguments"), rows
    )


def _arguments() -> str:
    uses: dict[tuple[str, str, str], list[str]] = {}
    for one in _possible():
        for argument in one.arguments:
            words = (argument.name, _default(argument), argument.help_text)
            uses.setdefault(words, []).append(f"{one.source} → {one.target}")
    rows = (
        (f"`{name}`", default, text, ", ".join(pairs))
        for (name, default, text), pairs in sorted(uses.items())
    )
    return "## Arguments\n\nThe members of `using`, which the way back takes too.\n\n" + _table(
        ("argument", "default", "what it says", "of"), rows
    )


def _default(argument: Argument) -> str:
    return "" if argument.default is None else f"`{dumps(argument.default).decode()}`"


def _formats() -> str:
    rows = ((f"`{text}`", one.words) for text, one in DIRECTIVES.items())
    return (
        "## Formats\n\nA `format` is text with these in it, each part at most once. Months are read"
        " in English, letters in any case, and a single digit where no other touches it.\n\n"
        + _table(("", "is"), rows)
    )
