"""Documents, planned and applied as commands and the API do it."""

from functools import partial

from attributes import walk
from attributes.document import apply as documents
from attributes.document.export import as_yaml
from attributes.document.parse import Source, read
from attributes.models import Epoch
from incidents_project.refusals import Refusal
from tests.conftest import ACME

COUNT = partial(walk.tally, asking=ACME)


def source(document):
    return read(document) if isinstance(document, str) else Source(document)


def plan(principal, document, **options):
    return documents.plan(source(document), principal=principal, walk=COUNT, **options)


def apply(principal, document, **options):
    return documents.apply(source(document), principal=principal, walk=COUNT, **options)


def exported():
    """What is deployed, as the text of a document."""
    return as_yaml(documents.export())


def said(planned):
    """The steps of a plan, in words."""
    return [step.says for step in planned.steps]


def version():
    return Epoch.objects.get().version


def faults_of(call, *arguments, **options):
    """Where, and with which code, something is refused."""
    try:
        call(*arguments, **options)
    except Refusal as refusal:
        return [(fault.field, fault.code) for fault in refusal.faults]
    return []
