"""A small province and its people, for tests of every area.  Builds values and, on request, a meeting in the store.

    Tỉnh (unit "t")  ──  Huyện Ba Chẽ ("h1"): xã "x1", "x2", "x3"
                     └─  Huyện Tiên Yên ("h2"): xã "x4"
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from meetings import service
from meetings.access import Role, SeatRef, Subject
from meetings.meeting import AgendaLine, NewMeeting, Person, PointRef, UnitRef

PATHS: dict[str, tuple[str, ...]] = {
    "t": ("t",),
    "h1": ("t", "h1"), "h2": ("t", "h2"),
    "x1": ("t", "h1", "x1"), "x2": ("t", "h1", "x2"), "x3": ("t", "h1", "x3"), "x4": ("t", "h2", "x4"),
}

PROVINCE = UnitRef("t", "Ủy ban nhân dân tỉnh Quảng Ninh", parent_name=None, path=PATHS["t"])


def user(user_id: str, unit: str, *roles: Role, name: str = "", title: str = "") -> Subject:
    """An account of `unit` (a key of PATHS)."""
    return Subject(user_id, name or f"Người {user_id}", title, unit, PATHS[unit], frozenset(roles))


SECRETARY = user("u-secretary", "t", Role.SECRETARY, name="Nguyễn Thị Thu", title="Chuyên viên Văn phòng")
DIVISION_HEAD = user("u-head", "t", Role.DIVISION_HEAD, name="Trần Văn Đức", title="Trưởng phòng Tổng hợp")
CHAIR = user("u-chair", "t", Role.CHAIR, name="Phạm Minh Hải", title="Phó Chủ tịch")
CLERK = user("u-clerk", "t", Role.CLERK, name="Lê Thị Hoa", title="Văn thư")
TECHNICIAN = user("u-tech", "t", Role.TECHNICIAN, name="Vũ Anh Tuấn", title="Kỹ thuật viên")
ADMIN = user("u-admin", "t", Role.ADMIN, name="Đỗ Quản Trị", title="Quản trị hệ thống")
OFFICER = user("u-officer", "x1", Role.OFFICER, name="Hoàng Văn Sơn", title="Cán bộ xã")
STRANGER = user("u-stranger", "x4", Role.OFFICER, Role.SECRETARY, name="Người Khác", title="Cán bộ xã")

POINTS = (
    PointRef(1, "22", "Điểm cầu tỉnh", "t", "province"),
    PointRef(2, "204", "Điểm cầu huyện Ba Chẽ", "h1", "district"),
    PointRef(3, "06970", "Điểm cầu xã Đạp Thanh", "x1", "commune"),
    PointRef(4, "06973", "Điểm cầu xã Đồn Đạc", "x2", "commune"),
    PointRef(5, "06976", "Điểm cầu xã Lương Mông", "x3", "commune"),
)


def person(subject: Subject) -> Person:
    """The subject as a person named in a meeting."""
    assert subject.user_id is not None
    return Person(subject.user_id, subject.name, subject.title)


def new_meeting(at: datetime, **changes: object) -> NewMeeting:
    """A conference of the province, three days after `at`, with two agenda items."""
    values: dict[str, object] = {
        "title": "Hội nghị giao ban tháng 3", "unit": PROVINCE,
        "start": at + timedelta(days=3), "end": at + timedelta(days=3, hours=3),
        "chair": person(CHAIR), "secretary": person(SECRETARY),
        "division_head": person(DIVISION_HEAD), "clerk": person(CLERK),
        "main_point_id": 1, "place": "Phòng họp số 1",
        "agenda": (AgendaLine("Báo cáo kết quả", "Văn phòng"), AgendaLine("Thảo luận", "Các điểm cầu")),
    }
    return NewMeeting(**{**values, **changes})  # type: ignore[arg-type]


def seat_of(meeting_id: str, point: PointRef) -> Subject:
    """Who comes by the point's join link."""
    return Subject(name=point.name, seat=SeatRef(meeting_id, point.point_id, point.code, link_id=""))


def draft(conn: Connection, at: datetime, **changes: object) -> str:
    """A meeting in DRAFT; its id."""
    return service.create(conn, new_meeting(at, **changes), by=SECRETARY, at=at).meeting_id


def convened(conn: Connection, at: datetime, points: tuple[PointRef, ...] = POINTS, **changes: object) -> str:
    """A meeting whose points are booked."""
    meeting_id = draft(conn, at, **changes)
    service.seats_set(conn, meeting_id, points, by=SECRETARY, at=at)
    service.convene(conn, meeting_id, by=SECRETARY, at=at)
    return meeting_id


def opened(conn: Connection, at: datetime, points: tuple[PointRef, ...] = POINTS, **changes: object) -> str:
    """An open meeting with every point present."""
    meeting_id = convened(conn, at, points, **changes)
    service.open(conn, meeting_id, by=CHAIR, at=at)
    for point in points:
        service.seat_join(conn, meeting_id, point.point_id, at)
    return meeting_id
