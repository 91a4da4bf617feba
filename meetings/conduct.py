"""Use cases of an open meeting: agenda, votes, conclusions.  Re-exported by `service`; who speaks: `speaking`.

All of them lock the meeting first, so two decisions of one meeting never interleave; the ledger is their order.
"""

from __future__ import annotations

from datetime import datetime

from meetings import agenda as programme
from meetings import voting
from meetings.access import Action, Subject
from meetings.admission import new_receipt
from meetings.errors import Closed, Conflict, NotAllowed, NotFound
from meetings.ids import new_id
from meetings.meeting import Meeting
from meetings.permit import conducting, permit
from meetings.store import ledger_store, meeting_store, seat_store, vote_store
from meetings.store.database import Connection
from meetings.texts import line, paragraph
from meetings.voting import Choice, Rule, Tally

CONCLUSION_LIMIT = 5000


def agenda_go(conn: Connection, meeting_id: str, item: int | None, by: Subject, at: datetime) -> None:
    """End the running item and start `item` (None: only end).  Raises NotFound("agenda.unknown"), Conflict."""
    conducting(conn, meeting_id, by)
    step = programme.go(meeting_store.agenda_of(conn, meeting_id), item)
    if step.end:
        end_running_item(conn, meeting_id, by, at)
    if step.start:
        meeting_store.save_item(conn, meeting_id, step.start.item, started_at=at, ended_at=None)
        ledger_store.append(conn, meeting_id, "agenda.started", at, by,
                            data={"item": step.start.item, "title": step.start.title})


def end_running_item(conn: Connection, meeting_id: str, by: Subject, at: datetime) -> None:
    """Part of `agenda_go` and of closing; does nothing when no item runs."""
    for item in meeting_store.agenda_of(conn, meeting_id):
        if item.running:
            meeting_store.save_item(conn, meeting_id, item.item, ended_at=at)
            ledger_store.append(conn, meeting_id, "agenda.ended", at, by, data={"item": item.item})


def motion_open(conn: Connection, meeting_id: str, title: str, rule: Rule, by: Subject, at: datetime) -> str:
    """Open a vote; its id.  Every booked point may vote.  One vote at a time.

    Raises Conflict("motion.open" | "motion.no_quorum").
    """
    title = line(title, "motion", 500)
    conducting(conn, meeting_id, by)
    if running := vote_store.open_motion(conn, meeting_id):
        raise Conflict("motion.open", title=running.title)
    seats = seat_store.seats(conn, meeting_id)
    present = sum(1 for seat in seats if seat.joined_at is not None)
    wanted = voting.check_quorum(rule, len(seats), present)
    motion_id = new_id(at)
    voters = [(seat.point_id, seat.joined_at is not None) for seat in seats]
    vote_store.add(conn, motion_id, meeting_id, title, rule, wanted, voters, at)
    ledger_store.append(conn, meeting_id, "motion.opened", at, by, data={
        "motion": motion_id, "title": title, "rule": rule.as_data(), "options": [choice.value for choice in Choice],
        "entitled": len(seats), "present": present, "quorum_needed": wanted,
    })
    return motion_id


def cast(conn: Connection, motion_id: str, point_id: int, choice: str, by: Subject, at: datetime) -> str:
    """Cast the point's one ballot; its receipt, which stands in the ledger.

    Raises NotAllowed("ballot.not_entitled"), Invalid("ballot.choice"), Closed("motion.closed"),
    Conflict("ballot.twice").
    """
    meeting_id = vote_store.meeting_of(conn, motion_id)
    meeting = meeting_store.lock(conn, meeting_id)
    motion = vote_store.load(conn, motion_id)
    _check_voter(conn, meeting, motion_id, point_id, by)
    value = voting.choice_of(choice).value
    if motion.closed_at is not None:
        raise Closed("motion.closed", title=motion.title)
    if vote_store.has_voted(conn, motion_id, point_id):
        raise Conflict("ballot.twice", title=motion.title)
    receipt = new_receipt()
    vote_store.add_ballot(conn, motion_id, point_id, value, receipt, at)
    point = seat_store.one(conn, meeting_id, point_id).point
    ledger_store.append(conn, meeting_id, "ballot.cast", at, by, point=point,
                        data={"motion": motion_id, "choice": value, "receipt": receipt})
    return receipt


def motion_close(conn: Connection, motion_id: str, by: Subject, at: datetime) -> Tally:
    """Close the vote and state its result.  Raises Closed("motion.closed")."""
    meeting_id = vote_store.meeting_of(conn, motion_id)
    conducting(conn, meeting_id, by)
    motion = vote_store.load(conn, motion_id)
    if motion.closed_at is not None:
        raise Closed("motion.closed", title=motion.title)
    rule = Rule.from_data(motion.rule)
    entitled, present = vote_store.turnout(conn, motion_id)
    choices = [choice for _point, choice in vote_store.votes(conn, motion_id)]
    result = voting.tally(rule, entitled, present, choices)
    vote_store.close(conn, motion_id, result, at)
    ledger_store.append(conn, meeting_id, "motion.closed", at, by, data={
        "motion": motion_id, "title": motion.title, "rule": rule.as_data(), **result.as_data()})
    return result


def conclusion_write(conn: Connection, meeting_id: str, text: str, by: Subject, at: datetime) -> int:
    """Append one numbered conclusion; its number, which is never given again."""
    text = paragraph(text, "conclusion", CONCLUSION_LIMIT)
    conducting(conn, meeting_id, by)
    ord = meeting_store.add_conclusion(conn, meeting_id, text, at)
    ledger_store.append(conn, meeting_id, "conclusion.written", at, by, data={"ord": ord, "text": text})
    return ord


def conclusion_remove(conn: Connection, meeting_id: str, ord: int, by: Subject, at: datetime) -> None:
    """Strike a conclusion; the ledger keeps what it was.  Raises NotFound("conclusion.unknown")."""
    conducting(conn, meeting_id, by)
    if not meeting_store.remove_conclusion(conn, meeting_id, ord, at):
        raise NotFound("conclusion.unknown", ord=ord)
    ledger_store.append(conn, meeting_id, "conclusion.removed", at, by, data={"ord": ord})


def _check_voter(conn: Connection, meeting: Meeting, motion_id: str, point_id: int, by: Subject) -> None:
    """Only the point itself votes, and only if it was booked when the vote opened."""
    permit(conn, meeting, by, Action.MOTION_VOTE)
    own = by.seat is not None and by.seat.point_id == point_id
    if not own or not vote_store.entitled(conn, motion_id, point_id):
        raise NotAllowed("ballot.not_entitled", point=point_id)
