"""After a crash: does every meeting that was going on stand as its ledger tells?  What only mirrors the ledger is written again,
anything else is reported in words.  Called once when the server starts, and by `python3 -m web check`.

A change and its events are one transaction, so a crash alone leaves nothing to find; this finds what somebody did beside the program.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from meetings.meeting import State
from meetings.replay.check import CONTRADICTION, Difference, differences
from meetings.replay.mend import mend
from meetings.store import meeting_store
from meetings.store.database import Database
from web import chains
from web.i18n import N_, _

log = logging.getLogger(__name__)
LIVE = (State.OPEN, State.SUSPENDED)
SECTIONS: dict[str, str] = {
    "meeting": N_("thông tin cuộc họp"), "seats": N_("danh sách điểm cầu"), "presence": N_("có mặt"), "agenda": N_("chương trình"),
    "conclusions": N_("các kết luận"), "queue": N_("thứ tự phát biểu"), "speeches": N_("lượt phát biểu"), "floor": N_("người đang phát biểu"),
    "hands": N_("tay giơ"), "times": N_("thời gian phát biểu"), "used": N_("thời gian đã dùng"), "setting": N_("thiết đặt phòng họp"),
    "said": N_("tắt, bật tiếng"), "screen": N_("màn hình đang chia sẻ"), "people": N_("điểm danh"), "heads": N_("đếm người"), "motions": N_("các nội dung biểu quyết"),
    "options": N_("các phương án"), "voters": N_("người được biểu quyết"), "ballots": N_("phiếu"), "turnout": N_("có mặt khi khóa biểu quyết"),
    "counts": N_("đếm tay"), "results": N_("kết quả biểu quyết"),
    "joined": N_("phiếu lấy ý kiến tính chung với biểu quyết"), "opinions": N_("trả lời phiếu lấy ý kiến"), "reminders": N_("nhắc phiếu lấy ý kiến"),
    "papers": N_("tài liệu"), "shown": N_("trang đang trình chiếu"),
    "recordings": N_("ghi hình"), "messages": N_("các tin nhắn"), CONTRADICTION: N_("diễn biến tự mâu thuẫn"),
}


TOLD = frozenset({"meeting", "seats", "presence", "agenda", "queue", "floor", "hands", "times", "used", "setting", "said", "screen", "shown"})
"""Of these sections the values are told; of others (ballots, names, messages, papers) only that they differ: a log is read by many."""


@dataclass(frozen=True, slots=True)
class Found:
    """How one meeting stands.  broken: seq of the first event whose hash does not hold.  differ: what tables and ledger say differently;
    mended: of that, what was written again."""

    meeting_id: str
    title: str
    events: int
    broken: int | None
    differ: tuple[Difference, ...]
    mended: tuple[Difference, ...] = ()

    @property
    def well(self) -> bool:
        return self.broken is None and not self.differ


def look(db: Database, meeting_id: str, now: datetime, mending: bool = False) -> Found:
    """Raises NotFound("not_found")."""
    with db.read() as conn:
        meeting = meeting_store.load(conn, meeting_id)
        verdict = chains.verify(conn, meeting_id, now)
        differ = differences(conn, meeting_id)
    mended: list[Difference] = []
    if mending and differ and verdict.broken is None and differ[0].section != CONTRADICTION:
        with db.write() as conn:
            mended = mend(conn, meeting_id)
        with db.read() as conn:
            differ = differences(conn, meeting_id)
    return Found(meeting_id, meeting.title, verdict.total, verdict.broken, tuple(differ), tuple(mended))


def meetings(db: Database, states: Sequence[State] | None = LIVE) -> list[str]:
    with db.read() as conn:
        return [meeting.meeting_id for meeting in meeting_store.find(conn, states=states)]


def at_start(db: Database, now: datetime) -> list[Found]:
    """Every meeting that goes on; told in the log.  Before anybody is let in."""
    found = list(looked(db, meetings(db), now, mending=True))
    for one in found:
        for sentence in said(one):
            log.warning("%s", sentence)
    return found


def looked(db: Database, meeting_ids: Sequence[str], now: datetime, mending: bool = False) -> Iterator[Found]:
    """`look` at each; one that cannot even be read is told as a record that contradicts itself, and keeps no other waiting."""
    for meeting_id in meeting_ids:
        try:
            yield look(db, meeting_id, now, mending)
        except Exception as error:
            log.exception("check of %s", meeting_id)
            yield Found(meeting_id, meeting_id, 0, None, (Difference(CONTRADICTION, 0, type(error).__name__, None),))


def shown(one: Difference) -> dict[str, str]:
    """section, key, told, kept of a difference, as anybody who operates the server may read them."""
    if one.section in TOLD or one.section == CONTRADICTION:
        return {"section": one.section, "key": str(one.key), "told": str(one.told), "kept": str(one.kept) if one.section in TOLD else "…"}
    key = one.key[0] if isinstance(one.key, tuple) and one.key else one.key
    return {"section": one.section, "key": str(key), **{side: "–" if value is None else "…" for side, value in (("told", one.told), ("kept", one.kept))}}


def said(found: Found) -> list[str]:
    """What is not well, in sentences; nothing where all is."""
    lines = []
    if found.broken is not None:
        lines.append(_("{title}: chuỗi ghi chép bị đứt ở sự kiện {n}.", title=found.title, n=found.broken))
    lines += [_("{title}: {what} ({key}) đã được ghi lại theo diễn biến.", title=found.title, what=_(SECTIONS[one.section]), key=shown(one)["key"])
              for one in found.mended]
    for one in found.differ:
        values = shown(one)
        lines.append(_("{title}: {what} ({key}) khác diễn biến. Diễn biến: {told}. Bảng: {kept}.", title=found.title, what=_(SECTIONS[one.section]),
                       key=values["key"], told=values["told"], kept=values["kept"]))
    return lines
