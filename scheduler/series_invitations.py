"""Inviting to a series: its meetings are one entry of a calendar, and one change of it is one mail to each whom it touches.

What changes is noted in its transaction (`touch`); `spread` compares how the series stands then with what was told last, works out the
one mail that each person needs, and keeps what was told.  Answers come to the whole or to one date; they are kept with the
invitees of each meeting, as everywhere.  Series from before this are told meeting by meeting: they have no entry here.
Called by `invitations`, `series_store` and the readers of answers.  Sends nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from meetings.errors import NotFound, Stale
from meetings.ids import new_id
from meetings.ledger import stamp
from meetings.meeting import Meeting, State
from meetings.store import meeting_store
from meetings.store.among import among
from meetings.store.tables import meeting as meeting_table
from scheduler import invitees, outbox, series_rows
from scheduler.calendar_mail import CANCEL, REQUEST, Answer
from scheduler.invitees import Guest
from scheduler.mail_table import calendar_entry, invitee, series_entry, series_guest
from scheduler.outbox_table import outbox as outbox_table
from scheduler.series import Series, wall_of
from scheduler.series_mail import Date, Form, Step, step
from scheduler.series_table import series_meeting as link

SPREAD: Final = "invitations"  # kind of the one item that a change leaves, of a meeting or of a series
INVITE: Final = "invite"       # kind of the items of each invitee
Guests = Callable[[Connection, Sequence[Meeting]], Mapping[str, Sequence[Guest]]]
"""Who is invited to each of these meetings now."""
_e, _g, _i = series_entry.c, series_guest.c, invitee.c


@dataclass(slots=True)
class _Person:
    """Somebody with what is in that calendar and what is to be."""

    address: str
    row: Row[Any] | None
    guest: Guest | None = None
    was: frozenset[str] = frozenset()
    will: frozenset[str] = frozenset()

    @property
    def here(self) -> bool:
        return self.row is not None and self.row.removed_at is None


def begin(conn: Connection, series_id: str, at: datetime, after: str | None = None) -> None:
    """A series is told as one from its first day; one that was split off where that `after` which it was is."""
    number, due = 0, None
    if after is not None:
        row = conn.execute(select(series_entry).where(_e.series_id == after)).first()
        if row is None:
            return
        number, due = row.next_sequence, at if row.told is not None else row.due_at
    conn.execute(insert(series_entry).values(
        series_id=series_id, next_sequence=number, round=0, due_at=None, told=None, changed_at=at))
    if due is not None:
        touch(conn, series_id, due, at)


def of_meeting(conn: Connection, meeting_id: str) -> str | None:
    """The series that the meeting is told with."""
    mine = select(_e.series_id).join(link, link.c.series_id == _e.series_id).where(link.c.meeting_id == meeting_id)
    return conn.execute(mine).scalar()


def number(conn: Connection, series_id: str) -> int:
    """Of the next change, which is this transaction's until it ends."""
    return int(conn.execute(select(_e.next_sequence).where(_e.series_id == series_id).with_for_update()).scalar_one())


def touch(conn: Connection, series_id: str, due: datetime | None, at: datetime) -> bool:
    """Something of it may be different: one item, however much changes before it is due.

    `due` holds for what was not told yet (None: it can wait for whoever knows); once told of, all is due at once.
    """
    row = conn.execute(select(series_entry).where(_e.series_id == series_id).with_for_update()).first()
    if row is None:
        return False
    due = due if row.told is None else at
    if due is None:
        return False
    if row.due_at is not None and row.due_at <= due:
        return False
    outbox.cancel(conn, f"{SPREAD}:{series_id}:", at)
    conn.execute(update(series_entry).where(_e.series_id == series_id).values(round=row.round + 1, due_at=due))
    payload = {"series_id": series_id, "round": row.round + 1}
    return outbox.put(conn, f"{SPREAD}:{series_id}:{row.round + 1}", SPREAD, due, payload)


def due(conn: Connection, at: datetime) -> list[Mapping[str, Any]]:
    """What is to be spread by now, as its items say it: for whoever wants to see what a change would send, and takes it back."""
    rows = conn.execute(select(_e.series_id, _e.round).where(_e.due_at <= at).order_by(_e.series_id))
    return [{"series_id": row.series_id, "round": row.round} for row in rows]


