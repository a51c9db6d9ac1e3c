"""Reading filters: query parameters such as ``status__in=NEW,OPEN``, and ``filter={...}``.

Both name a field, two underscores and an operator (``exact`` where none is named). In ``filter``,
an object is true where all of its members are, ``and`` and ``or`` take lists of objects, ``not``
takes one.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from attributes.filters.conditions import NOTHING, Condition, all_of, any_of, none_of
from attributes.filters.operators import OPERATORS, Operator
from attributes.filters.targets import PREFIX, Target, Targets
from attributes.types import Json
from incidents_project.http.parser import loads
from incidents_project.refusals import (
    MOST_FAULTS,
    Fault,
    Invalid,
    ValueRefused,
    did_you_mean,
)

TREE = "filter"  # the parameter that holds a tree
DEPTH = 5  # objects inside one another
MOST_TERMS = 50
_SEPARATOR = "__"
_BETWEEN = re.compile(f"{_SEPARATOR}(?!_)")  # a name may end in an underscore


@dataclass(slots=True)
class Reader:
    """Reads one request's filters, and keeps every fault found and every target named."""

    targets: Targets
    now: datetime
    used: list[Target] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def parameters(
        self, sent: Mapping[str, Sequence[str]], others: Collection[str] = ()
    ) -> Condition:
        """The conditions of query parameters, all of which must hold.

        ``others`` are the parameters that are no filters, for the nearest spelling of a wrong one.
        """
        conditions = []
        for name, texts in sent.items():
            if len(self.faults) > MOST_FAULTS:
                break
            if len(texts) > 1:
                self._refuse(name, "bad_filter", "Send it once; __in takes several values.")
            elif name == TREE:
                conditions.append(self._tree(texts[0]))
            else:
                conditions.append(self._from_text(name, texts[0], others))
        return all_of(conditions)

    def _tree(self, text: str) -> Condition:
        try:
            tree = loads(text.encode("utf-8", "surrogatepass"), depth=3 * DEPTH, what="It")
        except Invalid as invalid:
            self._refuse(TREE, invalid.code, invalid.detail)
            return NOTHING
        return self._node(tree, TREE, DEPTH)

    def _node(self, node: Json, path: str, depth: int) -> Condition:
        if not isinstance(node, dict):
            return self._refuse(path, "wrong_type", "Must be an object.")
        if depth == 0:
            return self._refuse(path, "too_deep", f"Objects may be nested {DEPTH} deep.")
        conditions = []
        for name, value in node.items():
            where = f"{path}.{name}"
            if name in {"and", "or"}:
                conditions.append(self._nodes(name, value, where, depth))
            elif name == "not":
                conditions.append(none_of(self._node(value, where, depth - 1)))
            else:
                conditions.append(self._term(name, value, where))
            if len(self.faults) > MOST_FAULTS:
                break
        return all_of(conditions)

    def _nodes(self, word: str, nodes: Json, path: str, depth: int) -> Condition:
        if not isinstance(nodes, list) or not nodes:
            return self._refuse(path, "wrong_type", "Must be a list of objects.")
        if len(nodes) > MOST_TERMS:
            return self._refuse(path, "bad_filter", f"Must be at most {MOST_TERMS} objects.")
        conditions = []
        for place, node in enumerate(nodes):
            conditions.append(self._node(node, f"{path}[{place}]", depth - 1))
            if len(self.faults) > MOST_FAULTS or len(self.used) > MOST_TERMS:
                break
        return all_of(conditions) if word == "and" else any_of(conditions)

    def _from_text(self, name: str, text: str, others: Collection[str]) -> Condition:
        found = self._find(name, name, others)
        if found is None:
            return NOTHING
        target, operator = found
        try:
            raw = operator.from_text(target, text)
        except ValueRefused as refused:
            return self._refuse(name, refused.code, refused.message)
        return self._compare(target, operator, raw, name)

    def _term(self, name: str, raw: Json, path: str) -> Condition:
        found = self._find(name, path)
        if found is None:
            return NOTHING
        return self._compare(*found, raw, path)

    def _compare(self, target: Target, operator: Operator, raw: Json, path: str) -> Condition:
        self.used.append(target)
        if len(self.used) > MOST_TERMS:
            if len(self.used) == MOST_TERMS + 1:
                self._refuse(path, "bad_filter", f"A filter has at most {MOST_TERMS} terms.")
            return NOTHING
        try:
            return operator.condition(target, operator.read(target, raw, self.now))
        except ValueRefused as refused:
            return self._refuse(path, refused.code, refused.message)

    def _find(
        self, name: str, path: str, others: Collection[str] = ()
    ) -> tuple[Target, Operator] | None:
        named, *operator = _BETWEEN.split(name, maxsplit=1)
        target = self.targets.named(named)
        if target is None:
            self._refuse_name(named, path, others)
            return None
        asked = operator[0] if operator else "exact"
        if asked not in target.type.operators:
            allowed = ", ".join(target.type.operators)
            spellings = [f"{named}{_SEPARATOR}{known}" for known in target.type.operators]
            hint = did_you_mean(name, spellings, self.faults)
            message = f"{target.type.name} has the operators {allowed}.{hint}"
            self._refuse(path, "unknown_operator", message)
            return None
        return target, OPERATORS[asked]

    def _refuse_name(self, named: str, path: str, others: Collection[str]) -> None:
        hint = self.targets.hint(named, [*self.targets, *others], self.faults)
        if named.startswith(PREFIX):
            self._refuse(path, "unknown_attribute", f"No such attribute.{hint}")
        else:
            self._refuse(path, "unknown_parameter", f"No such field or parameter.{hint}")

    def _refuse(self, path: str, code: str, message: str) -> Condition:
        self.faults.append(Fault(path, code, message))
        return NOTHING
