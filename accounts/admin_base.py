"""What every model's admin here shares: no permissions per model, no delete, operations that write.

Django's admin writes models; this one calls operations, which alone know the rules and record the
history. So its forms check only that the text can be read; a refusal of the operation is shown at
the field it names.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils.safestring import SafeString

from accounts import tenancy
from accounts.admin_site import chosen_tenant, may_enter
from incidents_project.exact_json import dumps
from incidents_project.http.parser import loads
from incidents_project.refusals import Refusal

M = TypeVar("M", bound=models.Model)

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin
    ModelForm = forms.ModelForm
else:
    # Django's classes are generic to the type checker alone.
    class ModelAdmin(admin.ModelAdmin, Generic[M]):
        """See Django."""

    class ModelForm(forms.ModelForm, Generic[M]):
        """See Django."""


class DeployerModelAdmin(ModelAdmin[M]):
    """A model that may be looked at by everybody whom the site lets in, and deleted by nobody."""

    may_add: ClassVar[bool] = False
    may_change: ClassVar[bool] = False
    view_on_site = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        """The site has decided."""
        return True

    def has_view_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """The site has decided."""
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        """The same for everybody."""
        return self.may_add

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """The same for everybody."""
        return self.may_change

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Nothing is deleted here."""
        return False

    def history_url(self, obj: M) -> str | None:
        """Where the changes of ``obj`` are listed; None where none are recorded."""
        return None

    def actions_on(self, obj: M) -> Sequence[str]:
        """Those of the list's actions that the page of ``obj`` offers as a button."""
        return ()

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The product's own history: Django's knows only what was done in the admin."""
        obj = self.get_object(request, object_id)
        url = obj and self.history_url(obj)
        if not url:
            raise Http404
        return HttpResponseRedirect(url)

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """Django's page, with our history and actions above the form."""
        obj = kwargs.get("obj")
        if obj is not None:
            context["history_url"] = self.history_url(obj)
            offered = self.actions_on(obj)
            context["object_actions"] = [
                (name, label) for name, label in self.get_action_choices(request) if name in offered
            ]
        return super().render_change_form(request, context, *args, **kwargs)

    def confirmation(
        self,
        request: HttpRequest,
        objects: Iterable[M],
        *,
        title: str,
        question: str,
        form: forms.Form | None = None,
    ) -> TemplateResponse:
        """The page between an action and its being carried out; posts the same action again.

        It asks what ``form`` asks.
        """
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "question": question,
            "form": form,
            "objects": objects,
            "action": request.POST["action"],
            "checkbox": ACTION_CHECKBOX_NAME,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/confirm_action.html", context)


class OperationForm(ModelForm[M]):
    """A form that reads what was typed; whether it may be is for the operation to say."""

    refusal: ClassVar[Refusal | None] = None
    # Where to show a refusal that names no field, by its code.
    field_of_code: ClassVar[dict[str, str]] = {}
    # Fields that the operation calls by another name.
    field_of_fault: ClassVar[dict[str, str]] = {}

    def _post_clean(self) -> None:
        """No checks of the model's: the operation makes them all, in its own words."""
        if self.refusal is not None:
            self._show(self.refusal)

    def _show(self, refusal: Refusal) -> None:
        if not refusal.faults:
            self.add_error(self.field_of_code.get(refusal.code), refusal.detail)
        for fault in refusal.faults:
            head, _, rest = fault.field.replace("[", ".[").partition(".")
            field = self.field_of_fault.get(head, head)
            if field in self.fields:
                self.add_error(field, f"{rest}: {fault.message}" if rest else fault.message)
            else:
                self.add_error(None, f"{fault.field}: {fault.message}")


