"""JSON Schemas that a deployer writes: checked when defined, and run within a budget.

A schema is a program that a stranger wrote, so this is ``jsonschema`` with four differences:

- Nothing is ever fetched: ``$ref`` points into the document, and is replaced by what it points to
  when the schema is compiled.
- Patterns run on RE2, in linear time.
- Every keyword that is applied costs from a budget; a schema that multiplies its own work is cut
  off, at the same place on every machine.
- No message holds the value: it may be long, and there may be thousands of them.

``format`` is an annotation, as the specification has it.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft202012Validator, TypeChecker, ValidationError, validators

from attributes.types import pattern as patterns
from attributes.types.pattern import Pattern
from incidents_project.refusals import ValueRefused

Json = Any
Errors = Iterator[ValidationError]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TOLD = 5  # errors in one refusal
BUDGET = 500_000  # units of about half a microsecond, for one value
PATTERNS = 50  # in one schema: each may take a mebibyte of memory
LONGEST_CHAIN = 10  # schemas that apply to one and the same value through one another

_KEYWORD = 20
_WORDS = 160  # characters of one error

# Where a schema holds schemas.
_ONE = frozenset(
    [
        "additionalProperties",
        "contains",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    ]
)
_LIST = frozenset(["allOf", "anyOf", "oneOf", "prefixItems"])
_MAP = frozenset(["$defs", "definitions", "dependentSchemas", "patternProperties", "properties"])
# Those that apply to the very value that the schema itself applies to.
_IN_PLACE = frozenset(["allOf", "anyOf", "dependentSchemas", "else", "if", "not", "oneOf", "then"])
_ELSEWHERE = ("$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor")


class _TooSlow(Exception):  # noqa: N818 - not an error of ours
    """The budget is spent."""


class _Budget:
    """What is left for one value."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = BUDGET

    def spend(self, units: int) -> None:
        self.left -= units
        if self.left < 0:
            raise _TooSlow


_budget: ContextVar[_Budget] = ContextVar("_budget")


def _refuse(words: str) -> ValueRefused:
    return ValueRefused("schema", words)


# ------------------------------------------------------------------------------------- the keywords
#
# Each takes the compiled value of its keyword: patterns compiled, references replaced by their
# schemas, enumerations frozen, ``true`` and ``false`` written as objects.


def _is_valid(validator: Any, instance: Json, schema: Json) -> bool:
    return next(validator.descend(instance, schema), None) is None


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value) // 64
    return len(value) // 4 if isinstance(value, (list, dict, tuple)) else 0


def _frozen(value: Json, budget: _Budget | None) -> Any:
    """The value as something hashable that is equal exactly to what JSON Schema calls equal."""
    if budget is not None:
        budget.spend(1)
    if isinstance(value, bool):
        return (bool, value)
    if isinstance(value, list):
        return (list, tuple(_frozen(item, budget) for item in value))
    if isinstance(value, dict):
        return (dict, frozenset((name, _frozen(item, budget)) for name, item in value.items()))
    return value


def _type(validator: Any, names: Any, instance: Json, _schema: Json) -> Errors:
    allowed = [names] if isinstance(names, str) else names
    if not any(validator.is_type(instance, name) for name in allowed):
        yield ValidationError(f"must be of type {' or '.join(allowed)}")


def _enum(_validator: Any, compiled: Any, instance: Json, _schema: Json) -> Errors:
    frozen, words = compiled
    if _frozen(instance, _budget.get()) not in frozen:
        yield ValidationError(words)


def _limit(
    wrong: Callable[[Any, Any], bool], kinds: tuple[str, ...], words: str, *, sized: bool
) -> Any:
    def check(validator: Any, limit: Any, instance: Json, _schema: Json) -> Errors:
        if any(validator.is_type(instance, kind) for kind in kinds) and wrong(
            len(instance) if sized else instance, limit
        ):
            yield ValidationError(words.format(limit))

    return check


def _multiple_of(validator: Any, step: Any, instance: Json, _schema: Json) -> Errors:
    # Decimal's own remainder gives up beyond the precision of its context.
    if (
        validator.is_type(instance, "number")
        and (Fraction(instance) / Fraction(step)).denominator != 1
    ):
        yield ValidationError(f"must be a multiple of {step}")


