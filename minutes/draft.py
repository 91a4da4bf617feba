"""Minutes of a meeting in the layout of form 1.9 of Decree 30/2020/NĐ-CP, made from the facts of the ledger.

Pure.  It never invents: what the ledger does not say stays a place for the clerk to write.  service.py calls
`facts_from_events` and `minutes_model`; votes.py and attendance.py write the parts that need tables.
"""

from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from meetings.ledger import stamp
from minutes import attendance, layout, votes
from minutes.facts import AgendaFact, FloorFact, MinuteFacts, Person
from minutes.glyphs import printable, tidy
from minutes.model import (
    Block,
    DocumentModel,
    Header,
    Heading,
    Items,
    KeyValue,
    Note,
    Origin,
    Paragraph,
    Signature,
    Source,
    clean,
)
from minutes.reading import facts_from_events

__all__ = ["DEFAULT_RECIPIENTS", "END_MARK", "facts_from_events", "header_of", "minutes_model", "source_of"]

END_MARK = "./."
UNTITLED = "(không có tên)"
DEFAULT_RECIPIENTS = ("Như thành phần tham dự;", "Lưu: VT, Hồ sơ.")


def minutes_model(
    facts: MinuteFacts,
    number: int | None = None,
    *,
    symbol: str = "",
    verify_url: str = "",
    code: str = "",
    recipients: Sequence[str] = DEFAULT_RECIPIENTS,
    test: bool = True,
) -> DocumentModel:
    """The draft of the minutes.

    number, symbol: as the register gave them ("BB-UBND"); without a number its place stays blank.
    verify_url, code: address behind the QR code and short code, or "" for none.
    test: the signatures will be test signatures, which the page then says.
    Raises Invalid("document.too_long", field="summary") for a title beyond 500 characters.
    """
    return DocumentModel(
        kind="minutes",
        header=header_of(facts, symbol or f"BB-{layout.unit_symbol(facts.unit.issuer or facts.unit.name)}", number),
        title="BIÊN BẢN",
        summary=tidy(facts.title) or UNTITLED,
        blocks=settled((*_opening(facts), *_course(facts), *_ending(facts))),
        signatures=(Signature("secretary", ("THƯ KÝ",), signer_name(facts.secretary)),
                    Signature("chair", ("CHỦ TỌA",), signer_name(facts.chair))),
        recipients=tuple(recipients),
        source=source_of(facts),
        appendices=settled((*attendance.appendices(facts), *votes.appendices(facts))),
        note=Note(verify_url, code) if verify_url else None,
        test=test,
    )


def settled(value: Any) -> Any:
    """The same parts of a model with every text tidied: joining clean pieces may still make an unclean whole."""
    if isinstance(value, StrEnum):
        return value
    if isinstance(value, str):
        return printable(clean(value, lines=True))
    if isinstance(value, tuple):
        return tuple(settled(item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: settled(getattr(value, field.name)) for field in fields(value)})
    return value


def signer_name(person: Person) -> str:
    """The name under a signature: without academic titles."""
    return layout.plain_name(tidy(person.name))[:200].rstrip()


def source_of(facts: MinuteFacts) -> Source:
    """Which ledger events the document tells."""
    return Source(facts.meeting_id, facts.seq, facts.hash, stamp(facts.at))


def header_of(facts: MinuteFacts, symbol: str, number: int | None, place_date: str = "") -> Header:
    """Head of page 1 from the issuing unit."""
    unit = facts.unit
    if "\n" in unit.issuer:
        parent, issuer = "", tuple(tidy(line).upper() for line in unit.issuer.split("\n") if line.strip())
    else:
        parent, issuer = layout.issuer_lines(tidy(unit.issuer or unit.name), tidy(unit.parent_name))
    return settled(Header(parent[:200], issuer, symbol, number, place_date))


def person_line(person: Person) -> str:
    """`Nguyễn Văn A, Chủ tịch UBND tỉnh`."""
    return ", ".join(part for part in (tidy(person.name), tidy(person.title)) if part)


def _opening(facts: MinuteFacts) -> Iterable[Block]:
    opened = facts.opened or facts.start
    place = tidy(facts.place) or tidy(facts.unit.name)
    online = f"; họp trực tuyến với {len(facts.points)} điểm cầu" if len(facts.points) > 1 else ""
    yield KeyValue("start", "Thời gian bắt đầu", layout.moment(opened), Origin.LEDGER)
    yield KeyValue("place", "Địa điểm", place + online, Origin.LEDGER)
    yield from attendance.blocks(facts)
    yield KeyValue("chair", "Chủ trì (chủ tọa)", person_line(facts.chair), Origin.LEDGER)
    yield KeyValue("secretary", "Thư ký (người ghi biên bản)", person_line(facts.secretary), Origin.LEDGER)


