"""Meetings as programs send and see them.  Only shapes; `show_*` make them from values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import FailFast, Field

from meetings.agenda import AgendaItem
from meetings.meeting import MAX_AGENDA, MAX_LEADERS, Meeting, Person, State
from meetings.store.seat_store import Seat
from scheduler.booking import Point
from scheduler.series_store import Place
from web.api.shapes import UNSET, Code, Conflict, In, Line, Moment, Out, Text, Word, example
from web.asking import Asking

MOST_RULES = 100
MOST_POINTS = 10_000

PERSON = "019cbb82-3a80-7000-8c7a-52f0fc24dd1a"
EXAMPLE = {
    "title": "Giao ban tháng 3", "start": "2026-03-06T09:00:00+07:00", "end": "2026-03-06T11:00:00+07:00",
    "place": "Phòng họp số 1", "agenda": [{"title": "Báo cáo tháng 2", "presenter": "Văn phòng"}],
    "chair": PERSON, "secretary": PERSON[:-1] + "b", "division_head": PERSON[:-1] + "c", "clerk": PERSON[:-1] + "d",
    "audience": {"rules": [{"unit": "019cbb82-3a80-7000-9634-b49d567b6701"}], "remove": ["06973"]},
}

Title = Annotated[Text, Field(max_length=500, examples=["Giao ban tháng 3"])]
Rule = Annotated[Text, Field(min_length=1, max_length=500)]
Leaders = Annotated[list[Word], FailFast(), Field(max_length=MAX_LEADERS)]
LATE: Any = Field("", description="Why people are told so late; needed (`meeting.short_notice`) where fewer than three working days lie before "
                                "the meeting and no reason was given yet.")
Codes = Annotated[list[Code], FailFast(), Field(max_length=MOST_POINTS)]


class RuleIn(In):
    """All points of `level` (all levels, if left out) in the subtree of `unit`, on the day of the meeting."""

    unit: Word = Field(description="Id of a unit.")
    level: Word | None = Field(None, examples=["commune"])


class AudienceIn(In):
    """Who is to meet: rules, named groups of your unit, and single points by their codes.  What is removed wins."""

    rules: list[RuleIn] = Field([], max_length=MOST_RULES)
    groups: list[Word] = Field([], max_length=MOST_RULES, description="Ids of named groups (GET /groups).")
    add: Codes = []
    remove: Codes = []


class AgendaIn(In):
    title: Title
    presenter: Line = ""
    minutes: Annotated[int, Field(ge=1, le=1440, description="Planned length.")] | None = None


class RepeatIn(In):
    """The meeting comes again: a rule of RFC 5545 with COUNT or UNTIL, at most 366 occurrences, in the installation's zone."""

    rule: Rule = Field(examples=["FREQ=WEEKLY;BYDAY=MO;COUNT=10"])
    leave_out: Annotated[list[Moment], FailFast(), Field(max_length=366)] = Field([], description="Starts that are left out.")


class MeetingIn(In):
    """A meeting of your own unit.  With `audience` it is booked and convened in the same action, else it is a draft."""

    model_config = example(**EXAMPLE)

    title: Title
    start: Moment = Field(examples=["2026-03-06T09:00:00+07:00"])
    end: Moment = Field(examples=["2026-03-06T11:00:00+07:00"])
    place: Line = ""
    agenda: Annotated[list[AgendaIn], FailFast()] = Field([], max_length=MAX_AGENDA)
    chair: Word = Field(description="Id of a person (GET /people).")
    secretary: Word
    division_head: Word
    clerk: Word
    leaders: Leaders = Field([], description="Ids of persons who are invited too; one who is elsewhere then is told, not refused.")
    audience: AudienceIn | None = None
    reason: Line = LATE
    repeat: RepeatIn | None = Field(None, description="With an audience only; all dates are booked, or none.")


class MeetingPatch(In):
    """What is to be different; what is left out stays.  Times are changed by `move`."""

    model_config = example(title="Giao ban tháng 3", agenda=[{"title": "Báo cáo tháng 2", "presenter": "Văn phòng"}])

    title: Title = UNSET
    place: Line = UNSET
    agenda: Annotated[list[AgendaIn], FailFast(), Field(max_length=MAX_AGENDA)] = UNSET
    chair: Word = UNSET
    secretary: Word = UNSET
    division_head: Word = UNSET
    clerk: Word = UNSET
    leaders: Leaders = UNSET


