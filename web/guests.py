"""Who is invited to a meeting by mail: somebody for each of its points, those who hold its posts, and its leaders.

For a point its unit's officers, else the unit's secretaries, else its technician; a point with none of these is shown on the
meeting's page as one nobody can be written to.  Two statements, however many points.  Called by `delivery` and that page.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from meetings.access import Role
from meetings.errors import Invalid
from meetings.meeting import Meeting
from meetings.store.among import among
from scheduler import invitees, sent, series_invitations
from scheduler import service as booking
from scheduler.invitees import Guest, Invitee
from scheduler.sent import Fate, Sent
from scheduler.store import booking as booking_table
from scheduler.store import point
from web import reach, store


def of_meeting(conn: Connection, meeting: Meeting) -> list[Guest]:
    """In the order of the points; an address may come twice."""
    found, _missing = _for_points(conn, booking.points_of_meeting(conn, meeting.meeting_id))
    a = store.account.c
    posts = conn.execute(select(a.user_id, a.name, a.email).where(
        a.user_id.in_(_persons(meeting)), a.disabled_at.is_(None), a.email.is_not(None)))
    return found + [Guest(row.name, row.email, None, row.user_id) for row in posts]


def of_meetings(conn: Connection, meetings: Sequence[Meeting]) -> Mapping[str, Sequence[Guest]]:
    """Of each as `of_meeting`.  Most meetings of a series have the same points, posts and leaders: they are asked for once."""
    points: dict[str, list[int]] = defaultdict(list)
    b = booking_table.c
    for row in conn.execute(select(b.meeting_id, b.point_id).where(
            among(b.meeting_id, [meeting.meeting_id for meeting in meetings]), b.state == "confirmed").order_by(b.point_id)):
        points[row.meeting_id].append(row.point_id)
    known: dict[tuple[tuple[int, ...], tuple[str, ...]], list[Guest]] = {}
    found: dict[str, Sequence[Guest]] = {}
    for meeting in meetings:
        alike = tuple(points[meeting.meeting_id]), _persons(meeting)
        if alike not in known:
            known[alike] = of_meeting(conn, meeting)
        found[meeting.meeting_id] = known[alike]
    return found


def _persons(meeting: Meeting) -> tuple[str, ...]:
    """The accounts of those who hold a post or are named as leaders."""
    return tuple(sorted({*meeting.signers.values(), *(leader.user_id for leader in meeting.leaders)}))


def unreached(conn: Connection, meeting_id: str) -> set[int]:
    """Points of the meeting that nobody can be written to for."""
    return _for_points(conn, booking.points_of_meeting(conn, meeting_id))[1]


@dataclass(frozen=True, slots=True)
class Answers:
    """What those invited have said: each with the name of the point, how many said what, points nobody is written to for."""

    rows: list[tuple[Invitee, str]]
    counts: Mapping[str, int]
    unreached: list[str]
    fates: Mapping[str, Fate]  # of whoever's invitation was refused, or is tried again, by the id

    @property
    def refused(self) -> int:
        return sum(fate.sent is Sent.FAILED for fate in self.fates.values())


def answers(conn: Connection, meeting_id: str, names: Mapping[int, str]) -> Answers:
    """`names`: of the meeting's points.  Those whom nothing reached first, those who do not come, then those who have not answered."""
    known = invitees.of_meeting(conn, meeting_id)
    by_address = sent.of_invitations(conn, meeting_id, series_invitations.of_meeting(conn, meeting_id)) if known else {}
    fates = {one.invitee_id: fate for one in known if (fate := by_address.get(one.address.casefold())) and fate.why}
    order = {"declined": 0, "delegated": 1, "tentative": 2, "needs-action": 3, "accepted": 4}
    rows = sorted(((one, names.get(one.point_id or 0, "")) for one in known),
                  key=lambda row: (row[0].invitee_id not in fates, order[row[0].partstat]))
    missing = unreached(conn, meeting_id) if known else set()
    return Answers(rows, Counter(one.partstat for one in known), sorted(names.get(point_id, "") for point_id in missing), fates)


def _for_points(conn: Connection, point_ids: Sequence[int]) -> tuple[list[Guest], set[int]]:
    rows = conn.execute(
        select(point.c.point_id, point.c.name, point.c.unit_id, point.c.technician_name, point.c.technician_email).where(
            among(point.c.point_id, point_ids)).order_by(point.c.point_id)).all()
    staff: dict[tuple[str, Role], list[Guest]] = defaultdict(list)
    a = store.account.c
    for account in conn.execute(select(a.user_id, a.name, a.email, a.unit_id, a.roles).where(
            among(a.unit_id, {row.unit_id for row in rows}), a.disabled_at.is_(None), a.email.is_not(None)).order_by(a.login)):
        for role in account.roles:
            staff[account.unit_id, Role(role)].append(Guest(account.name, account.email, None, account.user_id))
    found, missing = list[Guest](), set[int]()
    for row in rows:
        people = staff.get((row.unit_id, Role.OFFICER)) or staff.get((row.unit_id, Role.SECRETARY)) or _technician(row)
        found += [Guest(one.name, one.address, row.point_id, one.user_id) for one in people]
        if not people:
            missing.add(row.point_id)
    return found, missing


def _technician(row: object) -> list[Guest]:
    try:
        address = reach.address(row.technician_email or "")  # type: ignore[attr-defined]
    except Invalid:
        return []
    return [Guest(row.technician_name or row.name, address)] if address else []  # type: ignore[attr-defined]
