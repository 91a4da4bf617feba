"""Keys: done once, by whichever comes first; the other waits and is told the same.  On both databases."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, select

from meetings.store.database import Database
from web import store
from web.api import idempotency
from web.api.idempotency import Answered, Asked
from web.api.problem import Refused
from web.api.tables import idempotency as kept

ANSWER = Answered(201, {"location": "/api/v1/meetings/x"}, '{"id":"x"}')


@pytest.fixture
def people(db: Database, at: datetime) -> Database:
    with db.write() as conn:
        for login in ("one", "two"):
            conn.execute(insert(store.account).values(
                user_id=login, login=login, name=login, roles=[], password_hash="-", must_change=False, created_at=at))
    return db


def ask(user: str = "one", key: str = "key-0001", body: bytes = b"{}", route: str = "POST /api/v1/meetings") -> Asked:
    return idempotency.asked(user, key, route, body)


def test_the_second_time_the_first_answer_is_given(people: Database, at: datetime) -> None:
    with people.write() as conn:
        assert idempotency.begin(conn, ask(), at) is None
        idempotency.keep(conn, ask(), ANSWER)
    with people.write() as conn:
        assert idempotency.begin(conn, ask(), at + timedelta(hours=23)) == ANSWER
        assert idempotency.begin(conn, ask("two"), at) is None, "another person's keys are another's"


@pytest.mark.parametrize("other", [ask(body=b"{ }"), ask(route="POST /api/v1/series")])
def test_the_same_key_for_something_else_is_refused(people: Database, at: datetime, other: Asked) -> None:
    with people.write() as conn:
        idempotency.begin(conn, ask(), at)
        idempotency.keep(conn, ask(), ANSWER)
    with people.write() as conn, pytest.raises(Refused) as refused:
        idempotency.begin(conn, other, at)
    assert (refused.value.code, refused.value.status) == ("api.key_reused", 422)


def test_what_came_to_nothing_may_be_tried_again(people: Database, at: datetime) -> None:
    with pytest.raises(RuntimeError), people.write() as conn:
        assert idempotency.begin(conn, ask(), at) is None
        raise RuntimeError
    with people.write() as conn:
        assert conn.execute(select(kept)).all() == []
        assert idempotency.begin(conn, ask(body=b"[]"), at) is None


def test_after_a_day_a_key_is_forgotten(people: Database, at: datetime) -> None:
    with people.write() as conn:
        idempotency.begin(conn, ask(), at)
        idempotency.keep(conn, ask(), ANSWER)
    with people.write() as conn:
        assert idempotency.begin(conn, ask(body=b"[]"), at + timedelta(hours=24)) is None
        idempotency.keep(conn, ask(body=b"[]"), ANSWER)
        idempotency.purge(conn, at + timedelta(hours=24))
        assert conn.execute(select(kept)).all() == []


def test_of_many_at_once_one_does_it_and_the_others_are_told(people: Database, at: datetime) -> None:
    done, answers, gate = list[int](), list[Answered | None](), threading.Barrier(8)

    def run(number: int) -> None:
        gate.wait(60)
        with people.write() as conn:
            before = idempotency.begin(conn, ask(), at)
            if before is None:
                done.append(number)
                idempotency.keep(conn, ask(), ANSWER)
            answers.append(before)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(done) == 1 and answers.count(None) == 1 and answers.count(ANSWER) == 7


def test_when_the_first_fails_the_one_that_waited_does_it(people: Database, at: datetime) -> None:
    begun, done = threading.Event(), list[str]()

    def second() -> None:
        begun.wait(60)
        with people.write() as conn:
            if idempotency.begin(conn, ask(), at) is None:
                done.append("second")

    waiting = threading.Thread(target=second)
    waiting.start()
    with pytest.raises(RuntimeError), people.write() as conn:
        assert idempotency.begin(conn, ask(), at) is None
        begun.set()
        raise RuntimeError
    waiting.join(60)
    assert done == ["second"]


@pytest.mark.parametrize(("key", "code"), [
    (None, "api.key_missing"), ("", "api.key_missing"), ("short", "api.key"), ("x" * 129, "api.key"),
    ("has a blank", "api.key"), ("chữ-việt-nam", "api.key"), ("line\nline", "api.key"),
])
def test_what_is_no_key_is_refused(key: str | None, code: str) -> None:
    with pytest.raises(Refused) as refused:
        idempotency.asked("one", key, "POST /x", b"")
    assert (refused.value.code, refused.value.status) == (code, 400)
