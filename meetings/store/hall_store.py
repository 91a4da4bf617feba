"""What the tables say of a meeting, in the words of `replay.Hall.sections`.  Reads only; about thirty statements, whatever the size."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, func, select

from meetings import polling
from meetings.replay.life import NOT_BEGUN, OVER, POSTS, RUNNING
from meetings.replay.part import Sections
from meetings.replay.votes import CLOSED, OPEN, PREPARED, WITHDRAWN
from meetings.speech import queue
from meetings.store import meeting_store, people_store, seat_store, share_store, slip_store, speech_store, voice_store, vote_store
from meetings.store.paper_table import paper_shown
from meetings.store.recording_table import recording
from meetings.store.slip_table import slip_answer, slip_reminder
from meetings.store.tables import document, presence
from meetings.store.voice_table import chat_message
from meetings.store.vote_table import ballot, hand_count, motion, turnout, voter


def sections(conn: Connection, meeting_id: str) -> Sections:
    """Raises NotFound("not_found")."""
    return {**_life(conn, meeting_id), **_speeches(conn, meeting_id), **_voices(conn, meeting_id), **_people(conn, meeting_id),
            **_motions(conn, meeting_id), **_papers(conn, meeting_id), **_recordings(conn, meeting_id), **_messages(conn, meeting_id)}


def _life(conn: Connection, meeting_id: str) -> Sections:
    one = meeting_store.load(conn, meeting_id)
    people = {post: getattr(one, post).user_id for post in POSTS}
    stays = conn.execute(select(presence.c.point_id, func.count(), func.count(presence.c.left_at)).where(
        presence.c.meeting_id == meeting_id).group_by(presence.c.point_id)).all()
    return {
        "meeting": {"state": one.state.value, "title": one.title, "kind": one.kind, "place": one.place, "start": one.start, "end": one.end,
                    "leaders": tuple(person.user_id for person in one.leaders), "opened": one.opened_at is not None,
                    "closed": one.closed_at is not None, **people},
        "seats": {seat.point_id: (seat.code, seat.name, seat.unit) for seat in seat_store.seats(conn, meeting_id)},
        "presence": {point: (n, ended < n) for point, n, ended in stays},
        "agenda": {item.item: (item.title, item.presenter, item.minutes,
                               RUNNING if item.running else OVER if item.ended_at else NOT_BEGUN)
                   for item in meeting_store.agenda_of(conn, meeting_id)},
        "conclusions": dict(meeting_store.conclusions(conn, meeting_id)),
    }


def _speeches(conn: Connection, meeting_id: str) -> Sections:
    entries = speech_store.every(conn, meeting_id)
    holder = seat_store.floor_of(conn, meeting_id)
    return {
        "queue": {"order": tuple(one.entry for one in queue(entries))},
        "speeches": {one.entry: one for one in entries},
        "floor": {"point": holder[0], "since": holder[1]} if holder else {},
        "hands": {seat.point_id: seat.hand_at for seat in seat_store.seats(conn, meeting_id) if seat.hand_at},
        "times": dict(speech_store.times(conn, meeting_id).as_data()),
        "used": dict(speech_store.used(conn, meeting_id)),
    }


def _voices(conn: Connection, meeting_id: str) -> Sections:
    found = voice_store.voices_of(conn, meeting_id)
    shared = share_store.of(conn, meeting_id)
    return {
        "setting": asdict(found.setting),
        "said": dict(found.said),
        "screen": {"shared": shared} if shared else {},
    }


def _people(conn: Connection, meeting_id: str) -> Sections:
    return {
        "people": {row.delegate_id: (row.point_id, row.name, row.post, row.state, row.reason) for row in people_store.people(conn, meeting_id)},
        "heads": dict(people_store.heads(conn, meeting_id)),
    }


def _motions(conn: Connection, meeting_id: str) -> Sections:
    rows = conn.execute(select(motion).where(motion.c.meeting_id == meeting_id)).all()  # those that were withdrawn too
    options = vote_store.options(conn, [row.motion_id for row in rows])

    def each(*columns: Any) -> list[Any]:
        table = columns[0].table
        return list(conn.execute(select(*columns).join(motion, motion.c.motion_id == table.c.motion_id).where(motion.c.meeting_id == meeting_id)).all())

    return {
        "motions": {row.motion_id: (row.title, row.method, row.item, _stands(row), row.entitled, row.present, row.due_at) for row in rows},
        "options": {row.motion_id: tuple(option.choice for option in options[row.motion_id]) for row in rows},
        "voters": {(key, who): (weight, there) for key, who, weight, there in each(
            voter.c.motion_id, voter.c.voter_id, voter.c.weight, voter.c.present)},
        "ballots": {(key, who): (choice, receipt) for key, who, choice, receipt in each(
            ballot.c.motion_id, ballot.c.voter_id, ballot.c.choice, ballot.c.receipt)},
        "turnout": {(key, who): True for key, who in each(turnout.c.motion_id, turnout.c.voter_id)},
        "counts": {(key, n): (counts, chair, witness is not None) for key, n, counts, chair, witness in each(
            hand_count.c.motion_id, hand_count.c.n, hand_count.c.counts, hand_count.c.chair, hand_count.c.witness)},
        "results": {row.motion_id: (row.tally["counts"], row.tally["passed"], row.tally["present"]) for row in rows if row.tally},
        "joined": dict(slip_store.joined(conn, meeting_id)),
        "opinions": {(key, who): polling.digest(said) for key, who, said in each(
            slip_answer.c.motion_id, slip_answer.c.voter_id, slip_answer.c.opinion)},
        "reminders": {(key, n): silent for key, n, silent in each(slip_reminder.c.motion_id, slip_reminder.c.n, slip_reminder.c.silent)},
    }


def _stands(row: Any) -> str:
    if row.withdrawn_at is not None:
        return WITHDRAWN
    return CLOSED if row.closed_at is not None else PREPARED if row.opened_at is None else OPEN


def _papers(conn: Connection, meeting_id: str) -> Sections:
    rows = conn.execute(select(document.c.document_id, document.c.name, document.c.sha256, document.c.state, document.c.replaces,
                                document.c.person_id, document.c.reason).where(
        document.c.meeting_id == meeting_id)).all()
    shown = conn.execute(select(paper_shown.c.document_id, paper_shown.c.page).where(paper_shown.c.meeting_id == meeting_id)).first()
    return {
        "papers": {key: tuple(told) for key, *told in rows},
        "shown": {"document": shown.document_id, "page": shown.page} if shown else {},
    }


def _recordings(conn: Connection, meeting_id: str) -> Sections:
    rows = conn.execute(select(recording).where(recording.c.meeting_id == meeting_id)).all()
    return {"recordings": {row.recording_id: (row.purpose, row.paused_at is not None, row.reason, row.kept_at is not None, row.deleted_reason,
                                              row.erased_at is not None) for row in rows}}


def _messages(conn: Connection, meeting_id: str) -> Sections:
    rows = conn.execute(select(chat_message.c.channel, chat_message.c.ord, chat_message.c.state).where(
        chat_message.c.meeting_id == meeting_id)).all()
    return {"messages": {(channel, ord): state for channel, ord, state in rows}}
