"""Incidents as they were answered lately: those that people look at are few, and looked at often.

What is remembered is the text of one version of a row under one schema. Nothing expires: a page
asks the database for the versions that it shows, and a version is never another one again.
"""

from collections.abc import Collection
from functools import lru_cache
from uuid import UUID

from orjson import Fragment

_MOST = 4_096  # versions in each of two generations
_LONGEST = 4_000  # bytes of an incident that is worth remembering
_WEIGHT = 0.2  # of the last page in what is expected of the next


# The tenant, the row's id, and its xmin: the transaction that wrote it.
Version = tuple[str, str, str]


class Memory:
    """Texts by version; those that nobody has asked for in a while are forgotten.

    Requests share it without a lock: at worst a text is made twice.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._young: dict[Version, Fragment] = {}
        self._old: dict[Version, Fragment] = {}
        self._expected = 0.0

    @property
    def is_likely(self) -> bool:
        """Whether most of the next page will be known, by the pages before it."""
        return self._expected > 0.5

    def recall(self, versions: Collection[Version]) -> dict[Version, Fragment]:
        """The texts of those that are known."""
        known = {}
        for version in versions:
            text = self._young.get(version)
            if text is None:
                text = self._old.get(version)
                if text is None:
                    continue
                self._keep(version, text)
            known[version] = text
        if versions:
            self._expected += _WEIGHT * (len(known) / len(versions) - self._expected)
        return known

    def keep(self, version: Version, text: bytes) -> Fragment:
        """The text as a part of an answer; remembered, unless it is a long one."""
        fragment = Fragment(text)
        if len(text) <= _LONGEST:
            self._keep(version, fragment)
        return fragment

    def _keep(self, version: Version, text: Fragment) -> None:
        if len(self._young) >= self._most:
            self._young, self._old = {}, self._young
        self._young[version] = text


@lru_cache(maxsize=1)
def under(_stamp: UUID) -> Memory:
    """What was answered under this schema; under the one before nobody asks any more."""
    return Memory()
