"""The room of one point without its scripts: who speaks, hand, votes with receipts, roll, papers, over plain HTTPS.

For a line or a browser in which the room does not start.  The page asks for itself every twenty seconds, unless told not to; each
time the point is present for a minute more.  It shows nothing that the room does not, and its forms are the room's.
"""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from meetings.access import Action, Subject
from meetings.meeting import ROOM_OPEN, State
from web import own_votes
from web.container import container
from web.i18n import _
from web.limits import PLAIN_LIFE
from web.pages import page
from web.roomwords import room_words
from web.routes.by_link import link
from web.routes.join import seat_of

router = APIRouter(prefix="/j", tags=["room"], default_response_class=HTMLResponse)

REFRESH = 20


@router.get("/{secret}/plain")
async def plain(request: Request, secret: str, still: str = "", subject: Subject = link(Action.MEETING_JOIN)) -> Response:
    """The page; `still`: it does not ask for itself again."""
    found, seat = container(request), seat_of(subject)
    view = await to_thread.run_sync(found.hub.view, seat.meeting_id)
    state, sections = view.state, view.sections
    if state.meeting.state in ROOM_OPEN:
        await found.hub.signal(seat.meeting_id, seat.code, seat.point_id, PLAIN_LIFE, seated=False)

    def ballots() -> object:
        with found.db.read() as conn:
            return own_votes.of(conn, seat.meeting_id, seat.point_id)

    own = [one for one in sections["queue"].values() if one["code"] == seat.code]
    done = {"hand": _("Đã ghi nhận."), "vote": _("Đã ghi nhận phiếu của điểm cầu.")}
    made = page(
        request, "room/plain.html", title=state.meeting.title, point_name=subject.name, standing=_standing(state.meeting.state),
        running=state.running, speaking=sections["points"].get(state.floor.code) if state.floor else None,
        mine=state.floor is not None and state.floor.code == seat.code, waiting=len(sections["queue"]),
        hand_up=any(not one.keys() & {"kind", "person"} for one in own), live=state.meeting.state in ROOM_OPEN,
        refresh=0 if still else REFRESH, at=found.when.clock(view.at), message=done.get(request.query_params.get("done", "")),
        conclusions=sections["conclusions"], back="?back=plain",
        data={"base": f"/j/{secret}", "code": seat.code, "state": sections, "words": room_words(), "ballots": await to_thread.run_sync(ballots)},
    )
    if not still:
        made.headers["refresh"] = f"{REFRESH}; url=/j/{secret}/plain"
    return made


def _standing(state: State) -> str:
    return {
        State.CONVENED: _("Chưa khai mạc"), State.OPEN: _("Đang họp"), State.SUSPENDED: _("Tạm nghỉ"),
    }.get(state, _("Cuộc họp đã kết thúc"))
