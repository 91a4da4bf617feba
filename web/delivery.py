"""Does what is due: spreads notices and changes, and hands letters and messages over.  Three lanes, none waits for another.

Each lane claims its own kinds of items and may run in several processes at once.  The line to a server is opened before
anything is claimed, so a server that is away costs no item a try, and what has no server set up simply waits.  Decides
nothing about meetings.  Made by `web/app.py` and by the `schedule` command; called by tickers, one thread a lane.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from meetings import admission, service
from minutes import service as minutes
from minutes.pdf import render_pdf
from scheduler import invitations, invitees, outbox, series_invitations
from scheduler.calendar_mail import REQUEST, Party
from scheduler.mail_table import channel
from scheduler.outbox import Expired, Item, Refused
from scheduler.sent import NOBODY
from scheduler.workday_store import working_days
from web import duties, guests, letters, series_view, telling
from web.container import Container
from web.i18n import _, speak
from web.mailer import Away, Letter, Mailer, SmtpMailer
from web.sms import FolderTexter, Texter

log = logging.getLogger("web.delivery")
MAIL_KINDS: Final = frozenset({invitations.INVITE, telling.MAIL})
SMS_KINDS: Final = frozenset({telling.SMS})
PAUSE_S: Final = 15.0  # until a server that was away is asked again
NOT_SET: Final = "not set"  # as the reason of a channel nobody has set up


class Delivery:
    """`mailer` and `texter` are those of the settings unless a test brings its own."""

    def __init__(self, found: Container, mailer: Mailer | None = None, texter: Texter | None = None) -> None:
        settings = found.settings
        self._found = found
        self._worker = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._mailer = mailer or (SmtpMailer(settings) if settings.smtp_host and settings.smtp_from else None)
        self._texter = texter or (FolderTexter(settings.sms_folder) if settings.sms_folder else None)
        self._ending = threading.Event()
        self._asked: dict[str, float] = {}
        self._told: dict[str, str | None] = {}
        self._document = lru_cache(maxsize=8)(self._print)
        self._inner: Mapping[str, Callable[[Item], None]] = {
            invitations.SPREAD: self._spread, "notice": self._notice,
            **{kind: self._duty for kind in duties.DUTIES},
        }

    def end(self) -> None:
        """What is in hand is brought to its end; nothing more is taken."""
        self._ending.set()

    # --- lanes -----------------------------------------------------------------------------------------------------

    def inner(self, _now: datetime) -> int:
        """What needs no server."""
        speak(self._found.settings.language)
        return self._work(lambda item: self._inner[item.kind](item), self._inner.keys())

    def mails(self, _now: datetime) -> int:
        """Letters, over one line for all that are due."""
        mailer = self._mailer
        if not self._may("mail", MAIL_KINDS, mailer and mailer.open) or mailer is None:
            return 0
        try:
            return self._work(lambda item: mailer.send(self._letter(item)), MAIL_KINDS, lambda: mailer.ready)
        finally:
            mailer.close()

    def texts(self, _now: datetime) -> int:
        """Messages to telephones."""
        texter = self._texter
        if not self._may("sms", SMS_KINDS, texter and texter.open) or texter is None:
            return 0
        return self._work(lambda item: texter.send(item.key, item.payload["to"], item.payload["text"]), SMS_KINDS)

    def _work(self, deliver: Callable[[Item], None], kinds: Any, go_on: Callable[[], bool] = lambda: True) -> int:
        def while_of_use(item: Item) -> None:
            until = item.payload.get("until")
            if until is not None and self._found.clock.now() >= datetime.fromisoformat(until):
                raise Expired
            deliver(item)

        return outbox.work(self._found.db, self._worker, while_of_use, self._found.clock.now, kinds=kinds,
                           go_on=lambda: go_on() and not self._ending.is_set())

    def _may(self, name: str, kinds: frozenset[str], opening: Callable[[], None] | None) -> bool:
        """Whether anything is due there and the line stands.  What is found out is noted for the page of operations."""
        if opening is None:
            self._note(name, NOT_SET)
            return False
        with self._found.db.read() as conn:
            due = outbox.next_due(conn, kinds)
        if due is None or due > self._found.clock.now() or time.monotonic() < self._asked.get(name, 0.0):
            return False
        speak(self._found.settings.language)
        try:
            opening()
        except Away as away:
            self._asked[name] = time.monotonic() + PAUSE_S
            self._note(name, str(away) or "away")
            return False
        self._note(name, None)
        return True

    def _note(self, name: str, reason: str | None) -> None:
        """Written when it changes, as far as this process knows."""
        if name in self._told and self._told[name] == reason:
            return
        if reason not in (None, NOT_SET):
            log.warning("channel.away name=%s reason=%s", name, reason)
        with self._found.db.write() as conn:
            insert = (postgresql if conn.dialect.name == "postgresql" else sqlite).insert(channel)
            values = {"away_since": self._found.clock.now() if reason else None, "reason": (reason or "")[:500]}
            conn.execute(insert.values(name=name, **values).on_conflict_do_update(
                index_elements=[channel.c.name], set_=values, where=channel.c.reason != values["reason"]))
        self._told[name] = reason

    # --- what needs no server ----------------------------------------------------------------------------------------

    def _notice(self, item: Item) -> None:
        with self._found.db.write() as conn:
            heard = telling.spread(self._found, conn, item, self._found.clock.now())
        if not heard:
            raise Refused(NOBODY)

    def _spread(self, item: Item) -> None:
        with self._found.db.write() as conn:
            if "series_id" in item.payload:
                series_invitations.spread(conn, item.payload, guests.of_meetings, self._found.clock.now())
                return
            wanted = guests.of_meeting(conn, service.get(conn, item.payload["meeting_id"]))
            invitations.spread(conn, item.payload, wanted, working_days(conn), self._found.clock.now())

    def _duty(self, item: Item) -> None:
        with self._found.db.write() as conn:
            duties.DUTIES[item.kind](self._found, conn, item, self._found.clock.now())

    # --- letters -----------------------------------------------------------------------------------------------------

    def _letter(self, item: Item) -> Letter:
        at, payload = self._found.clock.now(), item.payload
        key = item.key.partition(outbox.AGAIN)[0]
        if item.kind == telling.MAIL:
            return letters.notice(key, self._sender(), Party(payload["to"], payload["name"]), payload["subject"], payload["text"], at)
        with self._found.db.read() as conn:
            return (self._of_series if "series_id" in payload else self._invitation)(conn, key, payload, at)

    def _invitation(self, conn: Connection, key: str, payload: Mapping[str, Any], at: datetime) -> Letter:
        found = self._found
        who = invitees.get(conn, payload["invitee"])
        meeting = service.get(conn, payload["meeting_id"])
        sequence, stamped = payload["sequence"], datetime.fromisoformat(payload["stamped"])
        here = f"{found.settings.base_url}/meetings/{meeting.meeting_id}"
        entry = invitations.entry(meeting, sequence, stamped, here)
        standing = invitations.standing(conn, meeting.meeting_id)
        if payload["method"] == REQUEST and (standing is None or standing[0] != sequence):
            raise Expired  # a newer form is on its way
        secret = admission.link_secret(found.keys.replies, who.invitee_id, 0)
        document = self._document(meeting.meeting_id, sequence) if payload["method"] == REQUEST else None
        return letters.invitation(
            key, self._sender(meeting.unit.name), Party(who.address, who.name), [entry], found.when, method=payload["method"],
            chair=meeting.chair.name, unit=meeting.unit.name, answer=f"{found.settings.base_url}/r/{secret}",
            document=document, at=at)

    def _of_series(self, conn: Connection, key: str, payload: Mapping[str, Any], at: datetime) -> Letter:
        found, only = self._found, payload["only"]
        who = series_invitations.standing(conn, payload["guest"])
        if who.item != key:
            raise Expired  # a newer form is on its way
        meeting = service.get(conn, payload["meeting_id"])
        plain = series_view.plain(found, payload["series_id"], meeting, payload["sequence"], datetime.fromisoformat(payload["stamped"]))
        dates, entries = who.form.mail(plain, who.mine, payload)
        times = tuple((one.start, one.end) for one in dates)
        document = self._document(meeting.meeting_id, payload["sequence"], who.form.rule, times) if payload["method"] == REQUEST else None
        one = invitees.of_address(conn, [only], who.address) if only else ()
        secret = admission.link_secret(found.keys.replies, one[0].invitee_id if one else who.guest_id, 0)
        told = letters.Told(series_view.words(who.form, dates, found.when, payload["count"]), times, bool(only), payload["first"])
        return letters.invitation(
            key, self._sender(meeting.unit.name), Party(who.address, who.name), entries, found.when, method=payload["method"],
            chair=meeting.chair.name, unit=meeting.unit.name, answer=f"{found.settings.base_url}/r/{secret}", document=document, at=at, series=told)

    def _sender(self, name: str = "") -> Party:
        address = self._found.settings.smtp_from
        if not address:
            raise Refused(_("Chưa đặt địa chỉ gửi thư (DIEMCAU_SMTP_FROM)."))
        return Party(address, f"{name} ({letters.PRODUCT})" if name else letters.PRODUCT)

    def _print(
        self, meeting_id: str, _sequence: int, rule: str = "", dates: tuple[tuple[datetime, datetime], ...] = (),
    ) -> tuple[str, bytes] | None:
        """The invitation as a document, to one meeting or to these dates of a series, printed once for all who get this form of it."""
        with self._found.db.read() as conn:
            model = series_view.document(conn, meeting_id, rule, dates)
        return None if model is None else (f"{minutes.invitation_stem(model)}.pdf", render_pdf(model).data)


def states(conn: Connection) -> dict[str, Any]:
    """How the channels were found last: name → row."""
    return {row.name: row for row in conn.execute(select(channel))}
