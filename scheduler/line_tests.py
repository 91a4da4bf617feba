"""Use cases of testing the lines before a meeting: links by rounds, results with a verdict, who is called, what pages show.

A link belongs to (meeting, point, round); its secret is derived from a key of the installation, so it can be told again
without standing in the database.  Results stay with the meeting: the last of each round in the table, every one in the
ledger (`line.tested`).  Starts no test and sends nothing: browsers measure (static/linetest), notices are told.  Called by
web/routes/linetest.py, web/routes/readiness.py, and by the scheduler process for what is due (`HANDLERS`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row

from meetings.access import SeatRef
from meetings.admission import token_digest
from meetings.errors import Closed, NotFound
from meetings.ids import new_id
from meetings.ledger import stamp
from meetings.meeting import ROOM_OPEN, Meeting, State
from meetings.store import ledger_store, meeting_store, seat_store
from meetings.store.seat_store import Seat
from scheduler import line_table, notices, outbox, sent
from scheduler.readiness import DURING, EXTRA, RANK, Measured, Policy, Profile, Reason, Verdict, judge, need_of
from scheduler.sent import Fate, Sent

OPEN_KIND: Final = "linetest.open"
CALL_KIND: Final = "linetest.call"
REPORT_KIND: Final = "linetest.report"
ASKING: Final = ("linetest.open", "linetest.remind", "linetest.none")
"""Notices that bring a link to who has not tested."""
ALARMS: Final = ("linetest.failed", "linetest.weak", "linetest.none", "linetest.technician", "linetest.deputy")
"""Notices that a line is not ready: taken back when it is."""
_PURPOSE: Final = b"diemcau line test 1\0"
_EARLY: Final = timedelta(minutes=1)  # an item that comes sooner than so much before its time was made for another time
_HISTORY: Final = 20


@dataclass(frozen=True, slots=True)
class Test:
    """The link of one round and what came of it."""

    __test__ = False  # its name begins like those of tests

    test_id: str
    meeting_id: str
    point_id: int
    round: str
    opens_at: datetime
    expires_at: datetime
    tries: int
    meeting: Meeting
    seat: Seat


@dataclass(frozen=True, slots=True)
class Standing:
    """How one point of a meeting stands: its newest result, or none yet.  `asked`: it has a link; `link`: what became of the notice."""

    seat: Seat
    verdict: Verdict
    reasons: tuple[Reason, ...] = ()
    measured: Measured | None = None
    tried_at: datetime | None = None
    round: str = ""
    asked: bool = False
    link: Fate = Fate(Sent.NO)

    @property
    def rank(self) -> tuple[int, str]:
        """Who is to be phoned first comes first."""
        return RANK[self.verdict], self.seat.name


@dataclass(frozen=True, slots=True)
class Past:
    """One result of a point's line in some meeting."""

    meeting_id: str
    title: str
    start: datetime
    round: str
    tried_at: datetime
    verdict: Verdict
    reasons: tuple[Reason, ...]
    measured: Measured


