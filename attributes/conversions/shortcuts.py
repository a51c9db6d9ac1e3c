"""Conversions in SQL, of the values that are plain enough to be sure of.

A shortcut is sound and not complete: what it is not sure of, Python decides. JSON may hold
anything, so every condition is one that PostgreSQL can ask of any JSON; what could fail stands
behind a CASE, because AND does not say what is asked first. Rules enter as numbers, days and codes,
which are literals of a few safe characters; a rule of free text leaves a pair without a shortcut.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from attributes.conversions.outcomes import Outcome, Shortcut, Verdict
from attributes.types import AttributeType, Json
from attributes.types.multiselect import MultiSelectType
from attributes.types.options import ChoosingType
from incidents_project.exact_json import dumps

_VALUE = "{value}"
_TEXT = "({value} #>> ARRAY[]::text[])"  # the text of a string or a number; '{}' has braces


def shortcut(
    source: AttributeType, target: AttributeType, convert: Callable[[Json], Outcome]
) -> Shortcut | None:
    """The shortcut of a pair whose arguments are the defaults, if it has one."""
    if "BOOLEAN" in {source.name, target.name}:
        return _of_few(_TRUTHS.get(source.name, ()), convert)
    if isinstance(target, MultiSelectType) or isinstance(source, MultiSelectType):
        return _of_sets(source, target)
    recipe = _RECIPES.get((source.name, target.name))
    if isinstance(target, ChoosingType) and source.name in _HOLDS_CODES:
        recipe = _code(target.choices.choosable)
    elif isinstance(source, ChoosingType) and target.name in _HOLDS_CODES:
        recipe = _code(code for code in source.choices.codes if _is_read(source, code))
    return None if recipe is None else recipe.under_rules(target)


def under_rules(typed: AttributeType) -> Shortcut | None:
    """Of what is stored already: which values are sure to meet the rules of their own type.

    An option that is retired is a value.
    """
    if isinstance(typed, MultiSelectType):
        return None
    if isinstance(typed, ChoosingType):
        return Shortcut(_is_one_of(typed.choices.codes), _VALUE)
    if typed.name == "BOOLEAN":
        return Shortcut(_is_one_of((True, False)), _VALUE)
    form = _STORED.get(typed.name)
    return None if form is None else _Recipe(form.condition, form).under_rules(typed)


# Values that are what they seem.

# No two braces and no percent sign may get into a pattern: see Shortcut. A pattern costs by the
# states that PostgreSQL passes through, a hundred times what a comparison does; so dates and times
# are looked up in lists, two digits at a time.
_YEARS = [f"{year}" for year in range(1900, 2200)]
_SINCE_1970 = _YEARS[70:]  # as moments are without a rule
_DAYS = [f"{date(2023, 1, 1) + timedelta(days=number):%m-%d}" for number in range(365)]
_HOURS = [f"{hour:02}" for hour in range(24)]
_SIXTY = [f"{number:02}" for number in range(60)]

_MICROSECONDS = r"\.[0-9]*"
_FRACTION = r"(\.[0-9]*[1-9])?"
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_LABEL = "[a-z0-9]+(-+[a-z0-9]+)*"
_WHOLE = "0|-?[1-9][0-9]*"
_UUID = "-".join(5 * ["[0-9a-f]*"])
_BIGGEST = 18  # characters of a number: well within 64 bits, and within 40 digits
_LONGEST = 100_000  # characters of a text


def _among(place: int, texts: Sequence[str]) -> str:
    """Whether one of the texts, which are of one length, stands at the place."""
    listed = ", ".join(f"'{text}'" for text in texts)
    return f"substr({_TEXT}, {place}, {len(texts[0])}) = ANY(ARRAY[{listed}])"


def _day(years: Sequence[str]) -> tuple[str, ...]:
    """What holds where ``____-__-__`` is a day; other years and 29 February are for Python."""
    return _among(1, years), _among(6, _DAYS)


def _clock(start: int) -> tuple[str, ...]:
    """What holds where ``__:__:__`` from ``start`` on is a time."""
    return _among(start, _HOURS), _among(start + 3, _SIXTY), _among(start + 6, _SIXTY)


@dataclass(frozen=True, slots=True)
class _Form:
    """JSON of one kind whose text is so; not every value of a type, but nothing else."""

    kind: str
    shortest: int
    longest: int
    start: str = ""  # with an underscore where any character may stand
    rest: str = ""  # a pattern of what follows
    more: tuple[str, ...] = ()

    @property
    def condition(self) -> str:
        length, place = len(self.start), len(self.start) + 1
        asked = [
            f"jsonb_typeof({_VALUE}) = '{self.kind}'",
            f"length({_TEXT}) BETWEEN {self.shortest} AND {self.longest}",
        ]
        if self.start:
            asked.append(f"left({_TEXT}, {length}) LIKE '{self.start}'")
        if self.rest:
            rest = f"substr({_TEXT}, {place})" if self.start else _TEXT
            asked.append(f"{rest} ~ '^({self.rest})$'")
        return " AND ".join((*asked, *self.more))


_DATE = _Form("string", 10, 10, "____-__-__", more=_day(_YEARS))
_DATE_SINCE_1970 = replace(_DATE, more=_day(_SINCE_1970))
_TIME = _Form("string", 15, 15, "__:__:__", _MICROSECONDS, _clock(1))
_MOMENT = _Form(
    "string",
    27,
    27,
    "____-__-__T__:__:__",
    f"{_MICROSECONDS}Z",
    (*_DATE_SINCE_1970.more, *_clock(12)),
)
_MIDNIGHT = "T00:00:00.000000Z"
_AT_MIDNIGHT = replace(_DATE, shortest=27, longest=27, start=_DATE.start + _MIDNIGHT)
_CODE = _Form("string", 1, 50)
_ID = _Form(
    "string", 36, 36, "-".join(length * "_" for length in (8, 4, 4, 4, 12)),
    more=(f"{_TEXT} ~ '^{_UUID}$'",),
)  # fmt: skip
_STORED: Mapping[str, _Form] = {
    "TEXT": _Form("string", 0, _LONGEST),
    "STRING": _Form("string", 0, _LONGEST, rest=r"[^\n\u000b\f\r\u0085\u2028\u2029]*"),
    "INTEGER": _Form("number", 1, _BIGGEST, rest=_WHOLE),
    "NUMBER": _Form("number", 1, _BIGGEST, rest=rf"{_WHOLE}|-?(0|[1-9][0-9]*)\.[0-9]*[1-9]"),
    "DATE": _DATE,
    "TIME": _TIME,
    "DATETIME": _MOMENT,
    "UUID": _ID,
    "INCIDENT": _ID,
    "IP": _Form("string", 7, 15, rest=r"\.".join(4 * [_OCTET])),
    "EMAIL": _Form(
        "string", 6, 64,
        rest=rf"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@({_LABEL}\.)+[a-z][a-z0-9]+",
    ),
    "URL": _Form(
        "string", 10, 2_048, rest=rf"https?://({_LABEL}\.)*[a-z]{_LABEL}([/?#][!-Z^-~]*)?"
    ),
}  # fmt: skip
_WRITTEN: Mapping[str, _Form] = {
    **_STORED,
    "INTEGER": replace(_STORED["INTEGER"], kind="string"),
    "NUMBER": replace(_STORED["NUMBER"], kind="string"),
    "TIME": replace(_TIME, shortest=8, rest=_FRACTION),
    "DATETIME": replace(_MOMENT, shortest=20, rest=f"{_FRACTION}Z"),
}
_SHOWN = {
    "TIME": f"rtrim(rtrim({_TEXT}, '0'), '.')",
    "DATETIME": f"(rtrim(rtrim(rtrim({_TEXT}, 'Z'), '0'), '.') || 'Z')",
}
_PADDED = {
    "TIME": f"rpad({_TEXT} || CASE WHEN length({_TEXT}) = 8 THEN '.' ELSE '' END, 15, '0')",
    "DATETIME": (
        f"(rpad(rtrim({_TEXT}, 'Z') || CASE WHEN length({_TEXT}) = 20 THEN '.' ELSE '' END,"
        " 26, '0') || 'Z')"
    ),
}


# What a rule asks of a converted value, given its text and the form of that; None where SQL cannot
# ask it.

Rules = list[str] | None


def _lengths(target: Any, text: str, form: _Form) -> Rules:
    if getattr(target, "pattern", None) is not None or getattr(target, "format", None) is not None:
        return None
    return _length(text, form, target.min_length, target.max_length)


def _length(text: str, form: _Form, least: int, most: int) -> list[str]:
    if least <= form.shortest and form.longest <= most:
        return []
    return [f"length({text}) BETWEEN {least} AND {most}"]


def _bounds(target: Any) -> Iterator[tuple[str, Any]]:
    """The bounds that a deployer has set; a form keeps within those of the type's own."""
    own = target.rules()
    for name, sign in (("min", ">="), ("max", "<=")):
        if name in own:
            yield sign, getattr(target, name)


