"""Tokens, tenants and the people who may enter, in the admin."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from accounts import operations
from accounts.admin_base import DeployerModelAdmin, OperationForm, TenantOwnedAdmin
from accounts.admin_site import chosen_tenant, principal_of
from accounts.models import ApiToken, Tenant, User
from accounts.principal import Role
from incidents_project.refusals import Refusal

if TYPE_CHECKING:
    # Django's forms are generic to the type checker alone.
    _NewUserForm = UserCreationForm[User]
    _UserForm = UserChangeForm[User]
    _PasswordForm = AdminPasswordChangeForm[User]
    _StockUserAdmin = StockUserAdmin[User]
else:
    _StockUserAdmin = StockUserAdmin
    _NewUserForm, _UserForm, _PasswordForm = (
        UserCreationForm,
        UserChangeForm,
        AdminPasswordChangeForm,
    )

admin.site.unregister(Group)  # there are no permissions to hand out by group

_ROLES = {
    Role.VIEWER: "viewer: reads incidents",
    Role.INCIDENT_OWNER: "incident_owner: reads and writes incidents",
    Role.DEPLOYER: "deployer: reads incidents, defines attributes",
}


class TokenForm(OperationForm[ApiToken]):
    """What a new token needs."""

    field_of_fault = {"role": "roles", "expires": "expires_at"}

    roles = forms.TypedMultipleChoiceField(
        coerce=Role, choices=list(_ROLES.items()), widget=forms.CheckboxSelectMultiple
    )
    expires_at = forms.DateTimeField(
        required=False,
        label="Expires at (UTC)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="Leave empty for a token that stays good until it is revoked.",
    )

    class Meta:
        model = ApiToken
        fields = ["name", "roles", "expires_at"]


@admin.register(ApiToken)
class ApiTokenAdmin(TenantOwnedAdmin[ApiToken]):
    """Tokens of the chosen tenant: made, listed and revoked."""

    may_add = True
    form = TokenForm
    list_display = [
        "name",
        "start",
        "held_roles",
        "state",
        "expires_at",
        "last_used_at",
    ]
    actions = ["revoke"]
    fields = [
        "name",
        "start",
        "held_roles",
        "state",
        "subject",
        "created_at",
        "created_by",
        "expires_at",
        "revoked_at",
        "last_used_at",
    ]

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> Any:
        """A new token has three fields, one that was made has everything but its text."""
        return TokenForm.Meta.fields if obj is None else self.fields

    def carry_out(self, request: HttpRequest, form: Any, *, change: bool) -> ApiToken:
        """Issue the token; its text goes no further than this request."""
        said = form.cleaned_data
        token, secret = operations.create_token(
            tenant_id=chosen_tenant(request),
            roles=said["roles"],
            name=said["name"],
            expires_at=said["expires_at"],
            actor=principal_of(request).name,
        )
        request.new_secret = secret  # type: ignore[attr-defined]
        return token

    def response_add(
        self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The token, in this answer and nowhere else: a message would wait in a cookie."""
        context = {
            **self.admin_site.each_context(request),
            "title": "The token was made",
            "opts": self.opts,
            "token": obj,
            "secret": request.new_secret,  # type: ignore[attr-defined]
        }
        return TemplateResponse(request, "admin/accounts/token_made.html", context)

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """One button: what follows is the page with the token."""
        context["show_save_and_add_another"] = False
        context["show_save_and_continue"] = False
        if context.get("original") is None:
            context["title"] = f"Add API token for tenant {chosen_tenant(request)}"
        return super().render_change_form(request, context, *args, **kwargs)

    def actions_on(self, obj: ApiToken) -> list[str]:
        """A token is revoked once."""
        return [] if obj.revoked_at else ["revoke"]

    @admin.action(description="Revoke")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> HttpResponse | None:
        """Refuse the tokens from now on, after a question."""
        tokens = list(queryset.filter(revoked_at=None))
        if not tokens:
            self.message_user(request, "Revoked already.", messages.WARNING)
            return None
        if "confirmed" not in request.POST:
            return self.confirmation(
                request,
                tokens,
                title="Revoke",
                question="Requests with these tokens are refused from now on. It cannot be undone.",
            )
        for token in tokens:
            try:
                operations.revoke_token(tenant_id=token.tenant_id, prefix=token.prefix)
            except Refusal as refusal:
                self.message_user(request, f"{token}: {refusal.detail}", messages.ERROR)
            else:
                self.message_user(request, f"{token} was revoked.", messages.SUCCESS)
        return None

    @admin.display(description="begins with", ordering="prefix")
    def start(self, token: ApiToken) -> str:
        """Enough of its text to know it again."""
        return f"{token.prefix}…"

    @admin.display(description="roles")
    def held_roles(self, token: ApiToken) -> str:
        """The roles, by name."""
        return ", ".join(token.roles)

    @admin.display(description="state")
    def state(self, token: ApiToken) -> str:
        """Whether a request with it would be let in now."""
        if token.revoked_at is not None:
            return "revoked"
        return "valid" if token.is_valid(timezone.now()) else "expired"


