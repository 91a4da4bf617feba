"""States of a meeting: the moves that exist, and what the others are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from meetings.errors import Closed, Conflict, Invalid
from meetings.meeting import TRANSITIONS, Meeting, State, UnitRef, check_times
from tests.support.factories import PROVINCE, new_meeting

# Written by hand: from each state, the states that can follow.
FOLLOWS = {
    "draft": {"convened", "cancelled"},
    "convened": {"open", "cancelled"},
    "open": {"suspended", "concluded"},
    "suspended": {"open", "concluded"},
    "concluded": set(),
    "cancelled": set(),
}


@pytest.fixture
def meeting(at: datetime) -> Meeting:
    new = new_meeting(at)
    return Meeting("m", new.title, new.kind, new.place, State.DRAFT, new.start, new.end, new.unit, new.chair,
                   new.secretary, new.division_head, new.clerk, None, at, None, None)


@pytest.mark.parametrize("old", list(State))
@pytest.mark.parametrize("new", list(State))
def test_only_listed_moves_exist(meeting: Meeting, old: State, new: State) -> None:
    standing = replace(meeting, state=old)
    if new.value in FOLLOWS[old.value]:
        standing.check_move(new)
        return
    with pytest.raises((Conflict, Closed)) as refused:
        standing.check_move(new)
    if old in (State.CONCLUDED, State.CANCELLED):
        assert refused.value.code == f"meeting.{old.value}"
    else:
        assert refused.value.params == {"state": old.value, "wanted": new.value, "title": meeting.title}


def test_every_state_has_its_row_in_the_table() -> None:
    assert TRANSITIONS.keys() == set(State)


def test_times_need_a_zone_and_an_order(at: datetime) -> None:
    check_times(at, at + timedelta(microseconds=1))
    for start, end, code, field in [
        (at, at, "meeting.end_before_start", "end"),
        (at, at - timedelta(hours=1), "meeting.end_before_start", "end"),
        (at.replace(tzinfo=None), at, "meeting.no_zone", "start"),
        (at, at.replace(tzinfo=None), "meeting.no_zone", "end"),
    ]:
        with pytest.raises(Invalid) as refused:
            check_times(start, end)
        assert (refused.value.code, refused.value.params["field"]) == (code, field)


def test_a_unit_survives_the_store_with_and_without_an_issuer() -> None:
    for unit in (PROVINCE, replace(PROVINCE, issuer="VĂN PHÒNG")):
        assert UnitRef.from_data(unit.as_data()) == unit
    assert "issuer" not in PROVINCE.as_data()