def _in_order(target: Any, text: str, _form: _Form) -> Rules:
    if getattr(target, "only", None) is not None:  # what is past tomorrow, nobody knows today
        return None
    return [f"{text} COLLATE \"C\" {sign} '{bound}'" for sign, bound in _bounds(target)]


def _numbers(target: Any, text: str, _form: _Form) -> Rules:
    number = f"{text}::numeric"
    rules = [f"{number} {sign} ({Decimal(bound):f})" for sign, bound in _bounds(target)]
    if target.name == "NUMBER":
        rules.append(f"scale({number}) <= {target.decimal_places}")
    return rules


def _url(target: Any, text: str, form: _Form) -> Rules:
    if target.schemes is not None or target.hosts is not None:
        return None
    return _length(text, form, 0, target.max_length)


def _ip(target: Any, _text: str, _form: _Form) -> Rules:
    return None if target.version == 6 or target.networks is not None else []


def _json(target: Any, text: str, form: _Form) -> Rules:
    # An escaped character has six bytes, of 64 KiB.
    return None if target.schema is not None else _length(text, form, 0, 10_000)


_RULES: Mapping[str, Callable[[Any, str, _Form], Rules]] = {
    "STRING": _lengths,
    "TEXT": _lengths,
    "INTEGER": _numbers,
    "NUMBER": _numbers,
    "DATE": _in_order,
    "TIME": _in_order,
    "DATETIME": _in_order,
    "URL": _url,
    "IP": _ip,
    "JSON": _json,
}


