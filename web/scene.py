"""The demonstration's province: units, points, accounts and a meeting that is live now.  Safe to run at every start.

Names of people are invented.  Uses the same use cases as the pages, as the people it made.  Called by `demo` (and, with
`meeting=False`, by the rehearsal, which books a meeting itself).
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from meetings import admission, muting, service
from meetings.access import Role, Subject
from meetings.meeting import AgendaLine, Meeting, NewMeeting, Person, State, UnitRef
from meetings.store import datasets, unit_store
from meetings.units import Unit, UnitTree
from meetings.voices import MOST_POINTS
from scheduler import points as point_store
from scheduler import service as booking
from scheduler.audience import mains
from scheduler.booking import Point
from scheduler.slots import Slot
from web import auth, convening, store
from web.container import Container
from web.folders import ACCOUNTS, is_demonstration

LENGTH = timedelta(hours=3)
LEAST_LEFT = timedelta(minutes=30)
TITLE = "Hội nghị trực tuyến toàn tỉnh về phòng, chống bão số 12"
AGENDA = (
    AgendaLine("Báo cáo tình hình và dự báo", "Đài Khí tượng Thủy văn tỉnh"),
    AgendaLine("Báo cáo của các địa phương", "Các điểm cầu"),
    AgendaLine("Phương án sơ tán, hậu cần tại chỗ", "Bộ Chỉ huy Quân sự tỉnh"),
    AgendaLine("Thảo luận", "Các điểm cầu"),
    AgendaLine("Biểu quyết và kết luận", "Chủ trì"),
)
HURRY = "Họp trình diễn, triệu tập trong ngày"
LATER = "Họp Ban Chỉ đạo chuyển đổi số"


class InService(Exception):
    """The folder holds accounts that no demonstration made."""


@dataclass(frozen=True, slots=True)
class Player:
    """An account of the demonstration, before it is made."""

    key: str
    login: str
    name: str
    title: str
    role: Role
    commune: bool = False


PLAYERS = (
    Player("secretary", "thuky", "Nguyễn Thị Thu Hà", "Chuyên viên Văn phòng UBND tỉnh", Role.SECRETARY),
    Player("division_head", "truongphong", "Trần Văn Minh", "Trưởng phòng Tổng hợp", Role.DIVISION_HEAD),
    Player("chair", "chutoa", "Phạm Quang Huy", "Phó Chủ tịch UBND tỉnh", Role.CHAIR),
    Player("clerk", "vanthu", "Lê Thị Mai", "Văn thư cơ quan", Role.CLERK),
    Player("officer", "canboxa", "Hoàng Văn Sơn", "Công chức Văn phòng - Thống kê", Role.OFFICER, commune=True),
    Player("technician", "kythuat", "Đỗ Mạnh Cường", "Kỹ thuật viên", Role.TECHNICIAN),
    Player("admin", "quantri", "Vũ Hải Yến", "Quản trị hệ thống", Role.ADMIN),
)


@dataclass(frozen=True, slots=True)
class Guest:
    """One point with its join link's secret, for the terminal, the QR codes and the synthetic points."""

    code: str
    name: str
    level: str
    secret: str


@dataclass(frozen=True, slots=True)
class Scene:
    """What stands: login → password, the live meeting (None without one), every point of it."""

    passwords: dict[str, str]
    meeting_id: str | None
    guests: tuple[Guest, ...]


def prepare(found: Container, units: str, *, meeting: bool = True) -> Scene:
    """Loads what is missing and returns what stands.  One transaction, so a start broken off leaves nothing half made.

    Raises InService: accounts with passwords that are shown do not belong beside those of real people.
    """
    at = found.clock.now()
    with found.db.write() as conn:
        if not is_demonstration(found.settings.data) and store.accounts(conn):
            raise InService
        datasets.load_dataset(conn, units, at)
        tree = unit_store.tree(conn, found.when.today(at))
        point_store.ensure_points(conn, unit_store.ahead(conn, tree.on))
        passwords = _accounts(conn, found.settings.data, tree, at)
        if not meeting:
            return Scene(passwords, None, ())
        live = _live_meeting(conn, tree, at)
        return Scene(passwords, live.meeting_id, _guests(conn, found.keys.links, live.meeting_id, tree))


def _accounts(conn: Connection, data: Path, tree: UnitTree, at: datetime) -> dict[str, str]:
    """login → password.  Passwords are random for each installation and kept beside its data, readable by its owner."""
    file = data / ACCOUNTS
    known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    province = home(tree)
    commune = next(iter(tree.subtree(province.unit_id, "commune")), province)
    for player in PLAYERS:
        known.setdefault(player.login, auth.random_password())
        if store.account_by_login(conn, player.login) is None:
            unit = commune if player.commune else province
            store.add_account(
                conn, player.login, player.name, player.title, unit.unit_id, frozenset({player.role}),
                auth.hash_password(known[player.login]), at, must_change=False,
            )
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(known, out)
    return known


def home(tree: UnitTree) -> Unit:
    """The province of the demonstration: the one with bodies of its own, else the first."""
    roots = tree.roots()
    return next((root for root in roots if tree.subtree(root.unit_id, "body")), roots[0])


