"""Who took part: the attendance lines of the minutes and the appendix that lists every point.

Pure.  It never counts anything but presence between opening and closing.  Called by draft.py.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby

from minutes import layout
from minutes.facts import DelegateFact, MinuteFacts, PointFact
from minutes.glyphs import tidy
from minutes.model import Appendix, Block, Column, Items, KeyValue, Origin, Paragraph, Table

LEVELS = {"central": "Trung ương", "province": "Cấp tỉnh", "body": "Cơ quan cấp tỉnh", "district": "Cấp huyện",
          "commune": "Cấp xã"}
NAMED_IN_BODY = 20
SPANS_SHOWN = 6
ROLLS_SHOWN = 6
ROLLS = {"opened": "khi khai mạc", "motion": "trước khi biểu quyết", "asked": "khi điểm danh"}

_COLUMNS = (Column("TT", 7, "center"), Column("Điểm cầu", 45), Column("Mã", 12, "center"),
            Column("Có mặt", 20, "center"), Column("Ghi chú", 16))


def level_name(level: str) -> str:
    """The level as a heading of the list; a level of another country or time is printed as it is."""
    return LEVELS.get(level, tidy(level))


def blocks(facts: MinuteFacts) -> Iterable[Block]:
    """Attendance inside the body: numbers, the absent ones by name, delegates."""
    points, there = facts.points, [point for point in facts.points if not point.absent]
    absent = [point for point in points if point.absent]
    said = [f"{len(there)}/{len(points)} điểm cầu tham dự{_by_level(points)}."]
    late, early = sum(p.late for p in there), sum(p.early for p in there)
    if late or early:
        told = [f"{late} điểm cầu vào muộn"] * bool(late) + [f"{early} điểm cầu rời sớm"] * bool(early)
        said.append(f"{'; '.join(told)}.")
    if points:
        said.append("Danh sách và thời gian có mặt tại Phụ lục kèm theo.")
    yield KeyValue("attendance", "Thành phần tham dự", " ".join(said), Origin.LEDGER)
    if 0 < len(absent) <= NAMED_IN_BODY:
        yield KeyValue("absent", "Điểm cầu vắng mặt", f"{', '.join(_name(p) for p in absent)}.", Origin.LEDGER)
    elif absent:
        yield KeyValue("absent", "Điểm cầu vắng mặt", f"{len(absent)} điểm cầu, ghi tại Phụ lục.", Origin.LEDGER)
    yield from _rolls(facts)
    if 0 < len(facts.delegates) <= NAMED_IN_BODY:
        yield Paragraph("delegates-title", "Đại biểu được ghi nhận tại các điểm cầu:")
        yield Items("delegates", tuple(_delegate(d) for d in facts.delegates), origin=Origin.LEDGER,
                    label="Đại biểu")


def appendices(facts: MinuteFacts) -> Iterable[Appendix]:
    """The list of points, grouped by level, and the delegates where they are too many for the body."""
    if facts.points:
        yield Appendix("THÀNH PHẦN THAM DỰ", (_list_of(facts.points),))
    if len(facts.delegates) > NAMED_IN_BODY:
        rows = tuple((str(n), *_delegate_row(d)) for n, d in enumerate(facts.delegates, start=1))
        columns = (Column("TT", 8, "center"), Column("Họ và tên", 27), Column("Chức vụ", 25), Column("Điểm cầu", 25),
                   Column("Ghi chú", 15))
        yield Appendix("ĐẠI BIỂU DỰ HỌP", (Table("delegate-list", columns, rows),))


def _list_of(points: Sequence[PointFact]) -> Table:
    order = list(LEVELS)
    ranked = sorted(points, key=lambda p: (order.index(p.level) if p.level in LEVELS else len(order), p.level))
    rows: list[tuple[str, ...]] = []
    number = 0
    for level, group in groupby(ranked, key=lambda p: p.level):
        members = list(group)
        there = sum(not point.absent for point in members)
        rows.append((f"{level_name(level) or 'Điểm cầu khác'}: {there}/{len(members)} điểm cầu tham dự",))
        for point in members:
            number += 1
            rows.append((str(number), _name(point), tidy(point.code), _presence(point), _remark(point)))
    return Table("attendance-list", _COLUMNS, tuple(rows))


def _by_level(points: Sequence[PointFact]) -> str:
    """` (cấp huyện 13/13; cấp xã 170/177)`, or nothing when there is one level only."""
    levels = [level for level in LEVELS if any(p.level == level for p in points)]
    if len(levels) < 2:
        return ""
    parts = []
    for level in levels:
        members = [p for p in points if p.level == level]
        name = level_name(level)
        parts.append(f"{name[0].lower()}{name[1:]} {sum(not p.absent for p in members)}/{len(members)}")
    return f" ({'; '.join(parts)})"


def _name(point: PointFact) -> str:
    return tidy(point.name)


def _presence(point: PointFact) -> str:
    shown = [f"{layout.short_clock(s.start)}–{layout.short_clock(s.end)}" for s in point.spans[:SPANS_SHOWN]]
    more = len(point.spans) - SPANS_SHOWN
    return "; ".join(shown) + (f"; và {more} lần nữa" if more > 0 else "")


def _remark(point: PointFact) -> str:
    if point.absent:
        return "Vắng mặt"
    words = ["vào muộn"] * point.late + ["rời sớm"] * point.early
    text = ", ".join(words)
    return f"{text[:1].upper()}{text[1:]}"


def _delegate_row(delegate: DelegateFact) -> tuple[str, str, str, str]:
    name, post, point = (tidy(t) for t in (delegate.name, delegate.post, delegate.point))
    said = _standing(delegate)
    return name, post, point, f"{said[:1].upper()}{said[1:]}"


def _delegate(delegate: DelegateFact) -> str:
    name, post, point, _said = _delegate_row(delegate)
    said, where = _standing(delegate), f" – {point}" if point else ""
    return f"{name}{f', {post}' if post else ''}{where}{f' ({said})' if said else ''}"


def _standing(delegate: DelegateFact) -> str:
    """Whom the person came instead of, and what was not as expected; empty for who was there from beginning to end."""
    said = []
    if delegate.instead_of:
        said.append(f"dự thay {tidy(delegate.instead_of)}: {tidy(delegate.instead_why)}")
    if delegate.late:
        said.append("đến muộn" + (f" lúc {layout.short_clock(delegate.came)}" if delegate.came else ""))
    if delegate.state == "left" and delegate.left:
        said.append(f"rời họp lúc {layout.short_clock(delegate.left)}")
    if delegate.state == "excused":
        said.append(f"vắng có lý do: {tidy(delegate.reason)}")
    elif delegate.state == "expected":
        said.append("không được điểm danh")
    elif not delegate.present:
        said.append("vắng không lý do" if delegate.said else "vắng mặt")
    return "; ".join(said)


def _rolls(facts: MinuteFacts) -> Iterable[Block]:
    """What the roll calls found, and how many heads were counted where nobody was named."""
    told = [f"{roll.here}/{roll.of} đại biểu có mặt {ROLLS.get(roll.why, 'khi điểm danh')} ({layout.short_clock(roll.at)})"
            for roll in facts.rolls if roll.of]
    if len(told) > ROLLS_SHOWN:
        told = [*told[: ROLLS_SHOWN - 1], f"và {len(told) - ROLLS_SHOWN + 1} lần nữa"]
    if facts.heads:
        told.append(f"các điểm cầu đếm được {facts.heads} người")
    if told:
        text = "; ".join(told)
        yield KeyValue("roll", "Điểm danh", f"{text[:1].upper()}{text[1:]}.", Origin.LEDGER)
