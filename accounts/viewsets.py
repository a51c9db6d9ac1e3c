"""The view set every tenant's endpoint is made of."""

from functools import cached_property, lru_cache
from typing import Any, ClassVar, cast

from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.viewsets import ViewSet

from accounts.permissions import Roles
from accounts.principal import Principal

_NO_PARAMETERS = QueryDict()


class Asked(Request):
    """REST framework's request, with at hand what every one is asked for."""

    def __init__(self, request: HttpRequest, **what_with: Any) -> None:
        super().__init__(request, **what_with)
        self.META = request.META
        self.method = request.method

    @cached_property
    def query_params(self) -> QueryDict:  # type: ignore[override] # a property there
        """The parameters of the query."""
        return self._request.GET if self.META.get("QUERY_STRING") else _NO_PARAMETERS

    @property
    def user(self) -> Any:
        """Who asks, or None; found out once. REST framework looks in three places first."""
        if "_user" not in self.__dict__:
            self._authenticate()  # type: ignore[attr-defined] # not in the stubs
        return self._user

    @user.setter
    def user(self, principal: Any) -> None:
        self._user = self._request.user = principal


class PrincipalViewSet(ViewSet):
    """A view set asked by a principal, with the table of roles that its actions need."""

    required_roles: ClassVar[Roles] = {}
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    @property
    def principal(self) -> Principal:
        """Who asks; the permission class has made sure of it."""
        return cast("Principal", self.request.user)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, by those steps of REST framework's in which there is something to choose.

        There is one way to say who asks, one form of answer, and no versions.
        """
        self.request = asked = self.initialize_request(request, *args, **kwargs)
        action = self.action_map.get((asked.method or "").lower())
        self.action = action  # type: ignore[assignment] # None where there is no such method
        try:
            self._admit(asked)
            handler = getattr(self, action) if action else self.http_method_not_allowed
            response: HttpResponseBase = handler(asked, *args, **kwargs)
        except Exception as error:
            response = self.handle_exception(error)
        response.headers["Allow"] = _allow(tuple(self.action_map))
        return response

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Asked:
        """The request as the actions see it."""
        return Asked(
            request,
            parsers=_made(tuple(self.parser_classes)),
            authenticators=_made(tuple(self.authentication_classes)),
            negotiator=self.get_content_negotiator(),
            parser_context={"view": self, "args": args, "kwargs": kwargs},
        )

    def get_renderers(self) -> Any:
        """The forms of an answer; they know nothing of a request."""
        return _made(tuple(self.renderer_classes))

    def get_permissions(self) -> Any:
        """What admits; it knows nothing of a request."""
        return _made(tuple(self.permission_classes))

    def _admit(self, asked: Asked) -> None:
        """Refuse who does not take our answers, may not ask, or asks too often."""
        chosen = self.get_content_negotiator().select_renderer(asked, self.get_renderers())
        asked.accepted_renderer, asked.accepted_media_type = chosen
        self.perform_authentication(asked)
        self.check_permissions(asked)
        self.check_throttles(asked)


@lru_cache(maxsize=64)
def _made(classes: tuple[type[Any], ...]) -> list[Any]:
    """One of each, for all requests."""
    return [each() for each in classes]


@lru_cache(maxsize=64)
def _allow(methods: tuple[str, ...]) -> str:
    """The header of that name."""
    known = (name for name in PrincipalViewSet.http_method_names if name in methods)
    return ", ".join(name.upper() for name in known)
