"""The models that carry values.

Attributes must know what a host already calls its own fields, and later rewrite its rows, without
importing it: a host registers itself when its app is ready.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import models


@dataclass(frozen=True, slots=True)
class Host:
    """A model with a ``ValuesField``.

    ``reserved`` are the names its own fields have on the wire. ``kinds`` and ``stages`` answer the
    codes that rules may speak of: ``applies_to`` of kinds, ``required_when`` of stages.
    ``missing`` answers which of some ids, that values refer to, are not there for the tenant.
    """

    model: type[models.Model]
    reserved: frozenset[str]
    kinds: Callable[[], Sequence[str]]
    stages: Callable[[], Sequence[str]]
    missing: Callable[[str, Collection[UUID]], Collection[UUID]]


_hosts: list[Host] = []


def register(
    model: type[models.Model],
    *,
    reserved: Iterable[str],
    kinds: Callable[[], Sequence[str]],
    stages: Callable[[], Sequence[str]],
    missing: Callable[[str, Collection[UUID]], Collection[UUID]],
) -> None:
    """Make ``model`` a carrier of values."""
    names = frozenset(name.lower() for name in reserved)
    _hosts.append(Host(model, names, kinds, stages, missing))


def all_hosts() -> tuple[Host, ...]:
    """Every registered host."""
    return tuple(_hosts)


def kinds() -> list[str]:
    """The codes that ``applies_to`` may name."""
    return [code for host in _hosts for code in host.kinds()]


def stages() -> list[str]:
    """The codes that ``required_when`` may name."""
    return [code for host in _hosts for code in host.stages()]


def is_reserved(name: str) -> bool:
    """Whether a host has a field of its own with this name, in any case."""
    return any(name.lower() in host.reserved for host in _hosts)
