"""What a purge destroys, kept in a file for who asked for it: one JSON object a line.

The first line says what the others are values of: by the time they are read, nothing else may know.
A batch's lines are on the disk before its transaction commits, and how long the file is is stored
with it: what a batch wrote that did not commit is cut off by the next one.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from attributes.jobs.steps import BlockedError, NotYetError
from attributes.models import AttributeMeta, Job, SpareSlot
from attributes.types.datetime import shown_moment, stored_moment
from incidents_project.exact_json import dumps, loads


def path_of(job: Job) -> Path:
    """Where a purge's file is."""
    return Path(settings.DATA_DIR) / "purged" / f"{job.attribute_name}-{job.id}.ndjson"


def append(job: Job, tenant: str, slots: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    """Write the values of rows ``(id, value, value, ...)``, each as JSON text or None."""
    path = path_of(job)
    with _alone(path) as file:
        # Read when the file is ours: who was cut off from the database may have been writing it.
        result = Job.objects.values_list("result", flat=True).get(id=job.id)
        committed = result.get("exported_bytes", 0)
        _require_whole(path, file, committed)
        file.truncate(committed)
        file.seek(committed)
        if not committed:
            file.write(_head(job))
        file.writelines(_lines(tenant, slots, rows))
        file.flush()
        os.fsync(file.fileno())
        result |= {"exported_bytes": file.tell(), "export": path.name}
    Job.objects.filter(id=job.id).update(result=result)


@contextmanager
def _alone(path: Path) -> Iterator[IO[bytes]]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise NotYetError from error
        yield file


def _require_whole(path: Path, file: IO[bytes], committed: int) -> None:
    if os.fstat(file.fileno()).st_size < committed:
        raise BlockedError(
            f"{path} lacks values that are destroyed already: it was moved away, or begun by a"
            " worker on another machine. Put it back, or let that worker go on, and resume."
        )


def _head(job: Job) -> bytes:
    definition = AttributeMeta.objects.get(id=job.attribute_id)
    kept: list[AttributeMeta | SpareSlot] = [definition, *definition.spare_slots.all()]
    head = {
        "attribute": definition.name,
        "uid": str(definition.uid),
        "job": str(job.id),
        "requested_by": job.requested_by,
        "requested_at": shown_moment(stored_moment(job.created_at)),
        "slots": {each.slot: {"type": each.type, "rules": each.rules} for each in kept},
    }
    return dumps({"purged": head}) + b"\n"


def _lines(tenant: str, slots: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> Iterator[bytes]:
    for id_, *found in rows:
        for slot, value in zip(slots, found, strict=True):
            if value is not None:
                line = {"tenant_id": tenant, "id": str(id_), "slot": slot, "value": loads(value)}
                yield dumps(line) + b"\n"
