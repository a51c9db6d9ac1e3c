"""What PATCH of an attribute would do, told before it is done."""

import pytest

from attributes.models import State
from attributes.operations.change import carry_out, preview
from attributes.operations.define import change_attribute
from attributes.operations.update import Update
from attributes.plans import Risk
from attributes.violations import violations
from attributes.walk import estimate, tally
from incidents_project.refusals import Conflict, Invalid
from tests.attributes.jobs.hands import fill
from tests.conftest import ACME, GLOBEX
from tests.incidents.listing import row, store

pytestmark = pytest.mark.django_db


def asked(name, members, count=tally):
    """The plan, with acme's samples."""
    return preview(Update(name, members), lambda *each: count(*each, asking=ACME))


def counts(plan):
    return {verdict.value: number for verdict, number in plan.tally.counts.items() if number}


def shown(plan):
    return [(str(s.incident_id), s.value, s.why) for s in plan.tally.samples["impossible"]]


def test_values_that_a_tightened_rule_would_refuse_are_counted(make_attribute, dee):
    attribute = make_attribute()
    _, _, large = fill(attribute, [1, 10, 11])
    fill(attribute, [12, 13], GLOBEX)
    plan = asked("count", {"rules": {"max": 10}})
    assert (plan.risk, plan.tally.incidents, plan.tally.holders) == (Risk.SAFE, 5, 5)
    assert counts(plan) == {"kept": 2, "impossible": 3}
    assert shown(plan) == [(large, 11, "Must be at most 10.")]
    assert asked("count", {"rules": {"max": 10}}, estimate).tally.counts == plan.tally.counts
    change_attribute(principal=dee, name="count", members={"rules": {"max": 10}})
    found = violations(ACME, attribute, None, 10)
    assert [(str(one.incident_id), one.code) for one in found] == [(large, "maximum")]


EARLY, LATE = "2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"
RULES = [
    ("STRING", {"max_length": 2}, ["", "ab"], ["abc"]),
    ("STRING", {"pattern": "^a"}, ["ab"], ["b"]),
    ("TEXT", {"min_length": 1}, ["a\nb"], [""]),
    ("NUMBER", {"decimal_places": 1, "min": 0}, ["1.5", 2], ["1.25", -1]),
    ("DATE", {"min": "2024-02-01"}, ["2024-02-01"], ["2024-01-31"]),
    ("TIME", {"max": "12:00"}, ["12:00"], ["12:00:00.5"]),
    ("DATETIME", {"max": EARLY}, [EARLY], [LATE]),
    ("DURATION", {"max": "PT1H"}, ["PT60M"], ["PT61M"]),
    ("URL", {"schemes": ["https"]}, ["https://a.example/"], ["http://a.example/"]),
    ("IP", {"version": 4}, ["10.0.0.1"], ["::1"]),
    ("JSON", {"schema": {"type": "object"}}, [{}], [[]]),
    ("MULTISELECT", {"max_chosen": 1}, [["a"], []], [["a", "b"]]),
    (
        "GEO_POINT",
        {"within": {"south": 0, "west": 0, "north": 1, "east": 1}},
        [{"lat": 1, "lon": 1}],
        [{"lat": 2, "lon": 1}],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("type_name", "rules", "kept", "broken"), RULES)
def test_rules_of_every_type(make_attribute, dee, type_name, rules, kept, broken):
    options = {"options": [{"code": "a"}, {"code": "b"}]} if type_name == "MULTISELECT" else {}
    attribute = make_attribute("value", type_name, rules=options)
    clean = attribute.typed().clean
    ids = fill(attribute, [clean(raw) for raw in [*kept, *broken]])
    expected = {"kept": len(kept), "impossible": len(broken)}
    members = {"rules": rules}
    assert counts(asked("value", members)) == expected
    change_attribute(principal=dee, name="value", members=members)
    found = violations(ACME, attribute, None, 10)
    assert [str(one.incident_id) for one in found] == ids[len(kept) :]


def test_an_option_that_is_retired_stays_a_value(make_attribute, dee):
    options = [{"code": "a"}, {"code": "b"}]
    attribute = make_attribute("part", "SELECT", rules={"options": options})
    fill(attribute, ["a", "b"])
    retired = {"rules": {"options": [{"code": "a"}, {"code": "b", "retired": True}]}}
    assert counts(asked("part", retired)) == {"kept": 2}
    change_attribute(principal=dee, name="part", members=retired)
    assert violations(ACME, attribute, None, 10) == []


def test_what_is_loosened_is_safe(make_attribute):
    attribute = make_attribute(rules={"max": 10}, required=True)
    fill(attribute, [1, 2])
    for members in ({"rules": {"max": None}}, {"required": False}, {"label": "How many"}):
        plan = asked("count", members)
        assert (plan.risk, plan.undo_forever, plan.seconds) == (Risk.SAFE, True, 0.0)
        assert plan.tally.counts["impossible"] == 0


@pytest.mark.parametrize(
    ("members", "lacking"),
    [
        ({"required": True}, {0, 1, 3}),
        ({"required": True, "required_when": "create"}, set()),
        ({"required": True, "required_when": ["CLOSED"]}, {1}),
        ({"required": True, "applies_to": ["SECURITY"]}, {3}),
        ({"required": True, "missing_value": 1}, set()),
    ],
)
def test_incidents_that_a_new_rule_asks_for_a_value_are_counted(
    make_attribute, dee, members, lacking
):
    attribute = make_attribute()
    ids = store(
        [
            row(0),
            row(1, status="CLOSED"),
            row(2, attributes={attribute.slot: 1}),
            row(3, type="SECURITY"),
        ]
    )
    plan = asked("count", members)
    assert plan.tally.counts["impossible"] == len(lacking)
    assert shown(plan) == [(ids[n], None, "It has no value.") for n in sorted(lacking)]
    change_attribute(principal=dee, name="count", members=members)
    found = violations(ACME, attribute, None, 10)
    assert [str(one.incident_id) for one in found] == [ids[n] for n in sorted(lacking)]
    assert {one.code for one in found} <= {"required"}


def test_required_already_is_not_counted_again(make_attribute):
    fill(make_attribute(required=True), [1])
    store([row(1)])
    assert asked("count", {"label": "How many", "required": True}).tally.incidents == 0


def test_a_preview_changes_nothing_and_its_plan_is_taken(make_attribute, dee, stored):
    make_attribute()
    before = stored()
    plan = asked("count", {"rules": {"max": 10}})
    assert stored() == before
    change = Update("count", {"rules": {"max": 10}})
    assert carry_out(change, principal=dee, plan=plan.hash).rules == {"max": 10}
    with pytest.raises(Conflict) as refused:
        carry_out(change, principal=dee, plan=plan.hash)
    assert refused.value.code == "stale_plan"


def test_all_that_is_wrong_is_told_at_once(make_attribute):
    make_attribute()
    members = {"colour": "red", "type": "STRING", "required": "perhaps", "rules": {"min": "x"}}
    with pytest.raises(Invalid) as refused:
        asked("count", members | {"default": "y"})
    assert [(fault.field, fault.code) for fault in refused.value.faults] == [
        ("colour", "unknown_field"),
        ("type", "read_only"),
        ("required", "wrong_type"),
        ("rules.min", "wrong_type"),
    ]


def test_a_deprecated_attribute_is_asked_of_nobody(make_attribute, dee):
    attribute = make_attribute(required=True)
    store([row(1)])
    type(attribute).objects.filter(id=attribute.id).update(state=State.DEPRECATED)
    change_attribute(principal=dee, name="count", members={"label": "How many"})
    assert violations(ACME, attribute, None, 10) == []