class OperationAdmin(DeployerModelAdmin[M]):
    """A model that only operations write."""

    def carry_out(self, request: HttpRequest, form: Any, *, change: bool) -> M:
        """Call the operation with what the form read; its ``Refusal`` is shown in the form."""
        raise NotImplementedError

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Django's page; once more, with the refusal in the form, when the operation refuses."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Refusal as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(
        self,
        request: HttpRequest,
        obj: M | None = None,
        change: bool = False,  # noqa: FBT001, FBT002 - Django's signature
        **kwargs: Any,
    ) -> Any:
        """The form, which knows what the operation refused."""
        form = super().get_form(request, obj, change, **kwargs)
        refusal = getattr(request, "refusal", None)
        return form if refusal is None else type(form.__name__, (form,), {"refusal": refusal})

    def save_form(self, request: HttpRequest, form: Any, change: Any) -> Any:
        """Where Django would make an object of the form, the operation does."""
        return self.carry_out(request, form, change=change)

    def save_model(self, request: HttpRequest, obj: M, form: Any, change: Any) -> None:
        """The operation has saved it."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """The operation has saved it."""

    def log_addition(self, request: HttpRequest, obj: M, message: Any) -> Any:
        """The operation has recorded it."""

    def log_change(self, request: HttpRequest, obj: M, message: Any) -> Any:
        """The operation has recorded it."""


class TenantOwnedAdmin(OperationAdmin[M]):
    """A model of which only the chosen tenant's rows can be seen, by query and by the database."""

    show_full_result_count = False  # a second count of a large table

    def get_urls(self) -> list[URLPattern]:
        """Every page of the model, each inside the tenant's scope."""
        patterns = super().get_urls()
        for pattern in patterns:
            pattern.callback = self._scoped(pattern.callback)
        return patterns

    def _scoped(self, view: Any) -> Any:
        def scoped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            response: HttpResponseBase
            if not may_enter(request):
                response = view(request, *args, **kwargs)  # which will say so
                return response
            tenant_id = chosen_tenant(request)
            if not tenant_id:
                return self._ask_for_tenant(request)
            with tenancy.scope(tenant_id):
                response = view(request, *args, **kwargs)
                if isinstance(response, TemplateResponse):
                    response.render()  # its queries are still to come
            return response

        return scoped

    def _ask_for_tenant(self, request: HttpRequest) -> TemplateResponse:
        name = str(self.opts.verbose_name_plural)
        context = {
            **self.admin_site.each_context(request),
            "title": f"{name[:1].upper()}{name[1:]}: of which tenant?",
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/ask_for_tenant.html", context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[M]:
        """The chosen tenant's rows."""
        return super().get_queryset(request).filter(tenant_id=chosen_tenant(request))


class JsonTextField(forms.Field):
    """JSON typed by a person, read as strictly as the API reads it. Empty is ``empty``."""

    def __init__(self, *, empty: Any, **options: Any) -> None:
        super().__init__(
            widget=forms.Textarea(attrs={"rows": 3, "cols": 60, "spellcheck": "false"}),
            required=False,
            **options,
        )
        self.empty = empty

    def to_python(self, value: Any) -> Any:
        """The value that the text denotes."""
        text = (value or "").strip()
        if not text:
            return self.empty
        try:
            return loads(text.encode())
        except Refusal as refusal:
            raise ValidationError(_about_text(refusal.detail), code=refusal.code) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the value differs, not its spelling."""
        try:
            # As text, because True == 1 and 1 == 1.0 here, but not in JSON.
            return repr(self.to_python(initial)) != repr(self.to_python(data))
        except ValidationError:
            return True


def _about_text(detail: str) -> str:
    # The parser speaks of the body of a request.
    return detail.replace("The body", "The text", 1)


def json_text(value: Any) -> str:
    """A value as ``JsonTextField`` shows it."""
    return "" if value is None else dumps(value).decode()


class LongTextField(forms.CharField):
    """Text of several lines, kept as typed but for the line ends, which browsers make CR LF."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            widget=forms.Textarea(attrs={"rows": 3, "cols": 60}),
            required=False,
            strip=False,
            **options,
        )

    def to_python(self, value: Any) -> str:
        """The text with LF."""
        return _with_lf(super().to_python(value))

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether more than the line ends differ."""
        return _with_lf(initial or "") != _with_lf(data or "")


def _with_lf(text: Any) -> str:
    return str(text).replace("\r\n", "\n")


def shown(value: Any) -> str | SafeString:
    """A JSON value for people: text as it is, the rest as JSON, nothing as a dash."""
    return render_to_string("admin/json_value.html", {"kind": _kind(value), "text": _text(value)})


def _kind(value: Any) -> str:
    if value is None:
        return "none"
    return "empty" if value == "" else "value"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json_text(value)
