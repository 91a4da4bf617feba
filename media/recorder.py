"""``python -m media.recorder``: records one room, as a subscriber like any other, into files of its own.

A process of its own: whatever happens to it or to its disk, the relay does not notice.  It joins over loopback, learns from
the control socket who stands in which slot, and goes on with a stated gap when the relay was away.  Prints JSON lines
(``joined``, ``status``, ``ended``).  Nothing is decoded.  Started by ``web/recording.py`` or by hand; SIGTERM ends it well.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from media.control import MediaClient, Message
from media.errors import BadPacket, Gone, MediaError
from media.limits import MAX_SOUNDS
from media.peers import Crowd, Subscriber
from media.peers_sdp import FORMATS
from media.record_beat import BEAT, Beat
from media.record_book import Book
from media.record_clock import Relation
from media.record_recover import recover
from media.record_slot import Slot
from media.record_store import MANIFEST, Store
from media.record_words import CLOSED, DISK_ERROR, DISK_FULL, KILLED, NO_RELAY, PAUSED, RESTART, STOPPED, TIME
from media.rtcp import SenderReport
from media.rtp import RtpView

NAME: Final = "~recorder"              # no point has this code
PICTURES: Final = tuple(name for name in FORMATS if name != "OPUS")
EVERY: Final = 0.1                     # seconds between two looks at the slots
ASK_AFTER, ASK_EVERY = 0.8, 2.0        # seconds: the peer itself asks once when a packet is given up; asking often would
                                       # tell the relay that our line is full
AGAIN: Final = 0.3                     # seconds until a relay that is away is tried again
JOIN_TIME: Final = 10.0                # for one attempt
GOODBYE: Final = 0.7                   # a room that closes because its relay ends is not closed: seconds to tell
LINE: Final = 100_000_000              # bit/s our line carries: it is loopback, and the best layers are wanted
ROWS: Final = 1080                     # of a picture that are wanted of its publisher
LOOK: Final = 1.0                      # seconds between two looks whether anybody else is there
STATUS: Final = 1.0
OK, FAILED, BROKEN = 0, 1, 3
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """``socket``: control socket of the relay, or of its workers without their numbers; ``folder``: of this recording; 0
    ``seconds``: until told."""

    socket: Path
    room: str
    folder: Path
    seconds: float = 0.0
    audio: int = MAX_SOUNDS            # no receiver is given more at a time
    video: int = 4
    patience: float = 120.0            # seconds without a relay until the recording ends
    parent: int | None = None
    after: str = KILLED                # why nobody recorded, where an earlier part of the recording ended well


class Recorder:
    """One recording.  Must be made inside a running event loop."""

    def __init__(self, options: Options, tell: Callable[[dict[str, Any]], None]) -> None:
        """Takes the folder; one that a dead recorder left is gone on with.  Raises: OSError, BlockingIOError."""
        self._options, self._tell = options, tell
        self._loop = asyncio.get_running_loop()
        earlier = recover(options.folder) if (options.folder / MANIFEST).exists() else None
        self.store = Store(options.folder)
        self.book = Book(options.room, options.folder.name, self._loop.time(), time.time(), earlier)
        if earlier is not None:
            self.book.resume(options.after)
        self.ending = asyncio.Event()
        self.reason = STOPPED
        self._crowd = Crowd()
        self._subscriber: Subscriber | None = None
        self._session = ""
        self._slots: dict[int, Slot] = {}          # by SSRC
        self._by_mid: dict[str, Slot] = {}
        self._asked: dict[int, float] = {}         # when a key frame is to be asked for
        self._relation = Relation()
        self._beat = Beat(self.book, self.store, ThreadPoolExecutor(1, "disk"), ThreadPoolExecutor(1, "digest"))

    def stop(self, reason: str = STOPPED) -> None:
        """Ends the recording soon; the first reason counts."""
        if not self.ending.is_set():
            self.reason = reason
            self.ending.set()

    async def run(self) -> int:
        """Records until told, until the room closes or until nothing can be recorded any more; an exit code."""
        writing = asyncio.create_task(self._writing())
        tasks = [asyncio.create_task(work) for work in (self._sessions(), self._watch(), self.ending.wait())]
        code = OK
        try:
            await asyncio.wait([writing, *tasks], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.stop()
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(writing, *tasks, return_exceptions=True)
        for error in ended:
            if isinstance(error, OSError):
                self.reason, code = DISK_ERROR, BROKEN
                log.error("recorder.disk %s", error)
            elif isinstance(error, Exception):
                raise error
        await self._hang_up()
        if code == OK:
            self.book.end(self.reason, self._loop.time())
        if not await self._beat.last():
            code = BROKEN
        self._tell({"event": "ended", "reason": self.reason, **self._state()})
        self.store.close()
        return code

    # -- the session ----------------------------------------------------------------------------------------------------

    async def _sessions(self) -> None:
        """One session after another; between two of them nothing is recorded, and that is a gap."""
        away = self._loop.time()
        while not self.ending.is_set():
            try:
                async with asyncio.timeout(JOIN_TIME):
                    client = await self._connect()
            except (MediaError, OSError, TimeoutError):
                self.book.gap(NO_RELAY, self._loop.time())
                if self._loop.time() - away > self._options.patience:
                    return self.stop(NO_RELAY)
            else:
                away = self._loop.time()
                if client is None:
                    self.book.again(away)              # the relay is there, and nobody is in the room
                else:
                    await self._stay(client)
                    away = self._loop.time()
            await asyncio.sleep(AGAIN)

    async def _stay(self, client: MediaClient) -> None:
        try:
            if not await self._serve(client):
                self.book.gap(NO_RELAY, self._loop.time())
        finally:
            await client.aclose()

    async def _connect(self) -> MediaClient | None:
        """The worker in which most of the room are; None: nobody is in it.  Raises: Gone when no worker answers."""
        best: tuple[int, MediaClient | None] = 0, None
        answered = False
        for path in _sockets(self._options.socket):
            try:
                client = await MediaClient.connect(path)
            except Gone:
                continue
            count = 0
            with contextlib.suppress(MediaError):  # a spare worker has no rooms
                count = await self._others(client)
                answered = True
            if count > best[0]:
                best, client = (count, client), best[1]
            if client is not None:
                await client.aclose()
        if not answered:
            raise Gone("worker.gone")
        return best[1]

    async def _others(self, client: MediaClient) -> int:
        """How many sessions the room has there besides those of recorders.  Raises: MediaError."""
        rooms = (await client.stats(self._options.room))["rooms"]
        return sum(session["name"] != NAME for session in rooms.get(self._options.room, {}).get("sessions", ()))

    async def _accompany(self, client: MediaClient) -> None:
        """Returns when nobody else is left there: the room may have moved to another worker."""
        alone = 0
        while alone < 2:
            await asyncio.sleep(LOOK)
            alone = 0 if await self._others(client) else alone + 1
            with contextlib.suppress(MediaError):  # for those who read the relay's counters
                state = self._state()
                await client.recorder(self._session, state["bytes"], state["gaps"], state["fsync_ms"])

    async def _serve(self, client: MediaClient) -> bool:
        """One session from its offer to its end; False when it broke off, or did not come up."""
        self._slots, self._by_mid, self._asked, self._relation = {}, {}, {}, Relation()
        self._session = f"rec-{secrets.token_hex(8)}"
        peer = self._subscriber = self._crowd.subscriber(
            NAME, audio=self._options.audio, video=self._options.video, formats=PICTURES, feedback=("goog-remb",))
        peer.remb_bitrate, peer.tells_loss = LINE, False   # what is missing was lost on its publisher's line
        peer.on_packet, peer.on_report = self._on_packet, self._on_report

        async def exchange(offer: str) -> tuple[str, str]:
            return await client.subscribe(self._options.room, self._session, NAME, offer), self._session

        work = [asyncio.create_task(task) for task in (self._listen(client), peer.ended.wait(), self._accompany(client))]
        try:
            async with asyncio.timeout(JOIN_TIME):
                await peer.connect(exchange)
            sizes = {section.mid: ROWS for section in peer.streams().values() if section.kind == "video"}
            await client.view(self._session, sizes)
            now = self._loop.time()
            self.book.again(now)
            self._tell({"event": "joined", **self._state()})
            self._crowd.wheel.at(now, lambda at: self._turn(peer, at))
            await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            if work[1].done():                     # why it ended is told a moment later
                await asyncio.wait(work[:1], timeout=2 * GOODBYE)
            return work[2].done() and work[2].exception() is None
        except (MediaError, OSError, TimeoutError) as error:
            log.info("recorder.join %s", error or type(error).__name__)
            return False
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            await self._hang_up()

    async def _listen(self, client: MediaClient) -> None:
        """News of our session, until the relay is gone."""
        async for event in client.events():
            if event.get("session") != self._session:
                continue
            if event["event"] == "slots":
                self._on_slots(event["slots"])
            elif event["event"] == "down" and event.get("reason") in ("room_closed", "closed"):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(GOODBYE):
                        async for _ in client.events():
                            pass
                        return                     # the relay itself ended: there may be another
                self.stop(CLOSED)
                return

    async def _hang_up(self) -> None:
        peer, self._subscriber = self._subscriber, None
        if peer is not None:
            await peer.close()
        now = self._loop.time()
        for slot in self._slots.values():
            slot.end(now)
        self._slots, self._by_mid = {}, {}

    # -- packets --------------------------------------------------------------------------------------------------------

    def _need_slots(self) -> None:
        """The slots, as soon as the answer has named them."""
        if self._slots or self._subscriber is None:
            return
        for ssrc, section in self._subscriber.streams().items():
            names = PICTURES if section.kind == "video" else ("OPUS",)
            slot = Slot(self.book, section.kind, {FORMATS[name][0]: name for name in names}, self._relation)
            self._slots[ssrc] = self._by_mid[section.mid] = slot

    def _on_packet(self, packet: bytes, now: float) -> None:
        self._need_slots()
        try:
            view = RtpView(packet)
        except BadPacket:
            self.book.counters["malformed"] += 1
            return
        slot = self._slots.get(view.ssrc)
        if slot is not None:
            slot.push(view.seq, view.timestamp, bool(view.marker), view.payload_type, view.payload, now)

    def _on_report(self, report: SenderReport, now: float) -> None:
        self._need_slots()
        self._relation.note(report, now)
        if report.ssrc in self._slots:
            self._slots[report.ssrc].report(report, now)

    def _on_slots(self, told: list[Message]) -> None:
        self._need_slots()
        now = self._loop.time()
        for entry in told:
            slot = self._by_mid.get(entry["mid"])
            if slot is not None:
                slot.news(entry["name"], entry.get("since"), now)

    def _turn(self, peer: Subscriber, now: float) -> None:
        """Some times a second: what is due goes into the tracks; pictures that need one ask for a key frame."""
        if peer is not self._subscriber or peer.ended.is_set():
            return
        for ssrc, slot in self._slots.items():
            slot.run(now)
            if not slot.wants_key_frame or self.book.blocked:
                self._asked.pop(ssrc, None)
            elif now > self._asked.setdefault(ssrc, now + ASK_AFTER):
                self._asked[ssrc] = now + ASK_EVERY
                peer.ask_key_frame(ssrc)
        self._crowd.wheel.at(now + EVERY, lambda at: self._turn(peer, at))

    # -- the disk, and the end ------------------------------------------------------------------------------------------

    async def _writing(self) -> None:
        """Beats until the recording ends; ends it when the disk was full for too long.  Raises: OSError."""
        told = 0.0
        while await self._beat.once():
            if self._loop.time() - told >= STATUS:
                told = self._loop.time()
                self._tell({"event": "status", **self._state()})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BEAT):
                    await self.ending.wait()
                return
        self.stop(DISK_FULL)

    async def _watch(self) -> None:
        """Ends when the time is up or the parent is gone."""
        end = self._loop.time() + self._options.seconds if self._options.seconds else float("inf")
        while self._loop.time() < end:
            await asyncio.sleep(min(0.5, max(end - self._loop.time(), 0.01)))
            if self._options.parent is not None and os.getppid() != self._options.parent:
                return self.stop(STOPPED)
        self.stop(TIME)

    def _state(self) -> dict[str, Any]:
        counters = self.book.counters
        return {
            "recording": self.book.recording, "folder": str(self._options.folder),
            "seconds": round(self.book.time(self._loop.time()), 1), "tracks": len(self.book.tracks),
            "bytes": self.book.bytes, "gaps": self.book.missing(), "fsync_ms": round(self._beat.fsync_ms, 2),
            "fsync_ms_max": counters["fsync_ms_max"], "packets": counters["packets"], "lost": counters["lost"],
            "full": self.book.blocked,
        }


def _sockets(path: Path) -> list[Path]:
    """The sockets of all workers: the one of that name, and those with a number behind it."""
    return [path, *sorted(path.parent.glob(f"{path.stem}-*{path.suffix}"))]


async def record(options: Options, tell: Callable[[dict[str, Any]], None]) -> int:
    """One recording from start to end; an exit code.  Raises: OSError when the folder cannot be used."""
    recorder = Recorder(options, tell)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, recorder.stop)
    return await recorder.run()


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 after a normal end, 1 when nothing could be begun, 2 for a wrong command line, 3 when the disk failed."""
    parser = argparse.ArgumentParser(prog="python -m media.recorder", description="Records one room without decoding.")
    parser.add_argument("--socket", required=True, type=Path, help="control socket; workers add a number to the name")
    parser.add_argument("--room", required=True)
    parser.add_argument("--folder", required=True, type=Path, help="of this recording; one left by a crash is gone on with")
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--audio", type=int, default=Options.audio, help="sounds at a time")
    parser.add_argument("--video", type=int, default=Options.video, help="pictures at a time")
    parser.add_argument("--patience", type=float, default=Options.patience, help="seconds without a relay until it ends")
    parser.add_argument("--parent", type=int, default=None, help="end when this process is gone")
    parser.add_argument("--after", choices=(KILLED, PAUSED, RESTART), default=Options.after, help="why it had stopped, if it goes on")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    options = Options(given.socket, given.room, given.folder.resolve(), given.seconds, given.audio, given.video,
                      given.patience, given.parent, given.after)
    try:
        return asyncio.run(record(options, lambda line: print(json.dumps(line), flush=True)))
    except (OSError, ValueError) as error:
        print(f"recorder cannot start: {error}", file=sys.stderr)
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
