"""The calendar of points: decides whether a slot may be booked, names what stands in the way.  Pure.

The rule (invariant I1): no two live bookings of a point overlap.  The database repeats it (constraint and trigger
`booking_overlap`, migrations/versions/0008 and 0019), because two machines may decide at the same moment.  Called by `service`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from meetings.errors import Conflict
from scheduler.slots import Slot, civil_day


@dataclass(frozen=True, slots=True)
class Point:
    """A connection point (điểm cầu): what is booked.  `code` is unique and names its peers in a room.

    capacity: people its room seats, None = not told.  closes: from then on it takes no bookings, None = it is open.
    """

    point_id: int
    code: str
    name: str
    unit_id: str
    capacity: int | None = None
    closes: datetime | None = None

    @property
    def closed_from(self) -> date | None:
        """The first day on which it takes no bookings."""
        return civil_day(self.closes) if self.closes else None

    def open_on(self, day: date) -> bool:
        """Whether meetings of that day may be booked."""
        return self.closed_from is None or day < self.closed_from


@dataclass(frozen=True, slots=True)
class Booking:
    """A live booking of one point for one meeting."""

    meeting_id: str
    point_id: int
    slot: Slot


@dataclass
class Calendar:
    """The live bookings of some points.  All or nothing: a refused call leaves it as it was."""

    taken: list[Booking] = field(default_factory=list)

    def clashes(self, point_ids: Collection[int], slot: Slot, except_meeting: str | None = None) -> list[Booking]:
        """The bookings of these points that overlap the slot, by time; a meeting never stands in its own way."""
        wanted = frozenset(point_ids)
        found = [
            booking for booking in self.taken
            if booking.point_id in wanted and booking.meeting_id != except_meeting and booking.slot.overlaps(slot)
        ]
        return sorted(found, key=lambda booking: (booking.slot.start, booking.point_id))

    def book(self, meeting_id: str, point_ids: Iterable[int], slot: Slot) -> list[Booking]:
        """Makes exactly these points the meeting's, in exactly this slot; what it held before is given back.

        Raises: Conflict("booking.overlap", conflicts=[Booking, …]) naming all that stand in the way.
        """
        wanted = dict.fromkeys(point_ids)
        if clashes := self.clashes(wanted.keys(), slot, meeting_id):
            raise Conflict("booking.overlap", conflicts=clashes)
        self.release(meeting_id)
        made = [Booking(meeting_id, point_id, slot) for point_id in wanted]
        self.taken += made
        return made

    def move(self, meeting_id: str, slot: Slot) -> list[Booking]:
        """The meeting's points in another slot, all or none.  Raises Conflict like `book`."""
        return self.book(meeting_id, [booking.point_id for booking in self.of(meeting_id)], slot)

    def release(self, meeting_id: str) -> int:
        """Gives all points of the meeting back; returns how many."""
        before = len(self.taken)
        self.taken = [booking for booking in self.taken if booking.meeting_id != meeting_id]
        return before - len(self.taken)

    def of(self, meeting_id: str) -> list[Booking]:
        """The meeting's live bookings."""
        return [booking for booking in self.taken if booking.meeting_id == meeting_id]


@dataclass(frozen=True, slots=True)
class NamedBooking:
    """A booking as people read it.  `unit` is the name of the unit that convenes.

    `meeting_id` and `meeting_title` are None where the reader may not know of the meeting: the time and the unit are
    enough to agree on another hour.  Maintenance has no meeting but a `note`, and `unit` is that of the point.
    """

    point_id: int
    code: str
    name: str
    slot: Slot
    unit: str
    meeting_id: str | None
    meeting_title: str | None
    state: str = "confirmed"
    note: str | None = None

    def masked(self) -> NamedBooking:
        """Without what only readers of the meeting may know."""
        return replace(self, meeting_id=None, meeting_title=None)

    def as_param(self) -> dict[str, object]:
        """As an entry of Conflict("booking.overlap", conflicts=[…])."""
        return {
            "point": self.point_id, "code": self.code, "name": self.name, "start": self.slot.start,
            "end": self.slot.end, "unit": self.unit, "meeting": self.meeting_id, "meeting_title": self.meeting_title,
            "note": self.note,
        }
