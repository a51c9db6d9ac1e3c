"""JSON in: what is refused, in which words, and that the rest reads back exactly."""

import json
import time
from contextlib import suppress
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from incidents_project.http import problem
from incidents_project.http.parser import body_object, loads
from incidents_project.http.response import Response
from incidents_project.refusals import Invalid, Refusal

REFUSED = [
    (b"", "empty_body"),
    (b" \n\t", "empty_body"),
    (b"\xef\xbb\xbf{}", "bad_encoding"),
    (b"\xff\xfe{\x00}\x00", "bad_encoding"),
    (b'{"a": "\xe9"}', "bad_encoding"),
    (b'"\xed\xa0\x80"', "bad_encoding"),  # a surrogate, encoded
    (b"{", "unreadable_json"),
    (b'{"a": 1,}', "unreadable_json"),
    (b"{'a': 1}", "unreadable_json"),
    (b"{} {}", "unreadable_json"),
    (b"01", "unreadable_json"),
    (b"1.", "unreadable_json"),
    (b"+1", "unreadable_json"),
    (b'"a\nb"', "unreadable_json"),
    (b'"a\x00b"', "unreadable_json"),
    (b"\x00", "unreadable_json"),
    (b"]" * 50 + b"[" * 50, "unreadable_json"),
    (b'{"a": 1, "a": 1}', "duplicate_member"),
    (b'{"a": 1, "\\u0061": 2}', "duplicate_member"),
    (b'[{"b": {"c": 1, "d": 2, "c": 3}}]', "duplicate_member"),
    (b"NaN", "bad_number"),
    (b"[Infinity]", "bad_number"),
    (b'{"a": -Infinity}', "bad_number"),
    (b"1e400", "bad_number"),
    (b"-1e400", "bad_number"),
    (b"1e-50", "bad_number"),
    (b"1e40", "bad_number"),
    (b"0e99", "bad_number"),
    (b"1e" + b"9" * 30, "bad_number"),
    (b"1e-" + b"9" * 30, "bad_number"),
    (b"9" * 41, "bad_number"),
    (b"-" + b"9" * 41, "bad_number"),
    (b"9" * 5_000, "bad_number"),
    (b"0." + b"1" * 40, "bad_number"),
    (b'"\\u0000"', "bad_character"),
    (b'{"\\u0000": 1}', "bad_character"),
    (b'"\\ud800"', "bad_character"),
    (b'["\\uDFFF"]', "bad_character"),
    (b'"\\ude00\\ud83d"', "bad_character"),  # the halves the wrong way round
    (b"[" * 33 + b"]" * 33, "too_deep"),
    (b'{"a":' * 33 + b"1" + b"}" * 33, "too_deep"),
    (b"[" * 1_000_000, "too_deep"),
    (b'{"a":[' * 150_000, "too_deep"),
]


@pytest.mark.parametrize(("body", "code"), REFUSED, ids=lambda value: repr(value)[:40])
def test_what_cannot_be_kept_is_refused_with_its_own_code(body, code):
    with pytest.raises(Invalid) as refusal:
        loads(body)
    assert refusal.value.code == code
    assert code in problem.CODES
    assert len(refusal.value.detail) < 200


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"[" * 32 + b"]" * 32, None),
        (b'["' + b"[" * 99 + b'"]', ["[" * 99]),
        (b'["\\"' + b"{" * 99 + b'\\\\"]', ['"' + "{" * 99 + "\\"]),
        (b"[" + b"[]," * 99 + b"{}]", [[]] * 99 + [{}]),
        (b"9" * 40, int("9" * 40)),
        (b"-" + b"9" * 40, -int("9" * 40)),
        (b"1e39", Decimal("1e39")),
        (b"0." + b"1" * 39, Decimal("0." + "1" * 39)),
        (b"-0", 0),
        (b"-0.0", Decimal("0.0")),
        (b'"\\\\u0000"', "\\u0000"),
        (b'"\\ud83d\\ude00"', "\N{GRINNING FACE}"),
        (' "é" '.encode(), "é"),
        (b"null", None),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_comes_close_is_read(body, value):
    read = loads(body)
    if value is not None:
        assert read == value
        assert type(read) is type(value)


def test_zero_has_no_sign():
    assert str(loads(b"-0.00")) == "0.00"
    assert str(loads(b"-0")) == "0"


def test_a_fraction_is_exact():
    assert (
        str(loads(b"0.1000000000000000055511151231257827"))
        == "0.1000000000000000055511151231257827"
    )


