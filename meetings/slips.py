"""Use cases of opinion slips (phiếu lấy ý kiến): sent, answered once each, reminded of, given more time, ended with their result.

Slips run beside the meeting and after it: their events follow the closing and never change minutes.  Nobody sees how they stand
before they end, which is at the deadline, or as soon as everybody has answered.  Who is asked finds `scheduler.slip_rounds`, which
also plans what is sent and when; called by it, by web/routes/slips.py, and by the duty at the deadline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from meetings import electors, motions, polling, voting
from meetings.access import Action, PersonRef, Subject
from meetings.balloting import begin, keep, settle
from meetings.errors import Closed, Conflict, NotAllowed, NotFound
from meetings.ledger import stamp
from meetings.meeting import Meeting, State
from meetings.motions import Draft
from meetings.permit import permit
from meetings.store import ledger_store, meeting_store, slip_store, vote_store
from meetings.store.database import Connection
from meetings.store.vote_store import MotionRow, Voter, VoterRow
from meetings.voting import Method, Rule, Tally


def conducted(conn: Connection, meeting_id: str, by: Subject) -> Meeting:
    """The locked meeting, if `by` conducts it and it was opened: slips go out during it and after it."""
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, Action.MEETING_CONDUCT)
    if meeting.state is not State.CONCLUDED:
        meeting.check_state(State.OPEN, State.SUSPENDED)
    return meeting


def to_join(conn: Connection, meeting_id: str, joins: str) -> MotionRow:
    """The vote that slips are to be counted with: closed, by devices, of this meeting, and without slips until now.

    Raises NotFound("motion.unknown"), Conflict("slip.joins" | "slip.joined").
    """
    if vote_store.meeting_of(conn, joins) != meeting_id:
        raise NotFound("motion.unknown")
    earlier = vote_store.load(conn, joins)
    if earlier.method != Method.ELECTRONIC or earlier.closed_at is None:
        raise Conflict("slip.joins", title=earlier.title)
    if joins in slip_store.joined(conn, meeting_id).values():
        raise Conflict("slip.joined", title=earlier.title)
    return earlier


def like(conn: Connection, earlier: MotionRow) -> Draft:
    """The same question, by the same rule, among the same options."""
    return Draft(earlier.title, Rule.from_data(earlier.rule), vote_store.options_of(conn, earlier.motion_id), Method.SLIP, earlier.item)


def send(
    conn: Connection, meeting_id: str, draft: Draft, voters: Sequence[Voter], due: datetime, by: Subject, at: datetime, joins: str | None = None,
) -> str:
    """Ask these voters until `due`; the motion's id.  joins: as `to_join`; then `draft` is `like` it and nobody asked voted there.

    Raises Invalid("slip.due" | "slip.quorum"), Conflict("motion.nobody" | "motion.members" | "motion.no_chair" | "slip.voted").
    """
    meeting = conducted(conn, meeting_id, by)
    polling.check_due(at, due, at)
    earlier = to_join(conn, meeting_id, joins) if joins else None
    if earlier is None:
        polling.check_rule(draft.rule)
        voting.check_quorum(draft.rule, sum(voter.weight for voter in voters), 0)
    elif {voter.voter_id for voter in voters} & {who for who, _choice in vote_store.votes(conn, earlier.motion_id)}:
        raise Conflict("slip.voted", title=earlier.title)
    motion = vote_store.load(conn, motions.put(conn, meeting_id, draft, by, at, told=False))
    if earlier is not None:
        slip_store.join(conn, motion.motion_id, earlier.motion_id)
    begin(conn, motion, voters, by, at, joins=joins, entitled=sum(voter.weight for voter in voters), present=0, quorum_needed=0,
          chair=_chair(meeting, earlier, draft.rule, voters), due_at=due)
    if earlier is not None:
        polling.check_joint(Tally.from_data(earlier.tally), draft.rule, len(voters), slip_store.added(conn, motion.motion_id, earlier.motion_id))
    return motion.motion_id


def _chair(meeting: Meeting, earlier: MotionRow | None, rule: Rule, voters: Sequence[Voter]) -> str | None:
    """Whose side decides a tie: of slips that are counted with a vote, that vote's chair."""
    if rule.tie != "chair":
        return None
    chair = electors.chair_of(meeting, list(voters)) or (earlier.chair if earlier is not None else None)
    if chair is None:
        raise Conflict("motion.no_chair", chair=meeting.chair.name)
    return chair


def answer(conn: Connection, motion_id: str, choice: str, text: str, by: Subject, at: datetime) -> str:
    """The one answer to a slip, with what is said beside it; its receipt.  The last answer ends the slips.

    Raises NotAllowed("ballot.not_entitled"), Invalid("ballot.choice" | "slip.opinion"), Closed("motion.closed"), Conflict("ballot.twice").
    """
    meeting = meeting_store.lock(conn, vote_store.meeting_of(conn, motion_id))
    permit(conn, meeting, by, Action.SLIP_ANSWER)
    motion, row = asked(conn, motion_id, by.person)
    options = vote_store.options_of(conn, motion_id)
    said = polling.opinion(text, voting.choice_of(choice, options), options)
    receipt = keep(conn, motion, row, choice, by, at, "slip", **({"opinion": polling.digest(said)} if said else {}))
    assert by.person is not None
    slip_store.add_answer(conn, motion_id, row.voter_id, by.person.person_id, by.name, said)
    if not slip_store.silent(conn, motion_id):
        _state_result(conn, motion, at)
    return receipt


