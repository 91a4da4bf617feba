"""The chain: canonical hashes, and any change to any event is found."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from meetings.ledger import GENESIS, Event, link_event, stamp, verify_chain


def chain(at: datetime, length: int = 5) -> list[Event]:
    events: list[Event] = []
    for index in range(length):
        last = (events[-1].seq, events[-1].hash) if events else None
        events.append(link_event(last, "m", "point.joined", at + timedelta(seconds=index),
                                 point={"id": index, "code": f"{index}", "name": "Xã Đạp Thanh"}, data={"n": index}))
    return events


def test_the_hash_is_sha256_of_the_canonical_json_of_the_other_fields(at: datetime) -> None:
    event = chain(at, 1)[0]
    canonical = json.dumps({
        "actor": None, "at": "2026-03-05T01:00:00.000000Z", "data": {"n": 0}, "kind": "point.joined",
        "meeting_id": "m", "point": {"code": "0", "id": 0, "name": "Xã Đạp Thanh"}, "prev_hash": GENESIS, "seq": 1,
    }, ensure_ascii=False, separators=(",", ":"))
    assert event.hash == hashlib.sha256(canonical.encode()).hexdigest()


def test_an_untouched_chain_verifies(at: datetime) -> None:
    assert verify_chain(chain(at)) is None
    assert verify_chain([]) is None


@pytest.mark.parametrize(("field", "value"), [
    ("kind", "point.left"), ("data", {"n": 9}), ("data", {}), ("actor", {"user": "u", "name": "Ai đó"}),
    ("point", None), ("at", datetime(2026, 3, 5, 1, 0, 2, 1, tzinfo=UTC)), ("prev_hash", GENESIS), ("hash", "f" * 64),
    ("seq", 4), ("meeting_id", "other"),
])
def test_one_changed_field_is_found(at: datetime, field: str, value: Any) -> None:
    events = chain(at)
    events[2] = replace(events[2], **{field: value})
    assert verify_chain(events) is not None


def test_a_changed_event_with_a_recomputed_hash_breaks_the_next_link(at: datetime) -> None:
    events = chain(at)
    events[2] = link_event((2, events[1].hash), "m", "point.left", at, data={})
    assert verify_chain(events) == 4


@pytest.mark.parametrize("data", [{"x": 1.5}, {"x": 2**60}, [1], {"x": {1, 2}}])
def test_what_has_no_canonical_form_is_a_bad_event_and_no_trouble(at: datetime, data: Any) -> None:
    events = chain(at)
    events[1] = replace(events[1], data=data)
    assert verify_chain(events) == 2


def test_a_removed_an_inserted_and_a_swapped_event_are_found(at: datetime) -> None:
    events = chain(at)
    assert verify_chain(events[:2] + events[3:]) == 4
    assert verify_chain(events[1:]) == 2
    assert verify_chain([*events[:2], events[1], *events[2:]]) == 2
    assert verify_chain([events[1], events[0], *events[2:]]) == 2


def test_floating_point_numbers_are_refused(at: datetime) -> None:
    with pytest.raises(ValueError, match="floating"):
        link_event(None, "m", "motion.closed", at, data={"counts": [{"share": 0.5}]})


def test_a_time_is_written_in_utc_whatever_zone_it_came_in(at: datetime) -> None:
    hanoi = at.astimezone(timezone(timedelta(hours=7)))
    assert stamp(hanoi) == "2026-03-05T01:00:00.000000Z"
    with pytest.raises(ValueError, match="zone"):
        stamp(at.replace(tzinfo=None))
