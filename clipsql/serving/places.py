"""A small map of where found pictures were taken: the land or tiles of it, and a circle for each cell that has some."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

WIDTH, HEIGHT = 240, 150
"""Of the map, in its own units."""
Point = tuple[float, float]
_COLUMNS, _ROWS = 10, 6
_LEAST_SPAN = 0.01
"""Degrees: about a kilometre, so that a single place is not all there is."""
_CLOSEST = 17
"""The largest scale of tiles that servers usually have."""
_EARTH_M = 6_371_008.8


@dataclass(frozen=True)
class Spot:
    """A cell with pictures: where its circle is on the map, and the circle on earth that holds the cell."""

    x: float
    y: float
    radius: float
    count: int
    longitude: float
    latitude: float
    within_m: float


@dataclass(frozen=True)
class Tile:
    """A square picture of the web's usual kind, and where it lies on the map."""

    address: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class PlaceMap:
    """The map of some pictures: an SVG path of the land, the spots, and what its edges are in degrees."""

    land: str
    spots: Sequence[Spot]
    west: float
    east: float
    south: float
    north: float


def map_of(rows: Sequence[Mapping[str, Any]]) -> PlaceMap | None:
    """The map that holds all rows with a place; None when there is none."""
    places = [(row["longitude"], row["latitude"]) for row in rows if row["longitude"] is not None]
    if not places:
        return None
    west, east = min(x for x, _ in places), max(x for x, _ in places)
    south, north = min(y for _, y in places), max(y for _, y in places)
    # As wide for its height as the map is, where the land is: a degree of longitude shrinks towards the poles.
    shrink = max(0.05, math.cos(math.radians((south + north) / 2)))
    tall = 1.15 * max(north - south, (east - west) * shrink * HEIGHT / WIDTH, _LEAST_SPAN)
    wide = tall * WIDTH / HEIGHT / shrink
    west, south = (west + east - wide) / 2, (south + north - tall) / 2

    def shown(longitude: float, latitude: float) -> tuple[float, float]:
        return (longitude - west) / wide * WIDTH, HEIGHT - (latitude - south) / tall * HEIGHT

    cells: dict[tuple[int, int], list[Point]] = {}
    for longitude, latitude in places:
        x, y = shown(longitude, latitude)
        cells.setdefault((int(x * _COLUMNS // WIDTH), int(y * _ROWS // HEIGHT)), []).append(
            (longitude, latitude)
        )
    most = max(map(len, cells.values()))
    spots = [_spot(inside, most, shown) for inside in cells.values()]
    land = "".join(
        _path([shown(*point) for point in ring])
        for ring in _land_within(west, west + wide, south, south + tall)
    )
    return PlaceMap(land, sorted(spots, key=lambda spot: -spot.count), west, west + wide, south, south + tall)


def tiles_on(place_map: PlaceMap, template: str) -> list[Tile]:
    """The tiles that cover a map, about three across; `template` is an address with {z}, {x} and {y}.

    They are of Mercator's projection, whose parallels lie elsewhere; each is set between its own.
    """
    wide, tall = place_map.east - place_map.west, place_map.north - place_map.south
    zoom = max(0, min(_CLOSEST, round(math.log2(3 * 360 / wide))))
    count = 2**zoom
    columns = range(
        math.floor((place_map.west + 180) / 360 * count), math.ceil((place_map.east + 180) / 360 * count)
    )
    top, bottom = (_row(latitude, count) for latitude in (place_map.north, place_map.south))
    tiles = []
    for row in range(max(0, math.floor(top)), min(count, math.ceil(bottom))):
        north, south = _latitude(row, count), _latitude(row + 1, count)
        for column in columns:
            values = {"{z}": zoom, "{x}": column % count, "{y}": row}  # beyond 180 degrees it goes on at -180
            address = template
            for name, value in values.items():
                address = address.replace(name, str(value))
            tiles.append(
                Tile(
                    address,
                    (column * 360 / count - 180 - place_map.west) / wide * WIDTH,
                    (place_map.north - north) / tall * HEIGHT,
                    360 / count / wide * WIDTH,
                    (north - south) / tall * HEIGHT,
                )
            )
    return tiles


def _row(latitude: float, count: int) -> float:
    """How many tiles from the north a parallel lies."""
    angle = math.radians(max(-85.05, min(85.05, latitude)))
    return (1 - math.asinh(math.tan(angle)) / math.pi) / 2 * count


def _latitude(row: int, count: int) -> float:
    """The parallel of a tile's northern edge."""
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / count))))


