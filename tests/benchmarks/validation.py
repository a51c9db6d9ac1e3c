"""``python -m tests.benchmarks.validation``: what it costs to check the values of an incident.

README.md, beside this, says how to read what it prints.
"""

import atexit
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import django

from attributes.types import build
from attributes.types.base import AttributeType
from incidents_project.refusals import Fault

# Name -> type, rules, a good value, a bad one.
TWELVE: dict[str, tuple[str, dict[str, Any], Any, Any]] = {
    "isPending": ("BOOLEAN", {}, True, 1),
    "customerFacing": ("BOOLEAN", {}, False, "yes"),
    "count": ("INTEGER", {"min": 0, "max": 1_000}, 5, 1_001),
    "retries": ("INTEGER", {}, 12, "5.5"),
    "loss": ("NUMBER", {}, "1250.75", "0.12345678"),
    "region": ("STRING", {}, "eu-west-1", 5),
    "team": ("STRING", {"max_length": 40}, "payments", "x" * 41),
    "ticket": ("STRING", {}, "INC-1234567", "two\nlines"),
    "level": ("SELECT", {"options": [{"code": code} for code in "abcdefgh"]}, "c", "z"),
    "day": ("DATE", {}, "2024-11-11", "2024-02-30"),
    "seen": ("DATETIME", {}, "2024-11-11T02:57:27Z", "2024-11-11T02:57:27"),
    "link": ("URL", {}, "https://status.example.com/incidents/7", "ftp://a.example"),
}
TARGETS = {"good": 10.0, "bad": 40.0}  # microseconds
_TARGET_RATIO = 1.10
_SETS = 1_000  # in a turn
_TURNS = 15  # the sides take turns, so that a slow moment meets them all
_CREATES = 40  # in a turn
_CREATE_TURNS = 20
_MANY = 100


def main() -> None:
    """Measure and print."""
    made = tempfile.mkdtemp(prefix="incidents-benchmark-")
    atexit.register(shutil.rmtree, made)  # before the cluster's own, so that it runs after it
    os.environ["DATA_DIR"] = made
    os.environ["DJANGO_SETTINGS_MODULE"] = "incidents_project.settings"
    os.environ["LOG_LEVEL"] = "ERROR"
    django.setup()
    _say(f"Python {platform.python_version()}; microseconds for {len(TWELVE)} values")
    _validation()
    _creation()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _validation() -> None:
    from attributes import jsonschema, values  # noqa: PLC0415 - models, which need Django's set-up

    schema = _schema({name: build(of, rules) for name, (of, rules, _, _) in TWELVE.items()})
    at = values.Situation("OTHERS", "NEW", enters=True, was="OTHERS")
    sets = {
        "good": _received({name: good for name, (*_, good, _) in TWELVE.items()}),
        "bad": _received({name: bad for name, (*_, bad) in TWELVE.items()}),
    }
    stored = values.for_new(schema, sets["good"], at, [])

    def ours(raw: dict[str, Any]) -> None:
        values.for_new(schema, raw, at, [])

    def changing(raw: dict[str, Any]) -> None:
        values.changes(schema, raw, stored, at, [])

    theirs_name, theirs = _other(jsonschema.of_values(schema))
    for kind, raw in sets.items():
        faults: list[Fault] = []
        values.for_new(schema, raw, at, faults)
        expected = len(TWELVE) if kind == "bad" else 0
        if len(faults) != expected:
            raise SystemExit(f"The {kind} set has {len(faults)} faults: {faults}")
        # The other validator is given the number as a number: it takes no text for one.
        typed = raw | {"loss": 1250.75 if kind == "good" else 0.12345678}
        new, change, other = _in_turns([(ours, raw), (changing, raw), (theirs, typed)])
        verdict = "met" if new <= TARGETS[kind] else "missed"
        _say(
            f"{kind:5} for_new {new:6.1f}  target {TARGETS[kind]:.0f} {verdict:6}"
            f"  changes {change:6.1f}  {theirs_name} {other:6.1f}  ratio {new / other:.2f}"
        )


def _schema(typed: dict[str, AttributeType]) -> Any:
    from attributes.schema import Attribute, Schema  # noqa: PLC0415

    nothing: dict[str, Any] = {
        "label": "",
        "description": "",
        "required": False,
        "required_when": "always",
        "required_at": frozenset(),
        "applies_to": frozenset(),
        "unique": False,
        "indexed": False,
        "default": None,
        "group": "",
        "help_text": "",
    }
    attributes = [
        Attribute(uid=uuid4(), name=name, slot=f"a{number}", type=type_, **nothing)
        for number, (name, type_) in enumerate(typed.items(), start=1)
    ]
    return Schema(uuid4(), 1, attributes)


