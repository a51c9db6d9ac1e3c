"""A document comes true as a whole, and one that is true changes nothing."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from attributes.document.apply import export
from attributes.document.export import as_json
from attributes.jobs.worker import Worker
from attributes.models import Alias, AttributeMeta, Job, JobState, OptionSet, State
from attributes.operations.archive import archive_attribute
from attributes.operations.option_sets import define_option_set
from attributes.types import clock
from history.models import InstanceEvent
from incidents import queries
from incidents_project.refusals import Conflict
from tests.attributes.document.hands import apply, exported, faults_of, plan, said, version
from tests.conftest import ACME

pytestmark = pytest.mark.django_db

UID = "01939af0-0000-7000-8000-000000000001"
OTHER = "01939af0-0000-7000-8000-000000000002"
EVERYTHING = f"""
version: 1
option_sets:
  - name: regions
    label: Regions
    options: [{{code: EU}}, {{code: "NO", label: Norway, retired: true}}]
attributes:
  - uid: {UID}
    name: region
    type: SELECT
    label: Region
    required: true
    required_when: create
    default: EU
    rules: {{option_set: regions}}
  - name: cost
    type: NUMBER
    order: 1
    rules: {{min: 0.5}}
    state: DEPRECATED
    sunset: "2130-01-01"
    aliases: [{{name: price, until: "2130-01-01T00:00:00Z"}}]
  - name: gone
    type: STRING
    state: ARCHIVED
