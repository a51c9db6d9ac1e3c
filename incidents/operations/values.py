"""Changing one value of an incident. It never conflicts with a change of another one."""

from uuid import UUID

from accounts.principal import Principal
from attributes import deprecation, fence, references, values
from attributes.schema import Json
from incidents import rows
from incidents.operations.incidents import situation_of, write
from incidents.presenter import Row, present
from incidents_project.refusals import Conflict, Fault, Invalid, NotFound
from incidents_project.versions import Expected


def set_value(
    *,
    principal: Principal,
    incident_id: UUID,
    name: str,
    value: Json,
    expected: Expected,
    only_if_unset: bool = False,
) -> Row:
    """Set, replace or (with None) clear one value.

    Raises ``Invalid`` for an unknown attribute or a wrong value, and ``Conflict`` (``already_set``)
    when ``only_if_unset`` and there is a value.
    """
    with fence.scope(principal.tenant_id) as schema:
        row = rows.locked(principal.tenant_id, incident_id)
        expected.require(row["occ_lock"])
        attribute = deprecation.named(schema, name)
        if attribute is None:
            fault = values.unknown_attribute(schema, name)
            raise Invalid.because([Fault("name", fault.code, fault.message)])
        if only_if_unset and attribute.slot in schema.known(row[values.MEMBER]):
            raise Conflict(f"{name} has a value already. Replace it with PUT.", code="already_set")
        faults: list[Fault] = []
        at = situation_of(row)
        delta = values.changes(schema, {name: value}, row[values.MEMBER], at, faults)
        references.check(schema, principal.tenant_id, delta.set, faults)
        if faults:
            raise Invalid.because([Fault("value", f.code, f.message) for f in faults])
        row = write(principal, schema, row, {}, delta)
    return present(row, schema)


def clear_value(*, principal: Principal, incident_id: UUID, name: str, expected: Expected) -> Row:
    """Take one value away; raises ``NotFound`` when there is none."""
    with fence.scope(principal.tenant_id) as schema:
        row = rows.locked(principal.tenant_id, incident_id)
        expected.require(row["occ_lock"])
        attribute = deprecation.named(schema, name)
        if attribute is None or attribute.slot not in schema.known(row[values.MEMBER]):
            raise NotFound(f"This incident has no value for {name}.")
        faults: list[Fault] = []
        at = situation_of(row)
        delta = values.changes(schema, {name: None}, row[values.MEMBER], at, faults)
        if faults:
            raise Invalid.because(faults)
        row = write(principal, schema, row, {}, delta)
    return present(row, schema)
