"""What filters and orders must answer, in plain Python on canonical values.

Nothing here is taken from the code under test: text is compared by code point, numbers exactly,
places on a sphere, and JSON is contained as PostgreSQL's documentation of ``@>`` says.
"""

from math import asin, cos, radians, sin, sqrt

EARTH = 6_371_008.8  # metres


def same(one, other):
    """Whether two JSON values are the same; to Python, True == 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def contains(value, wanted):
    """jsonb ``@>``: structure and scalars alike; order and repetition in lists do not matter.

    "As a special exception, an array may contain a primitive value"; at the top alone.
    """
    if isinstance(value, list) and not isinstance(wanted, dict | list):
        return any(same(item, wanted) for item in value)
    return _holds(value, wanted)


def _holds(value, wanted):
    if isinstance(value, dict) and isinstance(wanted, dict):
        return all(name in value and _holds(value[name], wanted[name]) for name in wanted)
    if isinstance(value, list) and isinstance(wanted, list):
        return all(any(_holds(item, one) for item in value) for one in wanted)
    return same(value, wanted)


def within(point, box):
    south, west, north, east = (box[side] for side in ("south", "west", "north", "east"))
    if not south <= point["lat"] <= north:
        return False
    if west <= east:
        return west <= point["lon"] <= east
    return point["lon"] >= west or point["lon"] <= east


def near(point, circle):
    """The haversine formula."""
    lat, at_lat = radians(point["lat"]), radians(circle["lat"])
    across = radians(point["lon"]) - radians(circle["lon"])
    half = sin((lat - at_lat) / 2) ** 2 + cos(lat) * cos(at_lat) * sin(across / 2) ** 2
    return 2 * EARTH * asin(min(1, sqrt(half))) <= circle["radius"]


def lower(text):
    """Letter by letter, as PostgreSQL's ILIKE has it."""
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)


def _where_there_is_one(compare):
    return lambda value, operand: value is not None and compare(value, operand)


def _unless(compare):
    return lambda value, operand: not (value is not None and compare(value, operand))


def _one_of(value, operands):
    return any(same(value, operand) for operand in operands)


# Operator -> does a value, None where there is none, answer it?
HOLDS = {
    "exact": _where_there_is_one(same),
    "ne": _unless(same),
    "in": _where_there_is_one(_one_of),
    "nin": _unless(_one_of),
    "gt": _where_there_is_one(lambda value, operand: value > operand),
    "gte": _where_there_is_one(lambda value, operand: value >= operand),
    "lt": _where_there_is_one(lambda value, operand: value < operand),
    "lte": _where_there_is_one(lambda value, operand: value <= operand),
    "range": _where_there_is_one(lambda value, pair: pair[0] <= value <= pair[1]),
    "isnull": lambda value, wanted: (value is None) == wanted,
    "icontains": _where_there_is_one(lambda value, text: lower(text) in lower(value)),
    "istartswith": _where_there_is_one(lambda value, text: lower(value).startswith(lower(text))),
    "iexact": _where_there_is_one(lambda value, text: lower(value) == lower(text)),
    "has": _where_there_is_one(lambda value, code: code in value),
    "has_any": _where_there_is_one(lambda value, codes: any(code in value for code in codes)),
    "has_all": _where_there_is_one(lambda value, codes: all(code in value for code in codes)),
    "contains": _where_there_is_one(contains),
    "within": _where_there_is_one(within),
    "near": _where_there_is_one(near),
}


def tree_holds(tree, values):
    """Whether ``filter={...}`` holds of an incident's values by name."""
    return all(_member_holds(name, member, values) for name, member in tree.items())


def _member_holds(name, member, values):
    if name == "and":
        return all(tree_holds(tree, values) for tree in member)
    if name == "or":
        return any(tree_holds(tree, values) for tree in member)
    if name == "not":
        return not tree_holds(member, values)
    named, _, operator = name.partition("__")
    return HOLDS[operator or "exact"](values[named], member)


def in_order(rows, keys):
    """Rows as ``keys`` have them: none last either way, ties by ``id`` in the last direction."""
    if "id" not in [name for name, _ in keys]:
        keys = [*keys, ("id", keys[-1][1])]
    for name, descending in reversed(keys):
        have = [values for values in rows if values[name] is not None]
        have_not = [values for values in rows if values[name] is None]
        rows = sorted(have, key=lambda values: values[name], reverse=descending) + have_not
    return rows
