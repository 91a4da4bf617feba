"""The hash chain of events: what an event is, how its hash is made, how a chain is verified.  Pure; stores nothing.

One chain per meeting, and one for the audit (meeting_id null).  hash = SHA-256 over the RFC 8785 JSON of all other
fields, so anybody can check a chain with any JSON canonicaliser.  `store/ledger_store.py` appends; minutes read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import rfc8785

GENESIS = "0" * 64
"""`prev_hash` of the first event of a chain."""

_LARGEST = 2**53 - 1  # RFC 8785 §3.2.2.3: a larger number is not the same for every reader
_QUICK = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


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
    return hashlib.sha256(canonical(body)).hexdigest()


def canonical(body: Mapping[str, Any]) -> bytes:
    """The RFC 8785 JSON of a value without floats.  Raises ValueError for what has no canonical form.

    Where the standard library's encoder writes the same bytes it does so, five times as fast: plain dicts, lists and texts, names
    without characters beyond U+FFFF (whose order differs) and whole numbers that every reader can hold.
    """
    if _is_plain(body):
        return _QUICK.encode(body).encode()
    _refuse_floats(body)
    return rfc8785.dumps(body)


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
    """None if the chain holds from its first event on, else the seq of the first bad event: `verify_on` the beginning."""
    return verify_on(0, GENESIS, events)


def verify_on(seq: int, prev_hash: str, events: Iterable[Event]) -> int | None:
    """As `verify_chain`, for the events that follow the one of this seq and hash.

    Bad is: a seq that is not the next one, a prev_hash that is not the hash before, a hash that is not the content's,
    or an event of another chain.  A chain cut off at its end cannot be seen from the chain alone: the signed packet
    carries the last hash.
    """
    first: Event | None = None
    for expected, event in enumerate(events, start=seq + 1):
        first = first or event
        if event.seq != expected or event.prev_hash != prev_hash or event.meeting_id != first.meeting_id:
            return event.seq
        if not _holds(event):
            return event.seq
        prev_hash = event.hash
    return None


def _holds(event: Event) -> bool:
    try:
        return event.hash == hash_of(event)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return False  # what has no canonical form was never hashed


def hash_of(event: Event) -> str:
    """What the hash of this event ought to be."""
    return event_hash(event.meeting_id, event.seq, event.at, event.kind, event.actor, event.point, event.data,
                      event.prev_hash)


def _is_plain(value: Any) -> bool:
    """Whether both encoders write this alike."""
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is int:
        return -_LARGEST <= value <= _LARGEST
    if kind is dict:
        return all([type(name) is str and (name.isascii() or max(name) <= "\uffff") and _is_plain(item) for name, item in value.items()])
    return (kind is list or kind is tuple) and all([_is_plain(item) for item in value])


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise ValueError("an event holds no floating point numbers")
    if isinstance(value, Mapping):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _refuse_floats(item)