TURNS = {"contribution": "", "order": "ý kiến về thủ tục, ", "question": "câu hỏi, "}


def _course(facts: MinuteFacts) -> Iterable[Block]:
    yield Heading("content", "Nội dung (theo diễn biến cuộc họp):")
    if facts.documents:
        names = tuple(tidy(document.name) for document in facts.documents)
        yield Paragraph("documents-title", "Tài liệu của cuộc họp:")
        yield Items("documents", names, origin=Origin.LEDGER, label="Tài liệu của cuộc họp")
    for place, item in enumerate(facts.agenda, start=1):
        yield from _item(facts, place, item)
    known = {item.item for item in facts.agenda}
    rest = [floor for floor in facts.floors if floor.item not in known]
    loose = [vote for vote in facts.votes if vote.item not in known]
    if rest or loose or not facts.agenda:
        yield Heading("other", "Nội dung khác" if facts.agenda else "Diễn biến", level=2)
        yield from _floors("floors-other", rest)
        yield _room("opinions-other", "Ý kiến thảo luận")
        for vote in loose:
            yield from votes.blocks(vote)
    if facts.pauses:
        spans = "; ".join(_between(span.start, span.end) for span in facts.pauses)
        yield Paragraph("pauses", f"Cuộc họp tạm dừng {spans}.", origin=Origin.LEDGER, label="Tạm dừng")


def _item(facts: MinuteFacts, place: int, item: AgendaFact) -> Iterable[Block]:
    yield Heading(f"item-{item.item}", f"{place}. {tidy(item.title)}", level=2, origin=Origin.LEDGER)
    times = "; ".join(_between(span.start, span.end) for span in item.spans)
    said = [f"Tiến hành {times}." if times else "Không tiến hành tại cuộc họp này."]
    if item.presenter:
        said.insert(0, f"Trình bày: {tidy(item.presenter)}.")
    yield Paragraph(f"times-{item.item}", " ".join(said), origin=Origin.LEDGER,
                    label=_label("Thời gian", item.title))
    yield from _floors(f"floors-{item.item}", [f for f in facts.floors if f.item == item.item])
    yield _room(f"opinions-{item.item}", _label("Ý kiến thảo luận", item.title))
    for vote in facts.votes:
        if vote.item == item.item:
            yield from votes.blocks(vote)


def _floors(block_id: str, floors: Sequence[FloorFact]) -> Iterable[Block]:
    if floors:
        said = "; ".join(map(_turn, floors))
        yield Paragraph(block_id, f"Phát biểu: {said}.", origin=Origin.LEDGER, label="Phát biểu")


def _turn(floor: FloorFact) -> str:
    who = f"{tidy(floor.person)}, {tidy(floor.name)}" if floor.person else tidy(floor.name)
    times = f"{layout.short_clock(floor.span.start)}–{layout.short_clock(floor.span.end)}"
    return f"{who} ({TURNS[floor.kind]}{times})"


def _room(block_id: str, label: str) -> Paragraph:
    """An empty place where the clerk may write."""
    return Paragraph(block_id, "", origin=Origin.CLERK, label=label)


def _label(what: str, title: str) -> str:
    """What the editor calls a place that belongs to one agenda item."""
    title = tidy(title)
    return f"{what} – {title if len(title) <= 40 else f'{title[:39].rstrip()}…'}"


def _ending(facts: MinuteFacts) -> Iterable[Block]:
    if facts.conclusions:
        yield Heading("conclusions-title", "Kết luận của chủ tọa:")
        texts = tuple(tidy(text) for text in facts.conclusions)
        yield Items("conclusions", texts, True, Origin.LEDGER, label="Kết luận của chủ tọa")
    yield _room("closing-remarks", "Nội dung bổ sung trước khi kết thúc")
    closed = facts.closed or facts.at
    yield Paragraph("end", f"Cuộc họp kết thúc vào {layout.moment(closed)}{END_MARK}", origin=Origin.LEDGER,
                    label="Câu kết thúc")


def _between(start: datetime, end: datetime) -> str:
    """`từ 08 giờ 05 phút đến 08 giờ 40 phút`, with the day when it is another one."""
    same_day = layout.local(start).date() == layout.local(end).date()
    return f"từ {layout.clock(start)} đến {layout.clock(end) if same_day else layout.moment(end)}"
