"""Whatever two documents say: going from one to the other and back loses nothing."""

from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, event, given, note, settings
from hypothesis import strategies as st

from accounts import tenancy
from attributes.document.apply import export
from attributes.document.clean import clean
from attributes.document.export import as_yaml
from attributes.document.parse import Source
from attributes.jobs.worker import Worker
from attributes.models import WORKABLE, Job
from incidents import queries
from incidents.models import Incident
from incidents.operations.incidents import create_incident
from tests.attributes.document.hands import apply, exported, version
from tests.conftest import ACME, DISK_FULL, empty

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("committed")]

NAMES = ("one", "two", "three", "four", "five")
SETS = [{"name": "sizes", "options": [{"code": "S"}, {"code": "L", "label": "Large"}]}]
OPTIONS = [{"code": "S"}, {"code": "L", "colour": "#ff0000"}]
# For each attribute the types it may have, with rules, and values that all of them could once have.
KINDS = (
    [("STRING", {}), ("STRING", {"max_length": 20}), ("TEXT", {}), ("INTEGER", {"min": -9})],
    [("INTEGER", {}), ("NUMBER", {"decimal_places": 2}), ("STRING", {}), ("BOOLEAN", {})],
    [("SELECT", {"options": OPTIONS}), ("SELECT", {"option_set": "sizes"}), ("STRING", {})],
    [("DATETIME", {}), ("DATE", {}), ("STRING", {"min_length": 1})],
    [("INTEGER", {}), ("INTEGER", {"max": 99})],
)
VALUES = {
    "STRING": ["7", "007", " 12 ", "many", "S", "true", "2024-02-29"],
    "TEXT": ["7", "007", "two\nlines"],
    "INTEGER": [0, 1, -5],
    "NUMBER": ["1.25", 2],
    "BOOLEAN": [True, False],
    "SELECT": ["S", "L"],
    "DATETIME": ["2024-02-29T12:30:45.5Z"],
    "DATE": ["2024-02-29"],
}
MUCH = {"lossy": 1_000, "impossible": 1_000}  # whatever is lost is meant to be


@st.composite
def entries(draw, number):
    type_name, rules = draw(st.sampled_from(KINDS[number]))
    entry = {
        "uid": str(UUID(int=number + 1)),
        "type": type_name,
        "rules": rules,
        "retype": {"accept": MUCH},
        "label": draw(st.sampled_from(["", "Label", "NO"])),
        "order": draw(st.integers(-1, 2)),
        "state": draw(st.sampled_from(["ACTIVE", "ACTIVE", "DEPRECATED"])),
        "default": draw(st.sampled_from([None, VALUES[type_name][0]])),
    }
    if number == len(KINDS) - 1:  # whose type never changes
        entry |= {"indexed": draw(st.booleans()), "unique": draw(st.booleans()), "default": None}
    if draw(st.booleans()):
        entry |= {"required": True, "required_when": draw(st.sampled_from(["always", "create"]))}
    return entry


@st.composite
def documents(draw, least=0):
    numbers = draw(st.lists(st.integers(0, len(KINDS) - 1), unique=True, min_size=least))
    names = draw(st.permutations(NAMES))
    listed = [draw(entries(number)) | {"name": names[number]} for number in numbers]
    needs_sets = any(entry["rules"].get("option_set") for entry in listed)
    given_sets = SETS if needs_sets or draw(st.booleans()) else []
    return {"version": 1, "option_sets": given_sets, "attributes": listed}


def uids(document):
    return {entry["uid"] for entry in document["attributes"]}


def with_some_archived(document, draw):
    """The same, where some entries say that they are archived, and nothing else."""
    archived = [
        {name: entry[name] for name in entry if name not in {"state", "sunset"}}
        | {"state": draw(st.sampled_from([entry["state"], "ARCHIVED"]))}
        for entry in document["attributes"]
    ]
    return document | {"attributes": archived}


@pytest.fixture
def reached(dee):
    """Applies a document and checks that it is true then."""

    def reach(document, *, working):
        for step in apply(dee, document, prune=True, allow=["lossy"]).plan.steps:
            event(step.change)
        canonical = clean(Source(document)).shown()
        named = uids(canonical)
        sets = {each["name"] for each in canonical["option_sets"]}
        deployed = export()
        # What is archived, and the options of that, stays although the document does not name it.
        for rest in (each for each in deployed["attributes"] if each["uid"] not in named):
            assert rest["state"] == "ARCHIVED"
        here = [each for each in deployed["attributes"] if each["uid"] in named]
        assert [without_aliases(each) for each in here] == canonical["attributes"]
        assert [each for each in deployed["option_sets"] if each["name"] in sets] == (
            canonical["option_sets"]
        )
        if working:
            work()
        before = version()
        assert apply(dee, document, prune=True).plan.steps == ()
        assert apply(dee, exported()).plan.steps == ()
        assert version() == before

    return reach


def without_aliases(entry):
    return {name: value for name, value in entry.items() if name != "aliases"}


def work():
    while Job.objects.filter(state__in=WORKABLE).exists():
        list(Worker(max_writer_delay=0.1).work())
    assert not [(job.kind, job.error) for job in Job.objects.open()]


def write(principal, document):
    """Incidents with values of what the document has in force; what each is read as."""
    active = [entry for entry in document["attributes"] if entry["state"] == "ACTIVE"]
    for n in range(4):
        values = {entry["name"]: value_of(entry, n) for entry in active}
        create_incident(principal=principal, body=DISK_FULL | {"attributes": values})


def value_of(entry, n):
    if "unique" in entry:
        return n
    return VALUES[entry["type"]][n % len(VALUES[entry["type"]])]


def seen():
    with tenancy.scope(ACME):
        ids = list(Incident.objects.order_by("id").values_list("id", flat=True))
    return [queries.read_one(ACME, id_)["attributes"] for id_ in ids]


@settings(
    max_examples=40,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(documents(len(KINDS)), documents(), documents(), st.booleans(), st.data())
def test_there_and_back_every_value_is_as_it_was(
    dee, ada, reached, everything, first, other, working, data
):
    empty()
    reached(everything, working=True)
    if data.draw(st.booleans(), "archive only"):
        other = with_some_archived(first, data.draw)
    note(as_yaml([everything, first, other]))
    reached(first, working=True)
    write(ada, first)
    before = seen()
    # What a job works on is not archived before that has ended.
    reached(other, working=working or not uids(other) <= uids(first))
    reached(first, working=True)
    assert seen() == before
