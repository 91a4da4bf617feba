"""One media room: who publishes, who watches, which publisher stands in which slot.

Pure and sans-IO: time is an argument, random numbers come from ``draw``, packets leave through the relay's ``emit`` and news
through ``tell``.  Nothing of one room ever reaches another: each has a Relay of its own.  Called by ``media/sfu.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from media import attention, choice, quality, reports
from media.counters import Counters
from media.errors import RoomFull
from media.intake import Intake
from media.limits import ASLEEP_AFTER, MAX_ROOM_PEERS, MEASURE_INTERVAL, REPORT_INTERVAL, REVIEW_INTERVAL
from media.member import Member, Role
from media.placing import Placing, slots_of
from media.policy import Policy
from media.relay import Output, Relay
from media.rtp import RtpView
from media.sdp import Slot, Track
from media.seqmap import SeqMap
from media.source import Source
from media.stream import DownStream
from media.twcc import Recorder

__all__ = ["Event", "Member", "Role", "Room"]

Event = dict[str, Any]
_CAPTURES: Final = (8, 16)  # octets of abs-capture-time, without and with the offset of the clock


def _nothing_sent(number: int) -> tuple[float, int] | None:
    return None


class Room:
    """Members, slots and the policy of one meeting's media."""

    def __init__(
        self,
        name: str,
        counters: Counters,
        draw: Callable[[], int],
        emit: Callable[[Output], None],
        tell: Callable[[Event], None],
        history: reports.History = _nothing_sent,
    ) -> None:
        """``draw()`` gives a random 32-bit number; ``tell`` takes the events of the contract (docs/protocol.md);
        ``history`` knows when each transport-wide number was sent."""
        self.name = name
        self.relay = Relay(counters, emit)
        self.members: dict[str, Member] = {}
        self._publishers: dict[str, Member] = {}  # connected ones by name, in order of joining
        self._draw, self._emit, self._tell, self._history = draw, emit, tell, history
        self._gone_in = self._gone_out = 0  # packets of members that left
        self._review_at = self._measure_at = 0.0
        self._placing = Placing(self._publishers, self.members, self.relay, draw, self._news)

    # -- coming and going -----------------------------------------------------------------------------------------------

    def add_publisher(self, session: str, name: str, tracks: list[Track], remb: bool) -> Member:
        """A publisher whose offer was accepted; it counts from ``connected`` on.  Raises: RoomFull."""
        member = self._add(Member(session, name, "publish", self._draw(), remb=remb))
        for track in tracks:
            member.sources[track.mid] = Source(member, track)
            if "transport-cc" in track.feedback and track.extensions.transport_wide:
                member.arrivals = Recorder()
        return member

    def add_subscriber(self, session: str, name: str, slots: list[Slot], pinned: list[str] | None) -> Member:
        """A subscriber whose offer was accepted; its slots are filled from ``connected`` on.  Raises: RoomFull."""
        member = self._add(Member(session, name, "subscribe", self._draw()))
        for slot in slots:
            member.downs[slot.ssrc] = DownStream(
                member, slot.mid, slot.kind, slot.ssrc, slot.payload_types, SeqMap(self._draw() & 0x3FFF, self._draw()),
                cname=slot.cname, extensions=slot.extensions, rtx_ssrc=slot.rtx_ssrc, rtx=slot.rtx,
                rtx_seq=self._draw() & 0x3FFF, feedback=slot.feedback,
            )
        if pinned is not None:
            self._placing.pin_all(member, pinned)
        return member

    @property
    def publishers(self) -> Iterable[Member]:
        """Connected ones, those of other workers too, in order of joining."""
        return self._publishers.values()

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
            self._placing.stale = True
        member.target = target
        for down in member.downs.values():
            down.target = target
        self._news("up", member)
        if member.role == "subscribe":
            self._placing.welcome(member, now)
        return replaced

    def moved(self, member: Member, now: float) -> None:
        """The peer's packets take another path."""
        self._placing.moved(member, now)

    def leave(self, session: str, reason: str) -> Member | None:
        """The peer is gone.  Reason: gone, closed, room_closed or replaced."""
        member = self.members.pop(session, None)
        if member is None:
            return None
        for down in member.downs.values():
            self.relay.detach(down)
        for source in member.sources.values():
            for layer in source.layers:
                for down in (*layer.live.downs, *layer.waiting):
                    down.owner.moved = True
            self.relay.drop(source)
        if self._publishers.get(member.name) is member:
            del self._publishers[member.name]
            self._placing.stale = True
        self._placing.forget(member)
        self._gone_in += 0 if member.remote else member.packets_in
        self._gone_out += member.packets_out
        was_up, member.connected = member.connected, False
        self._news("down", member, reason=reason, was_up=was_up)
        member.downs, member.sources = {}, {}  # they hold it: memory of who left is free at once
        return member

    # -- policy and slots -----------------------------------------------------------------------------------------------

    def policy(
        self, heard: Iterable[str] | None, stage: Sequence[str], seen: Iterable[str] | None = None,
        quiet: Iterable[str] = (), voices: Sequence[str] = (), seconds: Iterable[str] | None = None, aside: Iterable[str] = (),
    ) -> None:
        """See ``Policy.of``."""
        self.follow(Policy.of(heard, stage, seen, quiet, voices, seconds, aside))

    def follow(self, policy: Policy) -> None:
        """Whose sound and picture pass the entrance, who is shown and heard first."""
        self._placing.policy = policy
        self._apply_gates()
        self._placing.stale = True

    def _apply_gates(self) -> None:
        policy = self._placing.policy
        for member in self._publishers.values():
            for source in member.sources.values():
                self.relay.gate(source, policy.closes(member.name, source.kind))

    def view(self, session: str, heights: Mapping[str, int]) -> bool:
        """With how many rows a subscriber shows each slot (by mid; 0: not at all).  False when there is no such session."""
        member = self._receiver(session)
        if member is not None:
            self._placing.view(member, heights)
        return member is not None

    def pin(self, session: str, names: Mapping[str, str | None]) -> bool:
        """Whom a subscriber wants in which slot, see ``Placing.pin``.  False when there is no such session."""
        member = self._receiver(session)
        if member is not None:
            self._placing.pin(member, names)
        return member is not None

    def _receiver(self, session: str) -> Member | None:
        member = self.members.get(session)
        return member if member is not None and member.role == "subscribe" else None

    @property
    def urgent(self) -> bool:
        """Whether ``tick`` should be called soon: packets are missing, a probe or a round of filling slots is under way."""
        return self._placing.urgent or (bool(self.relay.restless) and self.relay.urgent)

    def away(self, member: Member, is_so: bool) -> None:
        """Nothing came from this peer for a moment, or it came again."""
        if member.away != is_so:
            member.away = is_so
            self._news("away" if is_so else "back", member)

    # -- packets --------------------------------------------------------------------------------------------------------

    def on_rtp(self, intake: Intake, view: RtpView, now: float) -> None:
        """One authentic packet of a publisher of this room."""
        source = intake.source
        member = source.owner
        member.packets_in += 1
        source.heard_at = now
        if source.asleep:
            source.asleep, self._placing.stale = False, True
        if source.frozen:
            source.frozen = False
            self._news("thawed", member, mid=source.mid)
        extensions, level, capture = source.extensions, None, b""
        if view.ext_start:
            said = view.extension(source.level) if source.level else None
            if said:
                level = said[0]
                if source.voice.hear(level & 0x7F, now):
                    self._placing.stale = True
            if extensions.capture:
                said = view.extension(extensions.capture)
                capture = said if said is not None and len(said) in _CAPTURES else b""  # it goes on to everybody as it is
        self.relay.receive(intake, view, now, level, capture)

    def on_rtcp(self, member: Member, data: bytes, now: float) -> None:
        """One authentic compound RTCP packet.  Raises: BadPacket.  Streams of other members are out of reach."""
        reports.take(member, data, self.relay, self._history, now)

    def tick(self, now: float) -> None:
        """Timers; call every ``limits.TICK`` seconds while it is urgent, otherwise every ``limits.IDLE_TICK``."""
        for member in self._publishers.values():
            for source in member.sources.values():
                self._watch(source, now)
            if member.arrivals is not None:
                reports.send_arrivals(member, self._emit, now)
        self._placing.fill(now)
        self.relay.tick(now)
        if now >= self._measure_at:
            self._measure(now)
        self._placing.probe(now)
        for member in self.members.values():
            if not member.connected:
                continue
            if member.role == "subscribe":
                self._placing.look(member, now)
            if now >= member.report_at:
                interval = reports.send(member, self._emit, now)
                member.report_at = now + interval * (0.75 + self._draw() % 512 / 1024)  # never all at once
        if now >= self._review_at:
            self._review_at = now + REVIEW_INTERVAL
            attention.review(self._publishers.values(), lambda who, tracks: self._news("wanted", who, tracks=tracks), now)

    def forgive(self, seconds: float) -> None:
        """For so long nothing could be read: nobody is asleep or frozen for that."""
        for member in self._publishers.values():
            for source in member.sources.values():
                source.heard_at += seconds if source.heard_at else 0.0

    def _watch(self, source: Source, now: float) -> None:
        if attention.frozen(source, now):
            source.frozen = True
            self._news("frozen", source.owner, mid=source.mid)
        if not source.asleep and not source.stopped and now - source.heard_at > ASLEEP_AFTER:
            source.asleep, self._placing.stale = True, True
        if source.voice.rest(now):
            self._placing.stale = True

    def _measure(self, now: float) -> None:
        self._measure_at = now + MEASURE_INTERVAL
        for member in self._publishers.values():
            for source in member.sources.values():
                for layer in source.layers:
                    layer.measure(now)
                choice.put_in_order(source)

    def stats(self, now: float = 0.0) -> dict[str, Any]:
        """What the room carried, session by session."""
        sessions = []
        for member in self.members.values():
            if member.remote:
                continue
            state = "up" if member.connected else "new"
            sessions.append({
                "session": member.session, "name": member.name, "role": member.role, "state": state,
                "packets_in": member.packets_in, "packets_out": member.packets_out, "gated": member.gated, "flood": member.flood,
                "slots": slots_of(member), "quality": quality.of(member, now),
            })
        return {
            "sessions": sessions,
            "packets_in": self._gone_in + sum(one.packets_in for one in self.members.values() if not one.remote),
            "packets_relayed": self._gone_out + sum(member.packets_out for member in self.members.values()),
        }

    def _news(self, event: str, member: Member, **more: Any) -> None:
        if member.remote:
            return  # its own worker tells of it
        self._tell({
            "event": event, "room": self.name, "session": member.session, "name": member.name, "role": member.role, **more
        })
