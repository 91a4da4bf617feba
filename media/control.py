"""The control socket: JSON lines over a unix socket, versioned and bounded; codec and the client the web area uses.

A request is ``{"v": 2, "id": n, "op": name, …}``; its reply ``{"id": n, "ok": …}`` or ``{"id": n, "error": {"kind", "code"}}``;
news comes unasked as ``{"event": …}``.  The first request is ``hello``: it tells version, port and what the worker can do, so
that web and workers of different releases find out in words.  Never touches media itself and imports none of its libraries.
``media/worker.py`` is the other end.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections import deque
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from media.errors import ERRORS, BadSdp, Gone, MediaError
from media.limits import CALL_TIME, CONTROL_VERSION, EVENT_QUEUE, MAX_LINE, MAX_SDP

Message = dict[str, Any]

NEWEST = ("slots", "wanted")  # events of which only a session's newest counts: a slow reader misses the older ones
HANG_UP_TIME = 1.0  # seconds for what is still to be written when we hang up
WORKER_ENVIRONMENT = {
    # Keys, rows and objects of hundreds of receivers lie on hundreds of pages, and after each sleep the processor has
    # forgotten where all of them are: on large pages they are few.  Measured at 50 receivers: 12 us a packet, with it 8.
    "PYTHONMALLOC": "malloc",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=33554432",
}
"""What a worker's process is started with besides the environment; a C library that does not know it ignores it."""


def encode(message: Message) -> bytes:
    """One line.  Raises: MediaError ``control.size`` or ``control.syntax``: nested too deeply."""
    try:
        text = json.dumps(message, separators=(",", ":"), ensure_ascii=False)
    except RecursionError as error:
        raise MediaError("control.syntax") from error
    # Half of a pair of surrogates can be named in JSON but not in UTF-8: it stays what it was, an escape.
    line = text.encode("utf-8", "backslashreplace") + b"\n"
    if len(line) > MAX_LINE:
        raise MediaError("control.size")
    return line


