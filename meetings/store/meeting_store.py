"""Reads and writes meetings, their agenda and conclusions.  Decides nothing; called by the use cases."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, func, insert, or_, select, update

from meetings.agenda import AgendaItem
from meetings.errors import NotFound
from meetings.meeting import Meeting, NewMeeting, Person, State, UnitRef
from meetings.store.among import among
from meetings.store.tables import agenda, conclusion, meeting, meeting_leader, seat

_POSTS = ("chair", "secretary", "division_head", "clerk")


def add(conn: Connection, meeting_id: str, new: NewMeeting, at: datetime) -> None:
    """Insert a draft."""
    conn.execute(insert(meeting).values(
        meeting_id=meeting_id, title=new.title, kind=new.kind, place=new.place, state=State.DRAFT.value,
        starts_at=new.start, ends_at=new.end, unit_id=new.unit.id, unit=new.unit.as_data(),
        main_point_id=new.main_point_id, created_at=at,
        **people_values({post: getattr(new, post) for post in _POSTS}),
    ))
    if new.leaders:
        set_leaders(conn, meeting_id, new.leaders)


def set_leaders(conn: Connection, meeting_id: str, leaders: Sequence[Person]) -> None:
    """Replaces those named, in their order."""
    conn.execute(delete(meeting_leader).where(meeting_leader.c.meeting_id == meeting_id))
    if leaders:
        conn.execute(insert(meeting_leader), [{"meeting_id": meeting_id, "user_id": person.user_id} for person in leaders])
    save(conn, meeting_id, leaders=[[person.user_id, person.name, person.title] for person in leaders] or None)


def people_values(people: dict[str, Person]) -> dict[str, Any]:
    """Columns that hold the four posts."""
    values: dict[str, Any] = {f"{post}_id": person.user_id for post, person in people.items()}
    return {**values, "people": {post: [person.name, person.title] for post, person in people.items()}}


def load(conn: Connection, meeting_id: str) -> Meeting:
    """Raises NotFound("not_found"): the same for everybody and everything unknown."""
    return _one(conn.execute(select(meeting).where(meeting.c.meeting_id == meeting_id)).first())


def many(conn: Connection, meeting_ids: Collection[str]) -> dict[str, Meeting]:
    """Those that are there, by id, in one statement."""
    rows = conn.execute(select(meeting).where(among(meeting.c.meeting_id, meeting_ids)))
    return {row.meeting_id: _meeting(row) for row in rows}


def lock(conn: Connection, meeting_id: str) -> Meeting:
    """Load for a change: nobody else changes this meeting until the transaction ends."""
    return _one(conn.execute(select(meeting).where(meeting.c.meeting_id == meeting_id).with_for_update()).first())


def lock_all(conn: Connection, meeting_ids: Collection[str]) -> dict[str, Meeting]:
    """Several as `lock` does, in the order of their ids, so that nobody waits in a circle.  Raises NotFound("not_found")."""
    mine = select(meeting).where(among(meeting.c.meeting_id, meeting_ids)).order_by(meeting.c.meeting_id).with_for_update()
    found = {row.meeting_id: _meeting(row) for row in conn.execute(mine)}
    if len(found) < len(set(meeting_ids)):
        raise NotFound("not_found")
    return found


def hold(conn: Connection, meeting_id: str) -> Meeting:
    """Load, and keep others from changing it until the transaction ends; many may hold it at once."""
    query = select(meeting).where(meeting.c.meeting_id == meeting_id).with_for_update(read=True)
    return _one(conn.execute(query).first())


def hold_all(conn: Connection, meeting_ids: Collection[str]) -> list[Meeting]:
    """Those that are there, as `hold` does, in the order of their ids."""
    query = select(meeting).where(among(meeting.c.meeting_id, meeting_ids)).order_by(meeting.c.meeting_id)
    return [_meeting(row) for row in conn.execute(query.with_for_update(read=True))]


def save(conn: Connection, meeting_id: str, **values: Any) -> None:
    conn.execute(update(meeting).where(meeting.c.meeting_id == meeting_id).values(**values))


def find(
    conn: Connection,
    *,
    unit_ids: Sequence[str] | None = None,
    attending_unit: str | None = None,
    user_id: str | None = None,
    states: Sequence[State] | None = None,
    after: datetime | None = None,
    before: datetime | None = None,
    newest_first: bool = False,
) -> list[Meeting]:
    """All such meetings in the order of their start, or the other way round.  No limit: a list that ends somewhere
    unsaid would lose the newest or the oldest; who shows them shows them in pages.

    unit_ids, attending_unit and user_id widen (any of them is enough: held by these units, attended by that unit but
    not as a draft, or that person holds a post, or is named as a leader in what is no draft); states and times narrow.  None means "do not ask".
    """
    order = (meeting.c.starts_at, meeting.c.meeting_id)
    query = select(meeting).order_by(*(column.desc() for column in order) if newest_first else order)
    reasons = []
    if unit_ids is not None:
        reasons.append(meeting.c.unit_id.in_(unit_ids))
    if attending_unit is not None:
        attended = select(seat.c.meeting_id).where(seat.c.unit_id == attending_unit)
        reasons.append(meeting.c.meeting_id.in_(attended) & (meeting.c.state != State.DRAFT.value))
    if user_id is not None:
        reasons.extend(meeting.c[f"{post}_id"] == user_id for post in _POSTS)
        named = select(meeting_leader.c.meeting_id).where(meeting_leader.c.user_id == user_id)
        reasons.append(meeting.c.meeting_id.in_(named) & (meeting.c.state != State.DRAFT.value))
    if reasons:
        query = query.where(or_(*reasons))
    if states is not None:
        query = query.where(meeting.c.state.in_([state.value for state in states]))
    if after is not None:
        query = query.where(meeting.c.ends_at > after)
    if before is not None:
        query = query.where(meeting.c.starts_at < before)
    return [_meeting(row) for row in conn.execute(query)]


def agenda_of(conn: Connection, meeting_id: str) -> list[AgendaItem]:
    query = select(agenda.c.item, agenda.c.title, agenda.c.presenter, agenda.c.started_at, agenda.c.ended_at, agenda.c.minutes)
    query = query.where(agenda.c.meeting_id == meeting_id).order_by(agenda.c.item)
    return [AgendaItem(*row) for row in conn.execute(query)]


def set_agenda(conn: Connection, meeting_id: str, items: Sequence[AgendaItem]) -> None:
    """The whole programme, with the times of what was begun.  A row that stays is changed in its place: what was begun is never taken out."""
    there = {one.item for one in agenda_of(conn, meeting_id)}
    conn.execute(delete(agenda).where(agenda.c.meeting_id == meeting_id, agenda.c.item > len(items)))
    rows = {one.item: {"title": one.title, "presenter": one.presenter, "minutes": one.minutes, "started_at": one.started_at,
                       "ended_at": one.ended_at} for one in items}
    for item in sorted(there & rows.keys()):
        save_item(conn, meeting_id, item, **rows[item])
    if new := [{"meeting_id": meeting_id, "item": item, **row} for item, row in rows.items() if item not in there]:
        conn.execute(insert(agenda), new)


def save_item(conn: Connection, meeting_id: str, item: int, **values: Any) -> None:
    conn.execute(update(agenda).where(agenda.c.meeting_id == meeting_id, agenda.c.item == item).values(**values))


def next_ord(conn: Connection, table: Table, meeting_id: str) -> int:
    """The next number of a meeting's rows in `table`, while the meeting is locked; times may be equal, numbers not."""
    return 1 + (conn.execute(select(func.max(table.c.ord)).where(table.c.meeting_id == meeting_id)).scalar() or 0)


