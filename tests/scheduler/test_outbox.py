"""The outbox: nothing early, nothing lost, nothing settled twice, whoever dies when."""

from __future__ import annotations

import random
import threading
from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from meetings.store.database import Database
from scheduler import outbox
from scheduler.outbox import BATCH, LEASE, MOST_TRIES, Item, Refused
from scheduler.outbox_table import outbox as table

SECOND = timedelta(seconds=1)


class Clock:
    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


class Dies(BaseException):
    """The process is gone between delivery and settling."""


def put(db: Database, key: str, due: datetime, **payload: object) -> bool:
    with db.write() as conn:
        return outbox.put(conn, key, "mail", due, payload)


def states(db: Database) -> dict[str, str]:
    with db.read() as conn:
        return {row.key: row.state for row in conn.execute(select(table.c.key, table.c.state))}


def test_an_item_is_delivered_once_when_it_is_due_and_its_key_is_never_taken_again(db: Database, at: datetime) -> None:
    clock, got = Clock(at), list[Item]()
    assert put(db, "a", at + SECOND, to="x@y.vn") and not put(db, "a", at, to="other")
    assert outbox.work(db, "w", got.append, clock) == 0, "not early"
    clock.at += SECOND
    assert outbox.work(db, "w", got.append, clock) == 1 and outbox.work(db, "w", got.append, clock) == 0
    assert [(item.key, item.kind, item.payload, item.tries) for item in got] == [("a", "mail", {"to": "x@y.vn"}, 1)]
    assert states(db) == {"a": "done"} and not put(db, "a", at)


def test_an_item_is_there_only_with_what_it_tells_of(db: Database, at: datetime) -> None:
    with pytest.raises(RuntimeError), db.write() as conn:
        outbox.put(conn, "a", "mail", at, {})
        raise RuntimeError("the meeting was not booked after all")
    assert states(db) == {}


def test_what_fails_is_tried_again_later_and_later_and_in_the_end_shown(db: Database, at: datetime) -> None:
    clock, when = Clock(at), list[datetime]()

    def fail(item: Item) -> None:
        when.append(clock.at)
        raise OSError("no route to the mail server")

    put(db, "a", at)
    for _ in range(MOST_TRIES):
        assert outbox.work(db, "w", fail, clock) == 0
        with db.read() as conn:
            due = outbox.next_due(conn)
        clock.at = due or clock.at
    assert len(when) == MOST_TRIES and states(db) == {"a": "failed"}
    pauses = [later - earlier for earlier, later in zip(when, when[1:], strict=False)]
    assert pauses == sorted(pauses) and pauses[0] == 15 * SECOND and pauses[-1] == timedelta(hours=2)
    with db.read() as conn:
        assert conn.execute(select(table.c.error)).scalar() == "no route to the mail server" and outbox.next_due(conn) is None


def test_what_can_never_work_is_not_tried_again_and_holds_nobody_up(db: Database, at: datetime) -> None:
    def refuse(item: Item) -> None:
        if item.key == "a":
            raise Refused("550 no such mailbox")

    put(db, "a", at)
    put(db, "b", at)
    assert outbox.work(db, "w", refuse, Clock(at)) == 1 and states(db) == {"a": "failed", "b": "done"}


def test_what_a_dead_worker_held_is_taken_over_when_its_lease_ends_and_no_sooner(db: Database, at: datetime) -> None:
    clock, got = Clock(at), list[Item]()

    def die(item: Item) -> None:
        got.append(item)
        raise Dies

    put(db, "a", at)
    with pytest.raises(Dies):
        outbox.work(db, "first", die, clock)
    assert outbox.work(db, "second", got.append, clock) == 0, "the lease holds"
    with db.read() as conn:
        assert outbox.next_due(conn) == at + LEASE
    clock.at += LEASE
    assert outbox.work(db, "second", got.append, clock) == 1
    assert [(item.key, item.tries) for item in got] == [("a", 1), ("a", 2)], "the same key, so that the receiver can tell"
    with db.write() as conn:
        assert not outbox.settle(conn, got[0], "first", clock.at), "who comes back from the dead settles nothing"


def test_one_who_holds_too_long_leaves_the_rest_to_others(db: Database, at: datetime) -> None:
    clock = Clock(at)

    def slow(item: Item) -> None:
        clock.at += LEASE * 0.6

    for number in range(4):
        put(db, f"k{number}", at)
    assert outbox.work(db, "w", slow, clock) == 4
    with db.read() as conn:
        assert conn.execute(select(table.c.key, table.c.tries).order_by(table.c.key)).all() == [
            ("k0", 1), ("k1", 1), ("k2", 2), ("k3", 2)]


def test_what_is_cancelled_is_not_delivered_and_only_that(db: Database, at: datetime) -> None:
    for key in ("m1/a", "m1/b", "m1_x", "m10/a"):
        put(db, key, at)
    with db.write() as conn:
        assert outbox.cancel(conn, "m1/", at) == 2 and outbox.cancel(conn, "m1/", at) == 0
    got = list[Item]()
    assert outbox.work(db, "w", got.append, Clock(at)) == 2 and {item.key for item in got} == {"m1_x", "m10/a"}
    assert states(db)["m1/a"] == "cancelled"


@pytest.mark.parametrize("values", [{"state": "waiting", "settled_at": None}, {"key": "b"}, {"tries": 0}, {"kind": "sms"}])
def test_the_database_itself_keeps_what_is_settled(db: Database, at: datetime, values: dict[str, object]) -> None:
    put(db, "a", at)
    outbox.work(db, "w", lambda item: None, Clock(at))
    with pytest.raises(IntegrityError, match="outbox_final"), db.write() as conn:
        conn.execute(update(table).values(**values))
    with pytest.raises(IntegrityError, match="outbox_kept"), db.write() as conn:
        conn.execute(delete(table))


@pytest.mark.parametrize("columns", [
    {"state": "leased"}, {"state": "done"}, {"state": "gone"}, {"state": "waiting", "settled_at": True}, {"state": "waiting", "tries": -1},
])
def test_the_database_refuses_a_state_that_makes_no_sense(db: Database, at: datetime, columns: dict[str, object]) -> None:
    row = {"key": "a", "kind": "mail", "due_at": at, "payload": {}, "tries": 0} | columns
    if "settled_at" in row:
        row["settled_at"] = at
    with pytest.raises(IntegrityError, match="outbox"), db.write() as conn:
        conn.execute(table.insert().values(**row))


def test_workers_side_by_side_that_die_at_random_deliver_everything_and_settle_each_once(db: Database, at: datetime) -> None:
    items, lock, now, got = 400, threading.Lock(), Clock(at), Counter[str]()
    with db.write() as conn:
        for number in range(items):
            outbox.put(conn, f"k{number}", "mail", at + number % 7 * SECOND, {})
    late: list[tuple[datetime, datetime]] = []

    def live(seed: int) -> None:
        chance = random.Random(seed)

        def deliver(item: Item) -> None:
            with lock:
                got[item.key] += 1
                late.append((item.due_at, now.at))
            if chance.random() < 0.02:
                raise Dies

        for life in range(200):
            try:
                outbox.work(db, f"w{seed}-{life}", deliver, now)
            except Dies:
                pass
            with lock:
                now.at += SECOND / 2

    threads = [threading.Thread(target=live, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(states(db).values()) == {"done"} and len(got) == items
    assert all(due <= when for due, when in late), "none early"
    with db.read() as conn:
        tries = dict(conn.execute(select(table.c.key, table.c.tries)).all())
    assert all(got[key] <= tries[key] for key in got) and sum(tries.values()) >= items > BATCH
