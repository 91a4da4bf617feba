"""How each point stands for those who keep a meeting running: where it is, what is wrong, in sentences."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from meetings import service
from meetings.store.database import Database
from tests.support.factories import CHAIR, POINTS, opened
from web import quality, watching
from web.watching import Stands


def line(code: str, level: str, reason: str = "", transport: str = "udp", **more: Any) -> dict[str, Any]:
    found = {"state": "up", "session": "s", "name": code, "role": "publish", "quality": {"reason": reason, "transport": transport, **more}}
    told = quality.told(found)
    assert told["level"] == level
    return told


def test_each_point_stands_as_record_relay_and_policy_say(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = opened(conn, at)
        here = [seat.code for seat in service.state(conn, meeting_id).seats if seat.joined_at is not None]
        service.floor_give(conn, meeting_id, POINTS[4].point_id, by=CHAIR, at=at + timedelta(minutes=1))
        service.seat_leave(conn, meeting_id, POINTS[1].point_id, "gone", at + timedelta(minutes=2))
        state = service.state(conn, meeting_id)
    codes = [point.code for point in POINTS]
    assert set(codes) == set(here)
    troubles = {
        codes[2]: [line(codes[2], "fair", "uplink_loss", loss=0.07), line(codes[2], "fair", transport="tcp")],
        codes[3]: [line(codes[3], "bad", "frozen")],
    }
    came = {seat.point_id for seat in state.seats if seat.code != codes[0]}
    rows = watching.rows(state, came, [codes[4]], troubles, [codes[2], codes[1]])
    assert rows[codes[1]]["stands"] == Stands.LEFT and not rows[codes[1]]["picture"], "who left sends nothing"
    assert rows[codes[2]]["stands"] == Stands.FAIR and rows[codes[2]]["picture"]
    assert "7 %" in rows[codes[2]]["why"] and "UDP" in rows[codes[2]]["why"]
    assert rows[codes[3]]["stands"] == Stands.BAD
    assert rows[codes[4]]["stands"] == Stands.AWAY and rows[codes[4]]["floor"] and not rows[codes[4]]["silenced"]
    assert rows[codes[2]]["silenced"], "somebody else has the floor"
    assert sum(watching.counts(rows).values()) == len(codes)


def test_only_what_differs_is_told_and_who_is_booked_no_more_is_gone() -> None:
    row = {"stands": "here", "why": ""}
    assert watching.changed({}, {"A": row, "B": row}) == [{"code": "A", **row}, {"code": "B", **row}]
    assert watching.changed({"A": row, "B": row}, {"A": {**row, "why": "x"}}) == [{"code": "A", "stands": "here", "why": "x"}, {"code": "B", "gone": True}]
    assert watching.changed({"A": row}, {"A": row}) == []
