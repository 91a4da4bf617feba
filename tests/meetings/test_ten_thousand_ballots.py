"""Thousands of ballots from many threads at once, some cast twice, while the vote is closed: each is counted once or refused, never both.

On both databases; `long` takes ten thousand, the suite a few hundred.  How fast it goes says `bench vote`.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from datetime import datetime
from fractions import Fraction

import pytest

from meetings import service
from meetings.access import Subject
from meetings.errors import MeetingError, Unavailable
from meetings.ledger import verify_chain
from meetings.store import vote_store
from meetings.store.database import Connection, Database
from meetings.store.ledger_store import events
from meetings.voting import Rule
from web.bench_vote import CHAIR, hall
from web.together import Together

WORKERS = 12
RULE = Rule(Fraction(0), Fraction(1, 2), "entitled", over="persons")
Answers = dict[str, list[str]]


def cast(db: Database, motion: str, who: str, choice: str, by: Subject, at: datetime) -> str:
    """As somebody does who is told that the machine is busy: nothing was kept, one tries again."""
    for _again in range(9):
        try:
            with db.write() as conn:
                return service.cast(conn, motion, who, choice, by, at)
        except Unavailable:
            continue
    with db.write() as conn:
        return service.cast(conn, motion, who, choice, by, at)


def storm(db: Database, meeting_id: str, motion: str, persons: list[Subject], at: datetime) -> tuple[Answers, dict[str, int]]:
    """(what each voter was told, by its id; the result as it was stated).  A tenth vote twice, from two threads; the closing comes when
    nineteen of twenty have been told something."""
    chance, told, counted, guard = random.Random(7), Answers(), list[dict[str, int]](), threading.Lock()
    asked = persons + chance.sample(persons, len(persons) // 10)
    chance.shuffle(asked)
    late = threading.Semaphore(0)

    def vote(share: list[Subject], number: int) -> None:
        dice = random.Random(number)
        for by in share:
            assert by.person is not None
            who = by.person.person_id
            try:
                answer = cast(db, motion, who, dice.choice(("for", "against", "abstain")), by, at)
            except MeetingError as error:
                answer = error.code
            except Exception as error:  # noqa: BLE001 - what nobody foresaw is an answer that no test expects
                answer = repr(error)
            with guard:
                told.setdefault(who, []).append(answer)
            late.release()

    def close() -> None:
        for _answer in range(len(asked) * 19 // 20):
            assert late.acquire(timeout=600)
        with db.write() as conn:
            counted.append(dict(service.motion_close(conn, motion, by=CHAIR, at=at).counts))

    threads = [threading.Thread(target=vote, args=(asked[number::WORKERS], number)) for number in range(WORKERS)]
    threads.append(threading.Thread(target=close))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(1200)
    return told, counted[0]


def check(db: Database, meeting_id: str, motion: str, told: Answers, counts: dict[str, int], voters: int) -> None:
    """What was acknowledged, what is stored, what the ledger says and what was counted are the same ballots."""
    receipts = {who: [one for one in answers if one.count("-") == 3] for who, answers in told.items()}
    refused = Counter(one for answers in told.values() for one in answers if one.count("-") != 3)
    assert len(told) == voters and refused.keys() <= {"ballot.twice", "motion.closed"}, refused
    assert all(len(mine) <= 1 for mine in receipts.values()), "nobody has two"
    assert all("ballot.twice" not in answers or receipts[who] for who, answers in told.items()), "refused as the second only where a first counts"
    with db.read() as conn:
        stored = dict(vote_store.votes(conn, motion))
        chain = events(conn, meeting_id)
    cast = [event for event in chain if event.kind == "ballot.cast" and event.data["motion"] == motion]
    given = {who: mine[0] for who, mine in receipts.items() if mine}
    assert {event.data["person"]: event.data["receipt"] for event in cast} == given and len(cast) == len(given)
    assert stored == {event.data["person"]: event.data["choice"] for event in cast}
    assert counts == {choice: list(stored.values()).count(choice) for choice in counts}
    closing = next(n for n, event in enumerate(chain) if event.kind == "motion.closed" and event.data["motion"] == motion)
    assert all(chain.index(event) < closing for event in cast[-20:]), "nothing was counted after the result"
    assert verify_chain(chain) is None


@pytest.mark.parametrize("ballots", [400, pytest.param(10_000, marks=pytest.mark.long)])
def test_every_ballot_is_counted_once_or_refused(db: Database, at: datetime, ballots: int) -> None:
    meeting_id, persons = hall(db, ballots)
    with db.write() as conn:
        motion = service.motion_open(conn, meeting_id, "Thông qua", RULE, by=CHAIR, at=at)
    told, counts = storm(db, meeting_id, motion, persons, at)
    check(db, meeting_id, motion, told, counts, ballots)


async def test_ballots_kept_together_are_refused_one_by_one(sqlite_db: Database, at: datetime) -> None:
    """As the pages keep them, many in one transaction: whoever comes twice loses the second alone."""
    meeting_id, persons = hall(sqlite_db, 60)
    with sqlite_db.write() as conn:
        motion = service.motion_open(conn, meeting_id, "Thông qua", RULE, by=CHAIR, at=at)
    together, told = Together(sqlite_db), Answers()

    async def one(by: Subject) -> None:
        assert by.person is not None
        who = by.person.person_id

        def work(conn: Connection) -> str:
            return service.cast(conn, motion, who, "for", by, at)

        try:
            answer = await together.keep(meeting_id, work)
        except MeetingError as error:
            answer = error.code
        told.setdefault(who, []).append(answer)

    await asyncio.gather(*(one(by) for by in [*persons, *persons[:20]]))
    with sqlite_db.write() as conn:
        counts = dict(service.motion_close(conn, motion, by=CHAIR, at=at).counts)
    check(sqlite_db, meeting_id, motion, told, counts, 60)
