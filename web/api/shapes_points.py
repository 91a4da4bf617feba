"""Units, points, their bookings and people, as the interface shows them.  Only shapes; `show_*` make them from values."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from meetings.access import Role
from meetings.units import Unit
from scheduler.booking import NamedBooking, Point
from scheduler.maintenance import Block
from scheduler.point_card import Kept
from web import store
from web.api.shapes import In, Line, Moment, Out, Text, Word, example
from web.api.shapes_meetings import Codes
from web.when import FIRST_YEAR, LAST_YEAR

Hour = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-4]):[0-5][0-9]$", max_length=5)]
Stretch = Annotated[list[Hour], Field(min_length=2, max_length=2, examples=[["07:00", "18:00"]])]
Day = Annotated[list[Stretch], Field(max_length=6)]


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
    name: str = Field(examples=["Xã Thanh Sơn"])
    unit: str = Field(description="Id of the unit that owns it.")
    level: str | None = Field(description="Level of that unit today; null when the unit is no more, or begins later.", examples=["commune"])
    capacity: int | None = Field(description="People its room seats.")
    closed_from: date | None = Field(description="The first day on which it takes no bookings; null while it is open.")


class PointIn(In):
    """Another room of a unit.  Rules of audiences mean a unit's first open point; further ones are added by code."""

    model_config = example(unit="0197b3c2-7a10-7cc4-9f20-6d1f0b0f9a11", name="Phòng họp số 2")

    unit: Word = Field(description="Id of the unit (GET /units).")
    name: Annotated[Text, Field(max_length=200)]


class PointPatch(In):
    """What is left out stays."""

    model_config = example(name="Phòng họp số 2", closed_from="2026-07-01")

    name: Annotated[Text, Field(max_length=200)] = ""
    closed_from: date | None = Field(
        None, ge=date(FIRST_YEAR, 1, 1), le=date(LAST_YEAR, 12, 31), description="No bookings from that day on; null opens the point again.")


class Week(In):
    """Bookable hours on the wall where the units are; a day without hours is closed."""

    mon: Day = []
    tue: Day = []
    wed: Day = []
    thu: Day = []
    fri: Day = []
    sat: Day = []
    sun: Day = []


class CardPatch(In):
    """What is to be different of a point; what is left out stays, null or an empty text takes it away."""

    model_config = example(capacity=40, hours={"mon": [["07:00", "11:30"], ["13:00", "17:00"]]}, technician_phone="0912 345 678")

    capacity: Annotated[int, Field(ge=0, le=100_000)] | None = None
    equipment: Annotated[Text, Field(max_length=1000)] = ""
    down_kbps: Annotated[int, Field(ge=1, le=100_000_000)] | None = Field(None, description="Declared line towards the point.")
    up_kbps: Annotated[int, Field(ge=1, le=100_000_000)] | None = None
    hours: Week | None = Field(None, description="Null: always.")
    technician_name: Line = ""
    technician_phone: Line = ""
    technician_email: Line = ""
    deputy_name: Line = ""
    deputy_phone: Line = ""
    deputy_email: Line = ""


class CardOut(Out):
    """A point's card; the declared line in kbit/s."""

    code: str
    capacity: int | None
    equipment: str
    down_kbps: int | None
    up_kbps: int | None
    hours: dict[str, list[list[str]]] | None = Field(description="Null: always. A day that is not named is closed.")
    technician_name: str
    technician_phone: str
    technician_email: str
    deputy_name: str
    deputy_phone: str
    deputy_email: str


class BlockIn(In):
    """Maintenance: nobody books the point meanwhile."""

    model_config = example(start="2026-03-06T13:00:00+07:00", end="2026-03-06T17:00:00+07:00", note="Sửa đường truyền")

    start: Moment
    end: Moment
    note: Line = Field(examples=["Sửa đường truyền"])


class BlockOut(Out):
    id: int
    start: datetime
    end: datetime
    note: str


class BookingOut(Out):
    """A stretch of a point's time that is taken or asked for.  `meeting` and `title` are null where you may not know of the meeting."""

    start: datetime
    end: datetime
    state: Literal["confirmed", "pending", "blocked"] = Field(
        description="`pending` waits for its owner's yes and holds nobody off; `blocked` is maintenance, which has a note and no meeting.")
    unit: str = Field(description="Name of the unit that convenes.")
    meeting: str | None
    title: str | None
    note: str | None


class GroupIn(In):
    """The whole group: exactly these points are in it afterwards."""

    model_config = example(name="Cụm miền Đông", points=["06973", "06970"])

    name: Annotated[Text, Field(max_length=100)]
    points: Codes


class GroupOut(Out):
    """Points that your unit convenes again and again."""

    id: str
    name: str
    points: list[str] = Field(description="Codes.")


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
    return PointOut(code=point.code, name=point.name, unit=point.unit_id, level=level, capacity=point.capacity,
                    closed_from=point.closed_from)


def show_booking(booking: NamedBooking) -> BookingOut:
    state: Any = booking.state  # one that is asked of `readings`: what was released is no booking
    return BookingOut(start=booking.slot.start, end=booking.slot.end, state=state, unit=booking.unit,
                      meeting=booking.meeting_id, title=booking.meeting_title, note=booking.note)


def show_person(account: store.Account, unit: str) -> PersonOut:
    return PersonOut(id=account.user_id, name=account.name, title=account.title, unit=unit, roles=sorted(account.roles))


def show_card(kept: Kept) -> CardOut:
    told: dict[str, Any] = {name: getattr(kept.card, name) for name in CardOut.model_fields if name not in ("code", "hours")}
    return CardOut(code=kept.point.code, hours=kept.card.hours.as_data() if kept.card.hours else None, **told)


def show_block(block: Block) -> BlockOut:
    return BlockOut(id=block.block_id, start=block.slot.start, end=block.slot.end, note=block.note)
