"""A deployer's patterns: which ones can be, what they mean, and what they cost."""

import time

import pytest

from attributes.types.pattern import clean_pattern, compiled
from incidents_project.refusals import ValueRefused

MEANS = [
    ("b", "abc", True),
    ("^b$", "abc", False),
    ("c$", "abc\n", False),
    (r"^\d$", "\u0665", False),
    (r"^\w$", "é", False),
    (r"^\s$", "\u00a0", True),
    (r"^\S$", "\u2028", False),
    (r"^[\s]$", "\ufeff", True),
    (r"^[\S]$", "\ufeff", False),
    (r"^[\s\S]$", "\n", True),
    ("^.$", "\n", False),
    ("^.$", "\u2029", False),
    ("^.$", "🙂", True),
    ("^[.]$", "a", False),
    (r"^\u00e9\x41$", "éA", True),
    (r"^[\u4e00-\u9fff]$", "漢", True),
    (r"^[\w.-]+$", "a.b-c", True),
    (r"^[\w\-.]+$", "a.b-c", True),
    (r"\{a\}", "{a}", True),
    ("^(?:ab){2}$", "abab", True),
    (r"^\p{Lu}\P{Lu}$", "Éa", True),
    (r"[^\]a]", "b", True),
]

REFUSED = [
    "(",
    "[a",
    "[]",
    "[^]",
    "[]a]",
    "[z-a]",
    "[[:alpha:]]",
    "[a[b]]",
    r"[\w-z]",
    r"[\b]",
    "*a",
    "a**",
    "a++",
    "a{2}{3}",
    "a{,5}",
    "a{1001}",
    "{",
    "]",
    "^*",
    r"\b+",
    "(?i)a",
    "(?P<n>a)",
    "(?=a)",
    "(?<!a)",
    r"(a)\1",
    r"\z",
    r"\A",
    r"\Qa\E",
    r"\C",
    r"\-",
    r"\_",
    r"\x{41}",
    r"\p{Greek}",
    r"\ud83d",
    "\\",
    "a\nb",
    r"\p{L}{1,100}",
    "(((a{100}){100}){100})",
]


@pytest.mark.parametrize(("pattern", "text", "found"), MEANS)
def test_a_pattern_means_what_it_means_in_json_schema(pattern, text, found):
    assert compiled(clean_pattern(pattern)).search(text) is found


@pytest.mark.parametrize("pattern", REFUSED)
def test_a_pattern_that_engines_would_read_differently_is_refused(pattern):
    with pytest.raises(ValueRefused) as refusal:
        clean_pattern(pattern)
    assert refusal.value.code in {"invalid_pattern", "line_break"}
    assert refusal.value.message.startswith("Must be ")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (5, "wrong_type"),
        (["a"], "wrong_type"),
        ("", "too_short"),
        ("a" * 501, "too_long"),
        ("a\x00", "invalid_text"),
        ("\ud800", "invalid_text"),
    ],
)
def test_what_is_no_pattern_is_refused(raw, code):
    with pytest.raises(ValueRefused) as refusal:
        clean_pattern(raw)
    assert refusal.value.code == code


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*$", "^(a?){30}a{30}$", "(.*)*x"])
def test_no_pattern_explodes(pattern):
    ready = compiled(clean_pattern(pattern))
    ready.search("a")
    started = time.perf_counter()
    ready.search("a" * 30 + "!")
    assert time.perf_counter() - started < 0.01
