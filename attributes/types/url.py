"""Addresses on the web."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

from attributes.types.base import (
    EQUALITY,
    LARGEST_INDEXED,
    ORDER,
    TEXT,
    AttributeType,
    Json,
    rule,
    wrong_type,
)
from attributes.types.characters import ONE_LINE
from attributes.types.ip import V4_FORM, V6_FORM
from attributes.types.text import LONGEST, MOST, clean_most
from incidents_project.refusals import Fault, ValueRefused

WEB = ("http", "https")
# A browser runs or reads these where a person expects to be led somewhere.
NEVER = frozenset({"javascript", "data", "vbscript", "file"})
MOST_SCHEMES, MOST_HOSTS = 20, 100
_EXAMPLE = "https://status.example.com/incidents/7"

# Characters that nobody sees, or that turn the reading direction: controls, spaces of every kind,
# joiners, marks of direction, tags. An address with one of them is not the address it looks like.
_UNSEEN = (
    r"\u0000-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f"
    r"\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufeff\uffa0\ufff0-\uffff"
    f"{chr(0xE0000)}-{chr(0xE0FFF)}"
)
# Characters that become / ? # @ : . and the like when a browser normalises a host.
_BECOMING = (
    r"\u2024-\u2026\u2047-\u2049\u203c\u2100\u2101\u2105\u2106\u2474-\u24b5\u2a74-\u2a76\u3002"
    r"\u3200-\u321e\u3220-\u3243\u33c2\u33c7\u33d8\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff0c\uff0e\uff0f"
    r"\uff1a-\uff20\uff3b-\uff3e\uff40\uff5b-\uff65"
    f"{chr(0x1F100)}-{chr(0x1F10A)}{chr(0x1F110)}-{chr(0x1F129)}"
)
# All of ASCII but letters, digits, - and _.
_NOT_IN_HOSTS = rf"\u0000-,.\/:-@\[-\^`\{{-\u00a0{_UNSEEN}{_BECOMING}"
_IN_HOST = f"[^{_NOT_IN_HOSTS}]"
_LABEL = f"{_IN_HOST}+"
# A host whose last label is a number is an IPv4 address to a browser, so it has to be one.
_NAME = rf"(?:{_LABEL}\.)*[0-9]*[^0-9{_NOT_IN_HOSTS}]{_IN_HOST}*"
_HOST = rf"(?:\[{V6_FORM}\]|{V4_FORM}|{_NAME})"
_PORT = "(?:[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_USER = rf"[^\/?#@\\{_UNSEEN}]*@"
_REST = rf"(?::{_PORT})?(?:[\/?#][^\\{_UNSEEN}]*)?"
_SCHEME = "[A-Za-z][A-Za-z0-9+.-]*"

_TEXT = re.compile(rf"({_SCHEME}:\/\/(?:{_USER})?)({_HOST})({_REST})")
_BEGINNING = re.compile(f"({_SCHEME}):")
_ONE_SCHEME = "[A-Za-z][A-Za-z0-9+.-]{0,30}"
_ONE_HOST = rf"\.?{_NAME}|{V4_FORM}|\[{V6_FORM}\]"
_IS_SCHEME = re.compile(_ONE_SCHEME)
_IS_HOST = re.compile(_ONE_HOST)
_UPPER = re.compile("[A-Z]+")


def _lower(text: str) -> str:
    # Only ASCII: the lower case of other scripts is up to whoever resolves the name.
    return text.lower() if text.isascii() else _UPPER.sub(lambda found: found[0].lower(), text)


def clean_schemes(raw: Json) -> list[str]:
    """Schemes that lead somewhere, in lower case."""
    schemes = []
    for item in _clean_list(raw, "schemes such as https", MOST_SCHEMES):
        scheme = item.lower()
        if not _IS_SCHEME.fullmatch(scheme):
            raise ValueRefused("invalid", "Must be a list of schemes such as https.")
        if scheme in NEVER:
            raise ValueRefused("scheme_not_allowed", f"Must not be {', '.join(sorted(NEVER))}.")
        schemes.append(scheme)
    return list(dict.fromkeys(schemes))


def clean_hosts(raw: Json) -> list[str]:
    """Hosts, in lower case; one with a leading dot stands for its subdomains too."""
    hosts = []
    for item in _clean_list(raw, "hosts such as example.com", MOST_HOSTS):
        if len(item) > 254 or not _IS_HOST.fullmatch(item):
            words = "Must be a list of hosts such as example.com or .example.com."
            raise ValueRefused("invalid", words)
        hosts.append(_lower(item))
    return list(dict.fromkeys(hosts))


def _clean_list(raw: Json, what: str, most: int) -> list[str]:
    if not isinstance(raw, list) or not all(isinstance(item, str) for item in raw):
        raise wrong_type(f"a list of {what}")
    if not 1 <= len(raw) <= most:
        raise ValueRefused("out_of_range", f"Must be a list of 1 to {most}.")
    return raw


def _list_schema(most: int, pattern: str) -> dict[str, Any]:
    item = {"type": "string", "pattern": f"^(?:{pattern})$"}
    return {"type": "array", "items": item, "minItems": 1, "maxItems": most}


@dataclass(frozen=True, kw_only=True)
class UrlType(AttributeType):
    """A whole address with a host: ``scheme://[user[:password]@]host[:port][/path][?query][#part]``.

    The scheme and the host are kept in lower case, and everything else as it is: a server may tell
    ``/A`` from ``/a``. Hosts in any script are taken as given. Credentials are allowed, as some
    systems need them in a link; whoever may read the value may read them. Spaces, controls,
    backslashes and invisible characters are refused; what needs them is percent-encoded.
    """

    name: ClassVar[str] = "URL"
    label: ClassVar[str] = "Web address"
    example: ClassVar[Json] = _EXAMPLE
    widget: ClassVar[str] = "url"
    operators: ClassVar[tuple[str, ...]] = (*EQUALITY, *ORDER, *TEXT)
    ordered: ClassVar[bool] = True

    max_length: int = rule(2_048, clean_most, MOST, "The most characters allowed.")
    schemes: list[str] | None = rule(
        None,
        clean_schemes,
        _list_schema(MOST_SCHEMES, _ONE_SCHEME),
        "The schemes allowed; http and https if it is not given.",
    )
    hosts: list[str] | None = rule(
        None,
        clean_hosts,
        _list_schema(MOST_HOSTS, _ONE_HOST),
        "The hosts allowed; .example.com is example.com and all its subdomains.",
    )

    @cached_property
    def _schemes(self) -> frozenset[str]:
        return frozenset(self.schemes or WEB)

    @cached_property
    def _hosts(self) -> frozenset[str]:
        return frozenset(self.hosts or ())

    def clean(self, raw: Json) -> str:
        """The address with its scheme and host in lower case."""
        if not isinstance(raw, str):
            raise wrong_type(f"an address such as {_EXAMPLE}")
        if len(raw) > self.max_length:
            raise ValueRefused("too_long", f"Must have at most {self.max_length} characters.")
        scheme, mark, _ = raw.partition(":")
        if scheme.lower() not in self._schemes and mark and _BEGINNING.match(raw):
            allowed = ", ".join(self.schemes or WEB)
            raise ValueRefused("scheme_not_allowed", f"Must begin with one of {allowed}.")
        match = _TEXT.fullmatch(raw)
        if match is None:
            words = f"Must be a whole address such as {_EXAMPLE}, without spaces."
            raise ValueRefused("invalid", words)
        start, host, rest = match.groups()
        host = _lower(host)
        if self.hosts is not None and not self._is_allowed(host):
            raise ValueRefused("host_not_allowed", f"Must be on one of {', '.join(self.hosts)}.")
        return f"{scheme.lower()}{start[len(scheme) :]}{host}{rest}"

    def _is_allowed(self, host: str) -> bool:
        if host in self._hosts or f".{host}" in self._hosts:
            return True
        return any(host[place:] in self._hosts for place, mark in enumerate(host) if mark == ".")

    def contradictions(self) -> Iterator[Fault]:
        """A max_length that has no room for any address."""
        shortest = min(map(len, self._schemes)) + len("://h")
        if self.max_length < shortest:
            yield Fault("rules.max_length", "contradiction", f"Must be at least {shortest}.")

    def operand(self, raw: Json, now: datetime) -> Json:
        """An address of any scheme and host."""
        scheme = raw.partition(":")[0].lower() if isinstance(raw, str) else ""
        known = [scheme] if _IS_SCHEME.fullmatch(scheme) else None
        return UrlType(max_length=LONGEST, schemes=known).clean(raw)

    @property
    def index_method(self) -> str | None:
        """None where a value may be longer than an index holds; a character has up to 4 bytes."""
        return "btree" if 4 * self.max_length <= LARGEST_INDEXED else None

    def json_schema(self) -> dict[str, Any]:
        """A JSON string of that form."""
        schemes = "|".join(_any_case(scheme) for scheme in self.schemes or WEB)
        host = _HOST
        if self.hosts is not None:
            host = f"(?:{'|'.join(_host_pattern(host) for host in self.hosts)})"
        return {
            "type": "string",
            "maxLength": self.max_length,
            "pattern": rf"^(?:{schemes}):\/\/(?:{_USER})?{host}{_REST}$",
        } | ONE_LINE


def _host_pattern(host: str) -> str:
    if host[0] == ".":
        return rf"(?:{_LABEL}\.)*{_any_case(host[1:])}"
    return _any_case(host)


def _any_case(text: str) -> str:
    return "".join(map(_either_case, text))


def _either_case(character: str) -> str:
    if character.isascii() and character.isalpha():
        return f"[{character.upper()}{character}]"
    return f"\\{character}" if character in ".+[]" else character
