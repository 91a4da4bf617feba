"""What became of what was to be told: sent, waiting, refused with the server's words, or for nobody who has an address.

Read from the rows of the outbox: a notice, its letters and messages under its key, and the attempts that people asked for.
Reads only.  Called by the pages on which whoever is responsible sees it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, or_, select

from meetings.store.among import among
from scheduler import notices, outbox
from scheduler.mail_table import invitee, series_guest
from scheduler.outbox_table import outbox as table
from scheduler.series_invitations import INVITE

NOBODY: Final = "nobody"  # as the error of a notice that reaches no address
_o = table.c


class Sent(StrEnum):
    """NO: it was never to be told."""

    NO = ""
    WAITING = "waiting"
    SENT = "sent"
    NOBODY = "nobody"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Fate:
    """`why`: the words of the server, of what waits for another try too; `item`: the row that a press tries once more."""

    sent: Sent
    why: str = ""
    item: int | None = None


def of_notices(conn: Connection, meeting_id: str, whats: Sequence[str]) -> list[tuple[Mapping[str, Any], Fate]]:
    """Each notice of these kinds to do with the meeting, in the order in which they were told: (payload, what became of it)."""
    where = or_(*(outbox.under(conn, notices.prefix(what, meeting_id)) for what in whats))
    told = conn.execute(select(table).where(where, _o.kind == notices.KIND).order_by(_o.item_id)).all()
    rows = conn.execute(select(_o.item_id, _o.key, _o.state, _o.error).where(where, _o.kind != notices.KIND).order_by(_o.item_id)).all()
    letters: dict[str, dict[str, Row[Any]]] = {}
    for row in rows:
        notice, letter = _taken_apart(row.key)
        letters.setdefault(notice, {})[letter] = row  # the last attempt of each
    last = {_base(row.key): row for row in told if row.state != "cancelled"}
    return [(row.payload, _fate(row, letters.get(key, {}).values())) for key, row in last.items()]


def of_invitations(conn: Connection, meeting_id: str, series_id: str | None = None) -> dict[str, Fate]:
    """What became of the newest invitation to each address, in small letters.  `series_id`: the series it is told with."""
    column, name = (series_guest.c.guest_id, "guest") if series_id else (invitee.c.invitee_id, "invitee")
    where = outbox.under(conn, f"{INVITE}:{series_id or meeting_id}:")
    rows = conn.execute(select(_o.item_id, _o.key, _o.state, _o.error).where(where, _o.state != "cancelled").order_by(_o.item_id)).all()
    newest = {row.key.split(":")[2]: row for row in rows}
    addresses = conn.execute(select(column.label("id"), column.table.c.address).where(among(column, newest)))
    return {row.address.casefold(): _letter(newest[row.id]) for row in addresses}


def belongs(conn: Connection, item: int, meeting_id: str, series_id: str | None = None) -> bool:
    """Whether this row tells somebody of this meeting."""
    key = conn.execute(select(_o.key).where(_o.item_id == item)).scalar()
    own = (f"{notices.KIND}:{meeting_id}:", *(f"{kind}:{one}:" for kind in (INVITE, f"un{INVITE}") for one in (meeting_id, series_id) if one))
    return key is not None and key.startswith(own)


def _fate(notice: Row[Any], letters: Iterable[Row[Any]]) -> Fate:
    """One letter that came is enough."""
    if notice.state != "done":
        return Fate(Sent.NOBODY, item=notice.item_id) if notice.error == NOBODY else _letter(notice)
    fates = [_letter(row) for row in letters if row.state != "cancelled"]
    order = (Sent.SENT, Sent.WAITING, Sent.FAILED)
    return min(fates, key=lambda one: order.index(one.sent), default=Fate(Sent.NO))


def _letter(row: Row[Any]) -> Fate:
    if row.state == "done":
        return Fate(Sent.SENT)
    if row.state == "failed":
        return Fate(Sent.FAILED, row.error or "?", row.item_id)
    return Fate(Sent.WAITING, row.error or "", row.item_id)


def _base(key: str) -> str:
    """Of the first attempt."""
    return key.partition(outbox.AGAIN)[0]


def _taken_apart(key: str) -> tuple[str, str]:
    """(notice, address) of a letter's key: what is between may say that the notice, or the letter, was asked for again."""
    head, kind, address = key.rsplit(":", 2)
    return _base(head), f"{kind}:{_base(address)}"
