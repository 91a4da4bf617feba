"""Who may vote on a motion that opens now, with how many votes, and whether they are there.  Called by `balloting`.

Points: everybody booked.  Persons: everybody who is there by name; whoever is absent counts through the number of members, where
the rule asks for a share of it.  A weight of nought takes the right to vote away.
"""

from __future__ import annotations

from meetings.meeting import Meeting
from meetings.store import people_store, seat_store
from meetings.store.database import Connection
from meetings.store.vote_store import Voter
from meetings.texts import plain
from meetings.voting import Rule


def electors(conn: Connection, meeting_id: str, rule: Rule) -> list[Voter]:
    """In the order of booking."""
    seats = seat_store.seats(conn, meeting_id)
    if rule.over == "points":
        all_of_them = [Voter(str(seat.point_id), seat.point_id, None, seat.name, rule.votes_of(seat.code), seat.joined_at is not None)
                       for seat in seats]
    else:
        codes = {seat.point_id: seat.code for seat in seats}
        all_of_them = [Voter(one.person_id, one.point_id, one.person_id, one.name, rule.votes_of(codes[one.point_id], one.person_id), True)
                       for one in people_store.present_persons(conn, meeting_id)]
    return [elector for elector in all_of_them if elector.weight]


def there(conn: Connection, meeting_id: str, rule: Rule) -> set[str]:
    """Voter ids of those who are there now."""
    return {elector.voter_id for elector in electors(conn, meeting_id, rule) if elector.present}


def chair_of(meeting: Meeting, voters: list[Voter]) -> str | None:
    """The voter whose side decides a tie: the main point, or the person there who has the chair's name."""
    main = [voter for voter in voters if voter.point_id == meeting.main_point_id]
    named = [voter for voter in main if voter.person_id is None or plain(voter.name) == plain(meeting.chair.name)]
    return named[0].voter_id if len(named) == 1 else None
