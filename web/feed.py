"""Server-sent events: one meeting's news to all its open pages.  Knows nothing of databases or media.

Every listener has a short queue of ready-made bytes; what is published is made once and shared.  A listener that does
not keep up is dropped: its browser reconnects and starts from the newest state, which is cheaper and truer than old
news.  Called by `hub.py` (publishes) and `routes/events.py` (listens).
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

QUEUE = 32  # events a slow reader may be behind before it is dropped
BEAT = 15.0  # seconds; the page takes 40 s of silence for a dead line


def frame(event: str, data: Any) -> bytes:
    """One event of the text/event-stream format (HTML standard §9.2).  JSON has no raw line breaks."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"event: {event}\ndata: {text}\n\n".encode()


def compact(data: Any) -> bytes:
    """JSON as it goes over the wire; for parts that are written once and sent in many frames."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def joined(event: str, parts: Iterable[bytes]) -> bytes:
    """An event whose data is the list of these parts."""
    return f"event: {event}\ndata: [".encode() + b",".join(parts) + b"]\n\n"


BEAT_FRAME = frame("beat", {})


@dataclass(frozen=True, slots=True)
class Point:
    """The pages of one point."""

    code: str


@dataclass(frozen=True, slots=True)
class Person:
    """The pages of one person behind a point."""

    person_id: str


@dataclass(frozen=True, slots=True)
class Conductors:
    """Pages whose session conducts the meeting, whatever link they came by."""


@dataclass(frozen=True, slots=True)
class Points:
    """The pages of these points, and those whose session conducts the meeting."""

    codes: frozenset[str]


To = Point | Points | Person | Conductors | None
"""Whom news are for; None: everybody in the room."""
EVERYBODY: To = None
CONDUCTORS = Conductors()


class Listener:
    """One open page.  `code` is the point it belongs to, None for a signed-in reader; `person` whose own page it is; `conducts`
    whether its session conducts the meeting, judged again at every beat."""

    __slots__ = ("code", "conducts", "dropped", "person", "queue", "room")

    def __init__(self, room: str, code: str | None, *, conducts: bool = False, person: str | None = None) -> None:
        self.room = room
        self.code = code
        self.conducts = conducts
        self.person = person
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUE + 1)
        self.dropped = False

    def is_meant(self, to: To) -> bool:
        match to:
            case None:
                return True
            case Point(code):
                return self.code == code
            case Points(codes):
                return self.conducts or self.code in codes
            case Person(person_id):
                return self.person == person_id
            case Conductors():
                return self.conducts

    def offer(self, data: bytes) -> None:
        """Queues `data`, or marks the listener as dropped when it is too far behind."""
        if self.dropped:
            return
        if self.queue.qsize() >= QUEUE:
            self.drop()
        else:
            self.queue.put_nowait(data)

    def drop(self) -> None:
        """Ends the stream after what is queued already; a dropped listener takes nothing more."""
        if not self.dropped:
            self.dropped = True
            self.queue.put_nowait(None)

    async def stream(self, beat: float) -> AsyncIterator[bytes]:
        """What goes over the wire until the listener is dropped; a heartbeat whenever nothing else is said.

        One timer that is looked at every `beat` seconds: a timeout for each piece of news costs more than the news, and a province
        listens."""
        loop = asyncio.get_running_loop()
        said = loop.time()
        timer: asyncio.TimerHandle | None = None

        def look() -> None:
            nonlocal timer
            left = said + beat - loop.time()
            if left <= 0 and self.queue.empty():
                self.offer(BEAT_FRAME)
            timer = loop.call_later(left if left > 0 else beat, look)

        look()
        try:
            while (data := await self.queue.get()) is not None:
                yield data
                said = loop.time()
        finally:
            if timer is not None:
                timer.cancel()


class Feed:
    """All listeners of all meetings, by meeting.  Belongs to one event loop."""

    def __init__(self) -> None:
        self._rooms: dict[str, set[Listener]] = defaultdict(set)
        self.beat = BEAT
        self.dropped = 0
        self._closed = False

    def listen(self, room: str, code: str | None, *, conducts: bool = False, person: str | None = None) -> Listener:
        listener = Listener(room, code, conducts=conducts, person=person)
        if self._closed:
            listener.drop()
        else:
            self._rooms[room].add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        listeners = self._rooms.get(listener.room)
        if listeners is None:
            return
        listeners.discard(listener)
        if not listeners:
            del self._rooms[listener.room]

    def publish(self, room: str, data: bytes, to: To = EVERYBODY) -> None:
        """The same bytes to every listener of the meeting that they are meant for."""
        for listener in tuple(self._rooms.get(room, ())):
            if not listener.is_meant(to):
                continue
            listener.offer(data)
            if listener.dropped:
                self.dropped += 1
                self.leave(listener)

    def end(self, room: str, code: str) -> None:
        """Ends the streams of one point's pages; they may ask again, and are asked who they are."""
        for listener in tuple(self._rooms.get(room, ())):
            if listener.code == code:
                listener.drop()
                self.leave(listener)

    def rooms(self) -> tuple[str, ...]:
        """Meetings that somebody listens to."""
        return tuple(self._rooms)

    def hears(self, room: str, code: str) -> bool:
        """Whether a page of this name listens."""
        return any(listener.code == code for listener in self._rooms.get(room, ()))

    def codes(self, room: str) -> frozenset[str]:
        """Points with a page open."""
        return frozenset(one.code for one in self._rooms.get(room, ()) if one.code is not None)

    def listeners(self, room: str) -> int:
        return len(self._rooms.get(room, ()))

    def close(self) -> None:
        """Ends every stream, and those that still come, so that the server can stop."""
        self._closed = True
        for listeners in tuple(self._rooms.values()):
            for listener in tuple(listeners):
                listener.drop()
        self._rooms.clear()
