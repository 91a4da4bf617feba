"""The picture of a composed recording: a grid of everybody who is there, each with a name, who speaks in a frame.

Works on the planes of YUV 4:2:0 pictures, because nothing here has to be seen in RGB.  Never runs in the relay's or the
recorder's process: it decodes (PyAV).  Called by ``media/compose.py``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
from av.video.reformatter import VideoReformatter
from PIL import Image, ImageDraw, ImageFont

from media.compose_track import decoded

WIDTH, HEIGHT = 1280, 720      # pixels
LABEL: Final = 30              # rows under a picture for the name; even
EDGE: Final = 4                # pixels around a tile that light up while its point speaks; even
STALE: Final = 3.0             # seconds without a frame after which the name alone is shown
SCREEN: Final = "#screen"      # behind the name of a point: the screen that it shares
_BACK, _TILE, _BAR, _LIGHT = 16, 40, 60, 210      # brightness
_GREY: Final = 128
_SPEAKS: Final = (150, 80, 60)  # Y, U, V of the frame around who speaks: green


class Eye:
    """One picture track from ``start`` to ``end`` seconds of the recording.  Ask for times that do not run backwards."""

    def __init__(self, path: Path, point: str, start: float, end: float) -> None:
        self.point, self.start, self.end = point, start, end
        self.broken = 0            # packets that could not be decoded, and the file if it could not be read
        self._path = path
        self._frames: Iterator[tuple[float, av.VideoFrame]] | None = None
        self._next: tuple[float, av.VideoFrame] | None = None
        self._shown: tuple[float, av.VideoFrame] | None = None

    def at(self, seconds: float) -> tuple[float, av.VideoFrame] | None:
        """(when it was taken, the picture) that is to be seen; None: none."""
        if not self.start <= seconds < self.end + STALE:
            if seconds >= self.end and self._frames is not None:
                self._frames, self._next, self._shown = iter(()), None, None
            return None
        if self._frames is None:
            self._frames = self._decoded()
            self._next = next(self._frames, None)
        while self._next is not None and self._next[0] <= seconds:
            self._shown, self._next = self._next, next(self._frames, None)
        return self._shown if self._shown is not None and seconds - self._shown[0] < STALE else None

    def _decoded(self) -> Iterator[tuple[float, av.VideoFrame]]:
        for _, frames in decoded(self._path, "video", self._note):
            for frame in frames:
                if frame.pts is not None:
                    yield self.start + float(frame.pts * frame.time_base), frame

    def _note(self) -> None:
        self.broken += 1


@dataclass(slots=True)
class Tile:
    """Where one point stands.  All numbers even; ``shown``: the time of the picture that is drawn, -1 the name alone."""

    point: str
    left: int
    top: int
    width: int
    height: int
    shown: float = -2.0
    speaks: bool = False


def grid(count: int) -> list[tuple[int, int, int, int]]:
    """(left, top, width, height) of each of ``count`` tiles; the last row is centred."""
    across = max(1, math.ceil(math.sqrt(count)))
    rows = max(1, math.ceil(count / across))
    width, height = WIDTH // across & ~1, HEIGHT // rows & ~1
    places = []
    for index in range(count):
        row, column = divmod(index, across)
        here = min(across, count - row * across)
        left = (WIDTH - here * width) // 2 + column * width
        places.append((left & ~1, row * height, width, height))
    return places


def places(points: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """(left, top, width, height) of each: a shared screen is large, up to eight others in a column beside it; else all are equal."""
    screen = next((at for at, point in enumerate(points) if point.endswith(SCREEN)), None)
    if screen is None or not 1 < len(points) <= 9:
        return grid(len(points))
    width, height = WIDTH // 4 & ~1, HEIGHT // max(4, len(points) - 1) & ~1
    column = [(WIDTH - width, row * height, width, height) for row in range(len(points) - 1)]
    return [*column[:screen], (0, 0, WIDTH - width, HEIGHT), *column[screen:]]


class Canvas:
    """The picture that is sent to the encoder, kept between frames: only what changed is drawn."""

    def __init__(self, names: dict[str, str], font: Path | None) -> None:
        self._names = names
        self._font = ImageFont.truetype(str(font), LABEL - 8) if font else ImageFont.load_default(size=LABEL - 10)
        self._planes = [bytearray([_BACK]) * (WIDTH * HEIGHT)] + [bytearray([_GREY]) * (WIDTH * HEIGHT // 4) for _ in "uv"]
        self._tiles: dict[str, Tile] = {}
        self._scaler = VideoReformatter()

    def arrange(self, points: Sequence[str]) -> None:
        """Exactly these points, in this order."""
        if list(self._tiles) == list(points):
            return
        self._fill(0, 0, WIDTH, HEIGHT, (_BACK, _GREY, _GREY))
        self._tiles = {
            point: Tile(point, *place) for point, place in zip(points, places(points), strict=True)}
        for tile in self._tiles.values():
            self._label(tile)

    def draw(self, point: str, picture: tuple[float, av.VideoFrame] | None, speaks: bool) -> None:
        """What this point shows now."""
        tile = self._tiles[point]
        taken = -1.0 if picture is None else picture[0]
        if taken != tile.shown:
            tile.shown = taken
            left, top = tile.left + EDGE, tile.top + EDGE
            width, height = tile.width - 2 * EDGE, tile.height - 2 * EDGE - LABEL
            if picture is None:
                self._fill(left, top, width, height, (_TILE, _GREY, _GREY))
            else:
                self._picture(picture[1], left, top, width, height)
        if speaks != tile.speaks:
            tile.speaks = speaks
            self._frame_around(tile, _SPEAKS if speaks else (_BACK, _GREY, _GREY))

    def frame(self) -> av.VideoFrame:
        """A copy for the encoder."""
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for plane, data in zip(frame.planes, self._planes, strict=True):
            if plane.line_size == plane.width:
                plane.update(bytes(data))
                continue
            room = bytearray(plane.buffer_size)
            for row in range(plane.height):
                room[row * plane.line_size : row * plane.line_size + plane.width] = (
                    data[row * plane.width : (row + 1) * plane.width])
            plane.update(bytes(room))
        return frame

    def _picture(self, frame: av.VideoFrame, left: int, top: int, width: int, height: int) -> None:
        """The whole picture as large as it fits, in the middle."""
        scale = min(width / frame.width, height / frame.height)
        across, down = max(2, int(frame.width * scale) & ~1), max(2, int(frame.height * scale) & ~1)
        small = self._scaler.reformat(frame, across, down, "yuv420p")
        if across < width or down < height:
            self._fill(left, top, width, height, (_BACK, _GREY, _GREY))
        x, y = left + ((width - across) // 2 & ~1), top + ((height - down) // 2 & ~1)
        for number, plane in enumerate(small.planes):
            half = 1 if number else 0
            self._copy(number, memoryview(plane), plane.line_size, x >> half, y >> half, across >> half, down >> half)

    def _copy(self, number: int, data: memoryview, stride: int, x: int, y: int, width: int, height: int) -> None:
        plane, line = self._planes[number], WIDTH >> (1 if number else 0)
        for row in range(height):
            at = (y + row) * line + x
            plane[at : at + width] = data[row * stride : row * stride + width]

    def _fill(self, left: int, top: int, width: int, height: int, colour: tuple[int, int, int]) -> None:
        for number, value in enumerate(colour):
            half = 1 if number else 0
            line = memoryview(bytes([value]) * (width >> half))
            self._copy(number, line, 0, left >> half, top >> half, width >> half, height >> half)

    def _frame_around(self, tile: Tile, colour: tuple[int, int, int]) -> None:
        left, top, width, height = tile.left, tile.top, tile.width, tile.height
        for box in ((left, top, width, EDGE), (left, top + height - EDGE, width, EDGE),
                    (left, top, EDGE, height), (left + width - EDGE, top, EDGE, height)):
            self._fill(*box, colour)

    def _label(self, tile: Tile) -> None:
        width = tile.width - 2 * EDGE
        strip = Image.new("L", (width, LABEL), _BAR)
        text = self._names.get(tile.point) or tile.point
        draw = ImageDraw.Draw(strip)
        while len(text) > 1 and draw.textlength(text, font=self._font) > width - 16:
            text = text[:-2].rstrip() + "…"
        draw.text((8, LABEL / 2), text, font=self._font, fill=_LIGHT, anchor="lm")
        top = tile.top + tile.height - EDGE - LABEL
        self._fill(tile.left + EDGE, top, width, LABEL, (_BAR, _GREY, _GREY))
        self._copy(0, memoryview(strip.tobytes()), width, tile.left + EDGE, top, width, LABEL)
