"""Asked of every model at once."""

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from accounts import operations, tenancy
from accounts.admin_base import DeployerModelAdmin
from accounts.models import User
from accounts.principal import Role
from attributes.operations.change import carry_out
from attributes.operations.option_sets import define_option_set
from attributes.operations.retype import Retype
from incidents.models import Code
from incidents.operations.comments import add_comment
from tests.conftest import ACME

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


def url(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def fill(dora, ada, dee, make_attribute, make_incident):
    """Some rows of every model; called again, more of them."""
    rounds = iter("abc")

    def more():
        which = next(rounds)
        make_attribute(f"region_{which}", "STRING", label="Region")
        change = Retype(make_attribute(f"count_{which}", "STRING").name, {"type": "INTEGER"})
        carry_out(change, principal=dee)
        options = [{"code": "EU", "label": "<b>Europe</b>"}]
        define_option_set(principal=dee, members={"name": f"set_{which}", "options": options})
        for number in range(3):
            incident = make_incident(attributes={f"region_{which}": "<b>eu</b>"})
            add_comment(principal=ada, incident_id=incident["id"], body={"text": f"No {number}"})
            operations.create_token(tenant_id=ACME, roles=[Role.VIEWER], name="Reader", actor="a")
            User.objects.create_user(f"dirk{which}{number}", is_staff=True)

    more()
    return more


def get(client, page):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = client.get(page)
    assert response.status_code == 200, page
    return response, [query["sql"] for query in queries]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_lists_and_pages_keep_their_number_of_queries(admin_client, fill, model):
    def ask():
        with tenancy.scope(ACME):
            rows = model.objects.all()
            if hasattr(model, "tenant_id"):
                rows = rows.filter(tenant_id=ACME)
            pk = rows.first().pk
        return [
            len(get(admin_client, p)[1])
            for p in (url(model, "changelist"), url(model, "change", pk))
        ]

    ask()  # content types and the schema are cached by the first
    before = ask()
    fill()
    ask()
    assert ask() == before
    assert max(before) < 20


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_add_pages_answer_where_adding_is_allowed(admin_client, model):
    expected = 200 if admin.site._registry[model].may_add else 403
    assert admin_client.get(url(model, "add")).status_code == expected


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_nothing_is_deleted(admin_client, fill, model):
    with tenancy.scope(ACME):
        pk = model.objects.first().pk
        count = model.objects.count()
    assert admin_client.post(url(model, "delete", pk), {"post": "yes"}).status_code == 403
    selected = {"action": "delete_selected", "_selected_action": str(pk), "post": "yes"}
    admin_client.post(url(model, "changelist"), selected)
    with tenancy.scope(ACME):
        assert model.objects.count() == count
    for page in (url(model, "changelist"), url(model, "change", pk)):
        shown = admin_client.get(page).content.decode()
        assert "/delete/" not in shown
        assert "delete_selected" not in shown


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_model_is_registered_with_the_deployers_rules(model):
    assert isinstance(admin.site._registry[model], DeployerModelAdmin)


def test_there_are_no_groups():
    with pytest.raises(NoReverseMatch):
        reverse("admin:auth_group_changelist")


def test_no_page_holds_inline_script_or_style(admin_client, fill):
    pages = [
        *(url(model, "changelist") for model in MODELS),
        url(Code, "add"),
        url(MODELS[-1], "add") if admin.site._registry[MODELS[-1]].may_add else "/admin/",
        "/admin/",
        "/admin/password_change/",
    ]
    for page in pages:
        response = admin_client.get(page)
        assert "default-src 'self'" in response["Content-Security-Policy"]
        shown = response.content.decode()
        assert " style=" not in shown
        assert "<style" not in shown
        assert "onclick=" not in shown


def test_what_was_recorded_is_never_markup(admin_client, fill):
    with tenancy.scope(ACME):
        incident = next(m for m in MODELS if m.__name__ == "Incident")
        pk = incident.objects.first().pk
    shown = admin_client.get(url(incident, "change", pk)).content.decode()
    assert "&lt;b&gt;eu&lt;/b&gt;" in shown
    assert "<b>eu</b>" not in shown
