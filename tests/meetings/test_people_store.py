"""Who is there by name, as votes read it."""

from __future__ import annotations

from datetime import datetime

from meetings import service
from meetings.store.database import Database
from meetings.store.people_store import PersonAt, present_persons
from tests.support.factories import CHAIR, SECRETARY, opened


def test_those_who_are_there_come_point_by_point_and_nobody_else(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id, other = opened(conn, at), opened(conn, at)
        made = {
            name: service.delegate_add(conn, meeting_id, point, name, post, there, by=SECRETARY, at=at)
            for name, post, point, there in (("Vũ Bình", "", 3, True), ("Lê An", "Chủ tịch", 2, True), ("Đỗ Cúc", "", 2, False),
                                             ("Hà Dũng", "", 2, True))}
        service.delegate_add(conn, other, 2, "Người khác", "", True, by=SECRETARY, at=at)
        assert [one.name for one in present_persons(conn, meeting_id)] == ["Lê An", "Hà Dũng", "Vũ Bình"]
        assert present_persons(conn, meeting_id)[0] == PersonAt(made["Lê An"], 2, "Lê An", "Chủ tịch")
        service.delegate_present(conn, made["Hà Dũng"], False, by=CHAIR, at=at)
        assert [one.name for one in present_persons(conn, meeting_id)] == ["Lê An", "Vũ Bình"]
