"""Option sets in the admin, by the same operations as in the API."""

import json

import pytest
from django.urls import reverse

from attributes.models import OptionSet
from history.models import InstanceEvent

pytestmark = pytest.mark.django_db

ADD = reverse("admin:attributes_optionset_add")


def typed(options, **more):
    return {"name": "regions", "label": "Regions", "options": options, **more}


def test_a_set_is_defined_and_changed(admin_client):
    assert admin_client.post(ADD, typed('[{"code": "EU"}]')).status_code == 302
    made = OptionSet.objects.get()
    page = reverse("admin:attributes_optionset_change", args=[made.pk])
    more = json.dumps([{"code": "EU"}, {"code": "US", "label": "States"}])
    assert (
        admin_client.post(page, {"label": "Regions", "options": more, "version": 0}).status_code
        == 302
    )
    made.refresh_from_db()
    assert [option["code"] for option in made.options] == ["EU", "US"]
    actions = InstanceEvent.objects.values_list("action", flat=True)
    assert list(actions) == ["option_set.updated", "option_set.created"]


@pytest.mark.parametrize("options", ["[", "[]", '[{"code": "a"}, {"code": "A"}]', '"EU"'])
def test_options_that_cannot_be_are_told_at_their_field(admin_client, options):
    response = admin_client.post(ADD, typed(options))
    assert response.status_code == 200
    assert "options" in response.context["adminform"].form.errors
    assert not OptionSet.objects.exists()
