"""Attributes and codes: the admin calls the operations, and says what they refuse."""

from decimal import Decimal

import pytest
from django.urls import reverse

from attributes.models import AttributeMeta
from attributes.operations.archive import archive_attribute
from history.models import InstanceEvent
from incidents.models import Code

ADD = reverse("admin:attributes_attributemeta_add")
ADD_CODE = reverse("admin:incidents_code_add")


def page_of(definition):
    return reverse("admin:attributes_attributemeta_change", args=[definition.pk])


def filled(definition=None, **typed):
    form = {"label": "", "description": "", "default": "", "rules": "{}", "order": "0"}
    if definition is None:
        form |= {"name": "count", "type": "INTEGER"}
    else:
        form["version"] = str(definition.occ_lock)
    return form | typed


def errors_of(response):
    assert response.status_code == 200
    return response.context["adminform"].form.errors


def actions():
    return list(InstanceEvent.objects.order_by("id").values_list("action", "subject", "name"))


def test_an_attribute_is_added(admin_client, dora):
    typed = filled(label="People", rules='{"min": 0}', default="5", required="on", order="3")
    assert admin_client.post(ADD, typed).status_code == 302
    definition = AttributeMeta.objects.get()
    assert (definition.name, definition.type, definition.label) == ("count", "INTEGER", "People")
    assert (definition.rules, definition.default) == ({"min": 0}, 5)
    assert definition.required
    assert definition.order == 3
    assert actions() == [("attribute.created", f"admin:{dora.pk}", "dora")]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": "two words"}, "name"),
        ({"name": "status"}, "name"),
        ({"name": ""}, "name"),
        ({"type": "COLOUR"}, "type"),
        ({"rules": '{"min": "low"}'}, "rules"),
        ({"rules": '{"smallest": 1}'}, "rules"),
        ({"rules": '{"min": 2, "max": 1}'}, "rules"),
        ({"rules": "[1]"}, "rules"),
        ({"rules": '{"min": 1, "min": 2}'}, "rules"),
        ({"rules": "{" * 5_000}, "rules"),
        ({"default": "many"}, "default"),
        ({"default": "5.5"}, "default"),
        ({"default": "NaN"}, "default"),
        ({"default": "1" + "0" * 39}, "default"),
        ({"order": "99999999999"}, "order"),
        ({"label": "x" * 201}, "label"),
    ],
)
def test_a_refusal_stands_at_its_field_and_nothing_is_added(admin_client, typed, field):
    response = admin_client.post(ADD, filled(**typed))
    assert list(errors_of(response)) == [field]
    assert not AttributeMeta.objects.exists()
    assert actions() == []


def test_every_fault_is_shown_at_once(admin_client):
    response = admin_client.post(ADD, filled(name="a__b", rules='{"min": "low"}', order="x"))
    assert set(errors_of(response)) == {"order"}  # it cannot be read
    response = admin_client.post(ADD, filled(name="a__b", rules='{"min": "low"}'))
    assert set(errors_of(response)) == {"name", "rules"}


def test_a_name_that_is_taken_is_refused_at_the_name(admin_client, make_attribute):
    make_attribute("Count")
    assert list(errors_of(admin_client.post(ADD, filled()))) == ["name"]


def test_an_attribute_is_changed(admin_client, make_attribute):
    count = make_attribute(rules={"min": 0, "max": 9}, default=3)
    typed = filled(count, label="People", rules='{"max": 9}', default="3")
    assert admin_client.post(page_of(count), typed).status_code == 302
    count.refresh_from_db()
    assert (count.label, count.rules, count.default) == ("People", {"max": 9}, 3)
    changed = {change["field"] for change in InstanceEvent.objects.first().changes}
    assert changed == {"label", "rules"}


