"""Coming in: links open seats until they are revoked or the meeting ends; a ticket opens one session, once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from meetings import service
from meetings.access import SeatRef
from meetings.admission import Ticket, link_secret, token_digest
from meetings.errors import Closed, Conflict, NotAllowed, NotFound
from meetings.store import tables
from meetings.store.database import Connection, Database
from meetings.store.ledger_store import events
from tests.support.factories import CHAIR, OFFICER, SECRETARY, STRANGER, TECHNICIAN, convened, draft, opened

KEY = b"k" * 32
SECOND = timedelta(seconds=1)


def secret(conn: Connection, meeting_id: str, point_id: int = 3) -> str:
    link = next(link for link in service.links(conn, meeting_id) if link.point_id == point_id)
    return link_secret(KEY, link.link_id, link.generation)


def test_a_link_opens_its_seat_again_and_again(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = convened(conn, at)
        text = secret(conn, meeting_id)
        link_id = next(link.link_id for link in service.links(conn, meeting_id) if link.point_id == 3)
        for _ in range(2):
            assert service.link_open(conn, KEY, text) == SeatRef(meeting_id, 3, "06970", link_id)
        with pytest.raises(NotFound, match=r"link\.unknown"):
            service.link_open(conn, KEY, text[:-1])
        with pytest.raises(NotFound, match=r"link\.unknown"):
            service.link_open(conn, KEY, link_secret(KEY, meeting_id, 1))  # well made, of a link that never was


def test_a_revoked_link_opens_nothing_and_a_renewed_one_only_by_its_new_card(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = convened(conn, at)
        old = secret(conn, meeting_id)
        assert service.link_revoke(conn, meeting_id, 3, by=SECRETARY, at=at) == []
        with pytest.raises(NotFound, match=r"link\.revoked"):
            service.link_open(conn, KEY, old)
        with pytest.raises(Conflict, match=r"link\.revoked"):
            service.link_revoke(conn, meeting_id, 3, by=SECRETARY, at=at)
        renewed = service.link_renew(conn, meeting_id, 3, by=TECHNICIAN, at=at)
        assert (renewed.generation, renewed.revoked) == (2, False)
        with pytest.raises(NotFound, match=r"link\.revoked"):
            service.link_open(conn, KEY, old)
        assert service.link_open(conn, KEY, secret(conn, meeting_id)).point_id == 3
        tail = [(e.kind, e.data, e.point and e.point["id"]) for e in events(conn, meeting_id)[-2:]]
    assert tail == [("link.revoked", {}, 3), ("link.renewed", {"generation": 2}, 3)]
    with pytest.raises(IntegrityError, match="join_link_generation"), db.write() as conn:
        conn.execute(update(tables.join_link).values(generation=1).where(tables.join_link.c.generation == 2))


def test_links_and_tickets_end_with_the_meeting(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        text = secret(conn, meeting_id)
        token = service.mint(conn, meeting_id, "publish", "06970", 3, at=at)
        service.close(conn, meeting_id, by=CHAIR, at=at)
        for attempt in (
            lambda: service.link_open(conn, KEY, text),
            lambda: service.mint(conn, meeting_id, "publish", "06970", 3, at=at),
            lambda: service.redeem(conn, token, meeting_id, "publish", at),
            lambda: service.link_revoke(conn, meeting_id, 3, by=SECRETARY, at=at),
        ):
            with pytest.raises(Closed, match=r"meeting\.concluded"):
                attempt()


def test_who_may_revoke(sqlite_db: Database, at: datetime) -> None:
    with sqlite_db.write() as conn:
        meeting_id = convened(conn, at)
        for who, error in ((OFFICER, NotAllowed), (CHAIR, NotAllowed), (STRANGER, NotFound)):
            with pytest.raises(error):
                service.link_revoke(conn, meeting_id, 3, by=who, at=at)


def test_a_ticket_opens_one_session_and_its_bearer_keeps_it(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = convened(conn, at)
        link = service.links(conn, meeting_id)[2]
        token = service.mint(conn, meeting_id, "publish", "06970", 3, link.link_id, at=at)
        ticket = service.redeem(conn, token, meeting_id, "publish", at + SECOND)
        assert ticket == Ticket(meeting_id, "publish", "06970", 3, ticket.session_id)
        late = at + timedelta(hours=5)
        assert service.session_of(conn, ticket.session_id, token) == ticket
        for session, bearer in ((ticket.session_id, "other"), ("other", token)):
            with pytest.raises(NotFound, match=r"session\.unknown"):
                service.session_of(conn, session, bearer)
        assert service.end_session(conn, ticket.session_id, late)
        assert not service.end_session(conn, ticket.session_id, late)
        with pytest.raises(NotFound, match=r"session\.unknown"):
            service.session_of(conn, ticket.session_id, token)


def test_a_ticket_is_refused_for_its_true_reason(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id, other = convened(conn, at), convened(conn, at)
        token = service.mint(conn, meeting_id, "publish", "06970", 3, at=at)
        for bearer, room, role, when, code in (
            (token, other, "publish", at, "ticket.foreign"),
            (token, meeting_id, "subscribe", at, "ticket.foreign"),
            ("x" * 43, meeting_id, "publish", at, "ticket.foreign"),
            ("", meeting_id, "publish", at, "ticket.foreign"),
            (token, meeting_id, "publish", at + 61 * SECOND, "ticket.expired"),
        ):
            with pytest.raises(NotFound) as refused:
                service.redeem(conn, bearer, room, role, when)
            assert refused.value.code == code
        service.redeem(conn, token, meeting_id, "publish", at + 60 * SECOND)  # the last second counts
        with pytest.raises(NotFound, match=r"ticket\.used"):
            service.redeem(conn, token, meeting_id, "publish", at + 60 * SECOND)


def test_a_ticket_of_a_revoked_link_is_void_and_live_sessions_are_named(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = convened(conn, at)
        link = service.links(conn, meeting_id)[2]
        live, spare = (service.mint(conn, meeting_id, "publish", "06970", 3, link.link_id, at=at) for _ in range(2))
        session = service.redeem(conn, live, meeting_id, "publish", at).session_id
        assert service.link_revoke(conn, meeting_id, 3, by=SECRETARY, at=at) == [session]
    for renew in (False, True):
        with pytest.raises(NotFound, match=r"link\.revoked"), db.write() as conn:
            if renew:
                service.link_renew(conn, meeting_id, 3, by=SECRETARY, at=at)
            service.redeem(conn, spare, meeting_id, "publish", at)
    with pytest.raises(NotFound, match=r"link\.revoked"), db.write() as conn:
        service.mint(conn, meeting_id, "publish", "06970", 3, link.link_id, at=at)


def test_rooms_that_take_tickets(db: Database, at: datetime) -> None:
    with db.write() as conn:
        bench = service.mint(conn, "bench-1", "subscribe", "viewer", at=at)
        assert service.redeem(conn, bench, "bench-1", "subscribe", at).point_id is None
        with pytest.raises(NotFound, match=r"room\.unknown"):
            service.mint(conn, "nothing", "publish", "x", at=at)
        with pytest.raises(Conflict, match=r"meeting\.state"):
            service.mint(conn, draft(conn, at), "publish", "x", at=at)
        meeting_id, other = convened(conn, at), convened(conn, at)
        with pytest.raises(NotFound, match=r"seat\.unknown"):
            service.mint(conn, meeting_id, "publish", "x", 99, at=at)
        foreign = service.links(conn, other)[0].link_id
        with pytest.raises(NotFound, match=r"link\.revoked"):
            service.mint(conn, meeting_id, "publish", "x", 1, foreign, at=at)
        with pytest.raises(ValueError, match="watch"):
            service.mint(conn, meeting_id, "watch", "x", 1, at=at)


def test_the_database_holds_no_ticket_and_spends_it_once(db: Database, at: datetime) -> None:
    with db.write() as conn:
        token = service.mint(conn, "bench-1", "publish", "x", at=at)
        service.redeem(conn, token, "bench-1", "publish", at)
        stored = conn.execute(select(tables.ticket)).one()
    assert stored.token_sha256 == token_digest(token)
    assert token not in str(stored)
    for values in (
        {"used_at": None, "session_id": None}, {"session_id": "x"}, {"used_at": at + SECOND},
        {"room": "bench-2"}, {"role": "subscribe"}, {"expires_at": at + timedelta(days=1)}, {"role": "watch"},
    ):
        with pytest.raises(IntegrityError), db.write() as conn:
            conn.execute(update(tables.ticket).values(**values))
    with db.write() as conn:
        service.end_session(conn, stored.session_id, at)
    with pytest.raises(IntegrityError, match="ticket_spent"), db.write() as conn:
        conn.execute(update(tables.ticket).values(ended_at=None))


def test_the_database_takes_no_use_after_the_end_of_a_ticket(db: Database, at: datetime) -> None:
    with db.write() as conn:
        service.mint(conn, "bench-1", "publish", "x", at=at)
    with pytest.raises(IntegrityError, match="in_time"), db.write() as conn:
        conn.execute(update(tables.ticket).values(used_at=at + timedelta(minutes=2), session_id="s"))


def test_spent_tickets_are_forgotten_and_live_sessions_are_not(db: Database, at: datetime) -> None:
    with db.write() as conn:
        tokens = [service.mint(conn, "bench-1", "publish", "x", at=at) for _ in range(3)]
        live = service.redeem(conn, tokens[0], "bench-1", "publish", at)
        over = service.redeem(conn, tokens[1], "bench-1", "publish", at)
        service.end_session(conn, over.session_id, at + SECOND)
        assert service.tickets_purge(conn, at + timedelta(hours=1)) == 2
        assert service.session_of(conn, live.session_id, tokens[0]) == live


def test_a_place_that_is_taken_over_ends_its_sessions_and_unused_tickets_and_those_of_nobody_else(
    db: Database, at: datetime
) -> None:
    with db.write() as conn:
        meeting_id = convened(conn, at)
        link_of = {link.point_id: link.link_id for link in service.links(conn, meeting_id)}

        def mint(point_id: int, name: str) -> str:
            return service.mint(conn, meeting_id, "publish", name, point_id, link_of[point_id], at=at)

        used, unused, other = mint(3, "06970"), mint(3, "06970"), mint(2, "204")
        first = service.redeem(conn, used, meeting_id, "publish", at).session_id
        neighbour = service.redeem(conn, other, meeting_id, "publish", at).session_id
        waiting = mint(2, "204")
        assert service.seat_taken(conn, link_of[3], at) == [first]
        for good_for_nothing in (used, unused):
            with pytest.raises(NotFound, match=r"ticket\.|session\."):
                service.redeem(conn, good_for_nothing, meeting_id, "publish", at)
        with pytest.raises(NotFound, match=r"session\.unknown"):
            service.session_of(conn, first, used)
        assert service.session_of(conn, neighbour, other).session_id == neighbour
        assert service.redeem(conn, waiting, meeting_id, "publish", at).session_id
        assert service.redeem(conn, mint(3, "06970"), meeting_id, "publish", at).session_id  # the new device's own


def test_a_television_goes_on_when_another_device_takes_the_place_and_ends_with_the_link(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = convened(conn, at)
        link = next(one for one in service.links(conn, meeting_id) if one.point_id == 3)
        tokens = [service.mint(conn, meeting_id, "subscribe", "06970", link_id=link.link_id, at=at, device="06970 tv") for _ in range(2)]
        shown = service.redeem(conn, tokens[0], meeting_id, "subscribe", at)
        own = service.redeem(conn, service.mint(conn, meeting_id, "publish", "06970", 3, link.link_id, at=at, device="a"), meeting_id, "publish", at)
        assert (shown.beside, own.beside) == ("06970 tv", None)
        assert service.seat_taken(conn, link.link_id, at) == [own.session_id]
        later = service.redeem(conn, tokens[1], meeting_id, "subscribe", at)
        assert set(service.link_revoke(conn, meeting_id, 3, by=SECRETARY, at=at)) == {shown.session_id, later.session_id}


def test_after_a_restart_no_session_is_live(db: Database, at: datetime) -> None:
    with db.write() as conn:
        used, unused = [service.mint(conn, "bench-1", "publish", "x", at=at) for _ in range(2)]
        session = service.redeem(conn, used, "bench-1", "publish", at).session_id
        assert service.sessions_clear(conn, at + SECOND) == 1
        assert service.sessions_clear(conn, at + SECOND) == 0
        with pytest.raises(NotFound, match=r"session\.unknown"):
            service.session_of(conn, session, used)
        assert service.redeem(conn, unused, "bench-1", "publish", at + SECOND)  # a ticket in hand is still good
