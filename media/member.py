"""One peer as its room sees it: what it publishes, what it receives, what it last said of its line.

Pure state.  Made and changed by ``media/room.py``; the choice of layers (``media/choice.py``) reads it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from media.limits import RTX_BUDGET
from media.source import Kind, Source
from media.stream import DownStream
from media.twcc import Recorder

Role = Literal["publish", "subscribe"]


@dataclass(eq=False, slots=True)
class Member:
    """``name`` is the point's code; a publisher's name is unique in the room."""

    session: str
    name: str
    role: Role
    ssrc: int
    pinned: tuple[str, ...] | None = None
    remb: bool = False
    target: Any = None
    connected: bool = False
    sources: dict[str, Source] = field(default_factory=dict)
    downs: dict[int, DownStream] = field(default_factory=dict)
    clock_offset: float = float("inf")
    resend_budget: int = RTX_BUDGET
    report_at: float = 0.0
    told: list[dict[str, Any]] | None = None  # the slots of its last event ...
    moved: bool = True                               # ... which may no longer be true
    packets_in: int = 0
    gated: int = 0
    flood: int = 0                                   # datagrams above what a peer may send
    arrivals: Recorder | None = None                 # a publisher's, where transport-wide feedback was agreed
    arrivals_at: float = 0.0                         # when the next message of them is due
    estimates: bool = False                          # a subscriber's receiver or we ourselves estimate its line
    line: Any = None                                 # what we know of it: bwe.Line, from the first word on
    heights: dict[str, int] = field(default_factory=dict)  # rows each slot is shown with; 0: nobody looks at it
    choose_at: float = 0.0                           # when its layers are chosen again
    rtt: float | None = None

    @property
    def packets_out(self) -> int:
        """RTP packets sent to this subscriber."""
        return sum(down.packets for down in self.downs.values())

    @property
    def octets_out(self) -> int:
        """Payload octets sent to this subscriber."""
        return sum(down.octets for down in self.downs.values())

    def track(self, kind: Kind) -> Source | None:
        """What it publishes of this kind."""
        return next((source for source in self.sources.values() if source.kind == kind), None)
