"""The invitation to a meeting in the layout of form 1.7 of Decree 30/2020/NĐ-CP, from what was booked.

Pure.  It never sends anything and never decides whether the notice is long enough: it says how long it is.
service.py calls `invitation_model`; the booking page asks `notice_days`.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from minutes import layout
from minutes.attendance import NAMED_IN_BODY, level_name
from minutes.draft import END_MARK, UNTITLED, header_of, person_line, settled, signer_name, source_of
from minutes.facts import MinuteFacts, PointFact
from minutes.glyphs import tidy
from minutes.model import (
    LIMITS,
    Appendix,
    Block,
    Column,
    DocumentModel,
    Items,
    KeyValue,
    Note,
    Origin,
    Paragraph,
    Signature,
    Table,
)

DEFAULT_RECIPIENTS = ("Như trên;", "Lưu: VT.")
NOTICE_DAYS = 3            # working days between invitation and meeting (Decision 45/2018/QĐ-TTg), data for now


_WEEKDAYS = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ Nhật")
_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_PERIODS = {"DAILY": "ngày", "WEEKLY": "tuần", "MONTHLY": "tháng", "YEARLY": "năm"}
_PLACES = {"1": "đầu tiên", "2": "thứ hai", "3": "thứ ba", "4": "thứ tư", "-1": "cuối cùng"}
DATES_IN_BODY = 12         # more of them are a list of their own


@dataclass(frozen=True, slots=True)
class Repetition:
    """A meeting that comes again: the value of its RRULE, and (start, end) of every meeting that this invitation is to."""

    rule: str
    dates: tuple[tuple[datetime, datetime], ...]

    def words(self) -> str:
        """`hằng tuần, vào Thứ Hai và Thứ Năm`."""
        parts = dict(part.split("=") for part in self.rule.split(";"))
        period, every = _PERIODS[parts["FREQ"]], parts.get("INTERVAL", "1")
        told = f"hằng {period}" if every == "1" else f"{every} {period} một lần"
        first, given = layout.local(self.dates[0][0]), parts.get("BYDAY", "").split(",")
        if (parts.keys() & {"BYMONTH", "BYSETPOS"} or parts.get("BYMONTHDAY", str(first.day)) != str(first.day)
                or any(day[:-2] and day[:-2] not in _PLACES for day in given)):
            return told  # no short words say it: the dates are listed
        days = [_weekday(day) for day in given if day]
        if days:
            return f"{told}, vào {' và '.join(filter(None, (', '.join(days[:-1]), days[-1])))}"
        return f"{told}, vào ngày {first.day:02d}" if parts["FREQ"] == "MONTHLY" else told


def _weekday(code: str) -> str:
    name, place = _WEEKDAYS[_CODES.index(code[-2:])], _PLACES.get(code[:-2], "")
    return f"{name} {place} của tháng" if place else name


def notice_days(issued: date, meeting: date, off: Collection[date] | None = None) -> int:
    """Working days of notice; fewer than NOTICE_DAYS deserve a warning (`dưới 03 ngày làm việc`)."""
    return layout.working_days(issued, meeting, off)


def notice_is_short(issued: date, meeting: date, off: Collection[date] | None = None) -> bool:
    """Whether the invitation goes out later than the rule asks, urgent meetings apart."""
    return notice_days(issued, meeting, off) < NOTICE_DAYS


def invitation_model(
    facts: MinuteFacts,
    issued: datetime,
    number: int | None = None,
    *,
    symbol: str = "",
    signer_post: str = "",
    verify_url: str = "",
    code: str = "",
    recipients: Sequence[str] = DEFAULT_RECIPIENTS,
    repetition: Repetition | None = None,
    test: bool = True,
) -> DocumentModel:
    """The invitation to all booked points, signed by the chair.

    issued: when it is issued (aware), printed with the place in the head.  signer_post: the chair's post when it is
    not in the ledger.  repetition: where it invites to every meeting of a series.  Raises Invalid("document.too_long", field="summary") for a title beyond 500 characters.
    """
    unit = facts.unit
    place_date = layout.place_date(layout.place_name(tidy(unit.name), tidy(unit.parent_name)), issued)
    header = header_of(facts, symbol or symbol_of(facts), number, place_date)
    collective = "Ủy ban nhân dân" if layout.is_committee(tidy(unit.name)) else ""
    lines = layout.authority_lines(collective, tidy(signer_post or facts.chair.title)) or ("CHỦ TRÌ",)
    return DocumentModel(
        kind="invitation", header=header, title="GIẤY MỜI", summary=summary_of(facts),
        blocks=settled(tuple(_body(facts, repetition))), signatures=(Signature("chair", settled(lines), signer_name(facts.chair)),),
        recipients=tuple(recipients), source=source_of(facts), appendices=settled((*_guest_list(facts.points), *_date_list(repetition))),
        note=Note(verify_url, code) if verify_url else None, test=test,
    )


def symbol_of(facts: MinuteFacts) -> str:
    """`GM-UBND`, as the register numbers it."""
    return f"GM-{layout.unit_symbol(facts.unit.issuer or facts.unit.name)}"


def summary_of(facts: MinuteFacts) -> str:
    """`Dự hội nghị …`; a title that fills the limit of a subject stands alone."""
    title = tidy(facts.title) or UNTITLED
    summary = f"Dự {_lower_first(title)}"
    return summary if len(summary) <= LIMITS["summary"] else title


def _lower_first(title: str) -> str:
    """`Hội nghị …` inside a sentence; a word in capitals stays."""
    head = title.split(" ", 1)[0]
    return title if head.isupper() and len(head) > 1 else f"{title[:1].lower()}{title[1:]}"


def _body(facts: MinuteFacts, repetition: Repetition | None) -> Iterable[Block]:
    issuer = layout.issuer_name(tidy(facts.unit.issuer or facts.unit.name))
    yield Paragraph("invite", f"{issuer} trân trọng kính mời: {_guests(facts.points)}", origin=Origin.LEDGER,
                    label="Kính mời")
    yield KeyValue("attend", "Tới dự", tidy(facts.title), Origin.LEDGER)
    yield KeyValue("chair", "Chủ trì", person_line(facts.chair), Origin.LEDGER)
    yield from _times(facts, repetition)
    place = tidy(facts.place) or tidy(facts.unit.name)
    yield KeyValue("place", "Địa điểm", f"{place}; các điểm cầu tham dự trực tuyến tại trụ sở đơn vị", Origin.LEDGER)
    if facts.agenda:
        yield Paragraph("agenda-title", "Chương trình:")
        lines = (f"{tidy(a.title)}{f' – {tidy(a.presenter)}' if a.presenter else ''}" for a in facts.agenda)
        yield Items("agenda", tuple(lines), True, Origin.LEDGER, label="Chương trình")
    yield Paragraph("notes", "", origin=Origin.CLERK, label="Những điểm cần lưu ý")
    yield Paragraph(
        "end", "Đề nghị các điểm cầu kết nối trước giờ họp 15 phút theo đường dẫn hoặc mã QR trên thẻ điểm cầu; "
        f"tài liệu được gửi trên hệ thống{END_MARK}", origin=Origin.LEDGER, label="Đề nghị")


def _times(facts: MinuteFacts, repetition: Repetition | None) -> Iterable[Block]:
    if repetition is None:
        yield KeyValue("time", "Thời gian", _from_to(facts.start, facts.end), Origin.LEDGER)
        return
    (first, end), (last, _end) = repetition.dates[0], repetition.dates[-1]
    many = len(repetition.dates) > DATES_IN_BODY
    yield KeyValue(
        "time", "Thời gian", f"từ {layout.clock(first)} đến {layout.clock(end)}, {repetition.words()}; {len(repetition.dates)} buổi, "
        f"từ {layout.day(first)} đến {layout.day(last)}{' theo danh sách kèm theo' if many else ''}", Origin.LEDGER)
    if not many:
        yield Paragraph("dates-title", "Các buổi họp:")
        yield Items("dates", tuple(f"{_WEEKDAYS[layout.local(one).weekday()]}, {_from_to(one, until)}" for one, until in repetition.dates),
                    True, Origin.LEDGER, label="Các buổi họp")


def _date_list(repetition: Repetition | None) -> Iterable[Appendix]:
    if repetition is not None and len(repetition.dates) > DATES_IN_BODY:
        columns = (Column("TT", 10, "center"), Column("Ngày", 50), Column("Thời gian", 40, "center"))
        rows = tuple((str(n), f"{_WEEKDAYS[layout.local(one).weekday()]}, {layout.day(one)}",
                      f"{layout.short_clock(one)} – {layout.short_clock(until)}") for n, (one, until) in enumerate(repetition.dates, start=1))
        yield Appendix("DANH SÁCH CÁC BUỔI HỌP", (Table("dates", columns, rows),))


def _guests(points: Sequence[PointFact]) -> str:
    if len(points) <= NAMED_IN_BODY:
        return f"{'; '.join(tidy(point.name) for point in points)}."
    counted = Counter(point.level for point in points)
    parts = [f"{count} điểm cầu {level_name(level).lower()}".strip() for level, count in counted.items()]
    return f"{len(points)} điểm cầu theo danh sách kèm theo ({'; '.join(parts)})."


def _guest_list(points: Sequence[PointFact]) -> Iterable[Appendix]:
    if len(points) > NAMED_IN_BODY:
        columns = (Column("TT", 10, "center"), Column("Điểm cầu", 70), Column("Mã", 20, "center"))
        rows = tuple((str(n), tidy(p.name), tidy(p.code)) for n, p in enumerate(points, start=1))
        yield Appendix("DANH SÁCH ĐIỂM CẦU ĐƯỢC MỜI", (Table("guests", columns, rows),))


def _from_to(start: datetime, end: datetime) -> str:
    """`từ 08 giờ 00 phút đến 11 giờ 30 phút, ngày 24 tháng 11 năm 2026`."""
    if layout.local(start).date() == layout.local(end).date():
        return f"từ {layout.clock(start)} đến {layout.moment(end)}"
    return f"từ {layout.moment(start)} đến {layout.moment(end)}"
