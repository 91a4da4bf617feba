"""Words, dates, numbers and names as Decree 30/2020/NĐ-CP prints them.

Pure: text and times in, text out.  It never decides what a document says, only how a value is written.
Called by draft.py, invitation.py and the signature marks; the register prints its numbers with `document_number`.
"""

import re
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta, timezone

# Vietnam has kept one offset since 1975 and has no summer time, so a fixed zone needs no zone files.
VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")

# Days off with a fixed date; Tết, Giỗ Tổ and substitute days move and are decided each year.
FIXED_HOLIDAYS = ((1, 1), (4, 30), (5, 1), (9, 2))
MOVING_HOLIDAYS = {
    2026: ((2, 16), (2, 17), (2, 18), (2, 19), (2, 20), (4, 27), (9, 1)),
}

_ADMINISTRATIVE = ("Tỉnh", "Thành phố", "Quận", "Huyện", "Thị xã", "Thị trấn", "Phường", "Xã", "Đặc khu")
_DEGREES = re.compile(
    r"^(?:(?:GS|PGS|TSKH|TS|ThS|Th\.S|BS|BSCKI{1,2}|DS|KS|KTS|CN|LS|Giáo sư|Phó Giáo sư|Tiến sĩ|Thạc sĩ|Kỹ sư|Cử nhân)"
    r"(?:[.,]\s*|\s+))+"
)
_POSTS = ("Phó Chánh Văn phòng", "Chánh Văn phòng", "Phó Chủ tịch", "Chủ tịch", "Phó Giám đốc", "Giám đốc",
          "Phó Trưởng ban", "Trưởng ban", "Phó Trưởng phòng", "Trưởng phòng", "Bí thư", "Phó Bí thư")


def local(at: datetime) -> datetime:
    """The same instant in Vietnam; refuses a time without a zone."""
    if at.tzinfo is None:
        raise ValueError("a time needs a zone")
    return at.astimezone(VIETNAM)


def day(value: date | datetime) -> str:
    """`ngày 05 tháng 02 năm 2026`; days below 10 and only months 1 and 2 get a leading zero (Decree 30, annex I)."""
    if isinstance(value, datetime):
        value = local(value).date()
    month = f"{value.month:02d}" if value.month < 3 else str(value.month)
    return f"ngày {value.day:02d} tháng {month} năm {value.year}"


def place_date(place: str, value: date | datetime) -> str:
    """`Ba Chẽ, ngày 05 tháng 02 năm 2026`; the day alone where the place is not known."""
    return f"{place}, {day(value)}" if place else day(value)


def clock(at: datetime) -> str:
    """`08 giờ 05 phút`."""
    at = local(at)
    return f"{at:%H} giờ {at:%M} phút"


def moment(at: datetime) -> str:
    """`08 giờ 05 phút, ngày 24 tháng 11 năm 2026`."""
    return f"{clock(at)}, {day(at)}"


def short_clock(at: datetime) -> str:
    """`08:05`, for tables."""
    return f"{local(at):%H:%M}"


def signing_time(at: datetime) -> str:
    """`22-11-2026 14:03:27 +07:00`: day, month, year; hour, minute, second; zone of Vietnam per ISO 8601."""
    return f"{local(at):%d-%m-%Y %H:%M:%S} +07:00"


def number_text(number: int) -> str:
    """Numbers below 10 are written with a leading zero."""
    return f"{number:02d}"


def document_number(number: int | None, symbol: str) -> str:
    """`Số: 07/BB-UBND`; before a number is reserved a blank of the same width holds its place."""
    written = number_text(number) if number is not None else "\u00a0" * 6
    return f"Số: {written}/{symbol}"


def ascii_name(text: str) -> str:
    """A file's name without the letters that some system may not hold."""
    return text.replace("Đ", "D").replace("đ", "d").encode("ascii", "ignore").decode()


def percent(part: int, whole: int) -> str:
    """`66,7%`, half up, decimal comma; `0%` of nothing."""
    if whole <= 0:
        return "0%"
    tenths = (part * 2000 + whole) // (2 * whole)
    return f"{tenths // 10},{tenths % 10}%" if tenths % 10 else f"{tenths // 10}%"


def plain_name(name: str) -> str:
    """A signer's name without academic titles or degrees (Decree 30, annex I, box 7b)."""
    return _DEGREES.sub("", name.strip())


def is_administrative(unit_name: str) -> bool:
    """Whether the name is of a province, district or commune (as opposed to a department or an office)."""
    return unit_name.startswith(tuple(f"{word} " for word in _ADMINISTRATIVE))


def is_committee(unit_name: str) -> bool:
    """Whether a people's committee acts: the unit is administrative, or named as its committee."""
    return is_administrative(_territory(unit_name))


