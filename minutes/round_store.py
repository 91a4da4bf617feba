"""Reads and writes signing rounds and their signatures.  Decides nothing: minutes.signing says what may follow.

The triggers sign_round_order and signature_order refuse whatever would slip past.  Callers: the use cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, or_, select, update

from meetings.access import Subject
from meetings.store.tables import meeting
from minutes.register import Number
from minutes.signing import AWAITS, DRAFT, Round, RoundState, Signature, SignerRole
from minutes.store import actor
from minutes.tables import minutes, register, sign_round, signature

_STATE = func.coalesce(sign_round.c.state, DRAFT)
_NUMBERED = ((register.c.issuer_unit == sign_round.c.issuer_unit) & (register.c.year == sign_round.c.year)
             & (register.c.series == sign_round.c.series) & (register.c.number == sign_round.c.number))


@dataclass(frozen=True, slots=True)
class StoredRound:
    """A round, its place among the rounds of the minutes, and the number it is about."""

    ord: int
    number: Number
    round: Round
    opened_at: datetime
    settled_at: datetime | None
    test: bool  # whether any of its signatures is a test signature


def rounds(conn: Connection, minutes_id: str) -> list[StoredRound]:
    """All rounds in order; the last one is the present one."""
    query = (
        select(sign_round, register.c.symbol).join(register, _NUMBERED)
        .where(sign_round.c.minutes_id == minutes_id).order_by(sign_round.c.round)
    )
    return [_stored(conn, row) for row in conn.execute(query).all()]


def current(conn: Connection, minutes_id: str) -> StoredRound | None:
    """The last round, whatever its state."""
    found = rounds(conn, minutes_id)
    return found[-1] if found else None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the minutes of one meeting stand, in a line: `number` and `symbol` are None in draft."""

    meeting_id: str
    title: str
    state: str
    number: int | None
    symbol: str | None


def standing(conn: Connection, meeting_id: str) -> Standing | None:
    """None before there is a draft."""
    row = conn.execute(_standing().where(minutes.c.meeting_id == meeting_id)).first()
    return Standing(*row) if row else None


def awaiting(conn: Connection, user_id: str, limit: int = 100) -> list[Standing]:
    """What waits for this person to number, sign, seal or issue, the newest record first."""
    posts = {post: [str(state) for state, waits in AWAITS.items() if waits == post] for post in AWAITS.values()}
    theirs = or_(*((meeting.c[f"{post}_id"] == user_id) & _STATE.in_(states) for post, states in posts.items()))
    rows = conn.execute(_standing().where(theirs).order_by(minutes.c.minutes_id.desc()).limit(limit))
    return [Standing(*row) for row in rows]


def _standing() -> Select[Any]:
    """Minutes have one round that was not refused at most, so the join keeps one row for each."""
    live = (sign_round.c.minutes_id == minutes.c.minutes_id) & (sign_round.c.state != RoundState.REFUSED.value)
    return (
        select(meeting.c.meeting_id, meeting.c.title, _STATE, sign_round.c.number, register.c.symbol)
        .select_from(minutes).join(meeting, meeting.c.meeting_id == minutes.c.meeting_id)
        .outerjoin(sign_round, live).outerjoin(register, _NUMBERED)
    )


def start(conn: Connection, minutes_id: str, ord: int, number: Number, round: Round, at: datetime) -> None:
    conn.execute(insert(sign_round).values(
        minutes_id=minutes_id, round=ord, version=round.version, issuer_unit=number.issuer_unit, year=number.year,
        series=number.series, number=number.number, state=round.state.value, pdf_sha256=round.pdf, opened_at=at))


def add_signature(
    conn: Connection, minutes_id: str, ord: int, round: Round, test: bool, by: Subject, at: datetime
) -> None:
    """Stores the last signature of `round` and its new state."""
    step = round.signatures[-1]
    conn.execute(insert(signature).values(
        minutes_id=minutes_id, round=ord, ord=len(round.signatures), role=step.role.value, signer=step.signer,
        by=actor(by), before_sha256=step.before, after_sha256=step.after, test=int(test), at=at))
    _save(conn, minutes_id, ord, state=round.state.value, pdf_sha256=round.pdf)


def settle(conn: Connection, minutes_id: str, ord: int, round: Round, at: datetime) -> None:
    """Stores that the round was issued or refused."""
    _save(conn, minutes_id, ord, state=round.state.value, reason=round.reason, settled_at=at)


def _save(conn: Connection, minutes_id: str, ord: int, **values: Any) -> None:
    conn.execute(update(sign_round).where(
        sign_round.c.minutes_id == minutes_id, sign_round.c.round == ord).values(**values))


def _stored(conn: Connection, row: Row[Any]) -> StoredRound:
    query = select(signature).where(
        signature.c.minutes_id == row.minutes_id, signature.c.round == row.round).order_by(signature.c.ord)
    steps = conn.execute(query).all()
    signatures = tuple(
        Signature(SignerRole(s.role), s.signer, s.before_sha256, s.after_sha256, s.at) for s in steps)
    return StoredRound(
        ord=row.round,
        number=Number(row.issuer_unit, row.year, row.series, row.number, row.symbol),
        round=Round(row.version, row.number, row.pdf_sha256, RoundState(row.state), signatures, row.reason),
        opened_at=row.opened_at, settled_at=row.settled_at, test=any(step.test for step in steps),
    )
