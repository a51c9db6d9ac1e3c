"""The options that SELECT and MULTISELECT choose from; their own, or a set that is shared."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

from attributes.types.base import AttributeType, Json, clean_text, rule, wrong_type
from attributes.types.boolean import BooleanType
from attributes.types.characters import ONE_LINE
from attributes.types.integer import IntegerType
from attributes.types.string import StringType
from incidents_project.refusals import MOST_FAULTS, Fault, Invalid, ValueRefused, did_you_mean

MOST = 1_000  # options in one set
_NAMED = 20  # options that a refusal names

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,49}")
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_SET_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}")


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose.

    ``code`` is what values hold and never changes its meaning; ``label`` is what people read, the
    code where it is empty. Options are in the order of ``order`` and then of the list. A
    ``retired`` one stays readable and cannot be chosen; one that is also ``replaced_by`` another is
    read as that one, or as what replaced that one in turn.
    """

    code: str
    label: str = ""
    colour: str = ""
    order: int = 0
    retired: bool = False
    replaced_by: str = ""

    def shown(self) -> dict[str, Json]:
        """The option on the wire: its code, and what differs from the defaults."""
        members = {each.name: getattr(self, each.name) for each in _FIELDS}
        return {name: value for name, value in members.items() if value != _DEFAULTS.get(name)}


_FIELDS = fields(Option)
_DEFAULTS = {each.name: each.default for each in _FIELDS if each.name != "code"}


def clean_code(raw: Json) -> str:
    """A code, as it is."""
    if not isinstance(raw, str):
        raise wrong_type("text")
    if not _CODE.fullmatch(raw):
        raise ValueRefused(
            "invalid",
            "Must be 1 to 50 letters (A-Z), digits, underscores, hyphens and points, beginning with"
            " a letter or a digit.",
        )
    return raw


def _clean_colour(raw: Json) -> str:
    text = clean_text(raw)
    if text and not _COLOUR.fullmatch(text):
        raise ValueRefused("invalid", "Must be a colour such as #d73a4a, or empty.")
    return text.lower()


def _clean_replacement(raw: Json) -> str:
    return "" if raw == "" else clean_code(raw)


_CHECKS: dict[str, Callable[[Json], Any]] = {
    "code": clean_code,
    "label": StringType(max_length=200).clean,
    "colour": _clean_colour,
    "order": IntegerType(min=-(2**31), max=2**31 - 1).clean,
    "retired": BooleanType().clean,
    "replaced_by": _clean_replacement,
}


def clean_options(raw: Json, at: str = "options") -> tuple[Option, ...]:
    """A set of options; ``Invalid`` lists every fault, each with its place (``options[3].code``).

    Codes are unique in any case. Only a retired option may be replaced, by another option of the
    set, and following the replacements never comes back to where it began.
    """
    if not isinstance(raw, list):
        raise Invalid.because([Fault(at, "wrong_type", "Must be a list of options.")])
    if not raw:
        raise Invalid.because([Fault(at, "too_few", "Must have at least one option.")])
    if len(raw) > MOST:
        raise Invalid.because([Fault(at, "too_many", f"Must have at most {MOST} options.")])
    faults: list[Fault] = []
    options = [_clean_option(each, f"{at}[{index}]", faults) for index, each in enumerate(raw)]
    faults.extend(_wrong_together(options, at))
    if faults:
        raise Invalid.because(faults)
    return tuple(option for option in options if option is not None)


def _clean_option(raw: Json, at: str, faults: list[Fault]) -> Option | None:
    if not isinstance(raw, dict):
        faults.append(Fault(at, "wrong_type", "Must be an object with a code."))
        return None
    members: dict[str, Any] = {"code": ""}
    if raw.get("code") is None:
        faults.append(Fault(f"{at}.code", "required", "An option must have a code."))
    for name, value in raw.items():
        if len(faults) > MOST_FAULTS:
            break
        check = _CHECKS.get(name)
        if check is None:
            allowed = ", ".join(_CHECKS)
            faults.append(Fault(f"{at}.{name}", "unknown_field", f"Must be one of {allowed}."))
        elif value is not None:  # null takes the default
            try:
                members[name] = check(value)
            except ValueRefused as refused:
                faults.append(refused.at(f"{at}.{name}"))
    return Option(**members)


def _wrong_together(options: list[Option | None], at: str) -> Iterator[Fault]:
    """The faults between options; one that is itself at fault takes part as far as it is known."""
    known: dict[str, Option] = {}
    seen: dict[str, int] = {}
    for index, option in enumerate(options):
        if option is None or not option.code:
            continue
        first = seen.setdefault(option.code.lower(), index)
        if first != index:
            message = f"Is the code of option {first} already; upper and lower case are the same."
            yield Fault(f"{at}[{index}].code", "duplicate_option", message)
        known.setdefault(option.code, option)
    in_a_circle = _in_a_circle(known)
    for index, option in enumerate(options):
        if option is None or not option.replaced_by:
            continue
        place = f"{at}[{index}].replaced_by"
        if not option.retired:
            message = "Only a retired option may be replaced by another."
            yield Fault(place, "contradiction", message)
        if option.replaced_by not in known:
            yield Fault(place, "unknown_option", "Must be the code of another option.")
        elif option.code in in_a_circle:
            yield Fault(place, "contradiction", "The replacements must not go in a circle.")


def _in_a_circle(known: dict[str, Option]) -> set[str]:
    """The codes whose replacements lead back to themselves. Each code is walked over once."""
    done: set[str] = set()
    found: set[str] = set()
    for start in known:
        path: dict[str, None] = {}
        code = start
        while code in known and code not in done and code not in path:
            path[code] = None
            code = known[code].replaced_by
        if code in path:
            walked = list(path)
            found.update(walked[walked.index(code) :])
        done.update(path)
    return found