def secret_of(key: bytes, test_id: str) -> str:
    """The text in the link of this test: 43 characters that cannot be guessed."""
    mac = hmac.new(key, _PURPOSE + uuid.UUID(test_id).bytes, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


# --- rounds ------------------------------------------------------------------------------------------------------


def open_round(conn: Connection, key: bytes, policy: Policy, meeting_id: str, round_name: str, at: datetime) -> int:
    """Every booked point has a link for this round and is told of it; how many links are new or for another time.

    Asked again it changes nothing.  It does nothing for a meeting that is not convened, that has begun, or whose start was
    moved so that the round's time has not come; NotFound("linetest.round") for a round that the policy does not have.
    """
    chosen = policy.round(round_name)
    if chosen is None:
        raise NotFound("linetest.round", round=round_name)
    meeting = _convened(conn, meeting_id)
    if meeting is None or not chosen.opens(meeting.start) - _EARLY <= at < meeting.start:
        return 0
    expires = max(chosen.opens(meeting.start) + chosen.open_for, at + timedelta(minutes=1))
    seats = seat_store.seats(conn, meeting_id)
    opened = _links(conn, key, meeting, seats, round_name, chosen.opens(meeting.start), expires, at)
    for seat in seats:
        notices.tell(conn, "linetest.open", meeting_id, {"point": seat.point_id}, at, key=f"{round_name} {stamp(meeting.start)}",
                     test=opened[seat.point_id][0], point=seat.name, round=round_name, expires=expires)
    for who, before in policy.calls:
        due = meeting.start - before
        if due > at:
            outbox.put(conn, f"{CALL_KIND}:{meeting_id}:{who}:{stamp(meeting.start)}", CALL_KIND, due,
                       {"meeting": meeting_id, "who": who})
    if reported := policy.reported(at, meeting.start):
        outbox.put(conn, report_key(meeting_id, round_name, meeting.start), REPORT_KIND, reported,
                   report_payload(meeting_id, round_name, meeting.start))
    return sum(new for _test_id, new in opened.values())


def report_key(meeting_id: str, round_name: str, start: datetime) -> str:
    """Of the item that tells which lines are not ready after a round for this start."""
    return f"{REPORT_KIND}:{meeting_id}:{round_name}:{stamp(start)}"


def report_payload(meeting_id: str, round_name: str, start: datetime) -> dict[str, Any]:
    """What that item says."""
    return {"meeting": meeting_id, "round": round_name, "start": stamp(start)}


def remind(conn: Connection, key: bytes, policy: Policy, meeting_id: str, at: datetime, point_ids: Sequence[int] = ()) -> int:
    """Whoever has not tested yet (or exactly these points) is told once more, with a link that is good now; how many."""
    meeting = _convened(conn, meeting_id)
    if meeting is None:
        raise Closed("linetest.over")
    wanted = set(point_ids) or {one.seat.point_id for one in standings(conn, meeting_id) if one.verdict is Verdict.NONE}
    seats = [seat for seat in seat_store.seats(conn, meeting_id) if seat.point_id in wanted]
    opened = _links(conn, key, meeting, seats, EXTRA, at, meeting.end, at, again=False)
    for seat in seats:
        notices.tell(conn, "linetest.remind", meeting_id, {"point": seat.point_id}, at, key=stamp(at),
                     test=opened[seat.point_id][0], point=seat.name, round=EXTRA, expires=meeting.end)
    return len(seats)


def extra(conn: Connection, key: bytes, meeting_id: str, point_id: int, at: datetime) -> str:
    """The secret of a link that this point may use whenever it likes until the meeting ends.  Raises NotFound, Closed."""
    meeting = meeting_store.lock(conn, meeting_id)
    _check_alive(meeting)
    seat = seat_store.one(conn, meeting_id, point_id)
    opened = _links(conn, key, meeting, [seat], EXTRA, at, max(meeting.end, at + timedelta(hours=1)), at, again=False)
    return secret_of(key, opened[point_id][0])


def _links(
    conn: Connection, key: bytes, meeting: Meeting, seats: Sequence[Seat], round_name: str, opens: datetime, expires: datetime,
    at: datetime, *, again: bool = True,
) -> dict[int, tuple[str, bool]]:
    """point → (test, whether it is new or for another time now).  `again`: a link for another time is made good for this one."""
    there = {row.point_id: row for row in line_table.of_meeting(conn, meeting.meeting_id) if row.round == round_name}
    made: dict[int, str] = {seat.point_id: new_id(at) for seat in seats if seat.point_id not in there}
    line_table.add(conn, (
        {"test_id": test_id, "meeting_id": meeting.meeting_id, "point_id": point_id, "round": round_name, "opens_at": opens,
         "expires_at": expires, "tries": 0, "secret_sha256": token_digest(secret_of(key, test_id))}
        for point_id, test_id in made.items()))
    stale = {point_id for point_id, row in there.items() if row.opens_at != opens} if again else set()
    if again:
        line_table.open_again(conn, meeting.meeting_id, round_name, opens, expires)
    else:
        line_table.prolong(conn, meeting.meeting_id, round_name, expires)
    return {seat.point_id: (made.get(seat.point_id) or there[seat.point_id].test_id, seat.point_id in made or seat.point_id in stale)
            for seat in seats}


def call(conn: Connection, key: bytes, meeting_id: str, who: str, at: datetime, policy: Policy) -> int:
    """Tells `who` (technician or deputy) of each point that has failed or not tested, this long before the start.  How many.

    Nothing for a meeting that has begun, or was moved so that it is too early.
    """
    meeting, before = _convened(conn, meeting_id), dict(policy.calls).get(who)
    if meeting is None or before is None or not meeting.start - before - _EARLY <= at < meeting.start:
        return 0
    missing = [one for one in standings(conn, meeting_id) if one.verdict in (Verdict.FAILED, Verdict.NONE)]
    _alarm(conn, key, meeting, [(f"linetest.{who}", one) for one in missing], f"{who} {stamp(meeting.start)}", at)
    return len(missing)


def report(conn: Connection, key: bytes, meeting_id: str, round_name: str, start: datetime, at: datetime) -> int:
    """After a round: whoever looks after a point that is not ready hears why and what to do, the meeting's secretary how many there are.

    How many.  Nothing for a meeting that has begun or starts at another time now.
    """
    meeting = _convened(conn, meeting_id)
    if meeting is None or meeting.start != start or at >= start:
        return 0
    unready = [one for one in standings(conn, meeting_id) if one.verdict is not Verdict.READY]
    mark = f"{round_name} {stamp(start)}"
    _alarm(conn, key, meeting, [(f"linetest.{one.verdict.value}", one) for one in unready], mark, at)
    if unready:
        points = {verdict.value: [one.seat.name for one in unready if one.verdict is verdict]
                  for verdict in (Verdict.FAILED, Verdict.NONE, Verdict.WEAK)}
        notices.tell(conn, "linetest.summary", meeting_id, {"user": meeting.secretary.user_id}, at, key=mark, count=len(unready), points=points)
    return len(unready)


def _alarm(conn: Connection, key: bytes, meeting: Meeting, told: Sequence[tuple[str, Standing]], mark: str, at: datetime) -> None:
    """Each of these notices, with a link that is good until the meeting ends."""
    opened = _links(conn, key, meeting, [one.seat for _what, one in told], EXTRA, at, meeting.end, at, again=False)
    outbox.put_all(conn, [notices.notice(
        what, meeting.meeting_id, {"point": one.seat.point_id}, at, key=mark, test=opened[one.seat.point_id][0], point=one.seat.name,
        code=one.seat.code, verdict=one.verdict.value, reasons=[_reason_data(reason) for reason in one.reasons]) for what, one in told])


def _convened(conn: Connection, meeting_id: str) -> Meeting | None:
    """The meeting, locked, if it still is to come."""
    try:
        meeting = meeting_store.lock(conn, meeting_id)
    except NotFound:
        return None
    return meeting if meeting.state is State.CONVENED else None


def _opened(conn: Connection, key: bytes, policy: Policy, payload: Mapping[str, Any], at: datetime) -> None:
    open_round(conn, key, policy, str(payload["meeting"]), str(payload["round"]), at)


def _called(conn: Connection, key: bytes, policy: Policy, payload: Mapping[str, Any], at: datetime) -> None:
    call(conn, key, str(payload["meeting"]), str(payload["who"]), at, policy)


def _reported(conn: Connection, key: bytes, _policy: Policy, payload: Mapping[str, Any], at: datetime) -> None:
    report(conn, key, str(payload["meeting"]), str(payload["round"]), datetime.fromisoformat(payload["start"]), at)


HANDLERS: Final[Mapping[str, Callable[[Connection, bytes, Policy, Mapping[str, Any], datetime], None]]] = {
    OPEN_KIND: _opened, CALL_KIND: _called, REPORT_KIND: _reported,
}
"""What is to be done for items of the outbox of these kinds: (connection, key of links, policy, payload, now)."""


# --- results -----------------------------------------------------------------------------------------------------


def by_secret(conn: Connection, secret: str, at: datetime) -> tuple[Test, SeatRef]:
    """Who comes with this link.  Raises NotFound("linetest.unknown"), Closed("linetest.early" | "linetest.over")."""
    row = line_table.by_secret(conn, token_digest(secret))
    if row is None:
        raise NotFound("linetest.unknown")
    meeting = meeting_store.load(conn, row.meeting_id)
    _check_alive(meeting)
    try:
        seat = seat_store.one(conn, row.meeting_id, row.point_id)
    except NotFound:
        raise NotFound("linetest.unknown") from None  # the point is no longer invited
    if at < row.opens_at:
        raise Closed("linetest.early", opens=row.opens_at)
    if at >= row.expires_at:
        raise Closed("linetest.over")
    test = Test(row.test_id, row.meeting_id, row.point_id, row.round, row.opens_at, row.expires_at, row.tries, meeting, seat)
    return test, SeatRef(row.meeting_id, row.point_id, seat.code, row.test_id)


def record(conn: Connection, test: Test, measured: Measured, policy: Policy, at: datetime) -> Standing:
    """Keeps one result and says what it is worth.  Raises Closed("linetest.over") once the meeting has ended."""
    meeting = meeting_store.lock(conn, test.meeting_id)
    _check_alive(meeting)
    seat = seat_store.one(conn, test.meeting_id, test.point_id)
    told = line_table.told(conn, [test.point_id]).get(test.point_id, {})
    need = need_of(policy.limits, main=meeting.main_point_id == test.point_id)
    judged = judge(measured, need, policy.limits, Profile(told.get("up_kbps"), told.get("down_kbps")))
    test_id, round_name = _kept_in(conn, meeting, test, at)
    line_table.keep(
        conn, test_id, tried_at=at, verdict=judged.verdict.value, result=measured.as_data(),
        reasons=[_reason_data(reason) for reason in judged.reasons])
    if judged.verdict is Verdict.READY:
        notices.recall(conn, ALARMS, test.meeting_id, {"point": test.point_id}, at)
    figures = {name: value for name, value in measured.as_data().items() if name != "browser"}
    ledger_store.append(conn, test.meeting_id, "line.tested", at, None, seat.point, {
        "round": round_name, "verdict": judged.verdict.value, "reasons": list(judged.codes), "figures": figures})
    return Standing(seat, judged.verdict, judged.reasons, measured, at, round_name, asked=True)


def _kept_in(conn: Connection, meeting: Meeting, test: Test, at: datetime) -> tuple[str, str]:
    """(row, round) in which this result is kept.  What is measured after the start has a row of its own, to which no link leads:
    how a line stood when the meeting began is not overwritten."""
    if at < meeting.start:
        return test.test_id, test.round
    row = line_table.one(conn, test.meeting_id, test.point_id, DURING)
    if row is not None:
        return row.test_id, DURING
    test_id = new_id(at)
    line_table.add(conn, [{
        "test_id": test_id, "meeting_id": test.meeting_id, "point_id": test.point_id, "round": DURING, "tries": 0,
        "opens_at": meeting.start, "expires_at": at + timedelta(minutes=1), "secret_sha256": secrets.token_hex(32)}])
    return test_id, DURING


def counted(conn: Connection, meeting_id: str, before: datetime | None = None) -> Counter[Verdict]:
    """How many booked points stand how; before that time, where one is given."""
    found = Counter(Verdict(verdict) for verdict in line_table.newest(conn, meeting_id, before).values())
    found[Verdict.NONE] = seat_store.counts(conn, meeting_id)[0] - found.total()
    return found


def standings(conn: Connection, meeting_id: str, before: datetime | None = None) -> list[Standing]:
    """How every booked point stands, in the order in which they were booked; before that time, where one is given."""
    newest: dict[int, Row[Any]] = {row.point_id: row for row in line_table.of_meeting(conn, meeting_id)
                                   if before is None or row.tried_at is None or row.tried_at < before}
    return [_standing(seat, newest.get(seat.point_id)) for seat in seat_store.seats(conn, meeting_id)]


def history(conn: Connection, point_id: int, most: int = _HISTORY) -> list[Past]:
    """The last results of one point over all its meetings, newest first.  The caller says who may read which title."""
    return [Past(row.meeting_id, row.title, row.starts_at, row.round, row.tried_at, Verdict(row.verdict), _reasons(row),
                 Measured.read(row.result)) for row in line_table.tried(conn, point_id, most)]


def _standing(seat: Seat, row: Row[Any] | None) -> Standing:
    if row is None or row.tried_at is None:
        return Standing(seat, Verdict.NONE, asked=row is not None)
    return Standing(seat, Verdict(row.verdict), _reasons(row), Measured.read(row.result), row.tried_at, row.round, asked=True)


def with_links(conn: Connection, meeting_id: str, found: Sequence[Standing]) -> list[Standing]:
    """The same, each point that has not tested with what became of the newest notice that brought it a link."""
    if not any(one.verdict is Verdict.NONE for one in found):
        return list(found)
    links = {payload["to"]["point"]: fate for payload, fate in sent.of_notices(conn, meeting_id, ASKING)}
    return [replace(one, link=links.get(one.seat.point_id, one.link)) if one.verdict is Verdict.NONE else one for one in found]


def _reason_data(reason: Reason) -> dict[str, Any]:
    return {"code": reason.code, "failed": reason.failed, "params": dict(reason.params)}


def _reasons(row: Row[Any]) -> tuple[Reason, ...]:
    return tuple(Reason(one["code"], one["failed"], one["params"]) for one in row.reasons)


def _check_alive(meeting: Meeting) -> None:
    if meeting.state not in ROOM_OPEN:
        raise Closed("linetest.over")
