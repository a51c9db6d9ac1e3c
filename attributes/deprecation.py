"""What a request names that is on its way out: names of former times, and deprecated attributes.

Whoever reads a name that a client sent asks here. Whoever answers the request watches, and tells
the client.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, time

from attributes.schema import Attribute, Schema
from attributes.types import clock


@dataclass(frozen=True, slots=True)
class Notice:
    """A name or an attribute that is to be used no more: since when, and until when it can be."""

    attribute: str  # what it is called now
    since: datetime
    until: datetime | None


_noted: ContextVar[set[Notice] | None] = ContextVar("deprecation", default=None)


@contextmanager
def watched() -> Iterator[set[Notice]]:
    """All that is noted meanwhile."""
    noted: set[Notice] = set()
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)


def named(schema: Schema, name: str) -> Attribute | None:
    """The attribute that a client calls so; noted if the client should not."""
    attribute = schema.named(name)
    if attribute is not None and (attribute.deprecated or attribute.name != name):
        noted = _noted.get()
        if noted is not None:
            noted.update(_notices(schema, attribute, name))
    return attribute


def _notices(schema: Schema, attribute: Attribute, name: str) -> Iterator[Notice]:
    if attribute.name != name:
        _, former = schema.former[name]
        yield Notice(attribute.name, former.since, former.until)
    if attribute.deprecated:
        since, sunset = attribute.deprecated_at or clock.now(), attribute.sunset
        until = None if sunset is None else datetime.combine(sunset, time(), UTC)
        # It cannot go before it was to go (RFC 9745, section 4).
        yield Notice(attribute.name, since if until is None else min(since, until), until)


def called_now(schema: Schema, name: str) -> str | None:
    """What an attribute is called whose former name this was, until it might be used no more."""
    return schema.former[name][0].name if name in schema.former else None
