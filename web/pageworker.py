"""A process of its own that reads papers: draws a page, says its text, looks through a file, makes a PDF of photographs.

It knows no meetings, no people and no database.  `draw` is given paths and writes the one file it is told to; `look` and `bind` are
given bytes on standard input (a line with their sizes first) and write nothing anywhere: they see files that may not be kept.  Memory, processor time,
size and number of files are bounded before it reads a byte of anybody's file, and whoever started it kills it when it takes
too long.  Called by `pageimages.py` alone, as `python -m web.pageworker draw|look|bind`.
"""

from __future__ import annotations

import io
import json
import os
import resource
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

MEMORY = 1536 << 20
LARGEST = 64 << 20  # bytes of a file it writes
SECONDS = 30  # of the processor, for a single task
OPEN = 4  # documents kept open, so that the next page comes quickly
MOST_TEXT = 20_000
TALLEST = 6  # times the width: a roll is no page
PHOTO = (1654, 2339)  # pixels of an A4 page at 200 dots an inch
MOST_PIXELS = 60_000_000  # of one photograph; phones of today make 50
FEW_COLOURS = 4096


def bound(seconds: int | None) -> None:
    """Before anything is read.  `seconds`: of the processor; None for a process that serves many."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST, LARGEST))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if seconds:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        os.nice(5)  # a room that waits for a page comes first


class Drawer:
    """Draws pages of documents, the last few of which stay open."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, Any] = OrderedDict()

    def draw(self, path: str, page: int, width: int, out: str) -> dict[str, Any]:
        """Writes the picture of page `page` (from 1), `width` pixels wide."""
        shown = self._document(path)[page - 1]
        try:
            wide, high = shown.get_size()
            scale = width / max(wide, high / TALLEST, 1.0)
            image = shown.render(scale=scale, may_draw_forms=True, prefer_bgrx=True).to_pil().convert("RGB")
        finally:
            shown.close()
        Path(out).write_bytes(packed(image))
        return {"width": image.width, "height": image.height}

    def text(self, path: str, page: int) -> dict[str, Any]:
        """What page `page` says, for those who do not see it."""
        shown = self._document(path)[page - 1]
        try:
            words = shown.get_textpage()
            try:
                return {"text": words.get_text_range(0, min(MOST_TEXT, words.count_chars())) if words.count_chars() > 0 else ""}
            finally:
                words.close()
        finally:
            shown.close()

    def _document(self, path: str) -> Any:
        import pypdfium2

        if path in self._open:
            self._open.move_to_end(path)
            return self._open[path]
        document = pypdfium2.PdfDocument(path)
        document.init_forms()
        self._open[path] = document
        if len(self._open) > OPEN:
            self._open.popitem(last=False)[1].close()
        return document


def picture(path: str, width: int, out: str) -> dict[str, Any]:
    """A picture handed in as a paper, made as wide as it is looked at."""
    image = _upright(path)
    if image.width > width:
        image = image.resize((width, max(1, round(image.height * width / image.width))))
    Path(out).write_bytes(packed(image))
    return {"width": image.width, "height": image.height}


def packed(image: Any) -> bytes:
    """WebP: print in sixteen greys and flat drawings without loss, which is sharp and half the size; the rest as photographs."""
    held = io.BytesIO()
    small = image.resize((max(1, image.width // 4), max(1, image.height // 4)))
    grey = all(low == high == 0 for low, high in _tints(small))
    if grey:
        image.convert("L").point(lambda value: (value * 15 + 127) // 255 * 17).save(held, "WEBP", lossless=True, quality=30, method=2)
    elif small.getcolors(FEW_COLOURS) is not None:
        image.point(lambda value: (value * 31 + 127) // 255 * 255 // 31).save(held, "WEBP", lossless=True, quality=30, method=2)
    else:
        image.save(held, "WEBP", quality=75, method=2)
    return held.getvalue()


def _tints(image: Any) -> list[tuple[int, int]]:
    """How far red and blue are from green, least and most."""
    from PIL import ImageChops

    red, green, blue = image.split()
    return [ImageChops.difference(green, other).getextrema() for other in (red, blue)]


def _upright(source: Any) -> Any:
    """The picture as it is looked at, without what the camera wrote into it (place, time, device)."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # the library takes twice as many before it refuses
    with Image.open(source, formats=("JPEG", "PNG")) as image:
        image.draft("RGB", (PHOTO[0] * 2, PHOTO[1] * 2))
        turned = ImageOps.exif_transpose(image)
        if turned.mode in ("RGBA", "LA", "P"):
            turned = turned.convert("RGBA")
            white = Image.new("RGBA", turned.size, "white")
            white.alpha_composite(turned)
            turned = white
        return turned.convert("RGB")


def bind(photos: list[bytes]) -> bytes:
    """Photographs of sheets as a PDF, one a page, in the order given."""
    pages, held = [], io.BytesIO()
    for photo in photos:
        image = _upright(io.BytesIO(photo))
        image.thumbnail(PHOTO if image.height >= image.width else PHOTO[::-1])
        pages.append(image)
    pages[0].save(held, "PDF", save_all=True, append_images=pages[1:], resolution=200, quality=75)
    return held.getvalue()


def look(data: bytes) -> dict[str, Any]:
    from web import pdflook

    try:
        found = pdflook.look(data)
    except pdflook.Unreadable as error:
        return {"error": str(error)}
    return {"pages": found.pages, "acts": found.acts}


def serve() -> None:
    """A task a line, an answer a line, until nobody asks any more; the first line says that it is ready."""
    import pypdfium2
    from PIL import WebPImagePlugin

    drawer = Drawer()
    print(json.dumps({"ready": bool(pypdfium2 and WebPImagePlugin)}), flush=True)
    for line in sys.stdin:
        task = json.loads(line)
        try:
            if task["do"] == "text":
                answer = drawer.text(task["path"], task["page"])
            elif task["do"] == "picture":
                answer = picture(task["path"], task["width"], task["out"])
            else:
                answer = drawer.draw(task["path"], task["page"], task["width"], task["out"])
        except Exception as error:  # files are broken in ways no reader foresees; the next one may be whole
            answer = {"error": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps(answer), flush=True)


def main(arguments: list[str]) -> int:
    if arguments == ["draw"]:
        bound(None)
        serve()
        return 0
    bound(SECONDS)
    sizes = json.loads(sys.stdin.buffer.readline())
    files, made = [sys.stdin.buffer.read(size) for size in sizes], b""
    try:
        if arguments == ["bind"]:
            made = bind(files)
            answer: dict[str, Any] = {"pages": len(files)}
        else:
            answer = look(files[0])
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"[:300]}
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + made)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
