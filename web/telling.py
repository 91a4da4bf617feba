"""Who a notice means, at which addresses, in which words: one item of the outbox becomes one for each address.

The keys of those are made of the notice's and the address, so a notice spread twice is delivered once.  Sends nothing.
Called by `delivery` in one transaction.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from meetings import service
from meetings.access import Role
from meetings.errors import Invalid, NotFound
from scheduler import outbox
from scheduler.store import point
from web import reach, store
from web.container import Container
from web.i18n import N_, _
from web.notice_words import WORDS, Words

MAIL, SMS = "mail", "sms"
NOBODY = "nobody"  # as the error of a notice that reaches no address
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_UNKNOWN = Words(N_("Về cuộc họp: {meeting}"), N_("Có thay đổi về cuộc họp “{meeting}” ({what}). Hãy mở trang cuộc họp để xem."))
_MOST_SMS = 300  # characters


@dataclass(frozen=True, slots=True)
class Reached:
    """A person with an address or a number, or both."""

    name: str
    email: str | None
    phone: str | None


def people(conn: Connection, to: Mapping[str, Any], what: str) -> list[Reached]:
    """Everybody a notice is for: the secretaries of a unit, one person, or those who look after a point."""
    if "user" in to:
        return _accounts(conn, store.account.c.user_id == to["user"])
    if "unit" in to:
        return [one for one in _accounts(conn, store.account.c.unit_id == to["unit"], Role.SECRETARY)]
    row = conn.execute(select(point).where(point.c.point_id == to["point"])).one()
    known = [Reached(row.technician_name or row.name, _email(row.technician_email), _phone(row.technician_phone))]
    if what.endswith(".deputy"):
        return [Reached(row.deputy_name or row.name, _email(row.deputy_email), _phone(row.deputy_phone))]
    if what.endswith(".technician") and (known[0].email or known[0].phone):
        return known
    return known + _accounts(conn, store.account.c.unit_id == row.unit_id, Role.OFFICER, Role.TECHNICIAN)


def _accounts(conn: Connection, which: Any, *roles: Role) -> list[Reached]:
    rows = conn.execute(select(store.account).where(which, store.account.c.disabled_at.is_(None)).order_by(store.account.c.login))
    return [Reached(row.name, row.email, row.phone) for row in rows if not roles or set(roles) & set(row.roles)]


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


def spread(found: Container, conn: Connection, item: outbox.Item, at: datetime) -> None:
    """One item for each address.  Raises Refused(NOBODY) where there is none: somebody has to enter one."""
    payload = item.payload
    words = WORDS.get(payload["what"], _UNKNOWN)
    subject, text, address = render(found, conn, payload, words)
    reached = people(conn, payload["to"], payload["what"])
    mails = [(one.name, one.email) for one in reached if one.email]
    texts = [one.phone for one in reached if one.phone and words.sms]
    if not mails and not texts:
        raise outbox.Refused(NOBODY)
    put(conn, item.key, at, subject, f"{text}\n\n{address}\n", mails)
    short = f"{text[:_MOST_SMS]} {address}"
    outbox.put_all(conn, [(_key(SMS, item.key, number), SMS, at, {"to": number, "text": short}) for number in dict.fromkeys(texts)])


def put(
    conn: Connection, key: str, at: datetime, subject: str, text: str, mails: Iterable[tuple[str, str]], until: str | None = None,
) -> None:
    """A letter for each address, once."""
    payloads = {email: {"to": email, "name": name, "subject": subject, "text": text, "until": until} for name, email in mails}
    outbox.put_all(conn, [(_key(MAIL, key, email), MAIL, at, payload) for email, payload in payloads.items()])


def _key(kind: str, key: str, address: str) -> str:
    return f"{key}:{kind}:{hashlib.sha256(address.casefold().encode()).hexdigest()[:12]}"


def render(found: Container, conn: Connection, payload: Mapping[str, Any], words: Words) -> tuple[str, str, str]:
    """(subject, text, address of the page) in the present language."""
    values = {name: _said(found, value) for name, value in payload["params"].items()}
    values = {"what": payload["what"], "meeting_id": payload["meeting_id"] or "", **_meeting(found, conn, payload), **values}
    named = _Values(values)
    path = words.path.format_map(named) if isinstance(words.path, str) else words.path(found, payload)
    return (_(words.subject).format_map(named), _(words.text).format_map(named),
            found.settings.base_url + path)


class _Values(dict[str, Any]):
    """A notice whose params lack a name is still worth more than none."""

    def __missing__(self, key: str) -> str:
        return "…"


def _meeting(found: Container, conn: Connection, payload: Mapping[str, Any]) -> dict[str, str]:
    if payload["meeting_id"] is None:
        return {}
    try:
        meeting = service.get(conn, payload["meeting_id"])
    except NotFound:
        return {}
    return {"meeting": meeting.title, "time": found.when.span(meeting.start, meeting.end),
            "place": meeting.place or meeting.unit.name, "chair": meeting.chair.name, "unit_name": meeting.unit.name}


def _said(found: Container, value: Any) -> Any:
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        instant = datetime.fromisoformat(value)
        return f"{found.when.clock(instant)} {found.when.date(found.when.local(instant).date())}"
    return ", ".join(map(str, value)) if isinstance(value, list) else value
