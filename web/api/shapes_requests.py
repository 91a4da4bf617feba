"""Requests for points of other units, and searches for free time, as programs send and see them.  Only shapes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, Strict, StringConstraints

from scheduler.approval import Standing
from scheduler.freetime import Answer, Choice, Reason
from scheduler.slots import Slot
from web.api.shapes import Code, In, Line, Moment, Out, Word, example
from web.api.shapes_meetings import LATE, AudienceIn, Leaders
from web.requests_view import Line as Asked

Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", max_length=5)]


class AgreeIn(In):
    """Nothing more is said."""

    model_config = example()


class AcceptIn(In):
    """The offer is taken; more is said only where another time comes late."""

    model_config = example()

    reason: Line = LATE


class DeclineIn(In):
    model_config = example(reason="Phòng họp đang sửa")

    reason: Line


class CounterIn(In):
    """Other points of the owner's, another time, or both."""

    model_config = example(start="2026-03-06T13:00:00+07:00", end="2026-03-06T15:00:00+07:00", reason="Buổi sáng phòng bận")

    points: list[Code] = Field([], max_length=500)
    start: Moment | None = None
    end: Moment | None = None
    reason: Line = ""


class FreeIn(In):
    """Who is to meet, for how long, and in which hours of which days."""

    model_config = example(audience={"add": ["22", "06973"]}, minutes=90, on="2026-03-06")

    audience: AudienceIn
    minutes: int = Field(ge=1, le=1440, examples=[120])
    on: Annotated[date, Strict(False), Field(ge=date(1945, 1, 1), le=date(2200, 12, 31))] | None = Field(
        None, description="First day; default that of the next working moment.")
    days: int = Field(30, ge=1, le=120)
    working_days: bool = Field(True, description="Working days only, the first one too.")
    opens: Clock = "07:30"
    closes: Clock = "17:00"
    chair: Word | None = Field(None, description="Id of a person whose other meetings are to be told.")
    leaders: Leaders = Field([], description="Ids of others of whom the same is to be told.")
    meeting: Word | None = Field(None, description="A meeting that is to be moved, which stands in nobody's way.")


class Step(Out):
    """One of the units whose yes it takes, in their order."""

    unit: str = Field(description="Name of the unit.")
    state: Literal["done", "now", ""]


class OfferOut(Out):
    points: list[str] = Field(description="Codes.")
    names: list[str] = Field(description="Names of the same points, in the same order.")
    start: datetime | None
    end: datetime | None


class RequestOut(Out):
    """What one owner is asked for one meeting."""

    id: str
    meeting: str
    title: str
    convenor: str = Field(description="Name of the unit that asks.")
    owner: str = Field(description="Name of the unit that owns the points.")
    asked: str = Field(description="Name of the unit that has to answer now.")
    points: list[str] = Field(description="Codes.")
    start: datetime
    end: datetime
    standing: Standing
    round: int = Field(description="One more with every change of time.")
    deadline: datetime
    reason: str
    offer: OfferOut | None
    way: list[Step]


class ReasonOut(Out):
    """Why somebody cannot, or may not."""

    kind: str = Field(description="booked, pending, blocked, closed, full or person.")
    pending: bool = Field(description="What is there then waits for a yes itself.")
    point: str | None = Field(description="Code of the point.")
    name: str
    start: datetime | None
    end: datetime | None
    title: str | None = Field(description="Null where you may not read the meeting.")
    unit: str | None
    note: str


class SpanOut(Out):
    start: datetime
    end: datetime


class ChoiceOut(Out):
    """A time for the meeting: whom it would miss, why, and what else is to be known."""

    start: datetime
    end: datetime
    missing: list[str] = Field(description="Codes of points.")
    reasons: list[ReasonOut]
    pending: list[ReasonOut]
    people: list[ReasonOut]


class FreeOut(Out):
    """`free`: stretches in which all can; `choices`: times in them; `best`: sooner ones that miss the fewest."""

    free: list[SpanOut]
    choices: list[ChoiceOut]
    best: list[ChoiceOut]


def show_request(line: Asked) -> RequestOut:
    asked, offer = line.request, line.request.offer
    shown = OfferOut(points=[point.code for point in line.offered], names=[point.name for point in line.offered],
                     start=offer.slot.start if offer.slot else None, end=offer.slot.end if offer.slot else None) if offer else None
    return RequestOut(
        id=line.request_id, meeting=line.meeting.meeting_id, title=line.meeting.title, convenor=line.convenor,
        owner=line.owner, asked=line.asked, points=[point.code for point in line.points], start=asked.slot.start,
        end=asked.slot.end, standing=asked.standing, round=asked.round, deadline=asked.deadline, reason=line.reason, offer=shown,
        way=[Step.model_validate({"unit": unit, "state": state}) for unit, state in line.way],
    )


def show_free(found: Answer, codes: dict[int, str]) -> FreeOut:
    def reason(one: Reason) -> ReasonOut:
        return ReasonOut(
            kind=one.kind, pending=one.kind == "pending" or bool(one.meeting and one.meeting.pending), point=codes.get(one.point_id or 0), name=one.name, start=one.slot.start if one.slot else None,
            end=one.slot.end if one.slot else None, title=(one.meeting.title or None) if one.meeting else None,
            unit=one.meeting.unit if one.meeting else None, note=one.note)

    def choice(one: Choice) -> ChoiceOut:
        return ChoiceOut(
            start=one.slot.start, end=one.slot.end, missing=[codes[point] for point in one.missing if point in codes],
            reasons=[reason(why) for why in one.reasons], pending=[reason(why) for why in one.pending],
            people=[reason(why) for why in one.people])

    return FreeOut(free=[_span(slot) for slot in found.free], choices=[choice(one) for one in found.choices],
                   best=[choice(one) for one in found.best])


def _span(slot: Slot) -> SpanOut:
    return SpanOut(start=slot.start, end=slot.end)
