"""The one who asks, whatever proved it: an API token, an OIDC token, the admin, a command."""

import enum
from dataclasses import dataclass, field


class Role(enum.StrEnum):
    """What a principal may do within its tenant. The names on the wire and in tokens."""

    VIEWER = "viewer"
    INCIDENT_OWNER = "incident_owner"
    DEPLOYER = "deployer"


READ = frozenset(Role)
WRITE = frozenset({Role.INCIDENT_OWNER})
DEFINE = frozenset({Role.DEPLOYER})


@dataclass(frozen=True, slots=True)
class Principal:
    """A subject acting for one tenant. ``name`` is what ``created_by`` shows."""

    subject: str
    name: str
    tenant_id: str
    roles: frozenset[Role] = field(default_factory=frozenset)

    is_authenticated = True  # what Django REST framework asks of a user

    def holds_any(self, roles: frozenset[Role]) -> bool:
        """Whether one of ``roles`` was granted."""
        return not self.roles.isdisjoint(roles)
