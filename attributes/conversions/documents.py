"""JSON: as text, and as what holds a value of every other type."""

import re

from attributes import types
from attributes.conversions import canonical
from attributes.conversions.arguments import CONTENT_IS_JSON, CONTENT_IS_TEXT
from attributes.conversions.canonical import SENT, SHOWN, STORED
from attributes.conversions.outcomes import Fidelity
from attributes.conversions.pairs import Make, Pair, Pairs, Step, Using, always
from attributes.types import AttributeType, Json
from attributes.types.base import wrong_type
from incidents_project.exact_json import dumps
from incidents_project.http.parser import loads
from incidents_project.refusals import Invalid, ValueRefused

_TEXTS = ("STRING", "TEXT")
_clean = canonical.STORED["JSON"]
# JSON escapes the other characters that end a line.
_LINE_ENDS = re.compile("[\u0085\u2028\u2029]")
# Text in JSON is not taken for one of these, though a client may send it.
_NOT_TEXT = frozenset({"BOOLEAN", "INTEGER", "NUMBER", "USER"})


def write_json(stored: Json) -> str:
    """JSON as one line of text; members in the order of their names."""
    text = dumps(_clean(stored), sort_keys=True).decode()
    return _LINE_ENDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def read_json(text: str) -> Json:
    """The JSON that text says."""
    try:
        return _clean(loads(text.encode("utf-8", "surrogatepass"), what="The text"))
    except Invalid as invalid:
        raise ValueRefused(invalid.code, invalid.detail) from None


def _text_to_json(source: AttributeType, _target: AttributeType, using: Using) -> Step:
    clean = STORED[source.name]
    if using["content"] == "json":
        return lambda stored: read_json(clean(stored))
    return clean


def _json_to_text(_source: AttributeType, target: AttributeType, using: Using) -> Step:
    clean = STORED[target.name]
    if using["content"] == "json":
        return lambda stored: clean(write_json(stored))
    return clean


def _into_json(name: str) -> Make:
    clean, show = STORED[name], SHOWN.get(name)
    return always(clean if show is None else lambda stored: show(clean(stored)))


def _out_of_json(name: str) -> Make:
    clean = SENT[name]
    if name not in _NOT_TEXT:
        return always(clean)

    def step(stored: Json) -> Json:
        if isinstance(stored, str):
            raise wrong_type(f"JSON that the API answers for {name}, and text is not")
        return clean(stored)

    return always(step)


_AS_SENT = "JSON that the API would take for such a value"


def _words_into(name: str) -> str:
    if name == "MULTISELECT":
        return "The list of codes, in the order of their text."
    return "The JSON that the API answers."


def _words_out(name: str) -> str:
    return f"{_AS_SENT}, but not text." if name in _NOT_TEXT else f"{_AS_SENT}."


_OTHERS = [name for name in types.names() if name not in {*_TEXTS, "JSON"}]

JSON_PAIRS: Pairs = {
    **{
        (name, "JSON"): Pair(Fidelity.LOSSLESS, _words_into(name), _into_json(name))
        for name in _OTHERS
    },
    **{
        ("JSON", name): Pair(Fidelity.PARSE, _words_out(name), _out_of_json(name))
        for name in _OTHERS
    },
    **{
        (name, "JSON"): Pair(
            Fidelity.LOSSLESS, "A JSON string of that text.", _text_to_json, (CONTENT_IS_TEXT,)
        )
        for name in _TEXTS
    },
    **{
        ("JSON", name): Pair(
            Fidelity.LOSSLESS, "Its JSON text, on one line.", _json_to_text, (CONTENT_IS_JSON,)
        )
        for name in _TEXTS
    },
}
