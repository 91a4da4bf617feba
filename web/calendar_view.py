"""What the calendar pages show: somebody's own meetings by month, week and day, and the points of a tree as lanes.  Reads only.

Every meeting here has passed `access` (`views.visible`, `calendar_rows`): what the reader may not know of is a time and a unit.
Called by `routes/calendar.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, select

from meetings.access import Action, Subject, decide
from meetings.meeting import Meeting, State
from meetings.store import unit_store
from meetings.units import Sought, UnitTree
from scheduler import points as point_store
from scheduler import invitations, reminders, store, workday_store
from scheduler.booking import Point
from scheduler.calendar_rows import Entry, entries
from scheduler.slots import Slot
from scheduler.workdays import WorkingDays
from web import places, views
from web.calendar_model import Block, Day, DayLane, Fold, Mark, Row, Span, Under, folds, sides
from web.container import Container
from web.i18n import _, language, ngettext
from web.when import When

MANY_UNITS = 1000
OPEN_ROWS = 40  # so few points need no folding
KINDS = {State.DRAFT: "tent", State.CONVENED: "firm", State.OPEN: "live", State.SUSPENDED: "live", State.CONCLUDED: "past"}
HELD = {"draft": "firm", "convened": "firm", "concluded": "past", "cancelled": "past"}
ICONS = {"late": "triangle-alert", "tent": "pen-line", "firm": "check", "live": "circle-dot", "past": "check", "pend": "clock", "block": "ban", "clash": "triangle-alert"}


def working_days(conn: Connection) -> WorkingDays:
    """The calendar of this installation, its holidays in the reader's language."""
    return workday_store.working_days(conn, language())


def days_of(conn: Connection, first: date, count: int, today: date) -> list[Day]:
    calendar = working_days(conn)
    return [Day(on, calendar.name(on), not calendar.works(on), on == today) for on in (date.fromordinal(first.toordinal() + n) for n in range(count))]


# --- one's own meetings -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Own:
    """A meeting of one's own calendar: how it stands, and whether this person may move it.  `late`: over its time, never opened."""

    meeting: Meeting
    pending: int
    movable: bool
    clash: bool
    late: bool = False

    @property
    def kind(self) -> str:
        if self.late:
            return "late"
        if self.clash:
            return "clash"
        return "pend" if self.pending and self.meeting.state in (State.DRAFT, State.CONVENED) else KINDS[self.meeting.state]

    @property
    def word(self) -> str:
        if self.late:
            return _(views.words.OVERDUE)
        if self.clash:
            return _("Trùng chủ trì")
        if self.kind == "pend":
            return ngettext("{n} điểm chờ xác nhận", "{n} points wait for a yes", self.pending)
        return _(views.words.STATES[self.meeting.state.value])


def own(conn: Connection, subject: Subject, tree: UnitTree, window: Slot, query: str, now: datetime) -> list[Own]:
    """Meetings of this person in the window, by time, those that were cancelled left out; `query` without accents."""
    seen = [meeting for meeting in views.visible(conn, subject, tree, after=window.start, before=window.end)
            if meeting.state is not State.CANCELLED]
    sought = Sought(query)
    shown = [meeting for meeting in seen if sought.within(meeting.title, meeting.unit.name, meeting.chair.name)]
    waiting, timing = pending_counts(conn, [meeting.meeting_id for meeting in seen]), invitations.timing_of(conn)
    clashing = _clashing([meeting for meeting in seen if meeting.state is not State.DRAFT or meeting.meeting_id in waiting])
    return [Own(meeting, waiting.get(meeting.meeting_id, 0), may_move(subject, meeting), meeting.meeting_id in clashing,
                reminders.overdue(meeting.state, meeting.end, timing, now)) for meeting in shown]


def may_move(subject: Subject, meeting: Meeting) -> bool:
    """Whether to offer it; the use case asks again."""
    return meeting.state in (State.DRAFT, State.CONVENED) and decide(subject, Action.MEETING_EDIT, meeting.resource()).allowed


def pending_counts(conn: Connection, meeting_ids: Sequence[str]) -> dict[str, int]:
    """How many points of each meeting wait for somebody's yes."""
    if not meeting_ids:
        return {}
    row = store.booking.c
    query = select(row.meeting_id, func.count()).where(row.state == "pending", row.meeting_id.in_(meeting_ids)).group_by(row.meeting_id)
    return {meeting_id: count for meeting_id, count in conn.execute(query)}


