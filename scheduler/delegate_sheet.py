"""Delegates of a meeting as a CSV: the point's code, name, post, phone.  Pure: bytes in, rows and reasons out.

Bad rows are named by their lines and hold up nobody: the others may be taken without them.  Called by the page of delegates.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from meetings.errors import Invalid, MeetingError
from meetings.texts import line
from scheduler.point_card import PHONE
from scheduler.point_sheet import MOST_ROWS, Bad, lines

COLUMNS: Final = ("point", "name", "post", "phone")


class Entry(NamedTuple):
    """One delegate of a point."""

    point_id: int
    name: str
    post: str
    phone: str


def entry(point_id: int, name: str, post: str, phone: str) -> Entry:
    """Raises Invalid("text.…" | "point.phone").  Lengths: Decree 30, annex VI."""
    phone = line(phone, "contact", 40, empty=True)
    if phone and not PHONE.fullmatch(phone):
        raise Invalid("point.phone", field="phone", value=phone)
    return Entry(point_id, line(name, "name", 50), line(post, "post", 100, empty=True), phone)


def read(data: bytes, points: Mapping[str, int]) -> tuple[list[Entry], list[Bad]]:
    """`points` are those of the meeting, by code.  Raises as `point_sheet.lines`."""
    good: list[Entry] = []
    bad: list[Bad] = []
    seen: set[Entry] = set()
    for number, cells in lines(data, needed=("point", "name"), allowed=COLUMNS, most=MOST_ROWS):
        code = cells["point"] if "point" in cells else ""
        try:
            if code not in points:
                raise Invalid("delegate.code", value=code[:40])
            found = entry(points[code], cells.get("name", ""), cells.get("post", ""), cells.get("phone", ""))
            if found in seen:
                raise Invalid("delegate.twice", name=found.name)
            seen.add(found)
            good.append(found)
        except MeetingError as error:
            bad.append(Bad(number, code, error))
    return good, bad
