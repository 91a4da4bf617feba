"""WHIP (RFC 9725) and WHEP: a bearer ticket and an SDP offer in, an SDP answer and a session's address out.

Any standard client can use these; our own pages use nothing else.  A ticket opens one session and stays the bearer of
that session until it ends.  Candidates that come later and ICE restarts are in `ice.py`.  Errors are problem documents
(RFC 9457) in the reader's language.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from media.errors import BadSdp, Gone, RoomFull
from meetings import service
from meetings.access import Action
from meetings.admission import Ticket
from meetings.errors import MeetingError, NotFound, Unavailable
from web.container import Container, container
from web.errors import explain, status_of
from web.guard import allow
from web.crew import Away, NoCapacity
from web.i18n import _
from web.limits import KIB, RETRY
from web.messages import TEXTS
from web.turn import ice_servers, links, user_of

router = APIRouter(prefix="/media", tags=["media"])

SDP_TEXT = TEXTS["media.sdp"]
ACCEPT_TEXT = TEXTS["media.accept"]
SDP = "application/sdp"
SDP_LIMIT = 64 * KIB
AGAIN = {"packets": "30", "lag": "5", "cpu": "5"}  # seconds, by what is full: a late loop and a busy core pass, as when all join at once
PUBLISHERS = 64  # names in ?publishers=
FRAGMENT = "application/trickle-ice-sdpfrag"
ALLOWED_HERE = "DELETE, PATCH, OPTIONS"
PUBLIC = Depends(allow(Action.PUBLIC, bearer=True))


class Problem(Exception):
    """An answer that is not a success: status, stable code, sentence, more members of the document, extra headers."""

    def __init__(
        self, status: int, code: str, text: str | None = None, more: dict[str, str] | None = None, **headers: str
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.more = status, code, more or {}
        self.text = text or _(TEXTS[code])
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def _document(problem: Problem) -> Response:
    body = {
        "type": f"urn:diemcau:error:{problem.code}", "title": problem.text, "status": problem.status,
        "error": problem.code, "message": problem.text, **problem.more,
    }
    return JSONResponse(body, problem.status, problem.headers, media_type="application/problem+json")


async def answered(work: Callable[[], Awaitable[Response]]) -> Response:
    """What `work` answers; its errors as problem documents."""
    try:
        return await work()
    except Problem as problem:
        return _document(problem)
    except (Away, Gone):  # also a worker that dies while it is asked
        return _document(Problem(503, "media.away", retry_after="2"))
    except NoCapacity as error:
        said = _(TEXTS[f"media.full.{error.why}"])
        return _document(Problem(503, "media.full", said, {"why": error.why}, retry_after=AGAIN[error.why]))
    except RoomFull:
        return _document(Problem(503, "media.full", retry_after="30"))
    except BadSdp as error:
        return _document(Problem(400, "media.sdp", _(SDP_TEXT, reason=error.code)))
    except NotFound as error:
        return _document(_unauthorized(error.code, explain(error)))
    except Unavailable as error:
        return _document(Problem(503, error.code, explain(error), **RETRY))
    except MeetingError as error:
        return _document(Problem(status_of(error), error.code, explain(error)))


def _unauthorized(code: str, text: str | None = None) -> Problem:
    """RFC 6750 §3: what was wrong with the bearer."""
    said = 'Bearer realm="media"' + ("" if code == "ticket.missing" else ', error="invalid_token"')
    return Problem(401, code, text, www_authenticate=said)


def bearer_of(request: Request) -> str:
    """The ticket this request carries.  Raises Problem."""
    scheme, _space, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise _unauthorized("ticket.missing")
    return token.strip()[:200]


async def body_of(request: Request, kind: str, code: str, offer: str) -> str:
    """The body, of this media type or a Problem with the header `offer` that says which is taken.

    What is longer than 64 KiB is read to its end but not kept (the body limit of the whole web stands behind): a client that
    is cut off while it sends would never see why.
    """
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != kind:
        raise Problem(415, code, **{offer: kind})
    data, length = bytearray(), 0
    async for chunk in request.stream():
        length += len(chunk)
        if length <= SDP_LIMIT:
            data += chunk
    if length > SDP_LIMIT:
        raise Problem(413, "media.too_large")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Problem(400, "media.sdp", _(SDP_TEXT, reason="utf-8")) from None


def check_accept(request: Request, kind: str) -> None:
    """Raises Problem where the client says that it cannot read `kind` (RFC 9110 §12.5.1).

    A list of JSON alone is meant for the errors, which are that: many programs send it with everything.
    """
    said = ",".join(request.headers.getlist("accept"))
    if not said.strip():
        return
    best: dict[str, bool] = {}
    for item in said.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        weight = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        best[name] = best.get(name, False) or not re.fullmatch(r"0(\.0{0,3})?", weight)
    wanted = next((best[name] for name in (kind, f"{kind.split('/')[0]}/*", "*/*") if name in best), None)
    if not (best.get("application/json") or best.get("application/problem+json") if wanted is None else wanted):
        raise Problem(406, "media.accept", _(ACCEPT_TEXT, type=kind))


def entity_tag(description: str) -> str:
    """Names the ICE session that our side of it belongs to: our user fragment, which no two have alike."""
    found = re.search(r"^a=ice-ufrag:([A-Za-z0-9+/]+)\r?$", description, re.MULTILINE)
    return f'"{found[1]}"' if found else '""'


def _redeem(found: Container, token: str, room: str, role: str) -> Ticket:
    with found.db.write() as conn:
        return service.redeem(conn, token, room, role, found.clock.now())


async def _open(request: Request, room: str, role: str, publishers: list[str] | None = None) -> Response:
    token = bearer_of(request)
    check_accept(request, SDP)
    offer = await body_of(request, SDP, "media.type", "accept_post")
    found = container(request)
    if not found.hub.ready:
        raise Away  # before the ticket is spent
    ticket = await to_thread.run_sync(_redeem, found, token, room, role)
    found.hub.seats.opened(room, ticket.beside or ticket.name, role, found.clock.now())
    answer = await found.hub.open_session(ticket, offer, publishers)
    made = Response(answer, 201, {
        "location": f"/media/sessions/{ticket.session_id}", "etag": entity_tag(answer), "accept-patch": FRAGMENT,
    }, media_type=SDP)
    for link in _turn(found, ticket.name):
        made.headers.append("link", link)
    return made


def _turn(found: Container, name: str) -> list[str]:
    """Link headers (RFC 9725 §4.6) for clients that got no `iceServers` with their ticket."""
    settings, now = found.settings, found.clock.now()
    return links(ice_servers(settings.turn_urls, settings.turn_secret.get_secret_value(), user_of(name, now), now))


@router.post("/rooms/{room}/whip", status_code=201, dependencies=[PUBLIC])
async def whip(request: Request, room: str) -> Response:
    """Publish: the offer's audio and video sections become the point's sound and picture."""
    return await answered(lambda: _open(request, room, "publish"))


@router.post("/rooms/{room}/whep", status_code=201, dependencies=[PUBLIC])
async def whep(request: Request, room: str, publishers: str | None = None) -> Response:
    """Receive: the offer's recvonly sections are filled with the room's publishers, or with those named."""
    chosen = [name for name in (publishers or "").split(",") if name][:PUBLISHERS]
    return await answered(lambda: _open(request, room, "subscribe", chosen or None))


@router.options("/rooms/{room}/whip", status_code=204, dependencies=[PUBLIC])
@router.options("/rooms/{room}/whep", status_code=204, dependencies=[PUBLIC])
async def offers(room: str) -> Response:
    """What may be posted here (RFC 9725 §4.2)."""
    return Response(status_code=204, headers={"accept-post": SDP, "allow": "POST, OPTIONS"})


async def own_session(request: Request, session: str) -> None:
    """Raises Problem unless this request carries the bearer that opened the session, and it goes on."""
    token, found = bearer_of(request), container(request)

    def known() -> None:
        with found.db.read() as conn:
            service.session_of(conn, session, token)

    try:
        await to_thread.run_sync(known)
    except NotFound as error:
        raise Problem(404, error.code, explain(error)) from None


@router.delete("/sessions/{session}", status_code=200, dependencies=[PUBLIC])
async def end(request: Request, session: str) -> Response:
    """Ends the session that this bearer opened."""

    async def work() -> Response:
        await own_session(request, session)
        await container(request).hub.close_session(session)
        return Response(status_code=200)

    return await answered(work)


@router.options("/sessions/{session}", status_code=204, dependencies=[PUBLIC])
async def session_offers(session: str) -> Response:
    """What can be done with a session."""
    return Response(status_code=204, headers={"allow": ALLOWED_HERE, "accept-patch": FRAGMENT})
