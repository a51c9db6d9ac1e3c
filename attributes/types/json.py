"""Any JSON, within bounds."""

from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Any, ClassVar

import orjson

from attributes.types import json_schema
from attributes.types.base import AttributeType, Json, clean_text, rule, wrong_type
from attributes.types.number import clean_number
from incidents_project.refusals import ValueRefused

DEPTH = 16  # objects and lists inside one another
BYTES = 64 * 1024  # written out without spaces
PARTS = 5_000  # members and items, at all levels together
SCHEMA_BYTES = 32 * 1024
SCHEMA_PARTS = 1_000


class _Reader:
    """One value on its way to its canonical form."""

    __slots__ = ("_left", "_parts")

    def __init__(self, parts: int) -> None:
        self._parts = self._left = parts

    def read(self, raw: Json, deeper: int = DEPTH) -> Json:
        """``raw`` with exact numbers, and text that can be stored."""
        if raw is None or raw is True or raw is False:
            return raw
        if isinstance(raw, str):
            return clean_text(raw)
        if isinstance(raw, (int, Decimal)):
            return clean_number(raw)
        if not isinstance(raw, (dict, list)):
            raise wrong_type("JSON")
        if not deeper:
            message = f"Objects and lists may be nested {DEPTH} deep at most."
            raise ValueRefused("too_deep", message)
        self._left -= len(raw)
        if self._left < 0:
            message = f"Must have at most {self._parts} members and items at all levels together."
            raise ValueRefused("too_many", message)
        if isinstance(raw, list):
            return [self.read(item, deeper - 1) for item in raw]
        return {clean_text(name): self.read(item, deeper - 1) for name, item in raw.items()}


def _exact(value: Any) -> orjson.Fragment:
    return orjson.Fragment(format(value, "f"))  # a decimal: nothing else is left


def _written(value: Json) -> bytes:
    return orjson.dumps(value, default=_exact)


def _clean(raw: Json, parts: int, size: int) -> tuple[Json, bytes]:
    value = _Reader(parts).read(raw)
    text = _written(value)
    if len(text) > size:
        raise ValueRefused("too_long", f"Must be at most {size // 1024} KiB when written out.")
    return value, text


def clean_schema(raw: Json) -> dict[str, Json]:
    """A JSON Schema that can be run: of draft 2020-12, within bounds, referring to nothing else."""
    if not isinstance(raw, dict):
        raise wrong_type("a JSON Schema, as an object")
    schema, text = _clean(raw, SCHEMA_PARTS, SCHEMA_BYTES)
    json_schema.compiled(text)
    return dict(schema)


@dataclass(frozen=True, kw_only=True)
class JsonType(AttributeType):
    """JSON as it is: numbers exact, null allowed inside but not alone.

    At most 16 deep, 64 KiB when written out, 5,000 members and items. With the rule ``schema`` it
    must also satisfy that JSON Schema.
    """

    name: ClassVar[str] = "JSON"
    label: ClassVar[str] = "JSON"
    example: ClassVar[Json] = {"source": "probe-7", "loss": Decimal("0.25"), "hops": [1, 2]}
    widget: ClassVar[str] = "json"
    operators: ClassVar[tuple[str, ...]] = ("exact", "contains", "isnull")
    written_as: ClassVar[str] = "json"

    schema: dict[str, Json] | None = rule(
        None,
        clean_schema,
        {"type": "object"},
        "A JSON Schema (draft 2020-12) that values must satisfy; $ref only within it, patterns as"
        " RE2 has them, formats not checked.",
    )
    _compiled: json_schema.Schema | None = field(
        default=None, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if self.schema is not None:
            object.__setattr__(self, "_compiled", json_schema.compiled(_written(self.schema)))

    def clean(self, raw: Json) -> Json:
        """The value with its numbers in canonical form."""
        if raw is None:
            raise wrong_type("JSON other than null")
        value, _ = _clean(raw, PARTS, BYTES)
        if self._compiled is not None:
            self._compiled.check(value)
        return value

    @property
    def index_method(self) -> str | None:
        """None: a document may be larger than an index holds."""
        return None

    def json_schema(self) -> dict[str, Any]:
        """The deployer's schema, and not null.

        The schema becomes a resource of its own where it refers to itself: ``#`` must go on meaning
        its own root, wherever it is embedded.
        """
        not_null: dict[str, Any] = {"not": {"type": "null"}}
        if self.schema is None:
            return not_null
        own = {name: value for name, value in self.schema.items() if name not in {"$id", "$schema"}}
        text = _written(self.schema)
        if b'"$ref"' in text or b'"$anchor"' in text:
            own = {"$id": f"urn:incidents:schema:{sha256(text).hexdigest()}", **own}
        return {"allOf": [not_null, own]}