def test_a_refusal_says_where():
    with pytest.raises(Invalid, match=r"at line 2, column 6\.$"):
        loads(b'{\n"a": ?}')


def test_a_member_that_stands_twice_is_named():
    with pytest.raises(Invalid, match='"count" stands more than once'):
        loads(b'{"count": 1, "name": "x", "count": 2}')


def test_every_text_that_cannot_be_stored_is_reported_at_its_place():
    with pytest.raises(Invalid) as refusal:
        loads(b'{"a": [{"b": "\\u0000"}], "c": "\\ud800", "d": "fine"}')
    assert [fault.field for fault in refusal.value.faults] == ["a[0].b", "c"]


@pytest.mark.parametrize(
    "body",
    [
        b'"' + b'\\"' * 500_000,
        b'"' * 1_000_000,
        b"[" + b"[]," * 340_000,
        b"[" * 40 + b'"\\u0000",' * 100_000,
        b'{"a' + b"\\" * 999_999,
        b"{" + b'"a":1,' * 160_000 + b'"b":1}',
        b"1" * 1_000_000,
        b"0." + b"1" * 1_000_000,
    ],
    ids=lambda body: repr(body[:12]),
)
def test_a_hostile_mebibyte_costs_no_more_than_reading_it(body):
    started = time.process_time()
    with pytest.raises(Refusal):
        loads(body)
    assert time.process_time() - started < 2  # quadratic would be minutes


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
numbers = st.integers(-(10**40) + 1, 10**40 - 1) | st.decimals(
    -(10**15), 10**15, places=12, allow_nan=False
).map(float).filter(lambda number: number == 0 or abs(number) > 1e-12)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


def with_decimals(value):
    return json.loads(json.dumps(value), parse_float=Decimal)


@given(values, st.booleans())
def test_every_value_within_bounds_reads_back(value, ascii_only):
    assert loads(json.dumps(value, ensure_ascii=ascii_only).encode()) == with_decimals(value)


@given(st.binary(max_size=60) | st.text('[]{}",:\\u0d8.e-19 ', max_size=60).map(str.encode))
def test_no_bytes_raise_anything_but_a_refusal(body):
    with suppress(Refusal):
        loads(body)


class Echo(APIView):
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    def post(self, request):
        return Response(body_object(request))


def post(body, content_type="application/json", **extra):
    request = APIRequestFactory().generic("POST", "/", body, content_type, **extra)
    return Echo.as_view()(request)


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b'{"a": 1}', "application/json", 200, None),
        (b'{"a": 1}', "Application/JSON; charset=UTF-8", 200, None),
        (b'{"a": 1}', "application/json; charset=latin-1", 415, "unsupported_media_type"),
        (b'{"a": 1}', "application/json; charset=utf-16", 415, "unsupported_media_type"),
        (b"a=1", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b'{"a": 1}', "text/plain", 415, "unsupported_media_type"),
        (b'{"a": 1}', "", 415, "unsupported_media_type"),
        (b'{"a": 1}', "application/*", 415, "unsupported_media_type"),
        (b"[]", "application/json", 400, "wrong_type"),
        (b"null", "application/json", 400, "wrong_type"),
        (b"", "application/json", 400, "empty_body"),
        (b"", "application/x-www-form-urlencoded", 400, "empty_body"),
        (b"[" * 1_000, "application/json", 400, "too_deep"),
    ],
)
def test_a_body_is_one_json_object_in_utf_8(body, content_type, status, code):
    response = post(body, content_type)
    assert response.status_code == status
    if code:
        assert response.headers["Content-Type"] == "application/problem+json"
        assert json.loads(response.content)["code"] == code
    if status == 415:
        assert "application/json" in json.loads(response.content)["detail"]


def test_a_body_that_ends_before_its_length_is_not_taken_for_whole():
    response = post(b"", **{"CONTENT_LENGTH": "100", "wsgi.input": BytesIO(b'{"a": 1}')})
    assert response.status_code == 400
    assert json.loads(response.content)["code"] == "body_cut_short"


def test_the_limit_is_the_last_size_that_passes(settings):
    settings.BODY_LIMIT = 1_024
    assert post(b'"' + b"a" * 1_022 + b'"').status_code == 400  # read, but no object
    response = post(b'"' + b"a" * 1_023 + b'"')
    assert response.status_code == 413
    body = json.loads(response.content)
    assert (body["code"], body["limit"]) == ("body_too_large", 1_024)
