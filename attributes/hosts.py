"""The models that carry values.

Attributes must know what a host already calls its own fields, and later rewrite its rows, without
importing it: a host registers itself when its app is ready.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models


@dataclass(frozen=True, slots=True)
class Host:
    """A model with a ``ValuesField``, and the names its own fields have on the wire."""

    model: type[models.Model]
    reserved: frozenset[str]


_hosts: list[Host] = []


def register(model: type[models.Model], reserved: Iterable[str]) -> None:
    """Make ``model`` a carrier of values."""
    _hosts.append(Host(model, frozenset(name.lower() for name in reserved)))


def all_hosts() -> tuple[Host, ...]:
    """Every registered host."""
    return tuple(_hosts)


def is_reserved(name: str) -> bool:
    """Whether a host has a field of its own with this name, in any case."""
    return any(name.lower() in host.reserved for host in _hosts)
