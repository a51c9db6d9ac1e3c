"""The fence between people who write values and a deployer who changes the schema.

Every transaction that writes values holds the fence *shared* and then reads the epoch, so the
definitions it validates against hold still until it commits. Every change of a definition holds it
*exclusively* for the milliseconds that its few rows take. An advisory lock costs no WAL, where row
locks on the definitions would.

The lock and the read are two statements on purpose: a statement sees what was committed before it
began, not before its lock was granted. Order of locks everywhere: fence, definitions, incidents.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from psycopg.errors import LockNotAvailable

from accounts import tenancy
from accounts.tenancy import new_id
from attributes.schema import Schema, schemas
from incidents_project.refusals import Unavailable

_KEY = "7717, 1"  # PostgreSQL's two-number advisory lock; per database
# Two statements in one message.
_ENTER = f"SELECT pg_advisory_xact_lock_shared({_KEY}); SELECT stamp FROM attributes_epoch"  # noqa: S608
_PATIENCE = 100  # milliseconds a change may make writers queue behind it, per attempt
_LONGEST = 30.0  # seconds until a change gives up


def enter() -> Schema:
    """Hold the definitions still until this transaction ends; returns the schema in force."""
    assert connection.in_atomic_block, "the fence is held by a transaction"  # noqa: S101
    with connection.cursor() as cursor:
        cursor.execute(_ENTER)
        cursor.nextset()  # the lock has nothing to say
        stamp: UUID = cursor.fetchone()[0]
    return schemas.at(stamp)


@contextmanager
def scope(tenant_id: str) -> Iterator[Schema]:
    """A tenant's transaction that has entered: both in the message that begins it."""
    with tenancy.scope(tenant_id, first=_ENTER) as ((stamp,),):
        yield schemas.at(stamp)


def change() -> Schema:
    """Wait until no writer is inside, keep all out until this transaction ends, begin an epoch.

    A writer that is stuck delays the deployer, never other writers: each attempt queues for at
    most 100 ms and then lets them pass. Returns the schema that was in force until now. Raises
    ``Unavailable`` (``schema_busy``) after 30 s of attempts.
    """
    assert connection.in_atomic_block, "the fence is held by a transaction"  # noqa: S101
    give_up = time.monotonic() + _LONGEST
    while not _shut():
        if time.monotonic() > give_up:
            raise Unavailable(
                "Writers have kept the schema busy. Try again; a transaction may be stuck.",
                code="schema_busy",
                retry_after=5,
            )
        time.sleep(random.uniform(0.02, 0.1))  # noqa: S311 - jitter
    with connection.cursor() as cursor:
        cursor.execute("SELECT stamp FROM attributes_epoch")
        before = schemas.at(cursor.fetchone()[0])
        cursor.execute("UPDATE attributes_epoch SET version = version + 1, stamp = %s", [new_id()])
    return before


def _shut() -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {_PATIENCE}")
            cursor.execute(f"SELECT pg_advisory_xact_lock({_KEY})")
            cursor.execute("SET LOCAL lock_timeout = 0")
    except DatabaseError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            return False
        raise
    return True


def new_slot() -> str:
    """A slot that no attribute has ever had; only behind ``change``."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE attributes_epoch SET last_slot = last_slot + 1 RETURNING last_slot")
        return f"a{cursor.fetchone()[0]}"
