"""Checking the rules that speak of a host's kinds and stages."""

from collections.abc import Sequence

from attributes import hosts
from attributes.models import RequiredWhen
from attributes.types import Json
from incidents_project.refusals import ValueRefused


def clean_applies_to(raw: Json) -> list[str]:
    """A list of the types of incident that have the attribute; empty for all."""
    return _codes(raw, hosts.kinds(), "incident types")


def clean_required_when(raw: Json) -> str | list[str]:
    """``always``, ``create``, or a list of statuses."""
    if isinstance(raw, str) and raw in RequiredWhen.values:
        return raw
    if isinstance(raw, list) and raw:
        return _codes(raw, hosts.stages(), "statuses")
    allowed = " or ".join(f'"{value}"' for value in RequiredWhen.values)
    raise ValueRefused("invalid", f"Must be {allowed}, or a list of statuses.")


def _codes(raw: Json, known: Sequence[str], what: str) -> list[str]:
    if not isinstance(raw, list) or not all(isinstance(code, str) for code in raw):
        raise ValueRefused("wrong_type", f"Must be a list of {what}.")
    unknown = [code for code in raw if code not in known]
    if unknown:
        raise ValueRefused("unknown_code", f"Must be a list of {what}: {', '.join(known)}.")
    if len(set(raw)) < len(raw):
        raise ValueRefused("invalid", "Must not name anything twice.")
    return [code for code in known if code in raw]
