"""A bucket for each principal, refilled by the clock."""

from types import SimpleNamespace

from rest_framework.test import APIRequestFactory

from incidents_project.http.throttle import Buckets, PrincipalThrottle

SECOND = 1_000_000_000
ADA = ("acme", "ada")
BO = ("acme", "bo")


def test_a_burst_is_as_large_as_the_rate_and_then_it_is_one_by_one():
    buckets = Buckets()
    assert [buckets.take(ADA, 5, SECOND) for _ in range(5)] == [0] * 5
    assert buckets.take(ADA, 5, SECOND) == SECOND // 5
    assert buckets.take(ADA, 5, SECOND + SECOND // 5) == 0
    assert buckets.take(ADA, 5, SECOND + SECOND // 5) > 0


def test_one_principal_does_not_empty_the_bucket_of_another():
    buckets = Buckets()
    assert buckets.take(ADA, 1, 0) == 0
    assert buckets.take(ADA, 1, 0) == SECOND
    assert buckets.take(BO, 1, 0) == 0


def test_being_refused_costs_nothing():
    buckets = Buckets()
    buckets.take(ADA, 1, 0)
    assert {buckets.take(ADA, 1, 10) for _ in range(100)} == {SECOND - 10}


def test_full_buckets_are_forgotten():
    buckets = Buckets(sweep_at=10)
    for moment in range(1_000):
        buckets.take(("acme", str(moment)), 10, moment * SECOND)
        assert len(buckets) <= 11


def ask(principal):
    request = APIRequestFactory().get("/")
    request.principal = principal
    throttle = PrincipalThrottle()
    return throttle.allow_request(SimpleNamespace(_request=request), None), throttle.wait()


def test_the_rate_is_a_setting(settings, monkeypatch):
    monkeypatch.setattr(PrincipalThrottle, "buckets", Buckets())
    ada = SimpleNamespace(tenant_id="acme", subject="ada")
    settings.THROTTLE_RATE = 1
    assert ask(ada) == (True, 0)
    allowed, wait = ask(ada)
    assert not allowed
    assert 0 < wait <= 1
    assert ask(None) == (True, 0)
    settings.THROTTLE_RATE = 0
    assert ask(ada) == (True, 0)
