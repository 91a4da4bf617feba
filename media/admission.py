"""Whether one more peer may come in without making it worse for those who are there.  Pure: measures in, a reason out.

A join is refused while the worker has not the packets a second left that it may cost, while its loop is late, or while its
core is full.  Who is in is never put out, and whoever comes back is let in.  Between refusing and admitting again lies a gap:
a worker at its limit does not say yes and no in turn.  Called by ``web/crew.py``; where its numbers come from: ``docs/benchmarks.md``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

SCHEMA: Final = 1
PER_SOUND: Final = 50            # packets a second of one sound slot (20 ms frames) ...
PER_PICTURE: Final = 72          # ... and of one picture slot (600 kbit/s)
FILLED: Final = 2                # slots of each kind that a join is taken to fill
ASSUMED: Final = 20_000          # packets a second of one core where nobody measured
FULL_LAG_MS, FREE_LAG_MS = 50.0, 30.0    # 99th percentile of the loop's lag: full above, free again below
FULL_CPU, FREE_CPU = 0.92, 0.80          # share of the worker's core
QUIET_SHARE: Final = 0.1         # of the capacity: a worker that carries less is late through others on its machine
FREE_SHARE: Final = 0.9          # of the capacity: below it a worker that was full takes joins again
LATE_LOOKS: Final = 3            # measures in a row that must agree before a loop counts as late or a core as full

PACKETS, LAG, CPU = "packets", "lag", "cpu"
"""Why a join is refused."""

_SECTION = re.compile(r"^m=(audio|video) ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Capacity:
    """What one worker carries, in relayed packets a second."""

    packets_per_s: float = ASSUMED
    measured: bool = False

    @staticmethod
    def read(document: Any) -> Capacity:
        """Of ``capacity.json`` as ``bench capacity`` writes it: ``{schema: 1, workers, packets_per_s, …}``, all workers
        together.  What cannot be used counts as not measured."""
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            return Capacity()
        packets, workers = document.get("packets_per_s"), document.get("workers", 1)
        if not _positive(packets) or not _positive(workers):
            return Capacity()
        return Capacity(packets / workers, True)


def _positive(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e12


def cost(offer: str) -> int:
    """Packets a second that a join with this offer may cost until it is measured.

    A page offers slots for a full stage; in a meeting where one speaks at a time few of them are ever filled, so that of each
    kind no more than FILLED count.
    """
    kinds = _SECTION.findall(offer)
    return PER_SOUND * min(FILLED, kinds.count("audio")) + PER_PICTURE * min(FILLED, kinds.count("video"))


class Gate:
    """The door of one worker.  ``look`` with every measure, ``refuses`` with every join."""

    def __init__(self, capacity: Capacity) -> None:
        self.capacity = capacity
        self.packets = 0.0           # a second, as last measured
        self._late = self._busy = 0  # measures in a row
        self._full: dict[str, bool] = {PACKETS: False, LAG: False, CPU: False}

    def look(self, load: Mapping[str, float]) -> None:
        """``load`` of the worker's stats: packets_per_s, cpu, lag_ms."""
        self.packets = load.get("packets_per_s", 0.0)
        lag, cpu = load.get("lag_ms", 0.0), load.get("cpu", 0.0)
        self._late = self._late + 1 if lag > FULL_LAG_MS else 0
        self._busy = self._busy + 1 if cpu > FULL_CPU else 0
        self._full[LAG] = self._late >= LATE_LOOKS or (self._full[LAG] and lag > FREE_LAG_MS)
        self._full[CPU] = self._busy >= LATE_LOOKS or (self._full[CPU] and cpu > FREE_CPU)

    def refuses(self, packets: int, promised: float) -> str | None:
        """Why a join that costs ``packets`` may not come in; None: it may.  ``promised``: to joins not measured yet."""
        wanted = self.packets + promised + packets
        limit = self.capacity.packets_per_s
        if self._full[CPU]:
            return CPU
        if self._full[LAG] and self.packets > QUIET_SHARE * limit:  # else turning somebody away would help nobody
            return LAG
        if not self.capacity.measured:
            return None  # an assumption refuses nobody: a late loop and a full core are seen, and tell soon enough
        if wanted > limit or (self._full[PACKETS] and wanted > FREE_SHARE * limit):
            self._full[PACKETS] = True
            return PACKETS
        self._full[PACKETS] = False
        return None
