"""What the pages outside the minutes need to know of them: how far they are, who still has to act, what to do next.

The only bridge from the meeting pages to `minutes`; it reads and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from meetings.access import Action, Resource, Subject, decide
from meetings.meeting import Meeting, State
from minutes import round_store, store
from minutes.signing import AWAITS, DRAFT, RoundState
from web.i18n import N_, _

# What is awaited in each state of a round: (what the button says, its icon, the sentence on the page).
NEXT: dict[str, tuple[str, str, str]] = {
    "draft": (N_("Cấp số biên bản"), "stamp", N_("Dự thảo đã lập. Chờ văn thư cấp số.")),
    "numbered": (N_("Ký nháy biên bản"), "pen-line", N_("Đã cấp số. Chờ lãnh đạo phòng ký nháy.")),
    "initialled": (N_("Ký biên bản"), "pen-line", N_("Đã ký nháy. Chờ thư ký ký.")),
    "secretary_signed": (N_("Ký biên bản"), "pen-line", N_("Thư ký đã ký. Chờ chủ trì ký.")),
    "chair_signed": (N_("Đóng dấu biên bản"), "stamp", N_("Chủ trì đã ký. Chờ văn thư đóng dấu.")),
    "sealed": (N_("Phát hành biên bản"), "send", N_("Đã đóng dấu. Chờ văn thư phát hành.")),
    "issued": (N_("Xem biên bản"), "file-text", N_("Đã phát hành.")),
}


@dataclass(frozen=True, slots=True)
class Summary:
    """The record of one meeting in a sentence."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """One record that waits for this person."""

    title: str
    detail: str
    href: str
    verb: str
    icon: str


def _address(meeting_id: str) -> str:
    return f"/meetings/{meeting_id}/minutes"


def step(conn: Connection, meeting: Meeting) -> int:
    """0 being drafted, 1 numbered or being signed, 2 issued."""
    if meeting.state is not State.CONCLUDED:
        return 0
    found = round_store.standing(conn, meeting.meeting_id)
    if found is None or found.state == DRAFT:
        return 0
    return 2 if found.state == RoundState.ISSUED else 1


def issued(conn: Connection, meeting_id: str) -> bool:
    return store.issued(conn, meeting_id)


def drafted(conn: Connection, meeting_id: str) -> bool:
    return store.of_meeting(conn, meeting_id) is not None


def _title(number: int | None, symbol: str | None) -> str:
    if number is None:
        return _("Dự thảo biên bản")
    return _("Biên bản số {number}/{symbol}", number=f"{number:02d}", symbol=symbol)


def waiting(conn: Connection, subject: Subject) -> list[Waiting]:
    """What waits for this person's signature, number, seal or issue, the newest record first."""
    if subject.user_id is None:
        return []
    return [
        Waiting(_title(one.number, one.symbol), one.title, _address(one.meeting_id), _(NEXT[one.state][0]),
                NEXT[one.state][1])
        for one in round_store.awaiting(conn, subject.user_id)
    ]


def next_action(
    conn: Connection, subject: Subject, meeting: Meeting, resource: Resource
) -> Mapping[str, Any] | None:
    """The primary button after the meeting."""
    found = round_store.standing(conn, meeting.meeting_id)
    if found is None or not decide(subject, Action.MINUTES_READ, resource).allowed:
        return None
    post = AWAITS.get(found.state)
    mine = post is not None and getattr(meeting, post).user_id == subject.user_id
    verb, icon, _sentence = NEXT[found.state if mine else RoundState.ISSUED]
    return {"text": _(verb), "href": _address(meeting.meeting_id), "icon": icon}


def summary(conn: Connection, subject: Subject, meeting: Meeting, resource: Resource) -> Summary | None:
    """None while there is nothing this person may know of."""
    found = round_store.standing(conn, meeting.meeting_id)
    if found is None or not decide(subject, Action.MINUTES_READ, resource).allowed:
        return None
    return Summary(_title(found.number, found.symbol), _(NEXT[found.state][2]))
