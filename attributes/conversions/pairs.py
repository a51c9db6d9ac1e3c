"""One ordered pair of types: what is declared of it, and the step from one to the other.

A step takes what is stored for one type to what is stored for another, leaving the rules of both
aside, and refuses with ``ValueRefused``. The way back of a pair is the step of the opposite pair
with the same arguments, so that what is called kept is kept by the very step that would undo it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from attributes.conversions.arguments import Argument
from attributes.conversions.outcomes import Fidelity
from attributes.types import AttributeType, Json

Using = Mapping[str, Json]
Step = Callable[[Json], Json]
Make = Callable[[AttributeType, AttributeType, Using], Step]


@dataclass(frozen=True, slots=True)
class Pair:
    """A conversion that is possible."""

    fidelity: Fidelity
    words: str  # one sentence for people
    step: Make
    arguments: tuple[Argument, ...] = ()
    loses: str = ""  # what a value has that is not kept, where that is always the same


Pairs = Mapping[tuple[str, str], Pair]


def always(step: Step) -> Make:
    """The same step, however the types are configured."""
    return lambda _source, _target, _using: step
