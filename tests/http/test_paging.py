"""Query parameters of collections, and cursors that nobody else can write."""

import base64
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from incidents_project.http import problem
from incidents_project.http.paging import Page, check_parameters, page_member, seal, unseal
from incidents_project.refusals import Invalid


def query(text):
    return Request(APIRequestFactory().get(f"/?{text}"))


def test_the_first_page_has_ten():
    assert Page.of(query("")) == Page(1, 10, None)
    assert Page.of(query("page=3&size=2")) == Page(3, 2)
    assert Page.of(query("page=3&size=2")).offset == 4
    assert Page.of(query("cursor=abc&size=100")) == Page(1, 100, "abc")
    for farthest in ("page=10000&size=1", "page=100&size=100", "page=1000"):
        assert Page.of(query(farthest))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("page=0", "bad_page"),
        ("page=-1", "bad_page"),
        ("page=", "bad_page"),
        ("page=1.0", "bad_page"),
        ("page=%2B1", "bad_page"),
        ("page=%D9%A1", "bad_page"),  # an Arabic one
        ("page=1&page=1", "bad_page"),
        ("page=9999999999", "bad_page"),
        ("page=10001&size=1", "bad_page"),
        ("page=101&size=100", "bad_page"),
        ("page=1001", "bad_page"),
        ("size=0", "bad_size"),
        ("size=101", "bad_size"),
        ("size=ten", "bad_size"),
        ("size=5&size=6", "bad_size"),
        ("cursor=a&cursor=b", "bad_cursor"),
        ("cursor=a&page=1", "bad_cursor"),
        ("size=0&page=0", "invalid"),
    ],
)
def test_a_bad_page_is_refused(text, code):
    with pytest.raises(Invalid) as refusal:
        Page.of(query(text))
    assert refusal.value.code == code
    assert code in problem.CODES
    assert all(fault.code in problem.CODES for fault in refusal.value.faults)


def test_both_faults_are_reported():
    with pytest.raises(Invalid) as refusal:
        Page.of(query("size=0&page=0"))
    assert [fault.field for fault in refusal.value.faults] == ["page", "size"]


def test_an_unknown_parameter_is_named_with_its_nearest_spelling():
    check_parameters(query("page=1"), {"page"})
    with pytest.raises(Invalid) as refusal:
        check_parameters(query("statsu=NEW&page=1&zzz="), {"page", "status"})
    assert refusal.value.code == "unknown_parameter"
    assert refusal.value.members == {"allowed": ["page", "status"]}
    nearest, unlike = refusal.value.faults
    assert nearest.field == "statsu"
    assert nearest.message.endswith("Did you mean status?")
    assert unlike.message == "There is no such parameter."


positions = st.lists(
    st.none()
    | st.booleans()
    | st.integers(-(10**39), 10**39)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
    | st.decimals(-(10**20), 10**20, places=8),
    max_size=4,
)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), positions)
def test_what_was_sealed_is_unsealed(kind, position):
    text = seal(kind, position)
    assert unseal(kind, text) == position
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_times_are_sealed_as_their_text():
    moment = datetime(2024, 11, 11, 2, 57, 27, 5, tzinfo=UTC)
    sealed = seal("date", [moment, Decimal("0.10")])
    assert unseal("date", sealed) == ["2024-11-11T02:57:27.000005Z", Decimal("0.10")]


SEALED = base64.urlsafe_b64encode(bytes(16) + b'["a"]').decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "====",
        "\0",
        "é",
        "\udc80",
        "a b",
        "a+/",
        "A" * 5_000,
        "A" * 4_096,
        SEALED,
        "AAAA",
        "A" * 22,
    ],
    ids=lambda text: repr(text)[:20],
)
def test_a_made_up_cursor_is_refused(text):
    with pytest.raises(Invalid) as refusal:
        unseal("kind", text)
    assert refusal.value.code == "bad_cursor"


@given(st.text(max_size=60))
def test_no_text_raises_anything_else(text):
    with pytest.raises(Invalid):
        unseal("kind", text)


def test_a_cursor_of_another_query_or_changed_on_the_way_is_refused():
    text = seal("created_at,DESC", ["2024", 1])
    other = "A" if text[0] != "A" else "B"
    for kind, changed in [
        ("date,DESC", text),
        ("created_at,DESC", other + text[1:]),
        ("created_at,DESC", text[:-4]),
    ]:
        with pytest.raises(Invalid):
            unseal(kind, changed)


def test_the_page_member_is_the_contracts():
    assert page_member(
        number=3,
        size=2,
        total_records=35,
        total_is_estimate=False,
        count=2,
        sort=("date,DESC",),
        next_cursor="x",
    ) == {
        "number": 3,
        "size": 2,
        "total_records": 35,
        "total_is_estimate": False,
        "count": 2,
        "sort": ["date,DESC"],
        "next_cursor": "x",
    }
