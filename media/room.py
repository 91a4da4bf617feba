"""One media room: who publishes, who watches, which publisher stands in which slot.

Pure and sans-IO: time is an argument, random numbers come from ``draw``, packets leave through the relay's ``emit`` and news
through ``tell``.  Nothing of one room ever reaches another: each has a Relay of its own.  Called by ``media/sfu.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from media import rtcp
from media.counters import Counters
from media.errors import RoomFull
from media.limits import ASLEEP_AFTER, MAX_ROOM_PEERS, REPORT_INTERVAL, RTX_BUDGET, SENDER_REPORT_INTERVAL, UPLINK_BITRATE
from media.relay import Control, Output, Relay
from media.rtp import RtpView
from media.sdp import Slot, Track
from media.seqmap import SeqMap
from media.slots import pin, place
from media.stream import DownStream, Kind, UpStream

Role = Literal["publish", "subscribe"]
Event = dict[str, Any]
_NTP: Final = 1 << 32
_KINDS: Final[tuple[Kind, Kind]] = ("audio", "video")


@dataclass(eq=False, slots=True)
class Member:
    """One peer as its room sees it.  ``name`` is the point's code; a publisher's name is unique in the room."""

    session: str
    name: str
    role: Role
    ssrc: int
    pinned: tuple[str, ...] | None = None
    remb: bool = False
    target: Any = None
    connected: bool = False
    ups: dict[str, UpStream] = field(default_factory=dict)
    downs: dict[int, DownStream] = field(default_factory=dict)
    clock_offset: float = float("inf")
    resend_budget: int = RTX_BUDGET
    report_at: float = 0.0
    told: list[dict[str, Any]] | None = None  # the slots of its last event ...
    moved: bool = True                               # ... which may no longer be true
    packets_in: int = 0
    gated: int = 0

    @property
    def packets_out(self) -> int:
        """RTP packets sent to this subscriber."""
        return sum(down.packets for down in self.downs.values())

    def track(self, kind: Kind) -> UpStream | None:
        """What it publishes of this kind."""
        return next((up for up in self.ups.values() if up.kind == kind), None)


class Room:
    """Members, slots and the policy of one meeting's media."""

    def __init__(
        self,
        name: str,
        counters: Counters,
        draw: Callable[[], int],
        emit: Callable[[Output], None],
        tell: Callable[[Event], None],
    ) -> None:
        """``draw()`` gives a random 32-bit number; ``tell`` takes ``up``, ``down`` and ``slots`` events."""
        self.name = name
        self.relay = Relay(counters, emit)
        self.members: dict[str, Member] = {}
        self._publishers: dict[str, Member] = {}  # connected ones by name, in order of joining
        self._draw, self._emit, self._tell = draw, emit, tell
        self._heard: frozenset[str] | None = None
        self._stage: tuple[str, ...] = ()
        self._gone_in = self._gone_out = 0  # packets of members that left
        self._stale = False  # somebody came or went: slots are to be filled anew

    # -- coming and going -----------------------------------------------------------------------------------------------

    def add_publisher(self, session: str, name: str, tracks: list[Track], remb: bool) -> Member:
        """A publisher whose offer was accepted; it counts from ``connected`` on.  Raises: RoomFull."""
        member = self._add(Member(session, name, "publish", self._draw(), remb=remb))
        for track in tracks:
            up = UpStream(member, track.mid, track.kind, track.codec, track.payload_type, track.clock, track.level)
            if track.ssrc is not None:
                up.bind(track.ssrc)
            member.ups[track.mid] = up
        return member

    def add_subscriber(self, session: str, name: str, slots: list[Slot], pinned: list[str] | None) -> Member:
        """A subscriber whose offer was accepted; its slots are filled from ``connected`` on.  Raises: RoomFull."""
        wanted = None if pinned is None else tuple(pinned)
        member = self._add(Member(session, name, "subscribe", self._draw(), wanted))
        for slot in slots:
            numbers = SeqMap[UpStream](self._draw() & 0x3FFF, self._draw())
            member.downs[slot.ssrc] = DownStream(
                member, slot.mid, slot.kind, slot.ssrc, slot.payload_types, numbers, cname=slot.cname
            )
        return member

    def _add(self, member: Member) -> Member:
        if len(self.members) >= MAX_ROOM_PEERS:
            raise RoomFull("room.full")
        self.members[member.session] = member
        return member

    def connected(self, session: str, target: Any, now: float) -> str | None:
        """DTLS stands; ``target`` is what the fan-out needs to send.  Returns the session this one replaces, if any."""
        member = self.members[session]
        member.connected, member.report_at = True, now + REPORT_INTERVAL * (self._draw() % 100) / 100
        replaced = None
        if member.role == "publish":
            older = self._publishers.get(member.name)
            self._publishers[member.name] = member  # in its predecessor's place of the order
            if older is not None:
                replaced = older.session
                self.leave(replaced, "replaced")
            self._apply_gates()
            self._stale = True
        member.target = target
        for down in member.downs.values():
            down.target = target
        self._news("up", member)
        if member.role == "subscribe":
            self._fill(member, self._ranked(), now)
        return replaced

    def leave(self, session: str, reason: str) -> Member | None:
        """The peer is gone.  Reason: gone, closed, room_closed or replaced."""
        member = self.members.pop(session, None)
        if member is None:
            return None
        for down in member.downs.values():
            self.relay.detach(down)
        for up in member.ups.values():
            for down in (*up.live.downs, *up.waiting):
                down.owner.moved = True
            self.relay.drop(up)
        if self._publishers.get(member.name) is member:
            del self._publishers[member.name]
            self._stale = True
        self._gone_in += member.packets_in
        self._gone_out += member.packets_out
        was_up, member.connected = member.connected, False
        self._news("down", member, reason=reason, was_up=was_up)
        return member

    # -- policy and slots -----------------------------------------------------------------------------------------------

    def policy(self, heard: list[str] | None, stage: list[str]) -> None:
        """``heard``: whose sound passes the entrance (None: everybody's).  ``stage``: who is shown first."""
        self._heard = None if heard is None else frozenset(heard)
        self._stage = tuple(stage)
        self._apply_gates()
        self._stale = True

    def _apply_gates(self) -> None:
        for member in self._publishers.values():
            for up in member.ups.values():
                if up.kind == "audio":
                    self.relay.gate(up, self._heard is not None and member.name not in self._heard)

    def _ranked(self) -> dict[Kind, list[UpStream]]:
        """All sources, those who deserve a slot most first: who may be heard, the stage, who speaks, who joined first."""
        staged = [self._publishers[name] for name in dict.fromkeys(self._stage) if name in self._publishers]
        order = staged + [member for member in self._publishers.values() if member not in staged]
        ranked: dict[Kind, list[UpStream]] = {}
        for kind in _KINDS:
            sources = [source for member in order if (source := member.track(kind)) is not None]
            ranked[kind] = sorted(sources, key=self._rank)
        return ranked

    def _rank(self, source: UpStream) -> tuple[int, int, tuple[int, float]]:
        """Hundreds sit there muted: who sends nothing, or may not be heard, takes no slot from somebody who does.

        Who is only asleep but on the stage keeps it, so that the floor's picture is there with its first packet.
        """
        staged = source.owner.name in self._stage
        rest = 2 if source.gated else 1 if source.asleep and not staged else 0
        return rest, 0 if staged else 1, (0, 0.0) if staged else source.voice.rank

    def _fill(self, member: Member, ranked: dict[Kind, list[UpStream]], now: float) -> None:
        """Brings the slots of one subscriber up to date; one that shows the right publisher is left alone."""
        places = {kind: [down for down in member.downs.values() if down.kind == kind] for kind in _KINDS}
        for kind, other in (_KINDS, _KINDS[::-1]):
            downs = places[kind]
            if member.pinned is not None:
                wanted = pin(downs, [self._named(name, member, kind) for name in member.pinned])
            else:
                beside = {down.source.owner: at for at, down in enumerate(places[other]) if down.source is not None}
                wanted = place(downs, (source for source in ranked[kind] if source.owner.name != member.name), beside)
            for down, source in zip(downs, wanted, strict=True):
                if down.source is not source:
                    member.moved = True
                    self.relay.detach(down)
                    if source is not None:
                        self.relay.attach(down, source, now)
        if member.moved:
            member.moved = False
            slots = self._slots(member)
            if slots != member.told:
                member.told = slots
                since = [{"since": down.since} for down in member.downs.values()]
                self._news("slots", member, slots=[slot | more for slot, more in zip(slots, since, strict=True)])

    def _named(self, name: str, watcher: Member, kind: Kind) -> UpStream | None:
        owner = self._publishers.get(name)
        return owner.track(kind) if owner is not None and name != watcher.name else None

    # -- packets --------------------------------------------------------------------------------------------------------

    def on_rtp(self, source: UpStream, view: RtpView, now: float) -> None:
        """One authentic packet of a publisher of this room."""
        source.owner.packets_in += 1
        source.heard_at = now
        if source.asleep:
            source.asleep, self._stale = False, True
        if source.level and (level := view.extension(source.level)) and source.voice.hear(level[0] & 0x7F, now):
            self._stale = True
        self.relay.receive(source, view, now)

    def on_rtcp(self, member: Member, data: bytes, now: float) -> None:
        """One authentic compound RTCP packet.  Raises: BadPacket.  Streams of other members are out of reach."""
        for message in rtcp.parse(data, blocks=False):
            if isinstance(message, rtcp.Nack):
                down = member.downs.get(message.media)
                if down is not None:
                    self.relay.resend(down, message.seqs)
            elif isinstance(message, rtcp.KeyframeRequest):
                for ssrc in message.media:
                    down = member.downs.get(ssrc)
                    if down is not None and down.source is not None:
                        self.relay.ask_keyframe(down.source, now)
            elif isinstance(message, rtcp.SenderReport):
                for up in member.ups.values():
                    if up.ssrc == message.ssrc:
                        up.report = (message, now)
                        # The smallest difference seen is the one least delayed on the way.
                        member.clock_offset = min(member.clock_offset, now - message.ntp / _NTP)

    def tick(self, now: float) -> None:
        """Timers; call every ``limits.TICK`` seconds."""
        for member in self._publishers.values():
            for up in member.ups.values():
                if not up.asleep and now - up.heard_at > ASLEEP_AFTER:
                    up.asleep, self._stale = True, True
                if up.voice.rest(now):
                    self._stale = True
        if self._stale:
            self._stale = False
            ranked = self._ranked()
            for member in self.members.values():
                if member.role == "subscribe" and member.connected:
                    self._fill(member, ranked, now)
        self.relay.tick(now)
        for member in self.members.values():
            if member.connected and now >= member.report_at:
                member.resend_budget = RTX_BUDGET
                interval = self._report(member, now)
                member.report_at = now + interval * (0.75 + self._draw() % 512 / 1024)  # never all at once

    def _report(self, member: Member, now: float) -> float:
        """Sends what is due; returns the seconds until the next time."""
        if member.role == "subscribe":
            data = b""
            for down in member.downs.values():
                if len(data) > 1000:  # many slots need more than one datagram
                    self._emit(Control(member, data))
                    data = b""
                data += down.sender_report(now)
            if data:
                self._emit(Control(member, data))
            return SENDER_REPORT_INTERVAL if data else REPORT_INTERVAL
        blocks = [block for up in member.ups.values() if (block := up.block(now)) is not None]
        if blocks:
            data = rtcp.receiver_report(member.ssrc, blocks)
            if member.remb:
                data += rtcp.remb(member.ssrc, UPLINK_BITRATE, [block.ssrc for block in blocks])
            self._emit(Control(member, data))
        return REPORT_INTERVAL

    def stats(self) -> dict[str, Any]:
        """What the room carried, session by session."""
        sessions = []
        for member in self.members.values():
            state = "up" if member.connected else "new"
            sessions.append({
                "session": member.session, "name": member.name, "role": member.role, "state": state,
                "packets_in": member.packets_in, "packets_out": member.packets_out, "gated": member.gated,
                "slots": self._slots(member),
            })
        return {
            "sessions": sessions,
            "packets_in": self._gone_in + sum(member.packets_in for member in self.members.values()),
            "packets_relayed": self._gone_out + sum(member.packets_out for member in self.members.values()),
        }

    @staticmethod
    def _slots(member: Member) -> list[dict[str, Any]]:
        return [
            {"mid": down.mid, "kind": down.kind, "name": down.source.owner.name if down.source else None}
            for down in member.downs.values()
        ]

    def _news(self, event: str, member: Member, **more: Any) -> None:
        self._tell({
            "event": event, "room": self.name, "session": member.session, "name": member.name, "role": member.role, **more
        })

