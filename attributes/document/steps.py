"""The way from what is deployed to what a document says: steps, in an order in which each can be.

Nothing is guessed and nothing is destroyed: what is deployed and does not stand in the document is
archived if the deployer says so, and else a fault.
"""

from attributes.document.attribute_steps import Way, archive, different, new
from attributes.document.deployed import Deployment
from attributes.document.matching import match, missing
from attributes.document.model import Document
from attributes.document.option_set_steps import of_option_sets
from attributes.document.step import Step
from incidents_project.refusals import Fault


def steps(
    document: Document, deployment: Deployment, faults: list[Fault], *, prune: bool
) -> list[Step]:
    """What is to be done, in order; what stands against it is added to ``faults``."""
    matched = match(document, deployment, faults)
    found = [*of_option_sets(document, deployment, matched, prune=prune, faults=faults)]
    names = _names(document)
    moving = {
        deployed.definition.uid
        for entry, deployed in matched.pairs
        if deployed is not None and entry.is_in_force and entry.name != deployed.entry.name
    }
    for entry, deployed in matched.pairs:
        if deployed is None:
            found.extend(new(entry))
        elif entry.is_in_force:
            found.extend(Way(entry, deployed, names, moving).steps())
        else:
            faults.extend(different(entry, deployed))
            if deployed.entry.is_in_force:
                found.append(archive(deployed, entry.at))
    for deployed in matched.missing:
        if prune:
            found.append(archive(deployed, "attributes"))
        else:
            named = f"The attribute {deployed.entry.name} ({deployed.definition.uid})"
            faults.append(missing("attributes", named))
    return sorted(found, key=lambda step: step.phase)


def _names(document: Document) -> dict[str, str]:
    """Every name that the document gives, in lower case, and the place of the entry that has it."""
    return {
        name.lower(): entry.at
        for entry in document.attributes
        if entry.is_in_force
        for name in (entry.name, *(entry.aliases or ()))
    }
