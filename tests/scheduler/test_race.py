"""Real writers in processes of their own want the same points at the same moment: exactly one gets them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from meetings import service as meetings
from meetings.meeting import State
from meetings.store.database import Database
from scheduler import store
from tests.scheduler.conftest import Province
from tests.scheduler.racers import crowd, race, storm, together

WRITERS = 3
HOUR = timedelta(hours=1)


def overlapping_pairs(db: Database) -> int:
    """How many pairs of live bookings of one point overlap, asked of the database itself."""
    one, other = store.booking.alias(), store.booking.alias()
    pairs = select(func.count()).select_from(one).join(
        other, (one.c.point_id == other.c.point_id) & (one.c.booking_id < other.c.booking_id)
        & (one.c.starts_at < other.c.ends_at) & (other.c.starts_at < one.c.ends_at),
    ).where(one.c.state == "confirmed", other.c.state == "confirmed")
    with db.read() as conn:
        return conn.execute(pairs).scalar_one()


def run_race(db: Database, province: Province, at: datetime, rounds: int) -> None:
    office = province.office("22")
    everybody = [point.point_id for point in province.points]
    meeting_ids, shares = [], []
    for writer in range(WRITERS):
        # Every writer wants another third of the province, in another order, and all want the last ten points.
        own = everybody[writer:-10:WRITERS]
        wanted = [*own, *everybody[-10:]] if writer % 2 else [*everybody[-10:], *reversed(own)]
        starts = [at + (1 + round_) * HOUR for round_ in range(rounds)]
        mine = [office.draft(db, start, hours=1, title=f"Phiên của {writer}") for start in starts]
        meeting_ids.append(mine)
        shares.append((db.url, mine, [wanted] * rounds, office.secretary, at))
    outcomes = dict(pair for answer in together(race, shares) for pair in answer)
    for contenders in zip(*meeting_ids, strict=True):
        winners = [meeting_id for meeting_id in contenders if isinstance(outcomes[meeting_id], int)]
        assert len(winners) == 1, f"{len(winners)} of {len(contenders)} were booked"
        for loser in set(contenders) - set(winners):
            assert set(outcomes[loser]) == set(winners), "the loser learns who was first"
            assert len(outcomes[loser]) == 10
            with db.read() as conn:
                assert meetings.get(conn, loser).state is State.DRAFT
    assert overlapping_pairs(db) == 0


def run_crowd(db: Database, province: Province, at: datetime, trials: int, processes: int = 4, each: int = 8) -> None:
    """32 clients at once want the same ten points, so many times; one wins each time, and all others learn who."""
    office, points = province.office("22"), [point.point_id for point in province.points[:10]]
    starts = [at + (1 + trial) * HOUR for trial in range(trials)]
    drafts = [[office.draft(db, start, hours=1) for start in starts] for _ in range(processes * each)]
    shares = [(db.url, drafts[number * each:(number + 1) * each], points, office.secretary, at) for number in range(processes)]
    outcomes = dict(pair for answer in together(crowd, shares, each=each, patience=3600) for pair in answer)
    for contenders in zip(*drafts, strict=True):
        winners = [meeting_id for meeting_id in contenders if outcomes[meeting_id] == len(points)]
        assert len(winners) == 1, f"{len(winners)} of {len(contenders)} were booked"
        assert all(set(outcomes[loser]) == set(winners) for loser in set(contenders) - set(winners)), "losers are told by whom"
    assert overlapping_pairs(db) == 0


def run_storm(db: Database, province: Province, at: datetime, rounds: int) -> None:
    """One slot a round, one point, slightly shifted times; every writer has a fresh meeting for every round."""
    office, point = province.office("22"), province.point("202").point_id
    shares = []
    for writer in range(WRITERS):
        rows = []
        for round_ in range(rounds):
            start = at + (1 + 2 * round_) * HOUR + writer * timedelta(minutes=10)
            rows.append({"meeting_id": office.draft(db, start, hours=1), "point_id": point, "state": "confirmed",
                         "booked_at": at, "starts_at": start, "ends_at": start + HOUR})
        shares.append((db.url, rows))
    taken = together(storm, shares)
    assert [sum(round_) for round_ in zip(*taken, strict=True)] == [1] * rounds
    assert overlapping_pairs(db) == 0


def test_secretaries_booking_the_same_points_at_once_only_one_wins(
    db: Database, province: Province, at: datetime
) -> None:
    run_race(db, province, at, rounds=6)


def test_writers_past_the_service_meet_the_constraint(db: Database, province: Province, at: datetime) -> None:
    run_storm(db, province, at, rounds=5)


@pytest.mark.long
def test_many_rounds_of_the_same_race(db: Database, province: Province, at: datetime) -> None:
    run_race(db, province, at, rounds=150)


def test_of_32_clients_one_gets_the_points(db: Database, province: Province, at: datetime) -> None:
    run_crowd(db, province, at, trials=2)


@pytest.mark.long
def test_of_32_clients_one_gets_the_points_every_time(db: Database, province: Province, at: datetime) -> None:
    run_crowd(db, province, at, trials=500 if db.dialect == "postgresql" else 200)
