"""Where points stand on a sketch of their province.  Pure: from degrees to places in a frame, the same ones whatever the order.

An equirectangular projection (a degree of longitude as wide as it is in the middle of what is shown) is fitted to the points
themselves; marks that would lie on each other are pushed apart, each by as little as it takes.  The frame is counted in units
of an SVG; what stands in it, in which shape and colour, is the page's.  Called by `readiness_tree`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import cos, hypot, pi, radians, sin, sqrt
from typing import Final

WIDTH: Final = 1000
LOWEST, HIGHEST = 420, 1300  # how high a frame is at least and at most
LARGEST: Final = 40.0        # a mark from side to side: where few are shown a finger hits them
LETTER, LINE = 9, 18         # how much room a letter of a name and its line take
_FAR: Final = 15             # rings of a third of a mark: a name is written no farther from its place
_SHARE: Final = 6            # the frame is at least so many squares of a mark for each mark: there is always room to step aside
_LEAST_SPAN: Final = 0.02    # degrees: points of one town are not drawn as if a province lay between them

Degrees = tuple[float, float]
"""North and east."""
Place = tuple[float, float]
"""To the right and down, in the units of the frame."""


@dataclass(frozen=True, slots=True)
class PointMap:
    """`size`: how wide a mark is; `places`: the middle of each mark, no two nearer to each other than `size`."""

    height: int
    size: float
    places: Mapping[str, Place]
    _middle: Degrees
    _scale: float

    @property
    def width(self) -> int:
        return WIDTH

    def at(self, north: float, east: float) -> Place:
        """Where degrees lie in the frame, moved in from beyond its edge."""
        right = WIDTH / 2 + (east - self._middle[1]) * _narrowing(self._middle[0]) * self._scale
        down = self.height / 2 - (north - self._middle[0]) * self._scale
        half = self.size / 2
        return min(max(right, half), WIDTH - half), min(max(down, half), self.height - half)


def fitted(points: Mapping[str, Degrees]) -> PointMap:
    """The map of these points, by their keys."""
    norths, easts = [north for north, _east in points.values()] or [0.0], [east for _north, east in points.values()] or [0.0]
    middle = (min(norths) + max(norths)) / 2, (min(easts) + max(easts)) / 2
    high = max(max(norths) - min(norths), _LEAST_SPAN)
    wide = max((max(easts) - min(easts)) * _narrowing(middle[0]), _LEAST_SPAN)
    height = round(min(max(WIDTH * high / wide, LOWEST), HIGHEST))
    size = int(5 * min(LARGEST, sqrt(WIDTH * height / (_SHARE * max(len(points), 1))))) / 5
    scale = min((WIDTH - 2 * size) / wide, (height - 2 * size) / high)
    bare = PointMap(height, size, {}, middle, scale)
    return PointMap(height, size, _apart(bare, points), middle, scale)


def written(frame: PointMap, names: Mapping[str, Degrees]) -> dict[str, Place]:
    """Where names can be read: the middle of each, near its own place, on no mark and on no other name.  What finds no room is left out."""
    found: dict[str, Place] = {}
    for name in sorted(names):
        for ring, place in _rings(frame, frame.at(*names[name]), 0):
            if ring > _FAR:
                break
            if _readable(frame, name, place, found):
                found[name] = place
                break
    return found


def _readable(frame: PointMap, name: str, place: Place, others: Mapping[str, Place]) -> bool:
    half, low = LETTER * len(name) / 2, LINE / 2
    if not (half <= place[0] <= WIDTH - half and low <= place[1] <= frame.height - low):
        return False
    for right, down in frame.places.values():
        if hypot(max(abs(right - place[0]) - half, 0), max(abs(down - place[1]) - low, 0)) < frame.size / 2:
            return False
    return not any(abs(right - place[0]) < half + LETTER * len(other) / 2 and abs(down - place[1]) < LINE
                   for other, (right, down) in others.items())


def _narrowing(north: float) -> float:
    """How much narrower than a degree of latitude one of longitude is there."""
    return max(cos(radians(north)), 0.01)


def _apart(frame: PointMap, points: Mapping[str, Degrees]) -> dict[str, Place]:
    """One after the other by their keys, each at the free place that is nearest to its own, as far as rings of places tell."""
    taken: dict[tuple[int, int], list[Place]] = {}
    full: dict[Place, int] = {}  # of points at one place: the rings that those before have filled
    found: dict[str, Place] = {}
    for key in sorted(points):
        own = frame.at(*points[key])
        full[own], place = next((ring, one) for ring, one in _rings(frame, own, full.get(own, 0)) if _free(taken, one, frame.size))
        taken.setdefault(_square(place, frame.size), []).append(place)
        found[key] = place
    return found


def _rings(frame: PointMap, own: Place, first: int) -> Iterator[tuple[int, Place]]:
    """The place itself and those around it, ring after ring; none beyond the frame."""
    half, step = frame.size / 2, frame.size / 3
    for ring in range(first, int(hypot(WIDTH, frame.height) / step) + 2):
        for turn in range(max(6 * ring, 1)):
            angle = 2 * pi * turn / (6 * ring) if ring else 0.0
            right, down = _rounded((own[0] + ring * step * cos(angle), own[1] + ring * step * sin(angle)))
            if half <= right <= WIDTH - half and half <= down <= frame.height - half or not ring:
                yield ring, (right, down)


def _rounded(place: Place) -> Place:
    return round(place[0], 1), round(place[1], 1)


def _square(place: Place, size: float) -> tuple[int, int]:
    return int(place[0] // size), int(place[1] // size)


def _free(taken: Mapping[tuple[int, int], list[Place]], place: Place, size: float) -> bool:
    """Only what lies in the squares around can be too near."""
    column, row = _square(place, size)
    return all(hypot(place[0] - other[0], place[1] - other[1]) >= size
               for right in (-1, 0, 1) for down in (-1, 0, 1) for other in taken.get((column + right, row + down), ()))