def _pattern(validator: Any, pattern: Pattern, instance: Json, _schema: Json) -> Errors:
    if validator.is_type(instance, "string") and not _found(pattern, instance):
        yield ValidationError("must match the pattern")


def _found(pattern: Pattern, text: str) -> bool:
    # Before it runs, and as for the worst case: one search may cost more than the whole budget.
    _budget.get().spend(2 + pattern.size * len(text) // 100)
    return pattern.search(text)


def _unique_items(validator: Any, asked: Any, instance: Json, _schema: Json) -> Errors:
    if asked and validator.is_type(instance, "array"):
        budget = _budget.get()
        if len({_frozen(item, budget) for item in instance}) < len(instance):
            yield ValidationError("must not hold an item twice")


def _contains(validator: Any, inner: Json, instance: Json, schema: Json) -> Errors:
    if not validator.is_type(instance, "array"):
        return
    found = 0
    for item in instance:
        found += _is_valid(validator, item, inner)
    least, most = schema.get("minContains", 1), schema.get("maxContains")
    if found < least:
        yield ValidationError(f"must hold at least {least} items as described by contains")
    if most is not None and found > most:
        yield ValidationError(f"must hold at most {most} items as described by contains")


def _items(validator: Any, inner: Json, instance: Json, schema: Json) -> Errors:
    if validator.is_type(instance, "array"):
        for index in range(len(schema.get("prefixItems", ())), len(instance)):
            yield from validator.descend(instance[index], inner, path=index)


def _pattern_properties(validator: Any, compiled: Any, instance: Json, _schema: Json) -> Errors:
    if validator.is_type(instance, "object"):
        for pattern, inner in compiled:
            for name, member in instance.items():
                if _found(pattern, name):
                    yield from validator.descend(member, inner, path=name)


def _additional_properties(validator: Any, inner: Json, instance: Json, schema: Json) -> Errors:
    if validator.is_type(instance, "object"):
        known = schema.get("properties", {})
        by_pattern = schema.get("patternProperties", ())
        for name, member in instance.items():
            if name not in known and not any(_found(pattern, name) for pattern, _ in by_pattern):
                yield from validator.descend(member, inner, path=name)


def _property_names(validator: Any, inner: Json, instance: Json, _schema: Json) -> Errors:
    if validator.is_type(instance, "object"):
        for name in instance:
            for error in validator.descend(name, inner):
                yield ValidationError(f"the name {_short(name)!r}: {error.message}")


def _ref(validator: Any, target: Json, instance: Json, _schema: Json) -> Errors:
    yield from validator.descend(instance, target)


def _any_of(validator: Any, inner: list[Json], instance: Json, _schema: Json) -> Errors:
    for each in inner:  # not any(): every frame counts where schemas are deep
        if _is_valid(validator, instance, each):
            return
    yield ValidationError(f"must be one of the {len(inner)} forms of anyOf")


def _one_of(validator: Any, inner: list[Json], instance: Json, _schema: Json) -> Errors:
    found = 0
    for each in inner:
        found += _is_valid(validator, instance, each)
        if found > 1:
            break
    if found != 1:
        which = "several" if found else "none"
        yield ValidationError(f"must be exactly one of the forms of oneOf, and is {which}")


def _not(validator: Any, inner: Json, instance: Json, _schema: Json) -> Errors:
    if not inner:
        yield ValidationError("is not allowed")  # the schema ``false``
    elif _is_valid(validator, instance, inner):
        yield ValidationError("must not be what not describes")


def _if(validator: Any, condition: Json, instance: Json, schema: Json) -> Errors:
    branch = "then" if _is_valid(validator, instance, condition) else "else"
    if branch in schema:
        yield from validator.descend(instance, schema[branch])


def _unevaluated_properties(validator: Any, inner: Json, instance: Json, schema: Json) -> Errors:
    if validator.is_type(instance, "object"):
        done = _evaluated(validator, instance, schema, "unevaluatedProperties")
        for name, member in instance.items():
            if name not in done:
                yield from validator.descend(member, inner, path=name)


def _unevaluated_items(validator: Any, inner: Json, instance: Json, schema: Json) -> Errors:
    if validator.is_type(instance, "array"):
        done = _evaluated(validator, instance, schema, "unevaluatedItems")
        for index, item in enumerate(instance):
            if index not in done:
                yield from validator.descend(item, inner, path=index)


def _evaluated(validator: Any, instance: Json, schema: Json, own: str | None = None) -> set[Any]:
    """The members or items of ``instance`` that ``schema``, which holds, has looked at.

    ``own`` is the keyword that asks, and so does not count.
    """
    _budget.get().spend(_KEYWORD + _size(instance))
    is_object = isinstance(instance, dict)
    rest = (
        ("additionalProperties", "unevaluatedProperties")
        if is_object
        else ("items", "unevaluatedItems")
    )
    if any(keyword in schema for keyword in rest if keyword != own):
        return set(instance) if is_object else set(range(len(instance)))
    done = (
        _named_properties(instance, schema)
        if is_object
        else _placed_items(validator, instance, schema)
    )
    for inner in _applied(validator, instance, schema):
        done |= _evaluated(validator, instance, inner)
    return done


def _named_properties(instance: dict[str, Json], schema: Json) -> set[Any]:
    done = schema.get("properties", {}).keys() & instance.keys()
    for pattern, _ in schema.get("patternProperties", ()):
        done |= {name for name in instance if _found(pattern, name)}
    return set(done)


def _placed_items(validator: Any, instance: list[Json], schema: Json) -> set[Any]:
    done = set(range(min(len(instance), len(schema.get("prefixItems", ())))))
    if "contains" in schema:
        done |= {
            index
            for index, item in enumerate(instance)
            if _is_valid(validator, item, schema["contains"])
        }
    return done


def _applied(validator: Any, instance: Json, schema: Json) -> Iterator[Json]:
    """The schemas within ``schema`` that apply to the same value, and hold."""
    if "$ref" in schema:
        yield schema["$ref"]
    for keyword in ("allOf", "anyOf", "oneOf"):
        for inner in schema.get(keyword, ()):
            if _is_valid(validator, instance, inner):
                yield inner
    for name, inner in schema.get("dependentSchemas", {}).items():
        if isinstance(instance, dict) and name in instance:
            yield inner
    yield from _conditional(validator, instance, schema)


def _conditional(validator: Any, instance: Json, schema: Json) -> Iterator[Json]:
    if "if" not in schema:
        return
    holds = _is_valid(validator, instance, schema["if"])
    if holds:
        yield schema["if"]
    branch = "then" if holds else "else"
    if branch in schema:
        yield schema[branch]


_NUMBER, _STRING, _ARRAY, _OBJECT = ("number",), ("string",), ("array",), ("object",)


def _less(value: Any, limit: Any) -> bool:
    return bool(value < limit)


def _more(value: Any, limit: Any) -> bool:
    return bool(value > limit)


_KEYWORDS: dict[str, Any] = {
    "type": _type,
    "enum": _enum,
    "const": _enum,
    "minimum": _limit(_less, _NUMBER, "must be at least {}", sized=False),
    "maximum": _limit(_more, _NUMBER, "must be at most {}", sized=False),
    "exclusiveMinimum": _limit(
        lambda value, limit: bool(value <= limit), _NUMBER, "must be more than {}", sized=False
    ),
    "exclusiveMaximum": _limit(
        lambda value, limit: bool(value >= limit), _NUMBER, "must be less than {}", sized=False
    ),
    "multipleOf": _multiple_of,
    "minLength": _limit(_less, _STRING, "must have at least {} characters", sized=True),
    "maxLength": _limit(_more, _STRING, "must have at most {} characters", sized=True),
    "pattern": _pattern,
    "minItems": _limit(_less, _ARRAY, "must have at least {} items", sized=True),
    "maxItems": _limit(_more, _ARRAY, "must have at most {} items", sized=True),
    "uniqueItems": _unique_items,
    "contains": _contains,
    "items": _items,
    "unevaluatedItems": _unevaluated_items,
    "minProperties": _limit(_less, _OBJECT, "must have at least {} members", sized=True),
    "maxProperties": _limit(_more, _OBJECT, "must have at most {} members", sized=True),
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "propertyNames": _property_names,
    "unevaluatedProperties": _unevaluated_properties,
    "$ref": _ref,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _not,
    "if": _if,
    **{
        # As the library has them: they do nothing dangerous.
        name: Draft202012Validator.VALIDATORS[name]
        for name in (
            "allOf",
            "dependentRequired",
            "dependentSchemas",
            "prefixItems",
            "properties",
            "required",
        )
    },
}


_COMPILED = _KEYWORDS.keys() | _ONE | _MAP | {"minContains", "maxContains"}


def _paid(keyword: Any) -> Any:
    def apply(
        validator: Any, value: Any, instance: Json, schema: Json
    ) -> Iterable[ValidationError]:
        _budget.get().spend(_KEYWORD + _size(value) + _size(instance))
        errors: Iterable[ValidationError] = keyword(validator, value, instance, schema)
        return errors

    return apply


def _is_number(_checker: Any, value: Any) -> bool:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def _is_integer(checker: Any, value: Any) -> bool:
    return _is_number(checker, value) and bool(value == int(value))


_TYPES: TypeChecker = Draft202012Validator.TYPE_CHECKER.redefine_many(
    {"number": _is_number, "integer": _is_integer}
)
_Validator: Any = validators.create(
    meta_schema={},
    validators={name: _paid(keyword) for name, keyword in _KEYWORDS.items()},
    type_checker=_TYPES,
)
_META = Draft202012Validator(Draft202012Validator.META_SCHEMA)


# ---------------------------------------------------------------------------------------- compiling


class _Compiler:
    """One document on its way to what the keywords take."""

    def __init__(self, root: dict[str, Json]) -> None:
        self._by_pointer: dict[str, dict[str, Any]] = {}
        self._by_anchor: dict[str, dict[str, Any]] = {}
        self._patterns = 0
        self._refs: list[tuple[dict[str, Any], str, str]] = []
        self._in_place: dict[int, list[dict[str, Any]]] = {}
        self.root = self._schema(root, "")
        self._link()
        self._refuse_long_chains()

    def _schema(self, schema: Json, at: str) -> dict[str, Any]:
        compiled: dict[str, Any] = {}
        self._by_pointer[at] = compiled
        self._in_place[id(compiled)] = []
        if schema is True:
            return compiled
        if schema is False:
            compiled["not"] = {}
            return compiled
        self._refuse_elsewhere(schema, at)
        for keyword, value in schema.items():
            place = f"{at}/{_escaped(keyword)}"
            if keyword == "$ref":
                self._refs.append((compiled, value, place))
            elif keyword == "$anchor":
                if self._by_anchor.setdefault(value, compiled) is not compiled:
                    raise _refuse(f"{place}: there is another {_short(value)!r}.")
            elif keyword in _COMPILED:
                compiled[keyword] = self._value(compiled, keyword, value, place)
        return compiled

    @staticmethod
    def _refuse_elsewhere(schema: dict[str, Json], at: str) -> None:
        for keyword in _ELSEWHERE:
            if keyword in schema:
                raise _refuse(f"{at}/{keyword}: only $ref within this schema is supported.")
        if at:
            for keyword in ("$id", "$schema"):
                if keyword in schema:
                    raise _refuse(f"{at}/{keyword}: only the whole schema may have one.")
        elif schema.get("$schema", DIALECT).rstrip("#") != DIALECT:
            raise _refuse(f"/$schema: must be {DIALECT}, or left out.")

    def _value(self, owner: dict[str, Any], keyword: str, value: Json, at: str) -> Any:
        inner: list[dict[str, Any]] = []
        result: Any = value
        if keyword in _ONE:
            result = self._schema(value, at)
            inner = [result]
        elif keyword in _LIST:
            result = inner = [self._schema(each, f"{at}/{i}") for i, each in enumerate(value)]
        elif keyword in _MAP:
            result = {
                name: self._schema(each, f"{at}/{_escaped(name)}") for name, each in value.items()
            }
            inner = list(result.values())
            if keyword == "patternProperties":
                result = [(self._pattern(name, at), each) for name, each in result.items()]
        elif keyword == "pattern":
            result = self._pattern(value, at)
        elif keyword in {"enum", "const"}:
            result = _compiled_enum([value] if keyword == "const" else value)
        if keyword in _IN_PLACE:
            self._in_place[id(owner)].extend(inner)
        return result

    def _pattern(self, text: str, at: str) -> Pattern:
        self._patterns += 1
        if self._patterns > PATTERNS:
            raise _refuse(f"A schema must have at most {PATTERNS} patterns.")
        if len(text) > patterns.LONGEST:
            raise _refuse(f"{at}: must have at most {patterns.LONGEST} characters.")
        try:
            return patterns.compiled(text)
        except ValueRefused as refused:
            raise _refuse(f"{at}: {refused.message}") from None

    def _link(self) -> None:
        for compiled, ref, at in self._refs:
            if not ref.startswith("#"):
                raise _refuse(f"{at}: must point into this schema, as #/$defs/name does.")
            name = unquote(ref[1:])
            target = self._by_pointer.get(name)
            if target is None and not name.startswith("/"):
                target = self._by_anchor.get(name)
            if target is None:
                raise _refuse(f"{at}: there is no schema at {_short(ref)!r}.")
            compiled["$ref"] = target
            self._in_place[id(compiled)].append(target)

    def _refuse_long_chains(self) -> None:
        """Without these, a value would be looked at for ever, or deeper than the stack is."""
        lengths: dict[int, int] = {}
        open_: set[int] = set()

        def length(compiled: dict[str, Any], steps: int) -> int:
            key = id(compiled)
            if key in open_:
                raise _refuse("A schema must not refer to itself for one and the same value.")
            if key not in lengths:
                if steps > LONGEST_CHAIN:
                    raise too_long
                open_.add(key)
                longest = max((length(each, steps + 1) for each in self._in_place[key]), default=0)
                open_.discard(key)
                lengths[key] = longest + 1
            if lengths[key] > LONGEST_CHAIN:
                raise too_long
            return lengths[key]

        too_long = _refuse(
            f"More than {LONGEST_CHAIN} schemas apply to one value through one another."
        )
        for compiled in self._by_pointer.values():
            length(compiled, 0)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _short(text: str) -> str:
    return text if len(text) <= 50 else f"{text[:50]}..."


def _compiled_enum(values: Sequence[Json]) -> tuple[frozenset[Any], str]:
    shown = [json.dumps(value, default=str, ensure_ascii=False) for value in values[:10]]
    words = ", ".join(shown) + (", ..." if len(values) > 10 else "")
    return frozenset(_frozen(value, None) for value in values), _cut(f"must be {words}")


def _pointed(path: Iterable[Any]) -> str:
    return "".join(
        f"[{step}]" if isinstance(step, int) else f".{_short(step)}" for step in path
    ).removeprefix(".")


class Schema:
    """A compiled schema."""

    def __init__(self, root: dict[str, Json]) -> None:
        for error in _META.iter_errors(root):
            where = "".join(f"/{_escaped(str(step))}" for step in error.absolute_path) or "/"
            raise _refuse(f"{where}: {_cut(error.message)}")
        self._validator = _Validator(_Compiler(root).root)

    def check(self, value: Json) -> None:
        """Refuse a value that the schema does not allow, or that takes too long to find out."""
        token = _budget.set(_Budget())
        try:
            errors = list(islice(self._validator.iter_errors(value), TOLD + 1))
        except (_TooSlow, RecursionError):  # the stack suffices, but who knows who calls
            raise ValueRefused(
                "schema_too_slow", "The attribute's schema takes too long on this value."
            ) from None
        finally:
            _budget.reset(token)
        if errors:
            told = [_told(error) for error in errors[:TOLD]]
            more = "; ..." if len(errors) > TOLD else ""
            raise ValueRefused("schema", f"{'; '.join(told)}{more}.")


def _told(error: ValidationError) -> str:
    path = _pointed(error.absolute_path)
    return f"{path}: {_cut(error.message)}" if path else _cut(error.message)


def _cut(words: str) -> str:
    return words if len(words) <= _WORDS else f"{words[:_WORDS]}..."


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) < 19 else Decimal(text)


@lru_cache(maxsize=256)
def compiled(text: bytes) -> Schema:
    """The schema with this text. It is asked for again with every epoch, so it is kept."""
    return Schema(json.loads(text, parse_float=Decimal, parse_int=_integer))