def subject_of(conn: Connection, tree: UnitTree, login: str) -> Subject:
    """The account as somebody who asks."""
    found = store.account_by_login(conn, login)
    assert found is not None, "the demonstration's accounts are made before its meetings"
    account = found[0]
    path = tree.path(account.unit_id) if account.unit_id else ()
    return Subject(account.user_id, account.name, account.title, account.unit_id, path, account.roles)


def _live_meeting(conn: Connection, tree: UnitTree, at: datetime) -> Meeting:
    """The demonstration's open meeting, if it still has time left; otherwise a new one of every point."""
    secretary, chair = subject_of(conn, tree, "thuky"), subject_of(conn, tree, "chutoa")
    for old in service.find(conn, unit_ids=[str(secretary.unit_id)]):
        if old.title != TITLE or old.state in (State.CANCELLED, State.CONCLUDED):
            continue
        if old.state is State.OPEN and old.end - at > LEAST_LEFT:
            return old
        _put_away(conn, old, secretary, chair, at)
    start = at.replace(minute=at.minute - at.minute % 5, second=0, microsecond=0)
    end = start + LENGTH
    made = service.create(conn, _conference(conn, tree, TITLE, AGENDA, start, end), secretary, at)
    inside = {unit.unit_id for unit in tree.subtree(home(tree).unit_id)}
    everyone = [point.point_id for point in mains(point_store.all_points(conn), tree.on).values() if point.unit_id in inside]
    # Somebody who tried the product may have booked this very time: their meeting stays, the demonstration takes the rest.
    busy = {one.point_id for one in booking.conflicts(conn, everyone, Slot(start, end), by=secretary)}
    convening.book(conn, made.meeting_id, [point_id for point_id in everyone if point_id not in busy], secretary, at, hurry=HURRY)
    muting.set_room(conn, made.meeting_id, chair, at, muted_above=MOST_POINTS)  # whoever tries it hears something
    service.open(conn, made.meeting_id, chair, at)
    service.agenda_go(conn, made.meeting_id, 1, chair, at)
    _later_meeting(conn, tree, secretary, at)
    return service.get(conn, made.meeting_id)


def _put_away(conn: Connection, old: Meeting, secretary: Subject, chair: Subject, at: datetime) -> None:
    if old.state in (State.OPEN, State.SUSPENDED):
        convening.close(conn, old.meeting_id, chair, at)
    else:
        convening.cancel(conn, old.meeting_id, "Thay bằng cuộc họp mới của bản trình diễn.", secretary, at)


def _later_meeting(conn: Connection, tree: UnitTree, secretary: Subject, at: datetime) -> None:
    """A second meeting tomorrow for the bodies, so that the calendar shows more than today."""
    if any(old.title == LATER and old.start > at for old in service.find(conn, unit_ids=[str(secretary.unit_id)])):
        return
    start = at.replace(hour=7, minute=0, second=0, microsecond=0) + timedelta(days=1)  # 14:00 in Vietnam
    agenda = (AgendaLine("Kết quả quý IV", "Sở Thông tin và Truyền thông"), AgendaLine("Kế hoạch năm tới", "Chủ trì"))
    bodies = [unit.unit_id for unit in tree.subtree(home(tree).unit_id, "body")]
    wanted = [point for point in mains(point_store.all_points(conn), start.date()).values() if point.unit_id in bodies[:12]]
    if wanted:
        made = service.create(
            conn, _conference(conn, tree, LATER, agenda, start, start + timedelta(hours=2)), secretary, at)
        convening.book(conn, made.meeting_id, [point.point_id for point in wanted], secretary, at, hurry=HURRY)


def _conference(
    conn: Connection, tree: UnitTree, title: str, agenda: tuple[AgendaLine, ...], start: datetime, end: datetime
) -> NewMeeting:
    province = home(tree)
    main = next(iter(point_store.points_of(conn, province.unit_id)), None)
    return NewMeeting(
        title=title, unit=UnitRef(province.unit_id, province.name, None, tree.path(province.unit_id)), start=start,
        end=end, chair=_person(conn, tree, "chutoa"), secretary=_person(conn, tree, "thuky"),
        division_head=_person(conn, tree, "truongphong"), clerk=_person(conn, tree, "vanthu"),
        main_point_id=main.point_id if main else None, agenda=agenda, place="Trụ sở UBND tỉnh",
    )


def _person(conn: Connection, tree: UnitTree, login: str) -> Person:
    subject = subject_of(conn, tree, login)
    assert subject.user_id is not None, "accounts have ids"
    return Person(subject.user_id, subject.name, subject.title)


def _guests(conn: Connection, key: bytes, meeting_id: str, tree: UnitTree) -> tuple[Guest, ...]:
    points: dict[int, Point] = {point.point_id: point for point in point_store.all_points(conn)}
    return tuple(
        Guest(link.code, link.name, tree.get(points[link.point_id].unit_id).level,
              admission.link_secret(key, link.link_id, link.generation))
        for link in service.links(conn, meeting_id) if not link.revoked
    )
