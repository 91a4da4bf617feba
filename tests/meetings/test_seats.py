"""Booked points take seats; presence follows real peers; delegates are named."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError

from meetings import papers, service
from meetings.attendance import Presence
from meetings.errors import Conflict, Invalid, NotAllowed, NotFound
from meetings.meeting import PointRef
from meetings.store import seat_store, tables
from meetings.store.database import Database
from meetings.store.ledger_store import events
from tests.support.factories import CHAIR, CLERK, OFFICER, POINTS, SECRETARY, STRANGER, convened, draft, opened, seat_of


def test_booked_points_get_seats_and_links_in_their_order(db: Database, at: datetime) -> None:
    order = (POINTS[3], POINTS[0], POINTS[2])
    with db.write() as conn:
        meeting_id = draft(conn, at)
        assert service.seats_set(conn, meeting_id, order, by=SECRETARY, at=at) == 3
        event = events(conn, meeting_id)[-1]
        assert [seat.point_id for seat in service.state(conn, meeting_id).seats] == [4, 1, 3]
        assert [link.point_id for link in service.links(conn, meeting_id)] == [4, 1, 3]
    assert (event.kind, event.data["count"]) == ("meeting.booked", 3)
    assert event.data["points"][0] == {"id": 4, "code": "06973", "name": "Điểm cầu xã Đồn Đạc", "unit": "x2",
                                       "level": "commune"}


def test_booking_again_adds_and_removes_and_keeps_the_links_of_the_rest(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = convened(conn, at, POINTS[:3])
        before = {link.point_id: link.link_id for link in service.links(conn, meeting_id)}
        service.seats_set(conn, meeting_id, POINTS[1:5], by=SECRETARY, at=at)
        after = {link.point_id: link.link_id for link in service.links(conn, meeting_id)}
        count = len(events(conn, meeting_id))
        service.seats_set(conn, meeting_id, POINTS[1:5], by=SECRETARY, at=at)
        assert len(events(conn, meeting_id)) == count  # nothing changed, nothing recorded
    assert set(after) == {2, 3, 4, 5}
    assert (after[2], after[3]) == (before[2], before[3])


def test_a_point_that_left_traces_stays_booked(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = convened(conn, at)
        service.seat_join(conn, meeting_id, 2, at)
        service.delegate_add(conn, meeting_id, 3, "Nguyễn Văn An", "Chủ tịch", True, by=SECRETARY, at=at)
        with pytest.raises(Conflict) as refused:
            service.seats_set(conn, meeting_id, POINTS[:1], by=SECRETARY, at=at)
        assert [point["id"] for point in refused.value.params["points"]] == [2, 3]
        paper = papers.document_offer(conn, meeting_id, papers.File("a.pdf", "application/pdf", 3, "ab" * 32, 1), seat_of(meeting_id, POINTS[3]), at)
        with pytest.raises(Conflict):  # the secretary could neither take its paper nor refuse it
            service.seats_set(conn, meeting_id, POINTS[:3], by=SECRETARY, at=at)
        papers.document_settle(conn, meeting_id, paper, False, "", SECRETARY, at)
        service.open(conn, meeting_id, by=CHAIR, at=at)
        with pytest.raises(Conflict, match=r"meeting\.state"):
            service.seats_set(conn, meeting_id, POINTS[:4], by=SECRETARY, at=at)
        assert len(service.state(conn, meeting_id).seats) == 5


def test_a_point_named_twice_is_refused(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = draft(conn, at)
        with pytest.raises(Invalid, match=r"seat\.twice"):
            service.seats_set(conn, meeting_id, [POINTS[0], POINTS[0]], by=SECRETARY, at=at)


def test_only_the_secretary_books(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = convened(conn, at)
        for who, error in ((CLERK, NotAllowed), (OFFICER, NotAllowed), (STRANGER, NotFound)):
            with pytest.raises(error):
                service.seats_set(conn, meeting_id, POINTS[:1], by=who, at=at)


def test_a_stay_begins_and_ends_with_the_peers(db: Database, at: datetime) -> None:
    minutes = [at + timedelta(minutes=n) for n in range(4)]
    with db.write() as conn:
        meeting_id = convened(conn, at)  # points come before the opening
        assert service.seat_join(conn, meeting_id, 2, minutes[0])
        assert not service.seat_join(conn, meeting_id, 2, minutes[1])  # a second device is the same stay
        assert service.seat_leave(conn, meeting_id, 2, "gone", minutes[2])
        assert not service.seat_leave(conn, meeting_id, 2, "gone", minutes[2])
        assert service.seat_join(conn, meeting_id, 2, minutes[3])
        stays = seat_store.presences(conn, meeting_id)
        tail = [(e.kind, e.data, e.point and e.point["code"]) for e in events(conn, meeting_id)[-3:]]
    assert stays == [Presence(2, minutes[0], minutes[2], "gone"), Presence(2, minutes[3])]
    assert tail == [("point.joined", {}, "204"), ("point.left", {"reason": "gone"}, "204"), ("point.joined", {}, "204")]


def test_a_stay_never_ends_before_it_began(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        service.seat_leave(conn, meeting_id, 2, "gone", at - timedelta(hours=1))  # the clock was set back
        [stay] = [s for s in seat_store.presences(conn, meeting_id) if s.point_id == 2]
    assert stay == Presence(2, at, at, "gone")


def test_a_meeting_ends_whatever_the_clock_says(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        service.seat_leave(conn, meeting_id, 2, "gone", at)
        service.seat_join(conn, meeting_id, 2, at + timedelta(hours=2))
        service.close(conn, meeting_id, CHAIR, at + timedelta(hours=1))  # the clock was set back
        stays = [(stay.joined_at, stay.left_at) for stay in seat_store.presences(conn, meeting_id)]
    assert stays and all(left is not None and left >= joined for joined, left in stays)
    assert max(left for _joined, left in stays if left) == at + timedelta(hours=2)


def test_a_point_that_is_not_booked_cannot_join(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = opened(conn, at)
        with pytest.raises(NotFound, match=r"seat\.unknown"):
            service.seat_join(conn, meeting_id, 99, at)
        with pytest.raises(NotFound, match="not_found"):
            service.seat_join(conn, "nothing", 1, at)
        with pytest.raises(Conflict, match=r"meeting\.state"):
            service.seat_join(conn, draft(conn, at), 1, at)


def test_after_a_restart_nobody_is_present(db: Database, at: datetime) -> None:
    with db.write() as conn:
        one, two = opened(conn, at), opened(conn, at)
        assert service.seats_clear(conn, at) == 10
        assert service.seats_clear(conn, at) == 0
        assert [service.state(conn, meeting_id).present for meeting_id in (one, two)] == [0, 0]
        assert events(conn, two)[-1].data == {"reason": "restart"}


def test_the_database_keeps_one_open_stay_and_never_rewrites_one(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        service.seat_leave(conn, meeting_id, 2, "gone", at)
    stay, table = {"meeting_id": meeting_id, "point_id": 1, "n": 2, "joined_at": at}, tables.presence
    for crime in (
        insert(table).values(stay),
        insert(table).values({**stay, "point_id": 99}),
        insert(table).values({**stay, "left_at": at - timedelta(seconds=1), "reason": "gone"}),
        insert(table).values({**stay, "left_at": at}),
        update(table).where(table.c.point_id == 2).values(left_at=None, reason=None),
        delete(table),
    ):
        with pytest.raises(IntegrityError), db.write() as conn:
            conn.execute(crime)


def test_delegates_are_recorded_and_corrected(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        own = seat_of(meeting_id, POINTS[2])
        delegate = service.delegate_add(conn, meeting_id, 3, " Nguyễn Văn An ", "Chủ tịch UBND xã", False, own, at)
        service.delegate_present(conn, delegate, True, by=CHAIR, at=at)
        [row] = service.delegates(conn, meeting_id)
        tail = [(e.data, e.point and e.point["id"]) for e in events(conn, meeting_id)[-2:]]
    recorded = {"delegate": delegate, "name": "Nguyễn Văn An", "post": "Chủ tịch UBND xã"}
    assert tail == [({**recorded, "present": False}, 3), ({**recorded, "present": True}, 3)]
    assert (row.name, row.present, row.point_id) == ("Nguyễn Văn An", True, 3)


def test_a_point_names_its_own_delegates_only(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id, other = opened(conn, at), opened(conn, at)
        for who, error in (
            (seat_of(meeting_id, POINTS[1]), NotAllowed), (seat_of(other, POINTS[2]), NotFound), (CLERK, NotAllowed),
            (STRANGER, NotFound),
        ):
            with pytest.raises(error):
                service.delegate_add(conn, meeting_id, 3, "Ai đó", "", True, by=who, at=at)
        with pytest.raises(NotFound, match=r"seat\.unknown"):
            service.delegate_add(conn, meeting_id, 99, "Ai đó", "", True, by=SECRETARY, at=at)
        with pytest.raises(Invalid, match=r"text\.too_long"):
            service.delegate_add(conn, meeting_id, 3, "x" * 51, "", True, by=SECRETARY, at=at)
        with pytest.raises(NotFound, match=r"delegate\.unknown"):
            service.delegate_present(conn, "nobody", True, by=CHAIR, at=at)


def test_codes_of_a_meeting_s_seats_differ(db: Database, at: datetime) -> None:
    """The code is the media name of the point's peers: two alike would replace each other."""
    twins = [POINTS[0], PointRef(77, POINTS[0].code, "Điểm khác", "x4", "commune")]
    with pytest.raises(IntegrityError), db.write() as conn:
        service.seats_set(conn, draft(conn, at), twins, by=SECRETARY, at=at)
