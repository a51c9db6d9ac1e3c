"""Reading a document from YAML or JSON, strictly: what two readers could take for two things is
refused, and every fault is told with its line and column.

Only the events of PyYAML's parser are used. What it would make of them (numbers, dates, booleans,
copies of what an alias names) differs between versions of YAML, and is decided here.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any, NamedTuple

import yaml

from attributes.types import Json
from attributes.types.base import clean_text
from incidents_project.http import parser
from incidents_project.refusals import MOST_FAULTS, Fault, Invalid, ValueRefused

MOST_CHARACTERS = 16 * 2**20
_NOT_PLAIN = "Anchors, aliases and tags are not taken: write out what is meant."

# What JSON, and every version of YAML, takes for a number.
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_NUMBER_OF_JSON = re.compile(rf"{_NUMBER.pattern}(?:[eE][-+]?[0-9]+)?")
# What others take for a number or a boolean, and PyYAML for text.
_ELSEWHERE = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|-?(?:NaN|Infinity)|[yYnN]"
)
_TOKEN_OF_JSON = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]|[^\s\[\]{},:"]+')
_RESOLVER = yaml.resolver.Resolver()
_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C where PyYAML was built with it


class Place(NamedTuple):
    """Where something stands, counted from 1."""

    line: int
    column: int

    @classmethod
    def behind(cls, text: str) -> "Place":
        """Where the next character after a text would stand."""
        return cls(text.count("\n") + 1, len(text) - text.rfind("\n"))

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


@dataclass(frozen=True, slots=True)
class Source:
    """What a text says, and where each part of it begins, by its path (``attributes[0].type``)."""

    value: Json
    places: Mapping[str, Place] = field(default_factory=dict)

    def placed(self, faults: Iterable[Fault]) -> list[Fault]:
        """The faults with their lines and columns, in the order of these."""
        if not self.places:
            return list(faults)
        found = [(self._place(fault.field), fault) for fault in faults]
        found.sort(key=itemgetter(0))
        return [replace(fault, field=_field(place, fault.field)) for place, fault in found]

    def _place(self, path: str) -> Place:
        """Its own, or that of what it should stand in."""
        while path and path not in self.places:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.places[path]


def read(text: str) -> Source:
    """What the text says; ``Invalid`` lists every fault."""
    if len(text) > MOST_CHARACTERS:
        detail = f"A document may have {MOST_CHARACTERS} characters at most."
        raise Invalid(detail, code="too_long")
    reading = _Reading(_events_of_json(text))
    try:
        value = reading.document()
    except json.JSONDecodeError:
        reading = _Reading(_events_of_yaml(text), _NUMBER)
        value = reading.document()
    if reading.faults:
        raise Invalid.because(reading.faults)
    return Source(value, reading.places)


def is_ambiguous(text: str) -> bool:
    """Whether unquoted text is something else than text to some reader of YAML."""
    resolve: Callable[..., str] = _RESOLVER.resolve
    resolved = resolve(yaml.ScalarNode, text, (True, False))
    return resolved != _RESOLVER.DEFAULT_SCALAR_TAG or bool(_ELSEWHERE.fullmatch(text))


def _events_of_yaml(text: str) -> Iterator[yaml.Event]:
    unprintable = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if unprintable is not None:
        line, column = Place.behind(text[: unprintable.start()])
        mark = yaml.Mark("", unprintable.start(), line - 1, column - 1, None, 0)
        problem = "a character stands here that must be written as an escape, in quotes"
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
    yield from yaml.parse(text, Loader=_PARSER)


def _events_of_json(text: str) -> Iterator[yaml.Event]:
    """JSON as the events that YAML would make of it, if YAML could read all of JSON."""
    with suppress(RecursionError):  # what is too deep is found out again, with its place
        json.loads(text, parse_int=str, parse_float=str)
    yield yaml.StreamStartEvent()
    yield yaml.DocumentStartEvent()
    line, begins = 0, 0
    for token in _TOKEN_OF_JSON.finditer(text):
        ends = text.rfind("\n", begins, token.start()) + 1
        if ends:
            line, begins = line + text.count("\n", begins, ends), ends
        mark = yaml.Mark("", token.start(), line, token.start() - begins, None, 0)
        yield _event_of_json(token[0], mark)
    yield yaml.DocumentEndEvent()
    yield yaml.StreamEndEvent()


def _event_of_json(written: str, mark: Any) -> yaml.Event:
    match written[0]:
        case "[":
            return yaml.SequenceStartEvent(None, None, implicit=True, start_mark=mark)
        case "{":
            return yaml.MappingStartEvent(None, None, implicit=True, start_mark=mark)
        case "]":
            return yaml.SequenceEndEvent(mark)
        case "}":
            return yaml.MappingEndEvent(mark)
        case '"':
            return yaml.ScalarEvent(None, None, (False, True), json.loads(written), mark)
        case _:
            return yaml.ScalarEvent(None, None, (True, False), written, mark)


class _Reading:
    """One text being read: what was found of places and faults so far."""

    def __init__(
        self, events: Iterator[yaml.Event], number: re.Pattern[str] = _NUMBER_OF_JSON
    ) -> None:
        self.places: dict[str, Place] = {}
        self.faults: list[Fault] = []
        self._events = events
        self._number = number

    def document(self) -> Json:
        """The value of the one document; faults are collected until the text cannot be read."""
        try:
            value = self._only_document()
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            message = f"This is not YAML: {getattr(error, 'problem', None) or 'unreadable'}."
            self._fault(mark and _place(mark), "", "unreadable_yaml", message)
            value = None
        except _TooMuchError:
            value = None
        return value

    def _only_document(self) -> Json:
        next(self._events)  # the stream begins
        if isinstance(next(self._events), yaml.StreamEndEvent):
            self._fault(Place(1, 1), "", "unreadable_yaml", "The document is empty.")
            return None
        event = next(self._events)
        value = self._value(event, "", 1)
        if not isinstance(value, dict):
            message = "A document is an object, which has members."
            place = str(_place(event.start_mark))
            self.faults.insert(0, Fault(place, "unreadable_yaml", message))
        next(self._events)  # the document ends
        more = next(self._events)
        if not isinstance(more, yaml.StreamEndEvent):
            message = "There must be one document, and another begins here."
            self._fault(_place(more.start_mark), "", "unreadable_yaml", message)
        return value

    def _value(self, event: yaml.Event, path: str, depth: int) -> Json:
        place = _place(event.start_mark)
        self.places.setdefault(path, place)
        if isinstance(event, yaml.AliasEvent):
            self._fault(place, path, "not_plain", _NOT_PLAIN)
            return None
        if getattr(event, "anchor", None) or getattr(event, "tag", None):
            self._fault(place, path, "not_plain", _NOT_PLAIN)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        if depth > parser.DEPTH:
            message = f"Lists and objects may be nested {parser.DEPTH} deep at most."
            self._fault(place, path, "too_deep", message)
            raise _TooMuchError
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(path, depth)
        return self._object(path, depth)

    def _list(self, path: str, depth: int) -> list[Json]:
        items: list[Json] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._value(event, f"{path}[{len(items)}]", depth + 1))
        return items

    def _object(self, path: str, depth: int) -> dict[str, Json]:
        members: dict[str, Json] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            name = self._name(event, path, depth)
            within = f"{path}.{name}" if path else name
            if name in members:
                message = "Stands more than once in one object."
                self._fault(_place(event.start_mark), within, "duplicate_member", message)
            self.places[within] = _place(event.start_mark)
            members[name] = self._value(next(self._events), within, depth + 1)
        return members

    def _name(self, event: yaml.Event, path: str, depth: int) -> str:
        known = len(self.faults)
        name = self._value(event, path, depth + 1)
        if not isinstance(name, str) and len(self.faults) == known:
            message = "The name of a member must be text: quote it."
            self._fault(_place(event.start_mark), path, "wrong_type", message)
        return name if isinstance(name, str) else f"?{len(self.places)}"

    def _scalar(self, event: yaml.ScalarEvent, path: str) -> Json:
        place = _place(event.start_mark)
        try:
            return self._unquoted(event.value) if event.implicit[0] else clean_text(event.value)
        except ValueRefused as refused:
            self._fault(place, path, refused.code, refused.message)
        except Invalid as invalid:  # a number that is too long
            self._fault(place, path, invalid.code, invalid.detail)
        return None

    def _unquoted(self, text: str) -> Json:
        if text in _WORDS:
            return _WORDS[text]
        if self._number.fullmatch(text):
            return parser.loads(text.encode())
        if is_ambiguous(text):
            raise ValueRefused("ambiguous", _words_for(text))
        return clean_text(text)

    def _fault(self, place: Place | None, path: str, code: str, message: str) -> None:
        self.faults.append(Fault(_field(place, path), code, message))
        if len(self.faults) > MOST_FAULTS:
            raise _TooMuchError


class _TooMuchError(Exception):
    """There is no sense in reading on."""


_WORDS: Mapping[str, Json] = {"null": None, "true": True, "false": False}


def _words_for(text: str) -> str:
    if not text:
        return 'Nothing stands here: write null, "" for empty text, or leave the member out.'
    shown = text if len(text) <= parser.DIGITS else f"{text[: parser.DIGITS]}..."
    return (
        f'{shown} is text to some readers of YAML and not to others: quote it ("{shown}"), or write'
        " true, false, null or a plain number."
    )


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1)


def _field(place: Place | None, path: str) -> str:
    return ": ".join(filter(None, (place and str(place), path)))
