"""A plan on a terminal, and as JSON."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from attributes.conversions import Verdict
from attributes.management import tables, words
from attributes.plans import Plan

_WIDEST = 40  # characters of a value


def tell(command: BaseCommand, plan: Plan, *, as_json: bool) -> None:
    """Write it."""
    if as_json:
        write_json(command, plan.described())
        return
    for line in _lines(plan):
        command.stdout.write(line)


def write_json(command: BaseCommand, value: Any) -> None:
    """One line for a program."""
    command.stdout.write(words.json_of(value))


def lost(plan: Plan) -> str:
    """What a change would lose, as ``--accept`` takes it: ``lossy=12,impossible=3``."""
    counts = plan.tally.counts
    named = (Verdict.LOSSY, Verdict.IMPOSSIBLE)
    return ",".join(f"{verdict.value}={counts[verdict]}" for verdict in named if counts[verdict])


def _lines(plan: Plan) -> list[str]:
    tally, about = plan.tally, "" if plan.tally.exact else "about "
    facts = [("class", plan.risk.value)]
    if tally.incidents:
        facts += [
            ("incidents", f"{about}{tally.incidents:,}"),
            ("have a value", f"{about}{tally.holders:,}"),
        ]
        facts += [(verdict.value, f"{about}{n:,}") for verdict, n in tally.counts.items()]
    facts += [("referred to by", str(referrer)) for referrer in plan.referrers]
    facts += [("note", note) for note in plan.notes]
    facts += [
        ("takes", f"about {plan.seconds:g} s, in the background" if plan.seconds else "no time"),
        ("undo", _undo(plan)),
        ("plan", plan.hash),
    ]
    head = (plan.change.replace("_", " "), plan.name)
    return [*tables.lines(head, facts), *_samples(plan)]


def _undo(plan: Plan) -> str:
    if plan.undo_forever:
        return "at any time"
    if plan.undo_until is None:
        return "never"
    return f"until {timezone.localtime(plan.undo_until):%Y-%m-%d %H:%M} UTC"


def _samples(plan: Plan) -> list[str]:
    head = ("outcome", "incident", "value", "becomes", "why")
    rows = [
        (
            *(verdict.value, str(sample.incident_id)),
            *(_short(sample.value), _short(sample.becomes), sample.why),
        )
        for verdict, samples in plan.tally.samples.items()
        for sample in samples
    ]
    return ["", *tables.lines(head, rows)] if rows else []


def _short(value: Any) -> str:
    text = "" if value is None else words.json_of(value)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
