"""Delegates, calendars by address and working days, as programs send and see them.  Only shapes; `show_*` make them from values."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, Strict
from sqlalchemy import Row

from meetings.store.seat_store import Seat
from scheduler.feeds import Feed
from scheduler.invitees import Invitee
from scheduler.sent import Fate, Sent
from scheduler.workday_store import Told
from scheduler.workdays import WorkingDays
from web.api.shapes import Code, In, Line, Moment, Out, Text, example
from web.when import FIRST_YEAR, LAST_YEAR

Name = Annotated[Text, Field(max_length=50, examples=["Hoàng Văn Sơn"])]
Post = Annotated[Text, Field(max_length=100, examples=["Chủ tịch UBND xã"])]
Phone = Annotated[Text, Field(max_length=40, examples=["0912 345 678"])]
Day = Annotated[date, Strict(False), Field(ge=date(FIRST_YEAR, 1, 1), le=date(LAST_YEAR, 12, 31))]


class DelegateIn(In):
    """Who comes for a point: lengths as in annex VI of Decree 30/2020."""

    model_config = example(point="06973", name="Hoàng Văn Sơn", post="Chủ tịch UBND xã", phone="0912 345 678")

    point: Code = Field(description="Code of a point of the meeting that is yours to name delegates for.")
    name: Name
    post: Post = ""
    phone: Phone = ""


class ReplaceIn(In):
    """Who comes instead, and why."""

    model_config = example(name="Lê Thị Mai", post="Phó Chủ tịch UBND xã", reason="Chủ tịch đi công tác")

    name: Name
    post: Post = ""
    phone: Phone = ""
    reason: Line


class WithdrawIn(In):
    model_config = example(reason="Không cử người dự")

    reason: Line


class DueIn(In):
    model_config = example(due="2026-03-05T17:00:00+07:00")

    due: Moment


class DelegateOut(Out):
    """A delegate as named before the meeting; who was there is in its record."""

    id: str
    point: str = Field(description="Code of the point.", examples=["06973"])
    name: str
    post: str
    phone: str
    replaces: str | None = Field(description="Id of the delegate in whose place this one comes.")
    registered_at: datetime


class InviteeOut(Out):
    """Somebody who is invited by mail.  `answer` counts for the present time of the meeting; an answer to an earlier time counts no more."""

    id: str
    point: str | None = Field(description="Code of the point the invitation is for; null: for the person.", examples=["06973"])
    name: str
    address: str
    answer: Literal["needs-action", "accepted", "declined", "tentative", "delegated"]
    comment: str
    answered_at: datetime | None
    sent: Sent = Field(description="What became of the newest invitation; empty: none is known.")
    refused: str = Field(description="The words of the mail server that did not take it, for ever or for now; empty: none.")


class DueOut(Out):
    """Until when points name their delegates themselves; the meeting's secretary may later."""

    due: datetime


class FeedIn(In):
    """Whose calendar: a point's, or without one your own."""

    model_config = example(point="06973")

    point: Code | None = None


class FeedOut(Out):
    """A calendar by address (iCalendar), as far as its maker may see."""

    id: str
    point: str | None = Field(description="Code of the point; null: your own meetings.")
    made_at: datetime
    address: str | None = Field(description="Told once, in the first answer to its creation; kept nowhere, null ever after.")


class DayIn(In):
    """Whether offices work on the day, whatever the kept list of public holidays says."""

    model_config = example(works=True, note="Làm bù theo thông báo của Chính phủ")

    works: bool
    note: Annotated[Text, Field(max_length=200)]


class DayOut(Out):
    """A day as deadlines and searches count it."""

    day: date
    works: bool
    holiday: str = Field(description="Its name in the list of public holidays, in Vietnamese; empty: none.")
    told: bool = Field(description="Whether an administrator said so; else weekday and list decide.")
    note: str


def show_delegate(row: Row[Any], seat: Seat) -> DelegateOut:
    return DelegateOut(id=row.entry_id, point=seat.code, name=row.name, post=row.post, phone=row.phone, replaces=row.replaces,
                       registered_at=row.registered_at)


def show_invitee(one: Invitee, code: str | None, fate: Fate) -> InviteeOut:
    return InviteeOut.model_validate(
        {"id": one.invitee_id, "point": code, "name": one.name, "address": one.address, "answer": one.partstat, "comment": one.comment,
         "answered_at": one.replied_at, "sent": fate.sent, "refused": fate.why})


def show_feed(feed: Feed, code: str | None, address: str | None = None) -> FeedOut:
    return FeedOut(id=feed.feed_id, point=code, made_at=feed.made_at, address=address)


def show_day(day: date, known: WorkingDays, told: Told | None) -> DayOut:
    return DayOut(day=day, works=known.works(day), holiday=known.name(day), told=told is not None, note=told.note if told else "")
