"""Opinion slips as pages show them: to whoever sent them, and to somebody who is asked.  Reads only; never what was answered before the
end, but one's own answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from meetings import papers, slips
from meetings.access import PersonRef
from meetings.errors import NotFound
from meetings.papers import Document
from meetings.store import slip_store, vote_store
from meetings.voting import Choice, Option, Rule
from web import slip_letters, votes_view
from web import voting_words as said
from web.container import Container
from web.i18n import N_, _
from web.votes_view import Vote

WAYS = {"mail": N_("thư riêng"), "sms": N_("tin nhắn"), "point": N_("qua điểm cầu"), "none": N_("đường dẫn đã thu hồi")}


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody, or a point, that is asked.  links: (person, address of the slip, how it is sent) of those who may still answer."""

    name: str
    at: datetime | None
    by: str
    links: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """For whoever sent the slips.  over: the deadline has passed and the result is not stated yet."""

    vote: Vote
    due: datetime
    over: bool
    asked: Sequence[Asked]
    reminders: Sequence[Row[Any]]
    joined: str

    @property
    def silent(self) -> list[Asked]:
        return [one for one in self.asked if one.at is None]


def of_sender(found: Container, conn: Connection, meeting_id: str, motion_id: str, now: datetime) -> Sent:
    """Raises NotFound("motion.unknown") for what is no slip."""
    vote = next((one for one in votes_view.votes(conn, meeting_id) if one.motion_id == motion_id and one.by_slip), None)
    if vote is None or vote.standing == "prepared":
        raise NotFound("motion.unknown")
    open_, links = vote.standing == "open", dict[str, list[tuple[str, str, str]]]()
    if open_:
        for one in slip_letters.reached(found, conn, meeting_id, motion_id):
            address = f"{found.settings.base_url}/p/{one.card.secret}/slips/{motion_id}" if one.card.secret else ""
            links.setdefault(one.voter_id, []).append((one.card.person.name, address, _way(one.way, address)))
    asked = [Asked(one.name, one.cast_at, one.by or "", tuple(links.get(one.voter_id, ())) if one.cast_at is None else ())
             for one in slip_store.slips(conn, motion_id)]
    joined = vote_store.load(conn, vote.joins).title if vote.joins else ""
    return Sent(vote, vote.row.due_at, open_ and now >= vote.row.due_at, asked, slip_store.reminders(conn, motion_id), joined)


def _way(way: str, address: str) -> str:
    said = WAYS[way if address else "none"]
    return _(said)


@dataclass(frozen=True, slots=True)
class Slip:
    """For somebody who is asked.  options: (choice, in words, whether words are wanted); mine: the answer that was given, if any.

    own: it is this person's answer, and not that of somebody else at the same point.
    """

    motion: Row[Any]
    of: str
    rule_said: str
    options: Sequence[tuple[str, str, bool]]
    open: bool
    mine: Row[Any] | None
    own: bool
    choice_said: str
    documents: Sequence[Document]
    result: Vote | None


def of_person(conn: Connection, motion_id: str, ref: PersonRef, now: datetime) -> Slip:
    """Raises NotFound("motion.unknown"), NotAllowed("ballot.not_entitled")."""
    motion, row = slips.asked(conn, motion_id, ref)
    options = vote_store.options_of(conn, motion_id)
    mine = next(one for one in listed(conn, ref) if one.motion_id == motion_id and one.voter_id == row.voter_id)
    answered = mine if mine.receipt else None
    result = None
    if motion.closed_at is not None:
        result = next(one for one in votes_view.votes(conn, motion.meeting_id, names=False) if one.motion_id == motion_id)
    return Slip(
        motion, row.point if row.person_id is None else "", said.rule_said(Rule.from_data(motion.rule), options),
        [(option.choice, said.option_said(option, True), option.means is Choice.ABSTAIN) for option in options],
        motion.closed_at is None and now <= motion.due_at, answered, bool(answered and answered.by_person in (ref.person_id, ref.link_id)),
        _chosen(options, answered.choice) if answered else "", papers.documents(conn, motion.meeting_id), result)


def _chosen(options: Sequence[Option], choice: str) -> str:
    return next(said.option_said(option, True) for option in options if option.choice == choice)


def listed(conn: Connection, ref: PersonRef) -> list[Row[Any]]:
    """All slips that were sent to this person, or to the point, the newest first."""
    return slip_store.of_person(conn, ref.meeting_id, {ref.person_id, ref.link_id}, ref.point_id)
