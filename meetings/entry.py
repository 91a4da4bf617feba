"""Use cases of coming in: join links of points, tickets for media sessions.  Re-exported by `service`.

A link says which seat somebody sits in; opening it mints tickets; a ticket opens one media session; the session's
address accepts that bearer until the session ends.  Nothing of this survives a revoked link or the meeting's end.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from meetings import admission
from meetings.access import Action, SeatRef, Subject
from meetings.admission import BENCH_PREFIX, TICKET_SECONDS, Link, Ticket, TicketRole, token_digest
from meetings.errors import Conflict, NotFound
from meetings.ids import new_id
from meetings.meeting import ROOM_OPEN, State
from meetings.permit import permit
from meetings.store import admission_store, ledger_store, meeting_store, seat_store
from meetings.store.database import Connection
from meetings.texts import line

LAST_GENERATION = 65535


def links(conn: Connection, meeting_id: str) -> list[Link]:
    """The join links of all seats; `admission.link_secret(key, link.link_id, link.generation)` makes the text."""
    return admission_store.links(conn, meeting_id)


def link_open(conn: Connection, key: bytes, text: str) -> SeatRef:
    """Who comes with this secret.  Raises NotFound("link.unknown" | "link.revoked"), Closed for an ended meeting."""
    link_id, generation = admission.parse_link(key, text)
    link = admission_store.link(conn, link_id)
    if link.revoked or link.generation != generation:
        raise NotFound("link.revoked")
    meeting_store.load(conn, link.meeting_id).check_alive()
    return SeatRef(link.meeting_id, link.point_id, link.code, link.link_id)


def link_revoke(conn: Connection, meeting_id: str, point_id: int, by: Subject, at: datetime) -> list[str]:
    """The point's link opens nothing more.  Returns its live media sessions: the caller closes them.

    Raises NotFound("link.unknown"), Conflict("link.revoked") if it is revoked already.
    """
    link = _for_link(conn, meeting_id, point_id, by)
    if link.revoked:
        raise Conflict("link.revoked", name=link.name)
    admission_store.save_link(conn, link.link_id, revoked_at=at)
    ledger_store.append(conn, meeting_id, "link.revoked", at, by, point=_point(link))
    return admission_store.live_sessions(conn, link.link_id)


def link_renew(conn: Connection, meeting_id: str, point_id: int, by: Subject, at: datetime) -> Link:
    """A new link for the point: its generation is one higher, so every older card stays void."""
    link = _for_link(conn, meeting_id, point_id, by)
    if link.generation >= LAST_GENERATION:
        raise Conflict("link.worn_out", name=link.name)
    admission_store.save_link(conn, link.link_id, generation=link.generation + 1, revoked_at=None)
    ledger_store.append(conn, meeting_id, "link.renewed", at, by, point=_point(link),
                        data={"generation": link.generation + 1})
    return admission_store.link(conn, link.link_id)


def mint(
    conn: Connection, room: str, role: str, name: str, point_id: int | None = None, link_id: str | None = None,
    ttl: int = TICKET_SECONDS, *, at: datetime, device: str | None = None,
) -> str:
    """A ticket (43 characters) for one media session in `room`, good for `ttl` seconds.

    device: which of the point's own; without a point, the name under which such tickets are counted (`Ticket.beside`).

    Raises NotFound("room.unknown" | "link.revoked"), Closed for an ended meeting.
    """
    name = line(name, "name", 80)
    generation = _check_room(conn, room, link_id)
    if point_id is not None and not room.startswith(BENCH_PREFIX):
        seat_store.one(conn, room, point_id)
    token = admission.new_token()
    admission_store.add_ticket(
        conn, token_sha256=token_digest(token), room=room, role=TicketRole(role).value, name=name, point_id=point_id,
        link_id=link_id, generation=generation, minted_at=at, expires_at=at + timedelta(seconds=ttl), device=device)
    return token


def redeem(conn: Connection, token: str, room: str, role: str, at: datetime) -> Ticket:
    """Spend a ticket: it opens one media session of this role in this room.

    Raises NotFound("ticket.foreign" | "ticket.used" | "ticket.expired" | "link.revoked"), Closed.
    """
    digest = token_digest(token)
    row = admission_store.use_ticket(conn, digest, room, role, new_id(at), at)
    if row is None:
        raise NotFound(_why_refused(conn, digest, room, role))
    if _check_room(conn, room, row.link_id) != row.generation:
        raise NotFound("link.revoked")
    return _ticket(row)


def session_of(conn: Connection, session_id: str, token: str) -> Ticket:
    """The live session that this bearer opened.  Raises NotFound("session.unknown") for anything else."""
    row = admission_store.session_row(conn, session_id)
    if row is None or row.ended_at is not None or row.token_sha256 != token_digest(token):
        raise NotFound("session.unknown")
    return _ticket(row)


def end_session(conn: Connection, session_id: str, at: datetime) -> bool:
    """The session is over; its bearer is good for nothing.  False if it was over already."""
    return admission_store.end_session(conn, session_id, at)


def sessions_clear(conn: Connection, at: datetime) -> int:
    """After a restart no session is up any more: all are over; how many there were."""
    return admission_store.end_all_sessions(conn, at)


def interrupted(conn: Connection) -> list[tuple[str, str, str]]:
    """(room, code, device) of those whose stay a restart ended: their devices are expected back."""
    return admission_store.interrupted(conn)


def seat_taken(conn: Connection, link_id: str, at: datetime) -> list[str]:
    """Another device takes the place that this link gives: tickets not yet used open nothing, sessions are over.

    Televisions hold no place and go on.  Returns those sessions: the caller closes them at the media worker.
    """
    admission_store.forget_unused(conn, link_id)
    sessions = admission_store.live_sessions(conn, link_id, seated=True)
    for session in sessions:
        admission_store.end_session(conn, session, at)
    return sessions


def tickets_purge(conn: Connection, before: datetime) -> int:
    """Forget tickets that can open nothing any more; how many."""
    return admission_store.purge(conn, before)


def _ticket(row: Any) -> Ticket:
    return Ticket(row.room, row.role, row.name, row.point_id, row.session_id, row.device if row.point_id is None else None)


def _check_room(conn: Connection, room: str, link_id: str | None) -> int | None:
    """The link's generation (None without a link), if the room takes sessions now."""
    if room.startswith(BENCH_PREFIX):
        return None
    try:
        # Held: a closing or a revocation under way is waited for, and one that comes later sees this session.
        meeting = meeting_store.hold(conn, room)
    except NotFound:
        raise NotFound("room.unknown") from None
    meeting.check_alive()
    if meeting.state not in ROOM_OPEN:
        raise Conflict("meeting.state", state=meeting.state.value, wanted=State.CONVENED.value, title=meeting.title)
    if link_id is None:
        return None
    link = admission_store.link(conn, link_id)
    if link.revoked or link.meeting_id != room:
        raise NotFound("link.revoked")
    return link.generation


def _why_refused(conn: Connection, digest: str, room: str, role: str) -> str:
    row = admission_store.ticket_row(conn, digest)
    if row is None or row.room != room or row.role != role:
        return "ticket.foreign"
    return "ticket.used" if row.used_at is not None else "ticket.expired"


def _for_link(conn: Connection, meeting_id: str, point_id: int, by: Subject) -> Link:
    meeting = meeting_store.lock(conn, meeting_id)
    permit(conn, meeting, by, Action.LINK_REVOKE)
    meeting.check_alive()
    return admission_store.link_of(conn, meeting_id, point_id)


def _point(link: Link) -> dict[str, object]:
    return {"id": link.point_id, "code": link.code, "name": link.name}
