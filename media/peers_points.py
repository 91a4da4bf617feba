"""Keeps synthetic points joined for as long as somebody wants them: the other participants of a demonstration.

Never knows how to get in: the caller's door exchanges offers (join link, tickets, WHIP and WHEP). Called by `web demo`
in a process of its own.
"""
from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from media.errors import Gone
from media.peers import Crowd, Exchange, HangUp, Peer
from media.peers_clip import Clip

Role = Literal["publish", "subscribe"]

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0   # seconds between two attempts to get in; doubling
STEADY = 30.0                            # a session that held this long makes the next pause short again
WORKER_GONE = "worker.gone"              # what MediaClient says when its worker ended
MOVED, MOVED_PAUSE = "moved", 0.3        # why a session ended that an alarm ended; seconds at most until the next attempt
AT_ONCE = 4                              # peers coming in at the same moment: a crowd, not a storm

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SyntheticPoint:
    """One point to play. `label` is drawn in its picture, `index` gives colour and tone (`peers_clip.tone_hz`)."""

    name: str
    label: str
    index: int
    publishes: bool = True
    audio_slots: int = 1
    video_slots: int = 1


class Alarm:
    """Tells joined points that a session of theirs is gone, sooner than its silence would: as a page hears it by its news."""

    def __init__(self) -> None:
        self._joined: dict[str, Peer] = {}

    @property
    def peers(self) -> tuple[Peer, ...]:
        """Who is joined just now."""
        return tuple(self._joined.values())

    def ring(self, session: str) -> None:
        """The session of this id (the last part of its location) ends and is opened again."""
        peer = self._joined.pop(session, None)
        if peer is not None:
            peer.lose(MOVED)

    def joined(self, peer: Peer) -> None:
        """To be told from now on."""
        self._joined[peer.location.rpartition("/")[2]] = peer

    def left(self, peer: Peer) -> None:
        """No more."""
        self._joined.pop(peer.location.rpartition("/")[2], None)


Door = Callable[[SyntheticPoint, Role], tuple[Exchange, HangUp | None]]


async def run_points(points: list[SyntheticPoint], door: Door, stop: asyncio.Event,
                     on_joined: Callable[[SyntheticPoint, Role], None] | None = None, alarm: Alarm | None = None) -> None:
    """Join all points and keep them joined until `stop` is set; then hang up everywhere.

    `door(point, role)` gives the exchange and the hang-up of one session and is asked again for every attempt. A
    session that ends for whatever reason, the server's restart included, is opened again with growing pauses. An
    exchange that raises Gone retires that session, because its link will not open again; only a worker that is gone
    may come back.
    """
    crowd, gate, alarm = Crowd(), asyncio.Semaphore(AT_ONCE), alarm or Alarm()
    async with asyncio.TaskGroup() as group:
        for point in points:
            if point.publishes:
                group.create_task(_keep(crowd, point, "publish", door, gate, stop, on_joined, alarm))
            if point.audio_slots or point.video_slots:
                group.create_task(_keep(crowd, point, "subscribe", door, gate, stop, on_joined, alarm))


async def _keep(crowd: Crowd, point: SyntheticPoint, role: Role, door: Door, gate: asyncio.Semaphore,
                stop: asyncio.Event, on_joined: Callable[[SyntheticPoint, Role], None] | None, alarm: Alarm) -> None:
    """One session of one point, again and again."""
    pause = FIRST_PAUSE
    while not stop.is_set():
        peer = await _make(crowd, point, role)
        began = crowd.wheel.now
        try:
            async with gate:
                await peer.connect(*door(point, role))
            if on_joined is not None:
                on_joined(point, role)
            alarm.joined(peer)
            await _first(peer.ended, stop)
            alarm.left(peer)
            log.info("%s of %s ended: %s", role, point.name, peer.reason or "stopped")
            await peer.close()
        except Exception as error:                   # whatever door and network came up with: try again later
            log.info("%s of %s did not get in: %s", role, point.name, error or type(error).__name__)
            if isinstance(error, Gone) and error.code != WORKER_GONE:
                return
        if peer.reason == MOVED:
            await _first(stop, within=random.uniform(0, MOVED_PAUSE))
            continue
        pause = FIRST_PAUSE if crowd.wheel.now - began > STEADY else min(2 * pause, LONGEST_PAUSE)
        await _first(stop, within=pause * random.uniform(0.7, 1.3))


async def _make(crowd: Crowd, point: SyntheticPoint, role: Role) -> Peer:
    if role == "subscribe":
        return crowd.subscriber(point.name, audio=point.audio_slots, video=point.video_slots)
    # Encoding takes a fifth of a second the first time: not on the loop that feeds the others.
    return crowd.publisher(point.name, await asyncio.to_thread(Clip.make, point.label, point.index))


async def _first(*events: asyncio.Event, within: float | None = None) -> None:
    """Return when one of the events is set, or after `within` seconds."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
