"""What settings say of line tests: limits, and who is called when.  Raises ValueError for what cannot be.  Pure.

Called by `settings.py`, which refuses what this refuses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from scheduler.readiness import Limits, Policy

LONGEST = 24 * 60  # minutes
WHO = ("technician", "deputy")
CALLS = tuple((who, before // timedelta(minutes=1)) for who, before in Policy().calls)


def limits(values: Mapping[str, int]) -> Limits:
    """The limits of the product, but for these."""
    return Limits.chosen(values)


def calls(values: Sequence[tuple[str, int]]) -> tuple[tuple[str, timedelta], ...]:
    """(technician or deputy, minutes before the start)."""
    if len({who for who, _before in values}) < len(values) or any(who not in WHO or not 0 < before <= LONGEST for who, before in values):
        raise ValueError("technician and deputy are called, each once, within a day before the start")
    return tuple((who, timedelta(minutes=before)) for who, before in values)
