"""One media room: who publishes, who watches, which publisher stands in which slot.

Pure and sans-IO: time is an argument, random numbers come from ``draw``, packets leave through the relay's ``emit`` and news
through ``tell``.  Nothing of one room ever reaches another: each has a Relay of its own.  Called by ``media/sfu.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, Final

from media import attention, choice, quality, reports
from media.allocate import Memory
from media.bwe import Line, Losses
from media.counters import Counters
from media.errors import RoomFull
from media.intake import Intake
from media.limits import (
    ASLEEP_AFTER, CHOICE_INTERVAL, FILL_AT_ONCE, FILL_PAUSE, MAX_ROOM_PEERS, MAX_SOUNDS, MEASURE_INTERVAL, NEW_PATH,
    REPORT_INTERVAL, REVIEW_INTERVAL, SETTLED, PROBES_AT_ONCE,
)
from media.member import Member, Role
from media.relay import Output, Relay
from media.rtp import RtpView
from media.sdp import Kind, Slot, Track
from media.seqmap import SeqMap
from media.slots import pin, place
from media.source import Source
from media.stream import DownStream
from media.twcc import Recorder

__all__ = ["Event", "Member", "Role", "Room"]

Event = dict[str, Any]
_ESTIMATES: Final = frozenset({"goog-remb", "transport-cc"})
_CAPTURES: Final = (8, 16)  # octets of abs-capture-time, without and with the offset of the clock
_KINDS: Final[tuple[Kind, Kind]] = ("audio", "video")


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
        self._heard: frozenset[str] | None = None
        self._seen: frozenset[str] | None = None
        self._stage: tuple[str, ...] = ()
        self._gone_in = self._gone_out = 0  # packets of members that left
        self._stale = False  # somebody came or went: slots are to be filled anew
        self._review_at = self._measure_at = self._fill_at = 0.0
        self._probing: set[Member] = set()
        self._unfilled: dict[Member, None] = {}  # whose slots are to be filled in this round, in order

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
        wanted = None if pinned is None else tuple(pinned)
        member = self._add(Member(session, name, "subscribe", self._draw(), wanted))
        for slot in slots:
            member.downs[slot.ssrc] = DownStream(
                member, slot.mid, slot.kind, slot.ssrc, slot.payload_types, SeqMap(self._draw() & 0x3FFF, self._draw()),
                cname=slot.cname, extensions=slot.extensions, rtx_ssrc=slot.rtx_ssrc, rtx=slot.rtx,
                rtx_seq=self._draw() & 0x3FFF, feedback=slot.feedback,
            )
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
            self._stale = True
        member.target = target
        for down in member.downs.values():
            down.target = target
        self._news("up", member)
        if member.role == "subscribe":
            if any(down.feedback & _ESTIMATES for down in member.downs.values()):
                member.line = Line(now)
            self._fill(member, self._ranked(), now)
        return replaced

    def moved(self, member: Member, now: float) -> None:
        """The peer's packets take another path: what the old one carried, and lost at its end, says nothing of it."""
        if member.line is not None:
            member.line, member.memory, member.losses = Line(now), Memory(), Losses()
            member.choose_at = member.settled_until = 0.0
            member.forgiven_until = now + NEW_PATH

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
            self._stale = True
        self._probing.discard(member)
        self._gone_in += 0 if member.remote else member.packets_in
        self._gone_out += member.packets_out
        was_up, member.connected = member.connected, False
        self._news("down", member, reason=reason, was_up=was_up)
        member.downs, member.sources = {}, {}  # they hold it: memory of who left is free at once
        return member

    # -- policy and slots -----------------------------------------------------------------------------------------------

    def policy(self, heard: list[str] | None, stage: list[str], seen: list[str] | None = None) -> None:
        """Whose sound (``heard``) and picture (``seen``) pass the entrance, None: everybody's; who is shown first."""
        self._heard = None if heard is None else frozenset(heard)
        self._seen = None if seen is None else frozenset(seen)
        self._stage = tuple(stage)
        self._apply_gates()
        self._stale = True

    def _apply_gates(self) -> None:
        for member in self._publishers.values():
            for source in member.sources.values():
                allowed = self._heard if source.kind == "audio" else self._seen
                self.relay.gate(source, allowed is not None and member.name not in allowed)

    def view(self, session: str, heights: Mapping[str, int]) -> bool:
        """With how many rows a subscriber shows each slot (by mid; 0: not at all).  False when there is no such session."""
        member = self.members.get(session)
        if member is None or member.role != "subscribe":
            return False
        mids = {down.mid for down in member.downs.values()}
        member.heights.update({mid: rows for mid, rows in heights.items() if mid in mids})
        member.choose_at = member.settled_until = 0.0
        return True

    def _ranked(self) -> dict[Kind, list[Source]]:
        """All sources, those who deserve a slot most first: who may be heard, the stage, who speaks, who joined first."""
        staged = [self._publishers[name] for name in dict.fromkeys(self._stage) if name in self._publishers]
        order = staged + [member for member in self._publishers.values() if member not in staged]
        ranked: dict[Kind, list[Source]] = {}
        for kind in _KINDS:
            sources = [source for member in order if (source := member.track(kind)) is not None]
            ranked[kind] = sorted(sources, key=self._rank)
        return ranked

    def _rank(self, source: Source) -> tuple[int, int, tuple[int, float]]:
        """Hundreds sit there muted: who sends nothing, or may not be heard, takes no slot from somebody who does.

        Who is only asleep but on the stage keeps it, so that the floor's picture is there with its first packet.
        """
        staged = source.owner.name in self._stage
        rest = 2 if source.gated else 1 if source.asleep and not staged else 0
        return rest, 0 if staged else 1, (0, 0.0) if staged else source.voice.rank

    def _fill(self, member: Member, ranked: dict[Kind, list[Source]], now: float) -> None:
        """Brings the slots of one subscriber up to date; one that shows the right publisher is left alone."""
        places = {kind: [down for down in member.downs.values() if down.kind == kind] for kind in _KINDS}
        changed = False
        for kind, other in (_KINDS, _KINDS[::-1]):
            downs = places[kind]
            if member.pinned is not None:
                wanted = pin(downs, [self._named(name, member, kind) for name in member.pinned])
            else:
                beside = {down.source.owner: at for at, down in enumerate(places[other]) if down.source is not None}
                # At most so many sounds are relayed, however many slots a receiver offers.
                downs = downs[:MAX_SOUNDS] if kind == "audio" else downs
                wanted = place(downs, (source for source in ranked[kind] if source.owner.name != member.name), beside)
            for down, source in zip(downs, wanted, strict=True):
                if down.source is not source:
                    member.moved = changed = True
                    self.relay.detach(down)
                    if source is not None:
                        self.relay.attach(down, source, None, now)
        if changed:
            member.settled_until = 0.0
            self._choose(member, now)
        if member.moved:
            member.moved = False
            slots = self._slots(member)
            if slots != member.told:
                member.told = slots
                since = [{"since": down.since} for down in member.downs.values()]
                self._news("slots", member, slots=[slot | more for slot, more in zip(slots, since, strict=True)])

    def _fill_some(self, now: float) -> None:
        """Brings the slots of some of those up to date who are still to come; media must not wait for hundreds."""
        ranked = self._ranked()
        for member in list(islice(self._unfilled, FILL_AT_ONCE)):
            del self._unfilled[member]
            if member.connected:
                self._fill(member, ranked, now)

    def _choose(self, member: Member, now: float) -> None:
        member.choose_at = now + CHOICE_INTERVAL * (0.75 + self._draw() % 512 / 1024)
        line = member.line
        if line is not None:
            line.sent(member.octets_out, now)
            line.tick(now)
        if now < member.settled_until and (line is None or member.spends <= line.estimate):
            return  # it has all it can use, as nearly all members of a large room nearly always
        choice.choose(member, self._stage, self.relay, now)
        member.settled_until = now + SETTLED if not member.wants else 0.0
        turn = member in self._probing or len(self._probing) < PROBES_AT_ONCE
        if line is not None and turn and member.probes and line.probe(now, member.wants) > 0:
            member.probed_at, member.owed = now, 0.0
            self._probing.add(member)

    def _probe(self, member: Member, now: float) -> None:
        """Fills a line up for a moment, to learn whether it carries the next layer."""
        line = member.line
        if line is None or not member.connected:
            self._probing.discard(member)
            return
        line.sent(member.octets_out, now)
        more = line.probe(now, member.wants)
        if more <= 0:
            self._probing.discard(member)
            return
        member.owed += more * min(0.1, now - member.probed_at) / 8
        member.owed -= self.relay.probe(member, member.owed)
        member.probed_at = now

    @property
    def urgent(self) -> bool:
        """Whether ``tick`` should be called soon: packets are missing, a probe or a round of filling slots is under way."""
        return bool(self._probing) or bool(self._unfilled) or (bool(self.relay.restless) and self.relay.urgent)

    def _named(self, name: str, watcher: Member, kind: Kind) -> Source | None:
        owner = self._publishers.get(name)
        return owner.track(kind) if owner is not None and name != watcher.name else None

    # -- packets --------------------------------------------------------------------------------------------------------

    def on_rtp(self, intake: Intake, view: RtpView, now: float) -> None:
        """One authentic packet of a publisher of this room."""
        source = intake.source
        member = source.owner
        member.packets_in += 1
        source.heard_at = now
        if source.asleep:
            source.asleep, self._stale = False, True
        if source.frozen:
            source.frozen = False
            self._news("thawed", member, mid=source.mid)
        extensions, level, capture = source.extensions, None, b""
        if view.ext_start:
            said = view.extension(source.level) if source.level else None
            if said:
                level = said[0]
                if source.voice.hear(level & 0x7F, now):
                    self._stale = True
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
        if self._stale and now >= self._fill_at:
            self._stale = False
            self._fill_at = now + FILL_PAUSE * len(self.members)  # hundreds join at once: not one turn for each
            self._unfilled.update(dict.fromkeys(member for member in self.members.values() if member.role == "subscribe"))
        if self._unfilled:
            self._fill_some(now)
        self.relay.tick(now)
        if now >= self._measure_at:
            self._measure(now)
        for member in list(self._probing):
            self._probe(member, now)
        for member in self.members.values():
            if not member.connected:
                continue
            if member.role == "subscribe" and now >= member.choose_at:
                self._choose(member, now)
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
            source.asleep, self._stale = True, True
        if source.voice.rest(now):
            self._stale = True

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
                "slots": self._slots(member), "quality": quality.of(member, now),
            })
        return {
            "sessions": sessions,
            "packets_in": self._gone_in + sum(one.packets_in for one in self.members.values() if not one.remote),
            "packets_relayed": self._gone_out + sum(member.packets_out for member in self.members.values()),
        }

    @staticmethod
    def _slots(member: Member) -> list[dict[str, Any]]:
        return [
            {"mid": down.mid, "kind": down.kind, "name": down.source.owner.name if down.source else None}
            for down in member.downs.values()
        ]

    def _news(self, event: str, member: Member, **more: Any) -> None:
        if member.remote:
            return  # its own worker tells of it
        self._tell({
            "event": event, "room": self.name, "session": member.session, "name": member.name, "role": member.role, **more
        })
