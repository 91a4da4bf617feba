"""Prepared motions: they follow their agenda item when the programme is written anew, and the ledger says so."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

import pytest

from meetings import service
from meetings.errors import Invalid
from meetings.meeting import AgendaLine
from meetings.motions import Draft
from meetings.store import vote_store
from meetings.store.database import Database
from meetings.store.ledger_store import events
from meetings.voting import Rule
from tests.support.factories import CHAIR, SECRETARY, convened

RULE = Rule(Fraction(0), Fraction(1, 2), "cast")


def test_a_motion_goes_where_its_item_goes_and_stands_alone_when_the_item_is_gone(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = convened(conn, at)
        second, first, free = (service.motion_prepare(conn, meeting_id, Draft(title, RULE, item=item), SECRETARY, at)
                               for title, item in (("Theo mục 2", 2), ("Theo mục 1", 1), ("Không mục", None)))
        with pytest.raises(Invalid, match=r"motion\.item"):
            service.motion_prepare(conn, meeting_id, Draft("Mục không có", RULE, item=3), SECRETARY, at)
    with db.write() as conn:
        service.change(conn, meeting_id, by=SECRETARY, at=at, agenda=[AgendaLine("Khai mạc"), AgendaLine("Thảo luận"), AgendaLine("Báo cáo kết quả")])
    with db.read() as conn:
        assert {one.motion_id: one.item for one in vote_store.motions(conn, meeting_id)} == {second: 2, first: 3, free: None}
    with db.write() as conn:
        service.change(conn, meeting_id, by=SECRETARY, at=at, agenda=[AgendaLine("Báo cáo kết quả")])
    with db.read() as conn:
        told = [(one.data["motion"], one.data["item"]) for one in events(conn, meeting_id) if one.kind == "motion.revised"]
    assert told == [(first, 3), (second, None), (first, 1)]
    with db.write() as conn:
        service.open(conn, meeting_id, CHAIR, at)
        service.motion_start(conn, first, CHAIR, at)
        assert [one.data["item"] for one in events(conn, meeting_id) if one.kind == "motion.opened"] == [1]