def _land_within(west: float, east: float, south: float, north: float) -> Iterator[list[Point]]:
    """The land of a box in degrees, a little beyond its edges, so that no edge is drawn."""
    edge = (north - south) / 20
    for ring in _land():
        kept = ring
        for axis, bound, sign in (
            (0, west - edge, 1),
            (0, east + edge, -1),
            (1, south - edge, 1),
            (1, north + edge, -1),
        ):
            kept = _clipped(kept, axis, bound, sign)
        yield kept


def _spot(inside: Sequence[Point], most: int, shown: Any) -> Spot:
    longitude, latitude = (sum(axis) / len(inside) for axis in zip(*inside, strict=True))
    reach = max(_metres(longitude, latitude, *place) for place in inside)
    x, y = shown(longitude, latitude)
    # A metre more than the farthest, for what is rounded on the way.
    return Spot(
        x,
        y,
        3 + 7 * math.sqrt(len(inside) / most),
        len(inside),
        longitude,
        latitude,
        math.ceil(reach) + 1,
    )


@cache
def _land() -> list[list[Point]]:
    """Rings of the land in degrees: Natural Earth's, at 1:110 million, as world-atlas has it on npm in TopoJSON."""
    file = resources.files(__package__) / "static" / "land-110m.json"
    atlas = json.loads(file.read_text("utf-8"))
    (scale_x, scale_y), (move_x, move_y) = atlas["transform"]["scale"], atlas["transform"]["translate"]

    def points(arc: int) -> list[Point]:
        x = y = 0
        line = []
        for step_x, step_y in atlas["arcs"][arc if arc >= 0 else ~arc]:
            x, y = x + step_x, y + step_y
            line.append((x * scale_x + move_x, y * scale_y + move_y))
        return line if arc >= 0 else line[::-1]

    def rings(shape: Mapping[str, Any]) -> Iterator[Sequence[int]]:
        for part in shape.get("geometries", ()):
            yield from rings(part)
        arcs = shape.get("arcs", ())
        for polygon in arcs if shape["type"] == "MultiPolygon" else [arcs]:
            yield from polygon

    return [[point for arc in ring for point in points(arc)] for ring in rings(atlas["objects"]["land"])]


def _metres(x1: float, y1: float, x2: float, y2: float) -> float:
    """Great-circle distance of two positions in degrees, as clipsql_private.distance_m has it."""
    x1, y1, x2, y2 = map(math.radians, (x1, y1, x2, y2))
    half = math.sin((y2 - y1) / 2) ** 2 + math.cos(y1) * math.cos(y2) * math.sin((x2 - x1) / 2) ** 2
    return 2 * _EARTH_M * math.asin(math.sqrt(min(1, half)))


def _clipped(ring: list[Point], axis: int, bound: float, sign: int) -> list[Point]:
    """What of a ring is on one side of a line, as a ring (Sutherland and Hodgman 1974)."""
    kept = []
    for one, other in zip(ring[-1:] + ring[:-1], ring, strict=True):
        before, after = sign * (one[axis] - bound), sign * (other[axis] - bound)
        if (before < 0) != (after < 0):
            share = before / (before - after)
            kept.append((one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1])))
        if after >= 0:
            kept.append(other)
    return kept


def _path(ring: list[Point]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring) + "Z" if ring else ""
