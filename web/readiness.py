"""Who sees which points of which meetings on a wall, and what a wall, a list and a file show of them.

Everything here has passed `access.decide`, point by point where not the whole meeting is open to the reader.  Reads only.
Called by web/routes/readiness.py.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from meetings.access import Action, Resource, Subject, decide
from meetings.meeting import ROOM_OPEN, Meeting
from meetings.store import seat_store
from meetings.store.seat_store import Seat
from meetings.units import Sought, Unit, UnitTree
from scheduler import line_table, line_tests
from scheduler.line_tests import Standing
from scheduler.readiness import RANK, Verdict
from scheduler.sent import Sent
from web import places, readiness_words
from web.container import Container
from web.i18n import N_, _
from web.views import may

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a cell begins that a spreadsheet would run."""


LINKS: dict[Sent, str] = {
    Sent.NO: N_("chưa gửi đường dẫn"), Sent.WAITING: N_("đang gửi đường dẫn"), Sent.SENT: N_("đã gửi đường dẫn"),
    Sent.NOBODY: N_("chưa gửi được: không có địa chỉ"), Sent.FAILED: N_("chưa gửi được: máy chủ từ chối"),
}
"""What became of the link, on the tile of a point that has not tested."""


@dataclass(frozen=True, slots=True)
class Row:
    """One point of one meeting, with whom to phone.  `chain`: the units from the root down to its own; empty where that has ended."""

    meeting: Meeting
    standing: Standing
    chain: tuple[Unit, ...]
    technician_name: str
    technician_phone: str
    deputy_name: str
    deputy_phone: str

    @property
    def rank(self) -> tuple[int, str]:
        return self.standing.rank

    @property
    def above(self) -> str:
        """The unit right above."""
        return self.chain[-2].name if len(self.chain) > 1 else ""

    @property
    def key(self) -> str:
        return key(self.meeting.meeting_id, self.standing)


@dataclass(frozen=True, slots=True)
class Group:
    """The tiles of the units under one unit; the group with the worst tile comes first, of those the one with most of them."""

    name: str
    rows: tuple[Row, ...]

    @property
    def ready(self) -> int:
        return sum(row.standing.verdict is Verdict.READY for row in self.rows)


def visible(conn: Connection, tree: UnitTree, meeting: Meeting, resource: Resource, subject: Subject) -> list[Standing]:
    """How the points of this meeting stand that `subject` may see: all of them, or those it looks after."""
    found = line_tests.with_links(conn, meeting.meeting_id, line_tests.standings(conn, meeting.meeting_id))
    whole = decide(subject, Action.READINESS_READ, resource).allowed
    return [one for one in found if _sees(tree, meeting, subject, whole, one.seat.unit)]


def seen_by(found: Container, conn: Connection, subject: Subject, meeting: Meeting, action: Action = Action.READINESS_READ) -> list[Seat]:
    """The points that `subject` may see so, without how they stand: asked again and again while a wall is open."""
    seats = seat_store.seats(conn, meeting.meeting_id)
    if may(conn, subject, action, meeting):
        return list(seats)
    tree = tree_of(found, conn, meeting)
    return [seat for seat in seats if decide(subject, action, point_of(tree, meeting, seat.unit)).allowed]


def seen_of(found: Container, conn: Connection, subject: Subject, meeting: Meeting, whole: Resource, action: Action) -> Resource:
    """The meeting; for whoever may not see all of it so, one of its points of which they may, if there is one and its room is open."""
    if meeting.state not in ROOM_OPEN or decide(subject, action, whole).allowed:
        return whole
    tree = tree_of(found, conn, meeting)
    own = (point_of(tree, meeting, seat.unit) for seat in seat_store.seats(conn, meeting.meeting_id))
    return next((point for point in own if decide(subject, action, point).allowed), whole)


def _sees(tree: UnitTree, meeting: Meeting, subject: Subject, whole: bool, unit_id: str) -> bool:
    return whole or decide(subject, Action.READINESS_READ, point_of(tree, meeting, unit_id)).allowed


def point_of(tree: UnitTree, meeting: Meeting, unit_id: str) -> Resource:
    """One point of a meeting, for `access`: what counts is where its unit stands.  A unit that has ended stands nowhere."""
    path = tree.path(unit_id) if unit_id in tree else ()
    return Resource("point", path, meeting.meeting_id, meeting.state.value)