def spread(conn: Connection, payload: Mapping[str, Any], guests: Guests, at: datetime) -> int:
    """The one mail that each needs; how many.  Nothing where a newer change waits to be spread itself."""
    series_id = payload["series_id"]
    members = series_rows.members(conn, series_id)
    found = meeting_store.hold_all(conn, [row.meeting_id for row in members])  # meetings before what hangs on them
    row = conn.execute(select(series_entry).where(_e.series_id == series_id).with_for_update()).one()
    if row.round != payload["round"]:
        return 0
    members = series_rows.members(conn, series_id)
    keys = {one.meeting_id: one.key for one in members}
    found = [one for one in found if one.meeting_id in keys]  # others became a series of their own before this one was locked
    old = Form.from_data(row.told) if row.told else None
    form = _form(conn, series_id, keys, found, old)
    people = _people(conn, series_id, form, old, guests(conn, [one for one in found if one.state is State.CONVENED]), found)
    reached = _reached(conn, people)
    steps = [(one, taken) for one in people
             if (taken := step(old, form, one.was, one.will, reached=one.row is not None and one.row.item in reached))]
    form = form.after(old, [taken.only for _one, taken in steps if taken.only])
    changed = bool(steps) or old is None or (old.shape, old.dates) != (form.shape, form.dates)
    conn.execute(update(series_entry).where(_e.series_id == series_id).values(
        next_sequence=row.next_sequence + changed, due_at=None, told=form.as_data(), changed_at=at if changed else row.changed_at))
    kept = [one for one in people if one.was or one.will]
    ids = _keep(conn, series_id, kept, form, at)
    _keep_invitees(conn, kept, {one.meeting_id for one in members}, row.next_sequence, at)
    off = {one.meeting_id for one in found if one.state is State.CANCELLED}
    return _put(conn, row, ids, steps, reached, old, form, off, at)


def _form(conn: Connection, series_id: str, keys: Mapping[str, str], found: Sequence[Meeting], old: Form | None) -> Form:
    """As it stands.  What has begun stays as it was told last; whatever was not told by then is told no more."""
    asked = {row.meeting_id: row.asked for row in conn.execute(
        select(calendar_entry.c.meeting_id, calendar_entry.c.asked).join(link, link.c.meeting_id == calendar_entry.c.meeting_id)
        .where(link.c.series_id == series_id))}
    dates: dict[str, Date] = {}
    for one in found:
        key, known = datetime.fromisoformat(keys[one.meeting_id]), old.dates.get(one.meeting_id) if old else None
        if one.state is State.CONVENED:
            dates[one.meeting_id] = Date(key, one.start, one.end, one.title, one.place or one.unit.name, asked.get(one.meeting_id, 0))
        elif one.state not in (State.DRAFT, State.CANCELLED) and known:
            dates[one.meeting_id] = Date(key, known.start, known.end, known.title, known.place, known.asked)
    series = series_rows.get(conn, series_id).series
    return Form(series.rule, series.start, series.zone, series.length, dates)


def _people(
    conn: Connection, series_id: str, form: Form, old: Form | None, invited: Mapping[str, Sequence[Guest]], found: Sequence[Meeting],
) -> list[_Person]:
    """All who have it in their calendars or are to have it, by address in whatever case it is written."""
    begun = form.dates.keys() - {one.meeting_id for one in found if one.state is State.CONVENED}
    people: dict[str, _Person] = {}
    for row in conn.execute(select(series_guest).where(_g.series_id == series_id).order_by(_g.name, _g.guest_id)):
        one = people[row.address.casefold()] = _Person(row.address, row)
        if row.removed_at is None and old is not None:
            one.was = frozenset(old.dates.keys() - set(row.missing))
            one.will = one.was & begun
    mine: dict[str, set[str]] = {}
    for meeting_id, guests in invited.items():
        for guest in guests:
            one = people.setdefault(guest.address.casefold(), _Person(guest.address, None))
            one.guest = one.guest or guest
            mine.setdefault(guest.address.casefold(), set()).add(meeting_id)
    for address, meetings in mine.items():
        people[address].will |= meetings
    return list(people.values())


def _reached(conn: Connection, people: Sequence[_Person]) -> set[str]:
    """Of what was put into the outbox last for each, that which was handed over."""
    keys = [one.row.item for one in people if one.row is not None]
    o = outbox_table.c
    return set(conn.execute(select(o.key).where(among(o.key, keys), o.state == "done")).scalars())


