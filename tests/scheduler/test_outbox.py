"""The outbox: nothing early, nothing lost, nothing settled twice, whoever dies when."""

from __future__ import annotations

import random
import threading
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, delete, select, update
from sqlalchemy.exc import IntegrityError

from meetings.store.database import Database
from scheduler import outbox
from scheduler.outbox import LEASE, MOST_TRIES, Expired, Item, Refused
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


def test_a_try_is_a_delivery_however_slow_and_what_kills_everybody_is_given_up(db: Database, at: datetime) -> None:
    clock, got = Clock(at), Counter[str]()

    def slow(item: Item) -> None:
        got[item.key] += 1
        clock.at += LEASE * 3
        if item.key == "k1":
            raise Dies

    for number in range(3):
        put(db, f"k{number}", at)
    for _ in range(MOST_TRIES + 3):
        with suppress(Dies):
            outbox.work(db, "w", slow, clock)
    assert got == {"k0": 1, "k1": MOST_TRIES, "k2": 1} and states(db) == {"k0": "done", "k1": "failed", "k2": "done"}
    with db.read() as conn:
        assert dict(conn.execute(select(table.c.key, table.c.tries)).all()) == got


def test_what_is_cancelled_is_not_delivered_and_only_that(db: Database, at: datetime) -> None:
    for key in ("m1/a", "m1/b", "M1/c", "m1_x", "m10/a"):
        put(db, key, at)
    with db.write() as conn:
        assert outbox.cancel(conn, "m1/", at) == 2 and outbox.cancel(conn, "m1/", at) == 0
    got = list[Item]()
    assert outbox.work(db, "w", got.append, Clock(at)) == 3 and {item.key for item in got} == {"M1/c", "m1_x", "m10/a"}
    assert states(db)["m1/a"] == "cancelled"


def test_each_delivers_its_own_kinds_and_what_waits_for_another_is_in_nobodys_way(db: Database, at: datetime) -> None:
    with db.write() as conn:
        outbox.put_all(conn, [(f"{kind}{n}", kind, at, {}) for n in range(3) for kind in ("mail", "sms", "notice")])
        outbox.put_all(conn, [("mail0", "sms", at, {})])  # its key is taken
    got = list[Item]()
    assert outbox.work(db, "w", got.append, Clock(at), kinds={"notice", "sms"}) == 6
    assert {item.kind for item in got} == {"notice", "sms"} and states(db)["mail0"] == "waiting"
    assert outbox.work(db, "w", got.append, Clock(at), kinds={"mail"}, go_on=lambda: len(got) < 8) == 2, "and stops when told"


def test_what_is_of_no_use_any_more_is_put_away_and_is_no_failure(db: Database, at: datetime) -> None:
    def too_late(item: Item) -> None:
        raise Expired

    put(db, "a", at)
    assert outbox.work(db, "w", too_late, Clock(at)) == 0
    with db.read() as conn:
        assert conn.execute(select(table.c.state, table.c.error)).one() == ("cancelled", "expired")


def test_what_may_have_been_delivered_is_known_by_its_key(db: Database, at: datetime) -> None:
    for key in ("m1:a", "m1:b", "m10:c", "M1:d"):
        put(db, key, at + (key == "m1:b") * SECOND)
    outbox.work(db, "w", lambda item: None, Clock(at))
    with db.read() as conn:
        assert outbox.tried(conn, "m1:") == ["m1:a"]


def test_beginnings_of_keys_are_found_by_the_index(db: Database) -> None:
    with db.write() as conn:
        if db.dialect == "postgresql":
            conn.exec_driver_sql("SET enable_seqscan = off")
        query = select(table.c.state).where(outbox.under(conn, "m1:")).compile(conn, compile_kwargs={"literal_binds": True})
        explain = "EXPLAIN" if db.dialect == "postgresql" else "EXPLAIN QUERY PLAN"
        plan = " ".join(str(row) for row in conn.exec_driver_sql(f"{explain} {query}".replace("%", "%%")))
    assert "uq_outbox_key" in plan and "Filter" not in plan.split("Index Cond")[0]


def test_what_is_cancelled_while_somebody_has_it_in_hand_is_not_tried_again(db: Database, at: datetime) -> None:
    clock, tries = Clock(at), []

    def fail(item: Item) -> None:
        tries.append(item.tries)
        with db.write() as conn:
            assert outbox.cancel(conn, "a", at) == 1
        raise OSError("later")

    put(db, "a", at)
    for _ in range(3):
        assert outbox.work(db, "w", fail, clock) == 0
        clock.at += timedelta(hours=3)
    assert tries == [1] and states(db) == {"a": "cancelled"}


def test_whatever_a_server_says_can_be_kept(db: Database, at: datetime) -> None:
    def fail(item: Item) -> None:
        raise Refused("550 \0 no\ud800 such\r\nuser Đạt" + "x" * 900)

    put(db, "a", at)
    assert outbox.work(db, "w", fail, Clock(at)) == 0
    with db.read() as conn:
        said = conn.execute(select(table.c.error)).scalar()
    assert said is not None and said.startswith("550   no  such  user Đạt") and len(said) == 500


