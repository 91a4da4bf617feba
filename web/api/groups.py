"""/groups: points that a unit convenes again and again, by name; read, made, changed and taken away by its secretaries."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Connection

from meetings.access import Action, Subject
from meetings.errors import NotFound, Stale
from meetings.store import ledger_store
from scheduler import audience_store
from scheduler import points as point_store
from scheduler.audience_store import Group
from web.api import answers, body
from web.api.contract import contract
from web.api.paging import Cursor, Limit, part
from web.api.problem import Refused, for_field, wrong
from web.api.shapes import Listed, Out
from web.api.shapes_points import GroupIn, GroupOut
from web.api.tokens import who
from web.container import container
from web.errors import explain
from web.guard import allow

router = APIRouter(prefix="/api/v1/groups", tags=["points"])
KEEPER = allow(Action.MEETING_CREATE, who=who)
NAMED = 20


@router.get("", **contract("listGroups", Listed[GroupOut], listed=True))
def listing(request: Request, limit: Limit = 100, cursor: Cursor = "", subject: Subject = Depends(KEEPER)) -> Response:
    """The named groups of your unit, by name."""
    with container(request).db.read() as conn:
        kept = audience_store.groups(conn, subject.unit_id)
        codes = _codes(conn)
    kept.sort(key=lambda one: (one.name, one.group_id))
    return answers.listed(
        request, part(kept, lambda one: (one.name, one.group_id), limit, cursor), lambda one: _show(one, codes))


@router.post("", **contract("createGroup", GroupOut, 409, 413, 415, status=201))
def create(request: Request, subject: Subject = Depends(KEEPER), wanted: GroupIn = Depends(body.of(GroupIn))) -> Response:
    """A new group of your unit."""
    now = container(request).clock.now()

    def work(conn: Connection) -> tuple[Out, str]:
        made = audience_store.group_save(conn, subject.unit_path, wanted.name, _ids(conn, wanted.points), subject, now)
        return _show(_own(conn, subject, made), _codes(conn)), f"{request.url.path}/{made}"

    answer, _new = answers.once(request, subject, work)
    return answer


@router.get("/{group_id}", **contract("getGroup", GroupOut))
def one(request: Request, group_id: str, subject: Subject = Depends(KEEPER)) -> Response:
    """One group of your unit."""
    with container(request).db.read() as conn:
        return answers.show(request, _show(_own(conn, subject, group_id), _codes(conn)))


@router.put("/{group_id}", **contract("changeGroup", GroupOut, 409, 412, 413, 415))
def change(
    request: Request, group_id: str, subject: Subject = Depends(KEEPER), wanted: GroupIn = Depends(body.of(GroupIn)),
) -> Response:
    """Another name and other points."""

    def work(conn: Connection, now: datetime) -> None:
        version = _own(conn, subject, group_id).version
        try:
            audience_store.group_save(conn, subject.unit_path, wanted.name, _ids(conn, wanted.points), subject, now,
                                      group_id=group_id, version=version)
        except Stale:  # a page was quicker
            raise Refused("api.stale", 412) from None

    return answers.changed(request, lambda conn: _held(conn, subject, group_id), work)


@router.delete("/{group_id}", **contract("removeGroup", GroupOut, 412))
def remove(request: Request, group_id: str, subject: Subject = Depends(KEEPER)) -> Response:
    """Meetings that were chosen by it keep their points; the answer is the group as it was."""

    def work(conn: Connection, _now: datetime) -> Out:
        last = _show(_own(conn, subject, group_id), _codes(conn))
        audience_store.group_remove(conn, subject.unit_path, group_id, subject)
        return last

    return answers.changed(request, lambda conn: _held(conn, subject, group_id), work)


# --- steps ---------------------------------------------------------------------------------------------------------


def _show(group: Group, codes: dict[int, str]) -> GroupOut:
    return GroupOut(id=group.group_id, name=group.name, points=sorted(codes[point] for point in group.points if point in codes))


def _held(conn: Connection, subject: Subject, group_id: str) -> Out:
    ledger_store.lock_chain(conn, None)
    return _show(_own(conn, subject, group_id), _codes(conn))


def _own(conn: Connection, subject: Subject, group_id: str) -> Group:
    """Raises NotFound("group.unknown") for another unit's."""
    for one in audience_store.groups(conn, subject.unit_id):
        if one.group_id == group_id:
            return one
    raise NotFound("group.unknown")


def _codes(conn: Connection) -> dict[int, str]:
    return {point.point_id: point.code for point in point_store.all_points(conn)}


def _ids(conn: Connection, codes: Iterable[str]) -> list[int]:
    """Raises Refused naming codes that are none."""
    known = {code: point_id for point_id, code in _codes(conn).items()}
    wanted = list(codes)
    if errors := [for_field(f"/points/{place}", "point.unknown", explain(NotFound("point.unknown")))
                  for place, code in enumerate(wanted) if code not in known]:
        raise wrong(errors[:NAMED])
    return [known[code] for code in wanted]
