"""The chosen times as a row, and what follows for everything that is planned already.

Whoever changes them moves what still waits: nothing comes early, what was done is not done again for its new time, nothing that was
promised falls away.  The rows of one meeting are held while they change, and so is its calendar entry, under which
`invitations.spread` plans.  Sends nothing.  Called by the page of times, by line tests and by what is due.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, or_, select, update

from meetings.access import Action, Resource, Subject, require
from meetings.errors import Stale
from meetings.ledger import stamp
from meetings.meeting import State
from meetings.store import ledger_store
from meetings.store.tables import meeting
from scheduler import line_tests, outbox, reminders
from scheduler.mail_table import calendar_entry, timing
from scheduler.outbox_table import outbox as table
from scheduler.readiness import Policy, Round
from scheduler.reminders import LINETEST, UNANSWERED, Occasion, Planned, Timing
from scheduler.times import Times, before_of, slots
from scheduler.workday_store import working_days
from scheduler.workdays import WorkingDays

SERVED: Final = "served"  # as the error of a cancelled item: what it stands for was done at its former time
MOVED: Final = "moved"    # its place is taken by an item with an older key
_ALL: Final = datetime.min.replace(tzinfo=UTC)
_BACK: Final = timedelta(days=90)  # conclusion notices of meetings that are over
_o = table.c


def current(conn: Connection, usual: Policy) -> Times:
    """What holds now; `usual` is what the operator has set for what nobody chose on the page."""
    return Times.from_data(conn.execute(select(timing.c.data)).scalar() or {}, usual)


def policy(conn: Connection, usual: Policy, asked: str = "") -> Policy:
    """How lines are tested now.  A round `asked` for that is in it no more (it was in hand while times changed) is known by its name."""
    found = current(conn, usual).policy
    before = before_of(asked)
    if before is None or found.round(asked):
        return found
    return replace(found, rounds=(*found.rounds, Round(asked, before, before)))


def planned(conn: Connection) -> int:
    """How many meetings have something waiting whose time these settings decide."""
    under = outbox.under(conn, "plan:")
    keys = conn.execute(select(_o.key).where(under, _o.state == "waiting")).scalars()
    return len({key.split(":")[1] for key in keys})


def put(conn: Connection, wanted: Times, usual: Policy, by: Subject, at: datetime, seen: str | None = None) -> int:
    """These times hold from now on, for what is planned already too; for how many meetings something waits at another time.

    `seen`: the mark of the times that the form showed.  Raises Stale("times.changed") where others hold meanwhile.
    """
    require(by, Action.POLICY_KEEP, Resource("policy"))
    ledger_store.lock_chain(conn, None)
    before = current(conn, usual)
    if seen is not None and seen != before.mark:
        raise Stale("times.changed")
    if not conn.execute(update(timing).values(data=wanted.as_data())).rowcount:
        conn.execute(insert(timing).values(timing_id=1, data=wanted.as_data()))
    ledger_store.append(conn, None, "timing.changed", at, by, data=wanted.as_data())
    entry, days = calendar_entry.c, working_days(conn)
    rows = conn.execute(
        select(entry.meeting_id, entry.asked, meeting.c.starts_at, meeting.c.ends_at, meeting.c.closed_at, meeting.c.state)
        .join(meeting, meeting.c.meeting_id == entry.meeting_id)
        .where(meeting.c.ends_at > at - _BACK, meeting.c.state != State.CANCELLED.value)
        .order_by(entry.meeting_id).with_for_update(of=calendar_entry)).all()
    return sum(_Replan(conn, row, at).run(before, wanted, days) for row in rows)


class _Replan:
    """One meeting's waiting items, moved from the old times to the new ones.

    A row keeps its key for ever and what is settled stays settled (migration 0007), so a moved item says in its payload as which
    it counts, and the key it would have had is taken, so that `invitations.spread` does not plan it once more.
    """

    def __init__(self, conn: Connection, row: Row[Any], at: datetime) -> None:
        self._conn, self._meeting, self._at, self._changed = conn, row, at, 0
        mine = or_(outbox.under(conn, f"{reminders.prefix(row.meeting_id)}{row.asked}:"), *(
            outbox.under(conn, f"{kind}:{row.meeting_id}:") for kind in (line_tests.CALL_KIND, line_tests.REPORT_KIND)))
        found = conn.execute(select(table).where(mine).order_by(_o.item_id).with_for_update()).all()
        self._keys = {one.key: one for one in found}
        ended = f"{reminders.prefix(row.meeting_id)}{row.asked}:{reminders.ENDED}:"
        self._closed = row.closed_at if any(key.startswith(ended) for key in self._keys) else None
        self._known = {_counts_as(one): one for one in found if one.error != MOVED}  # the last of each

    def run(self, old: Times, new: Times, days: WorkingDays) -> bool:
        """Whether anything is different now.  What was not spread yet is planned by the new times anyway."""
        if self._keys:
            was, will = self._plan(old.timing, days), self._plan(new.timing, days)
            for kind in reminders.KINDS:
                names = [[key for key, one in plan.items() if one.kind == kind] for plan in (was, will)]
                for former, latter in slots(*names):
                    if former is None or latter is None or was[former] != will[latter]:
                        self._slot(self._known.get(former or ""), former, will[latter] if latter else None)
            if self._meeting.state == State.CONVENED.value:
                self._calls(dict(old.calls), dict(new.calls))
                self._reports(old.policy, new.policy)
        return bool(self._changed)

    def _plan(self, timing: Timing, days: WorkingDays) -> dict[str, Planned]:
        row = self._meeting
        occasion = Occasion(row.meeting_id, row.asked, row.starts_at, row.ends_at, self._closed)
        return {one.key: one for one in reminders.plan(occasion, timing, days, _ALL)}

    def _slot(self, row: Row[Any] | None, former: str | None, latter: Planned | None) -> None:
        """What waits as `former` waits as `latter`; what was done is not done again."""
        there = self._known.get(latter.key) if latter else None
        done_there = there is not None and there is not row and not _may_come(there)
        if row is not None and not _may_come(row):
            if latter and latter.key != former and not done_there:
                self._add(latter, state="cancelled", settled_at=self._at, error=SERVED)
        elif row is not None and row.state == "waiting":
            if latter is None or latter.until <= self._at or done_there:
                self._cancel(row)
            else:
                self._move(row, latter.due, {**latter.payload, "as": latter.key})
                if latter.key not in self._keys:
                    self._insert(latter.key, latter, state="cancelled", settled_at=self._at, error=MOVED)
        elif latter and not done_there and latter.until > self._at and (latter.kind != UNANSWERED or latter.due > self._at):
            self._add(latter, state="waiting")
            self._changed += 1

    def _calls(self, old: Mapping[str, timedelta], new: Mapping[str, timedelta]) -> None:
        """Whom to call is planned when the first round opens; before that there is nothing to move."""
        opened = any(row.kind == LINETEST and row.state == "done" for row in self._keys.values())
        for who in sorted({*old, *new}):
            if old.get(who) == new.get(who):
                continue
            start = self._meeting.starts_at
            key = f"{line_tests.CALL_KIND}:{self._meeting.meeting_id}:{who}:{stamp(start)}"
            row = self._known.get(key)
            if row is not None and row.state == "waiting":
                if who in new:
                    self._move(row, start - new[who], row.payload)
                else:
                    self._cancel(row)
            elif who in new and opened and (row is None or _may_come(row)) and start - new[who] > self._at:
                payload = {"meeting": self._meeting.meeting_id, "who": who}
                self._add(Planned(key, line_tests.CALL_KIND, start - new[who], start, payload), state="waiting")
                self._changed += 1

    def _reports(self, old: Policy, new: Policy) -> None:
        """What is told after a round is planned when it opens, as it was opened; before that there is nothing to move."""
        if (old.report, old.calls) == (new.report, new.calls):
            return
        meeting_id, start = self._meeting.meeting_id, self._meeting.starts_at
        for opened in [row for row in self._keys.values() if row.kind == LINETEST and row.state == "done"]:
            key = line_tests.report_key(meeting_id, opened.payload["round"], start)
            row, due = self._known.get(key), new.reported(opened.settled_at, start)
            if row is not None and row.state == "waiting":
                if due is None:
                    self._cancel(row)
                elif due != row.due_at:
                    self._move(row, due, row.payload)
            elif due is not None and due > self._at and (row is None or _may_come(row)):
                payload = line_tests.report_payload(meeting_id, opened.payload["round"], start)
                self._add(Planned(key, line_tests.REPORT_KIND, due, start, payload), state="waiting")
                self._changed += 1

    def _move(self, row: Row[Any], due: datetime, payload: Mapping[str, Any]) -> None:
        self._changed += 1
        self._conn.execute(update(table).where(_o.item_id == row.item_id).values(due_at=due, payload=dict(payload)))

    def _cancel(self, row: Row[Any]) -> None:
        self._changed += 1
        self._conn.execute(update(table).where(_o.item_id == row.item_id).values(state="cancelled", settled_at=self._at))

    def _add(self, one: Planned, **values: Any) -> None:
        """Under its own key, or the next one after those that were used."""
        key = one.key
        while key in self._keys:
            key = outbox.successor(key)
        self._insert(key, one, **values)

    def _insert(self, key: str, one: Planned, **values: Any) -> None:
        payload = {**one.payload, "as": one.key} if key != one.key else dict(one.payload)
        self._conn.execute(insert(table).values(key=key, kind=one.kind, due_at=one.due, payload=payload, tries=0, **values))


def _counts_as(row: Row[Any]) -> str:
    return str(row.payload.get("as") or row.key.partition(outbox.AGAIN)[0])


def _may_come(row: Row[Any]) -> bool:
    """It waits, or only these settings took it back; anything else was done, is being done, or came to its end."""
    return row.state == "waiting" or row.state == "cancelled" and row.error is None
