"""People behind a point, from inside the room: the names of one point, and what is said of them by one tap.

By the point's link for that point; by an account for the points it looks after (chair and secretary: all).  Names go out here and
nowhere else; the news of the room tell counts.  What may be said when decides `scheduler.roll_call`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from sqlalchemy import Connection

from meetings import checkin, service
from meetings.access import Action, Subject
from meetings.errors import Invalid
from meetings.people import Wanted, roll_open, wanted
from meetings.store import people_store
from scheduler import person_links, roll_call
from scheduler.roll_call import Person
from web import views
from web.conducting import CONDUCTOR, point_of, said_in
from web.container import Container, container
from web.errors import wants_json
from web.feed import CONDUCTORS, Point
from web.feed import Person as PersonPage
from web.guard import allow
from web.legible import number
from web.pages import page
from web.parts.look import iso
from web.routes.by_link import fields, link, unhurried
from web.routes.join import seat_of
from web.routes.meetings import qr

router = APIRouter(tags=["people"], default_response_class=HTMLResponse)
HERE, LINK = "/meetings/{meeting_id}/people", "/j/{secret}/people"
CHECKS = Depends(allow(Action.PERSON_CHECKIN, views.meeting))
LINKS = Depends(allow(Action.PERSON_LINK, views.meeting))


@router.get(HERE)
def names(request: Request, meeting_id: str, point: str, by: Subject = CHECKS) -> Response:
    """`point`: a code → its people."""
    return JSONResponse(_people(container(request), meeting_id, point, by))


@router.get(LINK)
def own_names(request: Request, secret: str, by: Subject = link(Action.PERSON_CHECKIN)) -> Response:
    """The people of the link's point."""
    seat = seat_of(by)
    return JSONResponse(_people(container(request), seat.meeting_id, seat.code, by))


@router.post(HERE)
async def say(request: Request, meeting_id: str, by: Subject = CHECKS) -> Response:
    """{point: code} and of: {person, state, reason?} what is said of somebody; {name, post?} somebody came who was not registered;
    {heads} how many people are there."""
    said = await said_in(request)
    return await _say(request, meeting_id, str(said.get("point", "")), by, said)


@router.post(LINK)
async def say_own(request: Request, secret: str, by: Subject = link(Action.PERSON_CHECKIN)) -> Response:
    """The same for the link's point."""
    seat = seat_of(by)
    unhurried(container(request), seat)
    return await _say(request, seat.meeting_id, seat.code, by, await fields(request))


