"""One recorded track of a composed recording, decoded, whatever became of its file.

Damage ends the track at worst, never the composition.  Never runs in the relay's or the recorder's process: it decodes
(PyAV).  Called by ``media/compose_sound.py`` and ``media/compose_picture.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import av
from av.error import FFmpegError

DAMAGE = (FFmpegError, ValueError)  # a ValueError where text in the file is no UTF-8, or a frame is unlike those before


def decoded(
    path: Path, kind: Literal["audio", "video"], broken: Callable[[], None]
) -> Iterator[tuple[float | None, list[Any]]]:
    """(seconds in the file, the frames) of each packet of its first stream of this kind; no time: what the end gives out.

    ``broken`` is called for each packet that cannot be decoded, and once when the file cannot be read, or not on.
    """
    try:
        with av.open(str(path)) as container:
            stream = next(iter(container.streams.audio if kind == "audio" else container.streams.video), None)
            if stream is None or stream.codec_context is None:  # nothing of this kind, or in a form nobody knows
                broken()
                return
            stream.codec_context.thread_count = 1
            for packet in container.demux(stream):
                try:
                    frames = packet.decode()
                except DAMAGE:
                    broken()
                    continue
                yield None if packet.pts is None else float(packet.pts * packet.time_base), frames
    except DAMAGE:
        broken()
