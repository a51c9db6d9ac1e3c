"""Text of one line."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from attributes.types import email, ip
from attributes.types.base import (
    EQUALITY,
    LARGEST_INDEXED,
    ORDER,
    TEXT,
    AttributeType,
    Json,
    crossed_bounds,
    rule,
)
from attributes.types.characters import (
    ONE_LINE,
    check_length,
    clean_choice,
    clean_line,
    length_schema,
)
from attributes.types.pattern import COSTLIEST, LONGEST, Pattern, clean_pattern, compiled
from attributes.types.text import LEAST, MOST, clean_least, clean_most
from attributes.types.text import LONGEST as LONGEST_TEXT
from incidents_project.refusals import Fault, ValueRefused

_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOSTNAME = rf"{_LABEL}(?:\.{_LABEL})*"
_LONGEST_HOSTNAME = 253
# As people write numbers: +, digits, and what they group digits with; 3 to 15 digits, as in E.164.
_PHONE = r"\+?\(?[0-9](?:[ ()-]*[0-9]){2,14}"
_IS_HOSTNAME = re.compile(_HOSTNAME)
_IS_PHONE = re.compile(_PHONE)


class _Format(NamedTuple):
    words: str
    holds: Callable[[str], object]
    patterns: tuple[str, ...]
    longest: int | None = None


def _is_hostname(value: str) -> bool:
    return len(value) <= _LONGEST_HOSTNAME and _IS_HOSTNAME.fullmatch(value) is not None


FORMATS = {
    "email": _Format(
        "an email address such as on-call@example.com",
        email.is_email,
        (email.PATTERN, email.LOCAL_PATTERN),
        email.LONGEST,
    ),
    "phone": _Format(
        "a telephone number of 3 to 15 digits such as +65 6123 4567",
        _IS_PHONE.fullmatch,
        (f"^{_PHONE}$",),
    ),
    "ip": _Format("an IP address such as 192.0.2.1", ip.is_ip, (ip.PATTERN,)),
    "hostname": _Format(
        "a host name such as db1.example.com", _is_hostname, (f"^{_HOSTNAME}$",), _LONGEST_HOSTNAME
    ),
}


@dataclass(frozen=True, kw_only=True)
class StringType(AttributeType):
    """Text of one line; empty text is a value, unless a rule says otherwise.

    A ``format`` checks and changes nothing; EMAIL and IP are types that keep a canonical form.
    """

    name: ClassVar[str] = "STRING"
    label: ClassVar[str] = "Text"
    example: ClassVar[Json] = "eu-west-1"
    widget: ClassVar[str] = "text"
    operators: ClassVar[tuple[str, ...]] = (*EQUALITY, *ORDER, *TEXT)
    ordered: ClassVar[bool] = True

    min_length: int = rule(0, clean_least, LEAST, "The fewest characters allowed.")
    max_length: int = rule(255, clean_most, MOST, "The most characters allowed.")
    pattern: str | None = rule(
        None,
        clean_pattern,
        {"type": "string", "format": "regex", "minLength": 1, "maxLength": LONGEST},
        "A regular expression that must be found in the text; ^ and $ make it the whole text.",
    )
    format: str | None = rule(
        None,
        clean_choice(*FORMATS),
        {"type": "string", "enum": list(FORMATS)},
        "What the text must look like; a phone number is + (optional), digits, spaces, dashes and"
        " parentheses.",
    )

    @cached_property
    def _pattern(self) -> Pattern | None:
        return None if self.pattern is None else compiled(self.pattern)

    def clean(self, raw: Json) -> str:
        """The text, untouched."""
        value = clean_line(raw)
        check_length(value, self.min_length, self.max_length)
        if self.format is not None and not FORMATS[self.format].holds(value):
            raise ValueRefused("invalid", f"Must be {FORMATS[self.format].words}.")
        if self._pattern is not None and not self._pattern.search(value):
            raise ValueRefused("pattern", f"Must match {self.pattern}")
        return value

    def contradictions(self) -> Iterator[Fault]:
        """min_length above max_length, or a pattern too costly for so long a text."""
        yield from crossed_bounds(self.min_length, self.max_length, "min_length", "max_length")
        longest = FORMATS[self.format].longest if self.format else None
        if longest is not None and self.min_length > longest:
            yield Fault(
                "rules.min_length", "contradiction", f"A {self.format} has at most {longest}."
            )
        if self._pattern is not None and self._pattern.size * self.max_length > COSTLIEST:
            most = COSTLIEST // self._pattern.size
            words = f"Is too costly for a max_length above {most}. Say less in counted repetitions."
            yield Fault("rules.pattern", "pattern_too_costly", words)

    @cached_property
    def loosened(self) -> "StringType":
        """Text of any length."""
        return StringType(max_length=LONGEST_TEXT)

    @property
    def index_method(self) -> str | None:
        """None where a value may be longer than an index holds; a character has up to 4 bytes."""
        return "btree" if 4 * self.max_length <= LARGEST_INDEXED else None

    def json_schema(self) -> dict[str, Any]:
        """A JSON string of one line."""
        form = FORMATS[self.format] if self.format else None
        longest = self.max_length
        if form is not None and form.longest is not None:
            longest = min(longest, form.longest)
        schema = length_schema(self.min_length, longest) | ONE_LINE
        if self.pattern is not None:
            schema["pattern"] = self.pattern
        if form is not None:
            schema["allOf"] = [{"pattern": pattern} for pattern in form.patterns]
        return schema
