"""Điểm cầu: the tree with its tiles, and one point's page: what it has, who looks after it, when it is booked or blocked.

Everybody signed in may look; names of meetings only for those who may read them.  Whoever looks after a point names it, edits
its card, blocks, closes and opens it; another room is made in `point_rooms.py`, the sheet of many points is in `point_sheet.py`.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from meetings.access import Action, Resource, Subject
from meetings.errors import Conflict, Invalid, MeetingError, NotFound, Stale
from meetings.store import unit_store
from scheduler import maintenance, point_card, rooms, times_store
from scheduler import points as point_store
from scheduler import service as booking
from scheduler.audience import mains
from scheduler.hours import DAYS
from scheduler.readiness import Limits
from scheduler.slots import Slot
from web import audience_tree, legible, line_news, line_plot, places, point_form
from web.calendar_view import around
from web.container import container
from web.errors import explain, status_of
from web.guard import allow
from web.i18n import _
from web.pages import done, may, page

router = APIRouter(prefix="/points", tags=["points"], default_response_class=HTMLResponse)
AHEAD = timedelta(days=60)
BACK = timedelta(days=30)
BlockId = Annotated[int, Path(ge=1, le=legible.MOST)]


@router.get("")
def tiles(request: Request, q: str = "", subject: Subject = Depends(allow(Action.POINT_READ))) -> Response:
    found = container(request)
    now = found.clock.now()
    today = found.when.today(now)
    start, end = found.when.day_bounds(today)
    with found.db.read() as conn:
        tree = around(places.tree(conn, today), subject)
        points = [point for point in point_store.all_points(conn) if point.unit_id in tree]
        ids = [point.point_id for point in points]
        taken = booking.bookings(conn, ids, Slot(start, end), subject)
        blocked = {one.point_id: one for one in maintenance.blocks(conn, ids, Slot(now, now + timedelta(minutes=1)))}
        branches = audience_tree.branches(tree, unit_store.levels(conn), points, frozenset(), q)
        illustrative = {unit.unit_id for unit in tree if unit.illustrative}
    busy_now = {one.point_id: one for one in taken if one.slot.start <= now < one.slot.end}
    later: dict[int, object] = {}
    for one in taken:
        if one.slot.start > now:
            later.setdefault(one.point_id, one)
    return page(request, "points/list.html", place="points", branches=branches, total=len(points), busy=busy_now, today=today,
                later=later, blocked=blocked, q=q, illustrative=illustrative,
                sheet=may(subject, "point.edit", Resource("point", subject.unit_path)))


def of_code(request: Request, conn: Connection) -> Resource:
    """The point of the address, as the thing that is asked for."""
    found = container(request)
    try:
        point = point_store.point_by_code(conn, request.path_params["code"])
    except NotFound:
        raise NotFound("not_found") from None
    [request.state.kept] = point_store.kept(conn, [point.point_id])
    return point_store.resource_of(places.tree(conn, found.when.today(found.clock.now())), point)


EDIT, BLOCK = (Depends(allow(action, of_code)) for action in (Action.POINT_EDIT, Action.POINT_BLOCK))


@router.get("/{code}")
def one(request: Request, code: str, subject: Subject = Depends(allow(Action.POINT_READ, of_code))) -> Response:
    return _show(request)


def _show(request: Request, status: int = 200, said: dict[str, str] | None = None, **typed: str) -> HTMLResponse:
    found, subject, kept = container(request), request.state.subject, request.state.kept
    now, point = found.clock.now(), request.state.kept.point
    today = found.when.today(now)
    with found.db.read() as conn:
        versions = unit_store.versions(conn, point.unit_id)
        unit = next((version for version in versions if version.valid(today)), versions[-1])
        tree = places.tree(conn, today)
        path = [tree.get(unit_id) for unit_id in places.path(conn, point.unit_id, today)]
        levels = {level.level_id: places.level_name(level) for level in unit_store.levels(conn)}
        taken = booking.bookings(conn, [point.point_id], Slot(now - BACK, now + AHEAD), subject, waiting=True)
        blocks = maintenance.blocks(conn, [point.point_id], Slot(now, now + maintenance.LONGEST * 2))
        beside = point_store.points_of(conn, point.unit_id)
        keeper = may(subject, "point.edit", request.state.resource)
        lines = line_news.of_point(conn, subject, point.point_id, now) if keeper or may(subject, "readiness.read", request.state.resource) else {}
        limits = times_store.policy(conn, found.settings.line_policy).limits
    tomorrow = found.when.form_date(now + timedelta(days=1))
    typed = {"from_day": tomorrow, "from_time": "08:00", "until_day": tomorrow, "until": "17:00", "note": "", "closed_from": tomorrow, **typed}
    return page(
        request, "points/point.html", status, place="points", point=point, card=kept.card, unit=unit, path=path,
        level=levels.get(unit.level, ""), blocks=blocks, keeper=keeper, week=_week(kept.card), typed=typed,
        errors=said or {}, labels=point_form.labels(), lines=lines, plots=_plots(lines.get("tests", []), limits),
        beside=beside, main=mains(beside, today).get(point.unit_id), today=today,
        coming=[one for one in taken if one.slot.end > now and one.state != "blocked"], past=[one for one in taken if one.slot.end <= now and one.state != "pending"][::-1],
    )


def _plots(tests: list[Any], limits: Limits) -> list[tuple[str, str, str, line_plot.Plot]]:
    """(name, unit, what the limit means, the drawing) of what was measured, in the order of time."""
    told = [one.measured for one, *_rest in reversed(tests)]
    worst = [max((loss for loss in (one.loss_up, one.loss_down) if loss is not None), default=None) for one in told]
    drawn = [
        (_("Đường xuống"), "kbit/s", _("đủ cho hình đẹp"), line_plot.decades([one.down_kbps for one in told], limits.good_kbps)),
        (_("Đường lên"), "kbit/s", _("đủ cho hình đẹp"), line_plot.decades([one.up_kbps for one in told], limits.good_kbps)),
        (_("Mất gói"), "%", _("từ đây là yếu"), line_plot.even([None if one is None else one / 10 for one in worst], limits.loss_weak / 10)),
        (_("Độ trễ đi và về"), "ms", _("từ đây là yếu"), line_plot.even([one.rtt_ms for one in told], limits.rtt_weak_ms)),
    ]
    return [(name, unit, meaning, plot) for name, unit, meaning, plot in drawn if plot is not None]


def _week(card: point_card.Card) -> list[tuple[str, str]]:
    """Days and their hours, neighbours with the same hours together; nothing where the point may always be booked."""
    if card.hours is None:
        return []
    words, told = point_form.labels(), [card.hours.shown(place).replace(" ", ", ") for place in range(len(DAYS))]
    shown: list[tuple[str, str]] = []
    for hours, run in groupby(range(len(DAYS)), key=lambda place: told[place]):
        days = [words[DAYS[place]] for place in run]
        shown.append((days[0] if len(days) == 1 else f"{days[0]} – {days[-1]}", hours))
    return shown


@router.get("/{code}/edit", dependencies=[EDIT])
def form(request: Request, code: str) -> Response:
    kept = request.state.kept
    return _form(request, {"name": kept.point.name, **kept.card.typed()}, kept.version)


@router.post("/{code}/edit", dependencies=[EDIT])
def save(request: Request, code: str) -> Response:
    """`name`, all fields of the card, and the `version` it was made from."""
    found, kept, sent = container(request), request.state.kept, request.state.form
    typed = {"name": str(sent.get("name", kept.point.name))[:2000], **point_form.typed(sent)}
    version = legible.number(str(sent.get("version", "")))
    card, errors = point_card.read(typed)
    if version is None:
        raise Invalid("bad_request")
    if errors:
        return _form(request, typed, version, 422, {name: explain(error, request) for name, error in errors.items()})
    try:
        with found.db.write() as conn:
            rooms.hold(conn, {kept.point.unit_id})  # before one of them: whoever names another room takes them in this order
            point_store.edit(conn, [(kept.point.point_id, card, version)], request.state.subject, found.clock.now())
            rooms.rename(conn, kept.point.point_id, typed["name"], request.state.subject, found.clock.now())
    except Stale as error:
        # What was typed stays, over the state that stands now: saving once more is a choice, not an accident.
        stands = {"name": kept.point.name, **kept.card.typed()}
        return _form(request, typed, kept.version, status_of(error), {"version": explain(error, request)}, stands)
    except (Conflict, Invalid) as error:
        return _form(request, typed, version, status_of(error), {"name": explain(error, request)})
    return done(f"/points/{code}", "saved")


def _form(
    request: Request, typed: dict[str, str], version: int, status: int = 200, said: dict[str, str] | None = None,
    stands: dict[str, str] | None = None,
) -> HTMLResponse:
    return page(request, "points/edit.html", status, place="points", point=request.state.kept.point, typed=typed, version=version,
                errors=said or {}, labels=point_form.labels(), days=DAYS, stands=stands or {})


@router.post("/{code}/block", dependencies=[BLOCK])
def block(request: Request, code: str) -> Response:
    """`from_day`, `from_time`, `until_day`, `until`, `note`: nobody books the point meanwhile."""
    found, sent = container(request), request.state.form
    typed = {name: str(sent.get(name, ""))[:200] for name in ("from_day", "from_time", "until_day", "until", "note")}
    errors: dict[str, MeetingError] = {}
    times: dict[str, Any] = {}
    for day, clock in (("from_day", "from_time"), ("until_day", "until")):
        try:
            times[clock] = found.when.parse(typed[day], typed[clock], clock)
        except Invalid as error:
            errors[day if error.code == "time.date" else clock] = error
    try:
        if not errors:
            with found.db.write() as conn:
                maintenance.block(conn, request.state.kept.point.point_id, Slot(times["from_time"], times["until"]), typed["note"],
                                  request.state.subject, found.clock.now())
    except MeetingError as error:
        field = str(error.params.get("field", "until"))
        errors = {field if field in typed else "until": error}
    if errors:
        status = max(status_of(error) for error in errors.values())
        return _show(request, status, {name: explain(error, request) for name, error in errors.items()}, **typed)
    return done(f"/points/{code}", "blocked")


@router.post("/{code}/close", dependencies=[EDIT])
def close(request: Request, code: str) -> Response:
    """`closed_from`: nobody books the point from that day on."""
    found, typed = container(request), str(request.state.form.get("closed_from", ""))[:20]
    try:
        day = found.when.parse_day(typed, "closed_from")
        with found.db.write() as conn:
            rooms.close(conn, request.state.kept.point.point_id, day, request.state.subject, found.clock.now())
    except (Conflict, Invalid) as error:
        return _show(request, status_of(error), {"closed_from": explain(error, request)}, closed_from=typed)
    return done(f"/points/{code}", "closed")


@router.post("/{code}/reopen", dependencies=[EDIT])
def reopen(request: Request, code: str) -> Response:
    found = container(request)
    with found.db.write() as conn:
        rooms.reopen(conn, request.state.kept.point.point_id, request.state.subject, found.clock.now())
    return done(f"/points/{code}", "reopened")


@router.post("/{code}/blocks/{block_id}/lift", dependencies=[BLOCK])
def lift(request: Request, code: str, block_id: BlockId) -> Response:
    found = container(request)
    with found.db.write() as conn:
        maintenance.lift(conn, block_id, request.state.subject, found.clock.now())
    return done(f"/points/{code}", "unblocked")
