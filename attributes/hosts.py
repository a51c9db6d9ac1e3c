"""The models that carry values.

Attributes must know what a host already calls its own fields, and later rewrite its rows, without
importing it: a host registers itself when its app is ready.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import models


@dataclass(frozen=True, slots=True)
class Host:
    """A model with a ``ValuesField``.

    ``reserved`` are the names its own fields have on the wire, in lower case. ``kinds`` and
    ``stages`` answer the codes that rules may speak of: ``applies_to`` of kinds, ``required_when``
    of stages;
    ``kind`` and ``stage`` are the columns that hold one of each.
    ``missing`` answers which of some ids, that values refer to, are not there for the tenant,
    ``count`` how many hosts all tenants have, and ``miscounted`` how many more a tenant has than
    were counted, of those where the two differ; ``recount`` puts a tenant's count right.
    """

    model: type[models.Model]
    reserved: frozenset[str]
    kind: str
    stage: str
    kinds: Callable[[], Sequence[str]]
    stages: Callable[[], Sequence[str]]
    missing: Callable[[str, Collection[UUID]], Collection[UUID]]
    count: Callable[[], int]
    miscounted: Callable[[], Mapping[str, int]]
    recount: Callable[[str], bool]


_hosts: list[Host] = []


def register(host: Host) -> None:
    """Make a model a carrier of values."""
    _hosts.append(host)


def all_hosts() -> tuple[Host, ...]:
    """Every registered host."""
    return tuple(_hosts)


def columns() -> tuple[str, str]:
    """The columns of a host's kind and of its stage. There is one host."""
    (host,) = _hosts
    return host.kind, host.stage


def kinds() -> list[str]:
    """The codes that ``applies_to`` may name."""
    return [code for host in _hosts for code in host.kinds()]


def stages() -> list[str]:
    """The codes that ``required_when`` may name."""
    return [code for host in _hosts for code in host.stages()]


def is_reserved(name: str) -> bool:
    """Whether a host has a field of its own with this name, in any case."""
    return any(name.lower() in host.reserved for host in _hosts)
