"""Who stands in which slot of each receiver of one room, and which layer of it: filled anew when somebody comes, goes, speaks or is
put first, a few receivers a turn.

A slot is pinned (its receiver said whom it wants there) or automatic: the policy's first, then who speaks, then who came first.
Sans-IO; packets leave through the relay.  Never decides who may be heard or seen: gates do, at the entrance.  Owned by
``media/room.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final, Protocol

from media import choice
from media.allocate import Memory
from media.bwe import Line, Losses
from media.limits import CHOICE_INTERVAL, FILL_AT_ONCE, FILL_PAUSE, MAX_SOUNDS, NEW_PATH, PROBES_AT_ONCE, SETTLED
from media.member import Member
from media.policy import OPEN
from media.relay import Relay
from media.sdp import Kind
from media.slots import place
from media.source import Source
from media.stream import DownStream

_ESTIMATES: Final = frozenset({"goog-remb", "transport-cc"})
_KINDS: Final[tuple[Kind, Kind]] = ("audio", "video")
Ranked = dict[Kind, list[Source]]


class Tell(Protocol):
    """Takes an event of the contract about one member."""

    def __call__(self, event: str, member: Member, **more: Any) -> None: ...


class Placing:
    """``publishers`` and ``members`` are the room's own, by name and by session."""

    def __init__(
        self, publishers: Mapping[str, Member], members: Mapping[str, Member], relay: Relay, draw: Callable[[], int], tell: Tell
    ) -> None:
        self.policy = OPEN
        self.stale = False  # somebody came, went, spoke or fell silent: slots are to be filled anew
        self._publishers, self._members = publishers, members
        self._relay, self._draw, self._tell = relay, draw, tell
        self._fill_at = 0.0
        self._probing: set[Member] = set()
        self._unfilled: dict[Member, None] = {}  # whose slots are to be filled in this round, in order

    # -- receivers ------------------------------------------------------------------------------------------------------

    def welcome(self, member: Member, now: float) -> None:
        """A receiver is connected."""
        if any(down.feedback & _ESTIMATES for down in member.downs.values()):
            member.line = Line(now)
        self._fill(member, self._ranked(), now)

    def moved(self, member: Member, now: float) -> None:
        """Its packets take another path: what the old one carried, and lost at its end, says nothing of it."""
        if member.line is not None:
            member.line, member.memory, member.losses = Line(now), Memory(), Losses()
            member.choose_at = member.settled_until = 0.0
            member.forgiven_until = now + NEW_PATH

    def forget(self, member: Member) -> None:
        """It is gone."""
        self._probing.discard(member)
        self._unfilled.pop(member, None)

    @staticmethod
    def view(member: Member, heights: Mapping[str, int]) -> None:
        """With how many rows it shows each slot (by mid; 0: not at all)."""
        mids = {down.mid for down in member.downs.values()}
        member.heights.update({mid: rows for mid, rows in heights.items() if mid in mids})
        member.choose_at = member.settled_until = 0.0

    def pin(self, member: Member, names: Mapping[str, str | None]) -> None:
        """Whom it wants in which slot (by mid), "" for nobody, None for whoever comes first again; others stay as they were."""
        mids = {down.mid for down in member.downs.values()}
        for mid, name in names.items():
            if name is None:
                member.pins.pop(mid, None)
            elif mid in mids:
                member.pins[mid] = name
        self._unfilled[member] = None

    @staticmethod
    def pin_all(member: Member, names: Sequence[str]) -> None:
        """Exactly these in exactly this order, sounds and pictures alike; what is left over stays empty."""
        for kind in _KINDS:
            for number, down in enumerate(down for down in member.downs.values() if down.kind == kind):
                member.pins[down.mid] = names[number] if number < len(names) else ""

    # -- slots ----------------------------------------------------------------------------------------------------------

    def _ranked(self) -> Ranked:
        """All sources, those who deserve a slot most first: who may be heard, who is put first, who speaks, who joined first."""
        ranked: Ranked = {}
        for kind in _KINDS:
            first = [self._publishers[name] for name in self.policy.first(kind) if name in self._publishers]
            order = first + [member for member in self._publishers.values() if member not in first]
            sources = [source for member in order if (source := member.track(kind)) is not None]
            ranked[kind] = sorted(sources, key=self._rank)
        return ranked

    def _rank(self, source: Source) -> tuple[int, int, tuple[int, float]]:
        """Hundreds sit there muted: who sends nothing, or may not be heard, takes no slot from somebody who does.

        Who is only asleep but put first keeps it, so that the floor's picture is there with its first packet.
        """
        first = source.owner.name in self.policy.first(source.kind)
        rest = 2 if source.gated else 1 if source.asleep and not first else 0
        return rest, 0 if first else 1, (0, 0.0) if first else source.voice.rank

    def _fill(self, member: Member, ranked: Ranked, now: float) -> None:
        """Brings the slots of one receiver up to date; one that shows the right publisher is left alone."""
        places = {kind: [down for down in member.downs.values() if down.kind == kind] for kind in _KINDS}
        changed = False
        for kind, other in (_KINDS, _KINDS[::-1]):
            for down, source in self._wanted(member, places[kind], places[other], ranked[kind]):
                if down.source is not source:
                    member.moved = changed = True
                    self._relay.detach(down)
                    if source is not None:
                        self._relay.attach(down, source, None, now)
        if changed:
            member.settled_until = 0.0
            self._choose(member, now)
        if member.moved:
            member.moved = False
            slots = slots_of(member)
            if slots != member.told:
                member.told = slots
                since = [{"since": down.since} for down in member.downs.values()]
                self._tell("slots", member, slots=[slot | more for slot, more in zip(slots, since, strict=True)])

    def _wanted(
        self, member: Member, downs: Sequence[DownStream], beside: Sequence[DownStream], ranked: Iterable[Source]
    ) -> list[tuple[DownStream, Source | None]]:
        """Who is to stand in these slots of one kind; ``beside`` are those of the other kind."""
        pinned = [(down, self._named(member.pins[down.mid], member, down)) for down in downs if down.mid in member.pins]
        taken = {source for _, source in pinned}
        free = [at for at, down in enumerate(downs) if down.mid not in member.pins]
        if downs and downs[0].kind == "audio":
            free = free[:MAX_SOUNDS]  # at most so many sounds are relayed, however many slots a receiver offers
        index = {at: number for number, at in enumerate(free)}
        near = {down.source.owner: index[at] for at, down in enumerate(beside) if down.source is not None and at in index}
        aside = self.policy.aside if downs and downs[0].kind == "video" else ()
        others = (source for source in ranked if source.owner.point != member.point and source not in taken and source.owner.name not in aside)
        automatic = [downs[at] for at in free]
        return [*pinned, *zip(automatic, place(automatic, others, near), strict=True)]

    def _named(self, name: str, watcher: Member, down: DownStream) -> Source | None:
        owner = self._publishers.get(name)
        source = owner.track(down.kind) if owner is not None and name != watcher.name else None
        return source if source is not None and down.carries(source) else None

    def _fill_some(self, now: float) -> None:
        """Brings the slots of some of those up to date who are still to come; media must not wait for hundreds."""
        ranked = self._ranked()
        for member in list(islice(self._unfilled, FILL_AT_ONCE)):
            del self._unfilled[member]
            if member.connected:
                self._fill(member, ranked, now)

    # -- layers ---------------------------------------------------------------------------------------------------------

    def _choose(self, member: Member, now: float) -> None:
        member.choose_at = now + CHOICE_INTERVAL * (0.75 + self._draw() % 512 / 1024)
        line = member.line
        if line is not None:
            line.sent(member.octets_out, now)
            line.tick(now)
        if now < member.settled_until and (line is None or member.spends <= line.estimate):
            return  # it has all it can use, as nearly all members of a large room nearly always
        choice.choose(member, self.policy, self._relay, now)
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
        member.owed -= self._relay.probe(member, member.owed)
        member.probed_at = now

    # -- time -----------------------------------------------------------------------------------------------------------

    @property
    def urgent(self) -> bool:
        """Whether a probe or a round of filling slots is under way."""
        return bool(self._probing) or bool(self._unfilled)

    def fill(self, now: float) -> None:
        """Begins a round of filling where something changed, and goes on with the one under way; call with every tick."""
        if self.stale and now >= self._fill_at:
            self.stale = False
            self._fill_at = now + FILL_PAUSE * len(self._members)  # hundreds join at once: not one turn for each
            self._unfilled.update(dict.fromkeys(one for one in self._members.values() if one.role == "subscribe"))
        if self._unfilled:
            self._fill_some(now)

    def probe(self, now: float) -> None:
        """Goes on with the probes under way; call with every tick."""
        for member in list(self._probing):
            self._probe(member, now)

    def look(self, member: Member, now: float) -> None:
        """Chooses its layers again where that is due; call with every tick, for every connected receiver."""
        if now >= member.choose_at:
            self._choose(member, now)


def slots_of(member: Member) -> list[dict[str, Any]]:
    """Who stands in its slots, as events and counters tell it."""
    return [
        {"mid": down.mid, "kind": down.kind, "name": down.source.owner.name if down.source else None}
        for down in member.downs.values()
    ]
