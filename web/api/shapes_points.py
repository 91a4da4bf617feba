"""Units, points, their bookings and people, as the interface shows them.  Only shapes; `show_*` make them from values."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from meetings.access import Role
from meetings.units import Unit
from scheduler.booking import NamedBooking, Point
from web import store
from web.api.shapes import Out


class UnitOut(Out):
    """A unit as it stood on the day asked for."""

    id: str = Field(examples=["0197b3c2-7a10-7cc4-9f20-6d1f0b0f9a11"])
    code: str = Field(description="Code of the Statistics Office; not a key, codes are given again.", examples=["22"])
    name: str = Field(examples=["Tỉnh Quảng Ninh"])
    level: str = Field(examples=["province"])
    parent: str | None
    valid_from: date
    valid_to: date | None


class PointOut(Out):
    """A connection point: what is booked."""

    code: str = Field(examples=["06973"])
    name: str = Field(examples=["Xã Đồn Đạc"])
    unit: str = Field(description="Id of the unit that owns it.")
    level: str | None = Field(description="Level of that unit today; null when the unit is no more.", examples=["commune"])
    capacity: int | None = Field(description="People its room seats.")


class BookingOut(Out):
    """A stretch of a point's time that is taken.  `meeting` and `title` are null where you may not know of the meeting."""

    start: datetime
    end: datetime
    state: Literal["confirmed", "blocked"] = Field(description="`blocked` is maintenance, which has a note and no meeting.")
    unit: str = Field(description="Name of the unit that convenes.")
    meeting: str | None
    title: str | None
    note: str | None


class PersonOut(Out):
    """Somebody who may hold a post in your unit's meetings."""

    id: str
    name: str
    title: str
    unit: str = Field(description="Name of the unit.")
    roles: list[Role]


def show_unit(unit: Unit) -> UnitOut:
    return UnitOut(id=unit.unit_id, code=unit.gso_code, name=unit.name, level=unit.level, parent=unit.parent_id,
                   valid_from=unit.valid_from, valid_to=unit.valid_to)


def show_point(point: Point, level: str | None) -> PointOut:
    return PointOut(code=point.code, name=point.name, unit=point.unit_id, level=level, capacity=point.capacity)


def show_booking(booking: NamedBooking) -> BookingOut:
    state = "blocked" if booking.state == "blocked" else "confirmed"
    return BookingOut(start=booking.slot.start, end=booking.slot.end, state=state, unit=booking.unit,
                      meeting=booking.meeting_id, title=booking.meeting_title, note=booking.note)


def show_person(account: store.Account, unit: str) -> PersonOut:
    return PersonOut(id=account.user_id, name=account.name, title=account.title, unit=unit, roles=sorted(account.roles))
