"""What an owner offers instead: another point, another time, or both; who is told of it, who may take it, and when it is gone."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select

from meetings.errors import Conflict, Invalid
from meetings.ledger import stamp
from meetings.store.database import Database
from scheduler import requests, service, store
from scheduler.approval import Offer, Standing
from scheduler.outbox_table import outbox
from scheduler.request_store import Stored
from scheduler.slots import Slot
from tests.scheduler.conftest import Province
from tests.scheduler.test_requests import DAY, answer, asked, cascade, office_of, rows
from tests.scheduler.test_service import HOUR, one_engine


def two_points(db: Database, province: Province, at: datetime) -> tuple[str, Stored, int]:
    """A commune that has another room is asked last; the number of that room."""
    meeting_id, request = cascade(db, province, at)
    upper, owner = request.request.route
    with db.write() as conn:
        values = {"code": "ROOM2", "name": "Phòng họp 2", "unit_id": owner}
        room: int = conn.execute(store.point.insert().values(values).returning(store.point.c.point_id)).scalar_one()
    answer(db, "agree", request, office_of(province, upper), at)
    return meeting_id, request, room


@one_engine
def test_another_point_at_another_time_is_taken_as_it_was_offered(db: Database, province: Province, at: datetime) -> None:
    meeting_id, request, room = two_points(db, province, at)
    slot = Slot(request.request.slot.start + DAY, request.request.slot.end + DAY)
    answer(db, "counter", request, office_of(province, request.request.owner), at, Offer((room,), slot), "")
    with db.write() as conn:
        service.accept(conn, request.request_id, province.office("202").secretary, at)
    [after] = asked(db, meeting_id)
    assert (after.request.point_ids, after.request.slot, after.request.round) == ((room,), slot, 2)
    assert rows(db, meeting_id) == {province.point("202").point_id: "confirmed", room: "pending"}


@one_engine
def test_who_is_offered_something_is_told_what_it_is(db: Database, province: Province, at: datetime) -> None:
    meeting_id, request, room = two_points(db, province, at)
    owner, secretary = office_of(province, request.request.owner), province.office("202").secretary
    slot = Slot(request.request.slot.start + DAY, request.request.slot.end + DAY)
    point, time = {"points": ["Phòng họp 2 (ROOM2)"]}, {"offer_start": stamp(slot.start), "offer_end": stamp(slot.end)}
    for place, (what, offer, named) in enumerate((
        ("request.offered_point", Offer((room,)), point), ("request.offered_time", Offer(slot=slot), {"points": [], **time}),
        ("request.offered", Offer((room,), slot), {**point, **time}),
    )):
        answer(db, "counter", request, owner, at + place * HOUR, offer, "")
        with db.read() as conn:
            said = [one for one in conn.execute(select(outbox.c.payload).order_by(outbox.c.item_id)).scalars() if one["meeting_id"] == meeting_id][-1]
        assert (said["what"], said["to"]) == (what, {"user": secretary.user_id})
        assert {name: said["params"].get(name) for name in named} == named
        with db.write() as conn:
            requests.insist(conn, request.request_id, secretary, at + place * HOUR)


@one_engine
def test_a_point_that_the_meeting_has_is_neither_offered_nor_taken(db: Database, province: Province, at: datetime) -> None:
    meeting_id, request, room = two_points(db, province, at)
    owner, secretary = office_of(province, request.request.owner), province.office("202").secretary
    answer(db, "counter", request, owner, at, Offer((room,)), "")
    with db.write() as conn:
        service.book(conn, meeting_id, [*rows(db, meeting_id), room], secretary, at)
    with pytest.raises(Invalid) as refused, db.write() as conn:
        service.accept(conn, request.request_id, secretary, at)
    assert refused.value.code == "offer.have"
    with db.write() as conn:
        requests.insist(conn, request.request_id, secretary, at)
    with pytest.raises(Invalid) as refused:
        answer(db, "counter", request, owner, at, Offer((room,)), "")
    assert refused.value.code == "offer.have"


@one_engine
def test_an_offered_point_that_was_taken_meanwhile_is_not_accepted(db: Database, province: Province, at: datetime) -> None:
    meeting_id, request, room = two_points(db, province, at)
    owner = office_of(province, request.request.owner)
    answer(db, "counter", request, owner, at, Offer((room,)), "")
    own = owner.draft(db, request.request.slot.start)
    with db.write() as conn:
        service.book(conn, own, [room], owner.secretary, at)
    with pytest.raises(Conflict) as refused, db.write() as conn:
        service.accept(conn, request.request_id, province.office("202").secretary, at)
    assert refused.value.params["conflicts"][0]["point"] == room
    assert asked(db, meeting_id)[0].request.standing is Standing.OFFERED
