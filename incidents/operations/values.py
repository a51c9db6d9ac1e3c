"""Changing one value of an incident. It never conflicts with a change of another one."""

from uuid import UUID

from accounts import tenancy
from accounts.principal import Principal
from attributes import fence, references, values
from attributes.schema import Json
from incidents.operations.incidents import locked, situation_of, write
from incidents.presenter import Row, present, row_of
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
    with tenancy.scope(principal.tenant_id):
        schema = fence.enter()
        incident = locked(principal.tenant_id, incident_id)
        expected.require(incident.occ_lock)
        attribute = schema.by_name.get(name)
        if attribute is None:
            fault = values.unknown_attribute(schema, name)
            raise Invalid.because([Fault("name", fault.code, fault.message)])
        if only_if_unset and attribute.slot in incident.attributes:
            raise Conflict(f"{name} has a value already. Replace it with PUT.", code="already_set")
        faults: list[Fault] = []
        at = situation_of(incident)
        delta = values.changes(schema, {name: value}, incident.attributes, at, faults)
        references.check(schema, principal.tenant_id, delta.set, faults)
        if faults:
            raise Invalid.because([Fault("value", f.code, f.message) for f in faults])
        write(principal, schema, incident, {}, delta)
    return present(row_of(incident), schema)


def clear_value(*, principal: Principal, incident_id: UUID, name: str, expected: Expected) -> Row:
    """Take one value away; raises ``NotFound`` when there is none."""
    with tenancy.scope(principal.tenant_id):
        schema = fence.enter()
        incident = locked(principal.tenant_id, incident_id)
        expected.require(incident.occ_lock)
        attribute = schema.by_name.get(name)
        if attribute is None or attribute.slot not in incident.attributes:
            raise NotFound(f"This incident has no value for {name}.")
        faults: list[Fault] = []
        at = situation_of(incident)
        delta = values.changes(schema, {name: None}, incident.attributes, at, faults)
        if faults:
            raise Invalid.because(faults)
        write(principal, schema, incident, {}, delta)
    return present(row_of(incident), schema)
