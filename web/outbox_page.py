"""Hộp thư đi: what waits, what failed and why, for those who run the installation.  Reads only; shows no text of any letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from meetings.store.unit_tables import unit_version
from scheduler.mail_table import invitee, series_guest
from scheduler.outbox import successor
from scheduler.outbox_table import outbox
from scheduler.sent import NOBODY
from scheduler.store import point
from web import delivery, store
from web.i18n import N_, _

SHOWN = 200
_o = outbox.c
KINDS: dict[str, str] = {
    "invite": N_("Giấy mời"), "mail": N_("Thư"), "sms": N_("Tin nhắn"), "notice": N_("Thông báo"),
    "invitations": N_("Lập danh sách mời"), "linetest.open": N_("Mở đợt kiểm tra đường truyền"),
    "linetest.call": N_("Báo đường truyền chưa đạt"), "linetest.report": N_("Báo điểm chưa sẵn sàng"), "reminder.unanswered": N_("Nhắc trả lời giấy mời"),
    "room.open": N_("Mở phòng họp"), "meeting.close": N_("Hết giờ họp"), "conclusion.soon": N_("Sắp đến hạn thông báo kết luận"),
    "conclusion.due": N_("Đến hạn thông báo kết luận"), "slip.send": N_("Gửi phiếu lấy ý kiến"), "slip.remind": N_("Nhắc phiếu lấy ý kiến"),
    "slip.end": N_("Hết hạn phiếu lấy ý kiến"),
}
_REASONS = {NOBODY: N_("Không có địa chỉ"),
            "nobody came back from it": N_("Đã thử nhiều lần, lần nào tiến trình gửi cũng dừng giữa chừng.")}


@dataclass(frozen=True, slots=True)
class Line:
    """One item as the page shows it."""

    item_id: int
    kind: str
    to: str
    state: str
    due_at: datetime
    tries: int
    why: str


@dataclass(frozen=True, slots=True)
class Channel:
    """`state`: good, away or unset."""

    name: str
    state: str
    since: datetime | None
    reason: str
    waiting: int


@dataclass(frozen=True, slots=True)
class View:
    channels: Sequence[Channel]
    failed: Sequence[Line]
    unreached: Sequence[Line]  # notices that found no address: nothing is wrong with the server
    waiting: Sequence[Line]
    counts: dict[str, int]
    ahead: int  # items whose time has not come


def view(conn: Connection, now: datetime) -> View:
    counted = conn.execute(select(_o.state, func.count()).group_by(_o.state)).all()
    late = (_o.state == "waiting") & ((_o.due_at <= now) | (_o.tries > 0))
    ahead = conn.execute(select(func.count()).where(_o.state == "waiting", _o.due_at > now, _o.tries == 0)).scalar_one()
    failed, nobody = _o.state == "failed", _o.error == NOBODY
    newest = _o.settled_at.desc()
    return View(
        _channels(conn, now), _lines(conn, failed & ~nobody, newest), _lines(conn, failed & nobody, newest), _lines(conn, late, _o.due_at),
        {state: count for state, count in counted}, ahead)


def _channels(conn: Connection, now: datetime) -> list[Channel]:
    known = delivery.states(conn)
    found = []
    for name, label, kinds in (("mail", _("Thư điện tử"), delivery.MAIL_KINDS), ("sms", _("Tin nhắn"), delivery.SMS_KINDS)):
        waiting = conn.execute(select(func.count()).where(
            _o.state == "waiting", _o.kind.in_(sorted(kinds)), _o.due_at <= now)).scalar_one()
        row = known.get(name)
        reason = row.reason if row else delivery.NOT_SET
        state = "unset" if reason == delivery.NOT_SET else "away" if reason else "good"
        found.append(Channel(label, state, row.away_since if row else None, reason, waiting))
    return found


def _lines(conn: Connection, which: Any, order: Any) -> list[Line]:
    rows = conn.execute(select(outbox).where(which).order_by(order, _o.item_id).limit(SHOWN)).all()
    keys = [successor(row.key) for row in rows if row.state == "failed"]
    tried_again = set(conn.execute(select(_o.key).where(_o.key.in_(keys))).scalars()) if keys else set()
    rows = [row for row in rows if successor(row.key) not in tried_again]
    addresses = _addresses(conn, rows)
    names = _names(conn, rows)
    return [Line(row.item_id, _(KINDS.get(row.kind, row.kind)), addresses.get(row.payload.get("invitee") or row.payload.get("guest"), "") or _to(row, names),
                 row.state, row.due_at, row.tries, _(_REASONS.get(row.error or "", row.error or ""))) for row in rows]


def _to(row: Row[Any], names: dict[Any, str]) -> str:
    """An address, or whom a notice means."""
    to = row.payload.get("to")
    return to if isinstance(to, str) else ", ".join(names.get(one, "") for one in to.values()) if isinstance(to, dict) else ""


def _names(conn: Connection, rows: Sequence[Row[Any]]) -> dict[Any, str]:
    """Of the points, units and people that notices mean."""
    meant = [row.payload["to"] for row in rows if isinstance(row.payload.get("to"), dict)]
    found: dict[Any, str] = {}
    for kind, key, name in (("point", point.c.point_id, point.c.name), ("user", store.account.c.user_id, store.account.c.name),
                            ("unit", unit_version.c.unit_id, unit_version.c.name)):
        if wanted := sorted({to[kind] for to in meant if kind in to}):
            found |= {row[0]: row[1] for row in conn.execute(select(key, name).where(key.in_(wanted)))}
    return found


def _addresses(conn: Connection, rows: Sequence[Row[Any]]) -> dict[Any, str]:
    found: dict[Any, str] = {}
    for name, key, address in (("invitee", invitee.c.invitee_id, invitee.c.address), ("guest", series_guest.c.guest_id, series_guest.c.address)):
        if wanted := sorted({row.payload[name] for row in rows if name in row.payload}):
            found |= {row[0]: row[1] for row in conn.execute(select(key, address).where(key.in_(wanted)))}
    return found
