"""What goes wrong in the admin is told on a page; elsewhere it is a problem."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from attributes.admin import AttributeMetaAdmin
from attributes.operations.archive import archive_attribute

LIST = reverse("admin:attributes_attributemeta_changelist")
NOBODY = "00000000-0000-7000-8000-000000000000"
BACK = f'href="{reverse("admin:index")}">Back'


def page(response, status):
    assert response.status_code == status
    assert response.headers["Content-Type"].startswith("text/html")
    for header in ("Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options"):
        assert header in response.headers
    shown = response.content.decode()
    assert BACK in shown
    return shown


@pytest.mark.parametrize(
    "path",
    [
        "/admin/no/such/page/",
        "/admin/nowhere",
        f"{LIST}{NOBODY}/history/",
        f"{LIST}{NOBODY}/schema/rename/",
    ],
)
def test_what_is_not_there_is_told_on_a_page_with_a_way_back(admin_client, path):
    assert "There is nothing here." in page(admin_client.get(path), 404)


def test_what_is_not_there_keeps_the_menu_and_the_tenant(admin_client):
    shown = page(admin_client.get("/admin/nowhere"), 404)
    assert 'id="nav-sidebar"' in shown
    assert 'id="tenant-chooser"' in shown


def test_what_is_not_allowed_is_told_on_a_page(admin_client, make_attribute, dee):
    count = make_attribute()
    archive_attribute(principal=dee, name="count")
    page(admin_client.post(reverse("admin:attributes_attributemeta_change", args=[count.pk])), 403)


def test_what_cannot_be_read_is_told_on_a_page(admin_client):
    page(admin_client.get(LIST, {"aliases__attribute__slot": "a1"}), 400)


def test_a_fault_is_told_on_a_page_that_names_its_log_line(admin_client, monkeypatch):
    def fail(*_args):
        raise KeyError("secret")

    monkeypatch.setattr(AttributeMetaAdmin, "get_queryset", fail)
    admin_client.raise_request_exception = False
    response = admin_client.get(LIST)
    shown = page(response, 500)
    assert response.headers["X-Correlation-ID"] in shown
    assert "secret" not in shown


@pytest.mark.parametrize("path", ["/v1/nowhere", "/nowhere", "/adminx"])
def test_elsewhere_it_stays_a_problem(db, path):
    response = Client().get(path)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert json.loads(response.content)["code"] == "not_found"
