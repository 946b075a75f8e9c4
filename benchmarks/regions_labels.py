"""Vehicles that stand in the view of one traffic camera for several frames, as somebody marked them who looked at each.

Frames are numbered from 0 in the order of their names; boxes are x, y, width and height in pixels. Frames in which
something hides the vehicle are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

CAMERA = "04254"
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Track:
    """Frames from `first` to `last` but `hidden` show a vehicle in a box; it may be there in `unsure` frames, too."""

    vehicle: str
    first: int
    last: int
    box: Box
    hidden: tuple[int, ...] = ()
    unsure: tuple[tuple[int, int], ...] = ()

    @property
    def frames(self) -> list[int]:
        """The frames that show it."""
        return [number for number in range(self.first, self.last + 1) if number not in self.hidden]


# The camera was turned a little after frame 176. A lorry that moves up may be the one that stood there before.
TRACKS = (
    Track("white coach", 129, 176, (16, 84, 96, 80), hidden=(155, 166, 170), unsure=((128, 191),)),
    Track("white coach, camera turned", 177, 191, (22, 58, 96, 80), hidden=(178,), unsure=((128, 191),)),
    Track(
        "red bus", 131, 161, (100, 68, 52, 56), hidden=(136, 137, 143, 155), unsure=((131, 161), (162, 165))
    ),
    Track("white lorry", 123, 141, (234, 100, 50, 72), hidden=(135,), unsure=((122, 191),)),
    Track("white lorry, near", 142, 158, (214, 142, 70, 98), unsure=((122, 191),)),
    Track("white lorry, back", 159, 176, (234, 96, 56, 82), unsure=((122, 191),)),
    Track("white lorry, camera turned", 177, 191, (244, 68, 56, 82), unsure=((122, 191),)),
    Track("police van", 102, 105, (38, 78, 56, 56)),
    Track("concrete mixer", 170, 172, (180, 200, 96, 80), unsure=((181, 182),)),
    Track("tipper", 173, 180, (170, 244, 106, 40)),
    Track("dark bus", 157, 165, (0, 92, 44, 100), unsure=((166, 166),)),
)
