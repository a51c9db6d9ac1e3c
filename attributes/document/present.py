"""A plan as the API and the commands answer it."""

from typing import Any

from attributes.document.apply import Plan, Planned


def described(plan: Plan) -> dict[str, Any]:
    """The steps in their order, and what names them."""
    return {
        "plan": plan.hash,
        "classes": plan.risks,
        "steps": [_step(step) for step in plan.steps],
    }


def _step(step: Planned) -> dict[str, Any]:
    return {
        "change": step.change,
        "name": step.name,
        "says": step.says,
        "class": step.risk,
        **step.tally.described(),
        "undo_until": step.undo_until,
        "undo_forever": step.undo_until is None,
    }
