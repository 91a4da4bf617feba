"""Use cases of a vote by raised hands: whoever conducts enters what was counted, somebody else has seen it.

A count is corrected by entering it anew, which needs its witness anew; the last one decides.  The database refuses the closing
of a vote by hands that nobody has witnessed, and a witness who entered it.  Called by web/routes/vote.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from meetings import voting
from meetings.access import Action, Subject
from meetings.errors import Closed, Conflict, Invalid, NotAllowed
from meetings.permit import conducting, permit
from meetings.store import ledger_store, meeting_store, vote_store
from meetings.store.database import Connection
from meetings.store.vote_store import MotionRow
from meetings.voting import Method, Rule


def count_enter(
    conn: Connection, motion_id: str, counts: Mapping[str, int], by: Subject, at: datetime, chair: str | None = None,
) -> int:
    """What was counted for each option; its number.  chair: the chair's side, where the rule lets it decide a tie.

    Raises Invalid("count.options" | "count.too_many"), Conflict("motion.not_by_hand" | "motion.not_open"), Closed("motion.closed").
    """
    conducting(conn, vote_store.meeting_of(conn, motion_id), by)
    motion = _by_hand(conn, motion_id)
    options = vote_store.options_of(conn, motion_id)
    known = {option.choice for option in options}
    if counts.keys() != known or not all(0 <= votes <= voting.MOST_VOTES for votes in counts.values()):
        raise Invalid("count.options", field="counts")
    if sum(counts.values()) > motion.entitled:
        raise Invalid("count.too_many", field="counts", counted=sum(counts.values()), entitled=motion.entitled)
    side = voting.choice_of(chair, options) if chair and Rule.from_data(motion.rule).tie == "chair" else None
    assert by.user_id is not None, "who conducts has an account"
    n = vote_store.add_count(conn, motion_id, counts, side, by.user_id, by.name, at)
    ledger_store.append(conn, motion.meeting_id, "count.entered", at, by,
                        data={"motion": motion_id, "n": n, "counts": dict(counts), "chair": side})
    return n


def count_witness(conn: Connection, motion_id: str, n: int, by: Subject, at: datetime) -> None:
    """Somebody else has seen the same: only the last count, as it was shown (`n`).

    Raises NotAllowed("count.own"), Conflict("count.changed" | "count.witnessed").
    """
    meeting = meeting_store.lock(conn, vote_store.meeting_of(conn, motion_id))
    permit(conn, meeting, by, Action.MOTION_WITNESS)
    motion = _by_hand(conn, motion_id)
    count = vote_store.last_count(conn, motion_id)
    if count is None or count.n != n:
        raise Conflict("count.changed", title=motion.title)
    if count.witness is not None:
        raise Conflict("count.witnessed", title=motion.title)
    if by.user_id is None or by.user_id == count.entered_by:
        raise NotAllowed("count.own", title=motion.title)
    vote_store.witness(conn, motion_id, n, by.user_id, by.name, at)
    ledger_store.append(conn, motion.meeting_id, "count.witnessed", at, by,
                        data={"motion": motion_id, "n": n, "counts": count.counts, "entered_by": count.entered_name})


def _by_hand(conn: Connection, motion_id: str) -> MotionRow:
    motion = vote_store.load(conn, motion_id)
    if motion.method != Method.HANDS:
        raise Conflict("motion.not_by_hand", title=motion.title)
    if motion.opened_at is None:
        raise Conflict("motion.not_open", title=motion.title)
    if motion.closed_at is not None:
        raise Closed("motion.closed", title=motion.title)
    return motion
