"""Values that refer to something of the tenant's: it must be there when the value is written."""

from collections.abc import Mapping

from attributes import hosts
from attributes.schema import Schema
from attributes.types import Json
from attributes.values import MEMBER
from incidents_project.refusals import Fault


def check(schema: Schema, tenant_id: str, written: Mapping[str, Json], faults: list[Fault]) -> None:
    """Add a fault for every written value that refers to what the tenant does not have."""
    asked = {
        attribute: attribute.type.references(written[attribute.slot])
        for attribute in schema.referring
        if attribute.slot in written
    }
    if not asked:
        return
    ids = {id_ for referred in asked.values() for id_ in referred}
    absent = {id_ for host in hosts.all_hosts() for id_ in host.missing(tenant_id, ids)}
    faults.extend(
        Fault(f"{MEMBER}.{attribute.name}", "no_such_reference", "There is no such incident.")
        for attribute, referred in asked.items()
        if absent.intersection(referred)
    )