@pytest.mark.parametrize("values", [{"key": "b"}, {"tries": 0}, {"kind": "sms"}])
def test_the_database_itself_keeps_what_an_item_is(db: Database, at: datetime, values: dict[str, object]) -> None:
    put(db, "a", at)
    with db.write() as conn:
        assert outbox.claim(conn, "w", at) is not None
    with pytest.raises(IntegrityError, match="outbox_final"), db.write() as conn:
        conn.execute(update(table).values(**values))


def test_the_database_itself_keeps_what_is_settled(db: Database, at: datetime) -> None:
    put(db, "a", at)
    outbox.work(db, "w", lambda item: None, Clock(at))
    with pytest.raises(IntegrityError, match="outbox_final"), db.write() as conn:
        conn.execute(update(table).values(state="waiting", settled_at=None))
    with pytest.raises(IntegrityError, match="outbox_kept"), db.write() as conn:
        conn.execute(delete(table))


@pytest.mark.parametrize(("constraint", "columns"), [
    ("lease", {"state": "leased"}), ("settled", {"state": "done"}), ("state", {"state": "gone"}),
    ("settled", {"state": "waiting", "settled_at": True}), ("tries", {"state": "waiting", "tries": -1}),
])
def test_the_database_refuses_a_state_that_makes_no_sense(
    db: Database, at: datetime, constraint: str, columns: dict[str, object]
) -> None:
    row = {"key": "a", "kind": "mail", "due_at": at, "payload": {}, "tries": 0} | columns
    if "settled_at" in row:
        row["settled_at"] = at
    with pytest.raises(IntegrityError) as refused, db.write() as conn:
        conn.execute(table.insert().values(**row))
    assert f"ck_outbox_{constraint}" in str(refused.value.orig)


@pytest.mark.parametrize("seed", range(3))
def test_a_clock_that_is_set_makes_nothing_early_nothing_double_and_loses_nothing(db: Database, at: datetime, seed: int) -> None:
    """Steps of an hour and of a day, both ways, while items are due over two days and holders die."""
    chance, clock, got = random.Random(seed), Clock(at), list[tuple[str, datetime]]()
    due = {f"k{number}": at + timedelta(minutes=30 * number) for number in range(96)}
    with db.write() as conn:
        outbox.put_all(conn, [(key, "mail", when, {}) for key, when in due.items()])

    def deliver(item: Item) -> None:
        if chance.random() < 0.1:
            raise Dies
        got.append((item.key, clock.at))

    for turn in range(300):
        with suppress(Dies):
            outbox.work(db, f"w{turn}", deliver, clock)
        step = chance.choice([timedelta(hours=1), timedelta(days=1)]) * chance.choice([-1, 1])
        clock.at += step if chance.random() < 0.2 else timedelta(minutes=20)
    clock.at = max(at + timedelta(days=4), clock.at)
    for turn in range(300, 340):
        with suppress(Dies):
            outbox.work(db, f"w{turn}", deliver, clock)
        clock.at += LEASE
    assert sorted(key for key, _when in got) == sorted(due), "each once"
    assert all(when >= due[key] for key, when in got), "none early"
    assert set(states(db).values()) == {"done"}


def test_a_lease_given_by_a_clock_that_was_set_back_does_not_last_for_ever(db: Database, at: datetime) -> None:
    def die(item: Item) -> None:
        raise Dies

    put(db, "a", at - timedelta(days=1))
    with suppress(Dies):
        outbox.work(db, "first", die, Clock(at))
    got, clock = list[Item](), Clock(at - timedelta(seconds=30))
    assert outbox.work(db, "second", got.append, clock) == 0, "clocks of two machines may differ a little"
    clock.at = at - timedelta(hours=1)
    assert outbox.work(db, "second", got.append, clock) == 1


def test_workers_side_by_side_that_die_at_random_deliver_everything_and_settle_each_once(
    db: Database, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    items, lock, now, got, settled = 200, threading.Lock(), Clock(at), Counter[str](), Counter[str]()
    settle = outbox.settle

    def counting(conn: Connection, item: Item, worker: str, when: datetime) -> bool:
        done = settle(conn, item, worker, when)
        with lock:
            settled[item.key] += done
        return done

    monkeypatch.setattr(outbox, "settle", counting)
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
            if chance.random() < 0.03:
                raise Dies

        for life in range(200):
            with suppress(Dies):
                outbox.work(db, f"w{seed}-{life}", deliver, now)
            with lock:
                now.at += SECOND / 2

    threads = [threading.Thread(target=live, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(states(db).values()) == {"done"} and settled == {f"k{number}": 1 for number in range(items)}
    assert all(due <= when for due, when in late), "none early"
    with db.read() as conn:
        tries = dict(conn.execute(select(table.c.key, table.c.tries)).all())
    assert got == tries, "a try is a delivery"