def _clashing(meetings: Sequence[Meeting]) -> set[str]:
    """Those whose chair chairs another one at the same time, be it one that waits for a yes; they come by time."""
    found: set[str] = set()
    for place, one in enumerate(meetings):
        for other in meetings[place + 1:]:
            if other.start >= one.end:
                break
            if other.chair.user_id == one.chair.user_id and State.CONCLUDED not in (one.state, other.state):
                found |= {one.meeting_id, other.meeting_id}
    return found


def day_lanes(owned: Sequence[Own], span: Span, when: When) -> list[DayLane]:
    """Each day of the span with the blocks of that day."""
    lanes = []
    for number, day in enumerate(span.days):
        begin, end = when.day_bounds(day.on)
        inside = [one for one in owned if one.meeting.start < end and one.meeting.end > begin]
        placed = sides([(one.meeting.start, one.meeting.end) for one in inside])
        blocks = tuple(_block(one, side, span, number, when) for one, side in zip(inside, placed, strict=True))
        lanes.append(DayLane(day, blocks, max(placed, default=0) + 1))
    return lanes


def _block(one: Own, side: int, span: Span, number: int, when: When) -> Block:
    meeting = one.meeting
    begin, end = when.day_bounds(span.days[number].on)
    whole = begin <= meeting.start and meeting.end <= end
    return Block(
        span.grids[number].place(meeting.start, meeting.end), side, meeting.meeting_id, meeting.title,
        when.hours(meeting.start, meeting.end) if whole else when.span(meeting.start, meeting.end),
        f"{meeting.unit.name} · {_('Chủ trì: {name}', name=meeting.chair.name)}", one.kind, one.word, ICONS[one.kind],
        wall(meeting.start, when), wall(meeting.end, when), one.movable and whole, whole)


def wall(at: datetime, when: When) -> str:
    """2026-11-24T08:00, as the script and the form carry it."""
    return when.local(at).strftime("%Y-%m-%dT%H:%M")


# --- points as lanes ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Told:
    """One entry of the list under the lanes: a meeting in one state, or a time somebody else's meeting or maintenance takes."""

    number: int
    title: str
    when: str
    about: str
    kind: str
    word: str
    icon: str
    slot: Slot
    meeting_id: str = ""
    points: int = 0
    movable: bool = False
    start: str = ""
    end: str = ""


@dataclass(slots=True)
class Timeline:
    """The lanes and the list; `busy` of `total` points have something in the span."""

    span: Span
    top: Fold
    told: list[Told] = field(default_factory=list)
    total: int = 0
    busy: int = 0


def around(tree: UnitTree, subject: Subject) -> UnitTree:
    """The whole tree, or where it is a country, the province of the one who looks."""
    if len(tree) <= MANY_UNITS or not subject.unit_path or subject.unit_path[0] not in tree:
        return tree
    return UnitTree(tree.subtree(subject.unit_path[0]), tree.on)


def timeline(
    found: Container, conn: Connection, subject: Subject, days: Sequence[Day], query: str = "", unit_id: str = "", everything: bool = True,
) -> Timeline:
    """The points of the tree (or of one unit of it) with all that is booked, pending or blocked in these days."""
    when = found.when
    window = Slot(when.day_bounds(days[0].on)[0], when.day_bounds(days[-1].on)[1])
    tree = around(places.tree(conn, days[0].on), subject)
    if unit_id in tree:
        tree = UnitTree(tree.subtree(unit_id), tree.on)
    sought = Sought(query)
    points = [point for point in point_store.all_points(conn)
              if point.unit_id in tree and point.open_on(days[0].on) and _meant(point, tree, sought)]
    booked = entries(conn, [point.point_id for point in points], window, subject)
    span = Span.of(days, (entry.slot for entry in booked), when)
    over = found.clock.now() - invitations.timing_of(conn).grace
    told, rows = _rows(points, booked, span, when, everything, over)
    levels = {level.level_id: places.level_name(level) for level in unit_store.levels(conn)}
    top = _folded(tree, levels, points, rows)
    if len(points) <= OPEN_ROWS:
        _open(top)
    busy = sum(bool(row.days) for row in rows.values())
    return Timeline(span, top, told, len(points), busy)


