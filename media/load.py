"""How hard a worker works: packets a second, share of its core, how late its loop is.  Pure: ``now`` is an argument.

A window of two seconds, so that the crowd of a meeting's beginning is forgotten as soon as it is in.  Called by
``media/worker.py`` every LAG_TICK seconds; read by whoever places rooms and admits peers.
"""

from __future__ import annotations

from collections import deque
from typing import Final

LAG_TICK: Final = 0.1      # seconds between two samples
WINDOW: Final = 2.0        # seconds looked back


class Meter:
    """Samples of (now, CPU seconds used so far, packets sent so far)."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float, int]] = deque(maxlen=int(WINDOW / LAG_TICK) + 1)
        self._lags: deque[float] = deque(maxlen=int(WINDOW / LAG_TICK))

    def note(self, now: float, cpu_s: float, packets: int) -> None:
        """One more sample; it should come LAG_TICK seconds after the last one, and what it is later is the loop's lag."""
        if self._samples:
            self._lags.append(max(0.0, now - self._samples[-1][0] - LAG_TICK))
        self._samples.append((now, cpu_s, packets))

    def load(self) -> dict[str, float]:
        """``packets_per_s`` sent, ``cpu`` as a share of one core, ``lag_ms`` the 99th percentile of the window."""
        if len(self._samples) < 2:
            return {"packets_per_s": 0.0, "cpu": 0.0, "lag_ms": 0.0}
        (began, cpu, packets), (now, cpu_now, packets_now) = self._samples[0], self._samples[-1]
        took = max(now - began, 1e-6)
        lags = sorted(self._lags)
        return {
            "packets_per_s": round((packets_now - packets) / took, 1),
            "cpu": round((cpu_now - cpu) / took, 4),
            "lag_ms": round(lags[int(0.99 * (len(lags) - 1))] * 1000, 2),
        }
