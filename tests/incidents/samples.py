"""Values of every type and of every own field that comparisons could stumble over."""

from decimal import Decimal
from uuid import UUID

from tests.types.strategies import OPTIONS

TEXTS = [
    "", " ", "a", "A", "aa", "b", "B", "é", "É", "e\u0301", "ж", "Ж", "🙂", "\uff41", "a b", "a,b",
    'a"b', '"', ",", "100%", "100", "a_b", "axb", "a\\b", "%", "_", "\\", "\\%", "null", "true",
    "5", "it's", "{}", "[1]", "-7d", "now", "$1", "%s", "a.b", "a*b", "\u00a0", "z" * 200,
]  # fmt: skip
LINES = [*TEXTS, "a\nb", "a\rb", "\n", "A\nB"]
MOMENTS = [
    "1970-01-01T00:00:00Z", "2024-11-11T02:57:27Z", "2024-11-11T02:57:27.000001Z",
    "2024-11-11T10:57:27+08:00", "2024-11-10T23:59:59.999999Z", "2200-12-31T23:59:59.999999Z",
]  # fmt: skip
ADDRESSES = ["A@b.example", "a@b.example", "z_9@b.example", "x%y@c.example", "zz9@b.example"]
LINKS = [
    "https://a.example/x?y=1", "https://a.example/X?y=1", "http://a.example/%41", "http://é.example/",
    "https://a.example/a,b", "http://user:pa_ss@a.example:8080/#ж", "http://a.example/",
]  # fmt: skip
CODES = ["red", "amber", "green", "blue"]
REPLACED = {"blue": "green"}
POINTS = [
    {"lat": 0, "lon": 0},
    {"lat": Decimal("52.5200066"), "lon": Decimal("13.404954")},
    {"lat": Decimal("52.5200067"), "lon": Decimal("13.404954")},
    {"lat": 10, "lon": 180},
    {"lat": 10, "lon": -180},
    {"lat": Decimal("10.5"), "lon": Decimal("-179.5")},
    {"lat": 90, "lon": 0},
    {"lat": Decimal("89.99"), "lon": 120},
    {"lat": -90, "lon": 7},
    {"lat": Decimal("-33.8688"), "lon": Decimal("151.2093")},
]
DOCUMENTS = [
    {}, [], [[]], [{}], 0, 1, Decimal("1.5"), "", "1", "null", True, False, [1], [1, 2], [2, 1, 1],
    [None], {"a": None}, {"a": 1}, {"a": "1"}, {"a": 1, "b": {"c": [1, {"d": None}]}},
    {"b": {"c": [1]}}, {"b": {"c": {"d": None}}}, {"a": [{"b": 1, "c": 2}, {"b": 2}]}, [[1, 2], 3],
    {"it's": "$1 %s"}, 10**20, "now",
]  # fmt: skip

# Type -> rules, and values. The strategies of the types speak of what is accepted; these are the
# ones that comparisons stumble over.
VALUES = {
    "BOOLEAN": ({}, [True, False]),
    "STRING": ({}, TEXTS),
    "TEXT": ({}, LINES),
    "INTEGER": ({}, [0, 1, -1, 2, 10, 9, 100, 2**53 + 1, 2**53, 2**63 - 1, -(2**63)]),
    "NUMBER": (
        {"decimal_places": 20},
        [0, 1, 10, 9, -1, 2**66, *map(Decimal, ("0.1", "0.10000000000000000001", "-0.5", "9.99"))],
    ),
    "DATE": ({}, ["0001-01-01", "2024-02-29", "2024-11-11", "2024-11-10", "9999-12-31"]),
    "TIME": ({}, ["00:00", "12:00:00", "12:00:00.000001", "23:59:59.999999", "09:30"]),
    "DATETIME": ({}, MOMENTS),
    "DURATION": ({}, ["PT0S", "PT1S", "P1D", "PT23H59M", "PT0.000001S", "P2W", "P3652500D"]),
    "SELECT": ({"options": OPTIONS}, CODES),
    "MULTISELECT": (
        {"options": OPTIONS},
        [[], ["red"], ["blue"], ["amber", "red"], ["amber", "green", "red"], sorted(CODES)],
    ),
    "URL": ({}, LINKS),
    "EMAIL": ({}, ADDRESSES),
    "IP": ({}, ["10.0.0.1", "10.0.0.10", "9.9.9.9", "2001:db8::1", "::1", "::FFFF:10.0.0.1"]),
    "UUID": ({}, [f"e322ab0e-07b3-49bd-b904-70145120{end}" for end in ("32E3", "32e4", "0000")]),
    "GEO_POINT": ({}, POINTS),
    "USER": (
        {},
        [
            {"subject": "ada", "name": "Ada"},
            {"subject": "ada", "name": "Ada Lovelace"},
            {"subject": "ada"},
            {"subject": "Ada"},
            {"subject": "o'neil, \"bo\"", "name": "ada"},
        ],
    ),
    "INCIDENT": ({}, [f"e322ab0e-07b3-49bd-b904-70145120{end}" for end in ("32E3", "0000")]),
    "JSON": ({}, DOCUMENTS),
}  # fmt: skip
OWN_VALUES = {
    "id": [str(UUID(int=number)) for number in (1, 2, 2**64, 2**127)],
    "name": [text for text in TEXTS if text.strip()],
    "status": ["NEW", "OPEN", "CLOSED"],
    "type": ["OTHERS", "SECURITY"],
    "date": MOMENTS,
    "description": LINES,
    "reported_by": TEXTS,
    "location": TEXTS,
    "severity": ["", "LOW", "CRITICAL"],
    "next_update": [0, 1, 9, 10, 1674521800, 4_000_000_000],
    "resolved_date": MOMENTS,
    "backdated": [True, False],
    "created_at": MOMENTS,
    "created_by": TEXTS[:20],
    "updated_at": MOMENTS,
    "updated_by": TEXTS[:20],
    "occ_lock": [0, 1, 9, 10, 2**63 - 1],
}


def stored(type_, raw):
    """The canonical value. Options are codes, also those that cannot be chosen any more."""
    return raw if type_.name in {"SELECT", "MULTISELECT", "CODE"} else type_.clean(raw)


def read_as(codes):
    """What a code is read as, or several."""
    if isinstance(codes, list):
        return sorted({REPLACED.get(code, code) for code in codes})
    return REPLACED.get(codes, codes)


def compared(type_, raw):
    """What of a value is compared."""
    value = stored(type_, raw)
    if type_.name in {"SELECT", "MULTISELECT"}:
        return read_as(value)
    return value["subject"] if type_.name == "USER" else value
