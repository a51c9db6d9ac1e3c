"""The service does what its own document says: asked by a machine that has read nothing else."""

from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.core.errors import SchemathesisError
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from incidents_project.wsgi import application
from tests.conftest import ACME

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

DEFINE = "/v1/incident/attributes"
DEFINITIONS: list[dict[str, Any]] = [
    {"name": "isPending", "type": "BOOLEAN"},
    {"name": "count", "type": "INTEGER", "rules": {"min": 0, "max": 1000}},
    {"name": "region", "type": "STRING", "rules": {"max_length": 20}},
    {"name": "level", "type": "SELECT", "rules": {"options": [{"code": "a"}, {"code": "b"}]}},
    {"name": "seen", "type": "DATETIME"},
    {"name": "place", "type": "GEO_POINT"},
]
MODES = {"as_described": GenerationMode.POSITIVE, "otherwise": GenerationMode.NEGATIVE}
# Refusals that no schema announces, or none that this client reads (formatMinimum): rules between
# members, about what there is, about the digits of numbers, about days.
UNSPEAKABLE = {
    "ambiguous",
    "bad_character",
    "bad_cursor",
    "bad_number",
    "blank",
    "contradiction",
    "duplicate_entry",
    "duplicate_option",
    "in_use",
    "maximum",
    "minimum",
    "no_such_reference",
    "not_plain",
    "pattern_too_costly",
    "required",
    "reserved_name",
    "same_type",
    "too_deep",
    "unknown_option",
    "unknown_option_set",
    "unknown_rule",
    "unreadable_yaml",
}
EXAMPLES = 8  # of each operation and mode


@contextmanager
def open_connection():
    """A WSGI request would close the connection that holds the test's transaction.

    To be entered after the last call of an ``APIClient``, which connects the signals again.
    """
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        with patch.object(connections["default"], "close_if_unusable_or_obsolete"):
            yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


@pytest.mark.parametrize("mode", MODES)
def test_the_service_does_what_its_document_says(mode, api_of):
    api = api_of(ACME, "viewer", "incident_owner", "deployer")
    for members in DEFINITIONS:
        assert api.post(DEFINE, members).status_code == 201
    authorization = {"Authorization": api._credentials["HTTP_AUTHORIZATION"]}
    with open_connection():
        document = schemathesis.openapi.from_wsgi("/v1/schema", application)
        operations = [found.ok() for found in document.get_all_operations()]
        failures = [ask(operation, MODES[mode], authorization) for operation in operations]
    assert len(operations) > 15
    assert not any(failures), "\n\n".join(filter(None, failures))


def ask(operation: Any, mode: GenerationMode, headers: dict[str, str]) -> str:
    """What the service and the document disagree about, so that all of it is seen at once."""

    @seed(7)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        response = case.call_and_validate(
            headers=headers, excluded_checks=[positive_data_acceptance]
        )
        if mode is GenerationMode.POSITIVE and response.status_code == 400:
            problem = response.json()
            codes = {problem["code"], *(error["code"] for error in problem["errors"])}
            assert codes & UNSPEAKABLE, f"refused as described: {case.body} {response.text}"

    try:
        check()
    except Unsatisfiable:
        return ""  # it takes nothing that could be wrong
    except (AssertionError, BaseExceptionGroup, SchemathesisError) as error:
        return f"{operation.label}: {told(error)}"
    return ""


def told(error: BaseException) -> str:
    """The disagreements behind an exception group."""
    inner = getattr(error, "exceptions", None)
    if inner:
        return "\n".join(told(one) for one in inner)
    return f"{type(error).__name__}: {error}"
