"""Which role each action needs: a table on the view, and nothing for what it does not name."""

from typing import TYPE_CHECKING, cast

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.principal import Principal, Role
from incidents_project.refusals import Forbidden

if TYPE_CHECKING:  # it reads the settings, which name this module, while it is imported
    from rest_framework.views import APIView

Roles = dict[str, frozenset[Role]]


class RoleRequired(BasePermission):
    """Admits a principal that holds one of the roles the view names for the action.

    An action that the view's ``required_roles`` does not name is refused to everybody.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """False asks for a token (401); a token without the role is refused with 403."""
        # A stranger's user is None (UNAUTHENTICATED_USER), anyone else's a principal.
        principal = cast("Principal | None", request.user)
        if principal is None:
            return False
        if not principal.tenant_id:
            raise Forbidden("The token names no tenant.", code="no_tenant")
        action = getattr(view, "action", None)
        if action is None or request.method == "OPTIONS":
            return True  # no such method here: the answer is 405
        allowed = getattr(view, "required_roles", {}).get(action, frozenset())
        if not principal.holds_any(allowed):
            names = " or ".join(sorted(allowed)) or "nobody"
            raise Forbidden(f"This needs the role {names}.")
        return True
