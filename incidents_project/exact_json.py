"""JSON in and out of Python without a number being rounded on the way.

The one place that knows how: what the database keeps and what the API answers are both written
here. What clients send is read by the strict parser instead.
"""

import json
from decimal import Decimal
from typing import Any

import orjson
from django.utils.functional import Promise

_NARROWEST, _WIDEST = -(2**63), 2**64  # what orjson writes as an integer lies between


def dumps(value: Any, *, sort_keys: bool = False) -> bytes:
    """JSON text, every number exact; times of the UTC zone end in ``Z``."""
    option = orjson.OPT_UTC_Z | (orjson.OPT_SORT_KEYS if sort_keys else 0)
    try:
        return orjson.dumps(value, default=_exact, option=option)
    except orjson.JSONEncodeError as error:
        if "64-bit" not in str(error):
            raise
    return orjson.dumps(_widened(value), default=_exact, option=option)


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) < 19 else Decimal(text)


loads = json.JSONDecoder(parse_float=Decimal, parse_int=_integer).decode


def _exact(value: Any) -> Any:
    """What orjson does not know by itself."""
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(format(value, "f"))
    if isinstance(value, Promise):  # a text that Django translates late
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _widened(value: Any) -> Any:
    """``value`` with every integer that orjson refuses written out."""
    if isinstance(value, dict):
        return {name: _widened(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_widened(item) for item in value]
    if isinstance(value, int) and not _NARROWEST <= value < _WIDEST:
        return orjson.Fragment(str(value))
    return value
