"""JSON out: the envelope, exact numbers, and which Accept headers admit it."""

import json
import uuid
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import NotAcceptable
from rest_framework.test import APIRequestFactory

from incidents_project.exact_json import dumps
from incidents_project.http.envelope import Envelope, now
from incidents_project.http.negotiation import JSON, JSONNegotiation
from incidents_project.http.parser import loads
from incidents_project.http.response import Response


def test_data_stands_in_the_envelope():
    body = json.loads(Response({"a": 1}).content)
    assert list(body) == ["data", "sent_at"]
    assert body["data"] == {"a": 1}
    assert datetime.fromisoformat(body["sent_at"]).utcoffset().total_seconds() == 0
    assert body["sent_at"].endswith("Z")


def test_a_page_stands_beside_the_data():
    body = json.loads(Response(Envelope([1], page={"number": 1})).content)
    assert list(body) == ["data", "page", "sent_at"]
    assert body["page"] == {"number": 1}
    assert list(json.loads(Response(Envelope([1])).content)) == ["data", "sent_at"]


@pytest.mark.parametrize("status", [204, 304])
def test_some_statuses_have_no_body(status):
    response = Response(status=status, headers={"ETag": '"1"'})
    assert response.content == b""
    assert dict(response.headers) == {"ETag": '"1"'}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("0.1"), b"0.1"),
        (Decimal("1e39"), b"1" + b"0" * 39),
        (Decimal("100.00"), b"100.00"),
        (2**64 - 1, b"18446744073709551615"),
        (2**64, b"18446744073709551616"),
        (-(2**63) - 1, b"-9223372036854775809"),
        ({"a": [10**39, Decimal("0.5")]}, b'{"a":[1' + b"0" * 39 + b",0.5]}"),
        (datetime(2024, 11, 11, 2, 57, 27, tzinfo=UTC), b'"2024-11-11T02:57:27Z"'),
        (uuid.UUID(int=1), b'"00000000-0000-0000-0000-000000000001"'),
    ],
)
def test_nothing_is_rounded_on_the_way(value, text):
    assert dumps(value) == text


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), object()])
def test_what_is_not_json_is_not_written(value):
    with pytest.raises(TypeError):
        dumps([value])


@given(
    st.integers(-(10**40) + 1, 10**40 - 1)
    | st.decimals(
        allow_nan=False, allow_infinity=False, places=10, min_value=-(10**20), max_value=10**20
    )
)
def test_every_number_that_is_read_is_written_the_same(number):
    assert loads(dumps(number)) == number


def test_now_has_microseconds():
    assert len(now()) == len("2026-01-22T06:31:00.251946Z")


def negotiate(accept):
    extra = {} if accept is None else {"HTTP_ACCEPT": accept}
    request = APIRequestFactory().get("/?format=xml", **extra)
    return JSONNegotiation().select_renderer(request, [JSON()])[1]


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "*/*",
        "application/json",
        "Application/JSON; q=0.5",
        "application/*",
        "application/problem+json",
        "text/html, application/xml;q=0.9, */*;q=0.8",
        "application/json;q=0.001",
    ],
)
def test_headers_that_admit_json(accept):
    assert negotiate(accept) == "application/json"


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml", "application/json;q=0", "*/*; q=0.000", "json"]
)
def test_headers_that_do_not(accept):
    with pytest.raises(NotAcceptable):
        negotiate(accept)
