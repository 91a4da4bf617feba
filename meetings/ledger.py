"""The hash chain of events: what an event is, how its hash is made, how a chain is verified.  Pure; stores nothing.

One chain per meeting, and one for the audit (meeting_id null).  hash = SHA-256 over the RFC 8785 JSON of all other
fields, so anybody can check a chain with any JSON canonicaliser.  `store/ledger_store.py` appends; minutes read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import rfc8785

GENESIS = "0" * 64
"""`prev_hash` of the first event of a chain."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.  `actor` is {user, name}, `point` is {id, code, name}; both may be null."""

    meeting_id: str | None
    seq: int
    at: datetime
    kind: str
    actor: Mapping[str, Any] | None
    point: Mapping[str, Any] | None
    data: Mapping[str, Any]
    prev_hash: str
    hash: str


def stamp(at: datetime) -> str:
    """The instant as it is hashed: ISO 8601 in UTC with six decimals and Z."""
    if at.tzinfo is None:
        raise ValueError("an event needs a time with a zone")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def event_hash(
    meeting_id: str | None,
    seq: int,
    at: datetime,
    kind: str,
    actor: Mapping[str, Any] | None,
    point: Mapping[str, Any] | None,
    data: Mapping[str, Any],
    prev_hash: str,
) -> str:
    """SHA-256 (hex) of the canonical JSON.  Raises ValueError for floats: they have no exact decimal form."""
    body = {
        "meeting_id": meeting_id, "seq": seq, "at": stamp(at), "kind": kind,
        "actor": actor, "point": point, "data": data, "prev_hash": prev_hash,
    }
    _refuse_floats(body)
    return hashlib.sha256(rfc8785.dumps(body)).hexdigest()


def link_event(
    last: tuple[int, str] | None,
    meeting_id: str | None,
    kind: str,
    at: datetime,
    actor: Mapping[str, Any] | None = None,
    point: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
) -> Event:
    """The event that follows `last` (seq and hash of the chain's end, None for the first)."""
    seq, prev_hash = (last[0] + 1, last[1]) if last else (1, GENESIS)
    data = data or {}
    digest = event_hash(meeting_id, seq, at, kind, actor, point, data, prev_hash)
    return Event(meeting_id, seq, at.astimezone(UTC), kind, actor, point, data, prev_hash, digest)


def verify_chain(events: Sequence[Event]) -> int | None:
    """None if the chain holds from its first event on, else the seq of the first bad event.

    Bad is: a seq that is not the next one, a prev_hash that is not the hash before, a hash that is not the content's,
    or an event of another chain.  A chain cut off at its end cannot be seen from the chain alone: the signed packet
    carries the last hash.
    """
    prev_hash = GENESIS
    for expected, event in enumerate(events, start=1):
        same_chain = event.meeting_id == events[0].meeting_id
        if event.seq != expected or event.prev_hash != prev_hash or not same_chain:
            return event.seq
        if event.hash != _hash_of(event):
            return event.seq
        prev_hash = event.hash
    return None


def _hash_of(event: Event) -> str:
    return event_hash(event.meeting_id, event.seq, event.at, event.kind, event.actor, event.point, event.data,
                      event.prev_hash)


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise ValueError("an event holds no floating point numbers")
    if isinstance(value, Mapping):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _refuse_floats(item)
