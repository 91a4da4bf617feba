"""The register of numbers: unique, without a gap, never reused, whoever writes and however many at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError

from meetings.access import Subject
from meetings.errors import Conflict, Invalid
from meetings.store.database import Database
from minutes import register
from minutes.tables import number_series
from minutes.tables import register as table

CLERK = Subject(user_id="u-clerk", name="Phạm Thị Văn Thư")


def reserve(conn, at, series="BB", year=2026, unit="u1") -> register.Number:
    return register.reserve(conn, unit, year, series, CLERK, at, symbol=f"{series}-UBND", summary="Giao ban tuần")


def numbers(db: Database, unit: str = "u1", year: int = 2026, series: str = "BB") -> list[int]:
    with db.read() as conn:
        return [entry.number.number for entry in register.entries(conn, unit, year, series)]


def test_numbers_run_from_one_and_each_series_year_and_unit_counts_alone(db: Database, at: datetime) -> None:
    with db.write() as conn:
        assert [reserve(conn, at).number for _ in range(3)] == [1, 2, 3]
        assert reserve(conn, at, series="GM").number == 1
        assert reserve(conn, at, year=2027).number == 1
        assert reserve(conn, at, unit="u2").number == 1
        assert reserve(conn, at).number == 4


def test_the_entry_says_who_what_and_when(db: Database, at: datetime) -> None:
    with db.write() as conn:
        number = reserve(conn, at)
    with db.read() as conn:
        (entry,) = register.entries(conn, "u1", 2026)
    assert entry.number == number == register.Number("u1", 2026, "BB", 1, "BB-UBND")
    assert (entry.state, entry.summary, entry.reserved_at, entry.settled_at) == ("reserved", "Giao ban tuần", at, None)
    assert entry.reserved_by == {"user": "u-clerk", "name": "Phạm Thị Văn Thư"}


def test_a_voided_number_stays_with_its_reason_and_the_next_round_takes_the_next(db: Database, at: datetime) -> None:
    with db.write() as conn:
        first = reserve(conn, at)
        register.void(conn, first, "Chủ tọa từ chối ký", at + timedelta(minutes=1))
        assert reserve(conn, at).number == 2
    with db.read() as conn:
        entry = register.entries(conn, "u1", 2026)[0]
    assert (entry.state, entry.reason, entry.settled_at) == ("voided", "Chủ tọa từ chối ký", at + timedelta(minutes=1))


def test_a_number_is_not_voided_without_a_reason(db: Database, at: datetime) -> None:
    with db.write() as conn:
        number = reserve(conn, at)
        with pytest.raises(Invalid, match=r"register\.reason"):
            register.void(conn, number, "  ", at)


@pytest.mark.parametrize("first, second", [("void", "settle"), ("settle", "void"), ("void", "void")])
def test_a_settled_number_is_settled_for_good(db: Database, at: datetime, first: str, second: str) -> None:
    steps = {"void": lambda c, n: register.void(c, n, "nhầm", at), "settle": lambda c, n: register.settle(c, n, at)}
    with db.write() as conn:
        number = reserve(conn, at)
        steps[first](conn, number)
        with pytest.raises(Conflict, match=r"register\.settled"):
            steps[second](conn, number)


@pytest.mark.parametrize("bad", [{"series": "XX"}, {"symbol": ""}, {"symbol": "B" * 31}])
def test_an_unknown_series_or_a_bad_symbol_takes_no_number(db: Database, at: datetime, bad: dict[str, str]) -> None:
    given_values = {"series": "BB", "symbol": "BB-UBND", **bad}
    with pytest.raises(Invalid), db.write() as conn:
        register.reserve(conn, "u1", 2026, given_values["series"], CLERK, at, symbol=given_values["symbol"])
    assert numbers(db) == []


def test_a_transaction_rolled_back_leaves_no_gap(db: Database, at: datetime) -> None:
    with db.write() as conn:
        reserve(conn, at)
    with pytest.raises(RuntimeError), db.write() as conn:
        reserve(conn, at)
        raise RuntimeError("the disk of the clerk's office caught fire")
    with db.write() as conn:
        assert reserve(conn, at).number == 2


def _row(number: int, at: datetime, state: str = "reserved") -> dict[str, object]:
    return {"issuer_unit": "u1", "year": 2026, "series": "BB", "number": number, "symbol": "BB-UBND", "summary": "",
            "state": state, "reserved_at": at, "settled_at": None if state == "reserved" else at}


@pytest.mark.parametrize("number, state", [(3, "reserved"), (1, "reserved"), (5, "reserved"), (2, "issued")])
def test_the_database_itself_refuses_a_gap_a_repetition_and_a_finished_start(
    db: Database, at: datetime, number: int, state: str
) -> None:
    with db.write() as conn:
        reserve(conn, at)
    with pytest.raises(IntegrityError), db.write() as conn:
        conn.execute(insert(table).values(_row(number, at, state)))
    assert numbers(db) == [1]


@pytest.mark.parametrize("change", [
    {"number": 9}, {"symbol": "BB-KHAC"}, {"summary": "khác"}, {"year": 2027}, {"state": "voided"},
    {"state": "issued", "settled_at": None}])
def test_the_database_itself_refuses_to_change_an_entry(
    db: Database, at: datetime, change: dict[str, object]
) -> None:
    with db.write() as conn:
        reserve(conn, at)
        conn.execute(insert(number_series).values(issuer_unit="u1", year=2027, series="BB"))
    with pytest.raises(IntegrityError), db.write() as conn:
        conn.execute(update(table).values(change))


def test_the_database_itself_refuses_to_delete_an_entry_or_a_counter(db: Database, at: datetime) -> None:
    with db.write() as conn:
        reserve(conn, at)
    for target in (table, number_series):
        with pytest.raises(IntegrityError), db.write() as conn:
            conn.execute(delete(target))


def _race(db: Database, at: datetime, writers: int, each: int) -> None:
    """Everybody reserves at once; one in three is voided, one in five rolls back."""
    start = threading.Barrier(writers)

    def work(writer: int) -> int:
        kept = 0
        start.wait()
        for turn in range(each):
            try:
                with db.write() as conn:
                    number = reserve(conn, at, series=("BB", "GM")[turn % 2])
                    if (writer + turn) % 3 == 0:
                        register.void(conn, number, "thử", at)
                    if (writer + turn) % 5 == 0:
                        raise InterruptedError
                    kept += 1
            except InterruptedError:
                pass
        return kept

    with ThreadPoolExecutor(writers) as pool:
        kept = sum(pool.map(work, range(writers)))
    taken = [numbers(db, series=series) for series in ("BB", "GM")]
    assert [sorted(found) for found in taken] == [list(range(1, len(found) + 1)) for found in taken]
    assert sum(len(found) for found in taken) == kept > writers


def test_writers_at_once_leave_neither_gap_nor_double(db: Database, at: datetime) -> None:
    _race(db, at, writers=8, each=6)


@pytest.mark.long
def test_many_writers_at_once_leave_neither_gap_nor_double(db: Database, at: datetime) -> None:
    _race(db, at, writers=24, each=40)


STEPS = st.lists(st.tuples(st.sampled_from(["keep", "void", "issue", "roll back"]), st.sampled_from(["BB", "GM"])),
                 max_size=25)


@settings(max_examples=25)
@given(steps=STEPS)
def test_any_order_of_steps_leaves_the_register_whole(
    sqlite_template, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str]]
) -> None:
    """Numbers are 1..n in each series, voided ones have a reason, and nothing that was given is given again."""
    at = datetime.fromisoformat("2026-03-05T01:00:00+00:00")
    path = tmp_path_factory.mktemp("register") / "r.db"
    path.write_bytes(sqlite_template.read_bytes())
    db = Database(f"sqlite:///{path}")
    expected: dict[str, list[str]] = {"BB": [], "GM": []}
    for step, series in steps:
        try:
            with db.write() as conn:
                number = reserve(conn, at, series=series)
                assert number.number == len(expected[series]) + 1
                if step == "void":
                    register.void(conn, number, "lý do", at)
                if step == "issue":
                    register.settle(conn, number, at)
                if step == "roll back":
                    raise InterruptedError
            expected[series].append({"keep": "reserved", "void": "voided", "issue": "issued"}[step])
        except InterruptedError:
            pass
    with db.read() as conn:
        found = {s: [e.state for e in register.entries(conn, "u1", 2026, s)] for s in expected}
    db.close()
    assert found == expected
