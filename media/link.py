"""One room on two workers: what each publishes reaches the other once and is given out there like anything else.

Each end is two things at once.  Towards the other side it is a subscriber: for every stream of its own publishers a slot that
is filled while the other side wants it, one copy of each wanted layer.  Here it is the other side's publishers: Members with
Sources like all others, so that ranking, layers, key frames and repairs need to know nothing of links.  Gates are enforced at a
publisher's own worker before anything leaves it.  What came over a link goes over no other; an end that meets its own origin
takes nothing.  Sans-IO: datagrams and keys are ``media/trunk.py``'s.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from media import attention, letters, reports, rtcp
from media.errors import MediaError
from media.intake import Intake
from media.letters import RECEIPT, Inbox, Outbox
from media.member import Member
from media.relay import Control, Output
from media.room import Room
from media.rtp import RtpView
from media.sdp import Encoding, Extensions, Track
from media.seqmap import SeqMap
from media.source import Source
from media.stream import DownStream

SOURCES, WANTED = 1, 2      # kinds of letters
CARRIED: Final = Extensions(level=1, capture=2)   # header extensions that go over a link
LOOK: Final = 0.04          # seconds between two looks at what changed, however often time is told
MAX_SOURCES: Final = 4096


class Link:
    """One end.  ``target`` is what the fan-out needs to send to the other one."""

    def __init__(
        self, room: Room, name: str, origin: str, ssrcs: tuple[int, int], target: Any, draw: Callable[[], int],
        emit: Callable[[Output], None],
    ) -> None:
        """``ssrcs``: ours and theirs in RTCP; ``origin`` names this worker."""
        self.room, self.name, self.ssrc, self.their_ssrc = room, name, *ssrcs
        self._origin, self._draw, self._emit = origin, draw, emit
        self.out = Member(f"link/{name}", "", "subscribe", self.ssrc, target=target, connected=True)
        self.intakes: dict[int, Intake] = {}                      # what comes from the other side, by SSRC
        self.remote: dict[str, Member] = {}                       # their publishers by session
        self._slots: dict[Intake, DownStream] = {}                # of our own publishers
        self._told: list[Source] | None = None                    # which of our own the other side was told of
        self._asked: frozenset[int] = frozenset()                 # SSRCs of slots that the other side wants
        self._offered: dict[str, list[dict[str, Any]]] = {}       # their sources by session, as they said last
        self._outboxes = {kind: Outbox(kind) for kind in (SOURCES, WANTED)}
        self._inboxes = {kind: Inbox() for kind in (SOURCES, WANTED)}
        self._wants: frozenset[int] | None = None                 # what we told to want of theirs
        self._pictures: list[Source] = []                         # of theirs, and ...
        self._sounds: list[int] = []                              # ... the SSRCs of their sounds
        self._looked_at = float("-inf")

    # -- time -----------------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Compares what is with what should be, and says what changed; call with the room's own tick."""
        if now - self._looked_at >= LOOK:
            self._looked_at = now
            self._offer()
            self._serve(now)
            self._reconcile(now)
            wanted = self._wanted()
            if wanted != self._wants:
                self._wants = wanted
                self._outboxes[WANTED].put(json.dumps(sorted(wanted)).encode())
        self._say([one for box in self._outboxes.values() for one in box.due(self.ssrc, now)])
        if now >= self.out.report_at:
            self.out.report_at = now + reports.send(self.out, self._emit, now)

    def _say(self, packets: list[bytes]) -> None:
        for data in packets:
            self._emit(Control(self.out, rtcp.receiver_report(self.ssrc) + data))

    # -- towards the other side -----------------------------------------------------------------------------------------

    def _offer(self) -> None:
        """Tells which sources there are.  A slot keeps its SSRC and its numbers for as long as its stream exists."""
        ours = [source for one in self.room.publishers if not one.remote for source in one.sources.values()]
        if ours == self._told:
            return
        self._told = ours
        present = {intake for source in ours for intake in source.intakes}
        told = [self._described(source.owner, source) for source in ours]
        for intake in [intake for intake in self._slots if intake not in present]:
            down = self._slots.pop(intake)
            self.room.relay.detach(down)
            del self.out.downs[down.ssrc]
        self._outboxes[SOURCES].put(json.dumps({"origin": self._origin, "sources": told}).encode())

    def _described(self, member: Member, source: Source) -> dict[str, Any]:
        streams = [[intake.rid, self._slot(intake).ssrc] for intake in sorted(source.intakes, key=lambda one: one.rid)]
        return {
            "session": member.session, "name": member.name, "mid": source.mid, "kind": source.kind, "codec": source.codec,
            "pt": source.payload_type, "clock": source.clock, "level": bool(source.level),
            "streams": streams,
        }

    def _slot(self, intake: Intake) -> DownStream:
        down = self._slots.get(intake)
        if down is None:
            source, ssrc = intake.source, self._draw()
            while ssrc in self.out.downs or ssrc in (self.ssrc, self.their_ssrc) or ssrc in self.intakes:
                ssrc = self._draw()
            formats = {layer.codec: source.payload_type for layer in intake.layers}
            numbers: SeqMap[Any] = SeqMap(self._draw() & 0x3FFF, self._draw())
            down = self._slots[intake] = DownStream(
                self.out, source.mid, source.kind, ssrc, formats, numbers, target=self.out.target,
                cname=source.owner.name, extensions=CARRIED,
            )
            self.out.downs[ssrc] = down
        return down

    def _serve(self, now: float) -> None:
        """Each wanted stream is sent, once: the largest of the layers that are made of it.  Redundancy is made where it is needed."""
        for intake, down in self._slots.items():
            wanted = down.ssrc in self._asked
            if wanted and down.source is None:
                self.room.relay.attach(down, intake.source, intake.layers[-1 if intake.source.kind == "video" else 0], now)
            elif not wanted and down.source is not None:
                self.room.relay.detach(down)

    # -- from the other side --------------------------------------------------------------------------------------------

    def _reconcile(self, now: float) -> None:
        """Their publishers are members of the room.  One whose name is taken here waits: the newer device is on its way."""
        for session, member in list(self.remote.items()):
            gone = self.room.members.get(member.session) is not member
            if gone or session not in self._offered:
                self._forget(session, member)
        if len(self.remote) == len(self._offered):
            return
        names = {member.name for member in self.room.publishers}
        for session, sources in self._offered.items():
            if session not in self.remote and sources[0]["name"] not in names:
                self._add(session, sources, now)
                names.add(sources[0]["name"])

    def _add(self, session: str, sources: list[dict[str, Any]], now: float) -> None:
        tracks = [
            Track(
                one["mid"], one["kind"], one["codec"], one["pt"], one["clock"],
                tuple(Encoding(rid, ssrc) for rid, ssrc in one["streams"]),
                extensions=CARRIED if one["level"] else CARRIED._replace(level=0),
            ) for one in sources
        ]
        try:
            member = self.room.add_publisher(f"{self.out.session}/{session}", sources[0]["name"], tracks, False)
        except MediaError:
            return  # the room is full; tried again with the next tick
        member.remote, member.ssrc = True, self.ssrc
        self.remote[session] = member
        for source in member.sources.values():
            self.intakes.update({intake.ssrc: intake for intake in source.intakes if intake.ssrc is not None})
        self._sort()
        self.room.connected(member.session, self.out.target, now)

    def _forget(self, session: str, member: Member) -> None:
        del self.remote[session]
        self.intakes = {ssrc: intake for ssrc, intake in self.intakes.items() if intake.source.owner is not member}
        self._sort()
        if self.room.members.get(member.session) is member:
            self.room.leave(member.session, "gone")

    def _sort(self) -> None:
        sources = [source for member in self.remote.values() for source in member.sources.values()]
        self._pictures = [source for source in sources if source.kind == "video"]
        self._sounds = [intake.ssrc for source in sources if source.kind == "audio" for intake in source.intakes if intake.ssrc]

    def _wanted(self) -> frozenset[int]:
        """Every sound, so that who speaks is known here; of pictures what somebody looks at, or what might wake up."""
        found = set(self._sounds)
        for source in self._pictures:
            rids = attention.wanted(source)
            if rids and (not source.stopped or source.watched()):
                found.update([intake.ssrc for intake in source.intakes if intake.rid in rids and intake.ssrc is not None])
        return frozenset(found)

    # -- packets --------------------------------------------------------------------------------------------------------

    def on_rtp(self, packet: bytes, now: float) -> None:
        """One authentic packet.  Raises: BadPacket."""
        view = RtpView(packet)
        intake = self.intakes.get(view.ssrc)
        if intake is not None and view.payload_type == intake.source.payload_type:
            self.room.on_rtp(intake, view, now)

    def on_rtcp(self, data: bytes, now: float) -> None:
        """One authentic compound packet: reports and requests as from any peer, and letters.  Raises: BadPacket."""
        for message in rtcp.parse(data, blocks=False):
            if isinstance(message, rtcp.SenderReport) and (intake := self.intakes.get(message.ssrc)) is not None:
                reports.on_sender_report(intake, message, now)
        reports.take(self.out, data, self.room.relay, lambda _number: None, now)
        for kind, version, place, pieces, text in letters.packets(data):
            self._on_letter(kind, version, place, pieces, text, now)

    def _on_letter(self, kind: int, version: int, place: int, pieces: int, text: bytes, now: float) -> None:
        if kind - RECEIPT in self._outboxes:
            self._outboxes[kind - RECEIPT].received(version)
        if kind not in self._inboxes:
            return
        complete, read = self._inboxes[kind].take(version, place, pieces, text)
        if complete:
            self._say([letters.packet(self.ssrc, kind + RECEIPT, version)])
        if read is None:
            return
        said = json.loads(read)
        if kind == WANTED:
            self._asked = frozenset(said)
            self._serve(now)
        elif said["origin"] != self._origin:
            offered: dict[str, list[dict[str, Any]]] = {}
            for one in said["sources"][:MAX_SOURCES]:
                offered.setdefault(one["session"], []).append(one)
            for session in [session for session, sources in self._offered.items() if offered.get(session) != sources]:
                if session in self.remote:
                    self._forget(session, self.remote[session])
            self._offered = offered
            self._reconcile(now)

    def close(self) -> None:
        """Their publishers leave the room, ours are sent to them no more."""
        for session, member in list(self.remote.items()):
            self._forget(session, member)
        for down in self._slots.values():
            self.room.relay.detach(down)
        self._slots.clear()

    def stats(self) -> dict[str, Any]:
        """What went over it: streams offered and sent, sources that came, packets both ways."""
        return {
            "room": self.room.name, "offered": len(self._slots),
            "sent": sum(down.source is not None for down in self._slots.values()), "sources": len(self.intakes),
            "packets_out": self.out.packets_out, "packets_in": sum(one.packets_in for one in self.remote.values()),
        }