def _received(values: dict[str, Any]) -> dict[str, Any]:
    """Objects as a parser makes them: not the very ones that the definitions hold."""
    received: dict[str, Any] = json.loads(json.dumps(values))
    return received


def _other(schema: dict[str, Any]) -> tuple[str, Callable[[dict[str, Any]], None]]:
    """Another validator of the same schema, which finds every fault too."""
    plain = json.loads(json.dumps(schema, default=float))
    try:
        import jsonschema_rs  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
    except ImportError:
        import jsonschema  # noqa: PLC0415

        slow = jsonschema.Draft202012Validator(plain)
        return "jsonschema", lambda raw: list(slow.iter_errors(raw)) and None
    fast = jsonschema_rs.Draft202012Validator(plain, validate_formats=True)
    return "jsonschema-rs", lambda raw: list(fast.iter_errors(raw)) and None


def _in_turns(calls: list[tuple[Callable[[dict[str, Any]], None], dict[str, Any]]]) -> list[float]:
    """Microseconds of one call of each: the median of the turns."""
    turns: list[list[float]] = [[] for _ in calls]
    for _ in range(_TURNS):
        for (call, raw), taken in zip(calls, turns, strict=True):
            started = time.perf_counter()
            for _ in range(_SETS):
                call(raw)
            taken.append((time.perf_counter() - started) / _SETS * 1e6)
    return [statistics.median(taken) for taken in turns]


def _creation() -> None:
    """Creating with 12 attributes defined and with 100, by turns, in one process."""
    from django.db import connection, transaction  # noqa: PLC0415

    _migrate()
    with transaction.atomic():
        few, many = _measure_creates()
        transaction.set_rollback(True)
    connection.close()
    ratio = statistics.median(m / f for f, m in zip(few, many, strict=True))
    verdict = "met" if ratio <= _TARGET_RATIO else "missed"
    _say(
        f"create with {len(TWELVE)} values: {statistics.median(few):.0f} of {len(TWELVE)}"
        f" attributes, {statistics.median(many):.0f} of {_MANY};"
        f" ratio {ratio:.3f}  target {_TARGET_RATIO:.2f} {verdict}"
    )


def _migrate() -> None:
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)


def _measure_creates() -> tuple[list[float], list[float]]:
    from accounts.principal import Principal, Role  # noqa: PLC0415

    deployer = Principal("dee", "Dee", "acme", frozenset({Role.DEPLOYER}))
    writer = Principal("ada", "Ada", "acme", frozenset({Role.INCIDENT_OWNER}))
    _define(deployer, {name: (of, rules) for name, (of, rules, *_) in TWELVE.items()})
    kinds = [(of, rules) for of, rules, *_ in TWELVE.values()]
    more = {f"more{n}": kinds[n % len(kinds)] for n in range(_MANY - len(TWELVE))}
    few, many = [], []
    _creates(writer)
    for _ in range(_CREATE_TURNS):
        few.append(_creates(writer))
        with _defined(deployer, more):
            many.append(_creates(writer))
    return few, many


@contextmanager
def _defined(principal: Any, attributes: dict[str, tuple[str, dict[str, Any]]]) -> Iterator[None]:
    """Attributes that are there for a while."""
    from django.db import transaction  # noqa: PLC0415

    with transaction.atomic():
        _define(principal, attributes)
        yield
        transaction.set_rollback(True)


def _define(principal: Any, attributes: dict[str, tuple[str, dict[str, Any]]]) -> None:
    from attributes.operations.define import define_attribute  # noqa: PLC0415

    for name, (type_, rules) in attributes.items():
        members = {"name": name, "type": type_, "rules": rules}
        define_attribute(principal=principal, members=members)


def _creates(principal: Any) -> float:
    """Microseconds of one, after one that reads the definitions."""
    from incidents.operations.incidents import create_incident  # noqa: PLC0415

    values = _received({name: good for name, (*_, good, _) in TWELVE.items()})
    body = {
        "name": "Disk full",
        "status": "NEW",
        "type": "OTHERS",
        "date": "2024-11-11T02:57:27Z",
        "description": "db-2 writes nothing.",
        "reported_by": "Jo",
        "attributes": values,
    }
    create_incident(principal=principal, body=body)
    started = time.perf_counter()
    for _ in range(_CREATES):
        create_incident(principal=principal, body=body)
    return (time.perf_counter() - started) / _CREATES * 1e6


if __name__ == "__main__":
    main()
