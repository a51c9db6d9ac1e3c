"""An incident's own fields, each described by the same types as the deployer's attributes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from attributes import values
from attributes.types.base import EQUALITY, ORDER, AttributeType, Json
from attributes.types.boolean import BooleanType
from attributes.types.clock import relative
from attributes.types.datetime import DateTimeType, parse_moment
from attributes.types.integer import IntegerType
from attributes.types.string import StringType
from attributes.types.text import TextType
from incidents.codes import Codes
from incidents.models import Kind
from incidents_project.refusals import MOST_FAULTS, Fault, ValueRefused, did_you_mean

_LAST_SECOND = int(datetime(2200, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, kw_only=True)
class UnixTimeType(AttributeType):
    """A moment as whole Unix seconds, 0 for none; an RFC 3339 time is accepted too."""

    name: ClassVar[str] = "UNIX_TIME"
    label: ClassVar[str] = "Unix time"
    example: ClassVar[Json] = 1674521800
    widget: ClassVar[str] = "datetime"
    operators: ClassVar[tuple[str, ...]] = (*EQUALITY, *ORDER)
    _seconds: ClassVar[IntegerType] = IntegerType(min=0, max=_LAST_SECOND)

    def clean(self, raw: Json) -> int:
        """The seconds."""
        if isinstance(raw, str) and not raw.isdigit():
            moment = parse_moment(raw)
            if moment.microsecond:
                raise ValueRefused("too_precise", "Must be a whole second.")
            raw = int(moment.timestamp())
        return self._seconds.clean(raw)

    def operand(self, raw: Json, now: datetime) -> int:
        """The seconds, also of a time relative to now."""
        moment = relative(raw, now)
        return self.clean(raw) if moment is None else int(moment.timestamp())

    def json_schema(self) -> dict[str, Any]:
        """Whole seconds; the other form is for people and older clients."""
        return {
            "oneOf": [
                self._seconds.json_schema(),
                {"type": "string", "format": "date-time", "pattern": "^[^.]*$"},  # whole seconds
            ]
        }


_NOT_BLANK = {"minLength": 1, "pattern": r"\S"}


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueRefused("blank", "Must not be empty.")
    return value


@dataclass(frozen=True, kw_only=True)
class NameType(StringType):
    """Text of one line that may not be empty."""

    def clean(self, raw: Json) -> str:
        """The text."""
        return _not_blank(super().clean(raw))

    def json_schema(self) -> dict[str, Any]:
        """As for text, with a first character."""
        return super().json_schema() | _NOT_BLANK


@dataclass(frozen=True, kw_only=True)
class ProseType(TextType):
    """Text of many lines that may not be empty."""

    def clean(self, raw: Json) -> str:
        """The text."""
        return _not_blank(super().clean(raw))

    def json_schema(self) -> dict[str, Any]:
        """As for text, with a first character."""
        return super().json_schema() | _NOT_BLANK


@dataclass(frozen=True, slots=True)
class Field:
    """One field of its own: its name, what it holds, and what an absent one means."""

    name: str
    type: AttributeType
    required: bool = False
    default: Any = None
    codes: Kind | None = None
    to_column: Callable[[Any], Any] = _same


FIELDS: tuple[Field, ...] = (
    Field("name", NameType(), required=True),
    Field("status", StringType(max_length=50), required=True, codes=Kind.STATUS),
    Field("type", StringType(max_length=50), required=True, codes=Kind.TYPE),
    Field("date", DateTimeType(), required=True, to_column=datetime.fromisoformat),
    Field("description", TextType(max_length=100_000), required=True),
    Field("reported_by", StringType(), required=True),
    Field("location", StringType(), default=""),
    Field("severity", StringType(max_length=50), default="", codes=Kind.SEVERITY),
    Field("next_update", UnixTimeType(), default=0),
    Field("resolved_date", DateTimeType(), to_column=datetime.fromisoformat),
    Field("backdated", BooleanType(), default=False),
)
NAMES = tuple(f.name for f in FIELDS)
SERVER_MADE = (
    "id",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "tenant_id",
    "occ_lock",
)
KNOWN = frozenset((*NAMES, *SERVER_MADE, values.MEMBER))

Columns = dict[str, Any]


@dataclass(slots=True)
class Draft:
    """What a body says about an incident's own fields, and every fault found in it."""

    columns: Columns = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def read_whole(body: Mapping[str, Json], codes: Codes, before: Columns | None = None) -> Draft:
    """Every field from ``body``: an absent or null one takes its default, or is refused."""
    return _draft(FIELDS, body, codes, before or {})


def read_part(body: Mapping[str, Json], codes: Codes, before: Columns) -> Draft:
    """The fields that ``body`` names; null takes a field back to its default."""
    return _draft([own for own in FIELDS if own.name in body], body, codes, before)


def _draft(
    asked: Iterable[Field], body: Mapping[str, Json], codes: Codes, before: Columns
) -> Draft:
    draft = Draft(faults=unknown_members(body))
    for own in asked:
        raw = body.get(own.name)
        if raw is not None:
            _read(own, raw, codes, before, draft)
        elif own.required:
            draft.faults.append(_required(own))
        else:
            draft.columns[own.name] = own.default
    return draft


def _read(own: Field, raw: Json, codes: Codes, before: Columns, draft: Draft) -> None:
    try:
        value = own.to_column(own.type.clean(raw))
        # A code that was retired since stays on the incidents that have it.
        if own.codes is not None and value != before.get(own.name):
            codes.check(own.codes, value, empty_allowed=not own.required)
    except ValueRefused as refused:
        draft.faults.append(refused.at(own.name))
    else:
        draft.columns[own.name] = value


def _required(own: Field) -> Fault:
    return Fault(own.name, "required", "This field is required.")


def unknown_members(body: Mapping[str, Json]) -> list[Fault]:
    """A fault for each member that an incident does not have, with the nearest that it has."""
    faults: list[Fault] = []
    for name in body:
        if name not in KNOWN:
            hint = did_you_mean(name, KNOWN, faults)
            faults.append(Fault(name, "unknown_field", f"No such field.{hint}"))
        if len(faults) > MOST_FAULTS:
            break
    return faults
