"""How slips reach those who are asked: a letter to whoever has an account of that name in the unit of the point, a message to the
telephone that was registered, else a letter to those who look after the point, with the links they are to pass on.

Each link is made when it is sent, so none lies in the outbox before.  Decides nothing about slips; called by `delivery` for the kinds
of `scheduler.slip_rounds`, in one transaction, and by the page of who has answered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from meetings import service, slips
from meetings.errors import Invalid
from meetings.ledger import stamp
from meetings.meeting import Meeting
from meetings.store import slip_store, vote_store
from meetings.store.among import among
from meetings.texts import plain
from meetings.voting import Rule
from scheduler import person_links, roll_call, slip_rounds
from scheduler.outbox import Item
from scheduler.person_links import Card
from scheduler.store import point
from web import reach, store, telling
from web.container import Container
from web.i18n import _
from web.notice_words import Words

_POINT = Words("", "")


@dataclass(frozen=True, slots=True)
class Reached:
    """Somebody who may answer a slip, with the own link and where it goes: an address, else a telephone, else by the point."""

    card: Card
    voter_id: str
    email: str = ""
    phone: str = ""

    @property
    def way(self) -> str:
        return "mail" if self.email else "sms" if self.phone else "point"


def reached(found: Container, conn: Connection, meeting_id: str, motion_id: str) -> list[Reached]:
    """Everybody who is asked, answered or not: each person, or the people of each point that is asked."""
    over = Rule.from_data(vote_store.load(conn, motion_id).rule).over
    asked = {one.voter_id for one in vote_store.voters(conn, motion_id)}
    cards = person_links.cards_of(conn, found.keys.persons, meeting_id, roll_call.rolls(conn, meeting_id))
    mine = [(card, who) for card in cards for who in _ids(card, over) & asked]
    emails, phones = _emails(conn, {card.seat.unit for card, _who in mine}), slip_rounds.phones(conn, meeting_id)
    return [Reached(card, who, emails.get((card.seat.unit, plain(card.person.name)), ""), _phone(phones.get(card.person.entry_id, "")))
            for card, who in mine]


def _ids(card: Card, over: str) -> set[str]:
    """Under which the person, or the point, may have been asked."""
    return {card.person.person_id, card.person.link_id} if over == "persons" else {str(card.seat.point_id)}


def _emails(conn: Connection, units: set[str]) -> dict[tuple[str, str], str]:
    """(unit, name) → the address of the one account of that name there."""
    a = store.account.c
    rows = conn.execute(select(a.unit_id, a.name, a.email).where(among(a.unit_id, units), a.disabled_at.is_(None), a.email.is_not(None))).all()
    named: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        named[row.unit_id, plain(row.name)].append(row.email)
    return {who: found[0] for who, found in named.items() if len(found) == 1}


def _phone(typed: str) -> str:
    try:
        return reach.phone(typed) or ""
    except Invalid:
        return ""


def send(found: Container, conn: Connection, item: Item, at: datetime) -> None:
    """`round`: a reminder; none: the first time.  Whoever has answered hears nothing."""
    motion = vote_store.load(conn, item.payload["motion"])
    if motion.closed_at is None:
        _send(found, conn, service.get(conn, motion.meeting_id), motion.motion_id, item.key, item.payload, at)


def remind(found: Container, conn: Connection, item: Item, at: datetime) -> None:
    """The reminder that comes by itself."""
    motion = vote_store.load(conn, item.payload["motion"])
    if item.payload["until"] != stamp(motion.due_at):
        return  # it was planned for a deadline that has moved
    n = slips.remind_by_clock(conn, motion.motion_id, at)
    if n is not None:
        _send(found, conn, service.get(conn, motion.meeting_id), motion.motion_id, item.key, {**item.payload, "round": n}, at)


def end(_found: Container, conn: Connection, item: Item, at: datetime) -> None:
    """The deadline: the result is stated."""
    slip_rounds.end(conn, item.payload["motion"], at)


DUTIES = {slip_rounds.SEND: send, slip_rounds.REMIND: remind, slip_rounds.END: end}


def _send(
    found: Container, conn: Connection, meeting: Meeting, motion_id: str, key: str, payload: Mapping[str, Any], at: datetime,
) -> None:
    motion = vote_store.load(conn, motion_id)
    silent = {one.voter_id for one in slip_store.slips(conn, motion_id) if one.cast_at is None}
    values = {"title": motion.title, "meeting": meeting.title, "chair": meeting.chair.name, "due": found.when.moment(motion.due_at)}
    subject = _("Nhắc: chưa trả lời phiếu lấy ý kiến: {title}", **values) if "round" in payload else _("Phiếu lấy ý kiến: {title}", **values)
    rest: dict[int, list[Reached]] = defaultdict(list)
    for one in reached(found, conn, meeting.meeting_id, motion_id):
        if one.voter_id not in silent or not one.card.secret:
            continue
        address = f"{found.settings.base_url}/p/{one.card.secret}/slips/{motion_id}"
        text = _("{chair} xin ý kiến của {name} về “{title}” (cuộc họp “{meeting}”). Hạn trả lời: {due}. Mỗi người trả lời một lần.",
                 name=one.card.person.name, **values)
        if one.email:
            own = _("Đường dẫn dưới đây là của riêng bạn, đừng gửi cho người khác.")
            telling.put(conn, f"{key}:{one.card.person.link_id}", at, subject, f"{text}\n\n{address}\n\n{own}\n",
                        [(one.card.person.name, one.email)], payload["until"])
        elif one.phone:
            telling.put_texts(conn, f"{key}:{one.card.person.link_id}", at, f"{text[: telling.MOST_SMS]} {address}", [one.phone], payload["until"])
        else:
            rest[one.card.seat.point_id].append(one)
    for point_id, people in rest.items():
        _by_point(found, conn, meeting, motion_id, f"{key}:{point_id}", subject, values, people, payload["until"], at)


def _by_point(
    found: Container, conn: Connection, meeting: Meeting, motion_id: str, key: str, subject: str, values: Mapping[str, str],
    people: Iterable[Reached], until: str, at: datetime,
) -> None:
    """Those who look after the point pass the links on; where nobody of them has an address, the secretary sees it on the page."""
    people = list(people)
    point_id = people[0].card.seat.point_id
    if conn.execute(select(point.c.point_id).where(point.c.point_id == point_id)).first() is None:
        return  # a point of an older list that nobody keeps any more
    keepers = telling.people(conn, {"point": point_id}, _POINT, found.when.local(at).date(), meeting)
    lead = _("{chair} xin ý kiến về “{title}” (cuộc họp “{meeting}”), hạn {due}. Những người sau ở {point} chưa có thư hay điện thoại trong hệ "
             "thống. Hãy chuyển cho từng người đường dẫn riêng của họ:", point=people[0].card.seat.name, **values)
    lines = [f"{one.card.person.name}: {found.settings.base_url}/p/{one.card.secret}/slips/{motion_id}" for one in people]
    telling.put(conn, key, at, subject, "\n".join([lead, "", *lines, ""]), [(one.name, one.email) for one in keepers if one.email], until)
