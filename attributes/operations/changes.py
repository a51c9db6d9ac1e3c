"""Every change that has a name of its own, for the API, the admin and the commands."""

from collections.abc import Mapping

from attributes.operations.archive import Archive, Restore
from attributes.operations.backfill import Backfill
from attributes.operations.change import Change
from attributes.operations.deprecate import Deprecate, Reactivate
from attributes.operations.purge import Purge
from attributes.operations.rename import DropAlias, Rename
from attributes.operations.retype import Retype, Undo
from attributes.operations.update import Update

ALL: tuple[type[Change], ...] = (
    Update,
    Backfill,
    Rename,
    DropAlias,
    Retype,
    Undo,
    Deprecate,
    Reactivate,
    Archive,
    Restore,
    Purge,
)
BY_NAME: Mapping[str, type[Change]] = {change.change: change for change in ALL}
