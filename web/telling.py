"""Who a notice means, at which addresses, in which words: one item of the outbox becomes one for each address.

The keys of those are made of the notice's and the address, so a notice spread twice is delivered once.  Sends nothing.
Called by `delivery` in one transaction.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from meetings import service
from meetings.access import Role
from meetings.errors import Invalid, NotFound
from meetings.meeting import Meeting
from meetings.store.among import among
from scheduler import hearing, outbox, requests, unheard
from scheduler.hearing import Person
from scheduler.notices import To
from scheduler.store import point
from web import places, reach, store
from web.container import Container
from web.i18n import N_, _
from web.notice_words import WORDS, Words

MAIL, SMS = "mail", "sms"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_UNKNOWN = Words(N_("Về cuộc họp: {meeting}"), N_("Có thay đổi về cuộc họp “{meeting}” ({what}). Hãy mở trang cuộc họp để xem."))
MOST_SMS = 300  # characters


def people(conn: Connection, to: To, words: Words, on: date, meeting: Meeting | None = None) -> list[Person]:
    """Everybody a notice reaches: those who answer for a unit, one person, or those who look after a point.

    `on`: whose day it is.  For the secretary of the `meeting` another of the unit hears, where that one has no address.
    """
    def reaches(one: Person) -> bool:
        return bool(one.email or one.phone and words.sms)

    if "user" in to:
        found = _accounts(conn, store.account.c.user_id == to["user"])
        if meeting and to["user"] == meeting.secretary.user_id and not any(map(reaches, found)):
            found = [one for one in _accounts(conn, store.account.c.unit_id == meeting.unit.id) if Role.SECRETARY in one.roles]
        return list(filter(reaches, found))
    if "unit" in to:
        staff, units = _staff(conn, to["unit"], on)
        return hearing.asked(staff, to["unit"], units, reaches)
    row = conn.execute(select(point).where(point.c.point_id == to["point"])).one()
    card = {"technician": Person(row.technician_name or row.name, _email(row.technician_email), _phone(row.technician_phone)),
            "deputy": Person(row.deputy_name or row.name, _email(row.deputy_email), _phone(row.deputy_phone))}
    known = [card[who] for who in words.card or ("technician",) if reaches(card[who])]
    if known and words.card:
        return known
    return known + hearing.keepers(_staff(conn, row.unit_id, on)[0], row.unit_id, reaches)


def _staff(conn: Connection, unit_id: str, on: date) -> tuple[list[Person], frozenset[str]]:
    """The accounts of a unit and of the bodies that act for it, and which units those are."""
    units = requests.answerers(places.tree(conn, on), unit_id, requests.territorial(conn))
    return _accounts(conn, among(store.account.c.unit_id, units)), units


def _accounts(conn: Connection, which: Any) -> list[Person]:
    rows = conn.execute(select(store.account).where(which, store.account.c.disabled_at.is_(None)).order_by(store.account.c.login))
    return [Person(row.name, row.email, row.phone, row.unit_id or "", frozenset(map(Role, row.roles))) for row in rows]


def _email(typed: str | None) -> str | None:
    """Addresses of points may have been typed before anybody checked them."""
    try:
        return reach.address(typed or "")
    except Invalid:
        return None


def _phone(typed: str | None) -> str | None:
    try:
        return reach.phone(typed or "")
    except Invalid:
        return None


def spread(found: Container, conn: Connection, item: outbox.Item, at: datetime) -> bool:
    """One item for each address.  False where there is none: somebody has to enter one; a request is passed on to whoever may help."""
    payload = item.payload
    words = WORDS.get(payload["what"], _UNKNOWN)
    subject, text, address = render(found, conn, payload, words)
    meeting = _known(conn, payload)
    reached = people(conn, payload["to"], words, found.when.local(meeting.start if meeting else at).date(), meeting)
    if not reached:
        unheard.pass_on(conn, payload, at)
        return False
    put(conn, item.key, at, subject, f"{text}\n\n{address}\n", [(one.name, one.email) for one in reached if one.email])
    put_texts(conn, item.key, at, f"{text[:MOST_SMS]} {address}", [one.phone for one in reached if one.phone and words.sms])
    return True


def _known(conn: Connection, payload: Mapping[str, Any]) -> Meeting | None:
    """The meeting that it has to do with, whose units answer as they stand on its day."""
    try:
        return service.get(conn, payload["meeting_id"]) if payload["meeting_id"] else None
    except NotFound:
        return None


def put(
    conn: Connection, key: str, at: datetime, subject: str, text: str, mails: Iterable[tuple[str, str]], until: str | None = None,
) -> None:
    """A letter for each address, once."""
    payloads = {email: {"to": email, "name": name, "subject": subject, "text": text, "until": until} for name, email in mails}
    outbox.put_all(conn, [(_key(MAIL, key, email), MAIL, at, payload) for email, payload in payloads.items()])


def put_texts(conn: Connection, key: str, at: datetime, text: str, numbers: Iterable[str], until: str | None = None) -> None:
    """A message for each telephone, once."""
    more = {"until": until} if until else {}
    outbox.put_all(conn, [(_key(SMS, key, number), SMS, at, {"to": number, "text": text, **more}) for number in dict.fromkeys(numbers)])


def _key(kind: str, key: str, address: str) -> str:
    return f"{key}:{kind}:{hashlib.sha256(address.casefold().encode()).hexdigest()[:12]}"


def render(found: Container, conn: Connection, payload: Mapping[str, Any], words: Words) -> tuple[str, str, str]:
    """(subject, text, address of the page) in the present language."""
    values = {name: _said(found, value) for name, value in payload["params"].items()}
    values = {"what": payload["what"], "meeting_id": payload["meeting_id"] or "", **_meeting(found, conn, payload), **values}
    values |= words.more(found, payload) if words.more else {}
    named = _Values(values)
    path = (words.path if isinstance(words.path, str) else words.path(found, payload)).format_map(named)
    return (_(words.subject).format_map(named), _(words.text).format_map(named),
            found.settings.base_url + path)


class _Values(dict[str, Any]):
    """A notice whose params lack a name is still worth more than none."""

    def __missing__(self, key: str) -> str:
        return "…"


def _meeting(found: Container, conn: Connection, payload: Mapping[str, Any]) -> dict[str, str]:
    meeting = _known(conn, payload)
    if meeting is None:
        return {}
    return {"meeting": meeting.title, "time": found.when.span(meeting.start, meeting.end),
            "place": meeting.place or meeting.unit.name, "chair": meeting.chair.name, "unit_name": meeting.unit.name}


def _said(found: Container, value: Any) -> Any:
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        instant = datetime.fromisoformat(value)
        return f"{found.when.clock(instant)} {found.when.date(found.when.local(instant).date())}"
    return ", ".join(map(str, value)) if isinstance(value, list) else value
