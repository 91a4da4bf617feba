"""Who is heard and who is large: what chair and secretary say of one point or of all, and the asked point's own answer.

Rules live in `meetings.muting`; what they come to, in `web.roompolicy`; the relay holds it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request, Response

from meetings import muting
from meetings.access import Action, Subject
from web.conducting import CONDUCTOR, conducted, point_of, said_in
from web.container import container
from web.routes.by_link import done, fields, link, unhurried
from web.routes.join import seat_of

router = APIRouter(tags=["conduct"])

CONDUCT = "/meetings/{meeting_id}/conduct"


@router.post(f"{CONDUCT}/voice")
async def voice(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{code, muted}: silence one point at the server, or let it be heard."""
    said, now = await said_in(request), container(request).clock.now()
    return await conducted(request, meeting_id, lambda conn: muting.mute(
        conn, meeting_id, point_of(conn, meeting_id, str(said.get("code"))), is_yes(said.get("muted")), by, now), "changed")


@router.post(f"{CONDUCT}/voice/all")
async def voice_all(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{muted}: silence every point but the chair's, or let all be heard."""
    said, now = await said_in(request), container(request).clock.now()
    return await conducted(
        request, meeting_id, lambda conn: muting.mute_all(conn, meeting_id, is_yes(said.get("muted")), by, now), "changed")


@router.post(f"{CONDUCT}/voice/ask")
async def voice_ask(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{code}: ask a point to speak; it lets itself be heard, or not now."""
    said, now = await said_in(request), container(request).clock.now()
    return await conducted(request, meeting_id, lambda conn: muting.ask(
        conn, meeting_id, point_of(conn, meeting_id, str(said.get("code"))), by, now), "changed")


@router.post(f"{CONDUCT}/stage")
async def stage(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{code}: this point's picture is large for everybody; nothing ends it."""
    return await _single_out(request, meeting_id, muting.spotlight, by)


@router.post(f"{CONDUCT}/sign")
async def sign(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{code}: this point interprets into sign language; nothing: nobody does."""
    return await _single_out(request, meeting_id, muting.interpret, by)


async def _single_out(request: Request, meeting_id: str, use: Callable[..., bool], by: Subject) -> Response:
    said, now = await said_in(request), container(request).clock.now()
    code = said.get("code")
    return await conducted(
        request, meeting_id, lambda conn: use(conn, meeting_id, point_of(conn, meeting_id, str(code)) if code else None, by, now), "changed")


@router.post(f"{CONDUCT}/setting")
async def setting(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{lobby?, chat?, muted_above?}: who is heard before the opening, what becomes of messages, which meetings open silent."""
    said, now = await said_in(request), container(request).clock.now()
    return await conducted(request, meeting_id, lambda conn: muting.set_room(
        conn, meeting_id, by, now, lobby=said.get("lobby"), chat=said.get("chat"), muted_above=said.get("muted_above")), "changed")


@router.post("/j/{secret}/voice")
async def answered(request: Request, secret: str, subject: Subject = link(Action.HAND_RAISE)) -> Response:
    """{accept}: the point that was asked lets itself be heard, or not now."""
    found, seat, body = container(request), seat_of(subject), await fields(request)
    accept = is_yes(body.get("accept"))
    unhurried(found, seat)

    def work() -> None:
        with found.db.write() as conn:
            muting.answer(conn, seat.meeting_id, seat.point_id, accept, subject, found.clock.now())

    await to_thread.run_sync(work)
    found.hub.changed(seat.meeting_id)
    return done(request, secret, "voice", {"accepted": accept})


def is_yes(value: Any) -> bool:
    """What a script (true) or a form ("1") means by yes; all else is no."""
    return value is True or value in ("1", "true", "on")
