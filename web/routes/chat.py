"""What is written in a room: the chat of all by a point's or a personal link or from the console, and the channel of chair and secretary.

A message for all travels with the news; one that waits, and every private one, never does: the news say that there is one,
and whoever conducts asks for it over the own session.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import Connection

from meetings import chat
from meetings.access import Action, Subject
from meetings.chat import Message
from meetings.store import voice_store
from web.conducting import CONDUCTOR, answer, conducted, number_of, said_in
from web.container import Container, container
from web.feed import CONDUCTORS
from web.errors import wants_json
from web.pages import page
from web.parts.look import iso
from web.routes import by_person
from web.routes.by_link import done, fields, link, unhurried
from web.routes.by_person import own_page, person, person_of
from web.routes.join import seat_of

router = APIRouter(tags=["chat"])

CONDUCT = "/meetings/{meeting_id}/conduct"
NO_STORE = {"cache-control": "no-store"}


@router.get("/j/{secret}/chat")
def read(request: Request, secret: str, after: int = 0, subject: Subject = link(Action.CHAT_SAY)) -> Response:
    """The newest messages that everybody may read, from the one after number `after` on."""
    found, seat = container(request), seat_of(subject)
    with found.db.read() as conn:
        return _messages(chat.read(conn, seat.meeting_id, from_number(after)))


@router.post("/j/{secret}/chat")
async def say(request: Request, secret: str, subject: Subject = link(Action.CHAT_SAY)) -> Response:
    """{text}: a message of this point to everybody; while messages are held, chair or secretary passes it first."""
    found, seat, body = container(request), seat_of(subject), await fields(request)
    unhurried(found, seat)
    message = await _write(found, seat.meeting_id, str(body.get("text", "")), subject)
    return done(request, secret, "chat", shown(message))


@router.get("/p/{secret}/chat")
def read_alone(request: Request, secret: str, after: int = 0, subject: Subject = person(Action.CHAT_SAY)) -> Response:
    """The same for somebody behind a point; where JSON is not asked for, as a page."""
    found, ref = container(request), person_of(subject)
    with found.db.read() as conn:
        messages, mode = chat.read(conn, ref.meeting_id, from_number(after)), voice_store.setting_of(conn, ref.meeting_id).chat
    if wants_json(request):
        return _messages(messages)
    return page(request, "person/messages.html", visit=request.state.caller, messages=messages, base=f"/p/{secret}", mode=mode,
                limit=chat.LIMIT)


@router.post("/p/{secret}/chat")
async def say_alone(request: Request, secret: str, subject: Subject = person(Action.CHAT_SAY)) -> Response:
    """{text}: a message in the person's own name, of the point."""
    found, ref, body = container(request), person_of(subject), await fields(request)
    by_person.unhurried(found, ref)
    message = await _write(found, ref.meeting_id, str(body.get("text", "")), subject)
    return own_page(request, secret, "held" if message.state == "held" else "chat", shown(message))


@router.get(f"{CONDUCT}/chat")
def read_all(request: Request, meeting_id: str, after: int = 0, by: Subject = CONDUCTOR) -> Response:
    """Held, hidden and erased messages too."""
    with container(request).db.read() as conn:
        return _messages(chat.read_all(conn, meeting_id, from_number(after)))


@router.post(f"{CONDUCT}/chat")
async def announce(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{text}: a message of chair or secretary to everybody, also where points may not write."""
    said = await said_in(request)
    return answer(request, meeting_id, shown(await _write(container(request), meeting_id, str(said.get("text", "")), by)))


@router.post(f"{CONDUCT}/chat/pass")
async def release(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{message}: everybody may read a held message."""
    said, found = await said_in(request), container(request)
    passed: list[Message] = []

    def work(conn: Connection) -> None:
        passed.append(chat.release(conn, meeting_id, number_of(said.get("message"), "message"), by, found.clock.now()))

    answered = await conducted(request, meeting_id, work)
    found.hub.tell(meeting_id, "chat", shown(passed[0]))
    return answered


@router.post(f"{CONDUCT}/chat/hide")
async def hide(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{message, reason}: nobody but chair and secretary reads it any more."""
    return await _take(request, meeting_id, chat.hide, by)


@router.post(f"{CONDUCT}/chat/erase")
async def erase(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{message, reason}: its text is gone for good."""
    return await _take(request, meeting_id, chat.erase, by)


@router.get(f"{CONDUCT}/private")
def read_private(request: Request, meeting_id: str, after: int = 0, by: Subject = CONDUCTOR) -> Response:
    """Between chair and secretary."""
    with container(request).db.read() as conn:
        return _messages(chat.read_private(conn, meeting_id, from_number(after)))


@router.post(f"{CONDUCT}/private")
async def confide(request: Request, meeting_id: str, by: Subject = CONDUCTOR) -> Response:
    """{text}: for the other one's eyes; the news tell conductors that there is something, and nobody else anything."""
    said, found = await said_in(request), container(request)

    def work() -> Message:
        with found.db.write() as conn:
            return chat.confide(conn, meeting_id, str(said.get("text", "")), by, found.clock.now())

    message = await to_thread.run_sync(work)
    found.hub.tell(meeting_id, "private", {"last": message.ord}, CONDUCTORS)
    return answer(request, meeting_id, shown(message))


async def _write(found: Container, meeting_id: str, text: str, by: Subject) -> Message:
    def work() -> Message:
        with found.db.write() as conn:
            return chat.say(conn, meeting_id, text, by, found.clock.now())

    message = await to_thread.run_sync(work)
    if message.state == "held":
        found.hub.tell(meeting_id, "held", {"message": message.ord}, CONDUCTORS)
    else:
        found.hub.tell(meeting_id, "chat", shown(message))
        found.hub.changed(meeting_id)
    return message


async def _take(request: Request, meeting_id: str, away: Callable[[Connection, str, int, str, Subject, datetime], None], by: Subject) -> Response:
    said, found = await said_in(request), container(request)
    ord = number_of(said.get("message"), "message")
    answered = await conducted(
        request, meeting_id, lambda conn: away(conn, meeting_id, ord, str(said.get("reason", "")), by, found.clock.now()))
    found.hub.tell(meeting_id, "chat_gone", {"message": ord})
    return answered


def shown(message: Message) -> dict[str, Any]:
    """One message as pages get it."""
    return {"message": message.ord, "code": message.code, "point": message.point, "author": message.author, "text": message.text, "state": message.state,
            "reason": message.reason, "at": iso(message.at)}


def _messages(messages: Sequence[Message]) -> Response:
    return JSONResponse({"messages": [shown(one) for one in messages]}, headers=NO_STORE)


def from_number(after: int) -> int:
    """What a reader says it has, within the numbers that there are."""
    return max(0, min(after, 2**31 - 1))
