"""What becomes of a value when its attribute gets another type.

``matrix`` declares every ordered pair of types; ``converter`` says it of one value, and, where it
can, of a million in SQL.
"""

from attributes.conversions.matrix import Declared, clean_arguments, converter, declared, matrix
from attributes.conversions.outcomes import Converter, Fidelity, Outcome, Shortcut, Verdict
from attributes.conversions.shortcuts import under_rules

__all__ = [
    "Converter",
    "Declared",
    "Fidelity",
    "Outcome",
    "Shortcut",
    "Verdict",
    "clean_arguments",
    "converter",
    "declared",
    "matrix",
    "under_rules",
]