class PointsIn(In):
    """Exactly these points are the meeting's afterwards; the others are given back."""

    model_config = example(audience={"add": ["22", "06973"]})

    audience: AudienceIn
    displace: Line = Field("", description="The reason for which lower bookings in the way lose their points, where the rules allow it.")
    reason: Line = LATE


class ConveneIn(In):
    """What is confirmed is convened; more is said only where that comes late."""

    model_config = example()

    reason: Line = LATE


class MoveIn(In):
    model_config = example(start="2026-03-09T09:00:00+07:00", end="2026-03-09T11:00:00+07:00")

    start: Moment
    end: Moment
    reason: Line = LATE


class CancelIn(In):
    model_config = example(reason="Bão số 3")

    reason: Line


class PersonRef(Out):
    """The name and title of that day stay in the record."""

    id: str
    name: str
    title: str


class UnitRefOut(Out):
    id: str
    name: str


class AgendaOut(Out):
    item: int
    title: str
    presenter: str
    minutes: int | None


class SeatOut(Out):
    """A point of the meeting.  `pending`: its owner has yet to say yes, and until then it is kept for nobody."""

    code: str
    name: str
    unit: str = Field(description="Id of the unit.")
    state: Literal["confirmed", "pending"]
    waits_for: str | None = Field(None, description="Of a pending point: name of the unit that is asked now.")
    until: datetime | None = Field(None, description="Until when it answers.")


class SeriesOut(Out):
    """The meeting is the `number`-th of `total` that come again by this rule."""

    id: str
    rule: str
    number: int
    total: int
    version: int


class SeriesRuleOut(Out):
    """By which rule a meeting comes again.  `start` is the first date by the rule; null where the meeting stands alone."""

    id: str | None
    rule: str | None
    start: datetime | None
    end: datetime | None
    left_out: list[datetime] = Field(description="Starts by the rule that are left out.")
    total: int = Field(description="Dates that are left.")
    version: int | None


class SeriesRuleIn(In):
    """The rule from now on.  `start` and `end` are those of its first date, in the installation's zone."""

    model_config = example(rule="FREQ=WEEKLY;BYDAY=FR;COUNT=6", start="2026-03-13T09:00:00+07:00", end="2026-03-13T11:00:00+07:00")

    rule: Rule = Field(examples=["FREQ=WEEKLY;BYDAY=FR;COUNT=6"], description="RFC 5545, with COUNT or UNTIL; at most 366 dates.")
    start: Moment
    end: Moment
    leave_out: Annotated[list[Moment], FailFast(), Field(max_length=366, description=(
        "Starts by the new rule that are left out.  Not named: what was left out stays so, wherever its date goes."))] = UNSET
    reason: Line = Field("Đổi quy tắc lặp của chuỗi họp", min_length=1, description=(
        "Told of the dates that are cancelled; must be named where dates come late (`meeting.short_notice`)."))


class MeetingBrief(Out):
    """A meeting in a list."""

    id: str = Field(examples=["0197b3c2-7a10-7cc4-9f20-6d1f0b0f9a11"])
    title: str
    place: str
    state: State
    start: datetime
    end: datetime
    unit: UnitRefOut
    chair: PersonRef


class MeetingOut(MeetingBrief):
    """A meeting with its agenda and its points."""

    secretary: PersonRef
    division_head: PersonRef
    clerk: PersonRef
    leaders: list[PersonRef] = Field(description="Named beside the posts.")
    main_point: str | None = Field(description="Code of the chair's point.")
    agenda: list[AgendaOut]
    points: list[SeatOut]
    series: SeriesOut | None
    created_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None


class Elsewhere(Out):
    """One of the meeting's posts or leaders is named in another meeting then.  `meeting` and `title` are null where the reader may
    not know of it."""

    id: str = Field(description="Of the person.")
    name: str
    start: datetime
    end: datetime
    unit: str
    meeting: str | None
    title: str | None
    pending: bool = Field(description="That meeting waits for somebody's yes itself.")


