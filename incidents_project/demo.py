"""What a first visitor finds: two tenants, three attributes and a few incidents."""

from datetime import UTC, datetime
from typing import Any

from accounts.models import Tenant
from accounts.principal import Principal, Role
from attributes.models import AttributeMeta
from attributes.operations.define import define_attribute
from incidents.operations.incidents import create_incident

TENANTS = ("acme", "globex")

_ATTRIBUTES: tuple[dict[str, Any], ...] = (
    {"name": "isPending", "type": "BOOLEAN", "label": "Is pending", "default": False},
    {"name": "count", "type": "INTEGER", "label": "People affected", "rules": {"min": 0}},
    {"name": "region", "type": "STRING", "label": "Region", "rules": {"max_length": 40}},
)
_INCIDENTS: tuple[dict[str, Any], ...] = (
    {
        "name": "Checkout answers slowly",
        "status": "IN_PROGRESS",
        "type": "PERFORMANCE",
        "severity": "MAJOR",
        "description": "Paying takes 20 seconds since the 14:00 deployment.",
        "reported_by": "Dana Reyes",
        "attributes": {"isPending": True, "count": 1200, "region": "eu-west-1"},
    },
    {
        "name": "Badge readers offline",
        "status": "NEW",
        "type": "SYSTEM_FAILURE",
        "severity": "HIGH",
        "description": "No door of building 3 opens.",
        "reported_by": "Sam Okafor",
        "location": "Building 3",
        "attributes": {"count": 85},
    },
    {
        "name": "Phishing mail with our logo",
        "status": "RESOLVED",
        "type": "SECURITY",
        "severity": "CRITICAL",
        "description": "Mails to customers ask for their passwords.",
        "reported_by": "Lin Wei",
        "resolved_date": "2026-03-04T18:30:00Z",
        "attributes": {"count": 3, "region": "us-east-1"},
    },
)


def tell() -> bool:
    """Create the demo where there is nothing yet; says whether it did."""
    if Tenant.objects.exists() or AttributeMeta.objects.exists():
        return False
    deployer = Principal("demo", "Demo", TENANTS[0], frozenset({Role.DEPLOYER}))
    for order, members in enumerate(_ATTRIBUTES):
        define_attribute(principal=deployer, members={**members, "order": order})
    for tenant_id in TENANTS:
        Tenant.objects.create(id=tenant_id)
        owner = Principal("demo", "Demo", tenant_id, frozenset({Role.INCIDENT_OWNER}))
        for day, incident in enumerate(_INCIDENTS, start=1):
            date = datetime(2026, 3, day, 14, 5, tzinfo=UTC).isoformat()
            create_incident(principal=owner, body={**incident, "date": date})
    return True