"""


def entry(name, type_name="STRING", **members):
    return {"name": name, "type": type_name, **members}


def document(*entries, **more):
    return {"version": 1, "attributes": list(entries), **more}


def named(name):
    return AttributeMeta.objects.in_force().get(name=name)


def names():
    return sorted(AttributeMeta.objects.in_force().values_list("name", flat=True))


def seen(incident):
    return queries.read_one(ACME, incident["id"])["attributes"]


def test_a_document_is_deployed_and_exported_as_it_was(dee):
    apply(dee, EVERYTHING)
    known = {each["name"]: each for each in export()["attributes"]}
    assert known["region"] == {
        "uid": UID,
        "name": "region",
        "type": "SELECT",
        "label": "Region",
        "required": True,
        "required_when": "create",
        "default": "EU",
        "rules": {"option_set": "regions"},
    }
    assert known["cost"]["aliases"] == [{"name": "price", "until": "2130-01-01T00:00:00Z"}]
    assert known["gone"]["state"] == "ARCHIVED"
    assert list(known) == ["gone", "region", "cost"]  # in the deployer's order, then by name
    assert export()["option_sets"][0]["options"][1]["code"] == "NO"


@pytest.mark.parametrize("form", [exported, lambda: as_json(export())], ids=["YAML", "JSON"])
def test_what_was_exported_changes_nothing(dee, stored, form):
    apply(dee, EVERYTHING)
    before = stored()
    assert apply(dee, form()).plan.steps == ()
    assert stored() == before


def test_the_same_document_once_more_changes_nothing(dee, stored):
    apply(dee, EVERYTHING)
    before = stored()
    assert apply(dee, EVERYTHING, prune=True).plan.steps == ()
    assert stored() == before


def test_the_export_is_the_same_each_time(dee):
    apply(dee, EVERYTHING)
    assert exported() == exported()


def test_a_plan_changes_nothing(dee, stored):
    before = stored()
    assert said(plan(dee, EVERYTHING)) == [
        "define the option set regions",
        "define gone (STRING), archived",
        "define region (SELECT)",
        "define cost (NUMBER)",
        "deprecate cost until 2130-01-01",
        "keep price as a former name of cost until 2130-01-01T00:00:00Z",
    ]
    assert stored() == before


def test_what_is_not_said_any_more_is_taken_back(dee, make_attribute):
    make_attribute(label="Count", default=5, rules={"min": 1, "max": 9}, required=True)
    (step,) = apply(dee, document(entry("count", "INTEGER", rules={"max": 9}))).plan.steps
    assert step.says == "change count: label, required, default, rules"
    assert export()["attributes"][0].keys() == {"uid", "name", "type", "rules"}
    assert named("count").rules == {"max": 9}


class TestNames:
    def test_an_attribute_is_known_by_its_uid(self, dee, make_attribute):
        known = make_attribute("count")
        apply(dee, document(entry("total", "INTEGER", uid=str(known.id))))
        assert named("total").id == known.id
        assert Alias.objects.get().name == "count"

    def test_without_a_uid_by_its_name(self, dee, make_attribute):
        known = make_attribute("count")
        apply(dee, document(entry("count", "INTEGER", label="Count")))
        assert (named("count").id, named("count").label) == (known.id, "Count")

    def test_or_by_the_name_before_if_it_is_told(self, dee, make_attribute):
        known = make_attribute("count")
        renamed = document(entry("total", "INTEGER", rename_from="count"))
        apply(dee, renamed)
        assert named("total").id == known.id
        assert apply(dee, renamed).plan.steps == ()

    def test_a_name_that_is_only_new_is_never_taken_for_a_rename(self, dee, make_attribute):
        make_attribute("count")
        found = faults_of(apply, dee, document(entry("total", "INTEGER")))
        assert found == [("attributes", "missing_entry")]
        assert names() == ["count"]

    def test_what_stands_against_it_is_told_in_the_order_of_the_lines(self, dee, make_attribute):
        make_attribute("count")
        gone = make_attribute("gone")
        archive_attribute(principal=dee, name="gone")
        lines = ["name: gone", f"uid: {gone.id}", "type: INTEGER", "label: x", "state: ARCHIVED"]
        found = faults_of(apply, dee, "version: 1\nattributes:\n  - " + "\n    ".join(lines))
        assert found == [
            ("line 2, column 1: attributes", "missing_entry"),
            ("line 6, column 5: attributes[0].label", "read_only"),
        ]

    def test_names_are_exchanged(self, dee, make_attribute, make_incident):
        one, two, three = (make_attribute(name) for name in ("one", "two", "three"))
        incident = make_incident(attributes={"one": 1, "two": 2, "three": 3})
        exchanged = document(
            entry("two", "INTEGER", uid=str(one.id)),
            entry("three", "INTEGER", uid=str(two.id)),
            entry("one", "INTEGER", uid=str(three.id)),
        )
        apply(dee, exchanged)
        assert seen(incident) == {"two": 1, "three": 2, "one": 3}
        assert not Alias.objects.exists()
        assert apply(dee, exchanged).plan.steps == ()
        for event in InstanceEvent.objects.filter(action="attribute.renamed"):
            (change,) = event.changes
            assert {change["old"], change["new"]} <= {"one", "two", "three"}

    def test_a_name_goes_on_to_another_attribute(self, dee, make_attribute):
        known = make_attribute("count")
        apply(dee, document(entry("total", "INTEGER", uid=str(known.id)), entry("count")))
        assert (named("count").type, named("total").id) == ("STRING", known.id)
        assert not Alias.objects.exists()

    def test_a_former_name_makes_way_for_an_attribute(self, dee, make_attribute):
        known = make_attribute("count")
        total = entry("total", "INTEGER", uid=str(known.id))
        apply(dee, document(total))
        steps = apply(dee, document(total, entry("count"))).plan.steps
        assert steps[0].says == "forget count, a former name of total"
        assert names() == ["count", "total"]

    def test_only_the_case_of_a_name_changes(self, dee, make_attribute):
        known = make_attribute("count")
        apply(dee, document(entry("Count", "INTEGER", uid=str(known.id))))
        assert names() == ["Count"]

    def test_former_names_are_exactly_those_that_are_told(self, dee, make_attribute):
        known = make_attribute("count")
        until = datetime(2130, 1, 1, tzinfo=UTC)
        told = entry("total", "INTEGER", uid=str(known.id))
        told["aliases"] = [{"name": "amount", "until": until.isoformat()}]
        apply(dee, document(told))
        assert list(Alias.objects.values_list("name", "until")) == [("amount", until)]
        later = until + timedelta(days=1)
        told["aliases"][0]["until"] = later.isoformat()
        apply(dee, document(told))
        assert list(Alias.objects.values_list("name", "until")) == [("amount", later)]
        apply(dee, document(told | {"aliases": []}))
        assert not Alias.objects.exists()

    @pytest.fixture
    def archived(self, dee):
        """An entry that restores an attribute with two former names."""
        until = "2130-01-01T00:00:00Z"
        told = entry("total", uid=UID)
        had = [{"name": "amount", "until": until}, {"name": "count", "until": until}]
        apply(dee, document(told | {"aliases": had}))
        apply(dee, document(told | {"state": "ARCHIVED"}))
        return told

    def test_former_names_come_back_with_what_is_restored(self, dee, archived):
        before = exported()
        assert "aliases" not in before
        assert apply(dee, before).plan.steps == ()
        apply(dee, document(archived))
        assert list(Alias.objects.values_list("name", flat=True)) == ["amount", "count"]
        assert apply(dee, document(archived)).plan.steps == ()
        assert apply(dee, exported()).plan.steps == ()

    def test_of_what_is_restored_they_are_exactly_those_that_are_told(self, dee, archived):
        kept = {"name": "amount", "until": "2130-01-01T00:00:00Z"}
        told = document(archived | {"aliases": [kept]})
        (step,) = apply(dee, told).plan.steps
        assert step.change == "restore"
        assert export()["attributes"][0]["aliases"] == [kept]
        assert apply(dee, told).plan.steps == ()

    def test_a_former_name_of_what_is_restored_may_get_more_time(self, dee, archived):
        longer = {"name": "amount", "until": "2131-01-01T00:00:00Z"}
        apply(dee, document(archived | {"aliases": [longer]}))
        assert export()["attributes"][0]["aliases"] == [longer]

    def test_what_is_restored_leaves_its_former_names_to_others(self, dee, archived):
        apply(dee, document(archived, entry("amount"), entry("count")))
        assert names() == ["amount", "count", "total"]
        assert not Alias.objects.exists()

    def test_a_former_name_of_another_goes_back_to_what_is_restored(self, dee, archived):
        held = {"aliases": [{"name": "amount", "until": "2130-01-01T00:00:00Z"}]}
        gone = archived | {"state": "ARCHIVED"}
        apply(dee, document(entry("other", uid=OTHER) | held, gone))
        apply(dee, document(entry("other", uid=OTHER), archived | held))
        assert list(Alias.objects.values_list("name", "attribute__name")) == [("amount", "total")]
        assert apply(dee, exported()).plan.steps == ()

    def test_a_former_name_whose_time_is_over_says_nothing(self, dee):
        over = {"name": "amount", "until": "2000-01-01T00:00:00Z"}
        told = document(entry("count", aliases=[over]))
        apply(dee, told)
        assert not Alias.objects.exists()
        assert apply(dee, told).plan.steps == ()

    def test_a_uid_that_is_unknown_is_given_to_a_new_attribute(self, dee):
        apply(dee, document(entry("count", uid=UID)))
        assert named("count").id == UUID(UID)

    def test_unless_another_has_the_name(self, dee, make_attribute):
        known = make_attribute("count")
        with pytest.raises(Conflict) as refusal:
            apply(dee, document(entry("count", "INTEGER", uid=UID)))
        fault = refusal.value.faults[0]
        assert (fault.field, fault.code) == ("attributes[0].uid", "name_taken")
        assert str(known.id) in fault.message

    @pytest.mark.parametrize("other", ["total", "count"])
    def test_a_rename_that_could_mean_two_things_is_refused(self, dee, make_attribute, other):
        make_attribute("count")
        make_attribute("total")
        told = document(entry("total", "INTEGER", rename_from="count"), entry(other, "INTEGER"))
        codes = {code for _, code in faults_of(apply, dee, told)}
        assert codes & {"name_taken", "contradiction", "duplicate_entry"}
        assert names() == ["count", "total"]


class TestLife:
    def test_what_is_missing_is_archived_when_that_is_asked_for(
        self, dee, make_attribute, make_incident
    ):
        make_attribute("count")
        make_attribute("size")
        incident = make_incident(attributes={"count": 5, "size": 6})
        planned = plan(dee, document(entry("size", "INTEGER")), prune=True)
        assert [(step.says, step.tally.holders) for step in planned.steps] == [("archive count", 1)]
        apply(dee, document(entry("size", "INTEGER")), prune=True)
        assert seen(incident) == {"size": 6}
        apply(dee, document(entry("size", "INTEGER"), entry("count", "INTEGER")))
        assert seen(incident) == {"size": 6, "count": 5}

    def test_an_entry_can_say_that_it_is_archived(self, dee, make_attribute):
        known = make_attribute("count", label="Count")
        told = document(entry("count", "INTEGER", label="Count", state="ARCHIVED"))
        apply(dee, told)
        assert AttributeMeta.objects.get(id=known.id).state == State.ARCHIVED
        assert apply(dee, told).plan.steps == ()

    def test_what_is_archived_stays_as_it_was(self, dee, make_attribute):
        make_attribute("count", label="Count")
        told = document(entry("count", "STRING", label="Other", state="ARCHIVED"))
        assert faults_of(apply, dee, told) == [
            ("attributes[0].type", "read_only"),
            ("attributes[0].label", "read_only"),
        ]

    def test_an_archived_attribute_comes_back_under_another_name_and_changed(
        self, dee, make_attribute, make_incident
    ):
        known = make_attribute("count")
        incident = make_incident(attributes={"count": 5})
        archive_attribute(principal=dee, name="count")
        apply(dee, document(entry("total", "INTEGER", uid=str(known.id), label="Total")))
        assert (named("total").id, named("total").label) == (known.id, "Total")
        assert seen(incident) == {"total": 5}

    def test_its_name_may_meanwhile_be_anothers(self, dee, make_attribute):
        archived = make_attribute("count")
        archive_attribute(principal=dee, name="count")
        make_attribute("count", "STRING")
        before = exported()
        assert [each["name"] for each in export()["attributes"]] == ["count", "count"]
        assert apply(dee, before).plan.steps == ()
        told = document(entry("count"), entry("number", "INTEGER", uid=str(archived.id)))
        apply(dee, told)
        assert names() == ["count", "number"]

    def test_a_sunset_that_is_over_by_now_changes_nothing(self, dee, make_attribute, monkeypatch):
        make_attribute("count")
        told = entry("count", "INTEGER", state="DEPRECATED", sunset="2130-01-01")
        apply(dee, document(told))
        before = exported()
        monkeypatch.setattr(clock, "now", lambda: datetime(2131, 1, 1, tzinfo=UTC))
        assert apply(dee, before).plan.steps == ()
        assert exported() == before
        labelled = document(told | {"label": "Count"})
        assert said(apply(dee, labelled).plan) == ["change count: label"]

    def test_a_new_sunset_must_not_be_over(self, dee, make_attribute):
        make_attribute("count")
        told = document(entry("count", "INTEGER", state="DEPRECATED", sunset="2020-01-01"))
        for call in (plan, apply):
            assert faults_of(call, dee, told) == [("attributes[0].sunset", "past")]
        assert named("count").state == State.ACTIVE

    def test_what_is_defined_or_restored_may_bring_a_sunset_that_is_over(self, dee):
        told = document(entry("count", uid=UID, state="DEPRECATED", sunset="2020-01-01"))
        apply(dee, told)
        archive_attribute(principal=dee, name="count")
        apply(dee, told)
        assert str(named("count").sunset) == "2020-01-01"

    def test_it_is_deprecated_and_used_again(self, dee, make_attribute):
        make_attribute("count")
        told = entry("count", "INTEGER", state="DEPRECATED", sunset="2130-01-01")
        apply(dee, document(told))
        assert named("count").state == State.DEPRECATED
        apply(dee, document(told | {"sunset": "2130-01-02"}))
        assert str(named("count").sunset) == "2130-01-02"
        apply(dee, document(entry("count", "INTEGER")))
        assert named("count").state == State.ACTIVE

    def test_what_is_being_destroyed_cannot_be_told_to_stay(self, dee, make_attribute):
        known = make_attribute("count")
        AttributeMeta.objects.filter(id=known.id).update(state=State.PURGING)
        told = document(entry("count", "INTEGER", uid=str(known.id)))
        assert faults_of(apply, dee, told) == [("attributes[0].uid", "not_now")]


class TestOptionSets:
    SETS = {"option_sets": [{"name": "sizes", "options": [{"code": "S"}]}]}

    def test_a_set_and_its_users_change_together(self, dee):
        pick = entry("pick", "SELECT", rules={"option_set": "sizes"})
        apply(dee, document(pick, **self.SETS))
        more = {"option_sets": [{"name": "sizes", "options": [{"code": "S"}, {"code": "L"}]}]}
        apply(dee, document(pick | {"default": "L"}, **more))
        assert named("pick").default == "L"

    def test_a_label_that_is_not_said_any_more_is_taken_back(self, dee):
        labelled = {"option_sets": [self.SETS["option_sets"][0] | {"label": "Sizes"}]}
        apply(dee, document(**labelled))
        apply(dee, document(**self.SETS))
        assert OptionSet.objects.get().label == ""

    def test_one_that_is_missing_is_a_fault(self, dee):
        define_option_set(principal=dee, members=self.SETS["option_sets"][0])
        assert faults_of(apply, dee, document()) == [("option_sets", "missing_entry")]

    def test_or_is_deleted_when_that_is_asked_for(self, dee):
        define_option_set(principal=dee, members=self.SETS["option_sets"][0])
        apply(dee, document(), prune=True)
        assert not OptionSet.objects.exists()

    def test_unless_an_archived_attribute_needs_it(self, dee):
        pick = entry("pick", "SELECT", rules={"option_set": "sizes"})
        apply(dee, document(pick, **self.SETS))
        apply(dee, document(), prune=True)
        assert OptionSet.objects.exists()
        assert apply(dee, document(), prune=True).plan.steps == ()


class TestTypes:
    TEXT, NUMBER = document(entry("count", "STRING")), document(entry("count", "INTEGER"))

    @pytest.fixture
    def incidents(self, dee, make_incident):
        apply(dee, self.TEXT)
        return [make_incident(attributes={"count": text}) for text in ("7", "007", "many")]

    def test_a_change_of_type_is_counted_and_must_be_allowed(self, dee, incidents, stored):
        (step,) = plan(dee, self.NUMBER).steps
        counts = {verdict.value: number for verdict, number in step.tally.counts.items()}
        assert counts == {"kept": 1, "lossy": 1, "impossible": 1}
        assert (step.risk, step.undo_until is None) == ("lossy", False)
        before = stored()
        with pytest.raises(Conflict) as refusal:
            apply(dee, self.NUMBER)
        assert (refusal.value.code, refusal.value.members) == (
            "not_allowed",
            {"classes": ["lossy"]},
        )
        assert stored() == before

    def test_it_is_left_to_a_job(self, dee, incidents):
        applied = apply(dee, self.NUMBER, allow=["lossy"])
        (job,) = applied.jobs
        assert (job.kind, job.state, named("count").type) == ("RETYPE", "WAITING", "STRING")

    def test_and_asking_once_more_does_not_ask_twice(self, dee, incidents, stored):
        apply(dee, self.NUMBER, allow=["lossy"])
        before = stored()
        assert apply(dee, self.NUMBER).plan.steps == ()
        assert apply(dee, exported()).plan.steps == ()
        assert stored() == before

    def test_what_was_not_begun_yet_is_cancelled_by_the_document_before(self, dee, incidents):
        apply(dee, self.NUMBER, allow=["lossy"])
        (step,) = apply(dee, self.TEXT).plan.steps
        assert step.says == "cancel the change of the type of count to INTEGER"
        assert Job.objects.filter(kind="RETYPE").get().state == JobState.CANCELLED
        assert apply(dee, self.TEXT).plan.steps == ()

    def test_the_entry_says_what_may_be_lost_and_how_values_are_read(self, dee, incidents):
        accept = {"lossy": 1, "impossible": 1}
        told = entry("count", "INTEGER", rules={"min": 0}, default=3, retype={"accept": accept})
        (job,) = apply(dee, document(told), allow=["lossy"]).jobs
        assert job.parameters["accept"] == accept
        assert job.parameters["default"] == 3
        assert export()["attributes"][0]["default"] == 3
        assert "retype" not in export()["attributes"][0]

    @pytest.mark.parametrize(
        ("lossy", "impossible", "stops"), [(1, 1, False), (5, 2, False), (0, 5, True), (5, 0, True)]
    )
    def test_it_is_planned_to_stop_just_where_its_job_does(
        self, dee, incidents, lossy, impossible, stops
    ):
        accept = {"lossy": lossy, "impossible": impossible}
        told = document(entry("count", "INTEGER", retype={"accept": accept}))
        applied = apply(dee, told, allow=["lossy"])
        list(Worker(max_writer_delay=0.1).work())
        (step,), (job,) = applied.plan.steps, applied.jobs
        job.refresh_from_db()
        assert (step.stops, job.state) == (stops, JobState.BLOCKED if stops else JobState.DONE)

    def test_one_that_is_impossible_is_refused(self, dee, make_attribute):
        make_attribute("count", "BOOLEAN")
        found = faults_of(apply, dee, document(entry("count", "GEO_POINT")))
        assert found == [("attributes[0].type", "impossible_conversion")]

    def test_what_stands_in_its_way_is_changed_with_it(self, dee, make_attribute):
        make_attribute("count", "INTEGER", unique=True, indexed=True)
        steps = apply(dee, document(entry("count", "TEXT"))).plan.steps
        assert [step.change for step in steps] == ["update", "retype"]


class TestAllOrNothing:
    def test_a_plan_that_is_sent_must_be_of_this_document(self, dee):
        planned = plan(dee, document(entry("count")))
        with pytest.raises(Conflict) as refusal:
            apply(dee, document(entry("total")), plan=planned.hash)
        assert refusal.value.code == "stale_plan"
        assert names() == []

    def test_and_of_this_epoch(self, dee, make_attribute):
        planned = plan(dee, document(entry("count")), prune=True)
        make_attribute("other")
        with pytest.raises(Conflict) as refusal:
            apply(dee, document(entry("count")), plan=planned.hash, prune=True)
        assert refusal.value.code == "stale_plan"
        assert names() == ["other"]

    def test_how_it_is_written_makes_no_difference_to_the_plan(self, dee):
        planned = plan(dee, document(entry("count", label="")))
        apply(dee, "attributes: [{name: count, type: STRING}]\nversion: 1", plan=planned.hash)
        assert names() == ["count"]

    def test_a_step_that_breaks_takes_all_back(self, dee, make_attribute, stored, monkeypatch):
        make_attribute("count")
        told = document(entry("count", "INTEGER", label="Count"), entry("size"))
        plan(dee, told)
        before = stored()

        def break_down(*_):
            raise RuntimeError

        monkeypatch.setattr("attributes.operations.update.store_change", break_down)
        with pytest.raises(RuntimeError):
            apply(dee, told)
        assert stored() == before

    def test_every_step_that_is_refused_is_told_with_its_place(self, dee, stored):
        apply(
            dee, "version: 1\nattributes:\n  - {name: a, type: BOOLEAN}\n  - {name: b, type: JSON}"
        )
        before = stored()
        told = (
            "version: 1\nattributes:\n  - {name: a, type: GEO_POINT}\n"
            "  - name: b\n    type: JSON\n    indexed: true\n"
        )
        assert faults_of(apply, dee, told) == [
            ("line 3, column 15: attributes[0].type", "impossible_conversion"),
            ("line 6, column 5: attributes[1].indexed", "contradiction"),
        ]
        assert stored() == before

    def test_a_conflict_is_told_as_one(self, dee, make_attribute, make_incident):
        make_attribute("pick", "SELECT", rules={"options": [{"code": "a"}, {"code": "b"}]})
        make_incident(attributes={"pick": "a"})
        told = document(entry("pick", "SELECT", rules={"options": [{"code": "b"}]}))
        with pytest.raises(Conflict) as refusal:
            apply(dee, told)
        assert refusal.value.code == "in_use"
        assert refusal.value.faults[0].field == "attributes[0].rules.options"

    def test_an_option_that_nobody_has_any_more_is_taken_away_beside_other_steps(
        self, dee, make_attribute
    ):
        options = [{"code": "a", "retired": True}, {"code": "b"}]
        make_attribute("pick", "SELECT", rules={"options": options})
        told = document(entry("new"), entry("pick", "SELECT", rules={"options": [{"code": "b"}]}))
        apply(dee, told)
        assert named("pick").rules == {"options": [{"code": "b"}]}


def test_what_is_as_it_is_deployed_is_not_checked_again(dee, make_attribute):
    known = make_attribute("count", label="Count")
    AttributeMeta.objects.filter(id=known.id).update(name="status", applies_to=["RETIRED_LATER"])
    assert apply(dee, exported()).plan.steps == ()
    assert "applies_to" in export()["attributes"][0]


def test_nothing_to_do_leaves_the_epoch_alone(dee):
    apply(dee, EVERYTHING)
    before = version()
    plan(dee, EVERYTHING)
    apply(dee, EVERYTHING)
    assert version() == before


def test_values_that_are_written_meanwhile_do_not_matter(dee, make_attribute, make_incident):
    make_attribute("count")
    told = document(entry("count", "INTEGER", label="Count"))
    planned = plan(dee, told)
    make_incident(attributes={"count": 1})
    apply(dee, told, plan=planned.hash)
    assert named("count").label == "Count"