# How it is done, apart from rules.


@dataclass(frozen=True, slots=True)
class _Recipe:
    """Which values, what becomes of them, and the text of that for rules to ask about."""

    condition: str
    form: _Form  # of the text below
    value: str = _VALUE
    text: str = _TEXT

    def under_rules(self, target: AttributeType) -> Shortcut | None:
        ask = _RULES.get(target.name)
        rules = [] if ask is None else ask(target, self.text, self.form)
        if rules is None:
            return None
        if not rules:
            return Shortcut(self.condition, self.value)
        asked = " AND ".join(rules)
        return Shortcut(f"CASE WHEN {self.condition} THEN {asked} ELSE false END", self.value)


def _as_it_is(special: str) -> _Recipe:
    """A value of the narrower of two types is one of the other, and the way back."""
    form = _STORED[special]
    return _Recipe(form.condition, form)


def _made(form: _Form, text: str, becomes: _Form) -> _Recipe:
    return _Recipe(form.condition, becomes, f"to_jsonb({text})", text)


def _code(codes: Iterable[str]) -> _Recipe:
    return _Recipe(_is_one_of(codes), _CODE)


_ARE_TEXT = ("DATE", "URL", "EMAIL", "IP", "UUID", "INCIDENT")
_SHOWN_OTHERWISE = ("TIME", "DATETIME")
_NUMBERS = ("INTEGER", "NUMBER")
_TEXTS = ("STRING", "TEXT")
_HOLDS_CODES = {*_TEXTS, "JSON"}


