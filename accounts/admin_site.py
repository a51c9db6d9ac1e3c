"""The admin: who is let in, for which tenant they look, and as whom they act."""

from collections.abc import Callable
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminPasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import Resolver404, URLPattern, URLResolver, path, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.models import Tenant, User
from accounts.principal import Principal, Role

View = Callable[..., HttpResponseBase]

_TENANT = "tenant_id"  # in the session
# Pages of one object. Under another tenant there is no such object; its list is where to go.
_OF_ONE_OBJECT = ("_change", "_history", "_delete")


def chosen_tenant(request: HttpRequest) -> str:
    """The tenant whose rows the admin shows; empty while none of several was chosen."""
    chosen = request.session.get(_TENANT)
    if chosen:
        return str(chosen)
    tenants = tenants_of(request)
    return tenants[0] if len(tenants) == 1 else ""


def tenants_of(request: HttpRequest) -> list[str]:
    """The tenants there are to choose from, read once for each request."""
    known: list[str] | None = getattr(request, "known_tenants", None)
    if known is None:
        known = list(Tenant.objects.values_list("id", flat=True))
        request.known_tenants = known  # type: ignore[attr-defined]
    return known


def principal_of(request: HttpRequest) -> Principal:
    """Who acts when the admin carries out an operation."""
    user = request.user
    return Principal(
        subject=f"admin:{user.pk}",
        name=user.get_username(),
        tenant_id=chosen_tenant(request),
        roles=frozenset({Role.DEPLOYER}),
    )


def may_enter(request: HttpRequest) -> bool:
    """Whether the pages are open: to a deployer, with a password of their own."""
    return is_deployer(request) and not _must_change_password(request)


def is_deployer(request: HttpRequest) -> bool:
    """The one decision about who is let in."""
    return isinstance(request.user, User) and request.user.is_deployer


def _must_change_password(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.password_is_one_time


class OwnPasswordForm(AdminPasswordChangeForm):
    """A new password of one's own; it ends the one-time password."""

    def clean_new_password1(self) -> str:
        """Another password than the current one."""
        password: str = self.cleaned_data["new_password1"]
        if self.user.check_password(password):
            raise ValidationError("Must not be the current password.", code="same_password")
        return password

    def save(self, commit: bool = True) -> Any:  # noqa: FBT001, FBT002 - Django's signature
        """Store the password."""
        self.user.password_is_one_time = False
        return super().save(commit)


class DeployerAdminSite(AdminSite):
    """Django's admin for deployers: everything to one who may enter, nothing to anybody else."""

    site_title = "Incidents"
    site_header = "Incidents"
    index_title = "Administration"

    def has_permission(self, request: HttpRequest) -> bool:
        """The only question about permission; the models' own ones are not consulted."""
        return is_deployer(request)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002
        """Every page: for deployers, who have replaced a one-time password before anything else."""
        open_to_all_deployers = view in (
            self.password_change,
            self.logout,
            self.i18n_javascript,
        )

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not open_to_all_deployers and _must_change_password(request):
                return redirect("admin:password_change")
            # What the request's log line names.
            request.principal = principal_of(request)  # type: ignore[attr-defined]
            response: HttpResponseBase = view(request, *args, **kwargs)
            return response

        return super().admin_view(guarded, cacheable)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Django's pages, and the choice of the tenant."""
        choose = require_POST(self.choose_tenant)
        return [path("tenant/", self.admin_view(choose), name="choose_tenant"), *super().get_urls()]

    def each_context(self, request: HttpRequest) -> Any:
        """What the header needs on every page."""
        context: dict[str, Any] = dict(super().each_context(request))
        if may_enter(request):
            context["tenants"] = tenants_of(request)
            context["chosen_tenant"] = chosen_tenant(request)
        else:
            context["is_nav_sidebar_enabled"] = False  # a menu of pages that would not open
        return context

    def choose_tenant(self, request: HttpRequest) -> HttpResponse:
        """Look at another tenant's rows from now on."""
        tenant_id = request.POST.get("tenant", "")
        if tenant_id in tenants_of(request):
            request.session[_TENANT] = tenant_id
        return HttpResponseRedirect(_page_after_choice(request))

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Django's page, with a form that ends a one-time password."""
        request.current_app = self.name
        return PasswordChangeView.as_view(
            form_class=OwnPasswordForm,
            success_url=reverse("admin:password_change_done", current_app=self.name),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )(request)


def _page_after_choice(request: HttpRequest) -> str:
    """The page the choice was made on, or its list if the page was about one row."""
    index = reverse("admin:index")
    page = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(page, None) or not page.startswith(index):
        return index
    try:
        match = resolve(page)
    except Resolver404:
        return index
    for ending in _OF_ONE_OBJECT:
        model, found, _ = (match.url_name or "").rpartition(ending)
        if found:
            return reverse(f"admin:{model}_changelist")
    return page
