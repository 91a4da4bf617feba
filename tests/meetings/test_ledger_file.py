"""A chain as a file: two programs say the same of it, and any change to any byte that matters is found."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from meetings import ledger_file
from meetings.ledger import Event, canonical, link_event
from tests.support.check_chain import first_broken

AT = datetime(2026, 3, 5, 1, 0, tzinfo=UTC)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-2**53 + 1, 2**53 - 1) | st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), inner, max_size=4),
    max_leaves=12)


def chain(length: int = 5) -> list[Event]:
    events: list[Event] = []
    for n in range(length):
        last = (events[-1].seq, events[-1].hash) if events else None
        events.append(link_event(last, "m", "page.shown", AT + timedelta(seconds=n), {"user": "u", "name": "Thư ký"},
                                 {"id": n, "code": str(n), "name": "Xã Đồn Đạc"}, {"page": n, "note": 'nói "có"\n\u2028'}))
    return events


def written(events: list[Event], withheld: frozenset[int] = frozenset()) -> str:
    return "".join(ledger_file.lines("m", ((event, event.seq not in withheld) for event in events)))


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), values, max_size=6))
def test_the_quick_way_writes_the_bytes_of_the_standard(body: dict[str, Any]) -> None:
    assert canonical(body) == rfc8785.dumps(body)


@pytest.mark.parametrize("bad", [{"n": 1.5}, {"a": [{"b": 0.0}]}, {"n": 2**53}, {"t": "\ud800"}, {"\ud800": 1}, {"\U0001f600": 1.0}])
def test_what_has_no_canonical_form_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        canonical(bad)


def test_a_chain_that_holds_holds_for_both_programs() -> None:
    text = written(chain(), frozenset({2, 5}))
    found = ledger_file.check(text)
    assert found.valid and (found.events, found.withheld, found.head) == (5, 2, chain()[-1].hash)
    assert first_broken(json.loads(text)) is None
    assert text.count("\n") == 7, "one event a line"
    assert ledger_file.check(written([])).valid


@given(st.integers(0, 4), st.sampled_from(["at", "kind", "actor", "point", "data", "meeting_id", "seq", "prev_hash", "hash", "withheld"]), values)
def test_a_field_that_was_changed_is_found_by_both(place: int, field: str, value: Any) -> None:
    document = json.loads(written(chain(), frozenset({2})))
    event = document["events"][place]
    if field not in event or event[field] == value:
        return
    event[field] = value
    found = ledger_file.check(json.dumps(document))
    assert found.broken is not None
    if field != "withheld":
        assert first_broken(document) is not None


def test_an_end_that_was_cut_off_and_an_event_that_was_left_out_are_found() -> None:
    document = json.loads(written(chain()))
    assert ledger_file.check(json.dumps({**document, "events": document["events"][:-1]})).broken == 0
    assert ledger_file.check(json.dumps({**document, "events": document["events"][1:]})).broken == 1
    assert ledger_file.check(written([*chain()[:2], *chain()[3:]])).broken == 3
    forged = link_event((2, chain()[1].hash), "m", "page.shown", AT, None, None, {})
    assert ledger_file.check(written([*chain()[:2], replace(forged, seq=3), *chain()[3:]])).broken == 4


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"kind": "ledger"}', '{"kind": "ledger", "schema": 1, "meeting": "m", "events": 3}',
                                  "[" * 100_000, b"\xff\xfe"])
def test_what_is_no_such_file_is_said(text: str | bytes) -> None:
    with pytest.raises(ledger_file.Unreadable):
        ledger_file.check(text)


@given(st.lists(values, max_size=3))
def test_events_of_any_shape_are_a_verdict(events: list[Any]) -> None:
    document = {"kind": "ledger", "schema": 1, "meeting": "m", "hash": "", "events": events, "count": len(events), "head": "0" * 64}
    assert ledger_file.check(json.dumps(document)).valid == (not events)
