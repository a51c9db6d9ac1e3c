"""Addresses of the Internet protocol."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, ClassVar

from attributes.types.base import EQUALITY, AttributeType, Json, rule, wrong_type
from attributes.types.characters import ONE_LINE
from attributes.types.integer import clean_integer
from incidents_project.refusals import Fault, ValueRefused

Network = IPv4Network | IPv6Network

MOST_NETWORKS = 100

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_GROUP = "[0-9A-Fa-f]{1,4}"
V4_FORM = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
_LAST = f"(?:{_GROUP}:{_GROUP}|{V4_FORM})"


def _before_gap(most: int) -> str:
    return f"(?:(?:{_GROUP}:){{0,{most}}}{_GROUP})?::"


# RFC 3986, section 3.2.2: one alternative for each number of groups after the gap.
V6_FORM = (
    "(?:"
    + "|".join(
        [
            f"(?:{_GROUP}:){{6}}{_LAST}",
            f"::(?:{_GROUP}:){{5}}{_LAST}",
            *(f"{_before_gap(most)}(?:{_GROUP}:){{{4 - most}}}{_LAST}" for most in range(5)),
            f"{_before_gap(5)}{_GROUP}",
            _before_gap(6),
        ]
    )
    + ")"
)
V4_PATTERN = f"^{V4_FORM}$"
V6_PATTERN = f"^{V6_FORM}$"
PATTERN = f"^(?:{V4_FORM}|{V6_FORM})$"
_V4 = re.compile(V4_FORM)
_V6 = re.compile(V6_FORM)


def is_ip(value: str) -> bool:
    """Whether this is an address of either version."""
    return bool(_V4.fullmatch(value) or _V6.fullmatch(value))


def shown_v6(address: IPv6Address) -> str:
    """The address as RFC 5952 has it."""
    # Python writes these in one way or another, depending on its version.
    mapped = address.ipv4_mapped
    return f"::ffff:{mapped}" if mapped else str(address)


def clean_version(raw: Json) -> int:
    """4 or 6."""
    value = clean_integer(raw)
    if value not in {4, 6}:
        raise ValueRefused("unknown_option", "Must be 4 or 6.")
    return value


def clean_networks(raw: Json) -> list[str]:
    """Networks in CIDR notation, in canonical form and without repetitions."""
    if not isinstance(raw, list):
        raise wrong_type("a list of networks such as 10.0.0.0/8")
    if not 1 <= len(raw) <= MOST_NETWORKS:
        raise ValueRefused("out_of_range", f"Must be from 1 to {MOST_NETWORKS} networks.")
    return list(dict.fromkeys(_clean_network(item) for item in raw))


def _clean_network(raw: Json) -> str:
    if not isinstance(raw, str):
        raise wrong_type("a list of networks such as 10.0.0.0/8")
    address, _, length = raw.partition("/")
    if is_ip(address) and (length == "" or re.fullmatch("[0-9]{1,3}", length)):
        try:
            loose = ip_network(raw, strict=False)
        except ValueError:
            pass
        else:
            first = loose.network_address
            text = shown_v6(first) if isinstance(first, IPv6Address) else str(first)
            if first == ip_address(address):
                return f"{text}/{loose.prefixlen}"
            raise ValueRefused("invalid", f"Must be the whole network: {text}/{loose.prefixlen}.")
    raise ValueRefused("invalid", "Must be a list of networks such as 10.0.0.0/8 or 2001:db8::/32.")


@dataclass(frozen=True, kw_only=True)
class IpType(AttributeType):
    """An address of IPv4 or IPv6, without zone, port or prefix length.

    Four decimal numbers without leading zeros, or IPv6 in any of its forms. ``::ffff:10.0.0.1`` is
    an address of IPv6, and in no network of IPv4.
    """

    name: ClassVar[str] = "IP"
    label: ClassVar[str] = "IP address"
    example: ClassVar[Json] = "192.0.2.1"
    widget: ClassVar[str] = "text"
    operators: ClassVar[tuple[str, ...]] = (*EQUALITY, "istartswith")

    version: int | None = rule(
        None, clean_version, {"type": "integer", "enum": [4, 6]}, "The only version allowed."
    )
    networks: list[str] | None = rule(
        None,
        clean_networks,
        {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 1,
            "maxItems": MOST_NETWORKS,
        },
        "The networks allowed, in CIDR notation.",
    )

    @cached_property
    def _networks(self) -> tuple[Network, ...]:
        return tuple(ip_network(text) for text in self.networks or ())

    def clean(self, raw: Json) -> str:
        """The address, compressed and in lower case."""
        if not isinstance(raw, str):
            raise wrong_type("an IP address such as 192.0.2.1")
        address: IPv4Address | IPv6Address
        if self.version != 6 and _V4.fullmatch(raw):
            value = raw
            if self._networks:
                self._check_networks(IPv4Address(raw))
        elif self.version != 4 and _V6.fullmatch(raw):
            address = IPv6Address(raw)
            value = shown_v6(address)
            if self._networks:
                self._check_networks(address)
        else:
            kind = f"IPv{self.version}" if self.version else "IP"
            example = "2001:db8::1" if self.version == 6 else "192.0.2.1"
            raise ValueRefused("invalid", f"Must be an {kind} address such as {example}.")
        return value

    def _check_networks(self, address: IPv4Address | IPv6Address) -> None:
        if not any(address in network for network in self._networks):
            allowed = ", ".join(self.networks or ())
            raise ValueRefused("network_not_allowed", f"Must be in one of {allowed}.")

    def contradictions(self) -> Iterator[Fault]:
        """Networks of the other version alone."""
        if self.version and self.networks and not self._of(self.version):
            yield Fault(
                "rules.networks", "contradiction", f"Must have a network of IPv{self.version}."
            )

    def _of(self, version: int) -> list[Network]:
        return [network for network in self._networks if network.version == version]

    def json_schema(self) -> dict[str, Any]:
        """A JSON string of that form.

        Networks of IPv4 are in the pattern. Those of IPv6 are not: an address has too many forms.
        """
        forms = []
        if self.version != 6:
            forms += [_in_network(n) for n in self._of(4)] if self.networks else [V4_FORM]
        if self.version != 4 and (not self.networks or self._of(6)):
            forms.append(V6_FORM)
        return {"type": "string", "pattern": f"^(?:{'|'.join(forms)})$"} | ONE_LINE


def _in_network(network: Network) -> str:
    octets = network.network_address.packed
    parts = []
    for index, octet in enumerate(octets):
        fixed = min(max(network.prefixlen - 8 * index, 0), 8)
        if fixed == 0:
            parts.append(_OCTET)
        else:
            parts.append("|".join(str(octet + more) for more in range(2 ** (8 - fixed))))
    return r"\.".join(f"(?:{part})" for part in parts)
