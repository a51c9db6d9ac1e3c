"""Adding and changing the codes of this instance."""

import re
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.principal import Principal
from attributes import fence
from history import record
from history.record import Versions
from incidents.models import Code, Kind
from incidents_project.refusals import Conflict, Fault, Invalid, NotFound

_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,49}")
_FIELDS = ("label", "order", "retired")


@transaction.atomic
def add_code(
    *, principal: Principal, kind: Kind, code: str, label: str = "", order: int = 0
) -> Code:
    """Let incidents carry a new code."""
    if not _CODE.fullmatch(code):
        message = "Must be capital letters, digits and underscores, beginning with a letter."
        raise Invalid.because([Fault("code", "invalid", message)])
    fence.change()
    if Code.objects.filter(kind=kind, code=code).exists():
        raise Conflict(f"There is a {kind.value} {code} already.", code="name_taken")
    added = Code(kind=kind, code=code, label=label, order=order)
    added.save(force_insert=True)
    _record(principal, "code.created", added, {})
    return added


@transaction.atomic
def change_code(*, principal: Principal, kind: Kind, code: str, changes: dict[str, Any]) -> Code:
    """Change a code's label, order or whether it is retired; the code itself never changes."""
    fence.change()
    found = Code.objects.filter(kind=kind, code=code).first()
    if found is None:
        raise NotFound(f"There is no {kind.value} {code}.")
    before = _shown(found)
    for field in _FIELDS:
        setattr(found, field, changes.get(field, before[field]))
    if _shown(found) != before:
        found.updated_at = timezone.now()
        found.save(force_update=True)
        _record(principal, "code.updated", found, before)
    return found


def _shown(code: Code) -> dict[str, Any]:
    return {field: getattr(code, field) for field in _FIELDS}


def _record(principal: Principal, action: str, code: Code, before: dict[str, Any]) -> None:
    record.instance_event(
        principal,
        action,
        object_id=code.id,
        subject_name=f"{code.kind} {code.code}",
        changes=record.differences(before, _shown(code), _FIELDS),
        versions=Versions(),
    )
