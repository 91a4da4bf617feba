"""What pages show of meetings: who may see which, where each stands, how somebody gets in.  Reads only.

Everything that reaches a list has passed `access.decide` here, one by one, so that a list can never show what its
detail page would refuse.  Called by the routes; loaders for `guard.allow` stand at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi import Request
from sqlalchemy import Connection

from meetings import admission, service
from meetings.access import Action, Resource, Role, Subject, decide
from meetings.meeting import ROOM_OPEN, Meeting, State
from meetings.store import seat_store
from meetings.units import UnitTree
from scheduler import invitations, reminders
from scheduler.readings import points_of_meeting
from web import minutes_view, words
from web.container import Container
from web.i18n import _

STAGE_OF = {State.DRAFT: 0, State.CANCELLED: 0, State.CONVENED: 2, State.OPEN: 3, State.SUSPENDED: 3, State.CONCLUDED: 4}
JOIN_EARLY = timedelta(hours=12)  # a card opens the room from convening on; the list offers it on the day


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the line of stages; `state` is done, now, ended or empty."""

    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Row:
    """A meeting in a list.  `enter` is where this person goes in; None when there is nothing to enter.  `overdue`: its time is
    over and nobody opened it.
    """

    meeting: Meeting
    booked: int
    present: int
    stages: tuple[Stage, ...]
    enter: str | None
    overdue: bool = False

    @property
    def live(self) -> bool:
        return self.meeting.state in (State.OPEN, State.SUSPENDED)

    @property
    def state(self) -> str:
        return _(words.OVERDUE if self.overdue else words.STATES[self.meeting.state.value])


def stages(meeting: Meeting, minutes_step: int = 0, *, asking: bool = False) -> tuple[Stage, ...]:
    """The line of stages.  `minutes_step`: 0 being drafted, 1 being signed, 2 issued (see `minutes_view`); `asking`: some unit
    has not said yet whether the meeting gets its point.
    """
    now = STAGE_OF[meeting.state] + (minutes_step if meeting.state is State.CONCLUDED else asking and meeting.state is State.DRAFT)
    issued = meeting.state is State.CONCLUDED and minutes_step >= 2
    found = []
    for place, name in enumerate(words.STAGES):
        if meeting.state is State.CANCELLED:
            state = "ended" if place == 0 else ""
        else:
            state = "done" if place < now or issued else "now" if place == now else ""
        found.append(Stage(_(name), state))
    return tuple(found)


def visible(
    conn: Connection, subject: Subject, tree: UnitTree, *, after: datetime | None = None,
    before: datetime | None = None, states: tuple[State, ...] | None = None, newest_first: bool = False,
) -> list[Meeting]:
    """Meetings this person may read, in the order of their start or the other way round."""
    units: list[str] | None = [subject.unit_id] if subject.unit_id else []
    if Role.TECHNICIAN in subject.roles and subject.unit_id and subject.unit_id in tree:
        units = [unit.unit_id for unit in tree.subtree(subject.unit_id)]
    found = service.find(
        conn, unit_ids=units, attending_unit=subject.unit_id, user_id=subject.user_id, states=states, after=after,
        before=before, newest_first=newest_first,
    )
    return [meeting for meeting in found if may(conn, subject, Action.MEETING_READ, meeting)]


def may(conn: Connection, subject: Subject, action: Action, meeting: Meeting) -> bool:
    """Asks without the units that attend first: to find those costs a query, and staff do not need them."""
    return (decide(subject, action, meeting.resource()).allowed
            or decide(subject, action, resource_of(conn, meeting)).allowed)


def resource_of(conn: Connection, meeting: Meeting) -> Resource:
    """All that `access` may want to know of a meeting, whether its record is issued included."""
    return service.resource_of(conn, meeting, issued=minutes_view.issued(conn, meeting.meeting_id))


def rows(found: Container, conn: Connection, subject: Subject, meetings: Iterable[Meeting]) -> list[Row]:
    return [row(found, conn, subject, meeting, resource_of(conn, meeting)) for meeting in meetings]


def row(found: Container, conn: Connection, subject: Subject, meeting: Meeting, resource: Resource) -> Row:
    booked, present = seat_store.counts(conn, meeting.meeting_id)
    step = minutes_view.step(conn, meeting)
    asking = meeting.state is State.DRAFT and bool(points_of_meeting(conn, meeting.meeting_id, "pending"))
    line = stages(meeting, step, asking=asking)
    return Row(meeting, booked, present, line, entrance(found, conn, subject, meeting, resource), overdue(found, conn, meeting))


def overdue(found: Container, conn: Connection, meeting: Meeting) -> bool:
    """Whether its time is over and nobody opened it; how long one waits is read only where it decides."""
    now = found.clock.now()
    return meeting.end <= now and reminders.overdue(meeting.state, meeting.end, invitations.timing_of(conn), now)


def entrance(
    found: Container, conn: Connection, subject: Subject, meeting: Meeting, resource: Resource
) -> str | None:
    """Where "Vào họp" leads: chair and secretary to the conduct page, an officer to the door of their own point."""
    if meeting.state not in ROOM_OPEN or found.clock.now() < meeting.start - JOIN_EARLY:
        return None
    if decide(subject, Action.MEETING_CONDUCT, resource).allowed:
        return f"/meetings/{meeting.meeting_id}/conduct"
    if subject.unit_id not in resource.attending_units:
        return None
    own = {seat.point_id for seat in seat_store.seats(conn, meeting.meeting_id) if seat.unit == subject.unit_id}
    for link in service.links(conn, meeting.meeting_id):
        allowed = decide(subject, Action.LINK_READ, link_of(meeting, subject.unit_id)).allowed
        if link.point_id in own and not link.revoked and allowed:
            return f"/j/{admission.link_secret(found.keys.links, link.link_id, link.generation)}"
    return None


def link_of(meeting: Meeting, unit_id: str | None) -> Resource:
    """The link of one point, for `access`: attending is only the unit of that point."""
    return meeting.resource("link", frozenset({unit_id} if unit_id else set()))


def link_address(found: Container, link: admission.Link) -> str:
    """The whole address on a card."""
    secret = admission.link_secret(found.keys.links, link.link_id, link.generation)
    return f"{found.settings.base_url}/j/{secret}"


def next_action(
    conn: Connection, subject: Subject, meeting: Meeting, resource: Resource, enter: str | None
) -> Mapping[str, Any] | None:
    """The one primary button of the meeting page, always at the same place."""
    here = f"/meetings/{meeting.meeting_id}"
    if meeting.state is State.DRAFT and decide(subject, Action.MEETING_BOOK, resource).allowed:
        return {"text": _("Chọn và đặt điểm cầu"), "href": f"{here}/book", "icon": "network"}
    if enter:
        return {"text": _("Vào họp"), "href": enter, "icon": "video"}
    if meeting.state is State.CONVENED and decide(subject, Action.LINK_READ, resource).allowed:
        return {"text": _("In thẻ vào họp"), "href": f"{here}/cards", "icon": "qr-code"}
    if meeting.state is State.CONCLUDED:
        return minutes_view.next_action(conn, subject, meeting, resource)
    return None


# --- loaders for `guard.allow` ------------------------------------------------------------------------------------


def meeting(request: Request, conn: Connection) -> Resource:
    """The meeting named in the path, for `access`.  Keeps it in `request.state.meeting`."""
    known = service.get(conn, request.path_params["meeting_id"])
    request.state.meeting = known
    return resource_of(conn, known)
