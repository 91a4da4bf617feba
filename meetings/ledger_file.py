"""A meeting's chain as a file that anybody can check without this program, and the check itself.  Pure.

    {"schema": 1, "kind": "ledger", "meeting": id, "hash": "…", "events": [
    {all fields of an event},
    {"seq", "prev_hash", "hash", "withheld": true},
    …
    ], "count": n, "head": hash}

Each event stands on a line of its own.  One that whoever asked may not read is withheld: its place in the chain can be checked, what
it says cannot.  Written by `web.routes.course`, checked by `python3 -m web verify`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from meetings.ledger import GENESIS, Event, event_hash, stamp

SCHEMA = 1
HOW = "SHA-256, hex, of the RFC 8785 JSON of all fields of an event but hash; prev_hash of the first is 64 zeros"


@dataclass(frozen=True, slots=True)
class Checked:
    """broken: seq of the first event that does not hold (0: the file's own end or head says otherwise), None: all do."""

    meeting_id: str
    events: int
    withheld: int
    head: str
    broken: int | None

    @property
    def valid(self) -> bool:
        return self.broken is None


class Unreadable(Exception):
    """This is no file of a chain."""


def lines(meeting_id: str, events: Iterable[tuple[Event, bool]]) -> Iterator[str]:
    """The file, line by line; each event with whether its content is told."""
    begin = {"schema": SCHEMA, "kind": "ledger", "meeting": meeting_id, "hash": HOW}
    yield json.dumps(begin, ensure_ascii=False)[:-1] + ', "events": [\n'
    count, head, between = 0, GENESIS, ""
    for event, told in events:
        yield between + json.dumps(as_data(event) if told else _withheld(event), ensure_ascii=False)
        count, head, between = count + 1, event.hash, ",\n"
    yield f'\n], "count": {count}, "head": "{head}"}}\n'


def as_data(event: Event) -> dict[str, Any]:
    return {"meeting_id": event.meeting_id, "seq": event.seq, "at": stamp(event.at), "kind": event.kind, "actor": event.actor,
            "point": event.point, "data": event.data, "prev_hash": event.prev_hash, "hash": event.hash}


def check(text: str | bytes) -> Checked:
    """Whether every event that is told has its hash, and each follows the one before.  Raises Unreadable."""
    try:
        found = json.loads(text)
        if not isinstance(found, dict) or found.get("kind") != "ledger" or found.get("schema") != SCHEMA:
            raise Unreadable
        meeting_id, events, count, head = str(found["meeting"]), list(found["events"]), int(found["count"]), str(found["head"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unreadable from error
    prev_hash, withheld = GENESIS, 0
    for seq, event in enumerate(events, start=1):
        if not _holds(event, meeting_id, seq, prev_hash):
            return Checked(meeting_id, len(events), withheld, head, seq)
        withheld += event.get("withheld") is True
        prev_hash = event["hash"]
    return Checked(meeting_id, len(events), withheld, head, None if (count, head) == (len(events), prev_hash) else 0)


def _withheld(event: Event) -> dict[str, Any]:
    return {"seq": event.seq, "prev_hash": event.prev_hash, "hash": event.hash, "withheld": True}


def _holds(event: Any, meeting_id: str, seq: int, prev_hash: str) -> bool:
    try:
        if (event["seq"], event["prev_hash"]) != (seq, prev_hash) or not isinstance(event["hash"], str):
            return False
        if event.get("withheld") is True:
            return True
        return event["meeting_id"] == meeting_id and event["hash"] == event_hash(
            meeting_id, seq, datetime.fromisoformat(event["at"]), event["kind"], event["actor"], event["point"], event["data"], prev_hash)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return False