def _keep(conn: Connection, series_id: str, people: Sequence[_Person], form: Form, at: datetime) -> dict[str, str]:
    """Who has it now, with which dates left out; the id of each by the address."""
    fresh, changed = [], []
    for one in people:
        values = {"missing": sorted(form.dates.keys() - one.will), "removed_at": None if one.will else at}
        if one.row is None and one.guest is not None:
            fresh.append({"guest_id": new_id(at), "series_id": series_id, "point_id": one.guest.point_id, "user_id": one.guest.user_id,
                          "name": one.guest.name[:200], "address": one.address, "item": "", **values})
        elif one.row is not None and (one.row.missing, one.here) != (values["missing"], bool(one.will)):
            changed.append({"id": one.row.guest_id, **values})
    if fresh:
        conn.execute(insert(series_guest), fresh)
    if changed:
        conn.execute(update(series_guest).where(_g.guest_id == bindparam("id")).values(
            missing=bindparam("missing"), removed_at=bindparam("removed_at")), changed)
    return {**{one.address: one.row.guest_id for one in people if one.row is not None},
            **{str(row["address"]): str(row["guest_id"]) for row in fresh}}


def _keep_invitees(conn: Connection, people: Sequence[_Person], members: Collection[str], sequence: int, at: datetime) -> None:
    """A row for each person and meeting, where answers are kept.  A meeting that went to another series takes its rows along."""
    touched = sorted({meeting for one in people for meeting in one.was ^ one.will if meeting in members})
    known = {(row.meeting_id, row.address.casefold()): row for row in conn.execute(
        select(_i.invitee_id, _i.meeting_id, _i.address, _i.removed_at).where(among(_i.meeting_id, touched)))}
    fresh: dict[str, list[Guest]] = {}
    gone, back = list[str](), list[str]()
    for one in people:
        for meeting in (one.will - one.was) & set(members):
            row = known.get((meeting, one.address.casefold()))
            if row is None and one.guest is not None:
                fresh.setdefault(meeting, []).append(one.guest)
            elif row is not None and row.removed_at is not None:
                back.append(row.invitee_id)
        for meeting in (one.was - one.will) & set(members):
            row = known.get((meeting, one.address.casefold()))
            if row is not None:
                gone.append(row.invitee_id)
    for meeting in sorted(fresh):
        invitees.add(conn, meeting, fresh[meeting], sequence, at)
    invitees.mark(conn, gone, removed_at=at)
    invitees.mark(conn, back, removed_at=None)


def _put(
    conn: Connection, row: Row[Any], ids: Mapping[str, str], steps: Sequence[tuple[_Person, Step]], reached: Collection[str],
    old: Form | None, form: Form, cancelled: Collection[str], at: datetime,
) -> int:
    """The items; whatever of an older form still waits for somebody who gets one is taken back."""
    items: list[tuple[str, str, datetime, Mapping[str, Any]]] = []
    for one, taken in steps:
        guest_id = ids[one.address]
        prefix, farewell = f"{INVITE}:{row.series_id}:{guest_id}:", f"un{INVITE}:{row.series_id}:{guest_id}:"
        if one.row is not None and one.row.item not in reached:
            heard = taken.off and bool(outbox.tried(conn, prefix))
            outbox.cancel(conn, prefix, at)
            if taken.off and not heard:
                continue  # nothing of it can have come
        if not one.was:
            outbox.cancel(conn, farewell, at)
        dates = [taken.only] if taken.only else list(one.was if taken.off else one.will)
        told = old.dates if taken.off and old is not None else form.dates
        last = max(told[meeting].end for meeting in dates)
        payload = {
            "series_id": row.series_id, "guest": guest_id, "method": CANCEL if taken.off else REQUEST, "sequence": row.next_sequence,
            "stamped": stamp(at), "only": taken.only, "until": stamp(last), "first": not one.was,
            "cancelled": taken.off and set(dates) <= set(cancelled),
        }
        first = min(dates, key=lambda meeting: told[meeting].start)
        payload |= {"meeting_id": first, "count": len(dates)} | ({"date": told[first].as_data()} if taken.off else {})
        items.append((f"{farewell if taken.off and not taken.only else prefix}{row.next_sequence}", INVITE, at, payload))
    outbox.put_all(conn, items)
    if items:
        conn.execute(update(series_guest).where(_g.guest_id == bindparam("id")).values(item=bindparam("key")), [
            {"id": payload["guest"], "key": key} for key, _kind, _due, payload in items])
    return len(items)


