"""The view set every tenant's endpoint is made of."""

from typing import ClassVar, cast

from rest_framework.viewsets import ViewSet

from accounts.permissions import Roles
from accounts.principal import Principal


class PrincipalViewSet(ViewSet):
    """A view set asked by a principal, with the table of roles that its actions need."""

    required_roles: ClassVar[Roles] = {}
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    @property
    def principal(self) -> Principal:
        """Who asks; the permission class has made sure of it."""
        return cast("Principal", self.request.user)