def place_name(unit_name: str, parent_name: str = "", whole: bool = False) -> str:
    """Place of issue: `Xã Ba Chẽ` → `Ba Chẽ`; a department sits where the unit it belongs to does; "" = not known.

    Units named after a number keep the full name (`Phường Móng Cái 1`); those named after a person or an event
    must too, which no program can see: the caller passes `whole`.
    """
    for name in (_territory(unit_name), _territory(parent_name)):
        for word in _ADMINISTRATIVE:
            if name.startswith(f"{word} "):
                bare = name[len(word) + 1:]
                return name if whole or any(c.isdigit() for c in bare) else bare
    return ""


def _territory(unit_name: str) -> str:
    """`Ủy ban nhân dân tỉnh Quảng Ninh` → `Tỉnh Quảng Ninh`; any other name as it is."""
    name = unit_name.replace("Uỷ ban", "Ủy ban").strip()
    if name.lower().startswith("ủy ban nhân dân "):
        name = name[len("ủy ban nhân dân "):]
        return f"{name[:1].upper()}{name[1:]}"
    return name


def issuer_lines(unit_name: str, parent_name: str = "") -> tuple[str, tuple[str, ...]]:
    """Parent line and issuer lines of the header.

    A people's committee has no parent line: `ỦY BAN NHÂN DÂN` / `XÃ BA CHẼ`; any other body prints its parent,
    shortened: `UBND TỈNH QUẢNG NINH` / `SỞ Y TẾ`.
    """
    name = _territory(unit_name)
    if is_administrative(name):
        return "", ("ỦY BAN NHÂN DÂN", name.upper())
    parent = f"UBND {parent_name}" if is_administrative(parent_name) else parent_name
    return parent.upper(), (name.upper(),)


def issuer_name(unit_name: str, parent_name: str = "") -> str:
    """The issuer inside a sentence: `Ủy ban nhân dân tỉnh Quảng Ninh`, `Sở Y tế`."""
    if is_administrative(unit_name):
        return f"Ủy ban nhân dân {unit_name[0].lower()}{unit_name[1:]}"
    return unit_name


def unit_symbol(unit_name: str) -> str:
    """Abbreviation of the issuer in a symbol: `UBND`, or the initials of a body's name (`Sở Y tế` → `SYT`)."""
    if is_committee(unit_name):
        return "UBND"
    words = [w for w in re.split(r"[\s,\-–]+", unit_name) if w and w.lower() not in ("và", "của")]
    return "".join(w[0].upper() for w in words)[:12] or "UBND"


def authority_lines(collective: str, post: str) -> tuple[str, ...]:
    """Lines above a leader's signature (box 7a): `TM. …`, `KT. CHỦ TỊCH`, `PHÓ CHỦ TỊCH`.

    collective: the body on whose behalf the leader signs, or "" for a body led by one head.
    post: the signer's post; words after it ("UBND tỉnh …") are left out where they say what the head of the page
    says.  A department has no chairman: one who signs there does so with the whole post.
    """
    head = next((p for p in _POSTS if post.strip().lower().startswith(p.lower())), post.strip())
    chairman = "chủ tịch" in head.lower()
    if chairman and not collective:
        return (post.strip().upper(),)
    lines = [f"TM. {collective.upper()}"] if chairman else []
    if collective and "chánh văn phòng" in head.lower():
        lines.append("TL. CHỦ TỊCH")
    if head.lower().startswith("phó "):
        lines.append(f"KT. {head[4:].upper()}")
    return (*lines, head.upper()) if head else tuple(lines)


def holidays(year: int) -> frozenset[date]:
    """Days off of a year: the fixed ones and the moving ones known so far (the Government decides them yearly)."""
    return frozenset(date(year, m, d) for m, d in (*FIXED_HOLIDAYS, *MOVING_HOLIDAYS.get(year, ())))


def _works(value: date, off: Collection[date] | None) -> bool:
    return value.weekday() < 5 and value not in (holidays(value.year) if off is None else off)


def working_days(after: date, until: date, off: Collection[date] | None = None) -> int:
    """Working days after `after` up to and including `until`: Thursday → Monday is 2."""
    days = (after + timedelta(n) for n in range(1, (until - after).days + 1))
    return sum(_works(value, off) for value in days)


def add_working_days(start: date, count: int, off: Collection[date] | None = None) -> date:
    """The day on which a term of `count` working days after `start` ends."""
    while count > 0:
        start += timedelta(1)
        count -= _works(start, off)
    return start


def parse_utc(text: str | datetime) -> datetime:
    """An ISO 8601 instant of the ledger as aware UTC."""
    at = text if isinstance(text, datetime) else datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
