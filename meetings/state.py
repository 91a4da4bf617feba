"""What a room shows now: one value, rebuilt after each change and sent to every browser of the meeting.

Reads columns kept up to date by the use cases, never the ledger, so that it is cheap for 239 seats.  Holds no secret:
no link, no ticket, no account id; while a vote is open it tells who has voted, never what they chose nor how it stands.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from meetings.agenda import AgendaItem
from meetings.meeting import Meeting
from meetings.screens import Share
from meetings.speech import Kind, Speech, Standing, Times, queue
from meetings.store import ledger_store, meeting_store, seat_store, share_store, speech_store, voice_store, vote_store
from meetings.store.database import Connection
from meetings.store.seat_store import Seat
from meetings.store.vote_store import CountRow, MotionRow
from meetings.voices import NOTHING_SAID, Voices
from meetings.voting import Method, Option, Rule, Tally


@dataclass(frozen=True, slots=True)
class OpenMotion:
    """The vote that is open: who may vote, how many votes were there when it opened, how many of each point have voted.

    Never what they chose.  turnout: point → (how many have voted, how many may).  count: the last count of hands.
    """

    motion_id: str
    title: str
    rule: Rule
    method: Method
    options: tuple[Option, ...]
    entitled: int
    present: int
    quorum_needed: int
    opened_at: datetime
    turnout: dict[int, tuple[int, int]]
    count: CountRow | None = None

    @property
    def cast(self) -> int:
        """Ballots, not votes."""
        return sum(cast for cast, _may in self.turnout.values())

    @property
    def voters(self) -> int:
        return sum(may for _cast, may in self.turnout.values())

    @property
    def voted(self) -> tuple[int, ...]:
        """Points of which everybody has voted."""
        return tuple(point for point, (cast, may) in self.turnout.items() if cast == may)


@dataclass(frozen=True, slots=True)
class ClosedMotion:
    """The latest vote that was closed, and its result."""

    motion_id: str
    title: str
    rule: Rule
    method: Method
    options: tuple[Option, ...]
    closed_at: datetime
    result: Tally


@dataclass(frozen=True, slots=True)
class RoomState:
    """The room at `version` (seq of the meeting's last event)."""

    version: int
    meeting: Meeting
    agenda: tuple[AgendaItem, ...]
    seats: tuple[Seat, ...]
    floor: Seat | None
    floor_since: datetime | None
    motion: OpenMotion | None
    last_motion: ClosedMotion | None
    conclusions: tuple[tuple[int, str], ...]
    voices: Voices = NOTHING_SAID
    queue: tuple[Speech, ...] = ()
    """Whoever waits to speak, the next one first."""
    speaking: Speech | None = None
    paused: Speech | None = None
    times: Times = Times()
    used: dict[str, int] = field(default_factory=dict)
    """unit → milliseconds of its contributions that are over."""
    share: Share | None = None
    """Whose screen the room sees."""

    @property
    def running(self) -> AgendaItem | None:
        """The agenda item in hand."""
        return next((item for item in self.agenda if item.running), None)

    @property
    def hands(self) -> tuple[Seat, ...]:
        """Points with a raised hand, a contribution that waits, in the order of the queue."""
        raised = {seat.point_id: seat for seat in self.seats if seat.hand_at is not None}
        return tuple(dict.fromkeys(raised[one.point_id] for one in self.queue if one.kind is Kind.CONTRIBUTION))

    @property
    def present(self) -> int:
        return sum(1 for seat in self.seats if seat.joined_at is not None)


def state(conn: Connection, meeting_id: str) -> RoomState:
    """Raises NotFound("not_found")."""
    meeting = meeting_store.load(conn, meeting_id)
    seats = tuple(seat_store.seats(conn, meeting_id))
    holder, share = share_store.with_floor(conn, meeting_id)
    motion, last = _motions(conn, meeting_id)
    live = speech_store.live(conn, meeting_id)
    return RoomState(
        version=ledger_store.last_seq(conn, meeting_id),
        meeting=meeting,
        agenda=tuple(meeting_store.agenda_of(conn, meeting_id)),
        seats=seats,
        floor=next((seat for seat in seats if holder and seat.point_id == holder[0]), None),
        floor_since=holder[1] if holder else None,
        motion=motion,
        last_motion=last,
        conclusions=tuple(meeting_store.conclusions(conn, meeting_id)),
        voices=voice_store.voices_of(conn, meeting_id),
        queue=queue(live),
        speaking=next((one for one in live if one.standing is Standing.SPEAKING), None),
        paused=next((one for one in live if one.standing is Standing.PAUSED), None),
        times=speech_store.times(conn, meeting_id),
        used=speech_store.used(conn, meeting_id),
        share=share,
    )


def _motions(conn: Connection, meeting_id: str) -> tuple[OpenMotion | None, ClosedMotion | None]:
    running, last = vote_store.open_motion(conn, meeting_id), vote_store.last_closed(conn, meeting_id)
    options = vote_store.options(conn, [row.motion_id for row in (running, last) if row])
    return (
        _open_motion(conn, running, options[running.motion_id]) if running else None,
        ClosedMotion(last.motion_id, last.title, Rule.from_data(last.rule), Method(last.method), options[last.motion_id], last.closed_at,
                     Tally.from_data(last.tally)) if last else None,
    )


def _open_motion(conn: Connection, row: MotionRow, options: tuple[Option, ...]) -> OpenMotion:
    by_hand = Method(row.method) is Method.HANDS
    return OpenMotion(
        row.motion_id, row.title, Rule.from_data(row.rule), Method(row.method), options, row.entitled, row.present, row.quorum_needed,
        row.opened_at, vote_store.by_point(conn, row.motion_id), vote_store.last_count(conn, row.motion_id) if by_hand else None)
