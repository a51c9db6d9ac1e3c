"""The steps that make option sets what a document says."""

from collections.abc import Iterator
from functools import partial

from accounts.principal import Principal
from attributes.document.deployed import Deployment
from attributes.document.matching import Matched, missing
from attributes.document.model import Document, OptionSetEntry
from attributes.document.step import Act, Members, Phase, Step, changed
from attributes.operations import option_sets
from incidents_project.refusals import Fault


def of_option_sets(
    document: Document,
    deployment: Deployment,
    matched: Matched,
    *,
    prune: bool,
    faults: list[Fault],
) -> Iterator[Step]:
    """Define, change, and delete what nothing needs."""
    deployed = {each.name: each for each in deployment.option_sets}
    for entry in document.option_sets:
        known = deployed.pop(entry.name, None)
        if known is None:
            says, shown = f"define the option set {entry.name}", entry.shown()
            act = partial(_define, shown)
            yield _step("define_option_set", entry, says, shown, act)
        elif members := changed(_whole(entry), _whole(known)):
            says = f"change the option set {entry.name}: {', '.join(members)}"
            act = partial(_change, entry.name, members)
            yield _step("change_option_set", entry, says, members, act)
    kept = _kept_sets(deployment, matched)
    for name in deployed:
        if not prune:
            faults.append(missing("option_sets", f"The option set {name}"))
        elif name not in kept:
            says = f"delete the option set {name}, which nothing uses"
            act = partial(_delete, name)
            yield Step(Phase.UNUSED_SETS, "delete_option_set", name, says, "option_sets", {}, act)


def _step(change: str, entry: OptionSetEntry, says: str, members: Members, act: Act) -> Step:
    return Step(Phase.OPTION_SETS, change, entry.name, says, entry.at, members, act)


def _whole(entry: OptionSetEntry) -> Members:
    return {"label": entry.label, "options": entry.shown()["options"]}


def _kept_sets(deployment: Deployment, matched: Matched) -> set[str]:
    """The option sets that attributes need which the document cannot speak of: archived ones, and
    those whose type is changed or can be changed back.
    """
    types = {
        each.definition.uid: entry.type.name
        for entry, each in matched.pairs
        if each is not None and entry.is_in_force
    }
    kept: set[str] = set()
    for each in deployment.attributes:
        kept |= each.spare_sets
        if types.get(each.definition.uid) != each.definition.type:
            kept.add(each.definition.rules.get("option_set", ""))
    return kept


def _define(members: Members, principal: Principal) -> None:
    option_sets.define_option_set(principal=principal, members=members)


def _change(name: str, members: Members, principal: Principal) -> None:
    option_sets.change_option_set(principal=principal, name=name, members=members)


def _delete(name: str, principal: Principal) -> None:
    option_sets.delete_option_set(principal=principal, name=name)
