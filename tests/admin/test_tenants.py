"""One tenant's rows at a time."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.admin.conftest import choose
from tests.conftest import ACME, GLOBEX

INCIDENTS = reverse("admin:incidents_incident_changelist")


@pytest.fixture
def incidents(admin_client, make_attribute, make_incident, ada, cleo):
    make_attribute("region", "STRING", label="Region")
    return {
        ACME: make_incident(ada, name="Disk full", attributes={"region": "eu-west-1"}),
        GLOBEX: make_incident(cleo, name="Door stuck", attributes={"region": "us-east-1"}),
    }


def page_of(incident):
    return reverse("admin:incidents_incident_change", args=[incident["id"]])


def test_the_list_holds_the_chosen_tenants_incidents_alone(admin_client, incidents):
    listed = admin_client.get(INCIDENTS).content.decode()
    assert "Disk full" in listed
    assert "Door stuck" not in listed
    choose(admin_client, GLOBEX)
    listed = admin_client.get(INCIDENTS).content.decode()
    assert "Door stuck" in listed
    assert "Disk full" not in listed


def test_an_incident_is_shown_with_its_values_and_its_history(admin_client, incidents):
    shown = admin_client.get(page_of(incidents[ACME])).content.decode()
    assert "region" in shown
    assert "eu-west-1" in shown
    assert "incident.created" in shown


def test_another_tenants_incident_is_not_there_by_id(admin_client, incidents):
    response = admin_client.get(page_of(incidents[GLOBEX]), follow=True)
    assert response.redirect_chain
    assert "Door stuck" not in response.content.decode()


@pytest.mark.parametrize("model", ["apitoken", "event"])
def test_another_tenants_rows_are_not_there_by_filter(admin_client, incidents, model):
    page = {
        "apitoken": reverse("admin:accounts_apitoken_changelist", query={"tenant_id": GLOBEX}),
        "event": reverse("admin:history_tenantevent_changelist", query={"tenant_id": GLOBEX}),
    }[model]
    assert admin_client.get(page).context["cl"].result_count == 0


def test_with_several_tenants_and_none_chosen_the_admin_asks(dora, incidents):
    client = Client()
    client.force_login(dora)
    asked = client.get(INCIDENTS)
    assert asked.templates[0].name == "admin/ask_for_tenant.html"
    assert choose(client, GLOBEX, INCIDENTS).url == INCIDENTS
    assert "Door stuck" in client.get(INCIDENTS).content.decode()


def test_an_only_tenant_needs_no_choice(dora, tenants):
    tenants[1].delete()
    client = Client()
    client.force_login(dora)
    assert client.get(INCIDENTS).context["chosen_tenant"] == ACME


def test_a_tenant_that_does_not_exist_is_not_chosen(admin_client):
    choose(admin_client, "nobody")
    assert admin_client.get(INCIDENTS).context["chosen_tenant"] == ACME


def test_after_the_choice_the_page_of_one_incident_becomes_the_list(admin_client, incidents):
    assert choose(admin_client, GLOBEX, page_of(incidents[ACME])).url == INCIDENTS


@pytest.mark.parametrize("page", ["https://evil.example/", "//evil.example/", "/docs", "/admin/x"])
def test_the_choice_leads_nowhere_else(admin_client, page):
    assert choose(admin_client, GLOBEX, page).url in {"/admin/", "/admin/x"}


def test_the_choice_is_not_made_by_a_link(admin_client):
    assert admin_client.get(reverse("admin:choose_tenant")).status_code == 405
