"""One screen a room: of whoever has the floor, of the chair, of whom the chair let; over as soon as that is no longer so."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from meetings import muting, service, sharing, speaking
from meetings.access import Subject
from meetings.errors import Conflict, NotAllowed, NotFound
from meetings.speech import Kind
from meetings.store import meeting_store, share_store
from meetings.store.database import Connection, Database
from meetings.store.ledger_store import events
from meetings.store.voice_table import screen_share
from tests.support.factories import CHAIR, OFFICER, POINTS, SECRETARY, convened, opened, seat_of


def by(_conn: Connection, meeting_id: str, point_id: int) -> Subject:
    return seat_of(meeting_id, POINTS[point_id - 1])


def shares(conn: Connection, meeting_id: str) -> int | None:
    now = share_store.of(conn, meeting_id)
    return now.point_id if now else None


def told(conn: Connection, meeting_id: str) -> list[tuple[str, int | None, str | None]]:
    return [(one.kind, one.point["id"] if one.point else None, (one.data or {}).get("why"))
            for one in events(conn, meeting_id) if one.kind.startswith("screen.")]


def here(conn: Connection, meeting_id: str, at: datetime, *points: int) -> None:
    for point in points:
        service.seat_join(conn, meeting_id, point, at)


def test_whoever_has_the_floor_shares_and_stops_when_it_goes_on(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        here(conn, meeting_id, at, 2, 3, 4)
        with pytest.raises(NotAllowed, match="share.floor"):
            sharing.begin(conn, meeting_id, by(conn, meeting_id, 3), at)
        service.floor_give(conn, meeting_id, 3, CHAIR, at)
        assert sharing.begin(conn, meeting_id, by(conn, meeting_id, 3), at)
        assert not sharing.begin(conn, meeting_id, by(conn, meeting_id, 3), at), "another device of it"
        service.floor_give(conn, meeting_id, 4, CHAIR, at, Kind.QUESTION)
        assert shares(conn, meeting_id) == 3, "a question leaves what is asked about where it is"
        service.floor_give(conn, meeting_id, 3, CHAIR, at)
        assert shares(conn, meeting_id) == 3
        service.floor_give(conn, meeting_id, 4, CHAIR, at)
        assert shares(conn, meeting_id) is None
        assert told(conn, meeting_id) == [("screen.shared", 3, None), ("screen.ended", 3, "floor")]


def test_the_chairs_point_shares_when_it_likes_and_takes_the_place_of_another_screen(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = convened(conn, at)
        main = meeting_store.load(conn, meeting_id).main_point_id
        assert main is not None
        here(conn, meeting_id, at, main, 3, 4)
        assert sharing.begin(conn, meeting_id, by(conn, meeting_id, main), at), "before the opening, to try it"
        with pytest.raises(NotAllowed, match="share.pause"):
            sharing.begin(conn, meeting_id, by(conn, meeting_id, 3), at)
        assert sharing.finish(conn, meeting_id, by(conn, meeting_id, main), at)
        assert not sharing.finish(conn, meeting_id, by(conn, meeting_id, main), at)
        service.open(conn, meeting_id, CHAIR, at)
        assert sharing.let(conn, meeting_id, 3, CHAIR, at) and not sharing.let(conn, meeting_id, 3, SECRETARY, at)
        assert sharing.begin(conn, meeting_id, by(conn, meeting_id, 3), at)
        service.floor_give(conn, meeting_id, 4, CHAIR, at)
        with pytest.raises(Conflict, match="share.taken"):
            sharing.begin(conn, meeting_id, by(conn, meeting_id, 4), at)
        assert sharing.begin(conn, meeting_id, by(conn, meeting_id, main), at)
        assert shares(conn, meeting_id) == main
        assert told(conn, meeting_id)[2:] == [("screen.allowed", 3, None), ("screen.shared", 3, None), ("screen.ended", 3, "other"), ("screen.shared", main, None)]


def test_the_chair_takes_it_away_silences_rests_and_closes(db: Database, at: datetime) -> None:
    later = at + timedelta(minutes=1)
    with db.write() as conn:
        meeting_id = opened(conn, at)
        here(conn, meeting_id, at, 3, 4)
        point = by(conn, meeting_id, 3)
        assert not sharing.take(conn, meeting_id, CHAIR, at)

        def again() -> None:
            sharing.let(conn, meeting_id, 3, CHAIR, at)
            assert sharing.begin(conn, meeting_id, point, at)

        again()
        assert sharing.take(conn, meeting_id, SECRETARY, at)
        with pytest.raises(NotAllowed, match="share.floor"):
            sharing.begin(conn, meeting_id, point, at)
        again()
        muting.mute(conn, meeting_id, 3, True, CHAIR, later)
        with pytest.raises(NotAllowed, match="share.muted"):
            sharing.begin(conn, meeting_id, point, at)
        muting.mute(conn, meeting_id, 3, False, CHAIR, later)
        again()
        service.suspend(conn, meeting_id, CHAIR, later)
        service.resume(conn, meeting_id, CHAIR, later)
        again()
        sharing.let(conn, meeting_id, None, CHAIR, later)
        again()
        service.seat_leave(conn, meeting_id, 3, "gone", later)
        with pytest.raises(NotAllowed, match="share.left"):
            sharing.begin(conn, meeting_id, point, later)
        here(conn, meeting_id, later, 3)
        again()
        service.seat_leave(conn, meeting_id, 3, "restart", later)
        assert shares(conn, meeting_id) == 3 and sharing.running(conn) == [(meeting_id, 3, point.seat.code if point.seat else "")]
        assert sharing.lost(conn, meeting_id, 3, later) and not sharing.lost(conn, meeting_id, 3, later)
        here(conn, meeting_id, later, 3)
        again()
        service.close(conn, meeting_id, CHAIR, later)
        assert shares(conn, meeting_id) is None
        assert [why for kind, _, why in told(conn, meeting_id) if kind == "screen.ended"] == ["chair", "muted", "pause", "floor", "left", "lost", "closed"]


def test_who_conducts_lets_and_takes_and_nobody_else(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        here(conn, meeting_id, at, 3)
        for somebody in (OFFICER, by(conn, meeting_id, 3)):
            with pytest.raises((NotAllowed, NotFound)):
                sharing.let(conn, meeting_id, 3, somebody, at)
            with pytest.raises((NotAllowed, NotFound)):
                sharing.take(conn, meeting_id, somebody, at)
        with pytest.raises(NotAllowed, match="share.no_point"):
            sharing.begin(conn, meeting_id, CHAIR, at)
        with pytest.raises(Conflict, match="share.none"):
            sharing.may_send(conn, meeting_id, by(conn, meeting_id, 3))
        service.floor_give(conn, meeting_id, 3, CHAIR, at)
        sharing.begin(conn, meeting_id, by(conn, meeting_id, 3), at)
        sharing.may_send(conn, meeting_id, by(conn, meeting_id, 3))
        speaking.end_floor(conn, meeting_id, CHAIR, at)


def test_the_database_takes_no_screen_of_a_point_that_may_share_none(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        here(conn, meeting_id, at, 3)
    with pytest.raises(IntegrityError, match="screen_may_insert"), db.write() as conn:
        conn.execute(insert(screen_share).values(meeting_id=meeting_id, point_id=3, since=at))
