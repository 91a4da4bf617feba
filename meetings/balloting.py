"""Use cases of a vote: opening, casting, closing.  Re-exported by `service`.

All of them lock the meeting first, so a ballot and the closing never interleave.  Who may vote, and who of them is there, is
written down at the opening and again at the closing, in tables and in the ledger, which alone is enough to count anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from meetings import electors, motions, voting
from meetings.access import Action, Subject
from meetings.admission import new_receipt
from meetings.errors import Closed, Conflict, Invalid, NotAllowed, NotFound
from meetings.ledger import stamp
from meetings.meeting import Meeting
from meetings.motions import Draft
from meetings.permit import conducting, permit
from meetings.store import ledger_store, meeting_store, seat_store, vote_store
from meetings.store.database import Connection
from meetings.store.vote_store import MotionRow, Voter, VoterRow
from meetings.voting import USUAL, Method, Option, Rule, Tally

T = TypeVar("T")
CHUNK = 200
"""Voters named in one event."""


def motion_open(
    conn: Connection, meeting_id: str, title: str, rule: Rule, by: Subject, at: datetime, *,
    options: Sequence[Option] = USUAL, method: Method = Method.ELECTRONIC, item: int | None = None, hall: tuple[int, int] | None = None,
) -> str:
    """Open a vote that was not prepared; its id.  One vote in the room at a time.

    hall: for a count of hands among people who are not known by name, how many may vote and how many are there.
    Raises Conflict("motion.open" | "motion.no_quorum" | "motion.nobody" | "motion.members" | "motion.no_chair").
    """
    meeting = conducting(conn, meeting_id, by)
    draft = Draft(title, rule, tuple(options), method, item)
    motion_id = motions.put(conn, meeting_id, draft, by, at, told=False)
    _open(conn, meeting, vote_store.load(conn, motion_id), by, at, hall)
    return motion_id


def motion_start(conn: Connection, motion_id: str, by: Subject, at: datetime, hall: tuple[int, int] | None = None) -> None:
    """Open the vote on a prepared motion.  Raises as `motion_open`, Closed("motion.opened"), NotFound("motion.unknown")."""
    meeting = conducting(conn, vote_store.meeting_of(conn, motion_id), by)
    motion = vote_store.load(conn, motion_id)
    if motion.withdrawn_at is not None:
        raise NotFound("motion.unknown")
    if motion.opened_at is not None:
        raise Closed("motion.opened", title=motion.title)
    _open(conn, meeting, motion, by, at, hall)


def _open(conn: Connection, meeting: Meeting, motion: MotionRow, by: Subject, at: datetime, hall: tuple[int, int] | None) -> None:
    if motion.method == Method.SLIP:
        raise Conflict("motion.by_slip", title=motion.title)
    if running := vote_store.open_motion(conn, meeting.meeting_id):
        raise Conflict("motion.open", title=running.title)
    rule = Rule.from_data(motion.rule)
    if hall and motion.method != Method.HANDS:
        raise Invalid("motion.hall", field="entitled")
    voters = [] if hall else electors.electors(conn, meeting.meeting_id, rule)
    entitled, present = _hall(hall) if hall else _votes(voters)
    chair = electors.chair_of(meeting, voters) if rule.tie == "chair" and motion.method == Method.ELECTRONIC else None
    if rule.tie == "chair" and motion.method == Method.ELECTRONIC and chair is None:
        raise Conflict("motion.no_chair", chair=meeting.chair.name)
    wanted = voting.check_quorum(rule, entitled, present)
    begin(conn, motion, voters, by, at, entitled=entitled, present=present, quorum_needed=wanted, chair=chair)


def begin(
    conn: Connection, motion: MotionRow, voters: Sequence[Voter], by: Subject, at: datetime, *, joins: str | None = None, **values: Any,
) -> None:
    """Part of opening a vote and of sending slips: the voters first, for none is added once it is open.

    joins: the vote that slips are counted with.
    """
    vote_store.add_voters(conn, motion.motion_id, voters)
    vote_store.set_values(conn, motion.motion_id, opened_at=at, **values)
    options = vote_store.options_of(conn, motion.motion_id)
    due = values.get("due_at")
    ledger_store.append(conn, motion.meeting_id, "motion.opened", at, by, data={
        "motion": motion.motion_id, "title": motion.title, "rule": Rule.from_data(motion.rule).as_data(), "method": motion.method,
        "item": motion.item, "options": [option.choice for option in options],
        "labels": {option.choice: option.text for option in options if option.text}, "voters": len(voters),
        **{name: values[name] for name in ("entitled", "present", "quorum_needed")},
        "chair": values.get("chair"), "due": stamp(due) if due else None, **({"joins": joins} if joins else {}),
    })
    codes = {seat.point_id: seat.code for seat in seat_store.seats(conn, motion.meeting_id)}
    ledger_store.append_all(conn, motion.meeting_id, "motion.voters", at, by, [
        {"motion": motion.motion_id, "voters": [_told(voter, codes) for voter in some]} for some in _some(voters)])


def _some(all_of_them: Sequence[T]) -> list[Sequence[T]]:
    """In pieces, so that no event grows with the hall."""
    return [all_of_them[start:start + CHUNK] for start in range(0, len(all_of_them), CHUNK)]


def _told(voter: Voter, codes: Mapping[int, str]) -> dict[str, Any]:
    named = {"name": voter.name} if voter.person_id else {}
    return {"id": voter.voter_id, "point": codes[voter.point_id], **named, "weight": voter.weight, "present": voter.present}


def _votes(voters: Sequence[Voter]) -> tuple[int, int]:
    return sum(voter.weight for voter in voters), sum(voter.weight for voter in voters if voter.present)


def _hall(hall: tuple[int, int]) -> tuple[int, int]:
    entitled, present = hall
    if not 0 <= present <= entitled <= voting.MOST_VOTES:
        raise Invalid("motion.hall", field="present")
    return entitled, present


def cast(conn: Connection, motion_id: str, voter: int | str, choice: str, by: Subject, at: datetime, via: str = "room") -> str:
    """Cast the one ballot of a point (its number) or a person (its id); its receipt, which stands in the ledger.

    A point votes by its link, and so do the persons at it who have no device of their own; a person votes by its own link.
    Raises NotAllowed("ballot.not_entitled"), Invalid("ballot.choice"), Closed("motion.closed"),
    Conflict("ballot.twice" | "ballot.by_hand" | "motion.by_slip" | "motion.not_open").
    """
    meeting_id = vote_store.meeting_of(conn, motion_id)
    meeting = meeting_store.lock(conn, meeting_id)
    motion = vote_store.load(conn, motion_id)
    permit(conn, meeting, by, Action.MOTION_VOTE)
    row = vote_store.voter_row(conn, meeting_id, motion_id, str(voter))
    if row is None or not _own(row, by):
        raise NotAllowed("ballot.not_entitled", point=voter)
    if motion.method == Method.SLIP:
        raise Conflict("motion.by_slip", title=motion.title)
    return keep(conn, motion, row, choice, by, at, via)


def keep(conn: Connection, motion: MotionRow, row: VoterRow, choice: str, by: Subject, at: datetime, via: str, **told: Any) -> str:
    """Part of `cast` and of answering a slip, once it is clear whose ballot it is: kept, told in the ledger; its receipt."""
    _check_ballot(conn, motion, row, choice, at)
    receipt = new_receipt()
    vote_store.add_ballot(conn, motion.motion_id, row.voter_id, choice, via, receipt, at)
    person = {"person": row.person_id, "name": row.name} if row.person_id else {}
    ledger_store.append(conn, motion.meeting_id, "ballot.cast", at, by, point={"id": row.point_id, "code": row.code, "name": row.point},
                        data={"motion": motion.motion_id, "choice": choice, "receipt": receipt, "via": via, **person, **told})
    return receipt


def _own(voter: VoterRow, by: Subject) -> bool:
    if by.person is not None:
        return voter.person_id == by.person.person_id
    return by.seat is not None and by.seat.point_id == voter.point_id


def _check_ballot(conn: Connection, motion: MotionRow, voter: VoterRow, choice: str, at: datetime) -> None:
    voting.choice_of(choice, vote_store.options_of(conn, motion.motion_id))
    if motion.opened_at is None:
        raise Conflict("motion.not_open", title=motion.title)
    if motion.method == Method.HANDS:
        raise Conflict("ballot.by_hand", title=motion.title)
    if motion.closed_at is not None or (motion.due_at is not None and at > motion.due_at):
        raise Closed("motion.closed", title=motion.title)
    if voter.receipt is not None:
        raise Conflict("ballot.twice", title=motion.title)


def motion_close(conn: Connection, motion_id: str, by: Subject, at: datetime) -> Tally:
    """Close the vote and state its result.

    Raises Closed("motion.closed"), Conflict("motion.not_open" | "motion.by_slip" | "count.unwitnessed").
    """
    meeting_id = vote_store.meeting_of(conn, motion_id)
    conducting(conn, meeting_id, by)
    motion = vote_store.load(conn, motion_id)
    if motion.method == Method.SLIP:
        raise Conflict("motion.by_slip", title=motion.title)
    if motion.opened_at is None:
        raise Conflict("motion.not_open", title=motion.title)
    if motion.closed_at is not None:
        raise Closed("motion.closed", title=motion.title)
    rule, options = Rule.from_data(motion.rule), vote_store.options_of(conn, motion.motion_id)
    _who_stayed(conn, motion, rule, by, at)
    counts, chair = _counted(conn, motion)
    present = max(motion.present, vote_store.present(conn, motion.motion_id), sum(counts.values()))
    return settle(conn, motion, voting.tally(rule, motion.entitled, present, counts, options, chair), by, at)


def settle(conn: Connection, motion: MotionRow, result: Tally, by: Subject | None, at: datetime, **told: Any) -> Tally:
    """Part of `motion_close` and of the end of slips, under the meeting's lock: the result is stated, for ever."""
    rule, options = Rule.from_data(motion.rule), vote_store.options_of(conn, motion.motion_id)
    vote_store.close(conn, motion.motion_id, result, at)
    ledger_store.append(conn, motion.meeting_id, "motion.closed", at, by, data={
        "motion": motion.motion_id, "title": motion.title, "rule": rule.as_data(), "cast": result.cast,
        "arithmetic": voting.arithmetic(rule, options, result).as_data(), **result.as_data(), **told})
    return result


def _who_stayed(conn: Connection, motion: MotionRow, rule: Rule, by: Subject, at: datetime) -> None:
    here = electors.there(conn, motion.meeting_id, rule)
    stayed = [voter.voter_id for voter in vote_store.voters(conn, motion.motion_id) if voter.voter_id in here]
    vote_store.stayed(conn, motion.motion_id, stayed)
    ledger_store.append_all(conn, motion.meeting_id, "motion.present", at, by, [
        {"motion": motion.motion_id, "voters": list(some)} for some in _some(stayed)])


def _counted(conn: Connection, motion: MotionRow) -> tuple[Mapping[str, int], str | None]:
    """Votes for each choice, and what the chair chose."""
    if motion.method != Method.HANDS:
        return vote_store.counts(conn, motion.motion_id), vote_store.choice_of(conn, motion.motion_id, motion.chair)
    count = vote_store.last_count(conn, motion.motion_id)
    if count is None or count.witness is None:
        raise Conflict("count.unwitnessed", title=motion.title)
    return count.counts, count.chair

