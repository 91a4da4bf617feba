"""What is done when something planned around a meeting is due: reminding, saying that the room is open, asking for the notice.

One function for each kind of item, in one transaction with what it leaves; it looks at how things stand now and does nothing
where nobody needs it any more.  Sends nothing.  `DUTIES` is asked by `delivery`; each part adds the kinds that it plans.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from meetings import admission, service
from meetings.meeting import Meeting, State
from scheduler import invitations, invitees, line_tests, notices, outbox, reminders, times_store
from scheduler.invitees import Invitee
from scheduler.outbox import Expired, Item
from web import minutes_view, slip_letters, telling
from web.container import Container
from web.i18n import _

Duty = Callable[[Container, Connection, Item, datetime], None]


def _unanswered(found: Container, conn: Connection, item: Item, at: datetime) -> None:
    """Those who have not said whether they come are asked once more."""
    meeting = _coming(conn, item)
    text = _("Bạn chưa trả lời giấy mời họp “{title}”, {time}. Hãy cho biết có dự hay không:",
             title=meeting.title, time=found.when.span(meeting.start, meeting.end))
    waiting = [one for one in invitees.of_meeting(conn, meeting.meeting_id) if one.partstat == invitees.OPEN]
    _write(found, conn, item, at, _("Nhắc trả lời giấy mời: {title}", title=meeting.title), text, waiting)


def _room(found: Container, conn: Connection, item: Item, at: datetime) -> None:
    """The room is open: everybody who has not said no."""
    meeting = _coming(conn, item)
    text = _("Phòng họp “{title}” đã mở, họp lúc {time}. Hãy vào từ trang Hôm nay hoặc thẻ điểm cầu để thử tiếng và hình:",
             title=meeting.title, time=found.when.clock(meeting.start))
    coming = [one for one in invitees.of_meeting(conn, meeting.meeting_id) if one.partstat != "declined"]
    _write(found, conn, item, at, _("Phòng họp đã mở: {title}", title=meeting.title), text, coming, found.settings.base_url)


def _write(
    found: Container, conn: Connection, item: Item, at: datetime, subject: str, text: str, to: list[Invitee], page: str = "",
) -> None:
    for one in to:
        address = page or f"{found.settings.base_url}/r/{admission.link_secret(found.keys.replies, one.invitee_id, 0)}"
        telling.put(conn, item.key, at, subject, f"{text}\n\n{address}\n", [(one.name, one.address)], item.payload["until"])


def _close(_found: Container, conn: Connection, item: Item, at: datetime) -> None:
    """Its time is over: whoever can open it, move it, cancel it or end it is told, and it is looked at again while that is not done."""
    meeting = service.get(conn, item.payload["meeting_id"])
    if meeting.state in (State.OPEN, State.SUSPENDED):
        _tell(conn, "meeting.overrun", meeting, at, ("secretary", "chair"), key=item.key, ended=meeting.end)
    elif meeting.state is State.CONVENED:
        _tell(conn, "meeting.unopened", meeting, at, ("secretary", "chair"), ended=meeting.end)  # once, however often it is looked
    else:
        return
    if following := reminders.look_again(item.payload, invitations.timing_of(conn), at):
        outbox.put(conn, following.key, following.kind, following.due, following.payload)


def _conclusion(_found: Container, conn: Connection, item: Item, at: datetime) -> None:
    """Only what is missing is asked for: a meeting that was held and whose record is not issued."""
    meeting = service.get(conn, item.payload["meeting_id"])
    if meeting.state is State.CONCLUDED and not minutes_view.issued(conn, meeting.meeting_id):
        deadline = datetime.fromisoformat(item.payload["deadline"])
        _tell(conn, item.kind, meeting, at, ("secretary", "clerk", "chair"), deadline=deadline)


def _tell(conn: Connection, what: str, meeting: Meeting, at: datetime, posts: tuple[str, ...], **params: Any) -> None:
    for user_id in sorted({meeting.signers[post] for post in posts}):
        notices.tell(conn, what, meeting.meeting_id, {"user": user_id}, at, **params)


def _coming(conn: Connection, item: Item) -> Meeting:
    """The meeting while it still is to come.  Raises Expired."""
    meeting = service.get(conn, item.payload["meeting_id"])
    if meeting.state is not State.CONVENED:
        raise Expired
    return meeting


def _line(found: Container, conn: Connection, item: Item, at: datetime) -> None:
    payload = {**item.payload, "meeting": item.payload.get("meeting") or item.payload["meeting_id"]}
    policy = times_store.policy(conn, found.settings.line_policy, str(item.payload.get("round", "")))
    line_tests.HANDLERS[item.kind](conn, found.keys.tests, policy, payload, at)


DUTIES: dict[str, Duty] = {
    reminders.UNANSWERED: _unanswered, reminders.ROOM: _room, reminders.CLOSE: _close,
    reminders.CONCLUSION_SOON: _conclusion, reminders.CONCLUSION_DUE: _conclusion,
    **dict.fromkeys(line_tests.HANDLERS, _line),
    **slip_letters.DUTIES,
}
