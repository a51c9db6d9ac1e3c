"""A token that was good a moment ago is not looked up again, and not trusted for long."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import operations, recent
from accounts.models import ApiToken
from tests.conftest import ACME

pytestmark = pytest.mark.django_db


@pytest.fixture
def seconds(monkeypatch):
    """Let time pass."""
    now = [1_000.0]
    monkeypatch.setattr(recent.time, "monotonic", lambda: now[0])

    def pass_by(passed):
        now[0] += passed

    return pass_by


def looked_up(api):
    with CaptureQueriesContext(connection) as queries:
        answer = api.get("/v1/incident")
    return answer.status_code, any("accounts_apitoken" in query["sql"] for query in queries)


def test_a_token_is_looked_up_once_a_second(viewer_api, seconds):
    assert looked_up(viewer_api) == (200, True)
    seconds(0.9)
    assert looked_up(viewer_api) == (200, False)
    seconds(0.2)
    assert looked_up(viewer_api) == (200, True)


def test_a_token_revoked_elsewhere_is_refused_within_a_second(viewer_api, seconds, acme):
    assert looked_up(viewer_api)[0] == 200
    ApiToken.objects.update(revoked_at=timezone.now())
    seconds(1.1)
    assert looked_up(viewer_api)[0] == 401


def test_a_token_revoked_here_is_refused_at_once(viewer_api, seconds, acme):
    assert looked_up(viewer_api)[0] == 200
    operations.revoke_token(tenant_id=ACME, prefix=ApiToken.objects.get().prefix)
    assert looked_up(viewer_api)[0] == 401


def test_a_token_is_trusted_no_longer_than_it_lasts(api_of, seconds):
    api = api_of(ACME, "viewer", expires_at=timezone.now() + timedelta(seconds=0.5))
    assert looked_up(api)[0] == 200
    seconds(0.6)
    assert looked_up(api)[1]


def test_what_was_refused_is_looked_up_again(anonymous_api):
    anonymous_api.credentials(HTTP_AUTHORIZATION=f"Bearer inc_{'A' * 43}")
    assert [looked_up(anonymous_api) for _ in range(2)] == [(401, True)] * 2


def test_what_is_remembered_is_bounded(viewer_api, monkeypatch):
    monkeypatch.setattr(recent, "_kept", dict.fromkeys(map(str, range(10_000))))
    assert looked_up(viewer_api)[0] == 200
    assert len(recent._kept) == 1
