"""What one area of the product says of its kinds of events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Teller = Callable[[Mapping[str, Any], str], str]
"""From an event's data and its point's name to a sentence."""


@dataclass(frozen=True, slots=True)
class Area:
    """tell: kind → teller.  runs: kind → (sentence for many in Vietnamese, in English), see `course.entries`.  minor: told in a
    smaller voice.  Whoever may know of the meeting sees a kind that is told here, but: papers, only who may read its documents;
    record, only who works on the minutes; conduct, only who conducts."""

    tell: Mapping[str, Teller]
    runs: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    minor: frozenset[str] = frozenset()
    papers: frozenset[str] = frozenset()
    record: frozenset[str] = frozenset()
    conduct: frozenset[str] = frozenset()