@admin.register(Tenant)
class TenantAdmin(DeployerModelAdmin[Tenant]):
    """The tenants that were named to this instance."""

    list_display = ["id", "created_at"]
    list_display_links = None
    search_fields = ["id"]


class NewUserForm(_NewUserForm):
    """A deployer, with a password to be replaced."""

    class Meta:
        model = User
        fields = ["username"]

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 - Django's signature
        """Whoever is added here may enter, and knows a password that somebody else made up."""
        self.instance.is_staff = True
        self.instance.password_is_one_time = True
        return super().save(commit)


class UserForm(_UserForm):
    """A user, who cannot lock themselves out."""

    own: ClassVar[bool] = False

    def clean(self) -> dict[str, Any]:
        """Refuse to take away one's own access."""
        said = super().clean() or self.cleaned_data
        for field in ("is_active", "is_staff"):
            if self.own and not said.get(field, True):
                self.add_error(
                    field, ValidationError("You cannot take away your own access.", code="own")
                )
        return said


class OneTimePasswordForm(_PasswordForm):
    """A password for somebody else, who replaces it at the next login."""

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        self.fields.pop("usable_password", None)  # there is no other way in

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 - Django's signature
        """Store it, marked."""
        self.user.password_is_one_time = True
        return super().save(commit)


@admin.register(User)
class UserAdmin(DeployerModelAdmin[User], _StockUserAdmin):
    """Who may enter. Django's own record of changes is kept here: no operation writes one."""

    may_add = True
    may_change = True
    form = UserForm
    add_form = NewUserForm
    add_form_template = None
    change_password_form = OneTimePasswordForm
    change_user_password_template = "admin/accounts/user_password.html"  # noqa: S105
    list_display = ["username", "email", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["username", "email"]
    filter_horizontal = ()
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("username", "password1", "password2")}),
    )
    fieldsets = (
        (None, {"fields": ("username", "password", "email")}),
        (
            "May enter",
            {
                "description": "Both are needed.",
                "fields": ("is_active", "is_staff", "password_is_one_time"),
            },
        ),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ["password_is_one_time", "last_login", "date_joined"]

    def get_form(
        self,
        request: HttpRequest,
        obj: User | None = None,
        change: bool = False,  # noqa: FBT001, FBT002 - Django's signature
        **kwargs: Any,
    ) -> Any:
        """The form, which knows whether it is about the one who fills it in."""
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.own = obj is not None and obj.pk == request.user.pk
        return form

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:  # noqa: A002
        """One's own password has a page of its own, which asks for the current one."""
        if id == str(request.user.pk):
            return redirect("admin:password_change")
        return super().user_change_password(request, id, form_url)

    def history_url(self, obj: User) -> str:
        """Django's record."""
        return reverse("admin:accounts_user_history", args=[obj.pk])

    def history_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Django's record."""
        return StockUserAdmin.history_view(self, request, *args, **kwargs)
