"""A pen that draws in the units of a scene on a canvas of twice the size, mirrored where asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import ImageDraw

SUPERSAMPLING = 2

Colour = tuple[int, ...]
Point = tuple[float, float]


@dataclass(frozen=True)
class Pen:
    """Draws with the origin at (x, y), y upwards from there when `upright`, x mirrored when `mirrored`."""

    draw: ImageDraw.ImageDraw
    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0
    mirrored: bool = False
    upright: bool = False

    def _place(self, point: Point) -> Point:
        across = -point[0] if self.mirrored else point[0]
        down = -point[1] if self.upright else point[1]
        return (
            (self.x + across * self.scale) * SUPERSAMPLING,
            (self.y + down * self.scale) * SUPERSAMPLING,
        )

    def _box(self, left: float, top: float, right: float, bottom: float) -> list[float]:
        (x0, y0), (x1, y1) = self._place((left, top)), self._place((right, bottom))
        return [min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)]

    def rectangle(
        self, left: float, top: float, right: float, bottom: float, fill: Colour, *, radius: float = 0.0
    ) -> None:
        """A box between two corners, its corners rounded by `radius`."""
        box = self._box(left, top, right, bottom)
        if radius:
            self.draw.rounded_rectangle(box, radius * self.scale * SUPERSAMPLING, fill=fill)
        else:
            self.draw.rectangle(box, fill=fill)

    def polygon(self, points: Sequence[Point], fill: Colour) -> None:
        """A filled area between corners."""
        self.draw.polygon([self._place(point) for point in points], fill=fill)

    def line(self, points: Sequence[Point], fill: Colour, width: float = 1.0) -> None:
        """A stroke through points."""
        thickness = max(1, round(width * self.scale * SUPERSAMPLING))
        self.draw.line([self._place(point) for point in points], fill=fill, width=thickness, joint="curve")

    def circle(self, x: float, y: float, radius: float, fill: Colour) -> None:
        """A filled disc."""
        self.draw.ellipse(self._box(x - radius, y - radius, x + radius, y + radius), fill=fill)

    def ellipse(self, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
        """A filled ellipse inside a box."""
        self.draw.ellipse(self._box(left, top, right, bottom), fill=fill)

    def ring(self, x: float, y: float, radius: float, fill: Colour, width: float) -> None:
        """A circle drawn as a stroke."""
        thickness = max(1, round(width * self.scale * SUPERSAMPLING))
        box = self._box(x - radius, y - radius, x + radius, y + radius)
        self.draw.ellipse(box, outline=fill, width=thickness)


def shade(colour: Colour, factor: float) -> Colour:
    """The same colour, darker (below 1) or lighter (above 1)."""
    return tuple(min(255, max(0, round(channel * factor))) for channel in colour)


def blend(first: Colour, second: Colour, share: float) -> Colour:
    """A colour on the way from the first (share 0) to the second (share 1)."""
    return tuple(round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