# --- as it stands, and answers -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """A series as it was told last, to one of those who have it."""

    guest_id: str
    series_id: str
    name: str
    address: str
    item: str
    removed: bool
    form: Form
    mine: tuple[str, ...]  # meetings, in their order

    def invitees(self, conn: Connection) -> list[invitees.Invitee]:
        """This person as invited to each of the meetings, in their order."""
        found = invitees.of_address(conn, self.mine, self.address)
        return sorted(found, key=lambda one: self.form.dates[one.meeting_id].start)


def standing(conn: Connection, guest_id: str) -> Standing:
    """Raises NotFound("not_found")."""
    found = find(conn, guest_id)
    if found is None:
        raise NotFound("not_found")
    return found


def find(conn: Connection, guest_id: str) -> Standing | None:
    """None: it names nobody who has a series."""
    row = conn.execute(select(series_guest, _e.told).join(series_entry, _e.series_id == _g.series_id).where(_g.guest_id == guest_id)).first()
    if row is None or row.told is None:
        return None
    form = Form.from_data(row.told)
    mine = sorted(form.dates.keys() - set(row.missing), key=lambda meeting: form.dates[meeting].start)
    return Standing(row.guest_id, row.series_id, row.name, row.address, row.item, row.removed_at is not None, form, tuple(mine))


def places(conn: Connection, meeting_ids: Sequence[str]) -> dict[str, tuple[str, datetime]]:
    """Of those that are told with a series: the series, and their names in it."""
    rows = conn.execute(select(link).join(series_entry, _e.series_id == link.c.series_id).where(among(link.c.meeting_id, meeting_ids)))
    return {row.meeting_id: (row.series_id, datetime.fromisoformat(row.key)) for row in rows}


def told(conn: Connection, series_ids: Sequence[str]) -> dict[str, tuple[Series, int, datetime, frozenset[datetime]]]:
    """These series as they are, the number they were told under last and when, and what calendars may hold apart."""
    rows = conn.execute(select(series_entry).where(_e.series_id.in_(series_ids))) if series_ids else ()
    return {row.series_id: (
        series_rows.get(conn, row.series_id).series, max(0, row.next_sequence - 1), row.changed_at,
        Form.from_data(row.told).apart if row.told else frozenset()) for row in rows}


def answer(conn: Connection, said: Answer, at: datetime) -> bool:
    """Keeps what a calendar answered to a series or to one date of it; False: it is no series of ours.

    An answer to the whole is one to each date that is still to come.  Raises NotFound("reply.unknown" | "reply.date"),
    and Stale and NotFound as `invitees.answer` where that is so of all dates that it could mean.
    """
    if conn.execute(select(_e.series_id).where(_e.series_id == said.event_id)).first() is None:
        return False
    known = conn.execute(select(_g.guest_id, _g.address).where(_g.series_id == said.event_id))
    guest = next((row.guest_id for row in known if row.address.casefold() == said.address.casefold()), None)
    if guest is None:
        raise NotFound("reply.unknown", address=said.address)
    mine = standing(conn, guest)
    if mine.removed:
        raise NotFound("reply.removed")
    key = None if said.date is None else wall_of(said.date, mine.form.zone) if said.date.tzinfo else said.date
    dates = [meeting for meeting in mine.mine if key is None or mine.form.dates[meeting].key == key]
    answer_all(conn, mine, dates, said.partstat, said.sequence, said.stamped, said.comment, at)
    return True


def answer_all(
    conn: Connection, who: Standing, dates: Collection[str], partstat: str, sequence: int, stamped: datetime, comment: str, at: datetime,
) -> None:
    """The same answer to those of these meetings that are still to come.  Raises as `answer`."""
    coming = set(conn.execute(select(meeting_table.c.meeting_id).where(
        meeting_table.c.meeting_id.in_(sorted(dates)), meeting_table.c.state == State.CONVENED.value)).scalars())
    wanted = [one for one in who.invitees(conn) if one.meeting_id in coming]
    if not wanted:
        raise NotFound("reply.date")
    refused: Stale | None = None
    kept = 0
    for one in wanted:
        try:
            invitees.answer(conn, one, partstat, sequence, stamped, comment, at)
            kept += 1
        except Stale as older:
            refused = older
    if refused is not None and not kept:
        raise refused
