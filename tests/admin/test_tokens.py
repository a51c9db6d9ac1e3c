"""Tokens are shown once, stored hashed, and revoked for good."""

import re

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.models import ApiToken, digest_of
from tests.admin.conftest import choose, said
from tests.conftest import ACME, GLOBEX

ADD = reverse("admin:accounts_apitoken_add")
LIST = reverse("admin:accounts_apitoken_changelist")
TYPED = {"name": "Importer", "roles": ["incident_owner", "viewer"], "expires_at": ""}


@pytest.fixture
def secret(admin_client):
    response = admin_client.post(ADD, TYPED)
    assert "no-store" in response["Cache-Control"]
    return re.search(r"inc_[\w-]{43}", response.content.decode())[0]


def test_a_token_is_shown_once_and_stored_hashed(admin_client, secret, acme):
    token = ApiToken.objects.get()
    assert token.digest == digest_of(secret)
    assert (token.tenant_id, token.created_by) == (ACME, "dora")
    assert token.roles == ["incident_owner", "viewer"]
    for page in (LIST, reverse("admin:accounts_apitoken_change", args=[token.pk])):
        shown = admin_client.get(page).content.decode()
        assert "Importer" in shown
        assert secret not in shown
        assert token.digest not in shown


def test_a_token_works_until_it_is_revoked(admin_client, secret, act, acme):
    token = ApiToken.objects.get()
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert api.get("/v1/incident").status_code == 200
    asked = act("accounts_apitoken", "revoke", token.pk, confirmed=False)
    assert asked.templates[0].name == "admin/confirm_action.html"
    assert api.get("/v1/incident").status_code == 200
    assert said(act("accounts_apitoken", "revoke", token.pk)) == f"{token} was revoked."
    assert api.get("/v1/incident").status_code == 401
    assert said(act("accounts_apitoken", "revoke", token.pk)) == "Revoked already."


def test_another_tenants_token_is_not_revoked(admin_client, secret, act, acme):
    choose(admin_client, GLOBEX)
    act("accounts_apitoken", "revoke", ApiToken.objects.get().pk)
    assert ApiToken.objects.get().revoked_at is None


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"roles": []}, "roles"),
        ({"roles": ["owner"]}, "roles"),
        ({"expires_at": "2020-01-01T00:00"}, "expires_at"),
        ({"expires_at": "tomorrow"}, "expires_at"),
    ],
)
def test_a_refusal_stands_at_its_field_and_no_token_is_made(admin_client, typed, field, acme):
    response = admin_client.post(ADD, TYPED | typed)
    assert list(response.context["adminform"].form.errors) == [field]
    assert not ApiToken.objects.exists()


def test_a_token_is_not_changed(admin_client, secret, acme):
    page = reverse("admin:accounts_apitoken_change", args=[ApiToken.objects.get().pk])
    assert admin_client.post(page, TYPED | {"name": "Other"}).status_code == 403
