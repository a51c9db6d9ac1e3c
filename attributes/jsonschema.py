"""The values of an incident as JSON Schema 2020-12, for machines that build or check them.

It speaks of typed values and uses two keywords beyond the draft, ``formatMinimum`` and
``formatMaximum``, as validators of dates know them. On top of it the service accepts the exact text
of a scalar (``"5"`` for 5).
"""

from typing import Any

from attributes.models import RequiredWhen
from attributes.schema import Attribute, Schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def of_values(
    schema: Schema, *, kind: str | None = None, stage: str | None = None
) -> dict[str, Any]:
    """What ``attributes`` of a new incident may hold; of one type and status, if they are given."""
    attributes = [a for a in schema.attributes if kind is None or a.applies(kind)]
    return {
        "$schema": DIALECT,
        "title": "Attributes of an incident",
        "type": "object",
        "properties": {a.name: of_attribute(a, stage) for a in attributes},
        "required": [a.name for a in attributes if must_be_sent(a, stage)],
        "additionalProperties": False,
    }


def must_be_sent(attribute: Attribute, stage: str | None) -> bool:
    """Whether a new incident without this value is refused; at any status if none is given."""
    return _is_needed(attribute, stage) and attribute.default is None


def of_attribute(attribute: Attribute, stage: str | None = None) -> dict[str, Any]:
    """One value; null stands for none where none may be."""
    typed = attribute.type.json_schema()
    example = attribute.type.an_example()
    default = None if attribute.deprecated else attribute.default
    described = {
        "title": attribute.label or attribute.name,
        **({"description": attribute.description} if attribute.description else {}),
        **({} if example is None else {"examples": [example]}),
        **({} if default is None else {"default": attribute.type.present(default)}),
        **deprecation(attribute),
        "x-type": attribute.type.name,
        **({"x-group": attribute.group} if attribute.group else {}),
        **({"x-help-text": attribute.help_text} if attribute.help_text else {}),
        **({"x-applies-to": sorted(attribute.applies_to)} if attribute.applies_to else {}),
        **({"x-required-when": _when(attribute)} if attribute.required else {}),
        **({"x-unique": True} if attribute.unique else {}),
    }
    if _is_needed(attribute, stage):
        return described | typed
    return described | {"anyOf": [typed, {"type": "null"}]}


def _is_needed(attribute: Attribute, stage: str | None) -> bool:
    if not attribute.required or attribute.deprecated:
        return False
    return not attribute.required_at or stage in attribute.required_at


def deprecation(attribute: Attribute) -> dict[str, Any]:
    """The keywords that say that an attribute is to be used no more; none for most."""
    if not attribute.deprecated:
        return {}
    sunset = attribute.sunset
    return {"deprecated": True, **({} if sunset is None else {"x-sunset": sunset.isoformat()})}


def _when(attribute: Attribute) -> Any:
    return sorted(attribute.required_at) or attribute.required_when or RequiredWhen.ALWAYS.value