def asked(conn: Connection, motion_id: str, ref: PersonRef | None) -> tuple[MotionRow, VoterRow]:
    """The slips and whose slip this person may answer: the own one, or the one of the point where they sit.

    Raises NotAllowed("ballot.not_entitled"), NotFound("motion.unknown") for what is no slip.
    """
    motion = vote_store.load(conn, motion_id)
    if motion.method != Method.SLIP or motion.opened_at is None:
        raise NotFound("motion.unknown")
    if ref is not None and ref.meeting_id == motion.meeting_id:
        own = (ref.person_id, ref.link_id) if Rule.from_data(motion.rule).over == "persons" else (str(ref.point_id),)
        for voter_id in own:
            if (row := vote_store.voter_row(conn, motion.meeting_id, motion_id, voter_id)) is not None:
                return motion, row
    raise NotAllowed("ballot.not_entitled")


def remind(conn: Connection, motion_id: str, by: Subject, at: datetime) -> int:
    """Whoever is silent is to be asked again; the reminder's number.  Raises Conflict("slip.reminded"), Closed("motion.closed")."""
    motion = _running(conn, motion_id, by, at)
    before = slip_store.reminders(conn, motion_id)
    if before and at < before[-1].sent_at + polling.PAUSE:
        raise Conflict("slip.reminded", title=motion.title)
    return _reminded(conn, motion, by, at)


def remind_by_clock(conn: Connection, motion_id: str, at: datetime) -> int | None:
    """As `remind`, when the time for it has come; None where it is of no use any more or somebody has just done it."""
    meeting_store.lock(conn, vote_store.meeting_of(conn, motion_id))
    motion, before = vote_store.load(conn, motion_id), slip_store.reminders(conn, motion_id)
    over = motion.closed_at is not None or motion.due_at is None or at >= motion.due_at
    return None if over or before and at < before[-1].sent_at + polling.PAUSE else _reminded(conn, motion, None, at)


def _reminded(conn: Connection, motion: MotionRow, by: Subject | None, at: datetime) -> int:
    silent = slip_store.silent(conn, motion.motion_id)
    n = slip_store.add_reminder(conn, motion.motion_id, silent, at)
    ledger_store.append(conn, motion.meeting_id, "slip.reminded", at, by, data={
        "motion": motion.motion_id, "title": motion.title, "n": n, "silent": silent})
    return n


def extend(conn: Connection, motion_id: str, due: datetime, by: Subject, at: datetime) -> None:
    """A later deadline.  Raises Invalid("slip.due" | "slip.earlier"), Closed("motion.closed") once it has passed."""
    motion = _running(conn, motion_id, by, at)
    if polling.check_due(motion.opened_at, due, at) <= motion.due_at:
        raise Conflict("slip.earlier", title=motion.title)
    vote_store.set_values(conn, motion_id, due_at=due)
    ledger_store.append(conn, motion.meeting_id, "slip.extended", at, by, data={
        "motion": motion_id, "title": motion.title, "due": stamp(due), "before": stamp(motion.due_at)})


def end(conn: Connection, motion_id: str, at: datetime) -> Tally | None:
    """The result, once the deadline has passed; None where it has not, or where the result was stated already."""
    meeting_store.lock(conn, vote_store.meeting_of(conn, motion_id))
    motion = vote_store.load(conn, motion_id)
    if motion.method != Method.SLIP or motion.closed_at is not None or motion.due_at is None or at < motion.due_at:
        return None
    return _state_result(conn, motion, at)


def _state_result(conn: Connection, motion: MotionRow, at: datetime) -> Tally:
    rule, options, slips = Rule.from_data(motion.rule), vote_store.options_of(conn, motion.motion_id), vote_store.counts(conn, motion.motion_id)
    chair = vote_store.choice_of(conn, motion.motion_id, motion.chair)
    answered = sum(slips.values())
    if (joins := slip_store.joined_to(conn, motion.motion_id)) is None:
        return settle(conn, motion, voting.tally(rule, motion.entitled, answered, slips, options, chair), None, at, method=motion.method)
    earlier = vote_store.load(conn, joins)
    before, added = Tally.from_data(earlier.tally), slip_store.added(conn, motion.motion_id, joins)
    result = polling.together(rule, options, before, slips, added, chair or vote_store.choice_of(conn, joins, motion.chair))
    told: Mapping[str, object] = {"method": motion.method, "joins": {"motion": joins, "counts": dict(before.counts)}, "slips": {
        "counts": slips, "asked": motion.entitled, "answered": answered}}
    return settle(conn, motion, result, None, at, **told)


def _running(conn: Connection, motion_id: str, by: Subject, at: datetime) -> MotionRow:
    conducted(conn, vote_store.meeting_of(conn, motion_id), by)
    motion = vote_store.load(conn, motion_id)
    if motion.method != Method.SLIP or motion.opened_at is None:
        raise NotFound("motion.unknown")
    if motion.closed_at is not None or at >= motion.due_at:
        raise Closed("motion.closed", title=motion.title)
    return motion
