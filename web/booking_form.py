"""What somebody typed on the booking page, kept exactly as typed, and what is wrong with it.

Nothing typed is ever lost: every answer to a form shows the same `Typed` again, files included (as receipts).  It asks
no database and decides no rule that a use case decides too; it only finds all mistakes at once, so that a person need
not correct one after the other.  Called by `routes/booking.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from starlette.datastructures import FormData

from meetings.errors import Invalid, MeetingError
from meetings.meeting import MAX_MINUTES, AgendaLine, Person, check_leaders, check_signers, check_times
from meetings.texts import line
from scheduler.slots import Slot
from scheduler.workdays import NOTICE_DAYS, WorkingDays
from web import repeat, uploads
from web.i18n import _
from web.legible import number
from web.limits import AGENDA_ITEMS
from web.uploads import Kept
from web.when import When

POSTS = ("chair", "secretary", "division_head", "clerk")
SIGNING = POSTS[:3]
BLANK_LINES = 3
MOST_TICKED = 500  # persons that a form may tick before it is told that they are too many


@dataclass(slots=True)
class Typed:
    """The form as text; `chosen` are point ids, `ticked` and `was` group boxes (see `audience_tree`)."""

    title: str = ""
    place: str = ""
    day: str = ""
    start: str = ""
    end: str = ""
    people: dict[str, str] = field(default_factory=dict)
    leaders: list[str] = field(default_factory=list)
    agenda: list[tuple[str, str, str]] = field(default_factory=list)
    chosen: frozenset[int] = frozenset()
    ticked: frozenset[str] = frozenset()
    was: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()
    named_was: frozenset[str] = frozenset()
    query: str = ""
    hurry: str = ""
    displace: str = ""
    repeat: repeat.Typed = field(default_factory=repeat.Typed)
    kept: list[Kept] = field(default_factory=list)

    @property
    def lines(self) -> list[tuple[str, str, str]]:
        """The agenda with blank lines to write on."""
        spare = max(1, BLANK_LINES - len(self.agenda))
        return [*self.agenda, *([("", "", "")] * spare)]


@dataclass(slots=True)
class Wanted:
    """The form as values, as far as it could be understood; None where it could not."""

    start: datetime | None = None
    end: datetime | None = None
    people: dict[str, Person] = field(default_factory=dict)
    leaders: tuple[Person, ...] = ()
    agenda: tuple[AgendaLine, ...] = ()


def fresh(now: datetime, when: When, days: WorkingDays) -> Typed:
    """The first working day for which an invitation of today comes in time, 08:00–10:00."""
    today = when.today(now)
    day = days.after(today, NOTICE_DAYS)
    while days.is_short_notice(today, day):
        day = days.after(day, 1)
    return Typed(day=day.isoformat(), start="08:00", end="10:00")


def read(form: FormData, key: bytes) -> Typed:
    """Everything the form holds; values that no page of ours sends are dropped."""
    titles = [str(value) for value in form.getlist("agenda_title")][:AGENDA_ITEMS]
    presenters = [str(value) for value in form.getlist("agenda_presenter")][:AGENDA_ITEMS]
    presenters += [""] * (len(titles) - len(presenters))
    minutes = [str(value)[:20] for value in form.getlist("agenda_minutes")][:AGENDA_ITEMS]
    minutes += [""] * (len(titles) - len(minutes))
    agenda = [row for row in zip(titles, presenters, minutes, strict=False) if any(value.strip() for value in row)]
    receipts = (uploads.redeem(key, str(value)) for value in form.getlist("kept"))
    return Typed(
        title=_text(form, "title"), place=_text(form, "place"), day=_text(form, "day"), start=_text(form, "start"),
        end=_text(form, "end"), people={post: _text(form, post) for post in POSTS}, agenda=agenda,
        leaders=list(dict.fromkeys(str(value)[:36] for value in form.getlist("leader")))[:MOST_TICKED],
        chosen=frozenset(point for value in form.getlist("point") if (point := number(str(value))) is not None),
        ticked=frozenset(map(str, form.getlist("group"))), was=frozenset(map(str, form.getlist("was_group"))),
        named=frozenset(map(str, form.getlist("named"))), named_was=frozenset(map(str, form.getlist("named_was"))),
        query=_text(form, "q"), hurry=_text(form, "hurry"), displace=_text(form, "displace"),
        repeat=repeat.read(form), kept=[file for file in receipts if file is not None],
    )


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value[:2000] if isinstance(value, str) else ""


def times(typed: Typed, when: When) -> tuple[Wanted, dict[str, MeetingError]]:
    """Start and end in UTC, and what is wrong with them."""
    wanted, errors = Wanted(), dict[str, MeetingError]()
    for name in ("start", "end"):
        try:
            setattr(wanted, name, when.parse(typed.day, getattr(typed, name), name))
        except Invalid as error:
            errors[str(error.params["field"])] = error
    if wanted.start and wanted.end:
        try:
            check_times(wanted.start, wanted.end)
        except Invalid as error:
            errors["end"] = error
            wanted.end = None
    return wanted, errors


def plan(typed: Typed, wanted: Wanted, when: When, days: WorkingDays) -> tuple[repeat.Plan | None, dict[str, MeetingError]]:
    """The dates of a meeting that comes again, and what is wrong with them; None where it does not, or cannot be understood."""
    if not typed.repeat.kind or wanted.start is None or wanted.end is None:
        return None, {}
    try:
        return repeat.plan(typed.repeat, Slot(wanted.start, wanted.end), when, days), {}
    except MeetingError as error:
        name = str(error.params.get("field", "repeat"))
        return None, {name if name in ORDER else "repeat": error}


def check(typed: Typed, when: When, people: Mapping[str, Person], hurried: bool) -> tuple[Wanted, dict[str, MeetingError]]:
    """The whole form.  `people` are those who may be chosen, by user id; `hurried`: the meeting asks for a reason."""
    wanted, errors = times(typed, when)
    if hurried:
        try:
            if not typed.hurry.strip():
                raise Invalid("meeting.short_notice", field="hurry")
            line(typed.hurry, "reason", 500)
        except Invalid as error:
            errors["hurry"] = error
    try:
        line(typed.title, "title", 500)
    except Invalid as error:
        errors["title"] = error
    for post in POSTS:
        person = people.get(typed.people.get(post, ""))
        if person is None:
            errors[post] = Invalid("meeting.role_missing", field=post)
        else:
            wanted.people[post] = person
    if not errors.keys() & set(POSTS):
        try:
            check_signers(*(wanted.people[post] for post in SIGNING))
        except Invalid as error:
            errors[str(error.params["field"])] = error
    wanted.leaders = tuple(people[user_id] for user_id in typed.leaders if user_id in people)
    try:
        check_leaders(wanted.leaders)
    except Invalid as error:
        errors["leader"] = error
    wanted.agenda = tuple(AgendaLine(title, who, number(minutes.strip())) for title, who, minutes in typed.agenda)
    for place, (title, _presenter, minutes) in enumerate(typed.agenda):
        try:
            line(title, "agenda", 500)
            if minutes.strip() and not 1 <= (number(minutes.strip()) or 0) <= MAX_MINUTES:
                raise Invalid("agenda.minutes", field="agenda", most=MAX_MINUTES)
        except Invalid as error:
            errors.setdefault("agenda", Invalid(error.code, **{**error.params, "line": place + 1}))
    return wanted, _in_order(errors)


ORDER = ("title", "day", "start", "end", "hurry", "repeat", "every", "count", "until_repeat", "place", *POSTS, "leader", "agenda", "document", "audience")


def _in_order(errors: dict[str, MeetingError]) -> dict[str, MeetingError]:
    """Errors in the order of the page, so that the summary can be worked through from top to bottom."""
    return {name: errors[name] for name in sorted(errors, key=lambda name: ORDER.index(name) if name in ORDER else 99)}


def labels() -> dict[str, str]:
    """What the fields are called in the summary of mistakes."""
    return {
        "title": _("Tên cuộc họp"), "day": _("Ngày"), "start": _("Bắt đầu"), "end": _("Kết thúc"), "place": _("Địa điểm"),
        "hurry": _("Lý do mời gấp"), "repeat": _("Lặp lại"), "every": _("Cách nhau"), "count": _("Số buổi"),
        "until_repeat": _("Đến ngày"),
        "chair": _("Chủ trì"), "secretary": _("Thư ký"), "division_head": _("Lãnh đạo phòng"), "clerk": _("Văn thư"),
        "leader": _("Lãnh đạo dự họp"),
        "agenda": _("Chương trình"), "document": _("Tài liệu"), "audience": _("Thành phần"),
    }

