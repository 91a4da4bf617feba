"""The register of outgoing documents: gives numbers, voids them with a reason, lists them.  Never reuses, never deletes.

One counter per issuing body, calendar year (of Ha Noi) and series.  Every number from 1 to the last exists, whatever
number of writers there are: on SQLite the transaction holds the only write lock, on PostgreSQL the row of
`number_series` is locked; trigger register_next_number refuses whatever would slip past.  Callers: minutes.service.

Source: Decree 30/2020/NĐ-CP, article 15 (one series for paper and electronic, number and symbol unique per year).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from meetings.access import Subject
from meetings.errors import Conflict, Invalid
from minutes.tables import number_series, register

SERIES = ("BB", "GM")  # biên bản, giấy mời
LONGEST_REASON = 500
LONGEST_SYMBOL = 30


@dataclass(frozen=True, slots=True)
class Number:
    """A reserved number; printed as `05/BB-UBND` by minutes.layout."""

    issuer_unit: str
    year: int
    series: str
    number: int
    symbol: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the register.  `state` is reserved, issued or voided (then with a reason)."""

    number: Number
    summary: str
    meeting_id: str | None
    state: str
    reason: str | None
    reserved_at: datetime
    reserved_by: Any
    settled_at: datetime | None
    signer: str
    recipients: str


def reserve(
    conn: Connection,
    issuer_unit: str,
    year: int,
    series: str,
    by: Subject | None,
    at: datetime,
    *,
    symbol: str,
    summary: str = "",
    meeting_id: str | None = None,
    signer: str = "",
    recipients: str = "",
) -> Number:
    """The next number of the series.  It is taken for good when the transaction commits, and free if it rolls back.

    signer, recipients (one a line): as they stand in the document, for the register's columns.
    """
    if series not in SERIES:
        raise Invalid("register.series", field="series")
    if not symbol or len(symbol) > LONGEST_SYMBOL:
        raise Invalid("register.symbol", field="symbol")
    key = _key(issuer_unit, year, series)
    _lock(conn, key)
    last = _last(conn, key)
    conn.execute(insert(register).values(
        **key, number=last + 1, symbol=symbol, summary=summary[:500], meeting_id=meeting_id, state="reserved",
        signer=signer[:200], recipients=recipients[:1000], reserved_at=at, reserved_by={"user": by.user_id, "name": by.name} if by else None,
    ))
    return Number(issuer_unit, year, series, last + 1, symbol)


def foresee(conn: Connection, issuer_unit: str, year: int, series: str, *, symbol: str) -> Number:
    """The number that `reserve` will give if nobody is quicker: to print it before the lock is taken."""
    return Number(issuer_unit, year, series, _last(conn, _key(issuer_unit, year, series)) + 1, symbol)


def void(conn: Connection, number: Number, reason: str, at: datetime) -> None:
    """The number stays in the register, crossed out.  Raises Conflict("register.settled") if no longer reserved."""
    reason = reason.strip()[:LONGEST_REASON]
    if not reason:
        raise Invalid("register.reason", field="reason")
    _settle(conn, number, at, state="voided", reason=reason)


def settle(conn: Connection, number: Number, at: datetime) -> None:
    """The document with this number has been issued.  Raises Conflict("register.settled") if no longer reserved."""
    _settle(conn, number, at, state="issued")


def entries(conn: Connection, issuer_unit: str, year: int, series: str | None = None) -> list[Entry]:
    """The register of one body and year in order of series and number, voided numbers included."""
    query = select(register).where(register.c.issuer_unit == issuer_unit, register.c.year == year)
    if series is not None:
        query = query.where(register.c.series == series)
    rows = conn.execute(query.order_by(register.c.series, register.c.number)).all()
    return [
        Entry(Number(r.issuer_unit, r.year, r.series, r.number, r.symbol), r.summary, r.meeting_id, r.state, r.reason,
              r.reserved_at, r.reserved_by, r.settled_at, r.signer or "", r.recipients or "")
        for r in rows
    ]


def of_meeting(conn: Connection, meeting_id: str, series: str) -> Number | None:
    """The number of a meeting's document in this series that was not voided; None before it has one."""
    row = conn.execute(select(register).where(
        register.c.meeting_id == meeting_id, register.c.series == series, register.c.state != "voided")).first()
    return Number(row.issuer_unit, row.year, row.series, row.number, row.symbol) if row else None


def _key(issuer_unit: str, year: int, series: str) -> dict[str, Any]:
    return {"issuer_unit": issuer_unit, "year": year, "series": series}


def _last(conn: Connection, key: dict[str, Any]) -> int:
    return conn.execute(select(func.max(register.c.number)).where(_series(key))).scalar() or 0


def _series(key: dict[str, Any]) -> ColumnElement[bool]:
    return and_(*(register.c[name] == value for name, value in key.items()))


def _lock(conn: Connection, key: dict[str, Any]) -> None:
    """Makes the counter's row if it is new, and the transaction its only user until it ends."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    conn.execute(dialect.insert(number_series).values(**key).on_conflict_do_nothing())
    mine = and_(*(number_series.c[name] == value for name, value in key.items()))
    conn.execute(select(number_series.c.year).where(mine).with_for_update())


def _settle(conn: Connection, number: Number, at: datetime, **values: Any) -> None:
    key = {"issuer_unit": number.issuer_unit, "year": number.year, "series": number.series}
    mine = and_(_series(key), register.c.number == number.number, register.c.state == "reserved")
    done = conn.execute(update(register).where(mine).values(settled_at=at, **values))
    if done.rowcount != 1:
        raise Conflict("register.settled", number=number.number, symbol=number.symbol)
