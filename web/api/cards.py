"""PATCH /points/{code}, POST and GET /points/{code}/blocks, DELETE /blocks/{id}: what a point has, and when it is not to be booked.

The checks are those of the form of one point (`point_card.read`); maintenance over a confirmed booking is refused, naming it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from sqlalchemy import Connection

from meetings.access import Action, Subject
from meetings.errors import Invalid, NotFound
from scheduler import maintenance, point_card
from scheduler import points as point_store
from scheduler.hours import DAYS
from scheduler.maintenance import Block
from scheduler.point_card import Kept
from scheduler.slots import Slot
from web import legible
from web.api import answers, body, etag
from web.api.contract import contract
from web.api.paging import Cursor, Limit, part
from web.api.problem import for_field, wrong
from web.api.shapes import Listed, Out
from web.api.shapes_points import BlockIn, BlockOut, CardOut, CardPatch, show_block, show_card
from web.api.tokens import who
from web.container import container
from web.errors import explain
from web.guard import allow
from web.routes.points import of_code

router = APIRouter(prefix="/api/v1/points/{code}", tags=["points"])
EDIT = allow(Action.POINT_EDIT, of_code, who=who)
BLOCK = allow(Action.POINT_BLOCK, of_code, who=who)
BlockId = Annotated[int, Path(ge=1, le=legible.MOST)]


@router.get("/card", **contract("getCard", CardOut))
def card(request: Request, code: str, subject: Subject = Depends(allow(Action.POINT_READ, of_code, who=who))) -> Response:
    """Seats, equipment, line, bookable hours, and who looks after the point."""
    return answers.show(request, show_card(request.state.kept))


@router.patch("/card", **contract("changeCard", CardOut, 409, 412, 413, 415))
def change(
    request: Request, code: str, subject: Subject = Depends(EDIT), wanted: CardPatch = Depends(body.of(CardPatch)),
) -> Response:
    """What is left out stays; an empty text or null takes it away."""
    found, point_id = container(request), request.state.kept.point.point_id
    given = etag.wanted(request.headers.get("if-match"))
    if not wanted.model_fields_set:
        raise Invalid("api.nothing")
    with found.db.write() as conn:
        stands = _kept(conn, point_id)
        etag.check(given, answers.tag(show_card(stands)))
        sent = wanted.model_dump(include=wanted.model_fields_set)
        made, errors = point_card.read({**stands.card.typed(), **_typed(sent)})
        if errors:
            raise wrong([for_field(_pointer(name), error.code, explain(error)) for name, error in errors.items()])
        # The version closes the gap between reading and locking: whoever was faster makes this Stale.
        point_store.edit(conn, [(point_id, made, stands.version)], subject, found.clock.now())
        shown = show_card(_kept(conn, point_id))
    return answers.show(request, shown)


@router.get("/blocks", **contract("listBlocks", Listed[BlockOut], listed=True))
def blocks(
    request: Request, code: str, limit: Limit = 100, cursor: Cursor = "",
    subject: Subject = Depends(allow(Action.POINT_READ, of_code, who=who)),
) -> Response:
    """Maintenance that is not over, by start."""
    found, now = container(request), container(request).clock.now()
    with found.db.read() as conn:
        point_id = request.state.kept.point.point_id
        coming = maintenance.blocks(conn, [point_id], Slot(now, now + maintenance.LONGEST * 2))
    return answers.listed(request, part(coming, lambda one: (one.slot.start.isoformat(), one.block_id), limit, cursor), show_block)


@router.post("/blocks", **contract("blockPoint", BlockOut, 409, 413, 415, status=201))
def block(
    request: Request, code: str, subject: Subject = Depends(BLOCK), wanted: BlockIn = Depends(body.of(BlockIn)),
) -> Response:
    """Nobody books the point meanwhile."""
    slot, now = Slot(wanted.start, wanted.end), container(request).clock.now()

    def work(conn: Connection) -> tuple[Out, str]:
        block_id = maintenance.block(conn, request.state.kept.point.point_id, slot, wanted.note, subject, now)
        return show_block(_block(conn, request.state.kept, slot, block_id)), f"{request.url.path}/{block_id}"

    answer, _new = answers.once(request, subject, work)
    return answer


@router.get("/blocks/{block_id}", **contract("getBlock", BlockOut))
def one(
    request: Request, code: str, block_id: BlockId, subject: Subject = Depends(allow(Action.POINT_READ, of_code, who=who)),
) -> Response:
    """One maintenance that is not over."""
    now = container(request).clock.now()
    with container(request).db.read() as conn:
        return answers.show(request, show_block(_block(conn, request.state.kept, Slot(now, now + maintenance.LONGEST * 2), block_id)))


@router.delete("/blocks/{block_id}", **contract("liftBlock", BlockOut, 409, 412))
def lift(request: Request, code: str, block_id: BlockId, subject: Subject = Depends(BLOCK)) -> Response:
    """The point may be booked again from now on; the answer is the block as it was."""
    found, now = container(request), container(request).clock.now()
    given = etag.wanted(request.headers.get("if-match"))
    with found.db.write() as conn:
        stands = _block(conn, request.state.kept, Slot(now, now + maintenance.LONGEST * 2), block_id)
        etag.check(given, answers.tag(show_block(stands)))
        maintenance.lift(conn, block_id, subject, now)
    return answers.show(request, show_block(stands))


# --- steps ---------------------------------------------------------------------------------------------------------


def _kept(conn: Connection, point_id: int) -> Kept:
    [kept] = point_store.kept(conn, [point_id])
    return kept


def _block(conn: Connection, kept: Kept, window: Slot, block_id: int) -> Block:
    """Raises NotFound("point.block_unknown") where the point has no such block in the window."""
    for one in maintenance.blocks(conn, [kept.point.point_id], window):
        if one.block_id == block_id:
            return one
    raise NotFound("point.block_unknown")


def _typed(sent: Mapping[str, Any]) -> dict[str, str]:
    """As a form would carry it: the checks are the form's."""
    typed = {name: "" if value is None else str(value) for name, value in sent.items() if name != "hours"}
    if "hours" in sent:
        week = sent["hours"] or {}
        typed |= {day: " ".join("-".join(pair) for pair in week.get(day) or ()) for day in DAYS}
    return typed


def _pointer(name: str) -> str:
    return f"/hours/{name}" if name in DAYS else f"/{name}"
