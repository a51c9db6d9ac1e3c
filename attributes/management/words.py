"""What commands read from a command line, and what they say of jobs, indexes and refusals."""

from argparse import ArgumentTypeError
from typing import Any

from attributes.jobs import progress
from attributes.models import Job, JobKind, JobState
from attributes.operations.index import Done, Outcome
from attributes.types import Json
from incidents_project.exact_json import dumps, loads
from incidents_project.refusals import Refusal

_INDEX = {
    Done.BUILT: "The index of {name} is ready.",
    Done.DROPPED: "The index of {name} is gone.",
    Done.FAILED: "The index of {name} could not be built: {error}",
}


def accepted(text: str) -> dict[str, int]:
    """What may be lost, as in ``lossy=12,impossible=3``."""
    parts = [part.partition("=") for part in text.split(",")]
    if not all(sign and number.isascii() and number.isdigit() for _, sign, number in parts):
        raise ArgumentTypeError(f"{text!r} must look like lossy=12,impossible=3")
    return {name.strip(): int(number) for name, _, number in parts}


def json(text: str) -> Json:
    """A JSON value."""
    try:
        return loads(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not JSON; a text needs quotes: '\"EU\"'") from error


def json_of(value: Any) -> str:
    """A value as JSON, in one line."""
    return dumps(value).decode()


def of_refusal(refusal: Refusal) -> str:
    """Each fault on its line, or the refusal's detail."""
    return "\n".join(f"{f.field}: {f.message}" for f in refusal.faults) or refusal.detail


def of_index(outcome: Outcome) -> str:
    """What became of an index."""
    return _INDEX[outcome.done].format(name=outcome.name, error=outcome.error)


def title(job: Job) -> str:
    """What a job does: ``Retype of severity``."""
    return f"{JobKind(job.kind).label} of {job.attribute_name}"


def of_job(job: Job) -> str:
    """A line about where a job stands."""
    if job.state == JobState.RUNNING:
        return f"{title(job)}: {how_far(job)}"
    if job.state == JobState.DONE:
        return f"{title(job)}: done, {job.changed:,} incidents changed."
    return f"{title(job)}: {job.state}. {job.error}".rstrip()


def how_far(job: Job) -> str:
    """The step it is at, and how much of that is done."""
    if not job.step:
        return "not begun"
    at = progress.of(job)
    words = [job.step, f"{at.percent:.0f} % of {at.total:,} incidents"]
    if at.rows_per_second is not None:
        words.append(f"{at.rows_per_second:,} a second")
    if at.seconds_left is not None:
        words.append(f"{at.seconds_left:,.0f} s left")
    return ", ".join(words)