@pytest.mark.parametrize(
    "members",
    [
        {"type": "INTEGER", "rules": {"max": 9, "min": 1}, "default": 1, "description": "a\nb"},
        {"type": "NUMBER", "default": 1, "rules": {"max": Decimal("9.5")}},
        {"type": "BOOLEAN", "default": True, "required": True},
        {"type": "STRING", "default": "", "description": " a\r\nb "},
        {"type": "DATETIME", "default": "2024-11-11T02:57:27+08:00"},
    ],
)
def test_saving_the_form_as_it_is_changes_nothing(admin_client, make_attribute, members):
    definition = make_attribute(**members)
    form = admin_client.get(page_of(definition)).context["adminform"].form
    typed = {name: str(form[name].value()).replace("\n", "\r\n") for name in form.fields}
    if not definition.required:
        del typed["required"]
    assert admin_client.post(page_of(definition), typed).status_code == 302
    assert [action for action, *_ in actions()] == ["attribute.created"]


def test_a_change_of_an_older_version_is_refused(admin_client, make_attribute):
    count = make_attribute()
    first, second = filled(count, label="People"), filled(count, label="Persons")
    assert admin_client.post(page_of(count), first).status_code == 302
    assert "changed since" in str(errors_of(admin_client.post(page_of(count), second)))
    count.refresh_from_db()
    assert count.label == "People"


def test_an_index_is_asked_for_and_its_state_is_shown(admin_client, make_attribute):
    count = make_attribute()
    assert admin_client.post(page_of(count), filled(count, indexed="on")).status_code == 302
    for page in (reverse("admin:attributes_attributemeta_changelist"), page_of(count)):
        assert "building" in admin_client.get(page).content.decode()


@pytest.mark.parametrize("typed", [{"type": "TEXT"}, {}])
def test_an_index_that_cannot_be_is_refused_at_its_field(admin_client, settings, typed):
    settings.ATTRIBUTE_INDEX_BUDGET = 0
    response = admin_client.post(ADD, filled(indexed="on", **typed))
    assert list(errors_of(response)) == ["indexed"]


def test_name_and_type_are_not_changed(admin_client, make_attribute):
    count = make_attribute()
    admin_client.post(page_of(count), filled(count, name="other", type="STRING", slot="a9"))
    after = AttributeMeta.objects.get()
    assert (after.name, after.type, after.slot) == (count.name, count.type, count.slot)


def test_an_archived_attribute_is_only_to_be_looked_at(admin_client, make_attribute, dee):
    count = make_attribute()
    archive_attribute(principal=dee, name="count")
    assert (
        'type="submit"' not in admin_client.get(page_of(count)).content.decode().split("<main")[1]
    )
    assert admin_client.post(page_of(count), filled(count, label="People")).status_code == 403


def test_the_history_button_leads_to_the_products_history(admin_client, make_attribute):
    count = make_attribute()
    make_attribute("other")
    url = reverse("admin:attributes_attributemeta_history", args=[count.pk])
    page = admin_client.get(url, follow=True)
    assert page.context["cl"].result_count == 1


def code(name, **typed):
    return {"kind": "status", "code": name, "label": "", "order": "0"} | typed


def test_a_code_is_added_and_retired(admin_client):
    assert admin_client.post(ADD_CODE, code("WAITING", label="Waiting")).status_code == 302
    waiting = Code.objects.get(code="WAITING")
    page = reverse("admin:incidents_code_change", args=[waiting.pk])
    typed = {"label": "Waiting", "order": "0", "retired": "on", "code": "OTHER"}
    assert admin_client.post(page, typed).status_code == 302
    waiting.refresh_from_db()
    assert (waiting.code, waiting.retired) == ("WAITING", True)
    assert [action for action, *_ in actions()] == ["code.created", "code.updated"]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"code": "lower"}, "code"),
        ({"code": "NEW"}, "code"),
        ({"kind": "colour"}, "kind"),
        ({"order": str(2**31)}, "order"),
        ({"label": "x" * 101}, "label"),
    ],
)
def test_a_code_that_is_refused_is_not_added(admin_client, typed, field):
    before = Code.objects.count()
    response = admin_client.post(ADD_CODE, code("WAITING", **typed))
    assert list(errors_of(response)) == [field]
    assert Code.objects.count() == before