def add_conclusion(conn: Connection, meeting_id: str, text: str, at: datetime) -> int:
    """Its number, which is never given twice: struck conclusions keep theirs."""
    ord = next_ord(conn, conclusion, meeting_id)
    conn.execute(insert(conclusion).values(meeting_id=meeting_id, ord=ord, text=text, written_at=at))
    return ord


def remove_conclusion(conn: Connection, meeting_id: str, ord: int, at: datetime) -> bool:
    """False if there is no such standing conclusion."""
    done = conn.execute(update(conclusion).where(
        conclusion.c.meeting_id == meeting_id, conclusion.c.ord == ord, conclusion.c.removed_at.is_(None),
    ).values(removed_at=at))
    return done.rowcount == 1


def conclusions(conn: Connection, meeting_id: str) -> list[tuple[int, str]]:
    """(ord, text) of those that stand."""
    query = select(conclusion.c.ord, conclusion.c.text).where(
        conclusion.c.meeting_id == meeting_id, conclusion.c.removed_at.is_(None)).order_by(conclusion.c.ord)
    return [(row.ord, row.text) for row in conn.execute(query)]


def _one(row: Row[Any] | None) -> Meeting:
    if row is None:
        raise NotFound("not_found")
    return _meeting(row)


def _meeting(row: Row[Any]) -> Meeting:
    people = {post: Person(getattr(row, f"{post}_id"), *row.people[post]) for post in _POSTS}
    return Meeting(
        row.meeting_id, row.title, row.kind, row.place, State(row.state), row.starts_at, row.ends_at,
        UnitRef.from_data(row.unit), people["chair"], people["secretary"], people["division_head"], people["clerk"],
        row.main_point_id, row.created_at, row.opened_at, row.closed_at, tuple(Person(*one) for one in row.leaders or ()),
    )
