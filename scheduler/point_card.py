"""What is known of a point beyond its name: seats, equipment, line, hours, who looks after it; and how it is checked.  Pure.

Called by `points` (which stores it), the form of one point and the sheet of many.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from meetings.errors import Invalid, MeetingError
from meetings.texts import line, paragraph
from scheduler import hours as week
from scheduler.booking import Point
from scheduler.hours import DAYS, Hours

CONTACTS: Final = ("technician", "deputy")
TEXTS: Final = tuple(f"{who}_{what}" for who in CONTACTS for what in ("name", "phone", "email"))
NUMBERS: Final = {"capacity": (0, 100_000), "down_kbps": (1, 100_000_000), "up_kbps": (1, 100_000_000)}
FIELDS: Final = ("capacity", "equipment", "down_kbps", "up_kbps", *DAYS, *TEXTS)
"""Everything that is typed, in the order of form and sheet."""
_LIMITS: Final = {"name": 200, "phone": 40, "email": 200}
PHONE: Final = re.compile(r"\+?[0-9][0-9 .()/-]{5,38}", re.ASCII)
_MAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True, slots=True)
class Card:
    """`hours` None = always.  Empty texts = not told."""

    capacity: int | None = None
    equipment: str = ""
    down_kbps: int | None = None
    up_kbps: int | None = None
    hours: Hours | None = None
    technician_name: str = ""
    technician_phone: str = ""
    technician_email: str = ""
    deputy_name: str = ""
    deputy_phone: str = ""
    deputy_email: str = ""

    def typed(self) -> dict[str, str]:
        """As it stands in a form or a sheet."""
        shown = {name: self.hours.shown(place) if self.hours else "" for place, name in enumerate(DAYS)}
        return {name: shown[name] if name in shown else _text(getattr(self, name)) for name in FIELDS}


@dataclass(frozen=True, slots=True)
class Kept:
    """A point with its card; `version` counts the changes of the card."""

    point: Point
    card: Card
    version: int


def read(typed: Mapping[str, str]) -> tuple[Card, dict[str, MeetingError]]:
    """The card as far as it could be read, and what is wrong, by field; fields that are absent count as empty."""
    values: dict[str, Any] = {}
    errors: dict[str, MeetingError] = {}
    for name in FIELDS:
        if name in DAYS:
            continue
        try:
            values[name] = _value(name, typed.get(name, "").strip())
        except MeetingError as error:
            errors[name] = error
    try:
        values["hours"] = week.parse([typed.get(name, "") for name in DAYS])
    except Invalid as error:
        errors[str(error.params["field"])] = error
    return Card(**values), errors


def _value(name: str, text: str) -> Any:
    if name in NUMBERS:
        least, most = NUMBERS[name]
        if not text:
            return None
        if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not least <= int(text) <= most:
            raise Invalid("point.number", field=name, value=text[:20], least=least, most=most)
        return int(text)
    if name == "equipment":
        return paragraph(text, "equipment", 1000, empty=True)
    kind = name.rpartition("_")[2]
    text = line(text, "contact", _LIMITS[kind], empty=True)
    if text and kind == "phone" and not PHONE.fullmatch(text):
        raise Invalid("point.phone", field=name, value=text)
    if text and kind == "email" and not _MAIL.fullmatch(text):
        raise Invalid("point.email", field=name, value=text)
    return text


def _text(value: Any) -> str:
    return "" if value is None else str(value)
