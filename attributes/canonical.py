"""Whether what is stored is a value of its slot's type, whatever the rules say by now.

SQL is sure of nearly all values; the others are read, and what would be stored of them today
decides.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from attributes.conversions import under_rules
from attributes.conversions.canonical import STORED
from attributes.types import AttributeType, Json
from attributes.types.json import BYTES, DEPTH, PARTS
from attributes.types.options import ChoosingType
from incidents_project.exact_json import dumps
from incidents_project.refusals import ValueRefused


class Wrong(StrEnum):
    """What may be wrong with a stored value."""

    NULL = "null"
    VALUE = "value"
    OPTION = "option"


def wrong(type_: AttributeType, stored: Json) -> tuple[Wrong, str] | None:
    """What is wrong with a stored value, in words that do not repeat it; None if nothing is."""
    if stored is None:
        return Wrong.NULL, "is null"
    try:
        read = STORED[type_.name](stored)
    except ValueRefused as refused:
        return Wrong.VALUE, refused.message
    if dumps(read, sort_keys=True) != dumps(stored, sort_keys=True):
        return Wrong.VALUE, "is not in canonical form"
    if isinstance(type_, ChoosingType) and type_.choices.codes:
        chosen = [read] if isinstance(read, str) else read
        if not all(code in type_.choices.places for code in chosen):
            return Wrong.OPTION, "there is no such option"
    return None


def sure(type_: AttributeType, value: str) -> str:
    """The condition that SQL is sure nothing is wrong with a value, of which it is given the SQL.

    It can be asked of any JSON.
    """
    if type_.name in _OTHERS:
        return _OTHERS[type_.name].replace(_VALUE, value)
    known = under_rules(type_ if isinstance(type_, ChoosingType) else type_.loosened)
    return "false" if known is None else known.sure.replace(_VALUE, value)


_VALUE = "{value}"
_TEXT = f"{_VALUE}::text"
_PLACES = rf"(\.{6 * '[0-9]?'}[1-9])?"


def _object(names: Iterable[str], kind: str, rules: Mapping[str, str]) -> str:
    """An object of these members alone, each of the kind, whose text has a pattern."""
    rest = "".join(f" - '{name}'" for name in names)
    kinds = [f"jsonb_typeof({_VALUE} -> '{name}') = '{kind}'" for name in names]
    texts = [f"({_VALUE} ->> '{name}') ~ '^({pattern})$'" for name, pattern in rules.items()]
    asked = " AND ".join([f"({_VALUE}{rest}) = jsonb_build_object()", *kinds, *texts])
    return f"CASE WHEN jsonb_typeof({_VALUE}) = 'object' THEN {asked} ELSE false END"


def _fewer(characters: str, most: int) -> str:
    """The text has at most so many of the characters; it may have some between quotes."""
    return f"length({_TEXT}) - length(translate({_TEXT}, '{characters}', '')) <= {most}"


_TOO_DEEP = f"$.**{{{DEPTH}}}"

_OTHERS = {
    "DURATION": (
        f"jsonb_typeof({_VALUE}) = 'number' AND length({_TEXT}) <= 17"
        f" AND {_TEXT} ~ '^(0|[1-9][0-9]*)$'"
    ),
    "USER": _object(
        ("subject", "name"), "string", {"subject": "[ -~]{1,150}", "name": "[ -~]{0,150}"}
    ),
    "GEO_POINT": _object(
        ("lat", "lon"),
        "number",
        {
            "lat": rf"-?(90|[1-8]?[0-9]{_PLACES})",
            "lon": rf"-?(180|(1[0-7][0-9]|[1-9]?[0-9]){_PLACES})",
        },
    ),
    # Within bounds, and no number is long or has a zero at its end.
    "JSON": (
        f"jsonb_typeof({_VALUE}) <> 'null' AND octet_length({_TEXT}) <= {BYTES}"
        f" AND {_fewer('[{,', PARTS)} AND ({_fewer('[{', DEPTH)} OR NOT {_VALUE} @? '{_TOO_DEEP}')"
        rf" AND {_TEXT} !~ '[0-9.]{{41}}|\.[0-9]*0(?![0-9])'"
    ),
}