def rows(conn: Connection, tree: UnitTree, meeting: Meeting, standings: Iterable[Standing]) -> list[Row]:
    """With whom to phone."""
    shown = list(standings)
    told = line_table.told(conn, [one.seat.point_id for one in shown])
    return [_row(tree, meeting, one, told.get(one.seat.point_id, {})) for one in shown]


def _row(tree: UnitTree, meeting: Meeting, standing: Standing, told: Mapping[str, Any]) -> Row:
    names = ("technician_name", "technician_phone", "deputy_name", "deputy_phone")
    unit_id = standing.seat.unit
    chain = tuple(tree.get(one) for one in tree.path(unit_id)) if unit_id in tree else ()
    return Row(meeting, standing, chain, *(str(told.get(name) or "") for name in names))


def groups(found: Sequence[Row]) -> list[Group]:
    """By the unit above, the worst first."""
    by_unit: dict[str, list[Row]] = {}
    for row in found:
        by_unit.setdefault(row.above, []).append(row)
    made = [Group(name or _("Cấp cao nhất"), tuple(sorted(inside, key=lambda row: row.rank))) for name, inside in by_unit.items()]
    return sorted(made, key=lambda group: (RANK[group.rows[0].standing.verdict], -_as_bad(group), group.name))


def _as_bad(group: Group) -> int:
    """How many stand as its worst does."""
    return sum(row.standing.verdict is group.rows[0].standing.verdict for row in group.rows)


def counts(found: Iterable[Row]) -> dict[str, int]:
    """How many of each verdict; each is there."""
    counted = Counter(row.standing.verdict for row in found)
    return {verdict.value: counted[verdict] for verdict in Verdict}


def chosen(found: Iterable[Row], show: str, query: str) -> list[Row]:
    """What the filters in the address leave.  `show`: a verdict, or "phone": whoever is to be phoned."""
    sought = Sought(query)
    wanted = {"phone": {Verdict.FAILED, Verdict.NONE, Verdict.WEAK}}.get(show) or {verdict for verdict in Verdict if verdict.value == show}
    return [row for row in found if (not wanted or row.standing.verdict in wanted)
            and sought.within(row.standing.seat.name, row.standing.seat.code, row.above)]


def tile(found: Container, meeting_id: str, standing: Standing) -> dict[str, Any]:
    """What a tile shows, in the reader's language: the page's first form and every news have it from here."""
    look, icon = readiness_words.LOOKS[standing.verdict]
    measured = standing.measured
    note = _(LINKS[standing.link.sent]) if standing.link.sent or not standing.asked else _("đã có đường dẫn")
    if standing.tried_at is not None:
        trip = _("trễ {ms} ms", ms=measured.rtt_ms) + " · " if measured is not None and measured.rtt_ms is not None else ""
        note = f"{trip}{found.when.clock(standing.tried_at)}"
    return {
        "key": key(meeting_id, standing), "verdict": standing.verdict.value, "rank": RANK[standing.verdict], "look": look, "icon": icon,
        "word": readiness_words.verdict(standing.verdict), "line": readiness_words.line(standing.verdict, standing.reasons), "note": note,
    }


def key(meeting_id: str, standing: Standing) -> str:
    return f"{meeting_id}.{standing.seat.point_id}"


def sheet(found: Container, phoned: Iterable[Row]) -> bytes:
    """Whom to phone, for a spreadsheet: UTF-8 with its mark, and no cell that it would run as a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_("Điểm cầu"), _("Mã"), _("Đơn vị cấp trên"), _("Cuộc họp"), _("Bắt đầu"), _("Kết luận"), _("Lý do"), _("Việc cần làm"),
                     _("Kỹ thuật viên"), _("Điện thoại"), _("Người thay"), _("Điện thoại người thay")])
    for row in sorted(phoned, key=lambda row: row.rank):
        standing, said = row.standing, [readiness_words.said(reason) for reason in row.standing.reasons]
        writer.writerow(_safe([
            standing.seat.name, standing.seat.code, row.above, row.meeting.title, found.when.moment(row.meeting.start),
            readiness_words.verdict(standing.verdict), "; ".join(one.text for one in said),
            " ".join(dict.fromkeys(one.advice for one in said)), row.technician_name, row.technician_phone, row.deputy_name,
            row.deputy_phone]))
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _safe(cells: Iterable[str]) -> list[str]:
    """A cell that begins like a formula gets an apostrophe before it, as spreadsheets themselves write text."""
    return [f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells]


def tree_of(found: Container, conn: Connection, meeting: Meeting) -> UnitTree:
    """The units as they stand on the day of the meeting."""
    return places.tree(conn, found.when.today(meeting.start))