class ConflictsOut(Out):
    """What stands in the way of the points in the stretch asked for; `waiting` and `people` refuse nothing."""

    start: datetime
    end: datetime
    conflicts: list[Conflict]
    waiting: list[Conflict] = Field(description="Requests of others that booking the points then would decline.")
    people: list[Elsewhere]


class WarningOut(Out):
    """What was done all the same.  `meeting` and `title` are null where you may not know of the meeting."""

    warning: Literal["person.elsewhere", "request.overtaken"] = Field(
        description="`person.elsewhere`: the chair or a leader is named in another meeting then; `request.overtaken`: what waited for a yes to "
                    "these points was declined.")
    detail: str = Field(description="A sentence in the language of Accept-Language.")
    person: str | None = Field(None, description="Id of a person.")
    points: list[str] = Field([], description="Codes.")
    start: datetime
    end: datetime
    unit: str = Field(description="Name of the unit that convenes.")
    meeting: str | None
    title: str | None
    pending: bool = Field(False, description="That meeting waits for somebody's yes itself.")


class MeetingDone(MeetingOut):
    """The meeting after it was made or changed, and what is to be known of that; the ETag is that of the meeting alone."""

    beside: ClassVar[frozenset[str]] = frozenset({"warnings"})
    warnings: list[WarningOut] = []


def _person(person: Person) -> PersonRef:
    return PersonRef(id=person.user_id, name=person.name, title=person.title)


def _series(place: Place) -> SeriesOut:
    stored = place.stored
    return SeriesOut(id=stored.series_id, rule=stored.series.rule, number=place.number, total=place.total, version=stored.version)


def show_rule(place: Place | None) -> SeriesRuleOut:
    if place is None:
        return SeriesRuleOut(id=None, rule=None, start=None, end=None, left_out=[], total=0, version=None)
    series = place.stored.series
    slots = [series.slot(key) for key in (series.start, *sorted(series.excluded))]
    return SeriesRuleOut(
        id=place.stored.series_id, rule=series.rule, start=slots[0].start, end=slots[0].end, left_out=[slot.start for slot in slots[1:]],
        total=place.total, version=place.stored.version)


def show_brief(meeting: Meeting) -> MeetingBrief:
    return MeetingBrief(
        id=meeting.meeting_id, title=meeting.title, place=meeting.place, state=meeting.state, start=meeting.start,
        end=meeting.end, unit=UnitRefOut(id=meeting.unit.id, name=meeting.unit.name), chair=_person(meeting.chair),
    )


def show_meeting(
    meeting: Meeting, agenda: list[AgendaItem], seats: list[Seat], waiting: list[Point], place: Place | None,
    asked: Sequence[Asking] = (),
) -> MeetingOut:
    """The points in `waiting` wait for a yes, whether they had a seat before or not; all others are confirmed.  `asked`: of
    whom, and until when."""
    codes = {one.point_id: one.code for one in (*waiting, *seats)}
    held, pending = {seat.point_id for seat in seats}, {point.point_id for point in waiting}
    whom = {point.point_id: one for one in asked for point in one.points}

    def shown(one: Seat | Point, unit: str) -> SeatOut:
        turn = whom.get(one.point_id) if one.point_id in pending else None
        return SeatOut(code=one.code, name=one.name, unit=unit, state="pending" if one.point_id in pending else "confirmed",
                       waits_for=turn.asked if turn else None, until=turn.deadline if turn else None)

    points = [shown(seat, seat.unit) for seat in seats]
    points += [shown(point, point.unit_id) for point in waiting if point.point_id not in held]
    return MeetingOut(
        **show_brief(meeting).model_dump(), secretary=_person(meeting.secretary),
        division_head=_person(meeting.division_head), clerk=_person(meeting.clerk),
        leaders=[_person(leader) for leader in meeting.leaders],
        main_point=codes.get(meeting.main_point_id or 0),
        agenda=[AgendaOut(item=one.item, title=one.title, presenter=one.presenter, minutes=one.minutes) for one in agenda],
        points=points, series=_series(place) if place else None,
        created_at=meeting.created_at, opened_at=meeting.opened_at, closed_at=meeting.closed_at,
    )
