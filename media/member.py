"""One peer as its room sees it: what it publishes, what it receives, what it last said of its line.

Pure state.  Made and changed by ``media/room.py``; the choice of layers (``media/choice.py``) reads it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from media.allocate import Memory
from media.bwe import Line, Losses
from media.limits import AWAY_SOUND, FEEDBACK_BUDGET, OVERHEAD, RTX_BUDGET
from media.pace import Pacer
from media.policy import point_of
from media.sdp import Kind
from media.source import Source
from media.stream import DownStream
from media.twcc import Recorder

Role = Literal["publish", "subscribe"]


@dataclass(eq=False, slots=True)
class Member:
    """``name`` is the point's code, of a second source of it with ``#`` and what it is; a publisher's is unique in the room."""

    session: str
    name: str
    role: Role
    ssrc: int
    pins: dict[str, str] = field(default_factory=dict)  # who stands in these slots (by mid) whatever else holds; "": nobody
    point: str = ""                                  # the name without what follows ``#``
    remb: bool = False
    target: Any = None
    connected: bool = False
    remote: bool = False                             # a publisher of another worker, here by a link
    sources: dict[str, Source] = field(default_factory=dict)
    downs: dict[int, DownStream] = field(default_factory=dict)
    clock_offset: float = float("inf")
    resend_budget: int = RTX_BUDGET
    feedback_budget: int = FEEDBACK_BUDGET
    report_at: float = 0.0
    told: list[dict[str, Any]] | None = None  # the slots of its last event ...
    moved: bool = True                               # ... which may no longer be true
    packets_in: int = 0
    gated: int = 0
    flood: int = 0                                   # datagrams above what a peer, or one of its sources, may send
    arrivals: Recorder | None = None                 # a publisher's, where transport-wide feedback was agreed
    arrivals_at: float = 0.0                         # when the next message of them is due
    line: Line | None = None                         # what a subscriber's line carries; None: nobody can tell, nothing is held back
    losses: Losses = field(default_factory=Losses)
    memory: Memory = field(default_factory=Memory)   # of how its layers rose and fell
    pacer: Pacer | None = None                       # of what is sent again
    voices: int = 3                                  # how many sounds it is given
    spends: int = 0                                  # bit/s of what it is given
    wants: int = 0                                   # bit/s with the next layer of each picture; 0: it has all it can use
    extra: int = 0                                   # octets of probes and of packets sent again
    probed_at: float = 0.0                           # when octets of a probe were last counted ...
    owed: float = 0.0                                # ... and those not sent yet
    heights: dict[str, int] = field(default_factory=dict)  # rows each slot is shown with; 0: nobody looks at it
    choose_at: float = 0.0                           # when its line is looked at again ...
    settled_until: float = 0.0                       # ... though until then there is nothing to choose while it carries what it gets
    forgiven_until: float = 0.0                      # reports until then may speak of losses of a path it has left
    rtt: float | None = None
    answered: int = 0                                # the sender report its last reception report spoke of, as on the wire
    lossy_until: float = float("-inf")               # so long its sound comes twice
    away: bool = False                               # nothing came for a moment; it may come back

    def __post_init__(self) -> None:
        self.point = point_of(self.name)

    @property
    def packets_out(self) -> int:
        """RTP packets sent to this subscriber."""
        return sum(down.packets for down in self.downs.values())

    @property
    def octets_out(self) -> int:
        """Octets sent to this subscriber as its line sees them, headers included."""
        return self.extra + sum(down.octets + OVERHEAD * down.packets for down in self.downs.values())

    @property
    def probes(self) -> bool:
        """Whether it can be sent what nobody misses: only repair streams carry that."""
        return any(down.rtx_ssrc and down.rtx for down in self.downs.values())

    def may_resend(self, kind: Kind, octets: int, now: float) -> bool:
        """Whether its line has room for a packet sent again; there is always room for sound."""
        if self.line is None or kind == "audio":
            return True
        if self.pacer is None:
            self.pacer = Pacer(self.line.repairs, now)
        self.pacer.rate = self.line.repairs
        return self.pacer.take(octets, now)

    def sounded(self, at: float) -> bool:
        """Whether its sound was coming just before this moment, be it silence."""
        return any(source.kind == "audio" and at - source.heard_at < AWAY_SOUND for source in self.sources.values())

    def track(self, kind: Kind) -> Source | None:
        """What it publishes of this kind."""
        return next((source for source in self.sources.values() if source.kind == kind), None)
