"""Deployers in front of the admin, and what they look at."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from accounts.models import Tenant, User
from tests.conftest import ACME, GLOBEX


@pytest.fixture
def tenants(db: None) -> list[Tenant]:
    return [Tenant.objects.create(id=tenant_id) for tenant_id in (ACME, GLOBEX)]


@pytest.fixture
def dora(tenants: list[Tenant]) -> User:
    return User.objects.create_user("dora", password="correct horse", is_staff=True)


@pytest.fixture
def admin_client(dora: User) -> Client:
    """Dora, looking at acme."""
    client = Client()
    client.force_login(dora)
    choose(client, ACME)
    return client


def choose(client: Client, tenant_id: str, page: str = "/admin/") -> Any:
    return client.post(reverse("admin:choose_tenant"), {"tenant": tenant_id, "next": page})


@pytest.fixture
def act(admin_client: Client) -> Callable[..., Any]:
    """Carry out an action of a list: the question, then its confirmation."""

    def carry_out(model: str, action: str, pk: Any, *, confirmed: bool = True) -> Any:
        data = {"action": action, "_selected_action": str(pk)}
        if confirmed:
            data["confirmed"] = "yes"
        return admin_client.post(reverse(f"admin:{model}_changelist"), data)

    return carry_out


def said(response: Any) -> str:
    """The newest message that the next page shows."""
    return str(list(get_messages(response.wsgi_request))[-1])
