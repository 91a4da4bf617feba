"""Raised hands: the last count decides, it has a witness of its own, and the database lets no vote be closed without it."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from meetings import hand_counts, service
from meetings.errors import Conflict, NotAllowed
from meetings.store.database import Database
from meetings.store.vote_table import hand_count, motion
from meetings.voting import Method, Rule
from tests.support.factories import CHAIR, SECRETARY, opened

RULE = Rule(Fraction(0), Fraction(1, 2), "cast", tie="chair")
COUNTS = {"for": 3, "against": 3, "abstain": 1}


def test_the_last_count_decides_and_needs_a_witness_of_its_own(db: Database, at: datetime) -> None:
    with db.write() as conn:
        meeting_id = opened(conn, at)
        motion_id = service.motion_open(conn, meeting_id, "Giơ tay", RULE, CHAIR, at, method=Method.HANDS, hall=(9, 8))
        hand_counts.count_enter(conn, motion_id, COUNTS, SECRETARY, at, "against")
        with pytest.raises(NotAllowed, match=r"count\.own"):
            hand_counts.count_witness(conn, motion_id, 1, SECRETARY, at)
        hand_counts.count_witness(conn, motion_id, 1, CHAIR, at)
        assert hand_counts.count_enter(conn, motion_id, COUNTS, SECRETARY, at, "for") == 2
        with pytest.raises(Conflict, match=r"count\.unwitnessed"):
            service.motion_close(conn, motion_id, CHAIR, at)
    last = (hand_count.c.motion_id == motion_id) & (hand_count.c.n == 2)
    refused: list[tuple[str, Any]] = [
        ("motion_unwitnessed", update(motion).where(motion.c.motion_id == motion_id).values(closed_at=at, tally={})),
        ("hand_count_fixed", update(hand_count).where(last).values(chair="against")),
        ("hand_count_fixed", update(hand_count).where(last).values(counts={"for": 9})),
        ("second_person", update(hand_count).where(last).values(witness=SECRETARY.user_id, witness_name="x", witnessed_at=at)),
    ]
    for name, past_the_rules in refused:
        with pytest.raises(IntegrityError, match=name), db.write() as conn:
            conn.execute(past_the_rules)
    with db.write() as conn:
        hand_counts.count_witness(conn, motion_id, 2, CHAIR, at)
        result = service.motion_close(conn, motion_id, CHAIR, at)
    assert (result.won, result.tie, result.present) == ("for", "chair", 8)
