"""Addresses of electronic mail."""

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from attributes.types.base import EQUALITY, ORDER, TEXT, AttributeType, Json, wrong_type
from attributes.types.characters import ONE_LINE
from incidents_project.refusals import ValueRefused

LONGEST = 254  # RFC 5321 leaves no more for an address in a path

_WORD = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# The last label begins with a letter, so that an IP address is none.
_TOP = r"[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
LOCAL_PATTERN = r"^[^@]{1,64}@"
PATTERN = rf"^{_WORD}(?:\.{_WORD})*@(?:{_LABEL}\.)+{_TOP}$"
_ADDRESS = re.compile(PATTERN)
_LOCAL = re.compile(LOCAL_PATTERN)


def is_email(value: str) -> bool:
    """Whether mail could be sent there, by its looks."""
    return bool(
        len(value) <= LONGEST
        and value.isascii()
        and _LOCAL.match(value)
        and _ADDRESS.fullmatch(value)
    )


@dataclass(frozen=True, kw_only=True)
class EmailType(AttributeType):
    """An address as people write it: no quotes, comments or display name, and a domain with a dot.

    ASCII alone: a domain in another script is sent in its ``xn--`` form. The domain is kept in
    lower case; what stands before the @ is the receiving host's business and stays as it is.
    """

    name: ClassVar[str] = "EMAIL"
    label: ClassVar[str] = "Email address"
    example: ClassVar[Json] = "on-call@example.com"
    widget: ClassVar[str] = "email"
    operators: ClassVar[tuple[str, ...]] = (*EQUALITY, *ORDER, *TEXT)
    ordered: ClassVar[bool] = True

    def clean(self, raw: Json) -> str:
        """The address with its domain in lower case."""
        if not isinstance(raw, str):
            raise wrong_type("an email address such as on-call@example.com")
        if len(raw) > LONGEST:
            raise ValueRefused("too_long", f"Must have at most {LONGEST} characters.")
        if not is_email(raw):
            raise ValueRefused(
                "invalid", "Must be an email address such as on-call@example.com, in ASCII."
            )
        local, _, domain = raw.partition("@")
        return f"{local}@{domain.lower()}"

    def json_schema(self) -> dict[str, Any]:
        """A JSON string of that form."""
        return {
            "type": "string",
            "format": "email",
            "maxLength": LONGEST,
            "pattern": PATTERN,
            "allOf": [{"pattern": LOCAL_PATTERN}],
        } | ONE_LINE