def _shown(options: Iterable[Option]) -> list[Json]:
    return [option.shown() for option in options]


def clean_set_name(raw: Json) -> str:
    """The name of a shared set of options."""
    if not isinstance(raw, str):
        raise wrong_type("text")
    if not _SET_NAME.fullmatch(raw):
        raise ValueRefused(
            "invalid",
            "Must begin with a letter and have at most 50 letters (A-Z), digits and underscores.",
        )
    return raw


_TEXT = {"type": "string"}
OPTIONS_SCHEMA = {
    "type": "array",
    "minItems": 1,
    "maxItems": MOST,
    "items": {
        "type": "object",
        "properties": {
            "code": {**_TEXT, "pattern": f"^{_CODE.pattern}$", "maxLength": 50},
            "label": {**_TEXT, "maxLength": 200, **ONE_LINE},
            "colour": {**_TEXT, "pattern": f"^({_COLOUR.pattern})?$", "maxLength": 7},
            "order": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
            "retired": {"type": "boolean"},
            "replaced_by": {**_TEXT, "pattern": f"^({_CODE.pattern})?$", "maxLength": 50},
        },
        "required": ["code"],
        "additionalProperties": False,
    },
}


class Choices:
    """A set of options, prepared for asking which may be chosen."""

    __slots__ = (
        "choosable", "codes", "labels", "places", "position", "refuse_words", "replaced", "retired",
        "spellings",
    )  # fmt: skip

    def __init__(self, options: Iterable[Option]) -> None:
        in_order = sorted(options, key=lambda option: option.order)
        self.codes = [option.code for option in in_order]
        self.labels = {option.code: option.label for option in in_order}
        self.places = {code: place for place, code in enumerate(self.codes)}
        self.choosable = [option.code for option in in_order if not option.retired]
        self.position = {code: place for place, code in enumerate(self.choosable)}
        self.retired = {option.code: option.replaced_by for option in in_order if option.retired}
        # What values that hold a replaced code are read as, and what may be stored for that.
        self.replaced = _ends(self.retired)
        self.spellings = _by_end(self.replaced)
        self.refuse_words = self._allowed()

    def refusal(self, code: str) -> ValueRefused:
        """Why a code that is not choosable is refused."""
        if code not in self.retired:
            return ValueRefused("unknown_option", self.refuse_words)
        end = self.replaced.get(code)
        instead = f" Choose {end} instead." if end in self.position else ""
        return ValueRefused("retired_option", f"This option is retired.{instead}")

    def _allowed(self) -> str:
        if not self.choosable:
            return "There is no option to choose."
        more = len(self.choosable) - _NAMED
        named = ", ".join(self.choosable[:_NAMED])
        return f"Must be one of {named}{f' and {more} more' if more > 0 else ''}."


def _ends(retired: Mapping[str, str]) -> dict[str, str]:
    """For each code that was replaced, the last one that its replacements lead to."""
    ends: dict[str, str] = {}
    for start in retired:
        path = []
        code = start
        while code not in ends and retired.get(code):
            path.append(code)
            code = retired[code]
        ends.update(dict.fromkeys(path, ends.get(code, code)))
    return ends


def _by_end(replaced: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    spellings: dict[str, tuple[str, ...]] = {}
    for code, end in replaced.items():
        spellings[end] = (*spellings.get(end, (end,)), code)
    return spellings


@dataclass(frozen=True, kw_only=True)
class ChoosingType(AttributeType):
    """What the types that choose have in common: where the options come from."""

    options: tuple[Option, ...] = rule(
        (), clean_options, OPTIONS_SCHEMA, "The options, in order.", _shown
    )
    option_set: str = rule(
        "",
        clean_set_name,
        {"type": "string", "pattern": f"^{_SET_NAME.pattern}$", "maxLength": 50},
        "The shared set that the options are taken from, instead of options of its own.",
    )
    choices: Choices = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "choices", Choices(self.options))

    @property
    def spellings(self) -> Mapping[str, tuple[str, ...]]:
        """The codes of options that were replaced, by the code of the one that did."""
        return self.choices.spellings

    def an_example(self) -> Json:
        """The first option that may be chosen."""
        return next(iter(self.choices.choosable), None)

    def resolved(self, option_sets: Mapping[str, tuple[Option, ...]]) -> Self:
        """The type with the options of the set it names; until then nothing can be chosen."""
        if not self.option_set:
            return self
        options = option_sets.get(self.option_set)
        if options is None:
            known = ", ".join(sorted(option_sets)[:_NAMED]) or "none yet"
            message = f"There is no option set of this name. There are: {known}."
            raise Invalid.because([Fault("rules.option_set", "unknown_option_set", message)])
        copy = replace(self)
        object.__setattr__(copy, "choices", Choices(options))
        return copy

    def known_code(self, raw: Json) -> str:
        """The code of an option, retired or not; of one that was replaced, the one that did."""
        if not isinstance(raw, str):
            raise wrong_type("the code of an option")
        if raw not in self.choices.places:
            hint = did_you_mean(raw, self.choices.codes)
            raise ValueRefused("unknown_option", f"{self.choices.refuse_words}{hint}")
        return self.choices.replaced.get(raw, raw)

    def contradictions(self) -> Iterator[Fault]:
        """Options from two places, or from none."""
        if self.options and self.option_set:
            message = "Must not be given together with options."
            yield Fault("rules.option_set", "contradiction", message)
        elif not self.options and not self.option_set:
            yield Fault("rules.options", "required", "Either options or option_set must be given.")

    def _code_schema(self) -> dict[str, Any]:
        if not self.options and not self.option_set:
            return {"type": "string"}  # the type as such
        return {"type": "string", "enum": self.choices.choosable}
