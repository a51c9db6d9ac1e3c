"""Deployers, with a password of their own, and nobody else."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import User

PAGES = [
    "/admin/",
    "/admin/accounts/apitoken/",
    "/admin/attributes/attributemeta/add/",
    "/admin/incidents/incident/",
    "/admin/no/such/page/",
]


@pytest.mark.parametrize("page", PAGES)
def test_an_anonymous_visitor_is_sent_to_the_login(db, page):
    response = Client().get(page)
    assert response.status_code == 302
    assert response.url.startswith("/admin/login/")


@pytest.mark.parametrize("page", PAGES)
def test_a_user_who_is_no_deployer_is_refused(db, page):
    user = User.objects.create_user("nora", password="correct horse")
    user.user_permissions.set(Permission.objects.all())
    client = Client()
    client.force_login(user)
    response = client.get(page)
    assert response.status_code == 302
    assert response.url.startswith("/admin/login/")


def test_the_login_admits_a_deployer(dora):
    client = Client()
    response = client.post("/admin/login/", {"username": "dora", "password": "correct horse"})
    assert response.status_code == 302
    assert client.get("/admin/").status_code == 200


@pytest.fixture
def newcomer(tenants) -> Client:
    User.objects.create_user(
        "dora", password="one time only", is_staff=True, password_is_one_time=True
    )
    client = Client()
    client.login(username="dora", password="one time only")
    return client


@pytest.mark.parametrize("page", PAGES)
def test_a_one_time_password_opens_nothing_but_its_change(newcomer, page):
    response = newcomer.get(page)
    assert response.status_code == 302
    assert response.url == reverse("admin:password_change")
    shown = newcomer.get(response.url).content.decode()
    assert "for one time only" in shown
    assert "nav-sidebar" not in shown.split("</head>")[1]
    assert "tenant-chooser" not in shown


def change_password(client, new):
    data = {"old_password": "one time only", "new_password1": new, "new_password2": new}
    return client.post(reverse("admin:password_change"), data)


def test_a_one_time_password_ends_with_its_change(newcomer):
    assert change_password(newcomer, "battery staple").status_code == 302
    assert not User.objects.get().password_is_one_time
    assert newcomer.get("/admin/").status_code == 200


def test_a_one_time_password_is_not_replaced_by_itself(newcomer):
    response = change_password(newcomer, "one time only")
    assert response.status_code == 200
    assert User.objects.get().password_is_one_time


def test_a_one_time_password_may_log_out(newcomer):
    assert newcomer.post(reverse("admin:logout")).status_code == 200
    assert "_auth_user_id" not in newcomer.session


def test_a_user_who_is_added_may_enter_and_must_replace_the_password(admin_client):
    data = {"username": "dirk", "password1": "tr0ub4dor&3x", "password2": "tr0ub4dor&3x"}
    assert admin_client.post(reverse("admin:accounts_user_add"), data).status_code == 302
    dirk = User.objects.get(username="dirk")
    assert dirk.is_deployer
    assert dirk.password_is_one_time
    assert not dirk.is_superuser


def test_a_password_set_for_somebody_else_is_for_one_time(admin_client):
    dirk = User.objects.create_user("dirk", password="forgotten it", is_staff=True)
    page = reverse("admin:auth_user_password_change", args=[dirk.pk])
    assert admin_client.get(page).status_code == 200
    data = {"password1": "tr0ub4dor&3x", "password2": "tr0ub4dor&3x"}
    assert admin_client.post(page, data).status_code == 302
    dirk.refresh_from_db()
    assert dirk.password_is_one_time
    assert dirk.check_password("tr0ub4dor&3x")


def test_nobody_locks_themselves_out(admin_client, dora):
    page = reverse("admin:accounts_user_change", args=[dora.pk])
    response = admin_client.post(page, {"username": "dora", "is_staff": "on"})
    assert "is_active" in response.context["adminform"].form.errors
    dora.refresh_from_db()
    assert dora.is_active


def test_another_user_can_be_kept_out(admin_client):
    dirk = User.objects.create_user("dirk", password="tr0ub4dor&3x", is_staff=True)
    page = reverse("admin:accounts_user_change", args=[dirk.pk])
    assert admin_client.post(page, {"username": "dirk", "is_staff": "on"}).status_code == 302
    dirk.refresh_from_db()
    assert not dirk.is_deployer
