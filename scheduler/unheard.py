"""A request that reaches nobody in the unit that is asked: whoever would be asked next hears of it at once.

Nobody answers for a unit before its time is over; but the one above can pick up a telephone.  Where there is none above but the
convenor, the meeting's secretary is told.  Called when a notice of a request finds no address; sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from meetings.errors import NotFound
from meetings.ledger import stamp
from meetings.store import meeting_store, unit_store
from scheduler import approval, notices, request_store
from scheduler.approval import Standing
from scheduler.notices import To
from scheduler.slots import civil_day

UNHEARD: Final = "request.unheard"
ASKING: Final = frozenset({"request.asked", "request.reminder", "request.reminder_last", UNHEARD})
"""Notices that somebody in the unit has to hear."""


def pass_on(conn: Connection, payload: Mapping[str, Any], at: datetime) -> bool:
    """`payload`: of the notice that nobody could be given.  Whether somebody else is told now; once for each turn of a request."""
    silent = payload["to"].get("unit")
    if payload["what"] not in ASKING or silent is None:
        return False
    try:
        request = request_store.load(conn, payload["params"]["request"]).request
    except (KeyError, NotFound):
        return False
    if request.standing is not Standing.ASKED:
        return False
    meeting = meeting_store.load(conn, request.meeting_id)
    tree = unit_store.tree(conn, civil_day(meeting.start))
    above = approval.after(tree, silent, request.convenor)
    to: To = {"unit": above} if above else {"user": meeting.secretary.user_id}
    unit, asked = (tree.get(one).name if one in tree else "" for one in (request.owner, request.asked))
    return notices.tell(
        conn, UNHEARD, request.meeting_id, to, at, key=f"{payload['params']['request']}:{request.asked}:{stamp(request.asked_at)}",
        request=payload["params"]["request"], unit=unit, asked=asked, convenor=meeting.unit.name, deadline=request.deadline)
