"""The whole hall read off its ledger alone: what the tables must say after a crash, and what a page shows of any moment.  Pure.

`Hall` takes events in order.  Each part keeps one area; a kind of event is some part's, or stands in `NO_STATE`, which a test
holds against docs/protocol.md: whoever adds a kind says here whether the hall is another one after it.  `store/hall_store` says
what the database holds in the same words, `check` compares.
"""

from __future__ import annotations

from collections.abc import Iterable

from meetings.ledger import Event
from meetings.replay.life import Life
from meetings.replay.papers import Messages, Papers, Recordings
from meetings.replay.part import Part, Sections
from meetings.replay.people import Roll
from meetings.replay.speech import Speeches
from meetings.replay.voices import VoiceRules
from meetings.replay.votes import Motions

NO_STATE = frozenset({
    # of calendars, requests and registrations, whose tables are the scheduler's
    "request.asked", "request.changed", "booking.displaced", "meeting.hurried", "invitation.numbered",
    "delegate.registered", "delegate.withdrawn", "delegates.loaded", "delegates.deadline", "line.tested",
    # of captions, whose text may be erased
    "captions.begun", "captions.ended", "captions.erased",
    # of links
    "link.revoked", "link.renewed", "person.link_revoked", "person.link_renewed", "release.granted", "release.revoked",
    # told beside what changed, or of a moment
    "roll.called", "roll.page", "document.opened", "recording.told", "recording.composed", "recording.released",
    # of the minutes, whose tables are theirs
    "minutes.drafted", "minutes.numbered", "number.voided", "minutes.signed", "minutes.refused", "minutes.withdrawn",
    "minutes.sealed", "minutes.issued", "packet.built", "packet.released",
})
"""Kinds after which the hall is the same."""


class Hall:
    """The hall after the events it has taken."""

    def __init__(self) -> None:
        self.life = Life()
        self.speeches = Speeches(self.life)
        self.voices = VoiceRules(self.speeches)
        self.roll, self.motions, self.papers, self.recordings, self.messages = Roll(), Motions(), Papers(), Recordings(), Messages()
        self.seq = 0
        # The programme as it was is still there when the queue follows a new one.
        self.parts: tuple[Part, ...] = (
            self.speeches, self.voices, self.roll, self.motions, self.papers, self.recordings, self.messages, self.life)

    def take(self, event: Event) -> None:
        """One more event.  A record that contradicts itself raises whatever its part stumbles over."""
        for part in self.parts:
            part.take(event)
        self.seq = event.seq

    def sections(self) -> Sections:
        """Everything, in plain values: section → what → value."""
        found: Sections = {}
        for part in self.parts:
            found |= part.sections()
        return found


def replay(events: Iterable[Event]) -> Hall:
    """The hall after all of these, from the first event of the meeting on."""
    hall = Hall()
    for event in events:
        hall.take(event)
    return hall
