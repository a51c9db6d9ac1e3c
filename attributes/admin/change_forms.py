"""What is asked for each change of an attribute that has a page of its own."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms

from accounts.admin_base import JsonTextField
from attributes import types
from attributes.models import AttributeMeta, SlotState, State
from attributes.operations.changes import BY_NAME
from attributes.types import Json

Fields = dict[str, forms.Field]


def accept_field() -> forms.Field:
    """What may be lost in a conversion."""
    return JsonTextField(
        empty=None,
        label="Accept",
        help_text='How many values may be lost at most: {"lossy": 12, "impossible": 3}.',
    )


def _rename(definition: AttributeMeta) -> Fields:
    return {
        "name": forms.CharField(max_length=50, label="New name"),
        "alias_days": forms.IntegerField(
            required=False,
            min_value=0,
            label="Days",
            help_text="So long filters and writes may still use the old name; empty for the usual.",
        ),
    }


def _drop_alias(definition: AttributeMeta) -> Fields:
    names = [(alias.name, alias.name) for alias in definition.aliases.all()]
    return {"alias": forms.ChoiceField(choices=names, label="Former name")}


def _retype(definition: AttributeMeta) -> Fields:
    others = [
        (name, f"{name}: {label}") for name, label in types.choices() if name != definition.type
    ]
    return {
        "type": forms.ChoiceField(choices=others, label="New type"),
        "rules": JsonTextField(empty=None, label="Rules", help_text="Of the new type, as JSON."),
        "using": JsonTextField(
            empty=None, label="Using", help_text='How to convert, as JSON: {"zone": "UTC"}.'
        ),
        "accept": accept_field(),
    }


def _undo(definition: AttributeMeta) -> Fields:
    return {"accept": accept_field()}


def _deprecate(definition: AttributeMeta) -> Fields:
    day = forms.CharField(
        required=False,
        label="Sunset",
        help_text="The day when it will go, today or later: 2027-01-31, or none.",
    )
    return {"sunset": day}


def _archive(definition: AttributeMeta) -> Fields:
    words = "End whatever refers to it, and the jobs that work on it."
    return {"detach": forms.BooleanField(required=False, label="Detach", help_text=words)}


def _restore(definition: AttributeMeta) -> Fields:
    words = "Only if another attribute has taken its name."
    return {
        "name": forms.CharField(required=False, max_length=50, label="New name", help_text=words)
    }


def _purge(definition: AttributeMeta) -> Fields:
    words = "Keep what is destroyed in a file on the server."
    return {"export": forms.BooleanField(required=False, label="Export", help_text=words)}


def _backfill(definition: AttributeMeta) -> Fields:
    words = "As JSON; empty for the value that stands for a missing one, or else the default."
    return {"value": JsonTextField(empty=None, label="Value", help_text=words)}


def _nothing(definition: AttributeMeta) -> Fields:
    return {}


_FIELDS: Mapping[str, Callable[[AttributeMeta], Fields]] = {
    "rename": _rename,
    "drop_alias": _drop_alias,
    "retype": _retype,
    "undo": _undo,
    "backfill": _backfill,
    "deprecate": _deprecate,
    "reactivate": _nothing,
    "archive": _archive,
    "restore": _restore,
    "purge": _purge,
}


def offered_for(definition: AttributeMeta) -> list[str]:
    """The changes that make sense for an attribute as it stands."""
    if definition.state == State.ARCHIVED:
        return ["restore", "purge"]
    if not definition.is_in_force:
        return []
    offered = ["rename", "retype", "backfill", "deprecate", "archive"]
    if definition.aliases.exists():
        offered.append("drop_alias")
    if definition.spare_slots.filter(state=SlotState.RETAINED).exists():
        offered.append("undo")
    if definition.state == State.DEPRECATED:
        offered.append("reactivate")
    return [change for change in _FIELDS if change in offered and change in BY_NAME]


class ChangeForm(forms.Form):
    """What one change asks for; whether it may be is for the operation to say."""

    def __init__(self, change: str, definition: AttributeMeta, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.update(_FIELDS[change](definition))

    def members(self) -> dict[str, Json]:
        """What was said, as the change takes it."""
        said = {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}
        return {name: value for name, value in said.items() if value is not False}