def decode(line: bytes) -> Message:
    """The object on one line.  Raises: MediaError ``control.syntax``."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise MediaError("control.syntax") from error
    if not isinstance(message, dict):
        raise MediaError("control.syntax")
    return message


def error_message(error: MediaError) -> Message:
    """How an error travels."""
    return {"kind": type(error).__name__, "code": error.code}


class MediaClient:
    """One connection to a media worker.  When it is lost every call raises Gone and ``events`` ends.

    A call that is not answered within CALL_TIME raises Gone too: a worker that hangs keeps its socket open.
    Create with ``connect``; use from one event loop.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self._events: deque[Message] = deque()
        self._news = asyncio.Event()
        self._closed = False
        self._pump = asyncio.get_running_loop().create_task(self._read())

    @classmethod
    async def connect(cls, path: str | Path) -> MediaClient:
        """Raises: Gone when nobody listens at ``path``."""
        try:
            return cls(*await asyncio.open_unix_connection(str(path), limit=MAX_LINE))
        except OSError as error:
            raise Gone("worker.gone") from error

    async def hello(self) -> Message:
        """``version``, ``port`` (0: a spare that listens nowhere yet), ``address`` for links (None: a spare), ``pid``,
        ``capabilities`` (names of operations).

        Raises: MediaError ``control.version`` when the other end speaks a version of before ``hello``; Gone.
        """
        told = dict(await self._call("hello"))
        if told.get("version", 0) < CONTROL_VERSION:
            raise MediaError("control.version")
        return told

    async def listen(self, port: int) -> int:
        """Makes a spare a worker: it opens its media port (0: a free one) and says which.  Raises: MediaError ``worker.port``
        when the port is taken, ``worker.listens`` when it has one already; Gone."""
        return int(await self._call("listen", port=port))

    async def publish(self, room: str, session: str, name: str, offer_sdp: str) -> str:
        """Answer SDP for a WHIP offer.  Raises: BadSdp, RoomFull, Gone."""
        _check_size(offer_sdp)
        return str(await self._call("publish", room=room, session=session, name=name, offer=offer_sdp))

    async def subscribe(
        self, room: str, session: str, name: str, offer_sdp: str, publishers: list[str] | None = None
    ) -> str:
        """Answer SDP for a WHEP offer.  Raises: BadSdp, RoomFull, Gone."""
        _check_size(offer_sdp)
        answer = await self._call(
            "subscribe", room=room, session=session, name=name, offer=offer_sdp, publishers=publishers
        )
        return str(answer)

    async def close(self, session: str) -> bool:
        """Ends a session; False when it was gone already."""
        return bool(await self._call("close", session=session))

    async def trickle(self, session: str, tags: list[str], fragment: str) -> None:
        """Candidates of a client that came after its offer; one of ``tags`` is our ufrag in the ICE session they are for.

        Raises: BadSdp, Gone, MediaError ``session.unknown``, ``session.tag``: ICE was restarted since.
        """
        _check_size(fragment)
        await self._call("trickle", session=session, tags=tags, fragment=fragment)

    async def restart(self, session: str, fragment: str) -> str:
        """Our new side for a client that restarts ICE, as an SDP fragment; the session goes on.

        Raises: BadSdp, Gone, MediaError ``session.unknown``.
        """
        _check_size(fragment)
        return str(await self._call("restart", session=session, fragment=fragment))

    async def close_room(self, room: str) -> None:
        """Ends every session of a room."""
        await self._call("close_room", room=room)

    async def policy(
        self, room: str, heard: list[str] | None, stage: list[str], seen: list[str] | None = None, quiet: Sequence[str] = (),
        voices: Sequence[str] = (), seconds: Sequence[str] | None = None, aside: Sequence[str] = (),
    ) -> None:
        """Whose sound (``heard``) and picture (``seen``) pass, None: everybody's, but never the sound of ``quiet``; who is shown
        first (``stage``), and whose sound goes before whoever speaks (``voices``); which second sources pass (``seconds``, None:
        all), and whose picture only those get who pinned it (``aside``)."""
        await self._call(
            "policy", room=room, heard=heard, stage=stage, seen=seen, quiet=list(quiet), voices=list(voices),
            seconds=None if seconds is None else list(seconds), aside=list(aside))

    async def stats(self, room: str | None = None) -> Message:
        """``cpu_s``, ``rss_bytes``, ``counters``, ``loop_lag_ms``, ``load`` and ``rooms``; only ``room`` when given."""
        found = await self._call("stats", room=room)
        return dict(found)

    async def view(self, session: str, heights: dict[str, int]) -> None:
        """How high a subscriber shows each of its slots, in pixels by mid; 0: not looked at."""
        await self._call("view", session=session, heights=heights)

    async def pin(self, session: str, names: dict[str, str | None]) -> None:
        """Whom a subscriber wants in which slot, by mid: a name, "" for nobody, None for whoever comes first."""
        await self._call("pin", session=session, names=names)

    async def link(
        self, room: str, link: str, peer: tuple[str, int], keys: tuple[bytes, bytes], ssrcs: tuple[int, int]
    ) -> None:
        """This worker's end of a link: the other's address, the keys to receive and to send with, our SSRC and theirs in
        RTCP.  Raises: MediaError, RoomFull, Gone."""
        await self._call("link", room=room, link=link, peer=list(peer), receive=keys[0].hex(), send=keys[1].hex(),
                         ssrcs=list(ssrcs))

    async def unlink(self, link: str) -> bool:
        """Ends a link; False when there was none."""
        return bool(await self._call("unlink", link=link))

    async def recorder(self, session: str, size: int, gaps: int, fsync_ms: float) -> None:
        """What a recorder of this worker's room has kept so far.  Raises: Gone, MediaError."""
        await self._call("recorder", session=session, bytes=size, gaps=gaps, fsync_ms=fsync_ms)

    async def events(self) -> AsyncIterator[Message]:
        """``up``, ``down``, ``slots``, ``wanted``, ``frozen``, ``thawed``, ``away``, ``back`` from the moment of connecting; ends with it.

        Each event goes to one listener: two of them share the events.  Of ``slots`` and ``wanted`` older ones may be left out.
        """
        while True:
            while self._events:
                yield self._events.popleft()
            if self._closed:
                return
            self._news.clear()
            await self._news.wait()

    @property
    def closed(self) -> bool:
        """Whether the connection is lost."""
        return self._closed

    async def lost(self) -> None:
        """Returns when the connection is."""
        while not self._closed:
            self._news.clear()
            await self._news.wait()

    async def aclose(self) -> None:
        """Hangs up; a worker whose last controller hung up ends."""
        self._pump.cancel()
        await asyncio.gather(self._pump, return_exceptions=True)
        self._lose()
        self._writer.close()
        try:
            async with asyncio.timeout(HANG_UP_TIME):
                await self._writer.wait_closed()
        except TimeoutError:
            self._writer.transport.abort()  # it reads no more: what waits to be written would wait for ever
        except OSError:
            pass  # the worker was faster

    async def _call(self, op: str, **fields: Any) -> Any:
        if self._closed:
            raise Gone("worker.gone")
        self._number += 1
        number = self._number
        line = encode({"v": CONTROL_VERSION, "id": number, "op": op, **fields})
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(CALL_TIME):
                self._writer.write(line)
                await self._writer.drain()
                return await answer
        except OSError as error:  # a TimeoutError is one
            raise Gone("worker.gone") from error
        finally:
            self._waiting.pop(number, None)

    async def _read(self) -> None:
        try:
            while line := await self._reader.readline():
                self._take(decode(line))
        except (OSError, ValueError, TypeError, LookupError, AttributeError, MediaError):
            pass  # a worker that does not speak our language is as good as gone
        finally:
            self._lose()

    def _take(self, message: Message) -> None:
        if "event" in message:
            if len(self._events) >= EVENT_QUEUE:
                self._forget_slots()
            self._events.append(message)
            self._news.set()
            return
        answer = self._waiting.get(message.get("id", 0))
        if answer is None or answer.done():
            return
        error = message.get("error")
        if error is None:
            answer.set_result(message.get("ok"))
        else:
            answer.set_exception(ERRORS.get(error["kind"], MediaError)(error["code"]))

    def _forget_slots(self) -> None:
        """Nobody listens just now: of the slots the newest news counts.  Who came and who went is never forgotten."""
        for place, event in enumerate(self._events):
            if event["event"] in NEWEST:
                del self._events[place]
                return

    def _lose(self) -> None:
        if self._closed:
            return
        self._closed = True
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(Gone("worker.gone"))
        self._news.set()


async def join_workers(room: str, one: MediaClient, other: MediaClient) -> str:
    """Makes one room of the same room on two workers, under fresh keys; returns the name of the link.

    Raises: Gone, and MediaError when a worker refuses; then no end of it stays.
    """
    name, keys = secrets.token_hex(8), (secrets.token_bytes(28), secrets.token_bytes(28))
    ssrcs = 1 + secrets.randbelow(1 << 31), (1 << 31) + 1 + secrets.randbelow((1 << 31) - 1)
    here, there = [tuple((await client.hello())["address"]) for client in (one, other)]
    try:
        await one.link(room, name, there, keys, ssrcs)
        await other.link(room, name, here, keys[::-1], ssrcs[::-1])
    except MediaError:
        for client in (one, other):
            with contextlib.suppress(MediaError):
                await client.unlink(name)
        raise
    return name


def _check_size(offer: str) -> None:
    # Refused before it is sent: a megabyte of rubbish should not cost the worker a parse.
    if len(offer) > MAX_SDP:
        raise BadSdp("sdp.size")
