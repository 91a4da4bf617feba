"""The use cases of minutes, in the order in which they happen, and what stands now.

    draft → edit* → number → sign(initials) → sign(secretary) → sign(chair) → seal → issue → build_packet
                       ↑__________ refuse(reason), withdraw(reason), until the seal __________|

Those that print, sign or pack take the database and do that before their transaction (minutes.ahead); reassign and
number_invitation are quick and take an open write transaction.  The use cases live in drafting, rounds, packing and
inviting and are re-exported here; downloads are in minutes.release.  Callers: web, the rehearsal, the demo.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from meetings.meeting import Meeting, Person
from meetings.store import meeting_store
from minutes import round_store, store
from minutes.drafting import draft, edit, model_of
from minutes.invitation import Repetition
from minutes.inviting import invitation, invitation_stem, number_invitation
from minutes.packing import build_packet
from minutes.round_store import StoredRound
from minutes.rounds import agency_name, issue, number, person_of, reassign, refuse, seal_minutes, sign, withdraw
from minutes.signing import AWAITS, DRAFT, RoundState, SignerRole
from minutes.store import Minutes, StoredPacket
from minutes.versions import MinuteVersion

seal = seal_minutes

__all__ = [
    "Repetition", "Status", "agency_name", "build_packet", "draft", "edit", "invitation", "invitation_stem", "issue", "model_of",
    "number", "number_invitation", "person_of", "reassign", "refuse", "seal", "sign", "status", "withdraw",
]


@dataclass(frozen=True, slots=True)
class Status:
    """Where the minutes of a meeting stand.  `round` is the last one, also when it was refused."""

    minutes: Minutes
    meeting: Meeting
    versions: Sequence[MinuteVersion]
    rounds: Sequence[StoredRound]
    packet: StoredPacket | None

    @property
    def round(self) -> StoredRound | None:
        return self.rounds[-1] if self.rounds else None

    @property
    def state(self) -> str:
        """draft, or a value of RoundState other than refused."""
        if self.round is None or self.round.round.state is RoundState.REFUSED:
            return DRAFT
        return self.round.round.state.value

    @property
    def next_role(self) -> SignerRole | None:
        """Whose signature is awaited; None in draft and after the seal."""
        return self.round.round.next_role() if self.round else None

    @property
    def awaited(self) -> Person | None:
        """Who has to act next: a signer, or the clerk (to number, to seal, to issue); None when issued."""
        post = AWAITS.get(self.state)
        return getattr(self.meeting, post) if post else None

    @property
    def issued(self) -> bool:
        return self.state == RoundState.ISSUED

    @property
    def pdf_sha256(self) -> str:
        """The PDF as it stands: with the signatures so far, or of the newest version."""
        if self.round and self.state != "draft":
            return self.round.round.pdf
        return self.versions[-1].pdf_sha256

    @property
    def docx_sha256(self) -> str:
        return self.versions[-1].docx_sha256


def status(conn: Connection, meeting_id: str) -> Status | None:
    """None before there is a draft."""
    minutes = store.of_meeting(conn, meeting_id)
    if minutes is None:
        return None
    return Status(
        minutes, meeting_store.load(conn, meeting_id), store.versions(conn, minutes.minutes_id),
        round_store.rounds(conn, minutes.minutes_id), store.packet_of(conn, minutes.minutes_id))
