"""A deployer's patterns, run in time that grows with the text and never explodes.

A pattern is that of JSON Schema: it is *searched* in the text, so ``INC`` accepts "an INC-7"; a
pattern for the whole text begins with ``^`` and ends with ``$``. It is written in what RE2 (which
runs it here) and ECMA-262 (which runs it in a browser, with the flag ``u``) have in common, and
means here what it means there: ``\\d`` and ``\\w`` are ASCII, ``\\s`` is any white space, ``$`` is
the very end. What the two would read differently is refused when the pattern is defined, and so
is what only a backtracking engine can do (look-around, back-references).
"""

import re
from functools import lru_cache
from typing import Final

import re2  # type: ignore[import-untyped]

from attributes.types.base import Json
from attributes.types.characters import check_length, clean_line
from incidents_project.refusals import ValueRefused

LONGEST: Final = 500  # characters of a pattern
MEMORY: Final = 2**20  # bytes that one compiled pattern may use
# Instructions times characters: a search costs about 5 ns for each in the worst case.
COSTLIEST: Final = 10_000_000

_SPACE = r"\t-\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}"
_NO_SPACE = (
    r"\x{0}-\x{8}\x{e}-\x{1f}!-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}"
    r"\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff}"
)
_PIECE = re.compile(
    r"\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\[pP]\{[A-Za-z]{1,2}\}|\\.?|\(\?:?"
    r"|\{[0-9]+(?:,[0-9]*)?\}|\[\^?|.",
    re.DOTALL,
)
_BOTH_KNOW = frozenset("\\" + kind for kind in r"dDwWtnrfv^$\.*+?()[]{}|/")
_CLASSES = frozenset({r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\p", r"\P"})
_ASSERTIONS = frozenset({"^", "$", r"\b", r"\B"})
_OUTSIDE = {".": r"[^\n\r\x{2028}\x{2029}]", r"\s": f"[{_SPACE}]", r"\S": f"[{_NO_SPACE}]"}
_INSIDE = {r"\s": _SPACE, r"\S": _NO_SPACE, r"\-": r"\-"}
_NUMBERED = re.compile(r"\\(?:[ux][0-9A-Fa-f]|[pP]\{)")
_HALF = re.compile(r"\\u[dD][89A-Fa-f]")


def _refused(reason: str) -> ValueRefused:
    return ValueRefused("invalid_pattern", f"Must be a regular expression: {reason}.")


def _translated(pattern: str) -> str:
    """``pattern`` for RE2, where it says something else than ECMA-262."""
    pieces = _PIECE.findall(pattern)
    inside = False
    before = ""
    out = []
    for piece, after in zip(pieces, [*pieces[1:], ""], strict=True):
        if inside:
            out.append(_inside(piece, before, after))
            inside = piece != "]"
        else:
            out.append(_outside(piece, before))
            inside = piece[0] == "["
        before = piece
    return "".join(out)


def _inside(piece: str, before: str, after: str) -> str:
    if piece[0] == "[":
        raise _refused(r"[ inside a class is written \[")
    if piece == "]" and before in {"[", "[^"}:
        raise _refused("a class cannot be empty")
    if piece == "-" and after != "]" and before[:2] in _CLASSES:
        raise _refused(f"{before} cannot begin a range")
    return _INSIDE.get(piece) or _escape(piece)


def _outside(piece: str, before: str) -> str:
    if piece in {"{", "}", "]"}:
        raise _refused(rf"a plain {piece} is written \{piece}")
    if piece == "(?":
        raise _refused("of the groups that begin with (? only (?: is known")
    if before in _ASSERTIONS and piece[0] in "*+?{":
        raise _refused(f"{before} cannot be repeated")
    if piece in _ASSERTIONS:
        return piece
    return _OUTSIDE.get(piece) or _escape(piece)


def _escape(piece: str) -> str:
    if piece[0] != "\\" or piece in _BOTH_KNOW:
        return piece
    if _HALF.match(piece):
        raise _refused(f"{piece} is half a character")
    if _NUMBERED.match(piece):
        return rf"\x{{{piece[2:]}}}" if piece[1] == "u" else piece
    raise _refused(f"{piece} is not an escape that every engine knows")


class Pattern:
    """A compiled pattern."""

    __slots__ = ("_search", "size")

    def __init__(self, pattern: str) -> None:
        options = re2.Options()
        options.max_mem = MEMORY
        options.log_errors = False
        options.never_capture = True
        try:
            compiled = re2.compile(_translated(pattern).encode(), options)
        except re2.error as error:
            reason = error.args[0] if error.args else b""
            words = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
            if "too large" in words:
                words = "it is too large; counted repetitions such as {1,100} are what costs most"
            raise _refused(words) from None
        except UnicodeEncodeError:
            raise _refused("it has half a character") from None
        self._search = compiled.search
        self.size: int = max(compiled.programsize, compiled.reverseprogramsize)

    def search(self, text: str) -> bool:
        """Whether the pattern is found somewhere in ``text``, which has no half surrogates."""
        return self._search(text.encode()) is not None


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Pattern:
    """The pattern, ready for use; ``ValueRefused`` says why it cannot be."""
    return Pattern(pattern)


def clean_pattern(raw: Json) -> str:
    """A pattern that can be run."""
    value = clean_line(raw)
    check_length(value, 1, LONGEST)
    compiled(value)
    return value


__all__ = ["COSTLIEST", "LONGEST", "Pattern", "clean_pattern", "compiled"]