def _recipes() -> Iterator[tuple[str, str, _Recipe]]:
    for name in (*_ARE_TEXT, *_NUMBERS):
        yield name, "JSON", _as_it_is(name)
        yield "JSON", name, _as_it_is(name)
    for text in _TEXTS:
        yield text, "JSON", _as_it_is(text)
        for name in _ARE_TEXT:
            yield name, text, _as_it_is(name)
            yield text, name, _as_it_is(name)
        for name in _NUMBERS:
            yield name, text, _made(_STORED[name], _TEXT, _STORED[name])
            number = f"to_jsonb({_TEXT}::numeric)"
            yield text, name, _Recipe(_WRITTEN[name].condition, _WRITTEN[name], number)
    for text in (*_TEXTS, "JSON"):
        for name in _SHOWN_OTHERWISE:
            yield name, text, _made(_STORED[name], _SHOWN[name], _WRITTEN[name])
            yield text, name, _made(_WRITTEN[name], _PADDED[name], _STORED[name])
    for one, other, special in (
        ("STRING", "TEXT", "STRING"),
        ("INTEGER", "NUMBER", "INTEGER"),
        ("UUID", "INCIDENT", "UUID"),
    ):
        yield one, other, _as_it_is(special)
        yield other, one, _as_it_is(special)
    yield "DATE", "DATETIME", _made(_DATE_SINCE_1970, f"({_TEXT} || '{_MIDNIGHT}')", _MOMENT)
    yield "DATETIME", "DATE", _made(_AT_MIDNIGHT, f"left({_TEXT}, 10)", _DATE)


_RECIPES: Mapping[tuple[str, str], _Recipe] = {
    (source, target): recipe for source, target, recipe in _recipes()
}


# Values that can be counted on fingers, and options: each is asked for by itself.

_TRUTHS: Mapping[str, tuple[Json, ...]] = {
    "BOOLEAN": (True, False),
    "JSON": (True, False),
    "INTEGER": (0, 1),
    "NUMBER": (0, 1),
    "STRING": ("true", "false"),
    "TEXT": ("true", "false"),
    "SELECT": ("true", "false"),
}
_IS_SAFE = re.compile(r'[A-Za-z0-9_." \[\],-]*')


def _literal(value: Json) -> str | None:
    text = dumps(value).decode()
    return f"'{text}'::jsonb" if _IS_SAFE.fullmatch(text) else None


def _is_read(source: AttributeType, code: Json) -> bool:
    """Whether values that hold the code are read as it, since no other option replaced it."""
    return bool(source.settled(code) == code)


def _is_one_of(values: Iterable[Json]) -> str:
    literals = filter(None, map(_literal, values))
    return f"{_VALUE} = ANY(ARRAY[{', '.join(literals)}]::jsonb[])"


def _of_few(values: Iterable[Json], convert: Callable[[Json], Outcome]) -> Shortcut | None:
    """What Python says of each value, written down."""
    cases = {}
    for value in values:
        outcome = convert(value)
        literal, converted = _literal(value), _literal(outcome.value)
        if outcome.verdict is Verdict.KEPT and literal and converted:
            cases[literal] = converted
    if not cases:
        return None
    whens = " ".join(f"WHEN {literal} THEN {converted}" for literal, converted in cases.items())
    return Shortcut(f"{_VALUE} IN ({', '.join(cases)})", f"CASE {_VALUE} {whens} END")


def _of_sets(source: AttributeType, target: AttributeType) -> Shortcut | None:
    """Between one option and a set of just that one."""
    if isinstance(target, MultiSelectType) and source.name == "SELECT":
        if target.min_chosen > 1 or target.max_chosen == 0:
            return None
        codes = (code for code in target.choices.choosable if _is_read(source, code))
        return Shortcut(_is_one_of(codes), f"jsonb_build_array({_VALUE})")
    if isinstance(target, ChoosingType) and target.name == "SELECT":
        sets = ([code] for code in target.choices.choosable if _is_read(source, [code]))
        return Shortcut(_is_one_of(sets), f"{_VALUE} -> 0")
    return None
