"""Points on the globe."""

import math
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from decimal import Decimal
from typing import Any, ClassVar

from attributes.types.base import AttributeType, Json, rule, wrong_type
from attributes.types.number import clean_number
from incidents_project.refusals import Fault, ValueRefused

Number = Decimal | int

PLACES = 7  # about a centimetre
_STEP = Decimal("0.0000001")
EARTH_RADIUS = 6_371_008.8  # metres, the mean radius of the GRS 80 ellipsoid (IUGG)
LONGEST_RADIUS = 20_000_000  # metres: nearly half way around
_MARGIN = 1e-7  # degrees, for what floats lose
_POINT = frozenset({"lat", "lon"})
SIDES = ("south", "west", "north", "east")
CIRCLE = ("lat", "lon", "radius")


def _clean_degrees(raw: Json, name: str, most: int) -> Number:
    try:
        value = clean_number(raw)
    except ValueRefused as refused:
        raise ValueRefused(refused.code, f"{name}: {refused.message}") from None
    if not -most <= value <= most:
        raise ValueRefused("out_of_range", f"{name} must be from -{most} to {most}.")
    if isinstance(value, Decimal) and -int(value.as_tuple().exponent) > PLACES:
        raise ValueRefused("too_precise", f"{name} must have at most {PLACES} decimal places.")
    return value


@dataclass(frozen=True, slots=True)
class Box:
    """What lies between two parallels and two meridians, edges included.

    ``west`` may be greater than ``east``: the box then goes across the 180th meridian.
    """

    south: Number
    west: Number
    north: Number
    east: Number

    def holds(self, lat: Number, lon: Number) -> bool:
        """Whether the point is in the box."""
        if not self.south <= lat <= self.north:
            return False
        if self.west <= self.east:
            return self.west <= lon <= self.east
        return lon >= self.west or lon <= self.east

    def shown(self) -> dict[str, Json]:
        """The box on the wire."""
        return dict(zip(SIDES, astuple(self), strict=True))


def clean_box(raw: Json) -> Box:
    """A box from its four sides."""
    if not isinstance(raw, dict):
        raise wrong_type("an object with south, west, north and east")
    if raw.keys() != set(SIDES):
        raise ValueRefused("invalid", "Must have exactly south, west, north and east.")
    return Box(
        south=_clean_degrees(raw["south"], "south", 90),
        west=_clean_degrees(raw["west"], "west", 180),
        north=_clean_degrees(raw["north"], "north", 90),
        east=_clean_degrees(raw["east"], "east", 180),
    )


@dataclass(frozen=True, slots=True)
class Circle:
    """What lies within ``radius`` metres of a point, along the surface of a sphere."""

    lat: Number
    lon: Number
    radius: Number

    def box(self) -> Box:
        """The smallest box around it; all meridians where it holds a pole.

        The tangent meridians, after J. P. Matuschek, "Finding points within a distance of a
        latitude/longitude using bounding coordinates".
        """
        angle = float(self.radius) / EARTH_RADIUS
        lat, high = math.radians(self.lat), math.degrees(angle) + _MARGIN
        south, north = float(self.lat) - high, float(self.lat) + high
        if south <= -90 or north >= 90:
            return Box(_exact(max(south, -90)), -180, _exact(min(north, 90)), 180)
        wide = math.degrees(math.asin(min(1, math.sin(angle) / math.cos(lat)))) + _MARGIN
        west, east = (_exact(_wrapped(float(self.lon) + by)) for by in (-wide, wide))
        return Box(_exact(south), west, _exact(north), east)


def _wrapped(lon: float) -> float:
    return (lon + 180) % 360 - 180


def _exact(degrees: float) -> Decimal:
    return Decimal(f"{degrees:.9f}")


def clean_circle(raw: Json) -> Circle:
    """A circle from its middle and its radius in metres."""
    if not isinstance(raw, dict):
        raise wrong_type("an object with lat, lon and radius")
    if raw.keys() != set(CIRCLE):
        raise ValueRefused("invalid", "Must have exactly lat, lon and radius.")
    try:
        radius = clean_number(raw["radius"])
    except ValueRefused as refused:
        raise ValueRefused(refused.code, f"radius: {refused.message}") from None
    if not 0 < radius <= LONGEST_RADIUS:
        raise ValueRefused("out_of_range", f"radius must be above 0, to {LONGEST_RADIUS} metres.")
    lat, lon = _clean_degrees(raw["lat"], "lat", 90), _clean_degrees(raw["lon"], "lon", 180)
    return Circle(lat, lon, radius)


def _show_box(box: Box | None) -> Json:
    return None if box is None else box.shown()


def _degrees(least: Number, most: Number) -> dict[str, Any]:
    return {"type": "number", "minimum": least, "maximum": most, "multipleOf": _STEP}


_BOX = {
    "type": "object",
    "properties": {
        "south": _degrees(-90, 90),
        "west": _degrees(-180, 180),
        "north": _degrees(-90, 90),
        "east": _degrees(-180, 180),
    },
    "required": list(SIDES),
    "additionalProperties": False,
}


@dataclass(frozen=True, kw_only=True)
class GeoPointType(AttributeType):
    """A point by latitude and longitude, in degrees (WGS 84), exact to seven places."""

    name: ClassVar[str] = "GEO_POINT"
    label: ClassVar[str] = "Place on the map"
    example: ClassVar[Json] = {"lat": Decimal("52.5200066"), "lon": Decimal("13.404954")}
    widget: ClassVar[str] = "map"
    operators: ClassVar[tuple[str, ...]] = ("within", "near", "isnull")

    within: Box | None = rule(
        None,
        clean_box,
        _BOX,
        "The box that points must lie in; with west above east it crosses the 180th meridian.",
        _show_box,
    )

    def clean(self, raw: Json) -> dict[str, Json]:
        """Latitude and longitude as exact numbers."""
        if not isinstance(raw, dict):
            raise wrong_type("an object with lat and lon")
        if raw.keys() != _POINT:
            raise ValueRefused("invalid", "Must have exactly lat and lon.")
        lat = _clean_degrees(raw["lat"], "lat", 90)
        lon = _clean_degrees(raw["lon"], "lon", 180)
        if self.within is not None and not self.within.holds(lat, lon):
            sides = ", ".join(f"{side} {value:f}" for side, value in self._sides(self.within))
            raise ValueRefused("outside_box", f"Must lie within {sides}.")
        return {"lat": lat, "lon": lon}

    @staticmethod
    def _sides(box: Box) -> Iterator[tuple[str, Decimal]]:
        return ((side, Decimal(value)) for side, value in box.shown().items())

    def contradictions(self) -> Iterator[Fault]:
        """A box whose south lies north of its north."""
        if self.within is not None and self.within.south > self.within.north:
            yield Fault("rules.within", "contradiction", "south must not be greater than north.")

    @property
    def index_method(self) -> str | None:
        """None: no index without an extension knows areas."""
        return None

    def json_schema(self) -> dict[str, Any]:
        """An object of two numbers."""
        lat, lon = _degrees(-90, 90), _degrees(-180, 180)
        box = self.within
        if box is not None:
            lat = _degrees(box.south, box.north)
            if box.west <= box.east:
                lon = _degrees(box.west, box.east)
            else:
                lon |= {"anyOf": [{"minimum": box.west}, {"maximum": box.east}]}
        return {
            "type": "object",
            "properties": {"lat": lat, "lon": lon},
            "required": ["lat", "lon"],
            "additionalProperties": False,
        }
