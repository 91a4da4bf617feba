"""How the lines stand, told where people look: on Hôm nay, on a meeting's page, on a point's page.  Reads only.

Of a meeting to come, whoever may see all its points is told how many stand how; an officer, what is found of the own point and
what to do; a technician, whom to phone.  Nothing before the first round of tests has opened.  Everything here has passed
`access.decide`.  Called by web/routes/today.py, meetings.py and points.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from meetings import service
from meetings.access import Action, Role, Subject, decide
from meetings.meeting import ROOM_OPEN, Meeting
from meetings.units import UnitTree
from scheduler import invitations, line_table, line_tests
from scheduler.line_tests import Past, Standing
from scheduler.readiness import Verdict
from web import readiness, readiness_words, views
from web.container import Container
from web.i18n import _
from web.readiness import Row

LEAD: Final = timedelta(hours=24)  # where the installation asks nobody for tests
MEETINGS, PHONED = 4, 5
PLOTTED, LOOKED = 20, 60
PAST = 8  # meetings whose verdict a point's page names


@dataclass(frozen=True, slots=True)
class Seen:
    """One verdict as a page shows it.  `line`: the short reason, empty where the word says all."""

    word: str
    look: str
    icon: str
    line: str
    tried_at: datetime | None

    @classmethod
    def of(cls, one: Standing | Past) -> Seen:
        look, icon = readiness_words.LOOKS[one.verdict]
        word, line = readiness_words.verdict(one.verdict), readiness_words.line(one.verdict, one.reasons)
        return cls(word, look, icon, "" if line == word else line, one.tried_at)


@dataclass(frozen=True, slots=True)
class Own:
    """What an officer reads of the own point: the verdict, its sentence, each reason with what to do."""

    name: str
    code: str
    seen: Seen
    head: str
    said: tuple[readiness_words.Said, ...]


@dataclass(frozen=True, slots=True)
class Near:
    """One meeting to come.  `counted` is empty for whoever sees but the own points; `phoned`: the worst of `to_phone`."""

    meeting: Meeting
    counted: tuple[tuple[int, str, str, str, str], ...] = ()  # how many, verdict, word, look, icon
    own: tuple[Own, ...] = ()
    phoned: tuple[tuple[Row, Seen], ...] = ()
    to_phone: int = 0


def near(found: Container, conn: Connection, subject: Subject, tree: UnitTree, known: Iterable[Meeting], now: datetime) -> list[Near]:
    """The next meetings whose points may test by now, soonest first.  `known`: those this person may read."""
    lead = max(invitations.timing_of(conn).line_tests.values(), default=LEAD)
    soon = {one.meeting_id: one for one in known if one.state in ROOM_OPEN and one.start - lead <= now < one.end}
    technician = Role.TECHNICIAN in subject.roles and subject.unit_id is not None and subject.unit_id in tree
    if technician and subject.unit_id is not None:  # also meetings of others, in which points that they look after take part
        units = [unit.unit_id for unit in tree.subtree(subject.unit_id)]
        for meeting_id in line_table.attended(conn, units, now, now + lead)[:2 * MEETINGS]:
            soon.setdefault(meeting_id, service.get(conn, meeting_id))
    shown = (_near(found, conn, subject, one, technician) for one in sorted(soon.values(), key=lambda one: (one.start, one.meeting_id)))
    return [one for one, _number in zip((one for one in shown if one is not None), range(MEETINGS), strict=False)]


def _near(found: Container, conn: Connection, subject: Subject, meeting: Meeting, technician: bool) -> Near | None:
    tree, resource = readiness.tree_of(found, conn, meeting), views.resource_of(conn, meeting)
    if technician:
        standings = readiness.visible(conn, tree, meeting, resource, subject)
        rows = readiness.rows(conn, tree, meeting, standings)
        phoned = sorted(readiness.chosen(rows, "phone", ""), key=lambda row: row.rank)
        listed = tuple((row, Seen.of(row.standing)) for row in phoned[:PHONED])
        return Near(meeting, _counted(readiness.counts(rows)), phoned=listed, to_phone=len(phoned)) if rows else None
    if decide(subject, Action.READINESS_READ, resource).allowed:
        counted = line_tests.counted(conn, meeting.meeting_id)
        return Near(meeting, _counted({verdict.value: counted[verdict] for verdict in Verdict})) if counted.total() else None
    if subject.unit_id not in resource.attending_units:
        return None
    own = [one for one in readiness.visible(conn, tree, meeting, resource, subject) if one.seat.unit == subject.unit_id]
    return Near(meeting, own=tuple(Own(
        one.seat.name, one.seat.code, Seen.of(one), _(readiness_words.HEADS[one.verdict]),
        tuple(readiness_words.said(reason) for reason in one.reasons)) for one in own)) if own else None


def _counted(counts: Mapping[str, int]) -> tuple[tuple[int, str, str, str, str], ...]:
    return tuple((counts[verdict.value], verdict.value, readiness_words.verdict(verdict), *readiness_words.LOOKS[verdict]) for verdict in Verdict)


# --- a meeting ---------------------------------------------------------------------------------------------------


def before_start(conn: Connection, meeting: Meeting) -> dict[int, Seen]:
    """The last result of each booked point before the meeting began."""
    return {one.seat.point_id: Seen.of(one) for one in line_tests.standings(conn, meeting.meeting_id, meeting.start)}


def counted_before(conn: Connection, meeting: Meeting) -> tuple[tuple[int, str, str, str, str], ...]:
    """How many points stood how when the meeting began, or stand so far; nothing where nobody has tested."""
    counted = line_tests.counted(conn, meeting.meeting_id, meeting.start)
    if counted[Verdict.NONE] == counted.total():
        return ()
    return _counted({verdict.value: counted[verdict] for verdict in Verdict})


# --- a point -----------------------------------------------------------------------------------------------------


def of_point(conn: Connection, subject: Subject, point_id: int, now: datetime) -> dict[str, Any]:
    """Its last tests, newest first, and what each of its past meetings began with; titles only of meetings one may read."""
    past = line_tests.history(conn, point_id, LOOKED)
    began: dict[str, Past] = {}
    for one in past:
        if one.tried_at < one.start <= now:
            began.setdefault(one.meeting_id, one)
    ids = dict.fromkeys([*list(began)[:PAST], *(one.meeting_id for one in past[:PLOTTED])])
    readable = {meeting_id: views.may(conn, subject, Action.MEETING_READ, service.get(conn, meeting_id)) for meeting_id in ids}
    return {
        "tests": [(one, Seen.of(one), readiness_words.round_name(one.round), readable[one.meeting_id]) for one in past[:PLOTTED]],
        "began": [(one, Seen.of(one), readable[one.meeting_id]) for one in list(began.values())[:PAST]],
    }