def _meant(point: Point, tree: UnitTree, sought: Sought) -> bool:
    """A search for a district means its communes too, and one for a unit all of its rooms."""
    unit = tree.get(point.unit_id)
    above = tree.get(unit.parent_id).name if unit.parent_id in tree and unit.parent_id else ""
    return sought.within(point.name, point.code, unit.name, above)


def _rows(
    points: Sequence[Point], booked: Iterable[Entry], span: Span, when: When, everything: bool, over: datetime,
) -> tuple[list[Told], dict[int, Row]]:
    by_point: dict[int, list[Entry]] = {}
    for entry in booked:
        by_point.setdefault(entry.point_id, []).append(entry)
    told: dict[tuple[Any, ...], Told] = {}
    pieces: dict[int, list[tuple[int, str]]] = {}
    rows: dict[int, Row] = {}
    for point in points:
        mine = by_point.get(point.point_id, [])
        if not mine and not everything:
            continue
        row = rows[point.point_id] = Row(point.name, point.code)
        held = [entry.slot for entry in mine if entry.state != "pending"]
        for entry in mine:
            one = _entry(told, entry, held, when, over)
            one.points += 1
            if one.number not in pieces:
                pieces[one.number] = span.pieces(entry.slot)
            for day, place in pieces[one.number]:
                row.days.setdefault(day, []).append(Mark(place, one.kind, one.number, one.title, one.movable))
    return sorted(told.values(), key=lambda one: (one.slot.start, one.title, one.number)), rows


def _entry(told: dict[tuple[Any, ...], Told], entry: Entry, held: Sequence[Slot], when: When, over: datetime) -> Told:
    """The entry of the list that this booking belongs to; made when it is the first of its kind.  `over`: what ended by then should
    have been opened."""
    meeting = entry.meeting
    clash = entry.state == "pending" and any(slot.overlaps(entry.slot) for slot in held)
    who = (meeting.meeting_id or meeting.unit) if meeting else entry.note
    key = (who, entry.state, clash, entry.slot)
    if key in told:
        return told[key]
    states = {"pending": "pend", "blocked": "block"}
    kind = "clash" if clash else states.get(entry.state) or HELD.get(meeting.state if meeting else "", "live")
    if kind == "firm" and meeting and meeting.state == State.CONVENED and meeting.end <= over:
        kind = "late"
    word = {"late": _(views.words.OVERDUE), "pend": _("Chờ xác nhận"), "block": _("Không đặt được"), "clash": _("Chờ xác nhận, vướng lịch khác"), "firm": _("Đã xác nhận"),
            "live": _("Đang họp"), "past": _("Đã kết thúc")}[kind]
    title = entry.note if meeting is None else meeting.title or _("Bận ({unit})", unit=meeting.unit)
    about = "" if meeting is None or not meeting.title else f"{meeting.unit} · {_('Chủ trì: {name}', name=meeting.chair)}"
    told[key] = one = Told(
        len(told) + 1, title or _("Bảo trì"), when.span(entry.slot.start, entry.slot.end), about, kind, word, ICONS[kind], entry.slot,
        meeting.meeting_id if meeting else "")
    if meeting and meeting.movable and entry.slot == Slot(meeting.start, meeting.end):
        one.movable, one.start, one.end = True, wall(meeting.start, when), wall(meeting.end, when)
    return one


def _folded(tree: UnitTree, levels: Mapping[str, str], points: Sequence[Point], rows: dict[int, Row]) -> Fold:
    by_unit: dict[str, list[Point]] = {}
    for point in points:
        by_unit.setdefault(point.unit_id, []).append(point)
    children: dict[str, list[Under]] = {}
    for unit in tree:
        above = unit.parent_id if unit.parent_id and unit.parent_id in tree else ""
        children.setdefault(above, []).append(Under(unit.unit_id, unit.name, levels.get(unit.level, "")))
    roots = children.get("", [])
    return folds(by_unit, children, roots[0] if len(roots) == 1 else Under("", "", ""), rows)


def _open(fold: Fold) -> None:
    fold.open = True
    for inner in fold.folds:
        _open(inner)
