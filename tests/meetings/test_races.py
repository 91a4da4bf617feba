"""Real concurrent writers on both databases: one wins, the others are told why, nothing is counted twice."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from meetings import service
from meetings.errors import MeetingError
from meetings.ledger import verify_chain
from meetings.store import tables, vote_table
from meetings.store.database import Connection, Database
from meetings.store.ledger_store import events
from meetings.voting import Rule
from tests.support.factories import CHAIR, POINTS, SECRETARY, convened, opened, seat_of

ANY = Rule(Fraction(0), Fraction(1, 2), "all")


def race(db: Database, attempts: list[Callable[[Connection], Any]]) -> list[str]:
    """Run every attempt in a thread and transaction of its own, started together; "won" or the error's code."""
    barrier, outcomes, guard = threading.Barrier(len(attempts)), [], threading.Lock()

    def run(attempt: Callable[[Connection], Any]) -> None:
        barrier.wait()
        try:
            with db.write() as conn:
                attempt(conn)
            outcome = "won"
        except MeetingError as error:
            outcome = error.code
        except Exception as error:  # noqa: BLE001 - an unforeseen error is an outcome that no test expects
            outcome = repr(error)
        with guard:
            outcomes.append(outcome)

    threads = [threading.Thread(target=run, args=(attempt,)) for attempt in attempts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return outcomes


def test_of_sixteen_ballots_of_one_point_one_counts(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        motion = service.motion_open(conn, meeting_id, "Thông qua", ANY, by=CHAIR, at=at)
    who = seat_of(meeting_id, POINTS[0])
    outcomes = race(db, [
        lambda conn, choice=choice: service.cast(conn, motion, 1, choice, by=who, at=at)
        for choice in ["for", "against"] * 8
    ])
    assert Counter(outcomes) == {"won": 1, "ballot.twice": 15}
    with db.write() as conn:
        result = service.motion_close(conn, motion, by=CHAIR, at=at)
        assert sum(1 for e in events(conn, meeting_id) if e.kind == "ballot.cast") == 1
    assert sum(result.counts.values()) == 1


def test_a_ballot_that_races_the_closing_is_counted_or_refused_never_both(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
    for round_number in range(12):
        with db.write() as conn:
            motion = service.motion_open(conn, meeting_id, f"Lần {round_number}", ANY, by=CHAIR, at=at)
        casts: list[Callable[[Connection], Any]] = [
            lambda conn, p=point: service.cast(conn, motion, p.point_id, "for", by=seat_of(meeting_id, p), at=at)
            for point in POINTS
        ]
        close: Callable[[Connection], Any] = lambda conn: service.motion_close(conn, motion, by=CHAIR, at=at)
        outcomes = Counter(race(db, [*casts[:2], close, *casts[2:]]))
        assert outcomes.keys() <= {"won", "motion.closed"}
        with db.read() as conn:
            chain = events(conn, meeting_id)
        counted = next(e.data["counts"]["for"] for e in reversed(chain) if e.kind == "motion.closed")
        recorded = sum(1 for e in chain if e.kind == "ballot.cast" and e.data["motion"] == motion)
        assert counted == recorded == outcomes["won"] - 1
    assert verify_chain(chain) is None


def wait_until_blocked(db: Database, name: str) -> None:
    """Until the PostgreSQL session of that application name waits for a lock."""
    query = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :name AND wait_event_type = 'Lock'")
    for _ in range(1000):
        with db.read() as conn:
            if conn.execute(query, {"name": name}).scalar():
                return
        threading.Event().wait(0.01)
    pytest.fail(f"{name} did not wait for the other")


@pytest.mark.postgres
def test_a_ballot_inserted_past_the_rules_waits_for_the_closing_and_is_refused(
    postgres_db: Database, at: datetime,
) -> None:
    """The trigger alone: the closing is not yet committed when a bare INSERT arrives."""
    with postgres_db.write() as conn:
        meeting_id = opened(conn, at)
        motion = service.motion_open(conn, meeting_id, "Thông qua", ANY, by=CHAIR, at=at)
    refused: list[Exception] = []

    def sneak() -> None:
        try:
            with postgres_db.write() as conn:
                conn.execute(text("SET LOCAL application_name = 'sneak'"))
                conn.execute(insert(vote_table.ballot).values(
                    motion_id=motion, voter_id="1", choice="for", via="room", receipt="r", cast_at=at))
        except IntegrityError as error:
            refused.append(error)

    thread = threading.Thread(target=sneak)
    with postgres_db.write() as conn:
        service.motion_close(conn, motion, by=CHAIR, at=at)
        thread.start()
        wait_until_blocked(postgres_db, "sneak")
    thread.join(30)
    assert ["ballot_closed" in str(error) for error in refused] == [True]


def test_of_sixteen_users_of_one_ticket_one_gets_in(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = convened(conn, at)
        token = service.mint(conn, meeting_id, "publish", "06970", 3, at=at)
    outcomes = race(db, [lambda conn: service.redeem(conn, token, meeting_id, "publish", at)] * 16)
    assert Counter(outcomes) == {"won": 1, "ticket.used": 15}
    with db.read() as conn:
        assert len(conn.execute(select(tables.ticket).where(tables.ticket.c.used_at.is_not(None))).all()) == 1


@pytest.mark.postgres
def test_a_revocation_waits_for_a_session_that_is_just_being_opened_and_names_it(
    postgres_db: Database, at: datetime,
) -> None:
    with postgres_db.write() as conn:
        meeting_id = convened(conn, at)
        link = service.links(conn, meeting_id)[2]
        token = service.mint(conn, meeting_id, "publish", "06970", 3, link.link_id, at=at)
    named: list[str] = []

    def revoke() -> None:
        with postgres_db.write() as conn:
            conn.execute(text("SET LOCAL application_name = 'revoke'"))
            named.extend(service.link_revoke(conn, meeting_id, 3, by=SECRETARY, at=at))

    thread = threading.Thread(target=revoke)
    with postgres_db.write() as conn:
        session = service.redeem(conn, token, meeting_id, "publish", at).session_id
        thread.start()
        wait_until_blocked(postgres_db, "revoke")
    thread.join(30)
    assert named == [session]


def test_a_ticket_that_races_the_revocation_of_its_link_ends_with_it(db: Database, at: datetime) -> None:
    """Whoever comes second knows of the first: no session survives that the revocation did not name."""
    with db.write() as conn:
        meeting_id = convened(conn, at)
    for _ in range(8):
        with db.write() as conn:
            service.link_renew(conn, meeting_id, 3, by=SECRETARY, at=at)
            link = next(link for link in service.links(conn, meeting_id) if link.point_id == 3)
            token = service.mint(conn, meeting_id, "publish", "06970", 3, link.link_id, at=at)
        named: list[str] = []
        outcomes = race(db, [
            lambda conn: service.redeem(conn, token, meeting_id, "publish", at),
            lambda conn: named.extend(service.link_revoke(conn, meeting_id, 3, by=SECRETARY, at=at)),
        ])
        with db.read() as conn:
            table = tables.ticket
            live = conn.execute(select(table.c.session_id).where(
                table.c.link_id == link.link_id, table.c.generation == link.generation,
                table.c.used_at.is_not(None), table.c.ended_at.is_(None))).scalars().all()
        assert sorted(outcomes) in (["won", "won"], ["link.revoked", "won"])
        assert set(live) <= set(named)


def test_of_two_clocks_of_one_meeting_one_opens_it(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = convened(conn, at)
    outcomes = race(db, [lambda conn: service.open(conn, meeting_id, by=CHAIR, at=at)] * 8)
    assert Counter(outcomes) == {"won": 1, "meeting.state": 7}


def test_points_that_join_at_once_are_all_present_once(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = convened(conn, at)
    joins = [
        lambda conn, p=point: service.seat_join(conn, meeting_id, p.point_id, at + timedelta(seconds=1))
        for point in POINTS for _ in range(3)
    ]
    assert Counter(race(db, joins)) == {"won": 15}
    with db.read() as conn:
        chain = events(conn, meeting_id)
        assert service.state(conn, meeting_id).present == len(POINTS)
    assert sum(1 for e in chain if e.kind == "point.joined") == len(POINTS)
    assert verify_chain(chain) is None


def test_conclusions_written_at_once_get_numbers_of_their_own(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
    outcomes = race(db, [
        lambda conn, n=n: service.conclusion_write(conn, meeting_id, f"Kết luận {n}", by=CHAIR, at=at) for n in range(8)
    ])
    assert outcomes == ["won"] * 8
    with db.read() as conn:
        assert [ord for ord, _ in service.state(conn, meeting_id).conclusions] == list(range(1, 9))