@router.post(HERE + "/roll")
async def call(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """Writes down who is there now → {roll}."""
    found = container(request)

    def work() -> int:
        with found.db.write() as conn:
            return roll_call.snapshot(conn, meeting_id, "asked", by, found.clock.now())

    n = await to_thread.run_sync(work)
    found.hub.changed(meeting_id)
    return JSONResponse({"roll": n}) if wants_json(request) else RedirectResponse(f"/meetings/{meeting_id}/roll", 303)


@router.get(HERE + "/rolls")
def called(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """The roll calls of the meeting so far, the first first."""
    with container(request).db.read() as conn:
        rows = people_store.rolls(conn, meeting_id)
    return JSONResponse({"rolls": [{"at": iso(row.at), **row.data} for row in rows]})


# --- links ------------------------------------------------------------------------------------------------------------


@router.get(HERE + "/cards")
def cards(request: Request, meeting_id: str, by: Subject = LINKS) -> Response:
    """One card a delegate with a QR code, to print and hand out; of all points whose people this account looks after."""
    return _cards(request, meeting_id, by, None)


@router.get(LINK + "/cards")
def own_cards(request: Request, secret: str, by: Subject = link(Action.PERSON_LINK)) -> Response:
    seat = seat_of(by)
    return _cards(request, seat.meeting_id, by, seat.point_id)


@router.post(HERE + "/link")
async def change_link(request: Request, meeting_id: str, by: Subject = LINKS) -> Response:
    """{point: code, person, do: revoke | renew}."""
    said = await said_in(request)
    return await _link(request, meeting_id, str(said.get("point", "")), by, said)


@router.post(LINK + "/link")
async def change_own_link(request: Request, secret: str, by: Subject = link(Action.PERSON_LINK)) -> Response:
    seat = seat_of(by)
    unhurried(container(request), seat)
    return await _link(request, seat.meeting_id, seat.code, by, await fields(request))


def _cards(request: Request, meeting_id: str, by: Subject, point_id: int | None) -> HTMLResponse:
    found = container(request)
    with found.db.read() as conn:
        meeting = service.get(conn, meeting_id)
        made = person_links.cards(conn, found.keys.persons, meeting_id, by, point_id)
    shown = [(card, address, qr(address) if card.secret else "") for card in made
             for address in [f"{found.settings.base_url}/p/{card.secret}" if card.secret else ""]]
    return page(request, "person/cards_link.html" if by.seat else "person/cards.html", place="meetings", meeting=meeting, cards=shown,
                here=request.url.path.removesuffix("/cards"))


async def _link(request: Request, meeting_id: str, code: str, by: Subject, said: Mapping[str, Any]) -> Response:
    found, person_id = container(request), str(said.get("person", ""))
    act = {"revoke": person_links.revoke, "renew": person_links.renew}.get(str(said.get("do", "")))
    if act is None:
        raise Invalid("bad_request", field="do")

    def work() -> None:
        with found.db.write() as conn:
            act(conn, meeting_id, point_of(conn, meeting_id, code), person_id, by, found.clock.now())

    await to_thread.run_sync(work)
    _told(found, meeting_id, code, person_id)
    return JSONResponse({"done": True}) if wants_json(request) else RedirectResponse(request.url.path.removesuffix("/link") + "/cards", 303)


# --- steps ------------------------------------------------------------------------------------------------------------


async def _say(request: Request, meeting_id: str, code: str, by: Subject, said: Mapping[str, Any]) -> Response:
    found = container(request)

    def work() -> tuple[str, bool]:
        with found.db.write() as conn:
            return _record(conn, meeting_id, point_of(conn, meeting_id, code), by, said, found)

    person_id, changed = await to_thread.run_sync(work)
    if changed:
        _told(found, meeting_id, code, person_id)
    return JSONResponse({"changed": changed, "person": person_id})


def _record(conn: Connection, meeting_id: str, point_id: int, by: Subject, said: Mapping[str, Any], found: Container) -> tuple[str, bool]:
    at = found.clock.now()
    if "heads" in said:
        heads = number(str(said["heads"]))
        return "", checkin.count(conn, meeting_id, point_id, -1 if heads is None else heads, by, at)
    if "person" in said:
        person_id, to = str(said["person"]), wanted(str(said.get("state", "")))
        reason = str(said.get("reason") or "") if to is Wanted.ABSENT else ""
        return person_id, roll_call.say(conn, meeting_id, point_id, person_id, to, by, at, reason=reason)
    return roll_call.come(conn, meeting_id, point_id, str(said.get("name", "")), str(said.get("post", "")), by, at), True


def _told(found: Container, meeting_id: str, code: str, person_id: str) -> None:
    """Counts to everybody by the news; that names are to be asked for again to the point, to whoever conducts, and to the person."""
    found.hub.changed(meeting_id)
    for to in (Point(code), CONDUCTORS):
        found.hub.tell(meeting_id, "people", {"point": code}, to)
    if person_id:
        found.hub.tell(meeting_id, "you", {}, PersonPage(person_id))


def _people(found: Container, meeting_id: str, code: str, by: Subject) -> dict[str, Any]:
    with found.db.read() as conn:
        meeting = service.get(conn, meeting_id)
        [roll] = roll_call.rolls(conn, meeting_id, point_of(conn, meeting_id, code))
        checkin.check_may(conn, meeting, roll.seat, by)
        revoked = {link_id for link_id, (_generation, gone) in people_store.links(conn, meeting_id).items() if gone}
    return {"point": code, "name": roll.seat.name, "open": roll_open(meeting, found.clock.now()), "heads": roll.heads,
            "people": [_one(one, revoked) for one in roll.everybody]}


def _one(one: Person, revoked: set[str]) -> dict[str, Any]:
    return {"id": one.person_id, "name": one.name, "post": one.post, "state": one.state.value, "reason": one.stay.reason,
            "came": iso(one.stay.came_at), "left": iso(one.stay.left_at), "how": one.how, "instead_of": one.instead_of,
            "instead_why": one.instead_why, "link": one.link_id not in revoked}
